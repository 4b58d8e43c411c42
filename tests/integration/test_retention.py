"""What was deleted is gone: from every column of every table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from atbalss.erasing import count_person, erase_person, keys_of
from atbalss.pipeline.keep import count_expired, purge_expired
from atbalss.pipeline.runtime import Runtime
from atbalss.status import status_of
from collectors.base import Page
from collectors.post import Post, SurveyAnswer, SurveyKind
from store.deliveries import enqueue
from store.identity import StoreDecision
from store.tables import Alert, AlertMention, Audit, DeliveryKind, Mention, Score, Statement, Task
from store.tables import SurveyAnswer as StoredAnswer
from tests.clock import NOW, Clock
from tests.scripted import Scripted, collect, collected_post
from tests.world import RecordingChannel, World, post

NAME = "MARKED Ludmila Secretova"
FIRST = "MARKED ļoti slikti, kurjers neatbrauca trešo reizi"


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    yield made
    made.close()


def found(runtime: Runtime, marked: str) -> list[str]:
    """The tables and columns that hold the marked string in any form."""
    places = []
    with runtime.store.engine.connect() as connection:
        for name, table in SQLModel.metadata.tables.items():
            for row in connection.execute(table.select()).mappings():
                places += [f"{name}.{column}" for column, value in row.items() if marked in repr(value)]
    return sorted(set(places))


def counts(runtime: Runtime) -> dict[str, int]:
    with runtime.store.engine.connect() as connection:
        tables = SQLModel.metadata.tables.items()
        return {name: len(connection.execute(table.select()).all()) for name, table in tables}


def marked(number: int, text: str = FIRST, **values: object) -> Post:
    given: dict[str, object] = {
        "title": "MARKED title",
        "author": NAME,
        "url": f"https://shop.example/MARKED/{number}",
        "owner_reply": None,
        "survey": SurveyAnswer(SurveyKind.NPS, 0),
        **values,
    }
    return collected_post(f"MARKED-{number}", text, **given)


def lived_in(world: World) -> tuple[Runtime, Scripted]:
    """A runtime in which the marked person wrote, edited, was answered, alerted, copied and part of a storm."""
    runtime = world.runtime(RecordingChannel("first"))
    scripted = Scripted([])
    runtime.collectors = {"reviews": scripted}

    def bring(*posts: Post) -> None:
        scripted.runs.append([Page(posts, {"at": str(world.clock())})])
        collect(runtime, "reviews")
        world.run(runtime)

    bring(marked(1))
    # The same words, of somebody else and not marked.
    bring(collected_post("copy", text=FIRST.lower(), author="Cita"))
    bring(marked(1, FIRST + " MARKED un vēl slikti", owner_reply="MARKED piedodiet"))
    bring(
        *(collected_post(f"storm {number}", author=f"A{number}") for number in range(5)),
        marked(2, "MARKED slikti"),
    )
    bring(marked(3, "", stars=1.0))
    return runtime, scripted


def test_what_is_scanned_for_is_there_at_first(world: World) -> None:
    runtime, _ = lived_in(world)
    places = found(runtime, "MARKED")
    assert {"mention.text", "mention.title", "mention.url", "mention.owner_reply", "revision.text"} <= set(
        places
    )
    # The name is nowhere, even before anybody asks for it.
    assert found(runtime, "Secretova") == []


def test_nothing_of_an_erased_person_remains_in_any_table(world: World) -> None:
    runtime, _ = lived_in(world)
    keys = keys_of(runtime, NAME, None)
    assert count_person(runtime, keys) == 3
    gone = erase_person(runtime, keys)
    assert gone.mentions == 3
    assert found(runtime, "MARKED") == []
    assert count_person(runtime, keys) == 0
    # Others' posts are untouched, and what hung on the erased ones is gone with them.
    with runtime.store.read() as session:
        left = {mention.external_id for mention in session.exec(select(Mention))}
        alerts = set(session.exec(select(Alert.id)))
        assert alerts == set(session.exec(select(AlertMention.alert_id)))
    assert left == {"copy", *(f"storm {number}" for number in range(5))}
    after = counts(runtime)
    assert (after["revision"], after[str(StoredAnswer.__tablename__)]) == (0, 0)
    assert after["score"] == 6


def test_the_audit_names_nobody(world: World) -> None:
    runtime, _ = lived_in(world)
    keys = keys_of(runtime, NAME, None)
    erase_person(runtime, keys)
    with runtime.store.read() as session:
        (row,) = session.exec(select(Audit).where(Audit.action == "erase"))
    assert (row.subject, row.detail, row.at) == ("one person", {"mentions": 3}, NOW)
    assert not any(key in str(row) for key in keys)


def test_a_person_is_found_by_one_of_their_posts(world: World) -> None:
    runtime, _ = lived_in(world)
    with runtime.store.read() as session:
        mention = session.exec(select(Mention).where(Mention.external_id == "MARKED-2")).one()
    assert erase_person(runtime, keys_of(runtime, None, mention.id)).mentions == 3
    assert keys_of(runtime, None, mention.id) == ()
    assert keys_of(runtime, None, 10**6) == ()


def test_an_erased_person_does_not_come_back(world: World) -> None:
    runtime, scripted = lived_in(world)
    erase_person(runtime, keys_of(runtime, NAME, None))
    scripted.runs.append([Page((marked(1), marked(4, author=NAME.upper())), {"at": "x"})])
    (result,) = collect(runtime, "reviews")
    assert result.decisions == {StoreDecision.ERASED_AUTHOR: 2}
    assert found(runtime, "MARKED") == []


def test_an_erasure_that_fails_erases_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, _ = lived_in(world)
    before = counts(runtime)

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("atbalss.erasing.note", fails)
    with pytest.raises(RuntimeError):
        erase_person(runtime, keys_of(runtime, NAME, None))
    assert counts(runtime) == before


def old_and_new(world: World) -> Runtime:
    world.config = world.config.replace('part = "demo-reviews"', 'part = "demo-reviews"\nretention = "30d"')
    world.config += '\n[retention]\nposts = "365d"\n'
    runtime = world.runtime()
    for source, days in (("reviews", 31), ("reviews", 29), ("gone", 366), ("gone", 364)):
        world.clock.now = NOW - timedelta(days=days)
        text = f"MARKED-{days} ļoti slikti, neko neatrisināja"
        world.store_posts(runtime, post(str(days), text, stars=1, survey=("ces", 7)), source=source)
        world.judge(runtime)
    world.clock.now = NOW
    return runtime


def test_each_source_is_purged_by_its_own_age(world: World) -> None:
    runtime = old_and_new(world)
    assert count_expired(runtime) == {"reviews": 1, "all other sources": 1}
    gone = purge_expired(runtime)
    assert (gone.mentions, gone.alerts, gone.statements) == (2, 2, 2)
    assert found(runtime, "MARKED-31") == found(runtime, "MARKED-366") == []
    with runtime.store.read() as session:
        assert sorted(session.exec(select(Mention.external_id))) == ["29", "364"]
        assert len(session.exec(select(Statement)).all()) == 2
        rows = session.exec(select(Audit)).all()
    assert [(row.action, row.subject, row.detail["mentions"]) for row in rows] == [
        ("purge", "reviews", 1),
        ("purge", "all other sources", 1),
    ]
    after = counts(runtime)
    hanging = (Score, StoredAnswer, Task, Alert, AlertMention)
    assert {after[str(table.__tablename__)] for table in hanging} == {2}


def test_a_second_purge_deletes_nothing_and_notes_nothing(world: World) -> None:
    runtime = old_and_new(world)
    purge_expired(runtime)
    before = counts(runtime)
    assert purge_expired(runtime).mentions == 0
    assert count_expired(runtime) == {}
    assert counts(runtime) == before


def test_what_was_purged_and_is_still_shown_does_not_come_back(world: World) -> None:
    runtime = world.runtime()
    scripted = Scripted([])
    runtime.collectors = {"reviews": scripted}
    old = collected_post("1", published_at=NOW - timedelta(days=729))
    for days, decision in ((0, StoreDecision.NEW), (2, StoreDecision.PAST_RETENTION)):
        world.clock.now = NOW + timedelta(days=days)
        scripted.runs.append([Page((old,), {"at": days})])
        (result,) = collect(runtime, "reviews")
        assert result.decisions == {decision: 1}
        world.clock.now = NOW + timedelta(days=731)
        purge_expired(runtime)
        world.clock.now = NOW + timedelta(days=2)
    assert found(runtime, old.text) == []


def test_nothing_of_an_erased_person_stays_readable_in_the_files_of_sqlite(
    tmp_path: Path, sqlite_template: Path, clock: Clock
) -> None:
    database = tmp_path / "atbalss.db"
    shutil.copyfile(sqlite_template, database)
    world = World(tmp_path, f"sqlite:///{database}", clock)
    runtime = world.runtime(RecordingChannel("first"))
    words = [f"MARKED {number} sliktākais serviss, nekad vairs nenākšu šeit" for number in range(50)]
    world.store_posts(
        runtime, *(post(str(number), text, author_key="k" * 32) for number, text in enumerate(words))
    )
    assert any(b"MARKED" in file.read_bytes() for file in tmp_path.glob("atbalss.db*"))
    erase_person(runtime, ["k" * 32])
    assert not [file.name for file in tmp_path.glob("atbalss.db*") if b"MARKED" in file.read_bytes()]
    world.close()


def test_notices_for_a_channel_that_left_the_configuration_are_trouble(world: World) -> None:
    runtime = world.runtime(RecordingChannel("first"))
    with runtime.store.write() as session:
        enqueue(session, "event", DeliveryKind.OPS, ["gone"], NOW, payload={})
    status = status_of(runtime.config, runtime.store, NOW)
    assert status.orphans == {"gone": 1}
    assert status.trouble == ("channel gone: is not configured, and 1 notices wait for it",)
