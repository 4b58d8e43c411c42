"""What is in the database, counted: for `status`, the metrics and the summaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from store.tables import Mention, Score, Stage, Task, TaskState

__all__ = [
    "Backlog",
    "backlog",
    "decision_counts",
    "failing_rows",
    "open_tasks",
    "recent_post_times",
    "score_counts",
]


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many mentions wait for each step, and since when the oldest does."""

    unscored: int
    undecided: int
    decided: int
    oldest_waiting: datetime | None


def backlog(session: Session) -> Backlog:
    """How far the mentions have come."""
    stages = dict(session.exec(select(Mention.stage, func.count()).group_by(Mention.stage)).all())
    oldest = session.exec(
        select(Mention.changed_at)
        .where(Mention.stage != Stage.DECIDED)
        .order_by(col(Mention.changed_at))
        .limit(1)
    ).first()
    return Backlog(
        unscored=stages.get(Stage.COLLECTED, 0),
        undecided=stages.get(Stage.SCORED, 0),
        decided=stages.get(Stage.DECIDED, 0),
        oldest_waiting=oldest,
    )


def recent_post_times(session: Session, source: str, limit: int = 50) -> list[datetime]:
    """When the newest posts of a source were published."""
    times = session.exec(
        select(Mention.published_at)
        .where(Mention.source == source, col(Mention.published_at).is_not(None))
        .order_by(col(Mention.published_at).desc())
        .limit(limit)
    )
    return [time for time in times if time is not None]


def score_counts(session: Session) -> Counter[tuple[str, str, str | None]]:
    """How many mentions have which (language, label, reason for no label) now."""
    rows = session.exec(
        select(Score.lang, Score.label, Score.reason, func.count())
        .join(Mention, col(Mention.id) == col(Score.mention_id))
        .where(col(Score.revision) == col(Mention.revision))
        .group_by(col(Score.lang), col(Score.label), col(Score.reason))
    )
    return Counter({(lang, label, reason): count for lang, label, reason, count in rows})


def decision_counts(session: Session) -> Counter[str]:
    """How many mentions were decided for which reason."""
    rows = session.exec(
        select(Mention.decision, func.count())
        .where(col(Mention.decision).is_not(None))
        .group_by(col(Mention.decision))
    )
    return Counter({decision: count for decision, count in rows if decision is not None})


def open_tasks(session: Session) -> dict[str, int]:
    """For each brand, how many public replies are due."""
    rows = session.exec(
        select(Task.brand, func.count()).where(Task.state == TaskState.OPEN).group_by(Task.brand)
    )
    return dict(rows.all())


def failing_rows(session: Session, limit: int = 20) -> list[Mention]:
    """Mentions whose last step failed, the worst first."""
    return list(
        session.exec(
            select(Mention)
            .where(Mention.failures > 0)
            .order_by(col(Mention.failures).desc(), col(Mention.id))
            .limit(limit)
        )
    )
