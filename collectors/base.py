"""What a collector is: pages of posts, each with the cursor that follows it.

A collector is an async generator of pages. The caller stores the posts of a page and its cursor in one
transaction before it asks for the next page, so a crash between two pages repeats nothing and loses nothing.
A source has three answers: pages with posts, pages that are truly empty, or an error of `atbalss.errors`
(`SourceUnavailable`, `SourceThrottled`, `SourceAuthLost`, `SourceGone`, `SourceChanged`). A collector never
turns a failure into an empty page.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from collectors.post import Post

if TYPE_CHECKING:
    from collectors.http import Http

__all__ = ["Collector", "Context", "Cursor", "Page", "RowProblem", "SourceFacts"]

Cursor = Mapping[str, Any]
"""Where to go on: JSON values only, private to its collector, of any size."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row of a source that could not become a post: where it is, and what is wrong, without its text."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Posts, and the cursor that is right once they are stored.

    `next_after` is the earliest instant at which the source wants to be asked again (Cache-Control, TTL),
    if it said one.
    """

    posts: tuple[Post, ...]
    cursor: Cursor
    problems: tuple[RowProblem, ...] = ()
    next_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a kind of source can and cannot see; printed by `atbalss check` and in the digest.

    `window` is how far back the source shows posts (None: everything); a longer gap between two successful
    collections is lost coverage. `misses` says in one sentence what the source never shows. `reply_limit` is
    the longest public reply in characters, if there is one. `access` says what somebody needs to get access.
    """

    window: timedelta | None
    misses: str
    access: str
    reply_limit: int | None = None
    silence_tells: bool = True
    """Whether a long silence may mean that the source is broken; a folder of monthly exports is just silent."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """The effects that a collector may use; tests pass their own clock, sleep and random."""

    http: Http
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: random.Random = field(default_factory=random.Random)


class Collector(Protocol):
    """One configured source."""

    @property
    def facts(self) -> SourceFacts:
        """What this kind of source can and cannot see."""
        ...

    def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield what is new since `cursor` (None: from the beginning), oldest cursor first."""
        ...

    async def check(self, context: Context) -> str:
        """Try the source without side effects; say in one line what was found, or raise its error."""
        ...
