"""The errors that Atbalss raises on purpose.

The one module that every room may import: it imports nothing itself.

    AtbalssError
    ├── ConfigError            a file, a key, a secret or a zone is wrong     (Permanent)
    ├── CollectError           a source did not answer as it should
    │   ├── SourceUnavailable  try again later                                (Transient)
    │   ├── SourceThrottled    the source asked us to wait                    (Transient)
    │   ├── SourceAuthLost     the token or password is refused               (Permanent)
    │   ├── SourceGone         the address says that it is gone for good      (Permanent)
    │   └── SourceChanged      the answer has another shape than documented   (Permanent)
    ├── ModelError             the model cannot be loaded or does not match   (Permanent)
    ├── StoreError             the database refuses                           (Permanent)
    └── ChannelError           a message was not delivered
        ├── ChannelUnavailable try again later                                (Transient)
        ├── ChannelThrottled   the channel asked us to wait                   (Transient)
        ├── ChannelRefused     this channel will not work until it is mended  (Permanent)
        └── MessageRefused     this one message will never be accepted        (Permanent)

Every message names what failed and the remedy, and never carries a token or the text of a post.
"""

from __future__ import annotations

__all__ = [
    "AtbalssError",
    "ChannelError",
    "ChannelRefused",
    "ChannelThrottled",
    "ChannelUnavailable",
    "CollectError",
    "ConfigError",
    "MessageRefused",
    "ModelError",
    "Permanent",
    "SourceAuthLost",
    "SourceChanged",
    "SourceGone",
    "SourceThrottled",
    "SourceUnavailable",
    "StoreError",
    "Transient",
]


class Permanent:
    """Mix-in: trying again without a change by a person cannot help."""


class Transient:
    """Mix-in: trying again later may help; `retry_after` (seconds) is what the other side asked for."""

    retry_after: float | None = None


class AtbalssError(Exception):
    """Something that Atbalss expects to go wrong went wrong.

    `subject` names the thing (a file, a source, a channel), `reason` what happened, `remedy` what to do.
    """

    def __init__(self, subject: str, reason: str, remedy: str = "") -> None:
        super().__init__(subject, reason, remedy)
        self.subject = subject
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.subject}: {self.reason}"
        return f"{text}; {self.remedy}" if self.remedy else text


class _Waiting(AtbalssError, Transient):
    """A transient error that may carry the wait that the other side asked for."""

    def __init__(
        self, subject: str, reason: str, remedy: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(subject, reason, remedy)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.subject, self.reason, self.remedy, self.retry_after))


def _rebuild(kind: type[_Waiting], subject: str, reason: str, remedy: str, wait: float | None) -> _Waiting:
    return kind(subject, reason, remedy, retry_after=wait)


class ConfigError(AtbalssError, Permanent):
    """A file, a key, a secret or a zone in the configuration is wrong."""


class CollectError(AtbalssError):
    """A source did not answer as it should."""


class SourceUnavailable(_Waiting, CollectError):
    """The source cannot be reached or failed on its side; try again later."""


class SourceThrottled(_Waiting, CollectError):
    """The source asked us to wait."""


class SourceAuthLost(CollectError, Permanent):
    """The source refuses the token or password."""


class SourceGone(CollectError, Permanent):
    """The source's address says that it is gone for good."""


class SourceChanged(CollectError, Permanent):
    """The source's answer has another shape than documented."""


class ModelError(AtbalssError, Permanent):
    """The model cannot be loaded or does not match its digest."""


class StoreError(AtbalssError, Permanent):
    """The database refuses."""


class ChannelError(AtbalssError):
    """A message was not delivered."""


class ChannelUnavailable(_Waiting, ChannelError):
    """The channel cannot be reached or failed on its side; try again later."""


class ChannelThrottled(_Waiting, ChannelError):
    """The channel asked us to wait."""


class ChannelRefused(ChannelError, Permanent):
    """The channel will not work until somebody mends it (token, address, rights)."""


class MessageRefused(ChannelError, Permanent):
    """This one message will never be accepted; others may be."""
