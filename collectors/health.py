"""What a success or a failure means for a source: pure decisions on plain values.

    ok ──failure──> failing ──success──> ok          waits grow up to a cap, and never become "off"
    ok ──refused──> failing ──refused again──> auth_lost (paused until somebody resumes it)
    ok ──410──> gone (paused)      ok ──429──> throttled (waits as long as asked)
    ok ──silence──> quiet ──a post──> ok

Only a refusal counts for `auth_lost`: a network that fails between two refusals changes nothing about
them. A paused source has no `next_due`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from atbalss.errors import CollectError, SourceAuthLost, SourceGone, SourceThrottled, Transient
from collectors.backoff import growing_delay

__all__ = [
    "Gap",
    "HealthChange",
    "HealthReason",
    "Plan",
    "QuietReason",
    "Quietness",
    "SourceHealth",
    "SourceStatus",
    "after_failure",
    "after_success",
    "coverage_gap",
    "next_due",
    "resumed",
    "went_quiet",
]

LONGEST_WAIT = timedelta(days=31)
_REFUSALS_UNTIL_LOST = 2


class SourceStatus(StrEnum):
    """The state that people see."""

    OK = "ok"
    FAILING = "failing"
    AUTH_LOST = "auth_lost"
    GONE = "gone"
    THROTTLED = "throttled"
    QUIET = "quiet"


class HealthReason(StrEnum):
    """Why a source is in its state."""

    COLLECTED = "collected"
    SILENT = "silent"
    FAILED = "failed"
    REFUSED = "refused"
    REFUSED_AGAIN = "refused_again"
    ASKED_TO_WAIT = "asked_to_wait"
    GONE_FOR_GOOD = "gone_for_good"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a source is asked: every `interval`, spread by the fraction `jitter`.

    After failures the wait grows from `interval` up to `longest_delay`.
    """

    interval: timedelta
    jitter: float = 0.1
    longest_delay: timedelta = timedelta(hours=12)

    def __post_init__(self) -> None:
        if self.interval <= timedelta(0) or not 0 <= self.jitter < 1:
            raise ValueError("an interval is above zero and a jitter from 0 up to, not including, 1")


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source is doing. `note` holds the last error, which names the remedy; no secrets, no texts."""

    status: SourceStatus = SourceStatus.OK
    failures: int = 0
    auth_failures: int = 0
    last_success: datetime | None = None
    last_post_at: datetime | None = None
    next_due: datetime | None = None
    note: str = ""

    @property
    def paused(self) -> bool:
        """Whether only a person can start it again."""
        return self.status in (SourceStatus.AUTH_LOST, SourceStatus.GONE)


@dataclass(frozen=True, slots=True)
class HealthChange:
    """The next state and its reason; `announce` is true once for each change that people must hear of."""

    health: SourceHealth
    reason: HealthReason
    announce: bool


class QuietReason(StrEnum):
    """Why a source counts as quiet, or why not."""

    TOO_FEW_POSTS = "too_few_posts"
    AS_USUAL = "as_usual"
    LONGER_THAN_EVER = "longer_than_ever"


@dataclass(frozen=True, slots=True)
class Quietness:
    """Whether a source went quiet: silent for `silence`, when at most `allowed` would be usual."""

    quiet: bool
    reason: QuietReason
    silence: timedelta
    allowed: timedelta


@dataclass(frozen=True, slots=True)
class Gap:
    """The half-open time [start, end) whose posts the source no longer shows."""

    start: datetime
    end: datetime


def next_due(
    now: datetime,
    interval: timedelta,
    *,
    jitter: float,
    random: random.Random,
    retry_after: float | None = None,
    next_after: datetime | None = None,
) -> datetime:
    """When to ask again: after the jittered interval, never before the source wants it, within 31 days."""
    due = now + interval * (1 + jitter * (2 * random.random() - 1))
    if retry_after is not None:
        # Bounded before it becomes a timedelta, which overflows.
        due = max(due, now + timedelta(seconds=min(retry_after, LONGEST_WAIT.total_seconds())))
    if next_after is not None:
        due = max(due, next_after)
    return min(due, now + LONGEST_WAIT)


def after_success(
    state: SourceHealth,
    *,
    now: datetime,
    plan: Plan,
    random: random.Random,
    newest_post: datetime | None = None,
    next_after: datetime | None = None,
    quietness: Quietness | None = None,
) -> HealthChange:
    """The state after a collection that reached its end; `newest_post` is the latest `published_at` in it."""
    quiet = quietness is not None and quietness.quiet
    times = [time for time in (state.last_post_at, newest_post) if time is not None]
    status = SourceStatus.QUIET if quiet else SourceStatus.OK
    health = SourceHealth(
        status=status,
        last_success=now,
        last_post_at=max(times, default=None),
        next_due=next_due(now, plan.interval, jitter=plan.jitter, random=random, next_after=next_after),
        note=f"no posts for {quietness.silence.days} days" if quietness is not None and quiet else "",
    )
    return HealthChange(
        health, HealthReason.SILENT if quiet else HealthReason.COLLECTED, announce=status is not state.status
    )


def after_failure(
    state: SourceHealth, error: CollectError, *, now: datetime, plan: Plan, random: random.Random
) -> HealthChange:
    """The state after a collection that ended with `error`."""
    failures = state.failures + 1
    refusals = state.auth_failures + isinstance(error, SourceAuthLost)
    if isinstance(error, SourceGone):
        status, reason = SourceStatus.GONE, HealthReason.GONE_FOR_GOOD
    elif isinstance(error, SourceAuthLost) and refusals >= _REFUSALS_UNTIL_LOST:
        status, reason = SourceStatus.AUTH_LOST, HealthReason.REFUSED_AGAIN
    elif isinstance(error, SourceAuthLost):
        status, reason = SourceStatus.FAILING, HealthReason.REFUSED
    elif isinstance(error, SourceThrottled):
        status, reason = SourceStatus.THROTTLED, HealthReason.ASKED_TO_WAIT
    else:
        status, reason = SourceStatus.FAILING, HealthReason.FAILED
    health = replace(
        state, status=status, failures=failures, auth_failures=refusals, next_due=None, note=str(error)
    )
    if not health.paused:
        base = plan.interval.total_seconds()
        delay = growing_delay(
            failures, base=base, cap=max(base, plan.longest_delay.total_seconds()), random=random
        )
        due = next_due(
            now,
            timedelta(seconds=delay),
            jitter=0,
            random=random,
            retry_after=error.retry_after if isinstance(error, Transient) else None,
        )
        health = replace(health, next_due=due)
    return HealthChange(health, reason, announce=status is not state.status)


def resumed(state: SourceHealth, *, now: datetime) -> HealthChange:
    """The state after a person mended a paused source: due at once, its refusals forgotten."""
    health = replace(
        state, status=SourceStatus.OK, failures=0, auth_failures=0, next_due=now, note="resumed by a person"
    )
    return HealthChange(health, HealthReason.RESUMED, announce=False)


def went_quiet(
    post_times: Sequence[datetime],
    now: datetime,
    *,
    least_posts: int = 8,
    least_silence: timedelta = timedelta(days=2),
    factor: float = 2.0,
) -> Quietness:
    """Whether a source that always had posts has had none for unusually long.

    `post_times` are the publishing times of its recent posts (some 50 are plenty) in any order. Unusual is
    `factor` times the longest pause among them, so weekends and holidays count as usual once they
    happened; with fewer than `least_posts` nothing is usual yet.
    """
    times = sorted(time for time in post_times if time <= now)
    silence = now - times[-1] if times else timedelta(0)
    if len(times) < least_posts:
        return Quietness(False, QuietReason.TOO_FEW_POSTS, silence, LONGEST_WAIT)
    allowed = max(least_silence, factor * max(after - before for before, after in pairwise(times)))
    quiet = silence > allowed
    return Quietness(quiet, QuietReason.LONGER_THAN_EVER if quiet else QuietReason.AS_USUAL, silence, allowed)


def coverage_gap(last_success: datetime | None, now: datetime, window: timedelta | None) -> Gap | None:
    """The time since the last success that a source with a limited `window` no longer shows, if any."""
    if last_success is None or window is None or now - last_success <= window:
        return None
    return Gap(last_success, now - window)
