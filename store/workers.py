"""Running daemons, as they last said of themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from store.tables import Worker

__all__ = ["FORGET", "beat", "goodbye", "workers"]

FORGET = timedelta(days=7)
"""A daemon that was not heard of for so long is forgotten."""


def beat(session: Session, name: str, version: str, now: datetime) -> None:
    """Say that this daemon is alive."""
    worker = session.get(Worker, name)
    if worker is None:
        session.exec(delete(Worker).where(col(Worker.seen_at) < now - FORGET))
        worker = Worker(name=name, version=version, started_at=now, seen_at=now)
    worker.seen_at = now
    session.add(worker)


def goodbye(session: Session, name: str, now: datetime) -> None:
    """Say that this daemon stopped in good order."""
    worker = session.get(Worker, name)
    if worker is not None:
        worker.stopped_at = now
        session.add(worker)


def workers(session: Session) -> list[Worker]:
    """All daemons that are remembered, the newest first."""
    return list(session.exec(select(Worker).order_by(col(Worker.started_at).desc())))
