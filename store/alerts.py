"""Alerts: which posts were told, as one or as a storm, and what was told before."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from store.rows import changed
from store.tables import Alert, AlertKind, AlertMention, Mention, Role, Silence, Statement

__all__ = [
    "alert_of_statement",
    "alerted_among",
    "create_alert",
    "event_id",
    "join",
    "latest_storm",
    "mentions_of",
    "one_decider",
    "silence_at",
    "take_statement",
    "told_times",
]

_NAMESPACE = uuid.UUID("a1f0b7f5-6d3c-5a59-9f0e-5c1d7a3e9b42")


_DECIDERS = 0x6174_6264
"""The first half of PostgreSQL's advisory locks for deciders ("atbd" in ASCII); the second is the brand's."""


def event_id(dedupe_key: str) -> str:
    """The stable id of every message about one thing, derived from what makes the thing unique."""
    return uuid.uuid5(_NAMESPACE, dedupe_key).hex


def create_alert(
    session: Session,
    *,
    kind: AlertKind,
    dedupe_key: str,
    brand: str,
    rule: str,
    why: Sequence[str],
    first_at: datetime,
    last_at: datetime,
    now: datetime,
) -> Alert:
    """Write an alert; the database refuses a second one with the same key."""
    alert = Alert(
        event_id=event_id(dedupe_key),
        # Hashed: the id of a post can name its author, and the alert may outlive both.
        dedupe_key=hashlib.sha256(dedupe_key.encode()).hexdigest(),
        brand=brand,
        kind=kind,
        rule=rule,
        why=list(why),
        first_at=first_at,
        last_at=last_at,
        created_at=now,
    )
    session.add(alert)
    session.flush()
    return alert


def join(session: Session, alert_id: int, mention_ids: Sequence[int], role: Role, now: datetime) -> None:
    """Say which alert these mentions belong to; the database refuses a second alert for one mention."""
    session.add_all(
        AlertMention(mention_id=mention_id, alert_id=alert_id, role=role, added_at=now)
        for mention_id in mention_ids
    )
    session.flush()


def one_decider(session: Session, brand: str) -> None:
    """Wait until no other process decides about this brand, and keep them waiting until this transaction ends.

    Storms and duplicates are seen only by who knows what was told a moment ago. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_DECIDERS, func.hashtext(brand))))


def alerted_among(session: Session, mention_ids: Sequence[int]) -> set[int]:
    """Those mentions that belong to an alert already."""
    return set(
        session.exec(select(AlertMention.mention_id).where(col(AlertMention.mention_id).in_(mention_ids)))
    )


def take_statement(session: Session, statement_id: int, now: datetime, again_after: timedelta) -> bool:
    """Take the right to alert about a statement; False when the same words were alerted lately.

    Words that no post of any alert says any more (its author edited them) may be alerted again at once: there is
    no alert that another post with these words could belong to.
    """
    said = (
        select(AlertMention.mention_id)
        .join(Mention, col(Mention.id) == col(AlertMention.mention_id))
        .where(Mention.statement_id == statement_id)
        .exists()
    )
    return (
        changed(
            session,
            update(Statement)
            .where(
                col(Statement.id) == statement_id,
                or_(
                    col(Statement.alerted_at).is_(None),
                    col(Statement.alerted_at) < now - again_after,
                    ~said,
                ),
            )
            .values(alerted_at=now),
        )
        == 1
    )


def alert_of_statement(session: Session, statement_id: int) -> Alert:
    """The newest alert about a statement that was alerted."""
    return session.exec(
        select(Alert)
        .join(AlertMention, col(AlertMention.alert_id) == col(Alert.id))
        .join(Mention, col(Mention.id) == col(AlertMention.mention_id))
        .where(Mention.statement_id == statement_id)
        .order_by(col(Alert.id).desc())
        .limit(1)
    ).one()


def latest_storm(session: Session, brand: str) -> Alert | None:
    """The storm of a brand whose posts are the latest."""
    return session.exec(
        select(Alert)
        .where(Alert.brand == brand, Alert.kind == AlertKind.STORM)
        .order_by(col(Alert.last_at).desc())
        .limit(1)
    ).first()


def told_times(session: Session, brand: str, since: datetime) -> list[datetime]:
    """When the posts were published that were alerted one by one, from `since` on."""
    return list(
        session.exec(
            select(Alert.first_at).where(
                Alert.brand == brand, Alert.kind == AlertKind.SINGLE, col(Alert.first_at) >= since
            )
        )
    )


def mentions_of(session: Session, alert_id: int, role: Role | None = None) -> list[Mention]:
    """The mentions of an alert, in the order in which they were published."""
    query = (
        select(Mention)
        .join(AlertMention, col(AlertMention.mention_id) == col(Mention.id))
        .where(AlertMention.alert_id == alert_id)
        .order_by(col(Mention.published_at), col(Mention.id))
    )
    if role is not None:
        query = query.where(AlertMention.role == role)
    return list(session.exec(query))


def silence_at(session: Session, brand: str, at: datetime) -> Silence | None:
    """What silences a brand's alerts at an instant, if anything does: of several the one that ends last."""
    return session.exec(
        select(Silence)
        .where(Silence.brand == brand, col(Silence.starts_at) <= at, col(Silence.ends_at) > at)
        .order_by(col(Silence.ends_at).desc())
        .limit(1)
    ).first()
