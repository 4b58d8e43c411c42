"""Notices as people get them, built from the tables at the moment of sending."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from alerts.notice import AlertNotice, MentionView, Notice, OpsNotice, StormNotice, SuggestedReply
from alerts.replies.suggest import suggest
from atbalss.config import Brand
from atbalss.pipeline.decide import published
from atbalss.pipeline.digest import digest_notice
from atbalss.pipeline.runtime import Runtime
from store.alerts import mentions_of
from store.scores import confidence, score_of
from store.tables import Alert, AlertKind, Delivery, DeliveryKind, DigestRun, Mention, Role, Score

__all__ = ["notice_of"]

QUOTES = 5
"""Posts that a storm's notice quotes."""


def notice_of(runtime: Runtime, session: Session, delivery: Delivery) -> Notice | None:
    """What a delivery tells now; None when what it spoke of is gone (deleted at the source, erased, purged)."""
    if delivery.kind == DeliveryKind.OPS:
        told = delivery.payload or {}
        return OpsNotice(
            event_id=delivery.event_id,
            subject=told["subject"],
            reason=told["reason"],
            remedy=told["remedy"],
            since=datetime.fromisoformat(told["since"]),
        )
    if delivery.kind == DeliveryKind.DIGEST:
        run = session.get(DigestRun, delivery.digest_run_id) if delivery.digest_run_id else None
        return digest_notice(runtime, session, run) if run is not None else None
    alert = session.get(Alert, delivery.alert_id) if delivery.alert_id else None
    if alert is None:
        return None
    brand = _brand(runtime, alert)
    if alert.kind == AlertKind.STORM:
        return _storm(runtime, session, alert, brand)
    return _single(runtime, session, alert, brand)


def _brand(runtime: Runtime, alert: Alert) -> Brand:
    """The brand of an alert; one that left the configuration since still gets its last notices."""
    try:
        return runtime.config.brand(alert.brand)
    except KeyError:
        return Brand(id=alert.brand, name=alert.brand, zone=ZoneInfo("UTC"))


def _single(runtime: Runtime, session: Session, alert: Alert, brand: Brand) -> AlertNotice | None:
    # Where the post itself is gone, somebody else who wrote the same is still waiting for an answer.
    duplicates = mentions_of(session, alert.id, Role.DUPLICATE)
    subjects = mentions_of(session, alert.id, Role.SUBJECT) or duplicates
    if not subjects:
        return None
    mention = subjects[0]
    now = runtime.now()
    score = score_of(session, mention.id, mention.revision)
    return AlertNotice(
        event_id=alert.event_id,
        brand=brand.name,
        zone=brand.zone,
        rule=alert.rule,
        mention=_view(mention, score),
        why=tuple(alert.why),
        age=max(now - published(mention), now - now),
        reply=_reply(runtime, alert, brand, mention, score),
        also_seen=sum(duplicate.id != mention.id for duplicate in duplicates),
    )


def _storm(runtime: Runtime, session: Session, alert: Alert, brand: Brand) -> StormNotice | None:
    members = mentions_of(session, alert.id, Role.STORM)
    if not members:
        return None
    scores = {mention.id: score_of(session, mention.id, mention.revision) for mention in members}
    langs = Counter(score.lang if score else "und" for score in scores.values())
    return StormNotice(
        event_id=alert.event_id,
        brand=brand.name,
        zone=brand.zone,
        rule=alert.rule,
        count=len(members),
        first_at=alert.first_at,
        last_at=alert.last_at,
        by_lang=tuple(langs.most_common()),
        by_source=tuple(Counter(mention.source for mention in members).most_common()),
        quotes=tuple(_view(mention, scores[mention.id]) for mention in members[:QUOTES]),
        why=tuple(alert.why),
        reply=_reply(runtime, alert, brand, members[0], scores[members[0].id]),
    )


def _view(mention: Mention, score: Score | None) -> MentionView:
    return MentionView(
        mention_id=mention.id,
        source=mention.source,
        kind=mention.kind,
        text=mention.text,
        title=mention.title,
        lang=score.lang if score else "und",
        author=mention.author,
        stars=mention.stars,
        url=mention.url,
        published_at=mention.published_at,
        collected_at=mention.collected_at,
        label=score.label if score else "unscored",
        confidence=confidence(score),
        satisfaction=score.satisfaction if score else None,
    )


def _reply(
    runtime: Runtime, alert: Alert, brand: Brand, mention: Mention, score: Score | None
) -> SuggestedReply | None:
    collector = runtime.collectors.get(mention.source)
    return suggest(
        score.lang if score else "und",
        mention.kind,
        score.label if score else "unscored",
        mention.stars,
        bool(mention.text),
        runtime.now() + brand.answer_within,
        brand.zone,
        alert.event_id,
        collector.facts.reply_limit if collector else None,
        text=mention.text,
        brand_lang=brand.languages[0],
    )
