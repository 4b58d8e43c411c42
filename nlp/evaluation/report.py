"""Prints how good a model is on labelled sets: a Markdown table, one line a set, beside the majority's.

    python -m nlp.evaluation.report --data FOLDER --set lv_fntm [--set ...] [--model shipped]

FOLDER holds `<set>.jsonl` files with `text`, `label` (neg|neu|pos), `lang` and perhaps `agreement`. A name such
as `lv_fntm@0.6` takes the rows of the set on which at least that share of raters agreed. The language of a row
is not given to the scorer, unless with --hint. Without --set all sets that have labels are measured.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atbalss.errors import AtbalssError, ModelError
from nlp.evaluation.metrics import Figures, figures_of, majority
from nlp.loading import SHIPPED, load_scorer
from nlp.score import Label, Scorer

__all__ = ["LANGUAGES", "Labelled", "main", "measure", "read_set"]

LANGUAGES = ("lv", "lt", "hy", "ru", "en")
LABELS = ("neg", "neu", "pos")


@dataclass(frozen=True, slots=True)
class Labelled:
    """The rows of a set: texts, labels and the language of each."""

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    langs: tuple[str, ...]


def read_set(folder: Path, name: str) -> Labelled:
    """The labelled rows of `<set>.jsonl`; raises `ModelError` when the file is missing or has no labels."""
    stem, _, least = name.partition("@")
    try:
        lines = (folder / f"{stem}.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"set {stem}", "cannot be read", "give the folder of the sets by --data") from error
    rows = [row for row in map(json.loads, lines) if row.get("label") in LABELS]
    if least:
        rows = [row for row in rows if row.get("agreement", 0.0) >= float(least)]
    if not rows:
        raise ModelError(f"set {name}", "has no labelled rows", "choose another set")
    return Labelled(
        name,
        tuple(row["text"] for row in rows),
        tuple(row["label"] for row in rows),
        tuple(row["lang"] for row in rows),
    )


def measure(scorer: Scorer, rows: Labelled, *, hint: bool = False) -> tuple[Figures, float]:
    """The scorer's figures on the rows, and how many texts a second it judged."""
    start = time.perf_counter()
    scores = scorer.score(rows.texts, rows.langs if hint else None)
    seconds = time.perf_counter() - start
    given = [None if score.label is Label.UNSCORED else score.label.value for score in scores]
    return figures_of(rows.labels, given, LABELS), len(rows.texts) / seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluation.report")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--set", action="append", dest="sets", help="name of a set; may be repeated")
    parser.add_argument("--model", default=SHIPPED, help="as in the configuration")
    parser.add_argument("--hint", action="store_true", help="tell the scorer the language of each row")
    given = parser.parse_args(arguments)
    try:
        names = given.sets or _labelled_sets(given.data)
        start = time.perf_counter()
        scorer = load_scorer(given.model, LANGUAGES)
        loaded = time.perf_counter() - start
        write = sys.stdout.write
        write(
            "| set | n | coverage | accuracy | macro-F1 | F1 neg | majority accuracy | majority macro-F1 | texts/s |\n"
        )
        write("|---|---|---|---|---|---|---|---|---|\n")
        for name in names:
            rows = read_set(given.data, name)
            figures, speed = measure(scorer, rows, hint=given.hint)
            lazy = figures_of(rows.labels, majority(rows.labels, LABELS), LABELS)
            write(
                f"| {name} | {figures.n} | {figures.coverage:.3f} | {figures.accuracy:.3f} | "
                f"{figures.macro_f1:.3f} | {figures.f1_neg:.3f} | {lazy.accuracy:.3f} | {lazy.macro_f1:.3f} | "
                f"{speed:.0f} |\n"
            )
    except AtbalssError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    write(f"\n{scorer.name}: loaded in {loaded:.1f} s, at most {memory:.0f} MB resident\n")
    return 0


def _labelled_sets(folder: Path) -> list[str]:
    """All sets of the folder whose first row has a label."""
    names = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            if json.loads(next(lines, "{}")).get("label") in LABELS:
                names.append(path.stem)
    return names


if __name__ == "__main__":
    raise SystemExit(main())
