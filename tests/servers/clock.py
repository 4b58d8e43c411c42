"""A clock that only moves when somebody sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]


class FakeClock:
    """`now`, `sleep` and `seconds` for code that takes its effects as parameters; `slept` records the waits."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time of the clock."""
        return self.time

    def seconds(self) -> float:
        """The same as a count of seconds, for parameters that stand for a monotonic clock."""
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Move the clock and return at once."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
