"""The field's satisfaction measures, each from plain answers; None when there is no answer.

CSAT = satisfied answers (4 and 5 of 5) / all answers x 100. NPS = % promoters (9-10) - % detractors (0-6).
CES = % difficult answers (5-7) - % easy answers (1-3) on a scale where 1 is very easy; lower is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

__all__ = ["SCALES", "average", "ces", "csat", "is_satisfied", "nps"]

SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "stars": (1, 5)}
"""Lowest and highest answer of each scale; a value outside is not an answer on it and is not counted."""


def is_satisfied(answer: float) -> bool:
    """Whether an answer of 1-5 says satisfied."""
    return answer >= 4


def csat(answers: Sequence[float]) -> float | None:
    """The share of satisfied answers in percent."""
    return _percent(sum(map(is_satisfied, answers)), len(answers))


def nps(answers: Sequence[int]) -> float | None:
    """The Net Promoter Score, from -100 to +100."""
    return _percent(sum(a >= 9 for a in answers) - sum(a <= 6 for a in answers), len(answers))


def ces(answers: Sequence[int]) -> float | None:
    """The Customer Effort Score, from -100 (all easy) to +100 (all difficult)."""
    return _percent(sum(a >= 5 for a in answers) - sum(a <= 3 for a in answers), len(answers))


def average(values: Sequence[float]) -> float | None:
    """The arithmetic mean."""
    return fmean(values) if values else None


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
