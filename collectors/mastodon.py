"""Public posts of a Mastodon server: those with a hashtag, or those that a search finds.

What it reads: `hashtag` (with `any_of`, `all_of`, `none_of` further tags) from the hashtag timeline, or
`search` from the full-text search, which needs a token and a server that has it. Public and unlisted posts
only, also where the token could see more; boosts are skipped, and so are the accounts in
`exclude_accounts`.

Identity: the post's `uri`, which is the same on every server. The parent is the answered post's `uri` when
it was in the same collection, otherwise its id on this server. The content warning is the title, followers
are the reach.

Order: the timeline is walked forward with `min_id` from the last post on, so no post between two pages is
missed. The search cannot do that; there the newest pages are walked back to the last post, and a row
problem says so when there are more than `max_pages`. The first collection starts `first_run_pages` back.

Edits and late arrivals (servers exchange posts with delay): the pages whose posts are younger than
`lag_hours`, at most `lag_pages` of them, are read again each time.

Limits: a server allows 300 requests in 5 minutes; the framework honours its X-RateLimit headers. One post
that cannot be read is a row problem; when no post of a page can be read the server's answers have changed.

Blind spots: a server shows only posts that reached it, so prefer a large one; deletions are not reported by
these calls; since version 4.5 servers may show hashtag timelines only with a token.

Cursor: `{"newest": id, "marks": [[id, time], ...]}`; a mark is where a page began, and its newest post's
time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from atbalss.errors import ConfigError, SourceChanged
from collectors.base import Collector, Context, Cursor, Page, RowProblem, SourceFacts
from collectors.http import BearerAuth
from collectors.mastodon_status import Status, id_order, read_statuses
from collectors.settings import SourceSettings, WebAddress

__all__ = ["Settings", "build"]

_FACTS = SourceFacts(
    window=None,
    misses="posts that never reached this server, and deletions",
    access="none for hashtags on most servers; a token with read:search for the search",
    reply_limit=500,
)
_PAGE_SIZE = 40  # the most that a server gives


class Settings(SourceSettings):
    """Which server to ask, and for what."""

    server: WebAddress = Field(description="Address of the server, such as https://mastodon.social.")
    hashtag: str | None = Field(default=None, min_length=1, description="Hashtag to read, without the #.")
    any_of: tuple[str, ...] = Field(
        default=(), description="Further hashtags: posts with any of them are read, too."
    )
    all_of: tuple[str, ...] = Field(default=(), description="Hashtags that a post must have as well.")
    none_of: tuple[str, ...] = Field(default=(), description="Hashtags that a post must not have.")
    search: str | None = Field(
        default=None, min_length=1, description="Words to search for, instead of a hashtag."
    )
    token: SecretStr | None = Field(default=None, description="Access token; the search needs one.")
    exclude_accounts: tuple[str, ...] = Field(
        default=(), description="Accounts that are not collected, such as your own: name or name@server."
    )
    first_run_pages: int = Field(
        default=5, ge=1, le=100, description="How many pages of 40 posts the first collection goes back."
    )
    max_pages: int = Field(default=50, ge=2, le=1000, description="Most pages that one collection reads.")
    lag_hours: int = Field(default=24, ge=0, le=720, description="How long posts are read again for edits.")
    lag_pages: int = Field(default=3, ge=0, le=20, description="Most pages that are read again.")

    @field_validator("hashtag", "any_of", "all_of", "none_of", mode="after")
    @classmethod
    def _without_hash(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if isinstance(value, tuple):
            return tuple(tag.strip().removeprefix("#") for tag in value)
        return value if value is None else value.strip().removeprefix("#")

    @field_validator("exclude_accounts", mode="after")
    @classmethod
    def _account_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.strip().removeprefix("@").lower() for name in value)

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.hashtag is None) == (self.search is None):
            raise ValueError("give either hashtag or search")
        if self.search is not None and self.token is None:
            raise ValueError("the search needs a token")
        if self.search is not None and (self.any_of or self.all_of or self.none_of):
            raise ValueError("any_of, all_of and none_of belong to hashtag")
        if self.lag_pages >= self.max_pages:
            raise ValueError("max_pages must be above lag_pages, or nothing new would ever be read")
        return self

    @field_validator("token")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                BearerAuth(value)
            except ConfigError as error:
                raise ValueError(error.reason) from None
        return value


def build(settings: Settings, *, source: str) -> Collector:
    """Make the collector named `source`; does no I/O."""
    return _Mastodon(settings, source)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The readable statuses of one answer, newest first, and where the answers before and after it are."""

    statuses: tuple[Status, ...]
    problems: tuple[RowProblem, ...]
    newest_id: str | None
    oldest_id: str | None


@dataclass(frozen=True, slots=True)
class _Position:
    """The cursor: the newest post that was read, and where the youngest pages began."""

    newest: str | None
    marks: tuple[tuple[str, datetime], ...]

    @classmethod
    def of(cls, cursor: Cursor | None) -> Self:
        known = cursor or {}
        marks = tuple((str(start), datetime.fromisoformat(at)) for start, at in known.get("marks", ()))
        return cls(known.get("newest"), marks)

    def start(self, now: datetime, lag: timedelta, keep: int) -> str | None:
        """The id to read on from: where the oldest page of the lag window began, else the newest post."""
        marks = self.marks[max(len(self.marks) - keep, 0) :]
        young = (start for start, at in marks if at >= now - lag)
        return next(young, self.newest)

    def back_to(self, start: str | None) -> Self:
        """Forget the marks of pages that are about to be read again."""
        starts = [begin for begin, _ in self.marks]
        return replace(self, marks=self.marks[: starts.index(start)]) if start in starts else self

    def after(self, batch: _Batch, start: str | None, keep: int) -> Self:
        """The position once `batch`, which began at `start`, is stored; with the marks of `keep` pages."""
        newest = max(filter(None, (self.newest, batch.newest_id)), key=id_order)
        marks = self.marks
        if start is not None and batch.statuses:
            marks = (*marks, (start, max(status.created_at for status in batch.statuses)))
        return replace(self, newest=newest, marks=marks[max(len(marks) - keep, 0) :])

    def as_cursor(self) -> dict[str, Any]:
        return {"newest": self.newest, "marks": [[start, at.isoformat()] for start, at in self.marks]}


class _Mastodon:
    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._auth = BearerAuth(settings.token) if settings.token else None
        self._base = settings.server.rstrip("/")

    @property
    def facts(self) -> SourceFacts:
        """What this kind of source can and cannot see."""
        return _FACTS

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield posts since `cursor`, oldest page first; the pages of the lag window come once more before."""
        position = _Position.of(cursor)
        lag = timedelta(hours=self._settings.lag_hours)
        start = position.start(context.now(), lag, self._settings.lag_pages)
        uris: dict[str, str] = {}
        position = position.back_to(start)
        if start is None or self._settings.search is not None:
            limit = self._settings.first_run_pages if start is None else self._settings.max_pages
            batches, is_whole = await self._back_to(start, limit, context)
            gap = RowProblem("search", f"{limit} pages of new posts or more: older ones may be missing")
            extra = () if is_whole or start is None else (gap,)
            for batch in reversed(batches):
                position = position.after(batch, start or batch.oldest_id, self._settings.lag_pages)
                yield self._page(batch, position, uris, extra)
                start, extra = batch.newest_id, ()
            if not batches:
                yield Page((), position.as_cursor())
            return
        for number in range(self._settings.max_pages):
            batch = await self._batch({"min_id": start}, context)
            if batch.newest_id is None or id_order(batch.newest_id) <= id_order(start):
                if number == 0:
                    yield Page((), position.as_cursor())
                return
            position = position.after(batch, start, self._settings.lag_pages)
            yield self._page(batch, position, uris, ())
            start = batch.newest_id

    async def check(self, context: Context) -> str:
        """Ask for the newest post; raise the source's error, or say when it is from."""
        batch = await self._batch({}, context, limit=1)
        asked = f"#{self._settings.hashtag}" if self._settings.hashtag else "search"
        if not batch.statuses:
            return f"{asked}: no posts"
        return f"{asked}: newest post of {batch.statuses[0].created_at:%Y-%m-%d}"

    async def _back_to(self, start: str | None, limit: int, context: Context) -> tuple[list[_Batch], bool]:
        """The newest batches, newest first, down to `start`; False when there may be more than `limit`."""
        batches: list[_Batch] = []
        bounds: dict[str, str] = {} if start is None else {"min_id": start}
        for _ in range(limit):
            batch = await self._batch(bounds, context)
            oldest = batch.oldest_id
            previous = bounds.get("max_id")
            if oldest is None or (previous is not None and id_order(oldest) >= id_order(previous)):
                return batches, True
            batches.append(batch)
            bounds["max_id"] = oldest
        return batches, len(batch.statuses) + len(batch.problems) < _PAGE_SIZE

    async def _batch(self, bounds: Mapping[str, str], context: Context, limit: int = _PAGE_SIZE) -> _Batch:
        settings = self._settings
        params: dict[str, Any] = {"limit": limit, **bounds}
        if settings.hashtag is not None:
            # The name is a part of the path: quoted, so that it cannot become another path.
            path = f"/api/v1/timelines/tag/{quote(settings.hashtag, safe='')}"
            tags = {"any[]": settings.any_of, "all[]": settings.all_of, "none[]": settings.none_of}
            params |= {name: list(values) for name, values in tags.items() if values}
        else:
            path = "/api/v2/search"
            params |= {"q": settings.search, "type": "statuses"}
        answer = await context.http.get(
            self._base + path, source=self._source, params=params, auth=self._auth
        )
        data = answer.json()
        if settings.search is not None:
            data = data.get("statuses") if isinstance(data, dict) else None
        if not isinstance(data, list):
            raise SourceChanged(
                self._source,
                "the answer holds no list of statuses",
                "check that server is a Mastodon server",
            )
        ids, statuses, problems = read_statuses(data, self._source)
        # The links also count what the server left out of the page, even all of it; the search has none.
        newer, older = _linked_id(answer.link("prev"), "min_id"), _linked_id(answer.link("next"), "max_id")
        newest = max((*ids, *newer), key=id_order, default=None)
        oldest = min((*ids, *older), key=id_order, default=None)
        return _Batch(tuple(statuses), tuple(problems), newest, oldest)

    def _page(
        self, batch: _Batch, position: _Position, uris: dict[str, str], extra: tuple[RowProblem, ...]
    ) -> Page:
        uris.update((status.id, status.uri) for status in batch.statuses)
        host = urlsplit(self._base).hostname or ""
        posts = [
            replace(status.post(), parent_id=uris.get(status.parent_id or "", status.parent_id))
            for status in sorted(batch.statuses, key=lambda status: id_order(status.id))
            if status.is_public and not status.is_boost and not self._is_excluded(status, host)
        ]
        return Page(tuple(posts), position.as_cursor(), (*extra, *batch.problems))

    def _is_excluded(self, status: Status, host: str) -> bool:
        account = status.account.lower()
        whole = account if "@" in account else f"{account}@{host}"
        return account in self._settings.exclude_accounts or whole in self._settings.exclude_accounts


def _linked_id(link: str | None, name: str) -> list[str]:
    """The id that a paging link asks for. Only the id: the link itself could lead to another host."""
    return [] if link is None else parse_qs(urlsplit(link).query).get(name, [])[:1]
