"""A collector that does what a test wrote down: pages, errors, and whatever shall happen in between.

runtime.collectors = {"reviews": Scripted([page("1", "2"), SourceUnavailable("reviews", "down")])}
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from atbalss.pipeline.collect import Collected, collect_due
from atbalss.pipeline.runtime import Runtime
from collectors.base import Context, Cursor, Page, SourceFacts
from collectors.post import Post, PostKind
from tests.clock import NOW

__all__ = ["Scripted", "collect", "collected_post", "page"]

Step = Page | BaseException | Callable[[], object]


@dataclass
class Scripted:
    """Each run is a list of steps: a page is given, an exception raised, a function called."""

    runs: list[Sequence[Step]]
    window: timedelta | None = None
    silence_tells: bool = True
    asked: list[Cursor | None] = field(default_factory=list)

    @property
    def facts(self) -> SourceFacts:
        return SourceFacts(
            window=self.window, misses="nothing", access="none", silence_tells=self.silence_tells
        )

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        self.asked.append(cursor)
        for step in self.runs.pop(0) if self.runs else ():
            if isinstance(step, Page):
                yield step
            elif isinstance(step, BaseException):
                raise step
            else:
                await asyncio.to_thread(step)

    async def check(self, context: Context) -> str:
        return "scripted"


def collected_post(external_id: str, text: str = "", **values: object) -> Post:
    """A review of an hour ago, in words of its own."""
    given: dict[str, object] = {
        "kind": PostKind.REVIEW,
        "text": text or f"Ļoti slikti, pasūtījums numur {external_id} nav atvests vispār",
        "stars": 1.0,
        "published_at": NOW - timedelta(hours=1),
        "author": f"Author {external_id}",
        **values,
    }
    return Post(external_id=external_id, **given)  # type: ignore[arg-type]  # checked by use


def page(*posts: str | Post, at: object = None, next_after: datetime | None = None) -> Page:
    """A page of these posts (an id makes one); its cursor is `at`, or the last id."""
    made = tuple(collected_post(one) if isinstance(one, str) else one for one in posts)
    return Page(made, {"at": at if at is not None else made[-1].external_id}, next_after=next_after)


def collect(runtime: Runtime, *only: str) -> list[Collected]:
    """Collect what is due; `only` collects these sources, due or not."""
    return asyncio.run(collect_due(runtime, list(only) or None))
