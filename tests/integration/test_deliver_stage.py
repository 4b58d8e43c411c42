"""Stage four: every notice goes out in order, at least once, and says what holds it up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from alerts.channels.base import Limits
from alerts.notice import AlertNotice, Notice, OpsNotice, StormNotice
from alerts.outbox import GIVE_UP_ATTEMPTS
from atbalss.errors import (
    ChannelRefused,
    ChannelThrottled,
    ChannelUnavailable,
    MessageRefused,
    StoreError,
)
from atbalss.pipeline import deliver as stage
from atbalss.pipeline.deliver import deliver_all
from atbalss.pipeline.notices import notice_of
from atbalss.pipeline.runtime import Runtime
from atbalss.status import Status, status_of
from store.deliveries import resume_channels, send_again
from store.retention import erase_author
from store.tables import ChannelState, Delivery, DeliveryState
from tests.clock import NOW, Clock
from tests.world import RecordingChannel, World, post

SECRET = "MARKED POST TEXT"
DOWN = ChannelUnavailable("channel first", "does not answer", "it is tried again")
REFUSED = ChannelRefused("channel first", "the token is refused", "make a new token")
TWO = '\n[[channels]]\nname = "second"\ntype = "console"\n'


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    yield made
    made.close()


def fill(world: World, runtime: Runtime, *ids: int) -> None:
    """So many alerts, a day between any two so that they are no storm."""
    for number in ids:
        text = f"Sūdzība numur {number}: ļoti slikti"
        at = NOW - timedelta(hours=30 * (number % 5))
        world.store_posts(runtime, post(str(number), text, published_at=at, author_key=f"k{number}"))
        world.judge(runtime)


def told(channel: RecordingChannel) -> list[str]:
    """The texts' numbers in the order in which they were sent; other notices by their subject."""
    return [_name(notice) for notice in channel.sent]


def _name(notice: Notice) -> str:
    if isinstance(notice, AlertNotice):
        return notice.mention.text.split(":")[0].removeprefix("Sūdzība numur ")
    assert isinstance(notice, OpsNotice)
    return notice.subject


def outbox(runtime: Runtime, channel: str = "first") -> list[Delivery]:
    with runtime.store.read() as session:
        query = select(Delivery).where(Delivery.channel == channel).order_by(col(Delivery.id))
        return list(session.exec(query))


def states(runtime: Runtime, channel: str = "first") -> list[str]:
    return [delivery.state for delivery in outbox(runtime, channel)]


def channel_state(runtime: Runtime, name: str = "first") -> ChannelState:
    with runtime.store.read() as session:
        return session.get_one(ChannelState, name)


def status(world: World, runtime: Runtime) -> Status:
    return status_of(runtime.config, runtime.store, world.clock())


def test_notices_go_out_in_the_order_of_their_decisions(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    fill(world, runtime, 3, 1, 2)
    assert world.deliver(runtime) == 3
    assert told(channel) == ["3", "1", "2"]
    assert states(runtime) == ["sent"] * 3
    assert [row.reference for row in outbox(runtime)] == ["receipt-1", "receipt-2", "receipt-3"]
    assert {(row.attempts, row.sent_at, row.last_error) for row in outbox(runtime)} == {(1, NOW, None)}
    assert world.deliver(runtime) == 0
    assert channel.attempts == 3


def test_the_order_is_kept_over_an_outage_and_nothing_is_lost(world: World) -> None:
    channel = RecordingChannel("first", errors=[DOWN] * 4)
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2)
    waits = []
    for _ in range(4):
        assert world.deliver(runtime) == 0
        state = channel_state(runtime)
        assert state.wait_until is not None
        waits.append((state.wait_until - world.clock()).total_seconds())
        # Until then nobody knocks, for no notice.
        attempts = channel.attempts
        assert world.deliver(runtime) == 0
        assert channel.attempts == attempts
        world.clock.now = state.wait_until
    assert waits == [30, 60, 120, 240]
    line = status(world, runtime).channels[0]
    assert (line.status, line.attempts, line.counts) == ("waiting", 4, {"pending": 2})
    assert line.last_error == str(DOWN)
    assert any("channel first: waiting" in trouble for trouble in status(world, runtime).trouble)
    fill(world, runtime, 3)
    assert world.deliver(runtime) == 3
    assert told(channel) == ["1", "2", "3"]
    state = channel_state(runtime)
    assert (state.status, state.failures, state.note, state.since, state.wait_until) == (
        "ok",
        0,
        None,
        None,
        None,
    )


def test_a_429_makes_the_whole_channel_wait_and_drops_nothing(world: World) -> None:
    throttled = ChannelThrottled("channel first", "asks to wait", "it waits", retry_after=77)
    channel = RecordingChannel("first", errors=[throttled])
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2)
    assert world.deliver(runtime) == 0
    assert channel.attempts == 1
    world.clock.forward(seconds=76)
    assert world.deliver(runtime) == 0
    assert channel.attempts == 1
    world.clock.forward(seconds=1)
    assert world.deliver(runtime) == 2
    assert told(channel) == ["1", "2"]


def test_one_channel_in_trouble_does_not_hold_up_the_others(world: World) -> None:
    world.config += TWO
    broken, well = RecordingChannel("first", errors=[DOWN]), RecordingChannel("second")
    runtime = world.runtime(broken, well)
    fill(world, runtime, 1, 2)
    assert world.deliver(runtime) == 2
    assert told(well) == ["1", "2"]


def test_a_refusing_channel_is_paused_told_by_the_others_once_and_resumed(world: World) -> None:
    world.config += TWO
    broken, well = RecordingChannel("first", errors=[REFUSED] * 3), RecordingChannel("second")
    runtime = world.runtime(broken, well)
    fill(world, runtime, 1, 2)
    world.deliver(runtime)
    assert channel_state(runtime).status == "paused"
    world.clock.forward(days=3)
    world.deliver(runtime)
    assert broken.attempts == 1
    assert told(well) == ["1", "2", "Channel first"]
    notice = well.sent[-1]
    assert isinstance(notice, OpsNotice)
    assert notice.since == NOW
    assert "make a new token" in notice.reason
    assert notice.remedy == "then run: atbalss alerts resume first"
    # Daemons that start try again; still refused, that is no news.
    for _ in range(2):
        with runtime.store.write() as session:
            assert resume_channels(session) == 1
        world.deliver(runtime)
        assert channel_state(runtime).status == "paused"
    assert told(well) == ["1", "2", "Channel first"]
    assert states(runtime) == ["pending"] * 2
    with runtime.store.write() as session:
        resume_channels(session, "first")
    assert world.deliver(runtime) == 2
    assert told(broken) == ["1", "2"]
    # Mended, and broken again: that is news.
    broken.errors = [REFUSED]
    fill(world, runtime, 3)
    world.deliver(runtime)
    world.deliver(runtime)
    assert told(well).count("Channel first") == 2


def test_a_refused_message_is_a_dead_letter_and_the_next_one_goes_on(world: World) -> None:
    refusal = MessageRefused("channel first", "the message is too long", "report it")
    channel = RecordingChannel("first", errors=[refusal])
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2)
    assert world.deliver(runtime) == 1
    assert told(channel) == ["2"]
    assert states(runtime) == ["dead", "sent"]
    assert outbox(runtime)[0].last_error == str(refusal)
    assert channel_state(runtime).status == "ok"
    assert any("1 dead letters" in trouble for trouble in status(world, runtime).trouble)
    with runtime.store.write() as session:
        assert send_again(session) == 1
        assert send_again(session) == 0
    assert world.deliver(runtime) == 1
    assert told(channel) == ["2", "1"]


def test_one_dead_letter_can_be_sent_again_by_its_number(world: World) -> None:
    refusal = MessageRefused("channel first", "too long", "")
    channel = RecordingChannel("first", errors=[refusal, refusal])
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2, 3)
    world.deliver(runtime)
    first, second, sent = outbox(runtime)
    with runtime.store.write() as session:
        assert send_again(session, [second.id, sent.id]) == 1
    world.deliver(runtime)
    assert told(channel) == ["3", "2"]
    assert states(runtime) == ["dead", "sent", "sent"]
    assert first.state == DeliveryState.DEAD


def test_an_unknown_error_is_tried_again_and_its_message_is_kept_nowhere(world: World) -> None:
    channel = RecordingChannel("first", errors=[ValueError(f"cannot encode {SECRET}")])
    runtime = world.runtime(channel)
    fill(world, runtime, 1)
    with capture_logs() as logs:
        assert world.deliver(runtime) == 0
    assert outbox(runtime)[0].last_error == "unexpected ValueError"
    assert channel_state(runtime).note == "unexpected ValueError"
    assert SECRET not in str(logs)
    world.clock.forward(seconds=30)
    assert world.deliver(runtime) == 1


def test_a_message_that_fails_for_days_gives_the_others_a_turn(world: World) -> None:
    channel = RecordingChannel("first", errors=[DOWN])
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2)
    with runtime.store.write() as session:
        session.exec(select(Delivery).order_by(col(Delivery.id))).first().attempts = GIVE_UP_ATTEMPTS - 1  # type: ignore[union-attr]  # two rows
    world.deliver(runtime)
    assert states(runtime) == ["dead", "pending"]
    world.clock.forward(hours=1)
    assert world.deliver(runtime) == 1
    assert told(channel) == ["2"]


def test_a_notice_whose_subject_was_erased_is_dropped_and_the_next_one_goes_on(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2)
    with runtime.store.write() as session:
        erase_author(session, "k1", NOW)
    assert world.deliver(runtime) == 1
    assert told(channel) == ["2"]
    assert states(runtime) == ["dropped", "sent"]


def test_a_notice_that_cannot_be_written_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2)
    real = notice_of

    def breaking(runtime: Runtime, session: object, delivery: Delivery) -> Notice | None:
        notice = real(runtime, session, delivery)  # type: ignore[arg-type]  # passed on
        if (
            isinstance(notice, AlertNotice)
            and ": " in notice.mention.text
            and "numur 1" in notice.mention.text
        ):
            raise KeyError(SECRET)
        return notice

    monkeypatch.setattr(stage, "notice_of", breaking)
    assert world.deliver(runtime) == 1
    assert told(channel) == ["2"]
    first = outbox(runtime)[0]
    assert (first.state, first.last_error) == ("dead", "could not be written: KeyError")


def test_a_database_that_fails_drops_no_notice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    fill(world, runtime, 1)

    def fails(*_: object) -> None:
        raise StoreError("the database", "disk full", "make room")

    with monkeypatch.context() as patch:
        patch.setattr(stage, "notice_of", fails)
        with pytest.raises(StoreError):
            world.deliver(runtime)
    assert states(runtime) == ["pending"]
    assert world.deliver(runtime) == 1


class Rendezvous(RecordingChannel):
    """A channel that waits until the other process has tried, too."""

    async def send(self, notice: Notice):
        await asyncio.sleep(0.01)
        return await super().send(notice)


def test_one_process_sends_on_a_channel_at_a_time(world: World) -> None:
    channel = Rendezvous("first")
    one, other = world.runtime(channel), world.runtime(channel)
    fill(world, one, 1, 2, 3)

    async def both() -> list[int]:
        return list(await asyncio.gather(deliver_all(one), deliver_all(other)))

    assert sorted(asyncio.run(both())) == [0, 3]
    assert told(channel) == ["1", "2", "3"]


class Dying(RecordingChannel):
    """A channel whose process dies after the message went out and before it is noted."""

    async def send(self, notice: Notice):
        await super().send(notice)
        raise KeyboardInterrupt


def test_a_crash_between_sending_and_noting_repeats_the_same_id_once(world: World) -> None:
    dying, channel = Dying("first"), RecordingChannel("first")
    runtime, heir = world.runtime(dying), world.runtime(channel)
    fill(world, runtime, 1, 2)
    with pytest.raises(KeyboardInterrupt):
        world.deliver(runtime)
    world.clock.forward(minutes=2, seconds=1)
    assert world.deliver(heir) == 2
    assert [notice.event_id for notice in dying.sent] == [channel.sent[0].event_id]
    assert told(channel) == ["1", "2"]
    assert len({notice.event_id for notice in channel.sent}) == 2


class Hanging(RecordingChannel):
    """A channel that never answers."""

    async def send(self, notice: Notice):
        self.attempts += 1
        await asyncio.Event().wait()


def test_a_channel_that_never_answers_costs_half_a_lease_and_no_notice(world: World) -> None:
    world.config += '\n[daemon]\nlease = "1s"\n'
    hanging = Hanging("first")
    runtime = world.runtime(hanging)
    fill(world, runtime, 1)
    assert world.deliver(runtime) == 0
    (row,) = outbox(runtime)
    assert (row.state, row.last_error) == ("pending", "first: did not answer in time; it is tried again")


def test_the_pace_of_a_channel_is_kept_over_runs(world: World) -> None:
    channel = RecordingChannel("first", limits=Limits(text_chars=100, interval=1.5))
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2, 3)
    assert world.deliver(runtime) == 3
    assert world.clock.slept == [1.5, 1.5]
    world.clock.forward(seconds=0.5)
    fill(world, runtime, 4)
    world.deliver(runtime)
    assert world.clock.slept == [1.5, 1.5, 1.0]
    world.clock.forward(seconds=10)
    fill(world, runtime, 5)
    world.deliver(runtime)
    assert len(world.clock.slept) == 3


def test_a_process_that_stops_sends_nothing_more_and_gives_the_channel_back(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    fill(world, runtime, 1, 2, 3)
    assert asyncio.run(deliver_all(runtime, lambda: len(channel.sent) >= 2)) == 2
    assert channel_state(runtime).lease is None
    assert world.deliver(runtime) == 1
    assert told(channel) == ["1", "2", "3"]


def test_a_storm_is_counted_at_the_moment_of_sending(world: World) -> None:
    channel = RecordingChannel("first", errors=[DOWN])
    runtime = world.runtime(channel)
    for first in (0, 5):
        posts = [
            post(str(first + n), f"Sūdzība {first + n}: ļoti slikti", published_at=NOW) for n in range(5)
        ]
        world.store_posts(runtime, *posts)
        world.run(runtime)
    world.clock.forward(minutes=1)
    assert world.deliver(runtime) == 1
    (notice,) = channel.sent
    assert isinstance(notice, StormNotice)
    assert (notice.count, len(notice.quotes)) == (10, 5)


def test_an_alert_says_all_that_is_needed_to_answer_it(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    words = post(
        "1",
        "Ļoti slikta apkalpošana, kurjers bija briesmīgs",
        stars=1,
        title="Slikti",
        url="https://shop.example/1",
        author="J. B. #1234",
        published_at=NOW - timedelta(hours=3),
    )
    world.store_posts(runtime, words)
    world.store_posts(runtime, post("2", words.text, stars=1), source="comments")
    world.run(runtime)
    (notice,) = channel.sent
    assert isinstance(notice, AlertNotice)
    mention = notice.mention
    assert (notice.brand, notice.rule, notice.also_seen) == ("Veikals Asorti", "few stars", 1)
    assert (mention.text, mention.title, mention.stars) == (words.text, "Slikti", 1)
    assert (mention.url, mention.author, mention.lang) == ("https://shop.example/1", "J. B. #1234", "lv")
    assert notice.age == timedelta(hours=3)
    assert notice.why
    assert notice.reply is not None
    assert notice.reply.lang == "lv"


def test_a_start_leaves_a_channel_alone_that_was_asked_to_wait(world: World) -> None:
    asked = RecordingChannel("first", errors=[ChannelThrottled("first", "busy", retry_after=600)])
    runtime = world.runtime(asked)
    world.store_posts(runtime, post("1", "Slikti, ļoti slikti!", stars=1))
    world.run(runtime)
    with runtime.store.write() as session:
        assert resume_channels(session, only_paused=True) == 0
    world.clock.forward(seconds=599)
    assert world.deliver(runtime) == 0
    world.clock.forward(seconds=1)
    assert world.deliver(runtime) == 1


def test_one_channel_that_breaks_the_database_call_does_not_leave_the_others_sending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = RecordingChannel("second"), RecordingChannel("first")
    world.config += '\n[[channels]]\nname = "second"\ntype = "console"\n'
    runtime = world.runtime(bad, good)
    world.store_posts(runtime, post("1", "Slikti, ļoti slikti!", stars=1))
    world.judge(runtime)
    claim = stage._claim

    def broken(given: Runtime, channel: str, token: str) -> ChannelState | None:
        if channel == "first":
            raise StoreError("database", "is gone", "bring it back")
        return claim(given, channel, token)

    monkeypatch.setattr(stage, "_claim", broken)
    with pytest.raises(StoreError):
        world.deliver(runtime)
    assert len(good.sent) == 1
    with runtime.store.read() as session:
        sent = session.exec(select(Delivery.state).where(Delivery.channel == "second")).all()
    assert sent == ["sent"]
