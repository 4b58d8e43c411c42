"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.types import BigId, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "alert",
        sa.Column("id", BigId, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("dedupe_key", name="uq_alert_dedupe_key"),
        sa.UniqueConstraint("event_id", name="uq_alert_event_id"),
    )
    op.create_index("ix_alert_brand", "alert", ["brand"])

    op.create_table(
        "audit",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])

    op.create_table(
        "channel_state",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("wait_until", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("last_sent_at", UtcDateTime(), nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name="pk_channel_state"),
    )
    op.create_table(
        "digest_run",
        sa.Column("id", BigId, nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_digest_run"),
        sa.UniqueConstraint("brand", "week", name="uq_digest_run_brand_week"),
        sa.UniqueConstraint("event_id", name="uq_digest_run_event_id"),
    )
    op.create_table(
        "erased_author",
        sa.Column("author_key", sa.String(), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("author_key", name="pk_erased_author"),
    )
    op.create_table(
        "silence",
        sa.Column("id", BigId, nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_index("ix_silence_brand", "silence", ["brand"])

    op.create_table(
        "source_gap",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_source_gap"),
    )
    op.create_index("ix_source_gap_source", "source_gap", ["source"])

    op.create_table(
        "source_state",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("baseline_done", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("auth_failures", sa.Integer(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("watched_since", UtcDateTime(), nullable=True),
        sa.Column("last_attempt", UtcDateTime(), nullable=True),
        sa.Column("last_success", UtcDateTime(), nullable=True),
        sa.Column("last_post_at", UtcDateTime(), nullable=True),
        sa.Column("next_due", UtcDateTime(), nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("source", name="pk_source_state"),
    )
    op.create_table(
        "statement",
        sa.Column("id", BigId, nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("fold_key", sa.String(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("alerted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_statement"),
        sa.UniqueConstraint("brand", "fold_key", name="uq_statement_brand_fold_key"),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", BigId, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=True),
        sa.Column("alert_id", BigId, nullable=True),
        sa.Column("digest_run_id", BigId, nullable=True),
        sa.Column("payload", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_delivery_alert_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["digest_run_id"], ["digest_run.id"], name="fk_delivery_digest_run_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("event_id", "channel", name="uq_delivery_event_id_channel"),
    )
    op.create_index("ix_delivery_alert_id", "delivery", ["alert_id"])
    op.create_index("ix_delivery_queue", "delivery", ["channel", "state", "id"])

    op.create_table(
        "mention",
        sa.Column("id", BigId, nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("stars", sa.Float(), nullable=True),
        sa.Column("language_hint", sa.String(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("edited_at", UtcDateTime(), nullable=True),
        sa.Column("collected_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("author_key", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("owner_reply", sa.String(), nullable=True),
        sa.Column("owner_replied_at", UtcDateTime(), nullable=True),
        sa.Column("edited_after_reply", sa.Boolean(), nullable=False),
        sa.Column("reach", BigId, nullable=True),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("fold_key", sa.String(), nullable=True),
        sa.Column("statement_id", BigId, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("silent_edits", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decision_detail", sa.JSON(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name="fk_mention_statement_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mention"),
        sa.UniqueConstraint("source", "external_id", name="uq_mention_source_external_id"),
    )
    op.create_index("ix_mention_author_key", "mention", ["author_key"])
    op.create_index("ix_mention_brand_time", "mention", ["brand", "published_at"])
    op.create_index("ix_mention_collected_at", "mention", ["collected_at"])
    op.create_index("ix_mention_lease", "mention", ["lease"])
    op.create_index("ix_mention_queue", "mention", ["stage", "not_before"])
    op.create_index("ix_mention_statement_id", "mention", ["statement_id"])

    op.create_table(
        "alert_mention",
        sa.Column("mention_id", BigId, nullable=False),
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name="fk_alert_mention_alert_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name="fk_alert_mention_mention_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mention_id", name="pk_alert_mention"),
    )
    op.create_index("ix_alert_mention_alert_id", "alert_mention", ["alert_id"])

    op.create_table(
        "revision",
        sa.Column("id", BigId, nullable=False),
        sa.Column("mention_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("stars", sa.Float(), nullable=True),
        sa.Column("edited_at", UtcDateTime(), nullable=True),
        sa.Column("replaced_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name="fk_revision_mention_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sa.UniqueConstraint("mention_id", "number", name="uq_revision_mention_id_number"),
    )
    op.create_table(
        "score",
        sa.Column("id", BigId, nullable=False),
        sa.Column("mention_id", BigId, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("p_neg", sa.Float(), nullable=True),
        sa.Column("p_neu", sa.Float(), nullable=True),
        sa.Column("p_pos", sa.Float(), nullable=True),
        sa.Column("satisfaction", sa.Float(), nullable=True),
        sa.Column("needs_reply", sa.Float(), nullable=True),
        sa.Column("aspects", sa.JSON(), nullable=False),
        sa.Column("scored_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name="fk_score_mention_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_score"),
        sa.UniqueConstraint("mention_id", "revision", name="uq_score_mention_id_revision"),
    )
    op.create_table(
        "survey_answer",
        sa.Column("id", BigId, nullable=False),
        sa.Column("mention_id", BigId, nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name="fk_survey_answer_mention_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_survey_answer"),
        sa.UniqueConstraint("mention_id", name="uq_survey_answer_mention_id"),
    )
    op.create_index("ix_survey_answer_brand", "survey_answer", ["brand"])

    op.create_table(
        "task",
        sa.Column("id", BigId, nullable=False),
        sa.Column("mention_id", BigId, nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name="fk_task_mention_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sa.UniqueConstraint("mention_id", name="uq_task_mention_id"),
    )
    op.create_index("ix_task_brand", "task", ["brand"])
