"""What the model learns from: one row of any source, with the answers that the source has and no others."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from atbalss.errors import ModelError
from nlp.language import TOLD_APART
from nlp.normalise import normalise
from nlp.training.own_texts import LABELS, TEXTS, is_dev, read_texts

__all__ = ["OWN", "PUBLIC_CAPS", "Example", "own_examples", "public_examples"]

OWN = "own"

# Rows of each label from each public set. Latvian tweets about food are nearest to our customers: all of
# them. Of the tweets about government as many as their makers' other set allows, of Reddit a sample, and of
# film subtitles with projected labels, which have no neutral rows and much noise, a few.
PUBLIC_CAPS: Mapping[str, int] = {
    "lv_ltec": 5000,
    "lv_tomsbuls": 600,
    "multi_xlmt": 700,
    "en_goemotions": 350,
    "ru_xed_proj": 100,
    "pl_xed_proj": 100,
    "et_xed_proj": 100,
}

# The share of the public texts that are for measuring.
_MEASURED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Example:
    """A normalised text with its answers; None where the source does not say.

    `lang` is one of `TOLD_APART`; `source` is the public set's name or `OWN`.
    """

    text: str
    lang: str
    source: str
    label: str | None = None
    needs_reply: bool | None = None
    aspects: frozenset[str] | None = None

    @property
    def key(self) -> str:
        """16 hex digits that name the text."""
        return hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()


def own_examples(*, dev: bool, folder: Path = TEXTS) -> Iterator[Example]:
    """Our own texts: those for training, or those of the writers that never train."""
    for row in read_texts(folder):
        if is_dev(row["writer"]) is dev:
            yield Example(
                text=normalise(row["text"]),
                lang=row["lang"],
                source=OWN,
                label=row["label"],
                needs_reply=row["needs_reply"],
                aspects=frozenset(row["aspects"]),
            )


def public_examples(
    folder: Path, seed: int, *, dev: bool, caps: Mapping[str, int] = PUBLIC_CAPS
) -> list[Example]:
    """At most `caps` rows of each label from the public sets in `folder`, drawn with `seed`.

    Which side of the split a row is on depends on its text alone; of the measuring side, a tenth of the caps.
    Raises `ModelError` when a file is missing.
    """
    groups: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for source in caps:
        for example in _read(folder / f"{source}.jsonl"):
            if _is_measured(example.text) is dev:
                groups[source, str(example.label)].append(example)
    # Not for secrets: the same seed must give the same rows.
    chance = random.Random(seed)  # noqa: S311
    chosen: list[Example] = []
    for (source, _), rows in sorted(groups.items()):
        most = caps[source] // 10 if dev else caps[source]
        chosen.extend(chance.sample(rows, min(most, len(rows))))
    return without_copies(chosen)


def without_copies(examples: Iterable[Example]) -> list[Example]:
    """The examples whose text stands for the first time, in order."""
    first: dict[str, Example] = {}
    for example in examples:
        first.setdefault(example.key, example)
    return list(first.values())


def _read(path: Path) -> Iterator[Example]:
    if not path.is_file():
        raise ModelError(path.name, "is missing", "give the folder that holds train/")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = normalise(row["text"])
            if row["label"] in LABELS and any(map(str.isalpha, text)):
                lang = row["lang"] if row["lang"] in TOLD_APART else "other"
                yield Example(text, lang, path.stem, row["label"])


def _is_measured(text: str) -> bool:
    digest = hashlib.sha256(text.lower().encode()).digest()
    return int.from_bytes(digest[:4]) < _MEASURED_SHARE * 2**32
