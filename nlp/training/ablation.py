"""Prints what each part of the training brings: short runs from one starting point, each with one thing changed.

    python -m nlp.training.ablation --data FOLDER --work FOLDER [--only NAME ...]

`--work` holds the result of the stage "together" of `nlp.training.train`. Each run is one pass over our own texts from
there; finished ones are read from `--work`. Macro-F1 is the mean over the languages on our development texts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from nlp.evaluation.metrics import macro_f1
from nlp.threads import allowed_threads
from nlp.training.examples import Example, own_examples, public_examples
from nlp.training.learning import learn
from nlp.training.losses import Weights
from nlp.training.network import Network, cut, padded
from nlp.training.own_texts import ASPECTS, LABELS, LANGUAGES
from nlp.training.stage import Stage, plan
from nlp.training.train import Material, prepare

__all__ = ["RUNS", "main"]

_PLAIN = Stage("plain", own=1, public=0.2, rate=1e-4)
RUNS: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        replace(_PLAIN, name="start", own=0, public=0.0),
        _PLAIN,
        replace(_PLAIN, name="half-rate", rate=5e-5),
        replace(_PLAIN, name="double-rate", rate=2e-4),
        replace(_PLAIN, name="frozen-4", frozen=4),
        replace(_PLAIN, name="frozen-6", frozen=6),
        replace(_PLAIN, name="equal-rates", layer_decay=1.0),
        replace(_PLAIN, name="pairs", pairs=True, weights=Weights(disagreement=0.0)),
        replace(_PLAIN, name="pairs-agreeing", pairs=True),
        replace(_PLAIN, name="no-public", public=0.0),
        replace(_PLAIN, name="no-logit-adjustment", weights=Weights(adjusted=False)),
        replace(_PLAIN, name="no-averaging", averaged=0.0),
        replace(_PLAIN, name="sentiment-alone", weights=Weights(needs_reply=0.0, aspects=0.0, language=0.0)),
        replace(_PLAIN, name="two-passes", own=2, public=0.4),
    )
}
"""Each run by its name; "start" trains nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.ablation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/ and lexicons/")
    parser.add_argument("--work", type=Path, required=True, help="folder with the stage `together`")
    parser.add_argument("--only", nargs="+", choices=list(RUNS), default=list(RUNS))
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    torch.set_num_threads(allowed_threads())
    material = prepare(given.data, given.work, given.seed, lambda _: None)
    tweets = public_examples(given.data / "train", given.seed, dev=True)
    sys.stdout.write(
        "| run | macro-F1 | lv | lt | hy | ru | en | needs-reply F1 | aspects F1 | lv tweets |\n"
    )
    sys.stdout.write("|---|---|---|---|---|---|---|---|---|---|\n")
    for name in given.only:
        found = _run(RUNS[name], material, tweets, given.work, given.seed)
        cells = [found["macro-F1"], *(found[lang] for lang in LANGUAGES)]
        cells += [found["needs-reply F1"], found["aspects F1"], found["lv tweets"]]
        sys.stdout.write(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in cells)} |\n")
        sys.stdout.flush()
    return 0


def _run(
    stage: Stage, material: Material, tweets: Sequence[Example], work: Path, seed: int
) -> dict[str, float]:
    result = work / f"ablation-{stage.name}.json"
    if result.is_file():
        known: dict[str, float] = json.loads(result.read_text())
        return known
    torch.manual_seed(seed)
    network = Network(material.base, material.kept)
    network.load_state_dict(torch.load(work / "together.done.pt", weights_only=True))
    network.eval()
    batches = plan(stage, material.examples, material.romanisation, partial(cut, material.tokenizer), seed)
    if batches:
        checkpoint = work / f"ablation-{stage.name}.pt"
        learn(stage, network, material.base.pad, batches, checkpoint, seed=seed, say=lambda _: None)
        checkpoint.unlink(missing_ok=True)
    found = _figures(network, material, tweets)
    result.write_text(json.dumps(found))
    return found


def _figures(network: Network, material: Material, tweets: Sequence[Example]) -> dict[str, float]:
    """Figures on the development texts by language, and on the held-out Latvian tweets; thresholds are 0.5."""
    dev = list(own_examples(dev=True))
    latvian = [row for row in tweets if row.source == "lv_ltec"]
    logits = _logits(network, material, [*dev, *latvian])
    given = [LABELS[code] for code in logits["sentiment"].argmax(1)]
    rows = list(zip([*dev, *latvian], given, strict=True))

    def macro(chosen: Sequence[tuple[Example, str]]) -> float:
        return macro_f1([str(row.label) for row, _ in chosen], [label for _, label in chosen], LABELS)

    found = {lang: macro([pair for pair in rows[: len(dev)] if pair[0].lang == lang]) for lang in LANGUAGES}
    found["macro-F1"] = sum(found.values()) / len(LANGUAGES)
    found["lv tweets"] = macro(rows[len(dev) :])
    needed = np.array([bool(row.needs_reply) for row in dev])
    named = np.array([[name in (row.aspects or ()) for name in ASPECTS] for row in dev])
    for title, true, head in (
        ("needs-reply F1", needed, logits["needs_reply"][: len(dev), 0]),
        ("aspects F1", named, logits["aspects"][: len(dev)]),
    ):
        said = head > 0
        found[title] = 2 * float((said & true).sum()) / float(said.sum() + true.sum())
    return found


def _logits(
    network: Network, material: Material, rows: Sequence[Example]
) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    ids = cut(material.tokenizer, [row.text for row in rows])
    order = sorted(range(len(rows)), key=lambda place: len(ids[place]))
    parts: dict[str, list[torch.Tensor]] = {}
    with torch.inference_mode():
        for start in range(0, len(order), 32):
            found = network(*padded([ids[place] for place in order[start : start + 32]], material.base.pad))
            for name, values in found.items():
                parts.setdefault(name, []).append(values)
    back = np.argsort(order)
    return {name: torch.cat(values).numpy()[back] for name, values in parts.items()}


if __name__ == "__main__":
    raise SystemExit(main())
