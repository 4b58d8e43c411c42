"""How everything is: one value for `atbalss status`, the metrics and the health check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from atbalss import __version__
from atbalss.config import Config
from store.deliveries import channel_states, first_pending, outbox_counts
from store.engine import Store
from store.overview import Backlog, backlog, decision_counts, failing_rows, open_tasks, score_counts
from store.schema import current_version
from store.sources import all_states
from store.workers import workers

__all__ = ["ChannelLine", "SourceLine", "Status", "WorkerLine", "status_of"]

SILENT_BEATS = 6
"""A daemon that missed so many ticks (and at least 30 seconds) counts as gone."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One configured source."""

    source: str
    brand: str
    type: str
    status: str
    note: str | None
    posts: int
    failures: int
    last_success: datetime | None
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One configured channel: how it is, how many notices are in which state, what holds up the first one."""

    channel: str
    type: str
    status: str
    note: str | None
    wait_until: datetime | None
    counts: Mapping[str, int]
    waiting_since: datetime | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One daemon."""

    name: str
    version: str
    started_at: datetime
    seen_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one instant."""

    at: datetime
    version: str
    database: str
    schema: str | None
    backlog: Backlog
    scores: tuple[tuple[str, str, str | None, int], ...]
    decisions: Mapping[str, int]
    tasks_open: Mapping[str, int]
    sources: tuple[SourceLine, ...]
    channels: tuple[ChannelLine, ...]
    workers: tuple[WorkerLine, ...]
    failing: tuple[tuple[int, int, str | None], ...]
    orphans: Mapping[str, int]
    """Notices that wait for a channel that left the configuration."""

    @property
    def trouble(self) -> tuple[str, ...]:
        """What a person should look at, one line each; empty when all is well."""
        lines = [
            f"source {source.source}: {source.status}" + (f" ({source.note})" if source.note else "")
            for source in self.sources
            if source.status not in ("ok", "never collected")
        ]
        for channel in self.channels:
            if channel.status != "ok":
                lines.append(
                    f"channel {channel.channel}: {channel.status}"
                    + (f" ({channel.note})" if channel.note else "")
                )
            if dead := channel.counts.get("dead", 0):
                lines.append(
                    f"channel {channel.channel}: {dead} dead letters; see atbalss alerts list --dead"
                )
        for name, count in self.orphans.items():
            lines.append(f"channel {name}: is not configured, and {count} notices wait for it")
        if self.failing:
            lines.append(
                f"{len(self.failing)} posts fail in a stage; the first is mention {self.failing[0][0]}"
            )
        return tuple(lines)

    def as_json(self) -> dict[str, Any]:
        """The same with plain values; times in ISO 8601."""
        return {**_plain(asdict(self)), "trouble": list(self.trouble)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def status_of(config: Config, store: Store, now: datetime) -> Status:
    """Read everything, in one transaction."""
    schema = current_version(store)
    with store.read() as session:
        states = {state.source: state for state in all_states(session)}
        channel_rows = {state.channel: state for state in channel_states(session)}
        counts = outbox_counts(session)
        sources = []
        for source in config.sources:
            state = states.get(source.id)
            sources.append(
                SourceLine(
                    source=source.id,
                    brand=source.brand,
                    type=source.type,
                    status="never collected" if state is None or not state.last_attempt else state.status,
                    note=state.note if state else None,
                    posts=state.posts if state else 0,
                    failures=state.failures if state else 0,
                    last_success=state.last_success if state else None,
                    next_due=state.next_due if state else None,
                )
            )
        channels = []
        for channel in config.channels:
            row = channel_rows.get(channel.name)
            first = first_pending(session, channel.name)
            channels.append(
                ChannelLine(
                    channel=channel.name,
                    type=channel.type,
                    status=row.status if row else "ok",
                    note=row.note if row else None,
                    wait_until=row.wait_until if row else None,
                    counts=counts.get(channel.name, {}),
                    waiting_since=first.created_at if first else None,
                    attempts=first.attempts if first else 0,
                    last_error=first.last_error if first else None,
                )
            )
        silent = max(config.daemon.tick * SILENT_BEATS, timedelta(seconds=30))
        return Status(
            at=now,
            version=__version__,
            database=store.place,
            schema=schema,
            backlog=backlog(session),
            scores=tuple(sorted((*key, count) for key, count in score_counts(session).items())),
            decisions=dict(decision_counts(session).most_common()),
            tasks_open=open_tasks(session),
            sources=tuple(sources),
            channels=tuple(channels),
            workers=tuple(
                WorkerLine(
                    name=worker.name,
                    version=worker.version,
                    started_at=worker.started_at,
                    seen_at=worker.seen_at,
                    state="stopped"
                    if worker.stopped_at
                    else ("running" if now - worker.seen_at <= silent else "gone without a word"),
                )
                for worker in workers(session)
            ),
            orphans={
                name: states["pending"]
                for name, states in counts.items()
                if states.get("pending") and name not in {channel.name for channel in config.channels}
            },
            failing=tuple((row.id, row.failures, row.last_error) for row in failing_rows(session)),
        )
