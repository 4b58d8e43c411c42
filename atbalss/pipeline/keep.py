"""Retention: what is older than its source allows is deleted, with all that hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import structlog

from atbalss.pipeline.runtime import Runtime
from store.retention import Erased, expired, note, purge

__all__ = ["count_expired", "purge_expired"]

log = structlog.get_logger()


def count_expired(runtime: Runtime) -> dict[str, int]:
    """For each source with its own retention, and for all others together, how many posts are too old."""
    with runtime.store.read() as session:
        return {
            name: count
            for name, source, before, others in _policies(runtime)
            if (count := expired(session, source, before, others))
        }


def purge_expired(runtime: Runtime) -> Erased:
    """Delete what is too old; what went is noted in the audit."""
    gone = Erased(0, 0, 0)
    for name, source, before, others in _policies(runtime):
        with runtime.store.write() as session:
            one = purge(session, source, before, others)
            if one.mentions:
                detail = {"mentions": one.mentions, "before": before.isoformat()}
                note(session, "purge", name, detail, runtime.now())
        gone = Erased(
            gone.mentions + one.mentions, gone.alerts + one.alerts, gone.statements + one.statements
        )
    if gone.mentions:
        runtime.store.forget()
        log.info("purged", action="keep.purged", mentions=gone.mentions, alerts=gone.alerts)
    return gone


def _policies(runtime: Runtime) -> Iterator[tuple[str, str | None, datetime, tuple[str, ...]]]:
    now, config = runtime.now(), runtime.config
    own = tuple(source.id for source in config.sources if source.retention is not None)
    for source in config.sources:
        if source.retention is not None:
            yield source.id, source.id, now - source.retention, ()
    yield "all other sources", None, now - config.retention.posts, own
