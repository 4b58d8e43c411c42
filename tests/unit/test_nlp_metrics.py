from __future__ import annotations

import pytest

from nlp.evaluation.metrics import (
    Binary,
    accuracy,
    auc,
    aurc,
    binary,
    calibration_error,
    f1,
    figures_of,
    macro_f1,
    majority,
    micro_f1,
    risk_at,
)

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


def test_a_yes_or_no_question_has_precision_recall_and_their_mean():
    found = binary([True, True, True, False, False], [True, False, False, True, False])
    assert found.precision == 0.5
    assert found.recall == pytest.approx(1 / 3)
    assert found.f1 == pytest.approx(0.4)
    assert binary([False], [False]) == Binary(0.0, 0.0, 0.0)


def test_micro_f1_counts_names_over_all_rows():
    true = [{"price", "staff"}, {"food"}, set()]
    given = [{"price"}, {"food", "staff"}, {"other"}]
    # Two hits; three names are there, four are given.
    assert micro_f1(true, given) == pytest.approx(4 / 7)
    assert micro_f1([set()], [set()]) == 0.0


def test_auc_is_how_often_a_positive_row_is_above_a_negative_one():
    assert auc([True, True, False, False], [0.9, 0.4, 0.4, 0.1]) == pytest.approx(3.5 / 4)
    assert auc([False, True], [0.9, 0.1]) == 0.0
    assert auc([True, True], [0.1, 0.2]) == 0.5


def test_calibration_error_is_the_gap_of_each_bin_by_its_size():
    assert calibration_error([True, False], [0.9, 0.9]) == pytest.approx(0.4)
    # Two bins: 0.95 with all right (0.05 too modest), 0.5 with half right (none).
    assert calibration_error([True, True, True, False], [0.95, 0.95, 0.5, 0.5]) == pytest.approx(0.025)
    assert calibration_error([True], [1.0]) == 0.0
    assert calibration_error([], []) == 0.0


def test_risk_counts_the_surest_rows_and_area_all_of_them():
    right, sure = [True, False, True, False], [0.9, 0.8, 0.7, 0.6]
    assert risk_at(right, sure, 4, 0.5) == 0.5
    assert risk_at(right, sure, 4, 1.0) == 0.5
    assert aurc(right, sure) == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)


def test_no_risk_is_told_for_rows_that_were_not_answered():
    assert risk_at([True, True], [0.9, 0.8], 4, 0.5) == 0.0
    assert risk_at([True, True], [0.9, 0.8], 4, 0.9) is None
    assert risk_at([], [], 0, 0.9) is None


def test_among_equally_sure_answers_the_order_of_rows_does_not_matter():
    assert risk_at([True, False], [0.5, 0.5], 2, 0.5) == risk_at([False, True], [0.5, 0.5], 2, 0.5) == 1.0
