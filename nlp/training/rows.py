"""The labelled rows that the first model learns from, balanced, and their split.

The sets disagree on what is neutral (a third of one, half of another, none of a third), so each source gives
the same number of rows of each label, and a source without neutral rows gives only few. Which side of the
split a row is on depends on its text alone, so the same text is never on both.
"""

from __future__ import annotations

import hashlib
import json
import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from atbalss.errors import ModelError
from nlp.normalise import normalise

__all__ = ["CAPS", "LABELS", "Row", "balanced", "is_dev", "read_rows", "without_diacritics"]

LABELS = ("neg", "neu", "pos")

# Rows of each label from each file. Native Latvian food tweets first; of the tweets about government, another
# register, as many as their makers' other set allows; film subtitles with projected labels are noisy.
CAPS: Mapping[str, int] = {
    "lv_ltec": 1100,
    "lv_tomsbuls": 900,
    "multi_xlmt": 1200,
    "en_goemotions": 800,
    "ru_xed_proj": 200,
    "pl_xed_proj": 200,
    "et_xed_proj": 200,
}
# The share of texts that are for measuring and calibrating.
DEV_SHARE = 0.1
# Every so many training rows in Latvian are repeated as people type them on foreign keyboards.
_STRIPPED_EVERY = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A normalised text with its label and where it comes from."""

    text: str
    label: str
    lang: str
    source: str


def read_rows(folder: Path) -> list[Row]:
    """All rows of the files named in `CAPS`; raises `ModelError` when one is missing."""
    return [row for name in CAPS for row in _read(folder / f"{name}.jsonl")]


def _read(path: Path) -> Iterator[Row]:
    if not path.is_file():
        raise ModelError(path.name, "is missing", "give the folder that holds train/")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            text = normalise(raw["text"])
            if raw["label"] in LABELS and any(map(str.isalpha, text)):
                yield Row(text, raw["label"], raw["lang"], path.stem)


def is_dev(row: Row) -> bool:
    """Whether the row is for measuring and calibrating (one in ten), by a digest of its text."""
    digest = hashlib.sha256(row.text.lower().encode()).digest()
    return int.from_bytes(digest[:4]) < DEV_SHARE * 2**32


def balanced(rows: Iterable[Row], seed: int, share: float = 1.0) -> list[Row]:
    """At most `share` of the source's cap of each label, drawn with `seed`, in a mixed order.

    A source that has all labels gives equally many of each.
    """
    groups: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[row.source][row.label].append(row)
    # Not for secrets: the same seed must give the same rows.
    chance = random.Random(seed)  # noqa: S311
    chosen: list[Row] = []
    for source, labels in sorted(groups.items()):
        most = min(round(share * CAPS[source]), *map(len, labels.values()))
        for _, of_label in sorted(labels.items()):
            chosen.extend(chance.sample(of_label, most))
    chance.shuffle(chosen)
    return chosen


def without_diacritics(rows: Iterable[Row]) -> list[Row]:
    """Every fourth Latvian row again, typed without diacritics."""
    latvian = [row for row in rows if row.lang == "lv"]
    return [replace(row, text=_bare(row.text)) for row in latvian[::_STRIPPED_EVERY]]


def _bare(text: str) -> str:
    marks = unicodedata.normalize("NFD", text)
    return "".join(character for character in marks if not unicodedata.combining(character))
