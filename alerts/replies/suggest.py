"""The draft of a public reply in the author's language: thanks, apology, explanation, remedy, by when.

The texts are in one TOML file per language beside this module. What a person has to fill in stands in
[brackets]; a draft is never sent by Atbalss. Each part has several wordings, and the seed (the event's id)
picks one, so that a page of replies does not look canned and an event always gets the same draft.
"""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from alerts.notice import SuggestedReply

__all__ = ["LANGUAGES", "Part", "Situation", "Wording", "situation_of", "suggest", "wording"]

LANGUAGES = ("lv", "lt", "hy", "ru", "en")
"""The languages that drafts exist in."""

_QUESTION_MARKS = "?՞"
"""The Armenian one stands inside of the word that is asked about."""


class Situation(StrEnum):
    """What kind of reply a post asks for."""

    COMPLAINT = "complaint"
    REFUND = "refund"
    QUESTION = "question"
    WORDLESS = "wordless"
    PRAISE = "praise"


class Part(StrEnum):
    """The parts of a reply."""

    GREETING = "greeting"
    THANKS = "thanks"
    APOLOGY = "apology"
    EXPLANATION = "explanation"
    REMEDY = "remedy"
    BY = "by"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The parts in the order of reading, and the order in which they give way to a length limit."""

    parts: tuple[Part, ...]
    dropped: tuple[Part, ...]


_FULL = (Part.GREETING, Part.THANKS, Part.APOLOGY, Part.EXPLANATION, Part.REMEDY, Part.BY)
# The explanation is only a gap to fill in and goes first; the apology is what all must see and stays longest.
_SORRY = (Part.EXPLANATION, Part.GREETING, Part.THANKS, Part.BY, Part.REMEDY)
_PLANS: Mapping[Situation, _Plan] = {
    Situation.COMPLAINT: _Plan(_FULL, _SORRY),
    Situation.REFUND: _Plan(_FULL, _SORRY),
    Situation.QUESTION: _Plan(
        (Part.GREETING, Part.THANKS, Part.EXPLANATION, Part.REMEDY, Part.BY),
        (Part.BY, Part.GREETING, Part.REMEDY, Part.THANKS),
    ),
    Situation.WORDLESS: _Plan(
        (Part.GREETING, Part.THANKS, Part.APOLOGY, Part.REMEDY, Part.BY),
        (Part.GREETING, Part.THANKS, Part.BY, Part.REMEDY),
    ),
    Situation.PRAISE: _Plan((Part.GREETING, Part.THANKS, Part.REMEDY), (Part.GREETING, Part.REMEDY)),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's file: the wordings by situation and part, the date pattern, words about money."""

    by_pattern: str
    money: tuple[str, ...]
    parts: Mapping[Situation, Mapping[Part, tuple[str, ...]]]


@cache
def wording(lang: str) -> Wording:
    """The texts of one of `LANGUAGES`."""
    raw = tomllib.loads(files("alerts.replies").joinpath(f"{lang}.toml").read_text("utf-8"))
    parts = {
        situation: {
            part: tuple(raw[part] if part is Part.GREETING else raw[situation][part]) for part in plan.parts
        }
        for situation, plan in _PLANS.items()
    }
    return Wording(by_pattern=raw["by_pattern"], money=tuple(raw["money"]), parts=parts)


def situation_of(
    kind: str, label: str, stars: float | None, has_text: bool, text: str = "", lang: str = "en"
) -> Situation | None:
    """What kind of reply a post asks for; None when nobody waits for one (news, neutral remarks).

    `text` is only looked at for question marks and for words about money in `lang`. Stars speak before the
    label, as the author chose them.
    """
    if kind == "news":
        return None
    unhappy = stars <= 3 if stars is not None else label == "neg"
    if not has_text:
        if stars is None:
            return None
        return Situation.WORDLESS if unhappy else Situation.PRAISE
    if unhappy or label == "neg":
        return Situation.REFUND if _speaks_of_money(text, lang) else Situation.COMPLAINT
    if any(mark in text for mark in _QUESTION_MARKS):
        return Situation.QUESTION
    if label == "pos" or stars is not None:
        return Situation.PRAISE
    return None


def suggest(
    lang: str,
    kind: str,
    label: str,
    stars: float | None,
    has_text: bool,
    by: datetime,
    zone: ZoneInfo,
    seed: str,
    limit: int | None = None,
    *,
    text: str = "",
    brand_lang: str = "en",
) -> SuggestedReply | None:
    """The draft for one post; None when no reply is expected or not even its essence fits into `limit`.

    `by` is the instant that is promised, told in `zone`; `seed` picks the wordings; `limit` counts
    characters. A language without texts of its own gets the brand's first one, else English. Over the limit,
    parts are left out in a fixed order.
    """
    chosen = next((code for code in (lang, brand_lang) if code in LANGUAGES), "en")
    situation = situation_of(kind, label, stars, has_text, text, chosen)
    if situation is None:
        return None
    plan = _PLANS[situation]
    words = wording(chosen)
    promised = format_datetime(by, words.by_pattern, tzinfo=zone, locale=chosen)
    sentences = {
        part: _pick(words.parts[situation][part], f"{seed}/{part}").replace("{by}", promised)
        for part in plan.parts
    }
    for gone in range(len(plan.dropped) + 1):
        kept = [sentences[part] for part in plan.parts if part not in plan.dropped[:gone]]
        draft = " ".join(kept)
        if limit is None or len(draft) <= limit:
            return SuggestedReply(lang=chosen, text=draft)
    return None


def _pick(variants: tuple[str, ...], seed: str) -> str:
    """One of the variants: the same for the same seed, on every machine."""
    return variants[int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) % len(variants)]


def _speaks_of_money(text: str, lang: str) -> bool:
    """Whether the text asks for money back; customers often write without diacritics."""
    folded = unicodedata.normalize("NFD", " ".join(text.casefold().split()))
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return any(f" {word}" in f" {plain}" for word in wording(lang).money)
