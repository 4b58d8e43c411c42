"""How much of a figure is chance: 95 % intervals by drawing the rows again, with replacement.

The percentile bootstrap (Efron and Tibshirani 1993, "An Introduction to the Bootstrap"). What is drawn are units:
single rows, or groups of near duplicates. A unit is the counts of its rows in each cell of a table (such as true by
given label), so a thousand draws are one multinomial sample over the kinds of units and one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "DRAWS",
    "Interval",
    "binary_f1_interval",
    "draws_of",
    "interval_of",
    "macro_f1_difference",
    "macro_f1_interval",
    "micro_f1_interval",
]

DRAWS = 1000
_SEED = 7

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]


def draws_of(units: Ints, draws: int = DRAWS, seed: int = _SEED) -> Ints:
    """[draws, cells]: the cells' counts each time as many units as there are were drawn from `units` [units, cells]."""
    kinds, counts = np.unique(units, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(units), counts / len(units), size=draws)
    return np.asarray(drawn @ kinds)


def interval_of(values: Floats) -> Interval:
    """Where the middle 95 % of `values` lie."""
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def macro_f1_interval(
    true: Sequence[str],
    given: Sequence[str | None],
    labels: Sequence[str],
    groups: Sequence[Hashable] | None = None,
) -> Interval:
    """The interval of `nlp.evaluation.metrics.macro_f1`; None in `given` is a miss of the true label."""
    return _interval(_paired(true, given, given, labels), groups, lambda cells: _macro_f1(cells.sum(axis=3)))


def macro_f1_difference(
    true: Sequence[str],
    one: Sequence[str | None],
    other: Sequence[str | None],
    labels: Sequence[str],
    groups: Sequence[Hashable] | None = None,
) -> Interval:
    """The interval of how much macro-F1 `one` has above `other`, on the same draws of the same rows."""
    return _interval(
        _paired(true, one, other, labels),
        groups,
        lambda cells: _macro_f1(cells.sum(axis=3)) - _macro_f1(cells.sum(axis=2)),
    )


def binary_f1_interval(true: Sequence[bool], given: Sequence[bool]) -> Interval:
    """The interval of the F1 of "yes"."""
    return micro_f1_interval(
        [("yes",) if value else () for value in true], [("yes",) if v else () for v in given]
    )


def micro_f1_interval(true: Sequence[Collection[str]], given: Sequence[Collection[str]]) -> Interval:
    """The interval of `nlp.evaluation.metrics.micro_f1`."""
    units = np.array(
        [(len(set(a) & set(b)), len(set(a)) + len(set(b))) for a, b in zip(true, given, strict=True)],
        dtype=np.int64,
    )
    return _interval(units, None, lambda cells: _f1(cells[:, 0], cells[:, 1]))


def _paired(
    true: Sequence[str], one: Sequence[str | None], other: Sequence[str | None], labels: Sequence[str]
) -> Ints:
    """[rows, true, one, other]: a single 1 a row; the last label stands for all that are not in `labels`."""
    places = {label: place for place, label in enumerate(labels)}
    rest = len(labels)
    units = np.zeros((len(true), rest + 1, rest + 1, rest + 1), dtype=np.int64)
    for row, (a, b, c) in enumerate(zip(true, one, other, strict=True)):
        units[row, places.get(a, rest), places.get(b or "", rest), places.get(c or "", rest)] = 1
    return units


def _interval(
    units: Ints, groups: Sequence[Hashable] | None, statistic: Callable[[Ints], Floats]
) -> Interval:
    if not len(units):
        return 0.0, 0.0
    flat = units.reshape(len(units), -1)
    if groups is not None:
        numbers: dict[Hashable, int] = {}
        places = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
        joined = np.zeros((len(numbers), flat.shape[1]), dtype=np.int64)
        np.add.at(joined, places, flat)
        flat = joined
    return interval_of(statistic(draws_of(flat).reshape(-1, *units.shape[1:])))


def _macro_f1(tables: Ints) -> Floats:
    """[draws]: macro-F1 of `tables` [draws, true, given], whose last row and column are no labels."""
    count = tables.shape[1] - 1
    hits = np.diagonal(tables, axis1=1, axis2=2)[:, :count]
    both = (tables.sum(axis=2) + tables.sum(axis=1))[:, :count]
    counted = np.maximum((both > 0).sum(axis=1), 1)
    return np.asarray(_f1(hits, both).sum(axis=1) / counted)


def _f1(hits: Ints, both: Ints) -> Floats:
    """2 * hits / both, 0 where there is nothing; `both` is how many are there plus how many are given."""
    return np.asarray(2 * hits / np.maximum(both, 1))
