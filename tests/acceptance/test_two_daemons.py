"""Two daemons on one database share the work and say everything once."""

from __future__ import annotations

import signal

import pytest
from sqlmodel import select

from store.engine import open_store
from store.tables import Alert, Delivery, Mention, Score, Worker
from tests.acceptance.daemon import append, daemon, finish, make_due, write_config
from tests.servers.ledger import slack_ledger


@pytest.fixture
def slack():
    with slack_ledger() as ledger:
        yield ledger


def test_two_daemons_send_each_alert_once(tmp_path, database_url, slack):
    config = write_config(tmp_path, database_url, slack.address)
    append(tmp_path, 0, stars=5)
    store = open_store(database_url)
    with daemon(config) as first, daemon(config) as second:
        for running in (first, second):
            running.wait_for("daemon.started")
        told = 0
        for batch in ((1, 2, 3), (4, 5), (6,)):
            append(tmp_path, *batch)
            told += len(batch)
            # Again and again: a collection that was under way sets the next time once it ends.
            slack.wait_for_events(told, nudge=lambda: make_due(store))
        first.process.send_signal(signal.SIGTERM)
        assert second.stop() == 0
        assert first.end() == 0
    finish(config)
    assert sorted(slack.counts.values()) == [1] * 6
    with store.read() as session:
        posts = session.exec(select(Mention)).all()
        assert sorted(post.external_id for post in posts) == [f"r{number}" for number in range(7)]
        assert {post.stage for post in posts} == {"decided"}
        assert len(session.exec(select(Score)).all()) == 7
        assert len(session.exec(select(Alert)).all()) == 6
        assert [row.state for row in session.exec(select(Delivery))] == ["sent"] * 6
        assert len([worker for worker in session.exec(select(Worker)) if worker.stopped_at]) == 2
    store.close()
    for running in (first, second):
        assert "Traceback" not in running.output
        assert [event for event in running.events() if event["level"] == "error"] == []


def test_a_daemon_takes_over_from_one_that_was_killed(tmp_path, database_url, slack):
    config = write_config(tmp_path, database_url, slack.address, lease="6s")
    append(tmp_path, 1, 2, 3)
    slack.hold()
    with daemon(config) as killed:
        slack.wait_for_a_caller()
        killed.process.kill()
        killed.process.wait()
    slack.release()
    with daemon(config) as heir:
        slack.wait_for_events(3)
        assert heir.stop() == 0
    finish(config)
    assert len(slack.counts) == 3
    # What was on its way may have arrived before the kill.
    assert slack.counts.total() <= 4
    store = open_store(database_url)
    with store.read() as session:
        assert [row.state for row in session.exec(select(Delivery))] == ["sent"] * 3
    store.close()
