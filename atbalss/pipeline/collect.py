"""Stage one: collected. A page's posts and the cursor that follows it are one transaction."""

from __future__ import annotations

import asyncio
import unicodedata
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import overload

import structlog
from sqlmodel import Session

from atbalss.config import SourceConfig
from atbalss.errors import AtbalssError, CollectError, SourceChanged
from atbalss.pipeline.runtime import Runtime
from collectors.base import Context, Page, RowProblem
from collectors.health import (
    HealthChange,
    Plan,
    Quietness,
    SourceHealth,
    SourceStatus,
    after_failure,
    after_success,
    coverage_gap,
    went_quiet,
)
from collectors.http import Http, open_http
from collectors.post import Post
from collectors.walk import walk
from store.alerts import event_id
from store.deliveries import enqueue
from store.identity import StoreDecision
from store.mentions import NewMention, take_in
from store.overview import recent_post_times
from store.sources import (
    claim_source,
    close_gap,
    due_sources,
    ensure_sources,
    note_gap,
    open_gap,
    release_source,
    renew_source,
    source_state,
)
from store.tables import DeliveryKind, SourceState

__all__ = [
    "HICCUPS",
    "NOT_ASKED",
    "Answer",
    "Collected",
    "collect_due",
    "collect_source",
    "open_context",
    "to_mention",
]

log = structlog.get_logger()

HICCUPS = 3
"""A source that was not collected for less than so many of its intervals and then went on is not worth a line."""

NOT_ASKED = "not collected: Atbalss was not running"

MAX_PAGES = 200
"""Pages of one collection; the cursor goes on from there the next time."""


class Answer(StrEnum):
    """The three answers of a source, and two reasons why it was not asked."""

    POSTS = "posts"
    EMPTY = "empty"
    FAILED = "failed"
    BUSY = "busy"
    LOST = "lost"


@dataclass(slots=True)
class Collected:
    """What one collection of one source brought."""

    source: str
    answer: Answer
    decisions: Counter[StoreDecision] = field(default_factory=Counter)
    problems: list[RowProblem] = field(default_factory=list)
    error: CollectError | None = None


class _LeaseLost(Exception):
    """Another process took the source over; what it stores is right, what we hold is not."""


def open_context(runtime: Runtime, http: Http) -> Context:
    """The effects that collectors may use."""
    return Context(http=http, now=runtime.now, sleep=runtime.sleep, random=runtime.random)


async def collect_due(runtime: Runtime, only: Sequence[str] | None = None) -> list[Collected]:
    """Collect every source that is due, several at a time; `only` collects these sources, due or not.

    1. Give each configured source a row. 2. Ask the table what is due. 3. Collect, each source under its lease.
    """
    config = runtime.config
    now = runtime.now()

    def due() -> list[str]:
        with runtime.store.write() as session:
            ensure_sources(session, [(source.id, source.brand) for source in config.sources], now)
            return due_sources(session, [source.id for source in config.sources], now)

    wanted = await asyncio.to_thread(due) if only is None else list(only)
    if not wanted:
        return []
    if only is not None:
        await asyncio.to_thread(due)
    seats = asyncio.Semaphore(config.daemon.collect_concurrency)
    async with open_http(
        config.http.client_settings(), now=runtime.now, sleep=runtime.sleep, random=runtime.random
    ) as http:
        context = open_context(runtime, http)

        async def one(source_id: str) -> Collected:
            async with seats:
                return await collect_source(runtime, config.source(source_id), context, only_due=only is None)

        # All come to their end before an error of one of them is raised: they share the client that closes then.
        done = await asyncio.gather(*(one(source_id) for source_id in wanted), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return [result for result in done if isinstance(result, Collected)]


async def collect_source(
    runtime: Runtime, source: SourceConfig, context: Context, *, only_due: bool = False
) -> Collected:
    """Collect one source to its end; with `only_due`, if it still is due when its turn comes.

    1. Take the source's lease by a conditional UPDATE; somebody else having it is no error.
    2. Walk its pages from the stored cursor. 3. Store each page with the cursor that follows it, and renew the
    lease, in one transaction. 4. At the end, or at an error, note how the source is and when it is due again;
    a change that people must hear of goes to the outbox in the same transaction. 5. Give the lease back.

    Raises what is not the source's fault: StoreError, ConfigError.
    """
    token = runtime.token()

    def take() -> SourceState | None:
        with runtime.store.write() as session:
            if not claim_source(session, source.id, token, runtime.now(), runtime.lease, only_due=only_due):
                return None
            state = source_state(session, source.id)
            session.expunge_all()
            return state

    state = await asyncio.to_thread(take)
    if state is None:
        return Collected(source.id, Answer.BUSY)
    result = Collected(source.id, Answer.EMPTY)
    try:
        await _walk(runtime, source, state, context, token, result)
    except CollectError as error:
        await _give_up(runtime, source, token, error, result)
    except _LeaseLost:
        _note_lost(source, result)
    except AtbalssError:
        raise
    except Exception as error:
        # A defect of ours: the source is pushed forward like one that failed, so that it stops neither the others
        # nor, in a loop, itself.
        log.error("collector failed", action="collect.defect", source=source.id, exc_info=error)
        bug = SourceChanged(source.id, f"unexpected {type(error).__name__}", "please report it")
        await _give_up(runtime, source, token, bug, result)
    finally:
        await asyncio.to_thread(_release, runtime, source, token)
    log.info(
        "source collected",
        action="collect.done",
        source=source.id,
        answer=result.answer,
        problems=len(result.problems),
        **{decision.value: count for decision, count in result.decisions.items()},
    )
    return result


async def _walk(
    runtime: Runtime,
    source: SourceConfig,
    state: SourceState,
    context: Context,
    token: str,
    result: Collected,
) -> None:
    baseline = not state.baseline_done and not source.alert_first_run
    next_after: datetime | None = None
    pages = 0
    walking = walk(
        runtime.collectors[source.id], state.cursor, context, source=source.id, max_pages=MAX_PAGES
    )
    # Closed at once, not when it is found: what a collector holds open belongs to a client that closes soon.
    async with aclosing(walking):
        async for page in walking:
            await asyncio.to_thread(_store_page, runtime, source, page, token, baseline, result)
            next_after = page.next_after or next_after
            pages += 1
    # What is left behind the limit was there before the first collection, too.
    await asyncio.to_thread(_succeeded, runtime, source, token, next_after, pages < MAX_PAGES)


async def _give_up(
    runtime: Runtime, source: SourceConfig, token: str, error: CollectError, result: Collected
) -> None:
    result.answer, result.error = Answer.FAILED, error
    try:
        await asyncio.to_thread(_failed, runtime, source, token, error)
    except _LeaseLost:
        _note_lost(source, result)


def _note_lost(source: SourceConfig, result: Collected) -> None:
    result.answer, result.error = Answer.LOST, None
    log.warning("another process took the source over", action="collect.lease_lost", source=source.id)


def _store_page(
    runtime: Runtime, source: SourceConfig, page: Page, token: str, baseline: bool, result: Collected
) -> None:
    now = runtime.now()
    posts = [to_mention(runtime, source, post) for post in page.posts]
    with runtime.store.write() as session:
        state = _mine(session, source, token, now + runtime.lease)
        decisions = take_in(
            session,
            source.id,
            posts,
            now,
            baseline=baseline,
            oldest=now - runtime.config.retention_of(source),
        )
        state.cursor = dict(page.cursor)
        state.posts += decisions.count(StoreDecision.NEW)
        times = [post.published_at for post in posts if post.published_at and post.published_at <= now]
        state.last_post_at = max(
            [*times, *([state.last_post_at] if state.last_post_at else [])], default=None
        )
        session.add(state)
    # Only now: a page that was rolled back is not counted.
    result.decisions.update(decisions)
    result.problems.extend(page.problems)
    if posts:
        result.answer = Answer.POSTS


def _succeeded(
    runtime: Runtime, source: SourceConfig, token: str, next_after: datetime | None, complete: bool
) -> None:
    now = runtime.now()
    facts = runtime.collectors[source.id].facts
    with runtime.store.write() as session:
        state = _mine(session, source, token, now + runtime.lease)
        gap = coverage_gap(state.last_success, now, facts.window)
        if gap is not None:
            reason = "the source does not show posts from so long ago"
            note_gap(session, source.id, "blind", reason, gap.start, gap.end)
        due = state.next_due
        late = due is not None and now - due > HICCUPS * source.every
        # Nobody asked: the machine or the daemon was off. An outage that was noted speaks for itself.
        if late and state.last_success is not None and open_gap(session, source.id) is None:
            note_gap(session, source.id, "down", NOT_ASKED, state.last_success, now)
        change = after_success(
            _health(state),
            now=now,
            plan=Plan(source.every),
            random=runtime.random,
            newest_post=state.last_post_at,
            next_after=next_after,
            quietness=_quietness(runtime, session, state, now),
        )
        close_gap(session, source.id, now)
        state.baseline_done = state.baseline_done or complete
        _apply(state, change)
        session.add(state)
        if change.announce and change.health.status is SourceStatus.QUIET:
            _announce(runtime, session, source, change, now)


def _quietness(runtime: Runtime, session: Session, state: SourceState, now: datetime) -> Quietness | None:
    """Whether the source went quiet; None where silence says nothing, and while its past is still being read."""
    if not state.baseline_done or not runtime.collectors[state.source].facts.silence_tells:
        return None
    return went_quiet(recent_post_times(session, state.source), now)


def _failed(runtime: Runtime, source: SourceConfig, token: str, error: CollectError) -> None:
    now = runtime.now()
    with runtime.store.write() as session:
        state = _mine(session, source, token, now + runtime.lease)
        change = after_failure(_health(state), error, now=now, plan=Plan(source.every), random=runtime.random)
        if open_gap(session, source.id) is None:
            note_gap(session, source.id, "down", error.reason, state.last_success or now)
        _apply(state, change)
        session.add(state)
        if change.announce and change.health.paused:
            _announce(runtime, session, source, change, now)
    log.warning(
        "source failed",
        action="collect.failed",
        source=source.id,
        status=change.health.status,
        reason=error.reason,
        remedy=error.remedy,
    )


def _mine(session: Session, source: SourceConfig, token: str, until: datetime) -> SourceState:
    if not renew_source(session, source.id, token, until):
        raise _LeaseLost
    return session.get_one(SourceState, source.id)


def _announce(
    runtime: Runtime, session: Session, source: SourceConfig, change: HealthChange, now: datetime
) -> None:
    """Tell the owner once for each change: the id names the source, its state and since when.

    "Since when" is what ends with the state, so that a state which is left and entered again without that is not
    told again: the last success of a source that fails, the last post of one that is quiet.
    """
    health = change.health
    quiet = health.status is SourceStatus.QUIET
    since = health.last_post_at if quiet else health.last_success
    enqueue(
        session,
        event_id(f"source:{source.id}:{health.status}:{since.isoformat() if since else 'always'}"),
        DeliveryKind.OPS,
        [channel.name for channel in runtime.config.channels],
        now,
        brand=source.brand,
        payload={
            "subject": f"Source {source.id}",
            "reason": health.note,
            "remedy": "look at the source; if it shows new posts, please report it"
            if quiet
            else f"then run: atbalss collect {source.id}",
            "since": (since or now).isoformat(),
        },
    )


def _release(runtime: Runtime, source: SourceConfig, token: str) -> None:
    with runtime.store.write() as session:
        release_source(session, source.id, token)


def _health(state: SourceState) -> SourceHealth:
    return SourceHealth(
        status=SourceStatus(state.status),
        failures=state.failures,
        auth_failures=state.auth_failures,
        last_success=state.last_success,
        last_post_at=state.last_post_at,
        next_due=state.next_due,
        note=state.note or "",
    )


def _apply(state: SourceState, change: HealthChange) -> None:
    health = change.health
    state.status = health.status
    state.failures = health.failures
    state.auth_failures = health.auth_failures
    state.last_success = health.last_success
    state.next_due = health.next_due
    state.note = health.note or None


def to_mention(runtime: Runtime, source: SourceConfig, post: Post) -> NewMention:
    """A post as the database takes it: its author a pseudonym, its text in one normal form without NUL."""
    author = _storable(post.author_id) or _storable(post.author)
    key = runtime.pseudonyms.key_of(source.type, author) if author else None
    return NewMention(
        external_id=_storable(post.external_id),
        kind=post.kind,
        brand=post.brand or source.brand,
        text=_clean(post.text),
        url=_storable(post.url),
        title=_clean(post.title) if post.title else None,
        stars=post.stars,
        language_hint=_storable(post.language_hint),
        published_at=post.published_at,
        edited_at=post.edited_at,
        author_key=key,
        author=runtime.pseudonyms.label_of(_storable(post.author), key),
        parent_id=_storable(post.parent_id),
        owner_reply=_clean(post.owner_reply) if post.owner_reply else None,
        owner_replied_at=post.owner_replied_at,
        reach=post.reach,
        survey=(post.survey.kind, post.survey.value) if post.survey else None,
        deleted=post.deleted,
    )


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", _storable(text)).strip()


@overload
def _storable(text: str) -> str: ...
@overload
def _storable(text: str | None) -> str | None: ...
def _storable(text: str | None) -> str | None:
    """A string that every database takes: PostgreSQL has no NUL, and half a surrogate pair is no text at all."""
    if text is None:
        return None
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
