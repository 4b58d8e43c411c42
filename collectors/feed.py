"""RSS and Atom feeds: news, comments and reviews of any site that has a feed.

What it reads: the entries of one RSS 0.9-2.0, RDF or Atom feed, as plain text. `keywords` keeps only the
entries that mention one of them, as a news feed carries everything.

Limits: a feed shows its latest entries only, often 10 to 50; ask often enough that they are not pushed
out between two visits. Unchanged feeds cost nothing (ETag and If-Modified-Since), and the interval that a
feed asks for (ttl, update period, Cache-Control) is kept to, up to one day.

What it never sees: entries that are gone from the feed, deletions, and the rest of texts that the feed
cuts off.

Cursor: `settings` (their digest; other settings look at the whole feed anew), `etag`, `modified`, and
`known`, id -> content key of the entries seen last. An entry comes again only when its title or text
changed.
"""

from __future__ import annotations

import asyncio
import calendar
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from io import BytesIO
from time import struct_time
from typing import Any, Literal
from urllib.parse import urldefrag, urljoin

import feedparser
from pydantic import Field, SecretStr

from atbalss.errors import SourceChanged
from collectors.base import Context, Cursor, Page, RowProblem, SourceFacts
from collectors.html import plain_text
from collectors.http import Answer, BearerAuth, public_address
from collectors.plain_words import mentions_any
from collectors.post import Post, PostKind
from collectors.seen import Seen, content_key
from collectors.settings import SourceSettings, WebAddress

__all__ = ["FeedCollector", "Settings", "build"]

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, */*;q=0.5"
)
_LEAST_REMEMBERED = 2000
_LONGEST_PAUSE = timedelta(days=1)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_PERIOD_HOURS = {"hourly": 1, "daily": 24, "weekly": 24 * 7, "monthly": 24 * 30, "yearly": 24 * 365}
# feedparser's remarks about labels; the feed itself was read in full.
_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)


class Settings(SourceSettings):
    """Where the feed is and what to take from it."""

    url: WebAddress = Field(description="The feed's address.")
    token: SecretStr | None = Field(default=None, description="A bearer token, if the feed asks for one.")
    keywords: tuple[str, ...] = Field(
        default=(),
        description="Keep only entries with a word that starts with one of these; case and diacritics do "
        "not matter.",
    )
    kind: Literal["news", "comment", "review"] = Field(default="news", description="What the entries are.")

    @property
    def digest(self) -> str:
        """Changes when the same feed would give other posts."""
        return blake2b(self.model_dump_json(exclude={"token"}).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class _Feed:
    """A feed as far as it could be read."""

    version: str
    posts: tuple[Post, ...]
    broken: bool
    pause: timedelta


class FeedCollector:
    """One feed."""

    facts = SourceFacts(
        # How far a feed reaches back differs from feed to feed and from day to day.
        window=None,
        misses="Entries that the feed has already dropped, deletions, and the rest of shortened texts.",
        access="The feed's address; a token only for private feeds.",
    )

    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield one page: the new and changed entries, oldest first; an empty one when there are none."""
        digest = self._settings.digest
        if cursor is None or cursor.get("settings") != digest:
            cursor = {"settings": digest, "known": {}}
        answer = await self._ask(context, cursor)
        if answer.status == 304:
            yield Page((), cursor, next_after=_next_after(context.now(), answer.headers, timedelta(0)))
            return
        feed = await asyncio.to_thread(self._parse, answer)
        # Twice the feed's length: an entry must not be forgotten while the feed still shows it.
        seen = Seen(max(_LEAST_REMEMBERED, 2 * len(feed.posts)), cursor["known"])
        posts = tuple(
            post
            for post in feed.posts
            if self._is_wanted(post) and seen.is_new(post.external_id, _content(post))
        )
        following: dict[str, Any] = {"settings": digest, "known": seen.as_dict()}
        problems: tuple[RowProblem, ...] = ()
        if feed.broken:
            # Without validators the next visit gets the whole feed again, and with it what is missing now.
            problems = (
                RowProblem(public_address(answer.url), "its XML breaks off; later entries are missing"),
            )
        else:
            following["etag"] = answer.headers.get("etag")
            following["modified"] = answer.headers.get("last-modified")
        yield Page(posts, following, problems, _next_after(context.now(), answer.headers, feed.pause))

    async def check(self, context: Context) -> str:
        """Read the feed once."""
        feed = await asyncio.to_thread(self._parse, await self._ask(context, {}))
        newest = max((post.published_at for post in feed.posts if post.published_at), default=None)
        latest = f", newest {newest:%Y-%m-%d}" if newest else ""
        return f"{feed.version}, {len(feed.posts)} entries{latest}"

    def _is_wanted(self, post: Post) -> bool:
        keywords = self._settings.keywords
        return not keywords or mentions_any(f"{post.title or ''} {post.text}", keywords)

    async def _ask(self, context: Context, cursor: Cursor) -> Answer:
        headers = {"Accept": _ACCEPT}
        if etag := cursor.get("etag"):
            headers["If-None-Match"] = etag
        if modified := cursor.get("modified"):
            headers["If-Modified-Since"] = modified
        token = self._settings.token
        return await context.http.get(
            self._settings.url,
            source=self._source,
            headers=headers,
            auth=BearerAuth(token) if token else None,
            accept_statuses=(200, 304) if len(headers) > 1 else (200,),
        )

    def _parse(self, answer: Answer) -> _Feed:
        place = public_address(answer.url)
        if b"<!ENTITY" in answer.content:
            # Nested entities grow a small file beyond any memory, and no feed needs its own.
            raise SourceChanged(
                self._source, f"{place} declares XML entities", "use another feed of the site"
            )
        # A stream, because feedparser opens bytes that look like a file name. No address of the document,
        # because ids would be resolved against it and change with every redirect.
        try:
            found = feedparser.parse(
                BytesIO(answer.content),
                response_headers={"content-type": answer.headers.get("content-type", "")},
                sanitize_html=False,
            )
        except Exception:
            # On some broken documents feedparser stumbles itself, each time over something else.
            raise self._is_no_feed(place) from None
        version = str(found.get("version") or "")
        broken = bool(found.bozo) and not isinstance(found.get("bozo_exception"), _HARMLESS)
        # Some generators give all entries one guid; such entries are told apart by their links.
        shared = Counter(_own_id(entry) for entry in found.entries)
        posts = [self._post(entry, place, shared[_own_id(entry)] > 1) for entry in found.entries]
        posts = [post for post in posts if post.text]
        if not version or (broken and not posts):
            raise self._is_no_feed(place)
        posts.sort(key=lambda post: post.published_at or datetime.min.replace(tzinfo=UTC))
        return _Feed(version, tuple(posts), broken, _pause(found.feed))

    def _is_no_feed(self, place: str) -> SourceChanged:
        return SourceChanged(
            self._source,
            f"{place} answers with something that is no RSS or Atom feed",
            "open the address in a browser and look for the feed's own one",
        )

    def _post(self, entry: dict[str, Any], base: str, id_is_shared: bool) -> Post:
        title = _visible(entry.get("title_detail"))
        texts = [_visible(detail) for detail in (*entry.get("content", ()), entry.get("summary_detail"))]
        text = max(texts, key=len) or title
        # dict.get: feedparser itself answers with the one time for the other, and warns.
        published = _time(dict.get(entry, "published_parsed"))
        updated = _time(dict.get(entry, "updated_parsed"))
        own_id = _own_id(entry)
        link = str(entry.get("link") or "")
        if link == own_id and not link.startswith("http"):
            # feedparser takes a guid without isPermaLink="false" for a link, as the standard says.
            link = ""
        url = _absolute(base, link)
        if id_is_shared or not own_id:
            named = link or f"{title}\n{text}\n{published or updated}"
            key = blake2b("\n".join((own_id, named)).encode("utf-8", "replace"), digest_size=10)
            own_id = f"entry-{key.hexdigest()}"
        author = entry.get("author_detail") or {}
        return Post(
            external_id=own_id,
            kind=PostKind(self._settings.kind),
            text=text,
            url=url or None,
            title=title or None,
            author=author.get("name") or entry.get("author") or None,
            published_at=published or updated,
            edited_at=updated if published and updated and updated > published else None,
            parent_id=_parent(entry, url),
        )


def build(settings: Settings, *, source: str) -> FeedCollector:
    """Make the collector; asks nothing yet."""
    return FeedCollector(settings, source)


def _own_id(entry: Mapping[str, Any]) -> str:
    return str(entry.get("id") or "").strip()


def _absolute(base: str, link: str) -> str:
    """The whole web address of `link`; "" for anything else, as it would be shown as a link."""
    try:
        url = urljoin(base, link) if link else ""
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://")) else ""


def _visible(detail: Mapping[str, Any] | None) -> str:
    if not detail or not detail.get("value"):
        return ""
    value = str(detail["value"])
    return plain_text(value) if "html" in (detail.get("type") or "") else value.strip()


def _time(value: struct_time | None) -> datetime | None:
    """feedparser's times are UTC; years that no calendar has come out of broken feeds."""
    try:
        return None if value is None else datetime.fromtimestamp(calendar.timegm(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _parent(entry: Mapping[str, Any], link: str) -> str | None:
    """What the entry answers: `in-reply-to` of the threading extension, or the page of `#comment-12`."""
    for key, value in entry.items():
        if key.endswith("_in-reply-to") and isinstance(value, Mapping):
            return value.get("ref") or value.get("href")
    page, fragment = urldefrag(link)
    return page if fragment.startswith("comment") else None


def _content(post: Post) -> str:
    """Some feeds give new times and links to old entries at every visit; that is no change."""
    return content_key(replace(post, published_at=None, edited_at=None, url=None))


def _pause(feed: Mapping[str, Any]) -> timedelta:
    """How long the feed itself asks to be left alone."""
    ttl = str(feed.get("ttl") or "").strip()
    minutes = int(ttl) if ttl.isdecimal() and len(ttl) < 8 else 0
    hours = _PERIOD_HOURS.get(str(feed.get("sy_updateperiod") or "").strip().lower(), 0)
    often = str(feed.get("sy_updatefrequency") or "1").strip()
    times = int(often) if often.isdecimal() and 0 < len(often) < 5 else 1
    return max(timedelta(minutes=minutes), timedelta(hours=hours) / max(times, 1))


def _next_after(now: datetime, headers: Mapping[str, str], pause: timedelta) -> datetime | None:
    age = _MAX_AGE.search(headers.get("cache-control", ""))
    pause = max(pause, timedelta(seconds=int(age[1]) if age else 0))
    return now + min(pause, _LONGEST_PAUSE) if pause else None
