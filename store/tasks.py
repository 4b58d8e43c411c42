"""Tasks: public replies that are due, and when they were given."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from store.tables import Task, TaskState

__all__ = ["close_task", "open_task"]


def open_task(session: Session, mention_id: int, brand: str, now: datetime, due: datetime, why: str) -> None:
    """Note that a public reply is due; a task that was closed before is opened again."""
    event = {"at": now.isoformat(), "state": TaskState.OPEN, "why": why}
    task = session.exec(select(Task).where(Task.mention_id == mention_id)).first()
    if task is None:
        task = Task(mention_id=mention_id, brand=brand, opened_at=now, due_at=due, history=[event])
    elif task.state != TaskState.OPEN:
        task.state = TaskState.OPEN
        task.due_at = due
        task.closed_at = None
        task.history = [*task.history, event]
    session.add(task)


def close_task(session: Session, mention_id: int, now: datetime, why: str) -> None:
    """Note that the reply was given; nothing happens where none was due."""
    task = session.exec(
        select(Task).where(Task.mention_id == mention_id, Task.state == TaskState.OPEN)
    ).first()
    if task is not None:
        task.state = TaskState.ANSWERED
        task.closed_at = now
        task.history = [*task.history, {"at": now.isoformat(), "state": TaskState.ANSWERED, "why": why}]
        session.add(task)
