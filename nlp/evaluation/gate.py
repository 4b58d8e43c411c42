"""Keeps the model from getting worse: floors for each language, checked on our own development texts.

    python -m nlp.evaluation.gate [--model shipped]
    python -m nlp.evaluation.gate --raise [--new-set]

The floors stand in `nlp/evaluation/floors.json`, each with the SHA-256 of the file of texts that it was measured on,
so that changed texts cannot pass as a better model. Exit code 1: something fell below its floor; 2: the check could
not be made, or the floors not be raised.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from atbalss.errors import AtbalssError, ModelError
from nlp.evaluation.markdown import figure, table
from nlp.evaluation.scored import scored
from nlp.evaluation.sets import LANGUAGES, own_file
from nlp.loading import SHIPPED, load_scorer
from nlp.model_folder import digest_of
from nlp.score import Scorer
from nlp.training.own_texts import TEXTS

__all__ = ["FLOORS", "SLACK", "Pinned", "Shortfall", "below", "main", "measure", "raised", "read_floors"]

FLOORS = Path(__file__).parent / "floors.json"
SLACK = 0.01
"""New floors are this far below what was measured: processors round differently, and a label may turn."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """Measures, or floors for them, on the file of texts with this digest.

    `figures` are `coverage`, macro-F1 of `sentiment`, F1 of `needs_reply` and micro-F1 of `aspects`. Coverage has a
    floor so that a model cannot do better by saying less.
    """

    sha256: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A figure that is below its floor."""

    lang: str
    name: str
    floor: float
    found: float


def measure(scorer: Scorer, texts: Path = TEXTS) -> dict[str, Pinned]:
    """What the scorer reaches in each language on `<lang>_dev1.jsonl` in the folder `texts`."""
    found = {}
    for lang in LANGUAGES:
        path = texts / f"{lang}_dev1.jsonl"
        part = scored(scorer, own_file(path))
        sentiment = part.sentiment()
        figures = {
            "coverage": sentiment.coverage,
            "sentiment": sentiment.macro_f1,
            "needs_reply": part.needs_reply().f1,
            "aspects": part.aspects(),
        }
        found[lang] = Pinned(digest_of(path), figures)
    return found


def read_floors(path: Path = FLOORS) -> dict[str, Pinned]:
    """The floors by language; raises `ModelError` when the file cannot be read."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        return {lang: Pinned(**pinned) for lang, pinned in raw.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(path.name, "holds no floors", "restore the file") from error


def below(floors: Mapping[str, Pinned], found: Mapping[str, Pinned]) -> list[Shortfall]:
    """What fell below its floor; raises `ModelError` for a language without floors or with other texts than theirs."""
    shortfalls = []
    for lang, pinned in found.items():
        if lang not in floors:
            raise ModelError(f"language {lang}", "has no floors", "set them by --raise")
        _same_texts(lang, floors[lang], pinned)
        shortfalls += [
            Shortfall(lang, name, floor, pinned.figures[name])
            for name, floor in floors[lang].figures.items()
            if pinned.figures[name] < floor
        ]
    return shortfalls


def raised(
    floors: Mapping[str, Pinned], found: Mapping[str, Pinned], *, new_set: bool = False
) -> dict[str, Pinned]:
    """Floors `SLACK` below what was found, and never below what they were.

    Raises `ModelError` when something is below its floor now, and when a language's texts are others than those of
    its floors; `new_set` says that they were changed on purpose, and gives that language new floors.
    """
    new = {}
    for lang, pinned in found.items():
        fresh = {name: _under(figure) for name, figure in pinned.figures.items()}
        old = floors.get(lang)
        if old is not None and not (new_set and old.sha256 != pinned.sha256):
            _same_texts(lang, old, pinned)
            for name, floor in old.figures.items():
                if pinned.figures[name] < floor:
                    problem = f"{name} is {pinned.figures[name]:.4f}, below its floor of {floor:.3f}"
                    raise ModelError(f"language {lang}", problem, "floors are never lowered: mend the model")
                fresh[name] = max(floor, fresh[name])
        new[lang] = Pinned(pinned.sha256, fresh)
    return new


def _under(value: float) -> float:
    return max(0.0, math.floor(1000 * (value - SLACK) + 1e-6) / 1000)


def _same_texts(lang: str, floors: Pinned, found: Pinned) -> None:
    if floors.sha256 != found.sha256:
        remedy = "restore them, or set new floors by --raise --new-set"
        raise ModelError(
            f"language {lang}", "its texts are not those that the floors were measured on", remedy
        )


def main(arguments: Sequence[str] | None = None, *, path: Path = FLOORS, texts: Path = TEXTS) -> int:
    """The command, with the floors in `path` and the texts in the folder `texts`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluation.gate")
    parser.add_argument("--model", default=SHIPPED, help="as in the configuration")
    parser.add_argument(
        "--raise", action="store_true", dest="up", help="write floors just below what is measured"
    )
    parser.add_argument(
        "--new-set", action="store_true", help="with --raise: the texts were changed on purpose"
    )
    given = parser.parse_args(arguments)
    if given.new_set and not given.up:
        parser.error("--new-set goes with --raise")
    try:
        floors = read_floors(path)
        found = measure(load_scorer(given.model, LANGUAGES), texts)
        if given.up:
            floors = raised(floors, found, new_set=given.new_set)
            _write(path, floors)
        shortfalls = below(floors, found)
    except AtbalssError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    shown = shortfalls or [
        Shortfall(lang, name, floor, found[lang].figures[name])
        for lang, pinned in floors.items()
        for name, floor in pinned.figures.items()
    ]
    sys.stdout.write("Below its floor:\n\n" if shortfalls else "All above their floors:\n\n")
    sys.stdout.write(
        table(
            ("language", "figure", "floor", "measured"),
            ((one.lang, one.name, figure(one.floor), f"{one.found:.4f}") for one in shown),
        )
    )
    return 1 if shortfalls else 0


def _write(path: Path, floors: Mapping[str, Pinned]) -> None:
    fresh = path.with_suffix(".new")
    text = json.dumps({lang: asdict(pinned) for lang, pinned in floors.items()}, indent=2)
    try:
        fresh.write_text(text + "\n", "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ModelError(f"file {path}", "cannot be written", "make the folder writable") from error


if __name__ == "__main__":
    raise SystemExit(main())
