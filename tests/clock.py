"""A clock that only moves when a test moves it, and a sleep that moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["NOW", "Clock"]

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)


class Clock:
    """Call it for the time; `forward` moves it; `sleep` is an async sleep that returns at once."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**amount)

    async def sleep(self, seconds: float) -> None:
        """Note the wait and move on by it."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
