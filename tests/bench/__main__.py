"""Prints how fast the model is, beside an XLM-RoBERTa-base classifier in `transformers.pipeline`, on this machine.

    python -m tests.bench [--model FOLDER] [--threads N] [--rounds N] [--memory] [--agreement]

Both models run with the same threads in one process, in turns. Takes some minutes; --memory, which judges 100,000
texts, up to an hour. docs/bench.md says what is measured.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from atbalss.errors import AtbalssError
from nlp.byte_matrix import multiplies_bytes
from nlp.encoder import Arithmetic
from nlp.loading import load_scorer, shipped_folder
from nlp.model_folder import TOKENIZER
from nlp.score import Scorer
from nlp.threads import allowed_threads
from tests.bench.agreement import agreement_of
from tests.bench.memory import LANGUAGES, footprint_of
from tests.bench.report import agreement_line, footprint_table, growth_table, speed_table
from tests.bench.rival import Rival, write_rival
from tests.bench.samples import development_texts, texts_of
from tests.bench.speed import Case, measure

__all__ = ["main"]

OURS, THEIRS = "Atbalss", "XLM-R-base"
LENGTHS = (16, 48, 128)
ALONE, TOGETHER = 20, 64
BATCH = 32
COUNTS = (1_000, 10_000, 100_000)


def cases(scorer: Scorer, tokenizer: Tokenizer, chance: random.Random) -> Iterator[Case]:
    """Texts of each length and of their own lengths, one at a time and 32 together.

    A text that ours would not give to its model, because of its language, would make ours look fast: it is left out.
    """
    texts = development_texts()
    chosen: list[tuple[str, list[str]]] = []
    for tokens in LENGTHS:
        made = texts_of(tokens, 3 * TOGETHER, texts, tokenizer, chance)
        chosen.append((f"{tokens} tokens", _judged(scorer, made)))
    mixed = [text for rows in texts.values() for text in rows]
    real = _judged(scorer, chance.sample(mixed, min(len(mixed), 3 * TOGETHER)))
    chosen.append(("as written", real))
    for name, found in chosen:
        yield Case(name, found[:ALONE], 1)
    for name, found in chosen:
        yield Case(name, found[:TOGETHER], BATCH)


def _judged(scorer: Scorer, texts: Sequence[str]) -> list[str]:
    return [text for text, score in zip(texts, scorer.score(texts), strict=True) if score.was_read]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--model", type=Path, default=shipped_folder(), help="a folder in our format")
    parser.add_argument("--threads", type=int, default=allowed_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="only memory after up to 100,000 texts")
    parser.add_argument("--agreement", action="store_true", help="only 8 bits against floats")
    given = parser.parse_args(arguments)
    try:
        if given.memory:
            _say(growth_table(footprint_of("ours", given.model, given.threads, COUNTS)))
        elif given.agreement:
            if not multiplies_bytes():
                sys.stderr.write("PyTorch multiplies no bytes here: there is nothing to compare\n")
                return 2
            texts = [text for rows in development_texts().values() for text in rows]
            _say(agreement_line(agreement_of(given.model, texts, LANGUAGES)))
        else:
            _compare(given.model, given.threads, given.rounds)
    except AtbalssError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _compare(model: Path, threads: int, rounds: int) -> None:
    scorer = load_scorer(str(model), LANGUAGES, threads=threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rival(folder, model / TOKENIZER)
        _say(
            f"Model {scorer.name}, {threads} threads, {Arithmetic.fastest()}, "
            f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}, best of {rounds} rounds.\n"
        )
        footprints = {
            OURS: footprint_of("ours", model, threads),
            THEIRS: footprint_of("theirs", folder, threads),
        }
        _say(footprint_table(footprints))
        judges = {OURS: scorer.score, THEIRS: Rival(folder, threads).score}
        tokenizer = Tokenizer.from_file(str(model / TOKENIZER))
        paces = [
            measure(case, judges, rounds=rounds, clock=time.perf_counter)
            for case in cases(scorer, tokenizer, random.Random(7))
        ]
    _say(speed_table(paces, OURS, THEIRS))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
