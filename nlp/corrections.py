"""A customer's corrected rows as examples to learn from, and everything that is wrong with them; pure.

A row has `text` (with `title` before it, as posts have), and what a person has checked: `label`, `needs_reply`,
`aspects`; `lang` where the language is known. A row of an exported file has all of these. What the model itself has
written there is told from an answer where that can be done: `unscored`, and a probability in `needs_reply`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nlp.judging import Detect
from nlp.normalise import normalise
from nlp.score import Scorer, UnscoredReason
from nlp.training.examples import Example
from nlp.training.own_texts import ASPECTS, LANGUAGES
from nlp.unscored import should_score

__all__ = ["FEEDBACK", "Corrections", "Problem", "judged_text", "read_corrections", "understood"]

FEEDBACK = "feedback"
"""The source of every example made here."""

UNTOLD = "other"
"""The language of an example whose row tells none."""

NO_TEXT = "without a text"
NO_ANSWER = "without an answer of a person"
REPEATED = "given again further down"

_LABELS = {
    **dict.fromkeys(("neg", "negative"), "neg"),
    **dict.fromkeys(("neu", "neutral"), "neu"),
    **dict.fromkeys(("pos", "positive"), "pos"),
}
# Spreadsheets turn true and false into words of their user's language.
_YES = frozenset(("true", "yes", "jā", "taip", "այո", "да", "истина"))
_NO = frozenset(("false", "no", "nē", "ne", "ոչ", "нет", "ложь"))
_NONE = "none"
_SEPARATOR = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be read: its file and line, and why. Never holds what stands in the row."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Corrections:
    """Each text once with its answers; `passed_over` counts rows by why they teach nothing."""

    examples: tuple[Example, ...]
    problems: tuple[Problem, ...]
    passed_over: Mapping[str, int]


def read_corrections(rows: Iterable[tuple[str, Mapping[str, Any] | str]]) -> Corrections:
    """Read (place, fields) rows, the fields as JSON or a table gives them, or a text: why they cannot be read.

    Of a text that stands there twice the later row counts: corrections are appended.
    """
    examples: dict[str, Example] = {}
    problems: list[Problem] = []
    passed_over: Counter[str] = Counter()
    for where, fields in rows:
        try:
            example = _example(fields)
        except ValueError as error:
            problems.append(Problem(where, str(error)))
            continue
        if isinstance(example, str):
            passed_over[example] += 1
        else:
            passed_over[REPEATED] += example.key in examples
            examples[example.key] = example
    return Corrections(tuple(examples.values()), tuple(problems), +passed_over)


def understood(
    corrections: Corrections, languages: Collection[str], detect: Detect, scorer: Scorer
) -> Corrections:
    """The corrections in the languages in which `scorer` judges them; what it cannot judge teaches it nothing.

    The scorer is asked only about texts whose language `detect` does not find among `languages`: it knows more than
    the detector, and takes longer.
    """
    kept: list[Example] = []
    passed_over = Counter(corrections.passed_over)
    for example in corrections.examples:
        # A language that no row told is no hint: detectors pass over what they do not know.
        lang = detect(example.text, languages, example.lang).lang
        reason = should_score(example.text, lang, languages).reason
        if reason is UnscoredReason.UNSUPPORTED_LANGUAGE:
            (score,) = scorer.score([example.text], [example.lang])
            lang, reason = score.lang, score.reason
        if reason in (None, UnscoredReason.LOW_MARGIN):
            kept.append(replace(example, lang=lang))
        else:
            passed_over[f"not judged, {reason.replace('_', ' ')}"] += 1
    return replace(corrections, examples=tuple(kept), passed_over=passed_over)


def judged_text(title: str, text: str) -> str:
    """What the model reads of a post: the title and the text, each once."""
    return f"{title}\n{text}".strip() if title and not text.startswith(title) else text


def _example(fields: Mapping[str, Any] | str) -> Example | str:
    """The row as an example, or why it is passed over; raises ValueError for what cannot be understood."""
    if isinstance(fields, str):
        raise ValueError(fields)
    if "text" not in fields:
        raise ValueError("has no field `text`")
    title, text = _words(fields, "title"), _words(fields, "text")
    label, needs_reply, aspects = _label(fields), _needs_reply(fields), _aspects(fields)
    if not title and not text:
        return NO_TEXT
    if label is None and needs_reply is None and aspects is None:
        return NO_ANSWER
    told = _words(fields, "lang").casefold()
    lang = told if told in LANGUAGES else UNTOLD
    return Example(normalise(judged_text(title, text)), lang, FEEDBACK, label, needs_reply, aspects)


def _words(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name}: not a text")
    return (value or "").strip()


def _label(fields: Mapping[str, Any]) -> str | None:
    found = _words(fields, "label").casefold()
    if found in ("", "unscored"):
        return None
    if found not in _LABELS:
        raise ValueError("label: not one of neg, neu, pos")
    return _LABELS[found]


def _needs_reply(fields: Mapping[str, Any]) -> bool | None:
    value = fields.get("needs_reply")
    said = str(value if value is not None else "").strip().casefold()
    if not said:
        return None
    if said in _YES or said in _NO:
        return said in _YES
    number = _number(said)
    if not 0.0 <= number <= 1.0:
        raise ValueError("needs_reply: not one of yes, no")
    # What lies between no and yes is the model's own probability, left as it was exported.
    return bool(number) if number in (0.0, 1.0) else None


def _number(said: str) -> float:
    try:
        return float(said.replace(",", "."))
    except ValueError:
        return math.nan


def _aspects(fields: Mapping[str, Any]) -> frozenset[str] | None:
    """The aspects that are named; None when the field is empty, and no aspect when it says `none`.

    In an exported row, which names the model that judged it, they are the model's own.
    """
    if _words(fields, "model"):
        return None
    value = fields.get("aspects")
    if isinstance(value, str):
        value = [name for name in _SEPARATOR.split(value) if name]
    if not value:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("aspects: not a list of names")
    names = frozenset(name.strip().casefold() for name in value)
    if names == {_NONE}:
        return frozenset()
    if not names <= frozenset(ASPECTS):
        raise ValueError(f"aspects: a name is none of {', '.join(ASPECTS)}; write {_NONE} for no aspect")
    return names
