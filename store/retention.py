"""Keeping no longer than allowed: purge by age, erase one person, leave no orphan behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_
from sqlmodel import Session, col, select

from store.rows import changed
from store.tables import Alert, AlertMention, Audit, ErasedAuthor, Mention, Statement

__all__ = ["Erased", "count_author", "erase_author", "erased_among", "expired", "note", "purge", "sweep"]


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows went."""

    mentions: int
    alerts: int
    statements: int


def expired(session: Session, source: str | None, before: datetime, except_sources: tuple[str, ...]) -> int:
    """How many mentions of one source (None: of all but `except_sources`) are older than `before`."""
    return session.exec(
        select(func.count()).select_from(Mention).where(_old(source, before, except_sources))
    ).one()


def purge(session: Session, source: str | None, before: datetime, except_sources: tuple[str, ...]) -> Erased:
    """Delete those mentions with all that hangs on them. Age counts as at intake, from when a post was published."""
    gone = changed(session, delete(Mention).where(_old(source, before, except_sources)))
    return Erased(gone, *sweep(session))


def count_author(session: Session, author_key: str) -> int:
    """How many mentions one person wrote."""
    return session.exec(
        select(func.count()).select_from(Mention).where(Mention.author_key == author_key)
    ).one()


def erased_among(session: Session, author_keys: Sequence[str]) -> set[str]:
    """Those people who were erased."""
    return set(
        session.exec(select(ErasedAuthor.author_key).where(col(ErasedAuthor.author_key).in_(author_keys)))
    )


def erase_author(session: Session, author_key: str, now: datetime) -> Erased:
    """Delete everything that one person wrote, and remember not to store it again."""
    if session.get(ErasedAuthor, author_key) is None:
        session.add(ErasedAuthor(author_key=author_key, erased_at=now))
    gone = changed(session, delete(Mention).where(col(Mention.author_key) == author_key))
    return Erased(gone, *sweep(session))


def note(session: Session, action: str, subject: str, detail: dict[str, object], now: datetime) -> None:
    """Write down what was done by hand or by policy."""
    session.add(Audit(at=now, action=action, subject=subject, detail=detail))


def _old(source: str | None, before: datetime, except_sources: tuple[str, ...]) -> ColumnElement[bool]:
    which = (
        col(Mention.source) == source
        if source is not None
        else ~col(Mention.source).in_(except_sources or ("",))
    )
    # The source may not say when a post was published, or name a time that is yet to come.
    return which & or_(col(Mention.published_at) < before, col(Mention.collected_at) < before)


def sweep(session: Session) -> tuple[int, int]:
    """Delete alerts and statements that no mention belongs to any more; gives how many of each."""
    alerts = changed(session, delete(Alert).where(~col(Alert.id).in_(select(AlertMention.alert_id))))
    used = select(Mention.statement_id).where(col(Mention.statement_id).is_not(None))
    statements = changed(session, delete(Statement).where(~col(Statement.id).in_(used)))
    return alerts, statements
