"""Calibration finds what made the numbers, and never says less than it must."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nlp.calibration import ANY
from nlp.training.calibrate import calibrated, least_margin, platt, temperature, thresholds
from nlp.training.examples import Example
from nlp.training.own_texts import ASPECTS, LABELS

CHANCE = np.random.default_rng
Floats = npt.NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def drawn_labels(shares: Floats, chance: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.asarray((shares.cumsum(1) > chance.random((len(shares), 1))).argmax(1))


@pytest.mark.parametrize("true", [0.5, 1.0, 1.8, 3.0])
def test_temperature_finds_the_one_that_the_logits_were_multiplied_by(true: float) -> None:
    chance = CHANCE(4)
    logits = chance.normal(0, 1.5, (6_000, 3))
    labels = drawn_labels(softmax(logits), chance)
    assert temperature(true * logits, labels) == pytest.approx(true, rel=0.08)


def test_temperature_stays_in_its_range() -> None:
    logits = np.array([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    assert temperature(logits, np.array([0, 1])) == 0.3
    assert temperature(logits, np.array([1, 2])) == 4.0


def shares_with_margins(margins: Floats) -> Floats:
    """Three shares whose best is ahead of the second by `margins`, the third nearly nothing."""
    third = np.full_like(margins, 1e-9)
    return np.stack([(1 + margins) / 2, (1 - margins) / 2, third], axis=1)


def test_a_perfect_model_says_everything() -> None:
    shares = shares_with_margins(np.linspace(0, 1, 500))
    assert least_margin(shares, np.zeros(500, np.int64)) == 0.0


def test_a_model_that_tosses_coins_where_it_is_unsure_stays_silent_there() -> None:
    margins = np.concatenate([np.linspace(0.0, 0.099, 30), np.linspace(0.5, 1.0, 970)])
    labels = np.zeros(1000, np.int64)
    labels[:30:2] = 1
    assert least_margin(shares_with_margins(margins), labels) == pytest.approx(0.5)
    # A coin that falls right seven times in ten is worth hearing.
    labels[:30] = 0
    labels[:30:4] = 1
    assert least_margin(shares_with_margins(margins), labels) == 0.0


def test_a_model_that_is_unsure_everywhere_may_not_be_silent_everywhere() -> None:
    shares = shares_with_margins(np.full(400, 0.01))
    assert least_margin(shares, np.arange(400) % 2) == 0.0


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 200), st.just(3)), elements=st.floats(-6, 6)),
    st.integers(0, 2**32),
)
def test_no_more_than_a_twenty_fifth_is_left_unjudged(logits: Floats, seed: int) -> None:
    shares = softmax(logits)
    labels = CHANCE(seed).integers(0, 3, len(shares))
    ordered = np.sort(shares, axis=1)
    silent = ordered[:, 2] - ordered[:, 1] < least_margin(shares, labels)
    assert silent.mean() <= 0.04 + 1e-9


@pytest.mark.parametrize(("factor", "shift"), [(1.0, 0.0), (2.0, -1.0), (0.3, 0.5), (1.5, 2.0), (-1.0, 0.2)])
def test_platt_finds_the_line_that_made_the_answers(factor: float, shift: float) -> None:
    chance = CHANCE(9)
    logits = chance.normal(0, 2, 20_000)
    needed = chance.random(20_000) < 1 / (1 + np.exp(-(factor * logits + shift)))
    assert platt(logits, needed) == pytest.approx((factor, shift), rel=0.05, abs=0.1)


def test_platt_does_not_run_away_where_the_logits_say_nothing() -> None:
    chance = CHANCE(1)
    logits, needed = chance.normal(0, 12, 1000), chance.random(1000) < 0.3
    factor, shift = platt(logits, needed)
    assert abs(factor) < 0.05
    assert 1 / (1 + np.exp(-shift)) == pytest.approx(needed.mean(), abs=0.02)


@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0])
def test_platt_stays_finite_where_the_logits_say_everything(spread: float) -> None:
    logits = spread * np.concatenate([np.linspace(-2, -1, 40), np.linspace(1, 2, 60)])
    factor, shift = platt(logits, logits > 0)
    shares = 1 / (1 + np.exp(-(factor * logits + shift)))
    assert (shares[:40] < 0.2).all()
    assert (shares[40:] > 0.8).all()
    assert 0 < factor * spread < 20


@pytest.mark.parametrize("answer", [True, False])
def test_platt_of_equal_answers_gives_that_answer_without_certainty(answer: bool) -> None:
    logits = CHANCE(2).normal(0, 1, 50)
    factor, shift = platt(logits, np.full(50, answer))
    shares = 1 / (1 + np.exp(-(factor * logits + shift)))
    assert ((shares > 0.9) == answer).all()
    assert shares.max() < 0.999


def aspect_shares(rows: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    return np.full((rows, len(ASPECTS)), 0.01), np.zeros((rows, len(ASPECTS)), bool)


def test_an_aspect_with_enough_rows_has_its_own_threshold() -> None:
    shares, named = aspect_shares(200)
    # "price" is said from .60 on, "delivery" from .20 on.
    shares[:100, 0], named[:50, 0] = 0.45, False
    shares[:50, 0], named[:50, 0] = 0.62, True
    shares[100:160, 1], named[100:160, 1] = 0.22, True
    found = thresholds(shares, named)
    assert 0.45 < found["price"] <= 0.62
    assert found["delivery"] <= 0.22
    assert set(found) == set(ASPECTS)


def test_a_rare_aspect_has_the_common_threshold() -> None:
    shares, named = aspect_shares(200)
    shares[:100, 0], named[:100, 0] = 0.52, True
    shares[100:, 0] = 0.33
    shares[:5, 3], named[:5, 3] = 0.2, True
    found = thresholds(shares, named)
    assert found[ASPECTS[3]] == found["other"]
    assert 0.33 < found["other"] <= 0.52


def row(lang: str, label: str, *, needs_reply: bool, aspects: tuple[str, ...] = ()) -> Example:
    return Example("x", lang, "own", label, needs_reply, frozenset(aspects))


def test_calibrating_is_by_language_where_there_are_enough_rows() -> None:
    chance = CHANCE(6)
    langs = ["lv"] * 4000 + ["lt"] * 4000 + ["en"] * 99
    heat = np.array([{"lv": 0.8, "lt": 2.0, "en": 1.0}[lang] for lang in langs])[:, None]
    plain = chance.normal(0, 1.5, (len(langs), 3))
    labels = drawn_labels(softmax(plain), chance)
    reply = chance.normal(0, 2, (len(langs), 1))
    needed = chance.random(len(langs)) < 1 / (1 + np.exp(-(2 * reply[:, 0] + 1)))
    aspects = chance.normal(-3, 1, (len(langs), len(ASPECTS)))
    rows = [
        row(lang, LABELS[label], needs_reply=bool(need), aspects=("price",) if aspects[place, 0] > -2 else ())
        for place, (lang, label, need) in enumerate(zip(langs, labels, needed, strict=True))
    ]
    found = calibrated({"sentiment": plain * heat, "needs_reply": reply, "aspects": aspects}, rows)
    assert set(found.temperature) == {ANY, "lv", "lt"}
    assert found.temperature_of("lv") == pytest.approx(0.8, rel=0.1)
    assert found.temperature_of("lt") == pytest.approx(2.0, rel=0.1)
    assert found.temperature_of("en") == found.temperature[ANY]
    assert found.needs_reply == pytest.approx((2.0, 1.0), rel=0.15)
    assert set(found.aspects) == set(ASPECTS)
    assert 0.0 <= found.least_margin < 0.52
