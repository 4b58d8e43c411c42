"""What becomes of a notice and its channel after one attempt: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from atbalss.errors import ChannelRefused, ChannelThrottled, MessageRefused, Transient

__all__ = ["GIVE_UP_ATTEMPTS", "Attempt", "Verdict", "after_error"]

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_ASKED = timedelta(hours=24)

GIVE_UP_ATTEMPTS = 200
"""One notice that fails this often (two days and more) while it is first in line may be the cause itself: it goes
to the dead letters, where people see it and can send it again, and the next one gets its turn."""


class Verdict(StrEnum):
    """What happened, as `status` and the logs name it."""

    TRY_AGAIN = "try_again"
    THROTTLED = "throttled"
    MESSAGE_REFUSED = "message_refused"
    GAVE_UP = "gave_up"
    CHANNEL_REFUSED = "channel_refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The verdict, whether the notice is dead, whether the channel is paused, and until when it waits."""

    verdict: Verdict
    dead: bool = False
    pause: bool = False
    wait_until: datetime | None = None


def after_error(error: Exception, attempts: int, channel_failures: int, now: datetime) -> Attempt:
    """Decide after a failed attempt.

    `attempts` counts this notice's attempts, this one included; `channel_failures` the channel's failures in a
    row before this one. An error that is not one of ours counts as transient: nothing is lost by trying again.
    """
    if isinstance(error, MessageRefused):
        return Attempt(Verdict.MESSAGE_REFUSED, dead=True)
    if isinstance(error, ChannelRefused):
        return Attempt(Verdict.CHANNEL_REFUSED, pause=True)
    wait = min(FIRST_WAIT * 2 ** min(channel_failures, 10), LONGEST_WAIT)
    asked = error.retry_after if isinstance(error, Transient) else None
    if asked is not None:
        # Bounded before it becomes a timedelta, which overflows.
        wait = timedelta(seconds=min(max(asked, 1.0), LONGEST_ASKED.total_seconds()))
    if isinstance(error, ChannelThrottled):
        return Attempt(Verdict.THROTTLED, wait_until=now + wait)
    if attempts >= GIVE_UP_ATTEMPTS:
        return Attempt(Verdict.GAVE_UP, dead=True, wait_until=now + wait)
    return Attempt(Verdict.TRY_AGAIN, wait_until=now + wait)
