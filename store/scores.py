"""Scores: one judgement for each revision of a mention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from store.rows import changed
from store.tables import Mention, Score, Stage

__all__ = ["NewScore", "confidence", "save_score", "score_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScore:
    """A judgement, ready for the database."""

    model: str
    lang: str
    label: str
    reason: str | None
    p: tuple[float, float, float] | None
    satisfaction: float | None
    needs_reply: float | None
    aspects: tuple[str, ...]


def save_score(
    session: Session, mention_id: int, revision: int, token: str, score: NewScore, now: datetime
) -> bool:
    """Store the judgement and move the mention on; False when it was edited or taken over meanwhile."""
    moved = changed(
        session,
        update(Mention)
        .where(
            col(Mention.id) == mention_id,
            col(Mention.lease) == token,
            col(Mention.revision) == revision,
            col(Mention.stage) == Stage.COLLECTED,
        )
        .values(
            stage=Stage.SCORED, lease=None, lease_until=None, failures=0, last_error=None, not_before=now
        ),
    )
    if moved != 1:
        return False
    row = score_of(session, mention_id, revision)
    if row is None:
        row = Score(mention_id=mention_id, revision=revision, model="", lang="", label="", scored_at=now)
    p_neg, p_neu, p_pos = score.p if score.p is not None else (None, None, None)
    row.model, row.lang, row.label, row.reason = score.model, score.lang, score.label, score.reason
    row.p_neg, row.p_neu, row.p_pos = p_neg, p_neu, p_pos
    row.satisfaction, row.needs_reply = score.satisfaction, score.needs_reply
    row.aspects = list(score.aspects)
    row.scored_at = now
    session.add(row)
    return True


def confidence(score: Score | None) -> float | None:
    """How sure the model is of its label: the largest probability; None where nothing was judged."""
    if score is None or score.p_neg is None or score.p_neu is None or score.p_pos is None:
        return None
    return max(score.p_neg, score.p_neu, score.p_pos)


def score_of(session: Session, mention_id: int, revision: int) -> Score | None:
    """The judgement of one revision, if it was judged."""
    return session.exec(
        select(Score).where(Score.mention_id == mention_id, Score.revision == revision)
    ).first()
