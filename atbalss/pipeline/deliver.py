"""Stage four: delivered. Each channel's notices go out in order, at least once, under the channel's lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alerts.channels.base import Channel
from alerts.notice import Notice
from alerts.outbox import Attempt, after_error
from atbalss.errors import AtbalssError, ChannelUnavailable
from atbalss.pipeline.notices import notice_of
from atbalss.pipeline.runtime import Runtime
from store.alerts import event_id
from store.deliveries import (
    claim_channel,
    enqueue,
    ensure_channels,
    first_pending,
    release_channel,
    renew_channel,
)
from store.mentions import ERROR_CHARS
from store.tables import ChannelState, ChannelStatus, Delivery, DeliveryKind, DeliveryState

__all__ = ["deliver_all", "deliver_channel"]

log = structlog.get_logger()


async def deliver_all(runtime: Runtime, stopping: Callable[[], bool] = lambda: False) -> int:
    """Send what waits for every channel, the channels side by side; gives how many notices went out."""

    def ensure() -> None:
        with runtime.store.write() as session:
            ensure_channels(session, list(runtime.channels))

    await asyncio.to_thread(ensure)
    # All come to their end before an error of one of them is raised: nothing is left sending unobserved.
    done = await asyncio.gather(
        *(deliver_channel(runtime, channel, stopping) for channel in runtime.channels.values()),
        return_exceptions=True,
    )
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return sum(result for result in done if isinstance(result, int))


async def deliver_channel(
    runtime: Runtime, channel: Channel, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send a channel's notices one after the other, until none waits, one fails or the process is stopping.

    1. Take the channel's lease; no lease while it waits, is paused or another process sends. 2. Renew the lease
    and build the oldest notice; one whose subject is gone is dropped. 3. Keep the channel's pace. 4. Send, for at
    most half of the lease. 5. Note what happened; a crash before this repeats the notice under the same id.
    """
    token = runtime.token()
    sent = 0
    state = await asyncio.to_thread(_claim, runtime, channel.name, token)
    if state is None:
        return 0
    try:
        while not stopping():
            found = await asyncio.to_thread(_next, runtime, channel.name, token)
            if found is None:
                break
            delivery, notice = found
            await _keep_pace(runtime, channel, state)
            try:
                async with asyncio.timeout(runtime.lease.total_seconds() / 2):
                    receipt = await channel.send(notice)
            except Exception as error:
                attempt = await asyncio.to_thread(
                    _note_failure, runtime, channel.name, delivery.id, token, error
                )
                if attempt.wait_until is not None or attempt.pause:
                    break
                continue
            state.last_sent_at = runtime.now()
            await asyncio.to_thread(_note_sent, runtime, channel.name, delivery.id, token, receipt.reference)
            sent += 1
    finally:
        await asyncio.to_thread(_release, runtime, channel.name, token)
    return sent


async def _keep_pace(runtime: Runtime, channel: Channel, state: ChannelState) -> None:
    if state.last_sent_at is None or channel.limits.interval <= 0:
        return
    rest = state.last_sent_at + timedelta(seconds=channel.limits.interval) - runtime.now()
    if rest > timedelta(0):
        await runtime.sleep(rest.total_seconds())


def _claim(runtime: Runtime, channel: str, token: str) -> ChannelState | None:
    with runtime.store.write() as session:
        state = claim_channel(session, channel, token, runtime.now(), runtime.lease)
        session.expunge_all()
        return state


def _next(runtime: Runtime, channel: str, token: str) -> tuple[Delivery, Notice] | None:
    """The oldest notice that still has a subject; None when nothing waits or the lease was lost."""
    while True:
        with runtime.store.write() as session:
            if not renew_channel(session, channel, token, runtime.now() + runtime.lease):
                return None
            delivery = first_pending(session, channel)
            if delivery is None:
                return None
            try:
                notice = notice_of(runtime, session, delivery)
            except (AtbalssError, SQLAlchemyError):
                raise
            except Exception as error:
                # A defect of ours: the same next time. It must not hold up all the others for ever.
                delivery.state = DeliveryState.DEAD
                delivery.last_error = f"could not be written: {type(error).__name__}"
                log.error(
                    "notice not written",
                    action="deliver.defect",
                    channel=channel,
                    notice=delivery.event_id,
                    exc_info=error,
                )
                session.add(delivery)
                continue
            if notice is not None:
                session.expunge_all()
                return delivery, notice
            delivery.state = DeliveryState.DROPPED
            delivery.last_error = "what it spoke of is gone"
            session.add(delivery)
        log.info("notice dropped", action="deliver.dropped", channel=channel, notice=delivery.event_id)


def _note_sent(runtime: Runtime, channel: str, delivery_id: int, token: str, reference: str) -> None:
    now = runtime.now()
    with runtime.store.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        delivery.state = DeliveryState.SENT
        delivery.attempts += 1
        delivery.last_attempt_at = delivery.sent_at = now
        delivery.reference = reference
        delivery.last_error = None
        session.add(delivery)
        state = session.get_one(ChannelState, channel)
        if state.lease == token:
            state.status, state.failures, state.note = ChannelStatus.OK, 0, None
            state.wait_until = state.since = None
            state.last_sent_at = now
            session.add(state)
        event = delivery.event_id
    log.info("notice sent", action="deliver.sent", channel=channel, notice=event, reference=reference)


def _note_failure(runtime: Runtime, channel: str, delivery_id: int, token: str, error: Exception) -> Attempt:
    """Write down the verdict; a channel that is paused is told of by the other channels."""
    now = runtime.now()
    if isinstance(error, TimeoutError):
        error = ChannelUnavailable(channel, "did not answer in time", "it is tried again")
    # The message of an unknown error may quote the notice: only its kind is kept.
    said = str(error) if isinstance(error, AtbalssError) else f"unexpected {type(error).__name__}"
    with runtime.store.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        state = session.get_one(ChannelState, channel)
        delivery.attempts += 1
        attempt = after_error(error, delivery.attempts, state.failures, now)
        delivery.last_attempt_at = now
        delivery.last_error = said[:ERROR_CHARS]
        if attempt.dead:
            delivery.state = DeliveryState.DEAD
        session.add(delivery)
        if state.lease == token:
            _apply(state, attempt, said, now)
            session.add(state)
        if attempt.pause:
            since = state.since or now
            others = [name for name in runtime.channels if name != channel]
            enqueue(
                session,
                event_id(f"channel:{channel}:{since.isoformat()}"),
                DeliveryKind.OPS,
                others,
                now,
                payload={
                    "subject": f"Channel {channel}",
                    "reason": said[:ERROR_CHARS],
                    "remedy": f"then run: atbalss alerts resume {channel}",
                    "since": since.isoformat(),
                },
            )
    log.warning(
        "notice not sent",
        action="deliver.failed",
        channel=channel,
        verdict=attempt.verdict,
        attempts=delivery.attempts,
        reason=said,
    )
    return attempt


def _apply(state: ChannelState, attempt: Attempt, said: str, now: datetime) -> None:
    if attempt.dead and attempt.wait_until is None:
        return  # The channel answered: it is well, only this notice is not.
    state.since = state.since or now
    state.status = ChannelStatus.PAUSED if attempt.pause else ChannelStatus.WAITING
    state.wait_until = attempt.wait_until
    state.failures += 1
    state.note = said[:ERROR_CHARS]


def _release(runtime: Runtime, channel: str, token: str) -> None:
    with runtime.store.write() as session:
        release_channel(session, channel, token)
