from __future__ import annotations

import pytest

from nlp.evaluation.metrics import accuracy, f1, figures_of, macro_f1, majority

LABELS = ("neg", "neu", "pos")
TRUE = ["neg", "neg", "neu", "pos"]
GIVEN = ["neg", "neu", "neu", "neg"]


def test_figures_of_a_worked_example():
    assert accuracy(TRUE, GIVEN) == 0.5
    assert f1(TRUE, GIVEN, "neg") == pytest.approx(0.5)
    assert f1(TRUE, GIVEN, "neu") == pytest.approx(2 / 3)
    assert f1(TRUE, GIVEN, "pos") == 0.0
    assert macro_f1(TRUE, GIVEN, LABELS) == pytest.approx((0.5 + 2 / 3) / 3)


def test_a_label_that_nobody_uses_does_not_pull_the_mean_down():
    assert macro_f1(["neg", "pos"], ["neg", "pos"], LABELS) == 1.0


def test_rows_that_were_not_judged_lower_coverage_and_nothing_else():
    figures = figures_of(TRUE, ["neg", None, "neu", None], LABELS)
    assert (figures.n, figures.coverage, figures.accuracy, figures.f1_neg) == (4, 0.5, 1.0, 1.0)


def test_the_majority_answers_always_the_same():
    assert majority(TRUE, LABELS) == ["neg"] * 4
    assert majority(["pos", "neu"], LABELS) == ["neu", "neu"]


def test_nothing_at_all_is_zero():
    assert accuracy([], []) == 0.0
    assert macro_f1([], [], LABELS) == 0.0
    assert figures_of([], [], LABELS).coverage == 0.0
