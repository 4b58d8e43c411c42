"""Chooses on development rows what turns the heads' logits into probabilities that hold and into answers.

Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks") by language for sentiment, Platt's
factor and shift for needs-reply, a threshold for each aspect, and the margin below which nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nlp.calibration import ANY, Calibration
from nlp.training.examples import Example
from nlp.training.own_texts import ASPECTS, LABELS

__all__ = ["calibrated", "least_margin", "platt", "temperature", "thresholds"]

# Fewer rows than this do not tell a language's temperature; it then has that of all.
_FEWEST_ROWS = 100
# An aspect with fewer development rows has the threshold that is best for all aspects together.
_FEWEST_NAMED = 25
# Below the chosen margin at least this share of the labels would be wrong, ...
_RISK = 0.45
# ... and no more than this share of the rows is left unjudged for it.
_LOST_COVERAGE = 0.04
# Newton's steps to Platt's two numbers: it takes about ten, and less than this no longer shows.
_MOST_STEPS = 100
_SMALLEST_STEP = 1e-8
_THRESHOLDS = tuple(step / 100 for step in range(15, 71, 5))

Floats = npt.NDArray[np.float64]


def calibrated(logits: Mapping[str, Floats], rows: Sequence[Example]) -> Calibration:
    """The calibration that fits `rows` best; `logits` [rows, outputs] by head, in their order."""
    labels = np.array([LABELS.index(str(row.label)) for row in rows])
    langs = np.array([row.lang for row in rows])
    heat = {ANY: temperature(logits["sentiment"], labels)}
    for lang in sorted(set(langs)):
        of_lang = langs == lang
        if of_lang.sum() >= _FEWEST_ROWS:
            heat[str(lang)] = temperature(logits["sentiment"][of_lang], labels[of_lang])
    divisors = np.array([[heat.get(str(lang), heat[ANY])] for lang in langs])
    shares = _softmax(logits["sentiment"] / divisors)
    needed = np.array([bool(row.needs_reply) for row in rows])
    named = np.array([[name in (row.aspects or ()) for name in ASPECTS] for row in rows])
    return Calibration(
        temperature=heat,
        least_margin=least_margin(shares, labels),
        needs_reply=platt(logits["needs_reply"][:, 0], needed),
        aspects=thresholds(1 / (1 + np.exp(-logits["aspects"])), named),
    )


def temperature(logits: Floats, labels: npt.NDArray[np.int64]) -> float:
    """What to divide `logits` by so that the labels are most probable: 0.30 to 4.00."""
    places = np.arange(len(labels))

    def loss(value: float) -> float:
        return -float(np.log(_softmax(logits / value)[places, labels] + 1e-12).mean())

    return min((step / 100 for step in range(30, 401)), key=loss)


def least_margin(shares: Floats, labels: npt.NDArray[np.int64]) -> float:
    """The largest margin of the best label over the second below which too many labels are wrong.

    Zero when the model is right often enough even where it is least sure.
    """
    ordered = np.sort(shares, axis=1)
    margins = ordered[:, -1] - ordered[:, -2]
    wrong = shares.argmax(1) != labels
    best = 0.0
    for candidate in np.arange(0.02, 0.52, 0.02):
        below = margins < candidate
        if below.mean() > _LOST_COVERAGE:
            break
        if below.any() and wrong[below].mean() >= _RISK:
            best = round(float(candidate), 2)
    return best


def platt(logits: Floats, needed: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Factor and shift of the logit: Newton's steps on the log likelihood, halved until they help.

    Lin, Lin and Weng 2007, "A Note on Platt's Probabilistic Outputs for Support Vector Machines": undamped
    steps run away where the logits say little. The targets are never quite certain, so that rows which the
    logit tells apart without a miss do not drive the factor to infinity.
    """
    yes, no = int(needed.sum()), int((~needed).sum())
    targets = np.where(needed, (yes + 1) / (yes + 2), 1 / (no + 2))
    rows = np.stack([logits, np.ones_like(logits)], axis=1)
    line = np.array([1.0, 0.0])

    def loss(line: Floats) -> float:
        found = rows @ line
        return float((np.logaddexp(0.0, found) - targets * found).sum())

    for _ in range(_MOST_STEPS):
        shares = (1 + np.tanh(rows @ line / 2)) / 2
        gradient = rows.T @ (shares - targets)
        curvature = rows.T @ (rows * (shares * (1 - shares))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while loss(line - step) > loss(line) and np.abs(step).max() > _SMALLEST_STEP:
            step = step / 2
        line = line - step
        if np.abs(step).max() <= _SMALLEST_STEP:
            break
    return round(float(line[0]), 4), round(float(line[1]), 4)


def thresholds(shares: Floats, named: npt.NDArray[np.bool_]) -> dict[str, float]:
    """The probability from which on each aspect is best named; `shares` and `named` [rows, aspects].

    Of equally good ones that which is nearest to the best of all aspects together.
    """
    common = max(_THRESHOLDS, key=lambda least: _f1(shares >= least, named))
    found = {}
    for place, name in enumerate(ASPECTS):
        own, of_name = shares[:, place], named[:, place]
        found[name] = (
            max(_THRESHOLDS, key=lambda least: (_f1(own >= least, of_name), -abs(least - common)))
            if of_name.sum() >= _FEWEST_NAMED
            else common
        )
    return found


def _f1(given: npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> float:
    both = given.sum() + true.sum()
    return 2 * float((given & true).sum()) / float(both) if both else 0.0


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True))
