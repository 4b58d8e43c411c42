"""Prometheus metrics: counts from the tables at the moment of asking, and events as they happen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from atbalss.status import Status

__all__ = ["CONTENT_TYPE", "METRICS", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

METRICS = {
    "atbalss_mentions": "Mentions by stage: collected (wait for the model), scored (wait for a decision), decided.",
    "atbalss_oldest_waiting_seconds": "How long the oldest mention has waited to be decided.",
    "atbalss_source_up": "1 when a source's last collection was well, else 0.",
    "atbalss_source_last_success_timestamp_seconds": "When a source was last collected well.",
    "atbalss_deliveries": "Notices by channel and state: pending, sent, dead, dropped.",
    "atbalss_channel_up": "1 when a channel works, 0 while it waits or is paused.",
    "atbalss_tasks_open": "Public replies that are due.",
    "atbalss_stage_runs_total": "Runs of each stage by result: done or failed.",
    "atbalss_stage_rows_total": "Rows that each stage handled.",
    "atbalss_stage_seconds": "How long each stage's run took.",
}
"""Every metric and what it says; docs/operations.md is checked against it."""


# A counter's time of birth beside each counter doubles the page and is used by nobody here.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library gives no types here


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.runs = Counter(
            "atbalss_stage_runs",
            METRICS["atbalss_stage_runs_total"],
            ["stage", "result"],
            registry=self._registry,
        )
        self.rows = Counter(
            "atbalss_stage_rows", METRICS["atbalss_stage_rows_total"], ["stage"], registry=self._registry
        )
        self.seconds = Histogram(
            "atbalss_stage_seconds", METRICS["atbalss_stage_seconds"], ["stage"], registry=self._registry
        )

    def render(self, status: Status, now: datetime) -> bytes:
        """The text that Prometheus reads."""
        tables = CollectorRegistry()
        tables.register(_FromTables(status, now))
        return generate_latest(self._registry) + generate_latest(tables)


class _FromTables(Collector):
    def __init__(self, status: Status, now: datetime) -> None:
        self._status = status
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Give one family for each metric that is counted from the tables."""
        status = self._status
        mentions = _gauge("atbalss_mentions", "stage")
        for stage, count in (
            ("collected", status.backlog.unscored),
            ("scored", status.backlog.undecided),
            ("decided", status.backlog.decided),
        ):
            mentions.add_metric([stage], count)
        yield mentions
        waiting = _gauge("atbalss_oldest_waiting_seconds")
        oldest = status.backlog.oldest_waiting
        waiting.add_metric([], (self._now - oldest).total_seconds() if oldest else 0)
        yield waiting
        up, success = (
            _gauge("atbalss_source_up", "source"),
            _gauge("atbalss_source_last_success_timestamp_seconds", "source"),
        )
        for source in status.sources:
            up.add_metric([source.source], source.status in ("ok", "quiet"))
            if source.last_success is not None:
                success.add_metric([source.source], source.last_success.astimezone(UTC).timestamp())
        yield up
        yield success
        deliveries, channels = (
            _gauge("atbalss_deliveries", "channel", "state"),
            _gauge("atbalss_channel_up", "channel"),
        )
        for channel in status.channels:
            channels.add_metric([channel.channel], channel.status == "ok")
            for state in ("pending", "sent", "dead", "dropped"):
                deliveries.add_metric([channel.channel, state], channel.counts.get(state, 0))
        yield deliveries
        yield channels
        tasks = _gauge("atbalss_tasks_open", "brand")
        for brand, count in status.tasks_open.items():
            tasks.add_metric([brand], count)
        yield tasks


def _gauge(name: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, METRICS[name], labels=labels)
