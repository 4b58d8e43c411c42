"""Mentions: taking in a page of posts, and handing them from stage to stage under a lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from store.identity import Incoming, Known, StoreDecision, content_hash, fold_key, should_store
from store.retention import erased_among, sweep
from store.rows import changed, inserting
from store.tables import (
    AlertMention,
    Mention,
    Revision,
    Score,
    Stage,
    Statement,
    SurveyAnswer,
)
from store.tasks import close_task

__all__ = ["ERROR_CHARS", "NewMention", "claim", "everything", "fail", "find", "load", "release", "take_in"]

RETRY = timedelta(minutes=1)
"""A row that failed waits this long before it is tried again, doubled with each failure."""
RETRY_MAX = timedelta(hours=6)
ERROR_CHARS = 500

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMention:
    """One version of a post, ready for the database: validated, with its author already a pseudonym."""

    external_id: str
    kind: str
    text: str
    brand: str
    url: str | None = None
    title: str | None = None
    stars: float | None = None
    language_hint: str | None = None
    published_at: datetime | None = None
    edited_at: datetime | None = None
    author_key: str | None = None
    author: str | None = None
    parent_id: str | None = None
    owner_reply: str | None = None
    owner_replied_at: datetime | None = None
    reach: int | None = None
    survey: tuple[str, int] | None = None
    deleted: bool = False


def take_in(
    session: Session,
    source: str,
    posts: Sequence[NewMention],
    now: datetime,
    *,
    baseline: bool,
    oldest: datetime | None = None,
) -> list[StoreDecision]:
    """Store a page; gives what was decided for each post, in order.

    `baseline` marks new mentions as present before Atbalss looked for the first time; what its author edits after
    that is news. New posts that were published before `oldest` are past their retention.
    """
    known: dict[str, Mention] = {}
    ids = list({post.external_id for post in posts})
    for start in range(0, len(ids), _BATCH):
        chunk = ids[start : start + _BATCH]
        # FOR UPDATE (SQLite has one writer anyway): a stage that moves a row on meanwhile must see the edit, or be
        # seen by it.
        rows = session.exec(
            select(Mention)
            .where(Mention.source == source, col(Mention.external_id).in_(chunk))
            .order_by(col(Mention.id))
            .with_for_update()
        )
        known |= {row.external_id: row for row in rows}
    erased = erased_among(session, [post.author_key for post in posts if post.author_key])
    decisions = []
    for post in posts:
        mention = known.get(post.external_id)
        incoming = Incoming(
            content_hash=content_hash(post.text, post.title, post.stars, post.survey),
            edited_at=post.edited_at,
            owner_reply=post.owner_reply,
            deleted=post.deleted,
            erased_author=post.author_key in erased,
            past_retention=_before(post.published_at, oldest),
            other_brand=mention is not None and mention.brand != post.brand,
        )
        decision = should_store(incoming, _known(mention))
        decisions.append(decision)
        if decision is StoreDecision.NEW:
            known[post.external_id] = _insert(session, source, post, now, baseline)
        elif mention is not None:
            _change(session, mention, post, decision, now, baseline)
            if decision is StoreDecision.DELETED:
                del known[post.external_id]
    if StoreDecision.DELETED in decisions:
        session.flush()
        sweep(session)
    return decisions


def _before(at: datetime | None, oldest: datetime | None) -> bool:
    return at is not None and oldest is not None and at < oldest


def _known(mention: Mention | None) -> Known | None:
    if mention is None:
        return None
    return Known(mention.content_hash, mention.edited_at, mention.owner_reply, mention.silent_edits)


def _insert(session: Session, source: str, post: NewMention, now: datetime, baseline: bool) -> Mention:
    key = fold_key(post.text)
    mention = Mention(
        brand=post.brand,
        source=source,
        external_id=post.external_id,
        kind=post.kind,
        url=post.url,
        title=post.title,
        text=post.text,
        stars=post.stars,
        language_hint=post.language_hint,
        published_at=post.published_at,
        edited_at=post.edited_at,
        collected_at=now,
        changed_at=now,
        author_key=post.author_key,
        author=post.author,
        parent_id=post.parent_id,
        owner_reply=post.owner_reply,
        owner_replied_at=post.owner_replied_at,
        reach=post.reach,
        baseline=baseline,
        content_hash=content_hash(post.text, post.title, post.stars, post.survey),
        fold_key=key,
        statement_id=_statement(session, post.brand, key),
        not_before=now,
    )
    session.add(mention)
    session.flush()
    _answer(session, mention, post, now)
    return mention


def _answer(session: Session, mention: Mention, post: NewMention, now: datetime) -> None:
    """Keep the survey answer that a version carries instead of that of the version before."""
    answered = session.exec(select(SurveyAnswer).where(SurveyAnswer.mention_id == mention.id)).first()
    if post.survey is None:
        if answered is not None:
            session.delete(answered)
        return
    kind, value = post.survey
    if answered is None:
        answered = SurveyAnswer(
            mention_id=mention.id,
            brand=mention.brand,
            kind=kind,
            value=value,
            answered_at=post.published_at or now,
        )
    answered.kind, answered.value = kind, value
    session.add(answered)


def _change(
    session: Session,
    mention: Mention,
    post: NewMention,
    decision: StoreDecision,
    now: datetime,
    baseline: bool,
) -> None:
    if decision is StoreDecision.DELETED:
        session.delete(mention)
        session.flush()
        return
    if decision is StoreDecision.EDITED:
        _edit(session, mention, post, now, baseline)
    if (
        decision in (StoreDecision.EDITED, StoreDecision.REPLIED)
        and post.owner_reply is not None
        and post.owner_reply != mention.owner_reply
    ):
        mention.owner_reply = post.owner_reply
        mention.owner_replied_at = post.owner_replied_at or now
        mention.edited_after_reply = False
        close_task(session, mention.id, now, "the owner replied at the source")
    session.add(mention)


def _edit(session: Session, mention: Mention, post: NewMention, now: datetime, baseline: bool) -> None:
    """Keep the old words as a revision and send the new ones through all stages again."""
    session.add(
        Revision(
            mention_id=mention.id,
            number=mention.revision,
            title=mention.title,
            text=mention.text,
            stars=mention.stars,
            edited_at=mention.edited_at,
            replaced_at=now,
        )
    )
    silent = post.edited_at == mention.edited_at
    mention.silent_edits += 1 if silent else 0
    mention.edited_after_reply = mention.owner_reply is not None
    mention.baseline = mention.baseline and baseline
    mention.text = post.text
    mention.title = post.title
    mention.stars = post.stars
    mention.edited_at = post.edited_at
    mention.content_hash = content_hash(post.text, post.title, post.stars, post.survey)
    mention.fold_key = fold_key(post.text)
    mention.statement_id = _statement(session, mention.brand, mention.fold_key)
    _answer(session, mention, post, now)
    mention.revision += 1
    mention.changed_at = now
    mention.stage = Stage.COLLECTED
    mention.lease = None
    mention.lease_until = None
    mention.not_before = now
    mention.failures = 0
    mention.last_error = None


def _statement(session: Session, brand: str, key: str | None) -> int | None:
    if key is None:
        return None
    # Two sources may bring the same words at the same instant.
    seen = (
        inserting(session, Statement)
        .values(brand=brand, fold_key=key, seen=1)
        .on_conflict_do_update(index_elements=["brand", "fold_key"], set_={"seen": col(Statement.seen) + 1})
        .returning(col(Statement.id))
    )
    return int(session.execute(seen).scalar_one())


def _free(stage: Stage, now: datetime) -> ColumnElement[bool]:
    return and_(
        col(Mention.stage) == stage,
        col(Mention.not_before) <= now,
        or_(col(Mention.lease_until).is_(None), col(Mention.lease_until) < now),
    )


def claim(
    session: Session, stage: Stage, token: str, now: datetime, lease: timedelta, limit: int
) -> list[Mention]:
    """Take up to `limit` mentions of `stage`, oldest first, under `token` until the lease ends.

    The condition stands in the UPDATE itself, so two processes never get the same row.
    """
    free = _free(stage, now)
    # Two steps: as a subquery of the UPDATE, PostgreSQL may run the SELECT again for each row, past its limit.
    ids = session.exec(
        select(Mention.id)
        .where(free)
        .order_by(col(Mention.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    changed(
        session,
        update(Mention).where(col(Mention.id).in_(ids), free).values(lease=token, lease_until=now + lease),
    )
    return list(session.exec(select(Mention).where(Mention.lease == token).order_by(col(Mention.id))))


def load(session: Session, token: str, ids: Sequence[int]) -> list[Mention]:
    """The mentions among `ids` that `token` still holds; nobody changes them until this transaction ends."""
    return list(
        session.exec(
            select(Mention)
            .where(col(Mention.id).in_(ids), Mention.lease == token)
            .order_by(col(Mention.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def release(session: Session, token: str) -> None:
    """Give back everything that `token` still holds, untouched."""
    changed(
        session,
        update(Mention).where(col(Mention.lease) == token).values(lease=None, lease_until=None),
    )


def everything(
    session: Session, brand: str | None, since: datetime | None
) -> Iterator[tuple[Mention, Score | None, AlertMention | None]]:
    """All mentions (of one brand, collected since) with their judgement and alert, oldest first."""
    query = (
        select(Mention, Score, AlertMention)
        .outerjoin(
            Score,
            (col(Score.mention_id) == col(Mention.id)) & (col(Score.revision) == col(Mention.revision)),
        )
        .outerjoin(AlertMention, col(AlertMention.mention_id) == col(Mention.id))
        .order_by(col(Mention.id))
        .execution_options(yield_per=_BATCH)
    )
    if brand is not None:
        query = query.where(Mention.brand == brand)
    if since is not None:
        query = query.where(col(Mention.collected_at) >= since)
    for mention, score, alert in session.exec(query):
        yield mention, score, alert
        session.expunge(mention)


def find(session: Session, name: str) -> Mention | None:
    """The mention with this number, address or SOURCE/ID."""
    if name.isdecimal():
        # Eighteen digits fit the key of every database.
        return session.get(Mention, int(name)) if len(name) <= 18 else None
    if "://" in name:
        by_url = select(Mention).where(Mention.url == name).order_by(col(Mention.id))
        return session.exec(by_url.limit(1)).first()
    source, _, external_id = name.partition("/")
    return session.exec(
        select(Mention).where(Mention.source == source, Mention.external_id == external_id)
    ).first()


def fail(session: Session, mention_id: int, token: str, error: str, now: datetime) -> bool:
    """Push a row that failed forward, with what went wrong; gives whether it was still ours."""
    mention = session.exec(select(Mention).where(Mention.id == mention_id, Mention.lease == token)).first()
    if mention is None:
        return False
    mention.failures += 1
    mention.not_before = now + min(RETRY * 2 ** min(mention.failures - 1, 12), RETRY_MAX)
    mention.last_error = error[:ERROR_CHARS]
    mention.lease = None
    mention.lease_until = None
    session.add(mention)
    return True
