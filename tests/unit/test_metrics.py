"""Prometheus reads the counts of the tables and the events of the process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from atbalss.metrics import METRICS, Metrics
from atbalss.status import ChannelLine, SourceLine, Status
from store.overview import Backlog
from tests.clock import NOW

SOURCE = SourceLine(
    source="reviews",
    brand="shop",
    type="feed",
    status="ok",
    note=None,
    posts=3,
    failures=0,
    last_success=NOW - timedelta(minutes=1),
    next_due=NOW,
)
CHANNEL = ChannelLine(
    channel='te"am\n',
    type="slack",
    status="ok",
    note=None,
    wait_until=None,
    counts={"sent": 4, "dead": 1},
    waiting_since=None,
    attempts=0,
    last_error=None,
)
STATUS = Status(
    at=NOW,
    version="1",
    database="sqlite",
    schema="0001",
    backlog=Backlog(unscored=2, undecided=3, decided=5, oldest_waiting=NOW - timedelta(seconds=90)),
    scores=(),
    decisions={},
    tasks_open={"shop": 6},
    sources=(SOURCE,),
    channels=(CHANNEL,),
    workers=(),
    failing=(),
    orphans={},
)


def read(status: Status, metrics: Metrics | None = None) -> dict[tuple[str, tuple[str, ...]], float]:
    text = (metrics or Metrics()).render(status, NOW).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_tables_are_counted() -> None:
    values = read(STATUS)
    assert values["atbalss_mentions", ("collected",)] == 2
    assert values["atbalss_mentions", ("scored",)] == 3
    assert values["atbalss_mentions", ("decided",)] == 5
    assert values["atbalss_oldest_waiting_seconds", ()] == 90
    assert values["atbalss_source_up", ("reviews",)] == 1
    assert values["atbalss_source_last_success_timestamp_seconds", ("reviews",)] == NOW.timestamp() - 60
    assert values["atbalss_tasks_open", ("shop",)] == 6


def test_every_state_of_every_channel_is_there_even_when_it_is_zero() -> None:
    values = read(STATUS)
    states = {labels[0]: value for (name, labels), value in values.items() if name == "atbalss_deliveries"}
    assert states == {"pending": 0, "sent": 4, "dead": 1, "dropped": 0}
    assert values["atbalss_deliveries", ("sent", 'te"am\n')] == 4


def test_what_is_not_well_is_down() -> None:
    for status, up in (("ok", 1), ("quiet", 1), ("failing", 0), ("auth_lost", 0), ("never collected", 0)):
        sources = (replace(SOURCE, status=status, last_success=None),)
        values = read(replace(STATUS, sources=sources))
        assert values["atbalss_source_up", ("reviews",)] == up
        assert ("atbalss_source_last_success_timestamp_seconds", ("reviews",)) not in values
    waiting = read(replace(STATUS, channels=(replace(CHANNEL, channel="a", status="waiting"),)))
    assert waiting["atbalss_channel_up", ("a",)] == 0


def test_an_empty_installation_has_metrics_too() -> None:
    empty = replace(STATUS, backlog=Backlog(0, 0, 0, None), sources=(), channels=(), tasks_open={})
    assert read(empty)["atbalss_oldest_waiting_seconds", ()] == 0


def test_events_are_counted_in_each_process_by_itself() -> None:
    one, other = Metrics(), Metrics()
    one.runs.labels("score", "done").inc()
    one.rows.labels("score").inc(32)
    one.seconds.labels("score").observe(0.5)
    values = read(STATUS, one)
    assert values["atbalss_stage_runs_total", ("done", "score")] == 1
    assert values["atbalss_stage_rows_total", ("score",)] == 32
    assert values["atbalss_stage_seconds_count", ("score",)] == 1
    assert ("atbalss_stage_runs_total", ("done", "score")) not in read(STATUS, other)


def test_every_metric_is_described_and_every_description_has_its_metric() -> None:
    metrics = Metrics()
    metrics.runs.labels("score", "done").inc()
    metrics.rows.labels("score").inc()
    metrics.seconds.labels("score").observe(1)
    names = {name for name, _ in read(STATUS, metrics) if not name.endswith("_created")}
    stems = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names}
    assert stems == set(METRICS)
