"""Customer reviews that a web page carries as schema.org data.

What it reads: `Review` (and its kinds, such as `UserReview`) in JSON-LD, microdata and RDFa, wherever it is
nested: below a product, a local business, a book, in an `@graph`. Ratings become 1-5 stars on their own
scale; a review that stands on a page in two syntaxes is one post. Further pages are reached by `rel=next`
on the same host.

Identity: a review's `@id` or `url`. A fragment of the page itself ("#review-1") is often only a position,
so such reviews, like those without any id, are known by a digest of author, day and text; editing one makes
a new post.

Three answers: reviews; truly empty when the page describes something that can be reviewed and has no review
yet; `SourceChanged` when it carries no such data any more.

Limits: `max_pages` of each address in one collection; each page is asked for with its ETag or
Last-Modified, and not read again while it has not changed. The per-host pace of the HTTP settings applies.
Pages are asked for like a browser would, one by one and only those in `urls` and their `rel=next`;
robots.txt is not read, so list only pages that you may read automatically.

Blind spots: reviews that a script loads later, reviews behind a login, replies of the owner (schema.org has
no agreed place for them), and `AggregateRating`, which has no texts. `language_hint` is the review's
`inLanguage` only.

Cursor: `{"pages": {address: {"etag", "modified", "next"}}}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urldefrag
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from atbalss.errors import CollectError, SourceChanged, SourceThrottled
from collectors.base import Collector, Context, Cursor, Page, RowProblem, SourceFacts
from collectors.http import Answer, public_address
from collectors.post import Post
from collectors.schema_org_page import decode_page, read_page
from collectors.schema_org_review import can_be_reviewed, reviews
from collectors.settings import SourceSettings, WebAddress

__all__ = ["Settings", "build"]

_FACTS = SourceFacts(
    window=None,
    misses="reviews that a script loads later, and replies of the owner",
    access="none: the pages are public",
)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone such as Europe/Riga") from None
    return name


class Settings(SourceSettings):
    """Which pages to read."""

    urls: tuple[WebAddress, ...] = Field(
        min_length=1, description="Pages that carry reviews, each with its https://."
    )
    max_pages: int = Field(
        default=10, ge=1, le=200, description="How many pages of each address to read, following rel=next."
    )
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC",
        description="Time zone of dates and times that a page gives without one, such as Europe/Riga.",
    )


def build(settings: Settings, *, source: str) -> Collector:
    """Make the collector named `source`; does no I/O."""
    return _SchemaOrg(settings, source)


class _SchemaOrg:
    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._zone = ZoneInfo(settings.zone)

    @property
    def facts(self) -> SourceFacts:
        """What this kind of source can and cannot see."""
        return _FACTS

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield the reviews of each page that has changed since `cursor`.

        An address that fails does not keep the others from being read; its error is raised after them.
        """
        walk = _Walk(cursor)
        failed: CollectError | None = None
        for first in self._settings.urls:
            address: str | None = first
            for _ in range(self._settings.max_pages):
                if address is None or address in walk.visited:
                    break
                try:
                    page, address = await self._page(first, address, walk, context)
                except SourceThrottled:
                    raise
                except CollectError as error:
                    failed = failed or error
                    break
                if page is not None:
                    yield page
        if failed is not None:
            raise failed
        if walk.forget_unvisited() or not walk.yielded:
            yield Page((), walk.cursor())

    async def check(self, context: Context) -> str:
        """Read the first page of each address; raise its error, or say how many reviews there are."""
        counts = []
        for url in self._settings.urls:
            answer = await context.http.get(url, source=self._source)
            posts, _, _ = await asyncio.to_thread(self._read, answer, url)
            counts.append(len(posts))
        return f"{sum(counts)} reviews on {len(counts)} page{'s' if len(counts) > 1 else ''}"

    async def _page(
        self, first: str, address: str, walk: _Walk, context: Context
    ) -> tuple[Page | None, str | None]:
        """The page at `address` (None if nothing in it is new) and the address of the one after it."""
        walk.visited.add(address)
        answer = await context.http.get(
            address, source=self._source, headers=walk.conditions(address), accept_statuses=(200, 304)
        )
        if answer.status == 304:
            return None, walk.known.get(address, {}).get("next")
        # Parsing a large page takes long enough to hold up every other source.
        posts, problems, following = await asyncio.to_thread(self._read, answer, first)
        changed = walk.remember(address, answer, following)
        fresh = tuple(post for post in posts if walk.is_new(post))
        if not (fresh or problems or changed):
            return None, following
        walk.yielded = True
        return Page(fresh, walk.cursor(), tuple(problems)), following

    def _read(self, answer: Answer, first: str) -> tuple[list[Post], list[RowProblem], str | None]:
        """Reviews of a page, its problems and the page after it; `first` is where its walk began."""
        html = decode_page(answer.content, answer.headers.get("content-type"))
        markup = read_page(html, answer.url)
        if not can_be_reviewed(markup):
            broken = "; some of it cannot be read" if markup.problems else ""
            raise SourceChanged(
                self._source,
                f"{public_address(answer.url)} carries no schema.org data that could hold reviews{broken}",
                "open the page: it may have moved, or its owner removed the markup",
            )
        found, problems = reviews(markup, answer.url, self._zone)
        # A review without an address of its own wanders from page to page; that must not look like an edit.
        here = urldefrag(answer.url).url
        posts = [
            replace(post, url=first) if urldefrag(post.url or here).url == here else post for post in found
        ]
        return posts, [*markup.problems, *problems], markup.next_url


class _Walk:
    """What one walk over all pages remembers: conditions for the next time, and what it already gave out."""

    def __init__(self, cursor: Cursor | None) -> None:
        self.known: dict[str, Mapping[str, Any]] = dict((cursor or {}).get("pages", {}))
        self.visited: set[str] = set()
        self.yielded = False
        self._given: set[str] = set()

    def conditions(self, address: str) -> dict[str, str]:
        """The headers that ask for the page only if it has changed."""
        known = self.known.get(address, {})
        pairs = (("If-None-Match", known.get("etag")), ("If-Modified-Since", known.get("modified")))
        return {name: value for name, value in pairs if value}

    def remember(self, address: str, answer: Answer, following: str | None) -> bool:
        """Keep what the next walk needs of a page; whether that differs from what was kept before."""
        kept = {
            "etag": answer.headers.get("etag"),
            "modified": answer.headers.get("last-modified"),
            "next": following,
        }
        changed = self.known.get(address) != kept
        self.known[address] = kept
        return changed

    def is_new(self, post: Post) -> bool:
        """Whether this walk has not given out the review yet: pages often repeat their newest ones."""
        new = post.external_id not in self._given
        self._given.add(post.external_id)
        return new

    def forget_unvisited(self) -> bool:
        """Drop pages that no longer belong to the source; whether there were any."""
        gone = self.known.keys() - self.visited
        for address in gone:
            del self.known[address]
        return bool(gone)

    def cursor(self) -> dict[str, Any]:
        """The cursor after all pages so far."""
        return {"pages": dict(self.known)}
