"""When many complaints at once are one problem: a pure plan over their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.rules import StormPolicy

__all__ = ["NewStorm", "OpenStorm", "StormPlan", "Timed", "plan_storm"]


@dataclass(frozen=True, slots=True, order=True)
class Timed:
    """A post that deserves an alert, and when it was published."""

    at: datetime
    mention_id: int


@dataclass(frozen=True, slots=True)
class OpenStorm:
    """The span of posts of a storm that people have been told about."""

    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class NewStorm:
    """A storm that opens: its span, told singles included, and its posts, the first one first."""

    span: OpenStorm
    posts: tuple[Timed, ...]


@dataclass(frozen=True, slots=True)
class StormPlan:
    """What becomes of each post: alone, into the storm that is open (with its new span), or into a new one."""

    alone: tuple[Timed, ...]
    joining: tuple[Timed, ...]
    widened: OpenStorm | None
    opening: tuple[NewStorm, ...]


def plan_storm(
    posts: Sequence[Timed], told: Sequence[datetime], storm: OpenStorm | None, policy: StormPolicy
) -> StormPlan:
    """Sort posts that deserve an alert into singles and storms.

    `told` are the times of posts that were alerted one by one before; they count, so that the post that makes
    the number full opens the storm. Posts within `policy.within` of an open storm's span join and widen it;
    posts out of its reach may open storms of their own.
    """
    rest = sorted(posts)
    joining: list[Timed] = []
    widened = storm
    if storm is not None:
        joining, rest, widened = _reached(rest, storm, policy)
    opening: list[NewStorm] = []
    while (window := _full_window(rest, told, policy)) is not None:
        inside, rest, span = _reached(rest, window, policy)
        opening.append(NewStorm(span, tuple(inside)))
    return StormPlan(tuple(rest), tuple(joining), widened if joining else None, tuple(opening))


def _reached(
    posts: Sequence[Timed], span: OpenStorm, policy: StormPolicy
) -> tuple[list[Timed], list[Timed], OpenStorm]:
    """The posts that a storm takes in, those that it does not, and its span with them; all sorted."""
    inside: list[Timed] = []
    rest = list(posts)
    first, last = span.first_at, span.last_at
    # From the middle outwards: each post that joins may bring the next one into reach.
    while near := [post for post in rest if first - policy.within <= post.at <= last + policy.within]:
        inside += near
        first, last = min(first, near[0].at), max(last, near[-1].at)
        rest = [post for post in rest if post not in near]
    return sorted(inside), rest, OpenStorm(first, last)


def _full_window(posts: Sequence[Timed], told: Sequence[datetime], policy: StormPolicy) -> OpenStorm | None:
    """The first window of `policy.within` that holds enough posts, at least one of them new."""
    times = sorted([(post.at, True) for post in posts] + [(at, False) for at in told])
    for index, (start, _) in enumerate(times):
        window = [item for item in times[index:] if item[0] - start <= policy.within]
        if len(window) >= policy.posts and any(new for _, new in window):
            return OpenStorm(start, window[-1][0])
    return None
