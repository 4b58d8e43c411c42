"""Figures of a classifier, from true and given labels; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Figures", "accuracy", "f1", "figures_of", "macro_f1", "majority"]


@dataclass(frozen=True, slots=True)
class Figures:
    """`n` rows, the share that was judged (`coverage`), and how well the judged ones were judged."""

    n: int
    coverage: float
    accuracy: float
    macro_f1: float
    f1_neg: float


def accuracy(true: Sequence[str], given: Sequence[str]) -> float:
    """The share of equal labels; 0 for no rows."""
    pairs = list(zip(true, given, strict=True))
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else 0.0


def f1(true: Sequence[str], given: Sequence[str], label: str) -> float:
    """The harmonic mean of precision and recall of `label`; 0 when it is neither there nor given."""
    hits = sum(a == label == b for a, b in zip(true, given, strict=True))
    both = Counter(true)[label] + Counter(given)[label]
    return 2 * hits / both if both else 0.0


def macro_f1(true: Sequence[str], given: Sequence[str], labels: Sequence[str]) -> float:
    """The mean of the labels' F1; a label that is neither there nor given is left out of the mean."""
    counted = [label for label in labels if label in true or label in given]
    return sum(f1(true, given, label) for label in counted) / len(counted) if counted else 0.0


def majority(true: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The answers of somebody who always gives the most frequent label; ties go to the first of `labels`."""
    counts = Counter(true)
    return [max(labels, key=lambda label: counts[label])] * len(true)


def figures_of(true: Sequence[str], given: Sequence[str | None], labels: Sequence[str]) -> Figures:
    """Figures over the rows that have an answer; None in `given` is a row that was not judged."""
    judged = [(a, b) for a, b in zip(true, given, strict=True) if b is not None]
    right, answers = [a for a, _ in judged], [b for _, b in judged]
    return Figures(
        n=len(true),
        coverage=len(judged) / len(true) if true else 0.0,
        accuracy=accuracy(right, answers),
        macro_f1=macro_f1(right, answers, labels),
        f1_neg=f1(right, answers, "neg"),
    )
