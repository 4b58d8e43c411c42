"""What the shipped model has seen: for baselines to learn from, and to leave out of what it is measured on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlp.evaluation.sets import LabelledSet
from nlp.normalise import normalise
from nlp.training.examples import Example, own_examples, public_examples, without_copies

__all__ = ["Lessons", "lessons_of", "unseen"]


@dataclass(frozen=True, slots=True)
class Lessons:
    """Rows to learn from, and rows by which something is chosen."""

    learn: Sequence[Example]
    choose: Sequence[Example]

    def digest(self) -> str:
        """The SHA-256 of all texts and labels."""
        rows = [[(row.text, row.label) for row in part] for part in (self.learn, self.choose)]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def lessons_of(data: Path, seed: int) -> Lessons:
    """The labelled rows that the shipped model is trained on with `seed`, and its development rows.

    `data` holds `train/`; raises `ModelError` when a file of it is missing.
    """
    measured = {row.key for row in own_examples(dev=True)}
    rows = without_copies([*own_examples(dev=False), *public_examples(data / "train", seed, dev=False)])
    return Lessons(
        learn=[row for row in rows if row.key not in measured],
        choose=[*own_examples(dev=True), *public_examples(data / "train", seed, dev=True)],
    )


def unseen(sets: Iterable[LabelledSet], others: Iterable[Example]) -> list[LabelledSet]:
    """The sets without rows whose letters and digits are those of a text in `others`; an empty set goes.

    Public sets share texts: most of `en_tweeteval` is also in one of the sets to train on.
    """
    seen = {_bare(example.text) for example in others}
    found = []
    for one in sets:
        rows = tuple(row for row in one.rows if _bare(row.text) not in seen)
        if rows:
            found.append(replace(one, rows=rows, left_out=len(one.rows) - len(rows)))
    return found


def _bare(text: str) -> str:
    normalised = normalise(text).lower()
    return "".join(filter(str.isalnum, normalised)) or normalised
