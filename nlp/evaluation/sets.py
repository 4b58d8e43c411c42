"""The labelled texts that a model is measured on: other people's sets, and our own development texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atbalss.errors import ModelError
from nlp.training.own_texts import LABELS, LANGUAGES, TEXTS, is_dev, read_texts

__all__ = [
    "ABOUT",
    "COMPLAINTS",
    "LANGUAGES",
    "NARROWED",
    "About",
    "LabelledSet",
    "Row",
    "own_dev",
    "own_file",
    "read_complaints",
    "read_set",
    "set_names",
]


@dataclass(frozen=True, slots=True)
class Row:
    """A text and what people say of it; None where nobody was asked.

    `group` is shared by near duplicates, which count as one when chance is estimated.
    """

    text: str
    lang: str
    label: str | None = None
    group: int | None = None
    complaint: bool | None = None
    needs_reply: bool | None = None
    aspects: frozenset[str] | None = None
    tags: frozenset[str] = frozenset()
    platform: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Rows that are measured together; `left_out` is how many others the model has seen."""

    name: str
    rows: tuple[Row, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class About:
    """What a set is, where it comes from and on what terms."""

    what: str
    origin: str
    licence: str


NONE_STATED = "none stated"
_SILVER = About(
    "native Facebook comments to ministries; labels are one pass by a program",
    "texts of myavrum/Armenian-Text-Classification",
    "CC BY-SA or non-commercial, in conflict",
)
COMPLAINTS = "en_complaints"
_OWN = About("texts of our own, by writers of whom nothing is trained on", "this project", "Apache-2.0")
ABOUT: Mapping[str, About] = {
    "lv_fntm": About("native tweets, some eleven raters each", "FnTm/latvian-tweet-sentiment-corpus", "MIT"),
    "lv_viksna": About("native tweets of 2017", "RinaldsViksna/sikzinu_analize", NONE_STATED),
    "lv_nicemanis": About("native tweets of 2017", "nicemanis/LV-twitter-sentiment-corpus", "GPL-3"),
    "lt_vaikai_synth": About(
        "reviews of kindergartens written by a program; labels from its stars",
        "senseles/vaikai-lt",
        NONE_STATED,
    ),
    "hy_nigkal_sent": About(
        "SemEval-2017 tweets, translated by a machine; no neutral rows", "nigkal/ArmenianNLP", "CC BY-NC"
    ),
    "hy_nigkal_emotion": About(
        "SemEval-2018 tweets, translated by a machine; joy against other emotions, no neutral rows",
        "nigkal/ArmenianNLP",
        "CC BY-NC",
    ),
    "hy_hripman_twitter": About(
        "native, but mostly advertisements and headlines; no neutral rows",
        "hripman/Armenian-sentiment-analysis",
        NONE_STATED,
    ),
    "hy_native_silver": _SILVER,
    "hy_translit_silver": About(
        f"the same in Latin letters: {_SILVER.what}", _SILVER.origin, _SILVER.licence
    ),
    "ru_sentirueval2016": About(
        "tweets about banks and telecoms, labelled by people", "mokoron/sentirueval", NONE_STATED
    ),
    "en_tweeteval": About("SemEval-2017 tweets, development part", "cardiffnlp/tweeteval", NONE_STATED),
    "en_airline": About(
        "tweets to US airlines, labelled by a crowd; all rows, the doubtful ones too",
        "Twitter US Airline Sentiment",
        NONE_STATED,
    ),
    COMPLAINTS: About(
        "tweets to businesses, complaint or not", "danielpreotiuc/complaints-social-media", NONE_STATED
    ),
    "et_valence": About(
        "paragraphs in Estonian, which is not judged: shows how often it is taken for another language",
        "EKT1/valence",
        "GPL-3",
    ),
    **{f"own_{lang}": _OWN for lang in LANGUAGES},
}

NARROWED = ("lv_fntm@0.6",)
"""Sets that are also measured on the rows alone on which at least that share of raters agree."""


def set_names(folder: Path) -> list[str]:
    """Sets of `folder` whose rows have labels, by language in our order, each narrowed one after its whole.

    Raises `ModelError` when there is none.
    """
    stems = [path.stem for path in folder.glob("*.jsonl") if _first(path).get("label") in LABELS]
    if not stems:
        raise ModelError(f"folder {folder}", "has no labelled sets", "give the folder that holds eval/")
    names = [*stems, *(name for name in NARROWED if name.partition("@")[0] in stems)]

    def place(name: str) -> tuple[int, str]:
        lang = name[:2]
        return LANGUAGES.index(lang) if lang in LANGUAGES else len(LANGUAGES), name

    return sorted(names, key=place)


def read_set(folder: Path, name: str) -> LabelledSet:
    """The labelled rows of `<name>.jsonl`; `name@0.6` has those on which that share of raters agree.

    Rows have `text`, `lang`, `label` (neg, neu, pos), perhaps `agreement` and `group`. Raises `ModelError` when the
    file is missing or has no such rows.
    """
    stem, _, least = name.partition("@")
    rows = [raw for raw in _lines(folder / f"{stem}.jsonl") if raw.get("label") in LABELS]
    if least:
        try:
            rows = [raw for raw in rows if raw.get("agreement", 0.0) >= float(least)]
        except ValueError as error:
            raise ModelError(f"set {name}", "has no share after the @", "write it as in name@0.6") from error
    return _labelled(name, rows)


def read_complaints(folder: Path) -> LabelledSet | None:
    """The rows that say whether a text is a complaint; None when the folder has no such file."""
    path = folder / f"{COMPLAINTS}.jsonl"
    return _labelled(COMPLAINTS, _lines(path)) if path.is_file() else None


def own_dev(folder: Path = TEXTS) -> tuple[LabelledSet, ...]:
    """Our own development texts, a set for each language."""
    rows = [_row(raw) for raw in read_texts(folder) if is_dev(raw["writer"])]
    return tuple(
        LabelledSet(f"own_{lang}", found)
        for lang in LANGUAGES
        if (found := tuple(row for row in rows if row.lang == lang))
    )


def own_file(path: Path) -> LabelledSet:
    """The rows of one file of our own texts; raises `ModelError` when it cannot be read."""
    return _labelled(path.stem, _lines(path))


def _labelled(name: str, raw: Sequence[Mapping[str, Any]]) -> LabelledSet:
    if not raw:
        raise ModelError(f"set {name}", "has no labelled rows", "choose another set")
    try:
        return LabelledSet(name, tuple(map(_row, raw)))
    except KeyError as error:
        raise ModelError(f"set {name}", f"has rows without {error}", "give each row text and lang") from error


def _row(raw: Mapping[str, Any]) -> Row:
    aspects, complaint = raw.get("aspects"), raw.get("complaint")
    return Row(
        text=raw["text"],
        lang=raw["lang"],
        label=raw.get("label"),
        group=raw.get("group"),
        complaint=None if complaint is None else bool(complaint),
        needs_reply=raw.get("needs_reply"),
        aspects=None if aspects is None else frozenset(aspects),
        tags=frozenset(raw.get("tags", ())),
        platform=raw.get("platform", ""),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            return list(_parsed(path, lines))
    except OSError as error:
        raise ModelError(f"set {path.stem}", "cannot be read", "give the folder of the sets") from error


def _parsed(path: Path, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
        except ValueError:
            raw = None
        if not isinstance(raw, dict):
            raise ModelError(f"set {path.stem}", f"line {number} is not a JSON object", "mend the line")
        yield raw


def _first(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as lines:
        return next(_parsed(path, lines), {})
