"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atbalss.duration import parse_duration, say_duration

READ = {
    "90s": timedelta(seconds=90),
    "15m": timedelta(minutes=15),
    " 2 h ": timedelta(hours=2),
    "7d": timedelta(days=7),
    "4w": timedelta(weeks=4),
    "0s": timedelta(0),
    "36500d": timedelta(days=36500),
}


@pytest.mark.parametrize(("written", "meant"), READ.items())
def test_it_is_read(written: str, meant: timedelta) -> None:
    assert parse_duration(written) == meant


@pytest.mark.parametrize(
    "wrong", ["", "7", "d", "7 days", "-7d", "1.5h", "7D", "1h30m", "7d\n7d", 7, None, True]
)
def test_something_else_is_refused_with_an_example(wrong: object) -> None:
    with pytest.raises(ValueError, match="15m"):
        parse_duration(wrong)


@pytest.mark.parametrize("long", ["36501d", "999999999999999999w", "9" * 5000 + "s"])
def test_a_duration_that_overflows_is_refused(long: str) -> None:
    with pytest.raises(ValueError, match=r"at most|digits"):
        parse_duration(long)


@given(st.integers(0, 36500 * 86400))
def test_what_is_said_is_read_as_the_same(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    assert parse_duration(say_duration(value)) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (timedelta(weeks=2), "14d"),
        (timedelta(days=8), "8d"),
        (timedelta(minutes=60), "1h"),
        (timedelta(seconds=61), "61s"),
        (timedelta(0), "0s"),
    ],
)
def test_the_largest_even_unit_up_to_days_is_said(value: timedelta, said: str) -> None:
    assert say_duration(value) == said
