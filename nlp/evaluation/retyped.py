"""The same rows as other people would type them: without diacritics, in old spelling, in other letters."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from nlp.evaluation.sets import LabelledSet, Row
from nlp.training.own_texts import identity
from nlp.training.variants import Romanisation, in_cyrillic, in_latin, old_style, without_diacritics

__all__ = ["Retyped", "retyped"]


@dataclass(frozen=True, slots=True)
class Retyped:
    """Rows as they are and as typed in another way, in the same order; only those that differ."""

    title: str
    plain: LabelledSet
    other: LabelledSet


def retyped(rows: LabelledSet, romanisation: Romanisation, seed: int) -> list[Retyped]:
    """Every other way of typing these rows, whose language is that of the first.

    How a row is romanised depends on `seed` and on its text alone.
    """

    def romanised(text: str) -> str:
        # Not for secrets: the same text must be written in the same way each time.
        return in_latin(text, romanisation, random.Random(f"{seed}:{identity(text)}"))  # noqa: S311

    ways: Mapping[str, Mapping[str, Callable[[str], str]]] = {
        "lv": {"without diacritics": without_diacritics, "old style": old_style},
        "lt": {"without diacritics": without_diacritics},
        "hy": {"in Latin letters": romanised, "in Cyrillic letters": in_cyrillic},
    }
    lang = rows.rows[0].lang
    return [
        found
        for title, way in ways.get(lang, {}).items()
        if (found := _changed(f"{lang} {title}", rows, way)).plain.rows
    ]


def _changed(title: str, rows: LabelledSet, way: Callable[[str], str]) -> Retyped:
    pairs: list[tuple[Row, Row]] = [(row, replace(row, text=way(row.text))) for row in rows.rows]
    pairs = [(row, other) for row, other in pairs if other.text != row.text]
    return Retyped(
        title,
        LabelledSet(rows.name, tuple(row for row, _ in pairs)),
        LabelledSet(title, tuple(other for _, other in pairs)),
    )
