"""Trains the shipped model, from the base model's file and labelled rows to a folder that can be loaded.

    python -m nlp.training.train --data FOLDER --work FOLDER --out FOLDER [--seed 7]

`--data` holds `train/` and `lexicons/`. The stages: choose the vocabulary; learn from the public tweets and our own
texts together; learn from our own texts, with a few public ones beside them; calibrate on the development rows and
pack in 8 bits. Every stage writes into `--work`, and a run that was interrupted goes on there. One process a core
trains; with a GPU one process uses it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import distributed
from torch.multiprocessing.spawn import spawn

from atbalss.errors import AtbalssError
from nlp.threads import allowed_threads
from nlp.training.base import BaseModel, locate_base, read_base
from nlp.training.examples import OWN, Example, own_examples, public_examples, without_copies
from nlp.training.finish import Made, finish
from nlp.training.learning import Crew, learn
from nlp.training.network import Network, cut
from nlp.training.own_texts import LANGUAGES
from nlp.training.stage import Stage, plan
from nlp.training.variants import Romanisation, read_romanisation
from nlp.training.vocabulary import (
    PIECES,
    build_tokenizer,
    choose_pieces,
    full_tokenizer,
    unchanged,
    word_lists,
)

__all__ = ["STAGES", "Material", "main", "prepare", "train", "trained"]

STAGES: Sequence[Stage] = (
    Stage("together", own=1, public=1.0, rate=1.5e-4),
    Stage("own", own=2, public=0.3, rate=1.5e-4, frozen=4),
    Stage("last", own=3, public=0.3, rate=1e-4, frozen=4),
)
VERSION = "1"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Material:
    """What every stage needs: the base model, the kept pieces and their tokenizer, the rows."""

    base: BaseModel
    kept: list[int]
    tokenizer: Tokenizer
    examples: list[Example]
    romanisation: Romanisation


def prepare(data: Path, work: Path, seed: int, say: Say) -> Material:
    """Read everything and choose the vocabulary, which `work` keeps once it was chosen."""
    base = read_base(locate_base())
    measured = {example.key for example in own_examples(dev=True)}
    examples = [*own_examples(dev=False), *public_examples(data / "train", seed, dev=False)]
    examples = [example for example in without_copies(examples) if example.key not in measured]
    romanisation = read_romanisation(data / "lexicons" / "hy_translit_map.json")
    kept_file = work / "vocabulary.json"
    if kept_file.is_file():
        kept = json.loads(kept_file.read_text())
    else:
        say("choosing the vocabulary")
        kept = choose_pieces(base, _by_language(examples), word_lists(), PIECES)
        work.mkdir(parents=True, exist_ok=True)
        kept_file.write_text(json.dumps(kept))
    own = sum(example.source == OWN for example in examples)
    say(f"{len(kept)} pieces, {own} own rows, {len(examples) - own} public rows")
    return Material(base, kept, build_tokenizer(base, kept), examples, romanisation)


def train(data: Path, work: Path, stages: Sequence[Stage], seed: int, say: Say, size: int) -> None:
    """Run the stages with `size` processes; those whose result stands in `work` are not run again."""
    prepare(data, work, seed, say)
    if size == 1:
        _member(0, 1, "", data, work, stages, seed)
        return
    with tempfile.TemporaryDirectory() as meeting:
        spawn(  # type: ignore[no-untyped-call]
            _member, (size, f"file://{meeting}/crew", data, work, stages, seed), nprocs=size
        )


def _member(
    rank: int, size: int, meeting: str, data: Path, work: Path, stages: Sequence[Stage], seed: int
) -> None:
    """What one process of the crew does."""
    torch.set_num_threads(max(1, allowed_threads() // size))
    if size > 1:
        distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)
    crew = Crew(size, rank, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    say: Say = _say if rank == 0 else _silent
    material = prepare(data, work, seed, _silent)
    torch.manual_seed(seed)
    network = Network(material.base, material.kept).to(crew.device)
    encode = partial(cut, material.tokenizer)
    for stage in stages:
        done = _result(work, stage)
        if done.is_file():
            network.load_state_dict(torch.load(done, weights_only=True, map_location=crew.device))
            continue
        batches = plan(stage, material.examples, material.romanisation, encode, seed)
        say(f"{stage.name}: {len(batches)} batches, {sum(batch.texts for batch in batches)} texts")
        checkpoint = work / f"{stage.name}.pt"
        learn(stage, network, material.base.pad, batches, checkpoint, seed=seed, say=say, crew=crew)
        if rank == 0:
            torch.save(network.state_dict(), done)
            checkpoint.unlink(missing_ok=True)
        if size > 1:
            distributed.barrier()
    if size > 1:
        distributed.destroy_process_group()


def trained(material: Material, stages: Sequence[Stage], work: Path) -> Network:
    """The network after all `stages`, on the CPU."""
    network = Network(material.base, material.kept)
    network.load_state_dict(
        torch.load(_result(work, stages[-1]), weights_only=True, map_location=torch.device("cpu"))
    )
    return network.eval()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/ and lexicons/")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    size = 1 if torch.cuda.is_available() else allowed_threads()
    try:
        train(given.data, given.work, STAGES, given.seed, _say, size)
    except AtbalssError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    material = prepare(given.data, given.work, given.seed, _silent)
    torch.set_num_threads(allowed_threads())
    made = Made(
        version=VERSION,
        examples=material.examples,
        seed=given.seed,
        stages=[asdict(stage) for stage in STAGES],
        same=_unchanged(
            material, [*own_examples(dev=True), *public_examples(given.data / "train", given.seed, dev=True)]
        ),
    )
    card = finish(
        trained(material, STAGES, given.work),
        material.base,
        material.kept,
        material.tokenizer,
        list(own_examples(dev=True)),
        made,
        given.out,
        datetime.now(UTC),
    )
    for lang, figures in card.dev.items():
        _say(f"{lang}: {figures}")
    return 0


def _unchanged(material: Material, measured: Iterable[Example]) -> dict[str, float]:
    """The share of held-out texts, by language, that the kept pieces cut as all pieces would."""
    full = full_tokenizer(material.base)
    return {
        lang: round(unchanged(full, material.tokenizer, material.kept, texts), 5)
        for lang, texts in sorted(_by_language(measured).items())
        if lang in LANGUAGES
    }


def _result(work: Path, stage: Stage) -> Path:
    return work / f"{stage.name}.done.pt"


def _by_language(examples: Iterable[Example]) -> dict[str, list[str]]:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for example in examples:
        texts[example.lang].append(example.text)
    return dict(texts)


def _say(line: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M} {line}\n")
    sys.stdout.flush()


def _silent(_: str) -> None:
    pass


if __name__ == "__main__":
    raise SystemExit(main())
