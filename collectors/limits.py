"""One queue per host, shared by all collectors, so that no site is asked too often by the sum of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

__all__ = ["HostLimits"]


class HostLimits:
    """Lets at most `concurrency` requests run at one host, and starts them at least `interval` seconds apart.

    `clock` counts seconds and never jumps (a wall clock that is set back would block a host for hours).
    Belongs to one event loop.
    """

    def __init__(
        self,
        *,
        interval: float,
        concurrency: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if interval < 0 or concurrency < 1:
            raise ValueError("a host's interval cannot be negative and its concurrency is at least 1")
        self._interval = interval
        self._concurrency = concurrency
        self._sleep = sleep
        self._clock = clock
        self._running: dict[str, asyncio.Semaphore] = {}
        self._free_at: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for this caller's turn at `host`; the turn ends with the block."""
        running = self._running.setdefault(host, asyncio.Semaphore(self._concurrency))
        async with running:
            now = self._clock()
            start = max(now, self._free_at.get(host, now))
            # Reserved before sleeping: the next caller queues behind this one and not beside it.
            self._free_at[host] = start + self._interval
            if start > now:
                await self._sleep(start - now)
            yield

    def pause(self, host: str, seconds: float) -> None:
        """Start nothing at `host` for `seconds` from now, whoever asks."""
        self._free_at[host] = max(self._free_at.get(host, 0.0), self._clock() + seconds)
