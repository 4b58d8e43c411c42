"""The satisfaction measures against the handbook's worked examples."""

from __future__ import annotations

import pytest

from alerts.digest.measures import average, ces, csat, nps


def test_ten_detractors_thirty_passives_and_sixty_promoters_give_fifty() -> None:
    assert nps([3] * 10 + [7] * 30 + [9] * 60) == 50


@pytest.mark.parametrize(
    ("answers", "score"),
    [([0, 6], -100), ([9, 10], 100), ([7, 8], 0), ([6, 7, 8, 9], 0), ([10, 0, 0], pytest.approx(-100 / 3))],
)
def test_nps_is_promoters_minus_detractors(answers: list[int], score: float) -> None:
    assert nps(answers) == score


@pytest.mark.parametrize(
    ("answers", "score"), [([4, 5], 100), ([1, 2, 3, 4], 25), ([3.5, 4.5], 50), ([1, 3], 0)]
)
def test_csat_is_the_share_of_fours_and_fives(answers: list[float], score: float) -> None:
    assert csat(answers) == score


@pytest.mark.parametrize(
    ("answers", "score"), [([1, 2, 3], -100), ([5, 6, 7], 100), ([4], 0), ([1, 1, 4, 7], -25)]
)
def test_ces_is_difficult_minus_easy(answers: list[int], score: float) -> None:
    assert ces(answers) == score


@pytest.mark.parametrize("measure", [csat, nps, ces, average])
def test_without_an_answer_there_is_no_measure(measure) -> None:
    assert measure([]) is None
