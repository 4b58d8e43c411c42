"""Stage five: one digest a brand and week, whoever makes it, whatever the clocks do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from alerts.digest.week import week_named
from alerts.notice import DigestNotice
from atbalss.errors import ChannelUnavailable
from atbalss.pipeline.collect import NOT_ASKED
from atbalss.pipeline.decide import decide_batch
from atbalss.pipeline.digest import PATIENCE, make_due, make_run, week_digest
from atbalss.pipeline.runtime import Runtime
from atbalss.pipeline.score import score_batch
from collectors.base import Page
from store.sources import ensure_sources, note_gap
from store.tables import Delivery, DeliveryKind, DigestRun, Task
from store.tasks import open_task
from tests.clock import NOW, Clock
from tests.scripted import Scripted, collect, collected_post
from tests.world import RecordingChannel, World, post

MONDAY = datetime(2026, 11, 16, 7, tzinfo=UTC)
"""Nine o'clock in Riga on the Monday after the week 2026-W46."""


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    yield made
    made.close()


def watched(world: World, *channels: RecordingChannel) -> Runtime:
    """A runtime whose sources have been collected for a month."""
    runtime = world.runtime(*channels)
    runtime.collectors = {source.id: Scripted([]) for source in runtime.config.sources}
    now, world.clock.now = world.clock.now, NOW - timedelta(days=30)
    collect(runtime)
    world.clock.now = now
    return runtime


def make(runtime: Runtime) -> int:
    """Collect and judge what is due, as the other stages do, then make the digests that are due."""
    collect(runtime)
    while score_batch(runtime) or decide_batch(runtime):
        pass
    return make_due(runtime)


def runs(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.store.read() as session:
        return [(run.brand, run.week) for run in session.exec(select(DigestRun).order_by(col(DigestRun.id)))]


def deliveries(runtime: Runtime) -> list[Delivery]:
    with runtime.store.read() as session:
        return list(session.exec(select(Delivery).where(Delivery.kind == DeliveryKind.DIGEST)))


def test_a_digest_is_made_at_its_hour_and_once(world: World) -> None:
    runtime = watched(world)
    world.clock.now = MONDAY - timedelta(seconds=1)
    assert make(runtime) == 0
    world.clock.now = MONDAY
    assert make(runtime) == 1
    assert make(runtime) == 0
    world.clock.now = MONDAY + timedelta(days=6)
    assert make(runtime) == 0
    world.clock.now = MONDAY + timedelta(days=7)
    assert make(runtime) == 1
    assert runs(runtime) == [("shop", "2026-W46"), ("shop", "2026-W47")]


def test_a_digest_that_is_switched_off_is_not_made(world: World) -> None:
    world.config += "\n[digest]\nenabled = false\n"
    assert make_due(world.runtime()) == 0


def test_a_week_in_which_nobody_looked_has_no_digest(world: World) -> None:
    runtime = world.runtime()
    assert make_due(runtime) == 0
    runtime.collectors = {"reviews": Scripted([])}
    world.clock.now = MONDAY
    collect(runtime)
    assert make_due(runtime) == 0
    world.clock.forward(days=7)
    assert make(runtime) == 1


def test_each_brand_has_its_own_week_in_its_own_zone(world: World) -> None:
    world.config += '\n[[brands]]\nid = "nairi"\nname = "Նաիրի"\nzone = "Asia/Yerevan"\n'
    world.config += (
        '[[sources]]\nid = "n"\nbrand = "nairi"\ntype = "demo"\nabout = "nairi-kap"\npart = "demo-news"\n'
    )
    runtime = watched(world)
    world.clock.now = MONDAY - timedelta(hours=2)
    assert make(runtime) == 1
    assert runs(runtime) == [("nairi", "2026-W46")]
    world.clock.now = MONDAY
    assert make(runtime) == 1
    assert len({row.event_id for row in deliveries(runtime)}) == 2


def test_two_processes_make_one_digest(world: World) -> None:
    one, other = world.runtime(), world.runtime()
    week = week_named("2026-W46", one.config.brand("shop").zone)
    together, made = threading.Barrier(2), []

    def work(runtime: Runtime) -> None:
        together.wait()
        made.append(make_run(runtime, runtime.config.brand("shop"), week))

    threads = [threading.Thread(target=work, args=(runtime,)) for runtime in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]
    assert len(runs(one)) == len(deliveries(one)) == 1


def test_the_configured_channels_get_it_and_otherwise_all(world: World) -> None:
    more = '\n[[channels]]\nname = "boss"\ntype = "console"\n'
    world.config += more
    runtime = watched(world)
    make(runtime)
    assert sorted(row.channel for row in deliveries(runtime)) == ["boss", "first"]
    world.config += '\n[digest]\nchannels = ["boss"]\n'
    world.clock.forward(days=7)
    later = world.runtime()
    later.collectors = {"reviews": Scripted([])}
    make(later)
    assert sorted(row.channel for row in deliveries(later)) == ["boss", "boss", "first"]


def test_a_digest_that_is_sent_again_has_the_same_id_and_numbers(world: World) -> None:
    channel = RecordingChannel("first", errors=[ChannelUnavailable("channel first", "down", "wait")])
    runtime = world.runtime(channel)
    at = MONDAY - timedelta(days=3)
    world.store_posts(runtime, post("1", "Ļoti slikti, briesmīgi", published_at=at, stars=1), baseline=True)
    world.judge(runtime)
    make_due(runtime)
    assert world.deliver(runtime) == 0
    world.clock.forward(minutes=1)
    assert world.deliver(runtime) == 1
    (notice,) = channel.sent
    assert isinstance(notice, DigestNotice)
    assert notice.event_id == deliveries(runtime)[0].event_id
    assert (notice.digest.week.key, notice.digest.tally.neg) == ("2026-W46", 1)
    assert notice.digest.made_at == NOW


def test_a_digest_of_a_brand_that_left_the_configuration_is_dropped(world: World) -> None:
    runtime = watched(world)
    make(runtime)
    world.config = world.config.replace('"shop"', '"other"')
    channel = RecordingChannel("first")
    assert world.deliver(world.runtime(channel)) == 0
    assert [row.state for row in deliveries(runtime)] == ["dropped"]


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        # Riga is two hours ahead of UTC in winter and three in summer.
        ("2026-03-22T21:59:59+00:00", "2026-W12"),
        ("2026-03-22T22:00:00+00:00", "2026-W13"),
        # The clock went forward in the night to Sunday the 29th: the week has 167 hours.
        ("2026-03-29T20:59:59+00:00", "2026-W13"),
        ("2026-03-29T21:00:00+00:00", "2026-W14"),
        # It went back in the night to Sunday the 25th of October: 169 hours.
        ("2026-10-18T20:59:59+00:00", "2026-W42"),
        ("2026-10-18T21:00:00+00:00", "2026-W43"),
        ("2026-10-25T00:30:00+00:00", "2026-W43"),
        ("2026-10-25T01:30:00+00:00", "2026-W43"),
        ("2026-10-25T21:59:59+00:00", "2026-W43"),
        ("2026-10-25T22:00:00+00:00", "2026-W44"),
    ],
)
def test_a_post_counts_in_the_week_of_its_brands_zone(world: World, moment: str, week: str) -> None:
    runtime = world.runtime()
    at = datetime.fromisoformat(moment)
    world.clock.now = at
    world.store_posts(runtime, post("1", "Ļoti labi, paldies", published_at=at))
    world.judge(runtime)
    brand = runtime.config.brand("shop")
    for key in ("2026-W12", "2026-W13", "2026-W14", "2026-W42", "2026-W43", "2026-W44"):
        with runtime.store.read() as session:
            digest = week_digest(runtime, session, brand, week_named(key, brand.zone), at)
        assert digest.tally.n == (key == week), key


def test_a_post_without_time_counts_when_it_was_collected(world: World) -> None:
    runtime = world.runtime()
    world.clock.now = MONDAY - timedelta(days=2)
    world.store_posts(runtime, post("1", "Ļoti labi, paldies"))
    world.judge(runtime)
    brand = runtime.config.brand("shop")
    with runtime.store.read() as session:
        digest = week_digest(runtime, session, brand, week_named("2026-W46", brand.zone), NOW)
    assert digest.tally.n == 1


def test_a_complaint_that_waits_is_listed_however_old_until_it_is_answered(world: World) -> None:
    runtime = world.runtime()
    text = "Ļoti slikti, naudu neatdod"
    old = post("1", text, published_at=NOW - timedelta(days=200), stars=1)
    world.store_posts(runtime, old, baseline=True)
    world.judge(runtime)
    with runtime.store.write() as session:
        open_task(session, 1, "shop", NOW, NOW, "rule")
    brand = runtime.config.brand("shop")

    def waiting() -> list[str]:
        with runtime.store.read() as session:
            digest = week_digest(runtime, session, brand, week_named("2026-W46", brand.zone), NOW)
        return [quote.text for quote in digest.waiting]

    assert waiting() == [text]
    with runtime.store.read() as session:
        assert session.exec(select(Task)).one().state == "open"
    world.store_posts(runtime, post("1", text, stars=1, owner_reply="Atvainojiet!"))
    assert waiting() == []


def test_a_source_that_was_down_is_said_to_have_been(world: World) -> None:
    runtime = world.runtime()
    with runtime.store.write() as session:
        ensure_sources(session, [("reviews", "shop")], NOW)
        start = MONDAY - timedelta(days=4)
        note_gap(session, "reviews", "down", "did not answer", start, start + timedelta(hours=5))
        long_ago = MONDAY - timedelta(days=40)
        note_gap(session, "reviews", "down", "was elsewhere", long_ago, long_ago + timedelta(hours=5))
    brand = runtime.config.brand("shop")
    with runtime.store.read() as session:
        digest = week_digest(runtime, session, brand, week_named("2026-W46", brand.zone), NOW)
    said = str(digest)
    assert "did not answer" in said
    assert "was elsewhere" not in said


def test_a_daemon_that_was_down_collects_and_judges_before_it_reports(world: World) -> None:
    watched(world).close()
    world.clock.now = MONDAY + timedelta(days=2)
    runtime = world.runtime()
    written = collected_post("1", "Ļoti slikti, gaidīju stundu", published_at=MONDAY - timedelta(days=1))
    runtime.collectors = {"reviews": Scripted([[Page((written,), {"at": 1})]])}
    assert make_due(runtime) == 0
    collect(runtime)
    assert make_due(runtime) == 0
    while score_batch(runtime) or decide_batch(runtime):
        pass
    assert make_due(runtime) == 1


def test_a_digest_does_not_wait_for_ever_for_what_is_not_read(world: World) -> None:
    runtime = watched(world)
    world.clock.now = MONDAY + timedelta(days=2)
    runtime.opened_at = world.clock()
    assert make_due(runtime) == 0
    world.clock.now += PATIENCE
    assert make_due(runtime) == 1


def test_time_in_which_atbalss_did_not_run_is_told(world: World) -> None:
    runtime = world.runtime()
    runtime.collectors = {"reviews": Scripted([])}
    world.clock.now = MONDAY - timedelta(days=4)
    collect(runtime)
    stopped = world.clock()
    week = week_named("2026-W46", runtime.config.brand("shop").zone)
    world.clock.now = MONDAY
    with runtime.store.read() as session:
        unnoticed = week_digest(runtime, session, runtime.config.brand("shop"), week, world.clock())
    assert unnoticed.sources[0].down == ((stopped, week.end, NOT_ASKED),)
    collect(runtime)
    with runtime.store.read() as session:
        noticed = week_digest(runtime, session, runtime.config.brand("shop"), week, world.clock())
    assert noticed.sources[0].down == ((stopped, week.end, NOT_ASKED),)
