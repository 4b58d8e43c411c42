from __future__ import annotations

import random

import numpy as np
import pytest

from nlp.evaluation.bootstrap import (
    binary_f1_interval,
    draws_of,
    interval_of,
    macro_f1_difference,
    macro_f1_interval,
    micro_f1_interval,
)
from nlp.evaluation.metrics import binary, macro_f1, micro_f1

LABELS = ("neg", "neu", "pos")


def rows(n: int, seed: int = 1, noise: float = 0.4) -> tuple[list[str], list[str]]:
    chance = random.Random(seed)
    true = chance.choices(LABELS, (5, 3, 2), k=n)
    return true, [chance.choice(LABELS) if chance.random() < noise else label for label in true]


def slowly(n, statistic, draws=1500):
    """The same interval by drawing rows one by one."""
    chance = random.Random(3)
    values = [statistic(chance.choices(range(n), k=n)) for _ in range(draws)]
    return interval_of(np.array(values))


def test_every_draw_has_as_many_units_as_there_are():
    units = np.array([[1, 0], [1, 0], [0, 1]])
    drawn = draws_of(units, draws=50)
    assert drawn.shape == (50, 2)
    assert set(drawn.sum(axis=1).tolist()) == {3}
    assert (drawn == draws_of(units, draws=50)).all()
    assert (drawn != draws_of(units, draws=50, seed=8)).any()


def test_macro_f1_has_the_interval_that_drawing_row_by_row_gives():
    true, given = rows(150)
    expected = slowly(150, lambda kept: macro_f1([true[i] for i in kept], [given[i] for i in kept], LABELS))
    found = macro_f1_interval(true, given, LABELS)
    assert found == pytest.approx(expected, abs=0.015)
    assert found[0] < macro_f1(true, given, LABELS) < found[1]


def test_rows_that_were_not_judged_and_labels_that_a_set_has_not_are_misses():
    true = ["neg"] * 30 + ["pos"] * 30
    given = [None if place % 3 else "neg" for place in range(30)] + ["neu", "pos"] * 15
    bare = [label or "" for label in given]
    expected = slowly(
        60, lambda kept: macro_f1([true[i] for i in kept], [bare[i] for i in kept], ("neg", "pos"))
    )
    assert macro_f1_interval(true, given, ("neg", "pos")) == pytest.approx(expected, abs=0.03)


def test_copies_in_groups_tell_no_more_than_one_of_each():
    true, given = rows(60)
    groups = [place for place in range(60) for _ in range(10)]
    many = [label for label in true for _ in range(10)], [label for label in given for _ in range(10)]
    assert macro_f1_interval(*many, LABELS, groups) == macro_f1_interval(true, given, LABELS)
    low, high = macro_f1_interval(*many, LABELS)
    alone = macro_f1_interval(true, given, LABELS)
    assert high - low < (alone[1] - alone[0]) / 2


def test_a_difference_is_taken_on_the_same_draws():
    true, one = rows(200)
    _, other = rows(200, noise=0.7)
    assert macro_f1_difference(true, one, one, LABELS) == (0.0, 0.0)
    low, high = macro_f1_difference(true, one, other, LABELS)
    assert low < macro_f1(true, one, LABELS) - macro_f1(true, other, LABELS) < high
    back = macro_f1_difference(true, other, one, LABELS)
    assert back == pytest.approx((-high, -low), abs=0.01)


def test_the_other_heads_have_intervals_too():
    chance = random.Random(5)
    true = [chance.random() < 0.4 for _ in range(200)]
    given = [value if chance.random() < 0.8 else not value for value in true]
    expected = slowly(200, lambda kept: binary([true[i] for i in kept], [given[i] for i in kept]).f1)
    assert binary_f1_interval(true, given) == pytest.approx(expected, abs=0.015)
    names = [{"price"} if value else {"food", "staff"} for value in true]
    said = [{"price"} if value else {"food"} for value in given]
    expected = slowly(200, lambda kept: micro_f1([names[i] for i in kept], [said[i] for i in kept]))
    assert micro_f1_interval(names, said) == pytest.approx(expected, abs=0.015)


def test_no_rows_have_no_interval():
    assert macro_f1_interval([], [], LABELS) == (0.0, 0.0)
    assert micro_f1_interval([], []) == (0.0, 0.0)
