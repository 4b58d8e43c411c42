"""What becomes of a notice and its channel after one failed attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.outbox import GIVE_UP_ATTEMPTS, LONGEST_ASKED, LONGEST_WAIT, Attempt, Verdict, after_error
from atbalss.errors import (
    ChannelRefused,
    ChannelThrottled,
    ChannelUnavailable,
    MessageRefused,
    SourceUnavailable,
    StoreError,
)
from tests.clock import NOW


def unavailable(retry_after: float | None = None) -> ChannelUnavailable:
    return ChannelUnavailable("channel a", "no answer", "it is tried again", retry_after=retry_after)


def throttled(retry_after: float | None = None) -> ChannelThrottled:
    return ChannelThrottled("channel a", "429", "it waits", retry_after=retry_after)


def test_a_refused_message_is_dead_and_the_channel_is_well() -> None:
    attempt = after_error(MessageRefused("channel a", "too long", ""), 1, 3, NOW)
    assert attempt == Attempt(Verdict.MESSAGE_REFUSED, dead=True)


def test_a_refusing_channel_is_paused_and_the_message_lives() -> None:
    attempt = after_error(ChannelRefused("channel a", "token", ""), GIVE_UP_ATTEMPTS + 1, 3, NOW)
    assert attempt == Attempt(Verdict.CHANNEL_REFUSED, pause=True)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 30), (1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (6, 900), (10**9, 900)],
)
def test_the_wait_doubles_with_each_failure_of_the_channel_up_to_a_cap(failures: int, seconds: int) -> None:
    attempt = after_error(unavailable(), 1, failures, NOW)
    assert attempt == Attempt(Verdict.TRY_AGAIN, wait_until=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(0, 1), (-5, 1), (0.2, 1), (7, 7), (3600, 3600), (1e18, 86400), (float("inf"), 86400)],
)
def test_the_wait_that_was_asked_for_is_kept_within_bounds(asked: float, seconds: int) -> None:
    for error, verdict in ((throttled(asked), Verdict.THROTTLED), (unavailable(asked), Verdict.TRY_AGAIN)):
        assert after_error(error, 1, 9, NOW) == Attempt(verdict, wait_until=NOW + timedelta(seconds=seconds))


def test_a_throttled_message_is_never_given_up() -> None:
    attempt = after_error(throttled(5), GIVE_UP_ATTEMPTS * 100, 500, NOW)
    assert attempt.verdict is Verdict.THROTTLED
    assert not attempt.dead


def test_a_message_that_fails_for_days_gives_the_others_a_turn() -> None:
    assert not after_error(unavailable(), GIVE_UP_ATTEMPTS - 1, 200, NOW).dead
    attempt = after_error(unavailable(), GIVE_UP_ATTEMPTS, 200, NOW)
    assert attempt == Attempt(Verdict.GAVE_UP, dead=True, wait_until=NOW + LONGEST_WAIT)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), OSError("x"), StoreError("db", "x"), TimeoutError()]
)
def test_an_error_that_is_not_the_channels_is_tried_again(error: Exception) -> None:
    assert after_error(error, 1, 0, NOW).verdict is Verdict.TRY_AGAIN


ERRORS = st.one_of(
    st.builds(unavailable, st.none() | st.floats(allow_nan=False)),
    st.builds(throttled, st.none() | st.floats(allow_nan=False)),
    st.just(MessageRefused("a", "b")),
    st.just(ChannelRefused("a", "b")),
    st.just(SourceUnavailable("a", "b")),
    st.builds(RuntimeError, st.text(max_size=3)),
)


@given(ERRORS, st.integers(1, 10**6), st.integers(0, 10**6))
def test_every_attempt_ends_in_one_way(error: Exception, attempts: int, failures: int) -> None:
    attempt = after_error(error, attempts, failures, NOW)
    assert attempt.dead + attempt.pause <= 1
    # Whoever is neither dead nor paused is tried again, and not at once.
    if not attempt.dead and not attempt.pause:
        assert attempt.wait_until is not None
    if attempt.wait_until is not None:
        assert timedelta(seconds=1) <= attempt.wait_until - NOW <= LONGEST_ASKED
