"""The demo feed: some 90 posts written for Atbalss, so that everything can be tried without any account.

Reviews, comments, survey answers and a piece of news about two invented businesses, in Latvian, Lithuanian,
Armenian, Russian and English. The posts' times count back from the first collection, so that the feed is always
fresh; the cursor keeps that instant, so that a second collection brings nothing new. `FEED.md` says what is in it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from collectors.base import Collector, Context, Cursor, Page, SourceFacts
from collectors.post import Post, PostKind, SurveyAnswer, SurveyKind
from collectors.settings import SourceSettings

__all__ = ["DemoCollector", "Settings", "build"]

_FACTS = SourceFacts(
    window=None,
    misses="the demo feed misses nothing",
    access="none: it is part of Atbalss",
    silence_tells=False,
)
_PAGE = 20


class Settings(SourceSettings):
    """The keys of a source of type `demo`."""

    about: str = Field(description="Which of the feed's two businesses: `kafija-krasts` or `nairi-kap`.")
    part: Literal["demo-reviews", "demo-comments", "demo-survey", "demo-news"] = Field(
        description="Which part of the feed this source shows."
    )


def build(settings: SourceSettings, *, source: str) -> Collector:
    """Make the collector; the feed is read when it is asked."""
    if not isinstance(settings, Settings):
        raise TypeError("a demo source needs its own settings")
    return DemoCollector(settings)


class DemoCollector:
    """One part of the feed. Cursor: `anchor`, the instant of the first collection, and `done`, rows given so far."""

    facts = _FACTS

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield the rows that were not given yet, in the order of the feed."""
        anchor = datetime.fromisoformat(cursor["anchor"]) if cursor else context.now()
        done = int(cursor["done"]) if cursor else 0
        posts = [_post(row, anchor) for row in self._rows()][done:]
        for start in range(0, len(posts), _PAGE):
            page = tuple(posts[start : start + _PAGE])
            done += len(page)
            yield Page(page, {"anchor": anchor.isoformat(), "done": done})

    async def check(self, context: Context) -> str:
        """Say how many posts there are."""
        return f"{sum(1 for _ in self._rows())} posts, part of Atbalss"

    def _rows(self) -> Iterator[dict[str, Any]]:
        feed = files("collectors.demo").joinpath("feed.jsonl").read_text("utf-8")
        for line in feed.splitlines():
            row: dict[str, Any] = json.loads(line)
            if row["brand"] == self._settings.about and row["source"] == self._settings.part:
                yield row


def _post(row: dict[str, Any], anchor: datetime) -> Post:
    def at(key: str) -> datetime | None:
        return anchor - timedelta(minutes=row[key]) if key in row else None

    survey = row.get("survey")
    return Post(
        external_id=row["external_id"],
        kind=PostKind(row["kind"]),
        text=row.get("text", ""),
        url=row.get("url"),
        author=row.get("author"),
        author_id=row.get("author_id"),
        stars=row.get("stars"),
        language_hint=row.get("language_hint"),
        published_at=at("minutes_ago"),
        edited_at=at("edited_minutes_ago"),
        parent_id=row.get("parent_external_id"),
        owner_reply=row.get("owner_reply"),
        owner_replied_at=at("owner_replied_minutes_ago"),
        reach=row.get("reach"),
        survey=SurveyAnswer(SurveyKind(survey["kind"]), survey["value"]) if survey else None,
    )
