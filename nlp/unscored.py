"""Decides whether a text can be judged at all, so that nothing is "neutral" for want of an answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nlp.normalise import words_only
from nlp.score import UnscoredReason

__all__ = ["FEWEST_LETTERS", "Scorable", "should_score"]

# "Ok" and "Ne" are answers and have two letters; one letter alone is a slip or half a smiley (":D", "xD").
FEWEST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Scorable:
    """Whether to judge a text; `reason` says why not and is None when it is judged."""

    reason: UnscoredReason | None
    letters: int
    lang: str

    def __bool__(self) -> bool:
        return self.reason is None


def should_score(normalised: str, lang: str, supported: Collection[str]) -> Scorable:
    """Decide from a normalised text, its language (`und` when unclear) and the languages of the model.

    Links and names of accounts do not count as text. The reasons are tried in this order: empty, no
    letters (emoji, digits, signs), too short, unsupported language.
    """
    written = words_only(normalised)
    letters = sum(character.isalpha() for character in written)
    return Scorable(_reason(written, letters, lang, supported), letters, lang)


def _reason(written: str, letters: int, lang: str, supported: Collection[str]) -> UnscoredReason | None:
    if not written:
        return UnscoredReason.EMPTY
    if not letters:
        return UnscoredReason.NO_LETTERS
    if letters < FEWEST_LETTERS:
        return UnscoredReason.TOO_SHORT
    return None if lang in supported else UnscoredReason.UNSUPPORTED_LANGUAGE
