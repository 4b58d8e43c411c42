"""What a weekly digest is counted from, and that each is made once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from store.tables import AlertMention, DigestRun, Mention, Score, Stage, SurveyAnswer, Task, TaskState

__all__ = [
    "Counted",
    "anything_between",
    "counted_between",
    "create_run",
    "run_of",
    "surveys_between",
    "undecided_between",
]


@dataclass(frozen=True, slots=True)
class Counted:
    """One mention with all that a digest asks of it; `due` is that a public reply still is."""

    mention: Mention
    score: Score | None
    alert: AlertMention | None
    due: bool


def run_of(session: Session, brand: str, week: str) -> DigestRun | None:
    """The digest of a brand and week, if it was made."""
    return session.exec(select(DigestRun).where(DigestRun.brand == brand, DigestRun.week == week)).first()


def create_run(session: Session, brand: str, week: str, event_id: str, now: datetime) -> DigestRun:
    """Write a digest; the database refuses a second one for the same brand and week."""
    run = DigestRun(brand=brand, week=week, event_id=event_id, created_at=now)
    session.add(run)
    session.flush()
    return run


def counted_between(session: Session, brand: str, start: datetime, end: datetime) -> list[Counted]:
    """The mentions of [start, end), and all that still wait for a reply, however old.

    A mention's time is when it was published, or collected where the source does not say. Late arrivals
    (collected in [start, end), published before) come along.
    """
    at = func.coalesce(col(Mention.published_at), col(Mention.collected_at))
    collected = col(Mention.collected_at)
    open_task = col(Task.state) == TaskState.OPEN
    rows = session.exec(
        select(Mention, Score, AlertMention, Task.state)
        .outerjoin(
            Score,
            (col(Score.mention_id) == col(Mention.id)) & (col(Score.revision) == col(Mention.revision)),
        )
        .outerjoin(AlertMention, col(AlertMention.mention_id) == col(Mention.id))
        .outerjoin(Task, col(Task.mention_id) == col(Mention.id))
        .where(
            Mention.brand == brand,
            ((at >= start) & (at < end)) | ((collected >= start) & (collected < end)) | open_task,
        )
        .order_by(at, col(Mention.id))
    )
    return [Counted(mention, score, alert, state == TaskState.OPEN) for mention, score, alert, state in rows]


def anything_between(session: Session, brand: str, start: datetime, end: datetime) -> bool:
    """Whether any mention of a brand is of [start, end)."""
    at = func.coalesce(col(Mention.published_at), col(Mention.collected_at))
    query = select(Mention.id).where(Mention.brand == brand, at >= start, at < end).limit(1)
    return session.exec(query).first() is not None


def undecided_between(session: Session, brand: str, start: datetime, end: datetime) -> bool:
    """Whether any mention of a brand of [start, end) still waits for a stage, those aside that fail in one."""
    at = func.coalesce(col(Mention.published_at), col(Mention.collected_at))
    query = select(Mention.id).where(
        Mention.brand == brand, at >= start, at < end, Mention.stage != Stage.DECIDED, Mention.failures == 0
    )
    return session.exec(query.limit(1)).first() is not None


def surveys_between(session: Session, brand: str, start: datetime, end: datetime) -> list[SurveyAnswer]:
    """Survey answers of [start, end)."""
    return list(
        session.exec(
            select(SurveyAnswer)
            .where(
                SurveyAnswer.brand == brand,
                col(SurveyAnswer.answered_at) >= start,
                col(SurveyAnswer.answered_at) < end,
            )
            .order_by(col(SurveyAnswer.answered_at), col(SurveyAnswer.id))
        )
    )
