"""Sources: whose turn it is, where each stands, and when it was down or blind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, true, update
from sqlmodel import Session, col, select

from store.rows import changed, inserting
from store.tables import SourceGap, SourceState

__all__ = [
    "all_states",
    "claim_source",
    "close_gap",
    "due_sources",
    "ensure_sources",
    "gaps_between",
    "note_gap",
    "open_gap",
    "release_source",
    "renew_source",
    "resume_sources",
    "source_state",
    "watched_since",
]


def ensure_sources(session: Session, sources: Sequence[tuple[str, str]], now: datetime) -> None:
    """Make a state row for each configured (source, brand) that has none; it is due at once."""
    known = set(session.exec(select(SourceState.source)).all())
    for source, brand in sources:
        if source not in known:
            row = SourceState(source=source, brand=brand, next_due=now).model_dump()
            session.execute(inserting(session, SourceState).values(row).on_conflict_do_nothing())


def all_states(session: Session) -> list[SourceState]:
    """Where every source stands."""
    return list(session.exec(select(SourceState).order_by(col(SourceState.source))))


def watched_since(session: Session, brand: str) -> datetime | None:
    """When a brand's first source was collected for the first time."""
    return session.exec(
        select(SourceState.watched_since)
        .where(SourceState.brand == brand, col(SourceState.watched_since).is_not(None))
        .order_by(col(SourceState.watched_since))
        .limit(1)
    ).first()


def resume_sources(session: Session, now: datetime) -> None:
    """Make paused sources due again: whoever starts a daemon may have mended them."""
    changed(
        session,
        update(SourceState).where(col(SourceState.next_due).is_(None)).values(next_due=now),
    )


def source_state(session: Session, source: str) -> SourceState | None:
    """Where a source stands."""
    return session.get(SourceState, source)


def due_sources(session: Session, sources: Sequence[str], now: datetime) -> list[str]:
    """Those of `sources` that are due and that nobody collects now, the longest waiting first."""
    return list(
        session.exec(
            select(SourceState.source)
            .where(
                col(SourceState.source).in_(sources),
                col(SourceState.next_due) <= now,
                or_(col(SourceState.lease_until).is_(None), col(SourceState.lease_until) < now),
            )
            .order_by(col(SourceState.next_due), col(SourceState.source))
        )
    )


def claim_source(
    session: Session, source: str, token: str, now: datetime, lease: timedelta, *, only_due: bool = False
) -> bool:
    """Take a source for one collection; False when somebody else has it.

    With `only_due`, also when it is not due any more: somebody else had it a moment ago.
    """
    due = col(SourceState.next_due) <= now if only_due else true()
    return (
        changed(
            session,
            update(SourceState)
            .where(
                col(SourceState.source) == source,
                or_(col(SourceState.lease_until).is_(None), col(SourceState.lease_until) < now),
                due,
            )
            .values(
                lease=token,
                lease_until=now + lease,
                last_attempt=now,
                watched_since=func.coalesce(col(SourceState.watched_since), now),
            ),
        )
        == 1
    )


def renew_source(session: Session, source: str, token: str, until: datetime) -> bool:
    """Keep a source for longer; False when the lease was lost, and then nothing may be stored."""
    return (
        changed(
            session,
            update(SourceState)
            .where(col(SourceState.source) == source, col(SourceState.lease) == token)
            .values(lease_until=until),
        )
        == 1
    )


def release_source(session: Session, source: str, token: str) -> None:
    """Give a source back."""
    changed(
        session,
        update(SourceState)
        .where(col(SourceState.source) == source, col(SourceState.lease) == token)
        .values(lease=None, lease_until=None),
    )


def open_gap(session: Session, source: str) -> SourceGap | None:
    """The span in which a source is down now, if it is."""
    return session.exec(
        select(SourceGap).where(
            SourceGap.source == source, SourceGap.kind == "down", col(SourceGap.ended_at).is_(None)
        )
    ).first()


def note_gap(
    session: Session, source: str, kind: str, reason: str, started: datetime, ended: datetime | None = None
) -> None:
    """Note a span in which a source gave nothing (`down`) or could not show everything (`blind`)."""
    session.add(SourceGap(source=source, kind=kind, reason=reason, started_at=started, ended_at=ended))


def close_gap(session: Session, source: str, now: datetime) -> None:
    """Note that a source is up again."""
    gap = open_gap(session, source)
    if gap is not None:
        gap.ended_at = now
        session.add(gap)


def gaps_between(session: Session, start: datetime, end: datetime) -> list[SourceGap]:
    """The spans that touch [start, end), oldest first."""
    return list(
        session.exec(
            select(SourceGap)
            .where(
                col(SourceGap.started_at) < end,
                or_(col(SourceGap.ended_at).is_(None), col(SourceGap.ended_at) > start),
            )
            .order_by(col(SourceGap.started_at), col(SourceGap.id))
        )
    )
