"""The queue per host."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.backoff import growing_delay
from collectors.limits import HostLimits
from tests.servers.clock import FakeClock


def limits_of(clock: FakeClock, *, interval: float = 2.0, concurrency: int = 2) -> HostLimits:
    return HostLimits(interval=interval, concurrency=concurrency, sleep=clock.sleep, clock=clock.seconds)


async def take_turns(limits: HostLimits, *hosts: str) -> None:
    for host in hosts:
        async with limits.turn(host):
            pass


def test_requests_to_one_host_start_an_interval_apart():
    clock = FakeClock()
    asyncio.run(take_turns(limits_of(clock), "a.lv", "a.lv", "a.lv"))
    assert clock.slept == [2.0, 2.0]


def test_another_host_does_not_wait():
    clock = FakeClock()
    asyncio.run(take_turns(limits_of(clock), "a.lv", "b.lv", "c.lv"))
    assert clock.slept == []


def test_callers_that_come_together_queue_behind_each_other():
    clock = FakeClock()
    limits = limits_of(clock, concurrency=9)
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    limits._sleep = sleep

    async def main() -> None:
        await asyncio.gather(*(take_turns(limits, "a.lv") for _ in range(4)))

    asyncio.run(main())
    assert asked == [2.0, 4.0, 6.0]


def test_no_more_than_the_allowed_number_runs_at_one_host():
    limits = limits_of(FakeClock(), interval=0, concurrency=2)
    running: list[int] = []
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with limits.turn("a.lv"):
            inside += 1
            running.append(inside)
            for _ in range(5):
                await asyncio.sleep(0)
            inside -= 1

    async def main() -> None:
        await asyncio.gather(*(work() for _ in range(6)))

    asyncio.run(main())
    assert max(running) == 2
    assert len(running) == 6


def test_a_pause_holds_everybody_back_from_that_host():
    clock = FakeClock()
    limits = limits_of(clock, interval=0)
    limits.pause("a.lv", 30)
    limits.pause("a.lv", 10)
    asyncio.run(take_turns(limits, "b.lv", "a.lv", "a.lv"))
    assert clock.slept == [30.0]


def test_a_turn_ends_when_its_block_fails():
    limits = limits_of(FakeClock(), interval=0, concurrency=1)

    async def main() -> None:
        with pytest.raises(KeyError):
            async with limits.turn("a.lv"):
                raise KeyError
        await asyncio.wait_for(take_turns(limits, "a.lv"), timeout=5)

    asyncio.run(main())


@pytest.mark.parametrize(("interval", "concurrency"), [(-1, 1), (1, 0)])
def test_impossible_limits_are_refused(interval, concurrency):
    with pytest.raises(ValueError, match="negative"):
        HostLimits(interval=interval, concurrency=concurrency)


@given(attempt=st.integers(1, 10_000), seed=st.integers())
def test_a_delay_grows_up_to_its_cap_and_never_beyond(attempt, seed):
    delay = growing_delay(attempt, base=1, cap=60, random=Random(seed))
    full = min(60, 2.0 ** min(attempt - 1, 64))
    assert full / 2 <= delay <= full


def test_attempts_are_counted_from_one():
    with pytest.raises(ValueError, match="counted from 1"):
        growing_delay(0, base=1, cap=60, random=Random(1))
