"""What a scorer gives back, and what every scorer can be asked.

A text is either judged (a label with three probabilities) or unscored with a reason: no text is ever
"neutral" because it could not be judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["Label", "Probabilities", "Score", "Scorer", "UnscoredReason", "satisfaction_of"]


class Label(StrEnum):
    """What a text says about the business; `UNSCORED` means that nobody may conclude anything."""

    NEG = "neg"
    NEU = "neu"
    POS = "pos"
    UNSCORED = "unscored"


class UnscoredReason(StrEnum):
    """Why a text was not judged."""

    EMPTY = "empty"
    NO_LETTERS = "no_letters"
    TOO_SHORT = "too_short"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    LOW_MARGIN = "low_margin"


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Three calibrated probabilities that add up to one."""

    neg: float
    neu: float
    pos: float

    @property
    def label(self) -> Label:
        """The most probable label; ties go to the more negative one, so that no complaint is lost."""
        best = max(self.neg, self.neu, self.pos)
        if self.neg == best:
            return Label.NEG
        return Label.NEU if self.neu == best else Label.POS

    @property
    def confidence(self) -> float:
        """The probability of the most probable label."""
        return max(self.neg, self.neu, self.pos)


@dataclass(frozen=True, slots=True)
class Score:
    """The judgement of one text.

    `lang` is an ISO 639-1 code or `und`; `satisfaction` is 1 (very dissatisfied) to 5 (very satisfied);
    `needs_reply` is a probability, or None from a model without such a head; `aspects` are the parts of the
    business that the text speaks of, none from a model without such a head; `model` names the model that judged.
    """

    lang: str
    label: Label
    model: str
    reason: UnscoredReason | None = None
    p: Probabilities | None = None
    satisfaction: float | None = None
    needs_reply: float | None = None
    aspects: tuple[str, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether the text was given to the model, also where it then was too unsure to answer."""
        return self.reason in (None, UnscoredReason.LOW_MARGIN)


class Scorer(Protocol):
    """Judges texts. Implementations are safe to call again and again from one thread."""

    @property
    def name(self) -> str:
        """The model's name and version, kept beside every score."""
        ...

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Score]:
        """Judge each text, in order; `hints` are the languages that the sources claim, or None."""
        ...


def satisfaction_of(p: Probabilities) -> float:
    """Satisfaction on 1-5: the expected value with negative at 1, neutral at 3 and positive at 5."""
    return 1.0 * p.neg + 3.0 * p.neu + 5.0 * p.pos
