"""Figures of a classifier, from true and given answers; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = [
    "Binary",
    "Figures",
    "accuracy",
    "auc",
    "aurc",
    "binary",
    "calibration_error",
    "f1",
    "figures_of",
    "macro_f1",
    "majority",
    "micro_f1",
    "risk_at",
]


@dataclass(frozen=True, slots=True)
class Figures:
    """`n` rows, the share that was judged (`coverage`), and how well the judged ones were judged."""

    n: int
    coverage: float
    accuracy: float
    macro_f1: float
    f1_neg: float


@dataclass(frozen=True, slots=True)
class Binary:
    """How well a yes-or-no question was answered; each figure is 0 where nothing could be right."""

    precision: float
    recall: float
    f1: float


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


def binary(true: Sequence[bool], given: Sequence[bool]) -> Binary:
    """Precision, recall and F1 of "yes"."""
    hits = sum(a and b for a, b in zip(true, given, strict=True))
    there, said = sum(true), sum(given)
    return Binary(
        precision=hits / said if said else 0.0,
        recall=hits / there if there else 0.0,
        f1=2 * hits / (there + said) if there + said else 0.0,
    )


def micro_f1(true: Sequence[Collection[str]], given: Sequence[Collection[str]]) -> float:
    """F1 over all names of all rows together; 0 when nothing is there or given."""
    hits = sum(len(set(a) & set(b)) for a, b in zip(true, given, strict=True))
    both = sum(map(len, true)) + sum(map(len, given))
    return 2 * hits / both if both else 0.0


def auc(positive: Sequence[bool], value: Sequence[float]) -> float:
    """How often a positive row has a greater value than a negative one, ties half; 0.5 without both kinds.

    The area under the ROC curve, by the ranks of Mann and Whitney.
    """
    yes, no = sum(positive), len(positive) - sum(positive)
    if not yes or not no:
        return 0.5
    counts: dict[float, Counter[bool]] = {}
    for is_positive, number in zip(positive, value, strict=True):
        counts.setdefault(number, Counter())[is_positive] += 1
    wins, below = 0.0, 0
    for number in sorted(counts):
        same = counts[number]
        wins += same[True] * (below + same[False] / 2)
        below += same[False]
    return wins / (yes * no)


def calibration_error(right: Sequence[bool], confidence: Sequence[float], bins: int = 15) -> float:
    """How far confidence is from the share of right answers, on average over equal bins of confidence.

    The expected calibration error of Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning"; 0 for no rows.
    """
    sums = [0.0] * bins
    for is_right, sure in zip(right, confidence, strict=True):
        sums[min(int(sure * bins), bins - 1)] += is_right - sure
    return sum(map(abs, sums)) / len(right) if right else 0.0


def risk_at(right: Sequence[bool], confidence: Sequence[float], n: int, coverage: float) -> float | None:
    """The share of wrong answers when the surest `coverage` of `n` rows are answered; None when fewer were.

    Among equally sure answers the wrong ones come first, so that the order of rows does not matter.
    """
    count = round(coverage * n)
    if not 0 < count <= len(right):
        return None
    return sum(not is_right for is_right in _surest_first(right, confidence)[:count]) / count


def aurc(right: Sequence[bool], confidence: Sequence[float]) -> float:
    """The mean risk over all coverages of the answered rows; 0 for no rows.

    The area under the risk-coverage curve, Geifman, Uziel, El-Yaniv 2019, "Bias-Reduced Uncertainty Estimation".
    """
    wrong, total = 0, 0.0
    for count, is_right in enumerate(_surest_first(right, confidence), 1):
        wrong += not is_right
        total += wrong / count
    return total / len(right) if right else 0.0


def _surest_first(right: Sequence[bool], confidence: Sequence[float]) -> list[bool]:
    pairs = sorted(zip(right, confidence, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return [is_right for is_right, _ in pairs]
