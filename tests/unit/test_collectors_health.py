"""What successes and failures mean for a source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atbalss.errors import (
    CollectError,
    SourceAuthLost,
    SourceChanged,
    SourceGone,
    SourceThrottled,
    SourceUnavailable,
)
from collectors.health import (
    LONGEST_WAIT,
    Gap,
    HealthChange,
    HealthReason,
    Plan,
    QuietReason,
    SourceHealth,
    SourceStatus,
    after_failure,
    after_success,
    coverage_gap,
    next_due,
    resumed,
    went_quiet,
)

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = Plan(HOUR, jitter=0)
REFUSED = SourceAuthLost("s", "answers 401")
DOWN = SourceUnavailable("s", "answers 503")


def failed(state: SourceHealth, *errors: CollectError) -> HealthChange:
    for error in errors:
        change = after_failure(state, error, now=NOW, plan=PLAN, random=Random(1))
        state = change.health
    return change


def succeeded(state: SourceHealth, **options) -> HealthChange:
    return after_success(state, now=NOW, plan=PLAN, random=Random(1), **options)


def test_a_success_clears_all_failures_and_plans_the_next_visit():
    state = SourceHealth(SourceStatus.FAILING, 7, 1, NOW - 9 * HOUR, None, NOW, "answers 503")
    change = succeeded(state, newest_post=NOW - HOUR)
    assert change.health == SourceHealth(
        SourceStatus.OK, last_success=NOW, last_post_at=NOW - HOUR, next_due=NOW + HOUR
    )
    assert (change.reason, change.announce) == (HealthReason.COLLECTED, True)


def test_a_success_after_a_success_is_nothing_to_tell():
    assert not succeeded(SourceHealth()).announce


def test_an_old_post_does_not_set_the_time_of_the_last_one_back():
    state = SourceHealth(last_post_at=NOW - HOUR)
    assert succeeded(state, newest_post=NOW - 5 * HOUR).health.last_post_at == NOW - HOUR
    assert succeeded(state).health.last_post_at == NOW - HOUR


def test_a_failure_is_told_once_and_keeps_the_last_success():
    state = SourceHealth(last_success=NOW - HOUR)
    first = failed(state, DOWN)
    second = failed(first.health, DOWN)
    assert (first.announce, second.announce) == (True, False)
    assert second.health.last_success == NOW - HOUR
    assert second.health.failures == 2
    assert "answers 503" in second.health.note
    assert second.reason is HealthReason.FAILED


def test_waits_grow_up_to_a_cap_and_a_source_is_never_off():
    waits = []
    state = SourceHealth()
    for _ in range(200):
        state = failed(state, DOWN).health
        assert state.next_due is not None
        waits.append(state.next_due - NOW)
    assert waits[0] <= HOUR
    assert waits[3] > 3 * HOUR
    assert max(waits) <= PLAN.longest_delay
    assert not state.paused


def test_one_refusal_is_tried_again_and_two_in_a_row_pause_the_source():
    first = failed(SourceHealth(), REFUSED)
    assert (first.health.status, first.reason) == (SourceStatus.FAILING, HealthReason.REFUSED)
    assert first.health.next_due is not None
    second = failed(first.health, REFUSED)
    assert (second.health.status, second.reason) == (SourceStatus.AUTH_LOST, HealthReason.REFUSED_AGAIN)
    assert second.health.paused
    assert second.health.next_due is None
    assert second.announce


def test_a_network_failure_never_counts_as_a_refusal():
    assert failed(SourceHealth(), *[DOWN] * 9).health.auth_failures == 0
    assert failed(SourceHealth(), REFUSED, DOWN).health.status is SourceStatus.FAILING
    assert failed(SourceHealth(), REFUSED, DOWN, REFUSED).health.status is SourceStatus.AUTH_LOST


def test_a_success_between_two_refusals_forgets_the_first():
    state = succeeded(failed(SourceHealth(), REFUSED).health).health
    assert failed(state, REFUSED).health.status is SourceStatus.FAILING


def test_a_source_that_is_gone_is_paused_at_once():
    change = failed(SourceHealth(), SourceGone("s", "answers 410"))
    assert (change.health.status, change.reason) == (SourceStatus.GONE, HealthReason.GONE_FOR_GOOD)
    assert change.health.paused
    assert change.health.next_due is None


def test_a_throttled_source_waits_as_long_as_asked():
    change = failed(SourceHealth(), SourceThrottled("s", "answers 429", retry_after=6 * 3600))
    assert (change.health.status, change.reason) == (SourceStatus.THROTTLED, HealthReason.ASKED_TO_WAIT)
    assert change.health.next_due == NOW + 6 * HOUR


def test_a_changed_source_fails_and_is_tried_again():
    health = failed(SourceHealth(), SourceChanged("s", "is no feed")).health
    assert health.status is SourceStatus.FAILING
    assert health.next_due is not None


def test_a_paused_source_starts_again_when_somebody_resumes_it():
    lost = failed(SourceHealth(last_success=NOW - HOUR), REFUSED, REFUSED).health
    health = resumed(lost, now=NOW).health
    assert (health.status, health.next_due, health.last_success) == (SourceStatus.OK, NOW, NOW - HOUR)
    assert failed(health, REFUSED).health.status is SourceStatus.FAILING


def test_the_next_visit_is_spread_by_the_jitter():
    dues = {next_due(NOW, HOUR, jitter=0.1, random=Random(seed)) for seed in range(50)}
    assert len(dues) == 50
    assert all(NOW + 0.9 * HOUR <= due <= NOW + 1.1 * HOUR for due in dues)


def test_the_next_visit_is_never_before_the_source_wants_it():
    later = NOW + 5 * HOUR
    assert next_due(NOW, HOUR, jitter=0, random=Random(1), next_after=later) == later
    assert next_due(NOW, HOUR, jitter=0, random=Random(1), retry_after=7200) == NOW + 2 * HOUR
    assert next_due(NOW, HOUR, jitter=0, random=Random(1), next_after=NOW, retry_after=1) == NOW + HOUR


@given(
    st.floats(min_value=0, allow_nan=False), st.timedeltas(min_value=timedelta(0), max_value=timedelta(9999))
)
def test_no_wish_puts_a_visit_off_beyond_31_days(seconds, pause):
    due = next_due(NOW, HOUR, jitter=0, random=Random(1), retry_after=seconds, next_after=NOW + pause)
    assert NOW + HOUR <= due <= NOW + LONGEST_WAIT


@pytest.mark.parametrize(("interval", "jitter"), [(timedelta(0), 0.1), (HOUR, 1.0), (HOUR, -0.1)])
def test_an_impossible_plan_is_refused(interval, jitter):
    with pytest.raises(ValueError, match="interval"):
        Plan(interval, jitter)


def daily(count: int, *, end: datetime) -> list[datetime]:
    return [end - timedelta(days=day) for day in range(count)]


def test_a_source_that_posted_daily_is_quiet_after_more_than_two_days():
    times = daily(20, end=NOW - timedelta(days=2, hours=1))
    found = went_quiet(times, NOW)
    assert (found.quiet, found.reason) == (True, QuietReason.LONGER_THAN_EVER)
    assert found.allowed == timedelta(days=2)
    assert found.silence == timedelta(days=2, hours=1)


def test_a_pause_that_happened_before_is_usual():
    times = [*daily(10, end=NOW - timedelta(days=5)), *daily(10, end=NOW - timedelta(days=22))]
    found = went_quiet(times, NOW)
    assert (found.quiet, found.reason) == (False, QuietReason.AS_USUAL)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_with_few_posts_nothing_is_unusual(count):
    found = went_quiet(daily(count, end=NOW - timedelta(days=300)), NOW)
    assert (found.quiet, found.reason) == (False, QuietReason.TOO_FEW_POSTS)


def test_posts_from_the_future_do_not_hide_the_silence():
    times = [*daily(20, end=NOW - timedelta(days=30)), NOW + timedelta(days=400)]
    assert went_quiet(times, NOW).quiet


def test_a_quiet_source_is_told_once_and_until_it_speaks_again():
    silence = went_quiet(daily(20, end=NOW - timedelta(days=9)), NOW)
    first = succeeded(SourceHealth(), quietness=silence)
    assert (first.health.status, first.reason, first.announce) == (
        SourceStatus.QUIET,
        HealthReason.SILENT,
        True,
    )
    assert "9 days" in first.health.note
    assert not first.health.paused
    assert not succeeded(first.health, quietness=silence).announce
    assert succeeded(first.health, newest_post=NOW).announce


def test_a_gap_longer_than_the_window_is_lost_coverage():
    week = timedelta(days=7)
    last = NOW - timedelta(days=10)
    assert coverage_gap(last, NOW, week) == Gap(last, NOW - week)
    assert coverage_gap(NOW - week, NOW, week) is None
    assert coverage_gap(last, NOW, None) is None
    assert coverage_gap(None, NOW, week) is None
