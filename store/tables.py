"""The tables. Plain rows: input is validated before it gets here.

mention ──< revision            what was written, and what it said before
   ├──── score                  one per revision
   ├──── survey_answer
   ├──── task                   a public reply that is due
   └──── alert_mention >── alert ──< delivery >── digest_run
statement ──< mention           the same words seen in several places
source_state, source_gap        cursor, health, and when a source was down or blind
channel_state                   waiting, paused, whose turn it is to send
silence, audit, worker          what was muted, what was done by hand, who is running
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.types import BigId, UtcDateTime

__all__ = [
    "Alert",
    "AlertKind",
    "AlertMention",
    "Audit",
    "ChannelState",
    "ChannelStatus",
    "Delivery",
    "DeliveryKind",
    "DeliveryState",
    "DigestRun",
    "ErasedAuthor",
    "Mention",
    "Revision",
    "Role",
    "Score",
    "Silence",
    "SourceGap",
    "SourceState",
    "Stage",
    "Statement",
    "SurveyAnswer",
    "Task",
    "TaskState",
    "Worker",
]


# Constraints get names that do not depend on the database, so that a migration can name them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Stage(StrEnum):
    """How far a mention has come."""

    COLLECTED = "collected"
    SCORED = "scored"
    DECIDED = "decided"


class AlertKind(StrEnum):
    """One post, or a storm of them."""

    SINGLE = "single"
    STORM = "storm"


class Role(StrEnum):
    """How a mention belongs to its alert."""

    SUBJECT = "subject"
    STORM = "storm"
    DUPLICATE = "duplicate"


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    ALERT = "alert"
    DIGEST = "digest"
    OPS = "ops"


class DeliveryState(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"  # the channel refused it for good; can be sent again
    DROPPED = "dropped"  # what it spoke of was deleted or erased before it was sent


class ChannelStatus(StrEnum):
    """Whether a channel can be used now."""

    OK = "ok"
    WAITING = "waiting"
    PAUSED = "paused"


class TaskState(StrEnum):
    """Where a due reply is."""

    OPEN = "open"
    ANSWERED = "answered"


def _key() -> Any:
    return Field(default=None, primary_key=True, sa_type=BigId)


def _link(target: str, *, nullable: bool = False, index: bool = False, unique: bool = False) -> Any:
    return Field(
        default=None if nullable else ...,
        foreign_key=target,
        nullable=nullable,
        index=index,
        unique=unique,
        ondelete="SET NULL" if nullable else "CASCADE",
        sa_type=BigId,
    )


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(
        default=None if nullable else ...,
        nullable=nullable,
        index=index,
        sa_type=UtcDateTime,
    )


def _json(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_column=Column(JSON, nullable=nullable))


class Statement(SQLModel, table=True):
    """The same words, wherever they were seen: one problem, one alert."""

    __table_args__ = (UniqueConstraint("brand", "fold_key"),)

    id: int = _key()
    brand: str
    fold_key: str
    seen: int = 0
    alerted_at: datetime | None = _time(nullable=True)


class Mention(SQLModel, table=True):
    """One post about a brand. `(source, external_id)` is its identity."""

    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_mention_queue", "stage", "not_before"),
        Index("ix_mention_brand_time", "brand", "published_at"),
    )

    id: int = _key()
    brand: str
    source: str
    external_id: str
    kind: str
    url: str | None = None
    title: str | None = None
    text: str
    stars: float | None = None
    language_hint: str | None = None
    published_at: datetime | None = _time(nullable=True)
    edited_at: datetime | None = _time(nullable=True)
    collected_at: datetime = _time(index=True)
    changed_at: datetime = _time()
    author_key: str | None = Field(default=None, index=True)
    author: str | None = None
    parent_id: str | None = None
    owner_reply: str | None = None
    owner_replied_at: datetime | None = _time(nullable=True)
    edited_after_reply: bool = False
    reach: int | None = Field(default=None, sa_type=BigId)
    baseline: bool = False
    content_hash: str
    fold_key: str | None = None
    statement_id: int | None = _link("statement.id", nullable=True, index=True)
    revision: int = 0
    silent_edits: int = 0
    stage: str = Stage.COLLECTED
    lease: str | None = Field(default=None, index=True)
    lease_until: datetime | None = _time(nullable=True)
    not_before: datetime = _time()
    failures: int = 0
    last_error: str | None = None
    decision: str | None = None
    decision_detail: dict[str, Any] | None = _json(nullable=True)
    decided_at: datetime | None = _time(nullable=True)


class Revision(SQLModel, table=True):
    """What a mention said before an edit."""

    __table_args__ = (UniqueConstraint("mention_id", "number"),)

    id: int = _key()
    mention_id: int = _link("mention.id")
    number: int
    title: str | None = None
    text: str
    stars: float | None = None
    edited_at: datetime | None = _time(nullable=True)
    replaced_at: datetime = _time()


class Score(SQLModel, table=True):
    """The model's judgement of one revision of a mention."""

    __table_args__ = (UniqueConstraint("mention_id", "revision"),)

    id: int = _key()
    mention_id: int = _link("mention.id")
    revision: int
    model: str
    lang: str
    label: str
    reason: str | None = None
    p_neg: float | None = None
    p_neu: float | None = None
    p_pos: float | None = None
    satisfaction: float | None = None
    needs_reply: float | None = None
    aspects: list[str] = _json()
    scored_at: datetime = _time()


class SurveyAnswer(SQLModel, table=True):
    """One answer on a survey's scale (csat 1-5, nps 0-10, ces 1-7)."""

    __tablename__ = "survey_answer"

    id: int = _key()
    mention_id: int = _link("mention.id", unique=True)
    brand: str = Field(index=True)
    kind: str
    value: int
    answered_at: datetime = _time()


class Task(SQLModel, table=True):
    """A public reply that is due."""

    id: int = _key()
    mention_id: int = _link("mention.id", unique=True)
    brand: str = Field(index=True)
    state: str = TaskState.OPEN
    assignee: str | None = None
    opened_at: datetime = _time()
    due_at: datetime = _time()
    closed_at: datetime | None = _time(nullable=True)
    history: list[dict[str, Any]] = _json()


class Alert(SQLModel, table=True):
    """One thing that people are told about: `dedupe_key` makes it unique, `event_id` travels along."""

    id: int = _key()
    event_id: str = Field(unique=True)
    dedupe_key: str = Field(unique=True)
    brand: str = Field(index=True)
    kind: str
    rule: str
    why: list[str] = _json()
    first_at: datetime = _time()
    last_at: datetime = _time()
    created_at: datetime = _time()


class AlertMention(SQLModel, table=True):
    """Which alert a mention belongs to: at most one."""

    __tablename__ = "alert_mention"

    mention_id: int = Field(primary_key=True, foreign_key="mention.id", ondelete="CASCADE", sa_type=BigId)
    alert_id: int = _link("alert.id", index=True)
    role: str
    added_at: datetime = _time()


class DigestRun(SQLModel, table=True):
    """One weekly digest: at most one for a brand and week."""

    __tablename__ = "digest_run"
    __table_args__ = (UniqueConstraint("brand", "week"),)

    id: int = _key()
    brand: str
    week: str
    event_id: str = Field(unique=True)
    created_at: datetime = _time()


class Delivery(SQLModel, table=True):
    """One notice for one channel: the outbox."""

    __table_args__ = (
        UniqueConstraint("event_id", "channel"),
        Index("ix_delivery_queue", "channel", "state", "id"),
    )

    id: int = _key()
    event_id: str
    channel: str
    kind: str
    brand: str | None = None
    alert_id: int | None = _link("alert.id", nullable=True, index=True)
    digest_run_id: int | None = _link("digest_run.id", nullable=True)
    payload: dict[str, Any] | None = _json(nullable=True)
    state: str = DeliveryState.PENDING
    attempts: int = 0
    created_at: datetime = _time()
    last_attempt_at: datetime | None = _time(nullable=True)
    sent_at: datetime | None = _time(nullable=True)
    reference: str | None = None
    last_error: str | None = None


class ChannelState(SQLModel, table=True):
    """How a channel is, and which process may send to it now."""

    __tablename__ = "channel_state"

    channel: str = Field(primary_key=True)
    status: str = ChannelStatus.OK
    wait_until: datetime | None = _time(nullable=True)
    failures: int = 0
    note: str | None = None
    since: datetime | None = _time(nullable=True)
    last_sent_at: datetime | None = _time(nullable=True)
    lease: str | None = None
    lease_until: datetime | None = _time(nullable=True)


class SourceState(SQLModel, table=True):
    """Where a source's collection stands, and how the source is."""

    __tablename__ = "source_state"

    source: str = Field(primary_key=True)
    brand: str
    cursor: dict[str, Any] | None = _json(nullable=True)
    baseline_done: bool = False
    status: str = "ok"
    note: str | None = None
    failures: int = 0
    auth_failures: int = 0
    posts: int = 0
    watched_since: datetime | None = _time(nullable=True)
    last_attempt: datetime | None = _time(nullable=True)
    last_success: datetime | None = _time(nullable=True)
    last_post_at: datetime | None = _time(nullable=True)
    next_due: datetime | None = _time(nullable=True)
    """None while the source is paused until a person mends it."""
    lease: str | None = None
    lease_until: datetime | None = _time(nullable=True)


class SourceGap(SQLModel, table=True):
    """A span in which a source gave nothing: down (an error), or blind (it does not show that far back)."""

    __tablename__ = "source_gap"

    id: int = _key()
    source: str = Field(index=True)
    kind: str
    reason: str
    started_at: datetime = _time()
    ended_at: datetime | None = _time(nullable=True)


class Silence(SQLModel, table=True):
    """A span in which a brand's alerts are decided but not sent."""

    id: int = _key()
    brand: str = Field(index=True)
    starts_at: datetime = _time()
    ends_at: datetime = _time()
    reason: str


class Audit(SQLModel, table=True):
    """Something that a person had done: purge, erase, export, silence, send again."""

    id: int = _key()
    at: datetime = _time(index=True)
    action: str
    subject: str
    detail: dict[str, Any] = _json()


class ErasedAuthor(SQLModel, table=True):
    """A person who was erased: what sources still show of them is not stored again."""

    __tablename__ = "erased_author"

    author_key: str = Field(primary_key=True)
    erased_at: datetime = _time()


class Worker(SQLModel, table=True):
    """One running daemon, as it last said of itself."""

    name: str = Field(primary_key=True)
    version: str
    started_at: datetime = _time()
    seen_at: datetime = _time()
    stopped_at: datetime | None = _time(nullable=True)
