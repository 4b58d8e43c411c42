"""The daemon as a process: it works, it tells how it is, and it stops in good order."""

from __future__ import annotations

import signal
import socket
import subprocess

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import col, select

from atbalss.metrics import METRICS
from store.engine import open_store
from store.tables import Delivery, Mention, Worker
from tests.acceptance.daemon import ATBALSS, append, daemon, finish, make_due, write_config
from tests.servers.ledger import slack_ledger


@pytest.fixture
def slack():
    with slack_ledger() as ledger:
        yield ledger


@pytest.fixture
def database(tmp_path):
    return f"sqlite:///{tmp_path / 'var' / 'atbalss.db'}"


def states(database):
    store = open_store(database)
    with store.read() as session:
        found = [row.state for row in session.exec(select(Delivery).order_by(col(Delivery.id)))]
    store.close()
    return found


def test_it_works_tells_how_it_is_and_stops(tmp_path, database, slack):
    config = write_config(tmp_path, database, slack.address)
    append(tmp_path, 1)
    with daemon(config) as running:
        port = running.wait_for("daemon.started")["port"]
        slack.wait_for_events(1)
        running.wait_for("deliver.sent")
        address = f"http://127.0.0.1:{port}"
        health = httpx.get(f"{address}/healthz")
        assert health.status_code == 200
        assert health.json()["status"] == "ok"
        metrics = httpx.get(f"{address}/metrics")
        assert metrics.status_code == 200
        families = {family.name: family for family in text_string_to_metric_families(metrics.text)}
        assert {name.removesuffix("_total") for name in METRICS} == set(families)
        sent = [s.value for s in families["atbalss_deliveries"].samples if s.labels["state"] == "sent"]
        assert sent == [1]
        assert httpx.get(f"{address}/").status_code == 404
        assert httpx.get(f"{address}/healthz/more").status_code == 404
        assert running.stop() == 0
    store = open_store(database)
    with store.read() as session:
        assert session.exec(select(Worker)).one().stopped_at is not None
        assert session.exec(select(Mention)).one().decision == "alert"
    store.close()
    assert "Traceback" not in running.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_send_that_is_under_way_comes_to_its_end(tmp_path, database, slack, number):
    config = write_config(tmp_path, database, slack.address)
    append(tmp_path, 1, 2)
    slack.hold()
    with daemon(config) as running:
        slack.wait_for_a_caller()
        running.process.send_signal(number)
        running.wait_for("daemon.stopping")
        slack.release()
        assert running.end() == 0
        assert running.wait_for("daemon.stopped")["drained"] is True
    # The one that was on its way is noted, the next one was not begun.
    assert states(database) == ["sent", "pending"]
    finish(config)
    assert states(database) == ["sent", "sent"]
    assert sorted(slack.counts.values()) == [1, 1]


def test_a_channel_that_never_answers_does_not_hold_the_daemon(tmp_path, database, slack):
    config = write_config(tmp_path, database, slack.address)
    append(tmp_path, 1, 2)
    slack.hold()
    with daemon(config) as running:
        slack.wait_for_a_caller()
        assert running.stop() == 0
        assert running.wait_for("daemon.stopped")["drained"] is False
    slack.release()
    finish(config)
    assert states(database) == ["sent", "sent"]
    assert len(slack.counts) == 2
    assert slack.counts.total() <= 3


def test_ctrl_c_in_a_single_run_loses_nothing(tmp_path, database, slack):
    config = write_config(tmp_path, database, slack.address)
    append(tmp_path, 1, 2)
    slack.hold()
    with daemon(config, "--once") as running:
        slack.wait_for_a_caller()
        assert running.stop(signal.SIGINT) == 130
    assert "Traceback" not in running.output
    slack.release()
    finish(config)
    assert states(database) == ["sent", "sent"]
    assert len(slack.counts) == 2
    assert slack.counts.total() <= 3


def test_a_database_that_is_locked_does_not_hold_the_daemon(tmp_path, database, slack):
    config = write_config(tmp_path, database, slack.address)
    append(tmp_path, 1)
    with daemon(config) as running:
        running.wait_for("deliver.sent")
        store = open_store(database)
        with store.write() as session:
            session.connection()  # only now the database is locked
            assert running.stop() == 0
        store.close()
    assert running.wait_for("daemon.no_goodbye")
    finish(config)
    assert list(slack.counts.values()) == [1]


@pytest.mark.postgres
def test_a_server_that_drops_all_connections_does_not_stop_the_daemon(tmp_path, postgres_url, slack):
    config = write_config(tmp_path, postgres_url, slack.address)
    append(tmp_path, 1)
    with daemon(config) as running:
        slack.wait_for_events(1)
        store = open_store(postgres_url)
        for number in (2, 3):
            append(tmp_path, number)
            with store.write() as session:
                session.connection().exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            slack.wait_for_events(number, nudge=lambda: make_due(store))
        store.close()
        assert running.stop() == 0
    assert "Traceback" not in running.output
    finish(config)
    assert states(postgres_url) == ["sent"] * 3
    # A connection that fell between a send and its note repeats that one.
    assert slack.counts.total() <= 5


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path, database, slack):
    config = write_config(tmp_path, database, slack.address)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = config.read_text(encoding="utf-8").replace("127.0.0.1:0", f"127.0.0.1:{port}")
        config.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [ATBALSS, "--config", config, "run"], capture_output=True, text=True, timeout=60, cwd=tmp_path
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"atbalss: daemon.listen: cannot listen on 127.0.0.1:{port}")
    # It has not begun: no daemon is remembered that is gone without a word.
    store = open_store(database)
    with store.read() as session:
        assert session.exec(select(Worker)).all() == []
    store.close()


def test_a_wrong_configuration_is_told_in_one_line_for_each_problem(tmp_path):
    config = tmp_path / "atbalss.toml"
    config.write_text(
        '[database]\nurl = "sqlite:///${NO_SUCH_VARIABLE}"\n[[brands]]\nid = "shop"\nname = "Shop"\n'
        'zone = "Europe/Rigga"\n[daemon]\ntik = "1s"\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [ATBALSS, "--config", config, "run"], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == [f"{config}:{number}" for number in (2, 6, 8)]
    assert [line.split(": ")[2] for line in lines] == ["database.url", "brands[1] (shop).zone", "daemon.tik"]
    assert all(line.startswith("atbalss: ") and "; " in line for line in lines)
