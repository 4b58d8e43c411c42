"""When many complaints at once are told as one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules import StormPolicy
from alerts.storm import OpenStorm, StormPlan, Timed, plan_storm

START = datetime(2026, 11, 18, 10, tzinfo=UTC)
POLICY = StormPolicy(posts=3, within=timedelta(hours=1))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def plan(
    *minutes: float, told: tuple[float, ...] = (), storm: tuple[float, float] | None = None
) -> StormPlan:
    posts = [Timed(at(minute), number) for number, minute in enumerate(minutes)]
    span = OpenStorm(at(storm[0]), at(storm[1])) if storm else None
    return plan_storm(posts, [at(minute) for minute in told], span, POLICY)


def minutes_of(posts: tuple[Timed, ...]) -> list[float]:
    return [(post.at - START).total_seconds() / 60 for post in posts]


def test_fewer_posts_than_the_policy_asks_for_are_singles() -> None:
    found = plan(0, 30)
    assert minutes_of(found.alone) == [0, 30]
    assert (found.joining, found.widened, found.opening) == ((), None, ())


def test_nothing_becomes_nothing() -> None:
    assert plan(told=(0, 1, 2)) == StormPlan((), (), None, ())


@pytest.mark.parametrize(("minutes", "storms"), [((0, 30, 60), 1), ((0, 30, 60.01), 0), ((0, 0, 0), 1)])
def test_as_many_as_asked_for_within_the_time_are_a_storm(minutes: tuple[float, ...], storms: int) -> None:
    found = plan(*minutes)
    assert len(found.opening) == storms
    assert len(found.alone) == (0 if storms else 3)


def test_more_posts_than_asked_for_are_one_storm_with_all_in_reach() -> None:
    found = plan(0, 30, 60, 90, 150, 211)
    assert [minutes_of(storm.posts) for storm in found.opening] == [[0, 30, 60, 90, 150]]
    assert found.opening[0].span == OpenStorm(at(0), at(150))
    assert minutes_of(found.alone) == [211]


def test_singles_that_were_told_count_for_the_number() -> None:
    found = plan(50, told=(0, 10))
    assert [minutes_of(storm.posts) for storm in found.opening] == [[50]]
    assert found.opening[0].span == OpenStorm(at(0), at(50))


def test_singles_that_were_told_long_ago_do_not_count() -> None:
    assert plan(50, told=(-20, -11)).opening == ()


def test_told_singles_alone_never_open_a_storm() -> None:
    found = plan(500, told=(0, 1, 2, 3))
    assert found.opening == ()
    assert minutes_of(found.alone) == [500]


@pytest.mark.parametrize("minute", [-60, 0, 5, 70])
def test_a_post_near_an_open_storm_joins_and_widens_it(minute: float) -> None:
    found = plan(minute, storm=(0, 10))
    assert minutes_of(found.joining) == [minute]
    assert found.widened == OpenStorm(at(min(0, minute)), at(max(10, minute)))


@pytest.mark.parametrize("minute", [-60.01, 70.01])
def test_a_post_out_of_reach_of_an_open_storm_is_alone(minute: float) -> None:
    found = plan(minute, storm=(0, 10))
    assert minutes_of(found.alone) == [minute]
    assert (found.joining, found.widened) == ((), None)


def test_posts_reach_a_storm_one_through_the_other_in_any_order() -> None:
    found = plan(180, 60, 120, 300, storm=(0, 10))
    assert minutes_of(found.joining) == [60, 120, 180]
    assert minutes_of(found.alone) == [300]
    assert found.widened == OpenStorm(at(0), at(180))


def test_a_second_storm_opens_after_an_earlier_one() -> None:
    found = plan(10_000, 10_010, 10_020, storm=(0, 10))
    assert [minutes_of(storm.posts) for storm in found.opening] == [[10_000, 10_010, 10_020]]
    assert (found.alone, found.widened) == ((), None)


def test_one_batch_can_join_a_storm_and_open_others() -> None:
    found = plan(20, 500, 501, 502, 900, 901, 902, 1500, storm=(0, 10))
    assert minutes_of(found.joining) == [20]
    assert [minutes_of(storm.posts) for storm in found.opening] == [[500, 501, 502], [900, 901, 902]]
    assert minutes_of(found.alone) == [1500]


TIMES = st.lists(st.integers(0, 600), max_size=14)


@given(TIMES, TIMES, st.none() | st.tuples(st.integers(0, 600), st.integers(0, 120)))
def test_every_post_lands_in_exactly_one_place(
    minutes: list[int], told: list[int], storm: tuple[int, int] | None
) -> None:
    span = (storm[0], storm[0] + storm[1]) if storm else None
    found = plan(*minutes, told=tuple(told), storm=span)
    placed = [*found.alone, *found.joining, *(post for one in found.opening for post in one.posts)]
    assert sorted(post.mention_id for post in placed) == list(range(len(minutes)))
    assert (found.widened is None) == (not found.joining)
    for one in found.opening:
        assert one.posts
        assert one.span.first_at <= one.posts[0].at <= one.posts[-1].at <= one.span.last_at


@given(TIMES, TIMES, st.integers(0, 1_000_000))
def test_the_order_of_the_posts_does_not_matter(minutes: list[int], told: list[int], seed: int) -> None:
    posts = [Timed(at(minute), number) for number, minute in enumerate(minutes)]
    mixed = random.Random(seed).sample(posts, len(posts))
    before = [at(minute) for minute in told]
    assert plan_storm(mixed, before, None, POLICY) == plan_storm(posts, before, None, POLICY)


@given(TIMES, TIMES)
def test_what_is_left_alone_is_no_storm_by_itself(minutes: list[int], told: list[int]) -> None:
    found = plan(*minutes, told=tuple(told))
    alone = [post.at for post in found.alone]
    assert plan_storm(found.alone, [at(minute) for minute in told], None, POLICY).alone == found.alone
    for first in alone:
        assert sum(first <= other <= first + POLICY.within for other in alone) < POLICY.posts
