"""Walks through a collector's pages and guards the caller against sources that repeat themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import structlog

from collectors.base import Collector, Context, Cursor, Page
from collectors.seen import Seen, content_key

__all__ = ["walk"]

log = structlog.get_logger()

# Enough for every page of a normal walk; only after so many posts may a repeated one be yielded again.
_REMEMBERED = 50_000


async def walk(
    collector: Collector, cursor: Cursor | None, context: Context, *, source: str, max_pages: int
) -> AsyncGenerator[Page, None]:
    """Yield the pages of `collector` from `cursor` on, at most `max_pages`.

    Stops in front of a page that holds the same ids as an earlier one of this walk, or that is empty and
    leaves the cursor where it was: a source that ignores its paging parameter would be asked for ever.
    Nothing is lost by that, as the cursor of the page before is the stored one. Posts that this walk
    already yielded unchanged are dropped. The collector's generator is closed when the walk ends, however
    it ends.
    """
    seen = Seen(_REMEMBERED)
    pages_before: set[frozenset[str]] = set()
    last_cursor = cursor
    count = 0
    # Collectors are async generators; the protocol says AsyncIterator, as a generator function's type does.
    pages = cast("AsyncGenerator[Page, None]", collector.pages(cursor, context))
    async with aclosing(pages):
        if max_pages < 1:
            return
        async for page in pages:
            ids = frozenset(post.external_id for post in page.posts)
            if ids in pages_before or (not ids and count and page.cursor == last_cursor):
                log.warning(
                    "the source repeats a page", action="collect.page_repeats", source=source, page=count
                )
                return
            if ids:
                pages_before.add(ids)
            fresh = tuple(post for post in page.posts if seen.is_new(post.external_id, content_key(post)))
            yield page if len(fresh) == len(page.posts) else dataclasses.replace(page, posts=fresh)
            last_cursor = page.cursor
            count += 1
            if count >= max_pages:
                log.info("page limit reached", action="collect.max_pages", source=source, pages=count)
                return
