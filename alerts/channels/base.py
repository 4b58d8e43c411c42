"""What a channel is: it delivers one notice or says why not.

A channel decides nothing and remembers nothing: order, retries, waiting and the dead-letter state live in the
outbox. It tells the outbox what happened by the class of its error:

- `ChannelUnavailable`: try the same notice again later;
- `ChannelThrottled`: the whole channel waits `retry_after` seconds;
- `ChannelRefused`: the channel is paused until somebody mends it, nothing is dropped;
- `MessageRefused`: this one notice goes to the dead letters, the next one is tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alerts.notice import Notice

__all__ = ["Channel", "Limits", "Receipt"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the other side accepts. `interval` is the shortest time between two messages, in seconds."""

    text_chars: int
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side's own name of the delivered message (Message-ID, Slack `ts`, a path)."""

    reference: str


class Channel(Protocol):
    """One configured way to reach people."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    @property
    def limits(self) -> Limits:
        """What the other side accepts."""
        ...

    async def send(self, notice: Notice) -> Receipt:
        """Deliver one notice; raises a `ChannelError` of `atbalss.errors`."""
        ...

    async def check(self) -> str:
        """Try the channel without sending anything; say in one line what was found, or raise its error."""
        ...
