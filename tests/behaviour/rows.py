"""The sentences of the behaviour tests, as they stand in the files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LANGUAGES", "WRITTEN", "Row", "read_rows"]

FOLDER = Path(__file__).parent
LANGUAGES = ("lv", "lt", "hy", "ru", "en")
WRITTEN = (
    *("praise", "complaint", "question", "insult", "negation", "names"),
    *("emoji", "thanks_but", "comparison", "resolved", "implicit"),
)
"""The kinds of sentences in the files; other kinds of tests are made from these."""

_SLOT = re.compile(r"\[([^|\]]+)\|([^|\]]+)\]")


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence; `other` is its counterpart: negated, or with another name, number or town.

    `label` is that of a sentence which `other` negates, `neg` or `pos`.
    """

    lang: str
    kind: str
    text: str
    other: str | None = None
    label: str | None = None


def read_rows(lang: str) -> list[Row]:
    """The sentences in `lang`; "[Anna|Ieva]" in one stands for the two ways to fill the place."""
    lines = (FOLDER / f"{lang}.jsonl").read_text("utf-8").splitlines()
    return [_row(lang, **json.loads(line)) for line in lines]


def _row(lang: str, kind: str, text: str, other: str | None = None, label: str | None = None) -> Row:
    if kind == "names":
        return Row(lang, kind, _SLOT.sub(r"\1", text), _SLOT.sub(r"\2", text))
    return Row(lang, kind, text, other, label)
