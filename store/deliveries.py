"""The outbox: notices that wait for a channel, and how each channel is.

A channel's notices go out one after the other in the order in which they were decided, from one process at a
time: whoever holds the channel's lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from store.rows import changed, inserting
from store.tables import ChannelState, ChannelStatus, Delivery, DeliveryKind, DeliveryState

__all__ = [
    "channel_states",
    "claim_channel",
    "deliveries_of",
    "enqueue",
    "ensure_channels",
    "first_pending",
    "outbox_counts",
    "recent_deliveries",
    "release_channel",
    "renew_channel",
    "resume_channels",
    "send_again",
]


def enqueue(
    session: Session,
    event_id: str,
    kind: DeliveryKind,
    channels: Sequence[str],
    now: datetime,
    *,
    brand: str | None = None,
    alert_id: int | None = None,
    digest_run_id: int | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Put one notice into the outbox for each channel; a notice that is there already is left alone.

    Except one that lost what it spoke of before it was sent, and now has it again: it waits once more.
    """
    there = {row.channel: row for row in session.exec(select(Delivery).where(Delivery.event_id == event_id))}
    for channel in channels:
        delivery = there.get(channel)
        if delivery is None:
            delivery = Delivery(event_id=event_id, channel=channel, kind=kind, brand=brand, created_at=now)
        elif delivery.state not in (DeliveryState.PENDING, DeliveryState.DROPPED):
            continue
        delivery.state = DeliveryState.PENDING
        delivery.alert_id, delivery.digest_run_id = alert_id, digest_run_id
        delivery.payload = payload
        session.add(delivery)
    session.flush()


def ensure_channels(session: Session, channels: Sequence[str]) -> None:
    """Make a state row for each configured channel that has none."""
    known = set(session.exec(select(ChannelState.channel)).all())
    for name in channels:
        if name not in known:
            row = ChannelState(channel=name).model_dump()
            session.execute(inserting(session, ChannelState).values(row).on_conflict_do_nothing())


def channel_states(session: Session) -> list[ChannelState]:
    """How every channel is."""
    return list(session.exec(select(ChannelState).order_by(col(ChannelState.channel))))


def resume_channels(session: Session, channel: str | None = None, *, only_paused: bool = False) -> int:
    """Let channels (or one) that are not well be tried again now; gives how many.

    `only_paused` leaves those alone that wait because the other side asked for it.
    """
    which = col(ChannelState.status) != ChannelStatus.OK
    if only_paused:
        which = col(ChannelState.status) == ChannelStatus.PAUSED
    if channel is not None:
        which &= col(ChannelState.channel) == channel
    return changed(
        session,
        update(ChannelState).where(which).values(status=ChannelStatus.WAITING, wait_until=None),
    )


def claim_channel(
    session: Session, channel: str, token: str, now: datetime, lease: timedelta
) -> ChannelState | None:
    """Take the right to send to a channel; None while somebody else has it, it waits or it is paused."""
    taken = changed(
        session,
        update(ChannelState)
        .where(
            col(ChannelState.channel) == channel,
            col(ChannelState.status) != ChannelStatus.PAUSED,
            or_(col(ChannelState.wait_until).is_(None), col(ChannelState.wait_until) <= now),
            or_(col(ChannelState.lease_until).is_(None), col(ChannelState.lease_until) < now),
        )
        .values(lease=token, lease_until=now + lease),
    )
    return session.get(ChannelState, channel, populate_existing=True) if taken else None


def renew_channel(session: Session, channel: str, token: str, until: datetime) -> bool:
    """Keep a channel for longer; False when the lease was lost, and then nothing may be sent."""
    return (
        changed(
            session,
            update(ChannelState)
            .where(col(ChannelState.channel) == channel, col(ChannelState.lease) == token)
            .values(lease_until=until),
        )
        == 1
    )


def release_channel(session: Session, channel: str, token: str) -> None:
    """Give a channel back."""
    changed(
        session,
        update(ChannelState)
        .where(col(ChannelState.channel) == channel, col(ChannelState.lease) == token)
        .values(lease=None, lease_until=None),
    )


def first_pending(session: Session, channel: str) -> Delivery | None:
    """The oldest notice that waits for a channel."""
    return session.exec(
        select(Delivery)
        .where(Delivery.channel == channel, Delivery.state == DeliveryState.PENDING)
        .order_by(col(Delivery.id))
        .limit(1)
    ).first()


def deliveries_of(session: Session, event_id: str) -> list[Delivery]:
    """One notice's deliveries, a channel each."""
    return list(
        session.exec(select(Delivery).where(Delivery.event_id == event_id).order_by(col(Delivery.id)))
    )


def recent_deliveries(session: Session, limit: int, *, dead_only: bool = False) -> list[Delivery]:
    """The newest deliveries; `dead_only`: only those that a channel refused for good."""
    query = select(Delivery).order_by(col(Delivery.id).desc()).limit(limit)
    if dead_only:
        query = query.where(Delivery.state == DeliveryState.DEAD)
    return list(session.exec(query))


def send_again(session: Session, ids: Sequence[int] | None = None) -> int:
    """Put dead letters (all, or those of `ids`) back into the outbox; gives how many."""
    which = col(Delivery.state) == DeliveryState.DEAD
    if ids is not None:
        which &= col(Delivery.id).in_(ids)
    return changed(
        session,
        update(Delivery).where(which).values(state=DeliveryState.PENDING, attempts=0, last_error=None),
    )


def outbox_counts(session: Session) -> dict[str, dict[str, int]]:
    """For each channel, how many notices are in which state."""
    counts: dict[str, dict[str, int]] = {}
    rows = session.exec(
        select(Delivery.channel, Delivery.state, func.count()).group_by(Delivery.channel, Delivery.state)
    )
    for channel, state, count in rows:
        counts.setdefault(channel, {})[state] = count
    return counts
