"""The two pages for machines, asked over a real socket."""

from __future__ import annotations

import io
import json
import random
import socket
from contextlib import closing
from datetime import UTC, datetime

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from atbalss.daemon import Daemon
from atbalss.errors import ConfigError
from atbalss.logs import set_up_logs
from atbalss.monitor import Monitor
from atbalss.pipeline.runtime import Runtime
from tests.world import World, post

LOOPBACK = ("127.0.0.1", 0)


def ask(monitor: Monitor, path: str, host: str = "127.0.0.1") -> httpx.Response:
    return httpx.get(f"http://{host}:{monitor.port}{path}")


def well():
    return True, {"status": "ok"}


def stuck():
    return False, {"status": "stuck"}


def no_metrics():
    return b""


def broken():
    raise RuntimeError("a password stands here")


@pytest.fixture
def runtime(tmp_path, clock):
    world = World(tmp_path, f"sqlite:///{tmp_path / 'var' / 'atbalss.db'}", clock)
    opened = world.runtime()
    world.store_posts(opened, post("1", "Slikti!", stars=1), post("2", "Labi!", stars=5))
    yield opened
    opened.close()


def test_health_is_200_when_well_and_503_when_not():
    for health, status in ((well, 200), (stuck, 503)):
        with closing(Monitor(LOOPBACK, health, no_metrics)) as monitor:
            answer = ask(monitor, "/healthz")
            assert (answer.status_code, answer.json()) == (status, health()[1])
            assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/metricsx", "/healthz/", "/healthz/more", "/%2e"])
def test_every_other_page_is_404(path):
    with closing(Monitor(LOOPBACK, well, no_metrics)) as monitor:
        assert ask(monitor, path).status_code == 404


def test_a_question_mark_changes_nothing():
    with closing(Monitor(LOOPBACK, well, no_metrics)) as monitor:
        assert ask(monitor, "/healthz?verbose=1").status_code == 200


@pytest.fixture
def printed():
    """The log as the daemon writes it."""
    stream = io.StringIO()
    set_up_logs("json", "debug", stream)
    yield stream
    structlog.reset_defaults()


def test_a_page_that_fails_is_503_and_says_nothing_of_the_reason(printed, capfd):
    with closing(Monitor(LOOPBACK, broken, broken)) as monitor:
        for path in ("/healthz", "/metrics"):
            answer = ask(monitor, path)
            assert answer.status_code == 503
            assert "password" not in answer.text
    assert '"error": "RuntimeError"' in printed.getvalue()
    assert "password" not in printed.getvalue() + "".join(capfd.readouterr())


def test_it_listens_where_it_is_told_and_nowhere_else():
    with closing(Monitor(LOOPBACK, well, no_metrics)) as monitor, closing(socket.socket()) as other:
        other.settimeout(1)
        assert ask(monitor, "/healthz").status_code == 200
        # Another address of the same loopback network is not answered.
        assert other.connect_ex(("127.0.0.2", monitor.port)) != 0


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_it_listens_on_ipv6_too():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback ({error.strerror})")
    with closing(Monitor(("::1", 0), well, no_metrics)) as monitor:
        assert ask(monitor, "/healthz", "[::1]").status_code == 200


def test_a_port_that_is_taken_is_an_error_with_its_remedy():
    with (
        closing(Monitor(LOOPBACK, well, no_metrics)) as monitor,
        pytest.raises(
            ConfigError, match=r"cannot listen on 127.0.0.1:\d+ \(Address already in use\)"
        ) as found,
    ):
        Monitor(("127.0.0.1", monitor.port), well, no_metrics)
    assert "choose another port" in found.value.remedy


def test_after_closing_nobody_answers():
    monitor = Monitor(LOOPBACK, well, no_metrics)
    monitor.close()
    with pytest.raises(httpx.ConnectError):
        ask(monitor, "/healthz")


def test_a_daemon_without_a_recent_beat_is_stuck(runtime, clock):
    daemon = Daemon(runtime)
    assert daemon.health()[0] is False
    daemon._arrive()
    assert daemon.health() == (
        True,
        {**daemon.health()[1], "status": "ok", "last_beat_seconds": 0.0},
    )
    clock.forward(seconds=30)
    assert daemon.health()[0] is True
    clock.forward(seconds=1)
    fine, facts = daemon.health()
    assert (fine, facts["status"], facts["last_beat_seconds"]) == (False, "stuck", 31.0)
    json.dumps(facts)


def test_the_metrics_are_counted_from_the_tables(runtime):
    families = {
        family.name: family
        for family in text_string_to_metric_families(Daemon(runtime).metrics().decode("utf-8"))
    }
    by_stage = {s.labels["stage"]: s.value for s in families["atbalss_mentions"].samples}
    assert by_stage == {"collected": 2, "scored": 0, "decided": 0}
    assert families["atbalss_source_up"].samples[0].labels == {"source": "reviews"}
    assert families["atbalss_channel_up"].samples[0].value == 1


def test_metrics_of_a_database_that_is_gone_are_503(runtime, tmp_path):
    daemon = Daemon(
        Runtime(runtime.config, runtime.store, lambda: datetime.now(UTC), random=random.Random(1))
    )
    runtime.store.close()
    (tmp_path / "var" / "atbalss.db").unlink()
    (tmp_path / "var").rename(tmp_path / "gone")
    with closing(Monitor(LOOPBACK, daemon.health, daemon.metrics)) as monitor:
        answer = ask(monitor, "/metrics")
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text
