"""Stage five: reported. A brand's week becomes one digest, and one notice for each channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from alerts.digest.data import Digest, DigestRow, SourceRow, SurveyRow, Week
from alerts.digest.numbers import digest_of, history_start
from alerts.digest.week import due_week, previous, week_named
from alerts.notice import DigestNotice
from atbalss.config import Brand, SourceConfig
from atbalss.pipeline.collect import HICCUPS, NOT_ASKED
from atbalss.pipeline.decide import published
from atbalss.pipeline.runtime import Runtime
from store.alerts import event_id
from store.deliveries import enqueue
from store.digests import (
    Counted,
    anything_between,
    counted_between,
    create_run,
    run_of,
    surveys_between,
    undecided_between,
)
from store.scores import confidence
from store.sources import gaps_between, source_state, watched_since
from store.tables import DeliveryKind, DigestRun, Role, SourceGap, SourceState

__all__ = ["digest_notice", "make_due", "make_run", "week_digest"]

log = structlog.get_logger()

PATIENCE = timedelta(hours=2)
"""A digest waits so long for posts that are not read yet; then it says what is missing."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def make_due(runtime: Runtime) -> int:
    """Make the digests that are due now and were not made yet; gives how many. Each brand's week is made once."""
    settings = runtime.config.digest
    if not settings.enabled:
        return 0
    made = 0
    for brand in runtime.config.brands:
        weekday = _WEEKDAYS.index(settings.weekday)
        week = due_week(runtime.now(), brand.zone, weekday, settings.at)
        if week is None or not _was_watched(runtime, brand, week):
            continue
        overdue = due_week(runtime.now() - PATIENCE, brand.zone, weekday, settings.at) == week
        waited = overdue and runtime.now() - runtime.opened_at >= PATIENCE
        if waited or _is_complete(runtime, brand, week):
            made += make_run(runtime, brand, week)
    return made


def _is_complete(runtime: Runtime, brand: Brand, week: Week) -> bool:
    """Whether the week's posts are in and decided, as far as they can be.

    A daemon that was down has both to do first: its page is made once, and must not tell of posts unread.
    """
    with runtime.store.read() as session:
        if undecided_between(session, brand.id, week.start, week.end):
            return False
        states = [
            source_state(session, source.id) for source in runtime.config.sources if source.brand == brand.id
        ]
    tried = [state.last_attempt for state in states if state is not None and state.next_due is not None]
    return all(at is None or at >= week.end for at in tried)


def _was_watched(runtime: Runtime, brand: Brand, week: Week) -> bool:
    """Whether a week's page has anything to say: an empty one from before the first collection has not."""
    with runtime.store.read() as session:
        since = watched_since(session, brand.id)
        if since is not None and since < week.end:
            return True
        return anything_between(session, brand.id, week.start, week.end)


def make_run(runtime: Runtime, brand: Brand, week: Week) -> bool:
    """Put one brand's digest into the outbox; False when that was done before.

    The run and its notices are one transaction, and the run is unique by brand and week: of two daemons, one wins.
    """
    now = runtime.now()
    names = list(runtime.config.digest.channels) or [channel.name for channel in runtime.config.channels]
    try:
        with runtime.store.write() as session:
            if run_of(session, brand.id, week.key) is not None:
                return False
            event = event_id(f"digest:{brand.id}:{week.key}")
            run = create_run(session, brand.id, week.key, event, now)
            enqueue(session, event, DeliveryKind.DIGEST, names, now, brand=brand.id, digest_run_id=run.id)
    except IntegrityError:
        return False
    log.info("digest made", action="digest.made", brand=brand.id, week=week.key)
    return True


def digest_notice(runtime: Runtime, session: Session, run: DigestRun) -> DigestNotice | None:
    """The notice of a run; None when its brand is no longer configured."""
    try:
        brand = runtime.config.brand(run.brand)
    except KeyError:
        return None
    week = week_named(run.week, brand.zone)
    return DigestNotice(
        event_id=run.event_id, digest=week_digest(runtime, session, brand, week, run.created_at)
    )


def week_digest(runtime: Runtime, session: Session, brand: Brand, week: Week, now: datetime) -> Digest:
    """Count one brand's week from the tables."""
    start = history_start(week)
    counted = counted_between(session, brand.id, start, week.end)
    rows = [_row(one) for one in counted]
    surveys = [
        SurveyRow(answer.kind, answer.value, answer.answered_at)
        for answer in surveys_between(session, brand.id, start, week.end)
    ]
    last = run_of(session, brand.id, previous(week).key)
    return digest_of(
        brand.name,
        week,
        rows,
        surveys,
        _sources(runtime, session, brand, week, rows, now),
        now,
        previous_at=last.created_at if last else None,
    )


def _row(one: Counted) -> DigestRow:
    mention, score = one.mention, one.score
    return DigestRow(
        mention_id=mention.id,
        source=mention.source,
        kind=mention.kind,
        lang=score.lang if score else "und",
        label=score.label if score else "unscored",
        reason=score.reason if score else "not_yet",
        confidence=confidence(score),
        satisfaction=score.satisfaction if score else None,
        stars=mention.stars,
        text=mention.text,
        author=mention.author,
        url=mention.url,
        at=published(mention),
        collected_at=mention.collected_at,
        alerted=one.alert is not None,
        due=one.due,
        folded=one.alert is not None and one.alert.role == Role.DUPLICATE,
        answered_at=mention.owner_replied_at,
    )


def _down(
    source: SourceConfig, state: SourceState | None, gaps: list[SourceGap], week: Week, now: datetime
) -> Iterator[tuple[datetime, datetime, str]]:
    """The spans in which a source was not collected, hiccups aside; also one that still lasts unnoticed."""
    end = min(now, week.end)
    for gap in gaps:
        until = gap.ended_at or end
        if until - gap.started_at > HICCUPS * source.every:
            yield gap.started_at, until, gap.reason
    lasting = any(gap.ended_at is None for gap in gaps)
    if state is None or state.next_due is None or state.last_success is None or lasting:
        return
    if end - state.next_due > HICCUPS * source.every:
        yield state.last_success, end, NOT_ASKED


def _sources(
    runtime: Runtime, session: Session, brand: Brand, week: Week, rows: list[DigestRow], now: datetime
) -> list[SourceRow]:
    gaps = gaps_between(session, week.start, week.end)
    found = []
    for source in runtime.config.sources:
        if source.brand != brand.id:
            continue
        state = source_state(session, source.id)
        found.append(
            SourceRow(
                source=source.id,
                kind=source.type,
                status=state.status if state else "failing",
                note=state.note if state else None,
                last_success=state.last_success if state else None,
                down=tuple(_down(source, state, [gap for gap in gaps if gap.source == source.id], week, now)),
                blind=runtime.collectors[source.id].facts.misses,
                collected=sum(row.source == source.id and week.start <= row.at < week.end for row in rows),
            )
        )
    return found
