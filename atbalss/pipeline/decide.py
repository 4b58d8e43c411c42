"""Stage three: decided. The decision, its alert and its notices in the outbox are one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from alerts.decide import AlertDecision, Facts, Reason, should_alert
from alerts.storm import OpenStorm, Timed, plan_storm
from atbalss.duration import say_duration
from atbalss.errors import AtbalssError, ConfigError, StoreError
from atbalss.pipeline.runtime import Runtime
from store.alerts import (
    alert_of_statement,
    alerted_among,
    create_alert,
    join,
    latest_storm,
    one_decider,
    silence_at,
    take_statement,
    told_times,
)
from store.deliveries import enqueue
from store.mentions import claim, fail, load
from store.scores import confidence, score_of
from store.tables import Alert, AlertKind, DeliveryKind, Mention, Role, Score, Stage
from store.tasks import open_task

__all__ = ["BATCH", "decide_batch", "facts_of", "published"]

log = structlog.get_logger()

BATCH = 200

SAME_TEXT = timedelta(days=7)
"""The same words within this time are one problem; later they are a new one."""

QUIETLY_DUE = (Reason.BASELINE, Reason.SILENCED)
"""Nobody is told now, but the rules hold: a public reply is due all the same, and the digest says so."""


@dataclass(slots=True)
class _Case:
    """One mention on its way through the deciders."""

    mention: Mention
    score: Score
    decision: AlertDecision
    reason: Reason


def decide_batch(runtime: Runtime, limit: int = BATCH) -> int:
    """Decide about the oldest mentions that wait; gives how many were claimed (0: nothing waits).

    1. Claim by lease. 2. For each brand, in one transaction: load what is still ours, decide about each post
    by the rules, then silence, fold duplicates, gather storms; write decisions, alerts, due replies and
    notices. 3. A post that breaks its batch is pushed forward alone, with its error.
    """
    token = runtime.token()
    with runtime.store.write() as session:
        rows = claim(session, Stage.SCORED, token, runtime.now(), runtime.lease, limit)
        by_brand: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            by_brand[row.brand].append(row.id)
    for brand, ids in by_brand.items():
        try:
            _decide_brand(runtime, brand, ids, token)
        except Exception:
            # One row may be the cause, or another process opened the same storm at this instant: one by one, the
            # others are not lost.
            for mention_id in ids:
                _decide_alone(runtime, brand, mention_id, token)
    return sum(map(len, by_brand.values()))


def _decide_alone(runtime: Runtime, brand: str, mention_id: int, token: str) -> None:
    try:
        _decide_brand(runtime, brand, [mention_id], token)
    except Exception as error:
        # The message of an unknown error may quote the text: only its kind is kept.
        known = isinstance(error, AtbalssError)
        reason = str(error) if known else f"the decision failed: {type(error).__name__}"
        with runtime.store.write() as session:
            fail(session, mention_id, token, reason, runtime.now())
        log.error("a post could not be decided", action="decide.failed", mention=mention_id, reason=reason)


def _decide_brand(runtime: Runtime, brand: str, ids: Sequence[int], token: str) -> None:
    now = runtime.now()
    if brand not in {known.id for known in runtime.config.brands}:
        raise ConfigError(
            f"brand {brand}", "has posts but is not configured", "put its [[brands]] table back"
        )
    with runtime.store.write() as session:
        one_decider(session, brand)
        cases = [_judge(runtime, session, row, now) for row in load(session, token, ids)]
        _silence(session, brand, cases, now)
        _fold(session, cases, now)
        _alert(runtime, session, brand, cases, now)
        for case in cases:
            if case.reason in QUIETLY_DUE and case.decision.rules:
                _due(runtime, session, case, now)
            _write(session, case, now)
    for case in cases:
        log.info("decided", action="decide.done", mention=case.mention.id, reason=case.reason)


def facts_of(mention: Mention, score: Score, now: datetime, *, already_alerted: bool) -> Facts:
    """All that may decide about a mention."""
    return Facts(
        brand=mention.brand,
        source=mention.source,
        kind=mention.kind,
        text=mention.text,
        lang=score.lang,
        label=score.label,
        confidence=confidence(score),
        stars=mention.stars,
        needs_reply=score.needs_reply,
        age=now - mention.published_at if mention.published_at else None,
        answered=mention.owner_reply is not None and not mention.edited_after_reply,
        baseline=mention.baseline,
        already_alerted=already_alerted,
    )


def published(mention: Mention) -> datetime:
    """When a mention happened: published, or collected where the source does not say."""
    return mention.published_at or mention.collected_at


def _judge(runtime: Runtime, session: Session, mention: Mention, now: datetime) -> _Case:
    score = score_of(session, mention.id, mention.revision)
    if score is None:
        raise StoreError(f"mention {mention.id}", "is in stage scored without a score", "restore a backup")
    told = bool(alerted_among(session, [mention.id]))
    decision = should_alert(facts_of(mention, score, now, already_alerted=told), runtime.config.rules)
    return _Case(mention, score, decision, decision.reason)


def _silence(session: Session, brand: str, cases: Sequence[_Case], now: datetime) -> None:
    if silence_at(session, brand, now) is None:
        return
    for case in cases:
        if case.reason is Reason.ALERT:
            case.reason = Reason.SILENCED


def _fold(session: Session, cases: Sequence[_Case], now: datetime) -> None:
    """Let one mention of a statement through; `take_statement` is a conditional UPDATE, so only one process wins."""
    # The alerts of this batch are not written yet: who took a statement a moment ago is known only here.
    taken: set[int] = set()
    for case in cases:
        statement = case.mention.statement_id
        if case.reason is not Reason.ALERT or statement is None:
            continue
        if statement in taken or not take_statement(session, statement, now, SAME_TEXT):
            case.reason = Reason.DUPLICATE
        taken.add(statement)


def _alert(runtime: Runtime, session: Session, brand: str, cases: Sequence[_Case], now: datetime) -> None:
    chosen = {case.mention.id: case for case in cases if case.reason is Reason.ALERT}
    if chosen:
        policy = runtime.config.storm
        times = [Timed(published(case.mention), mention_id) for mention_id, case in chosen.items()]
        open_storm = latest_storm(session, brand)
        plan = plan_storm(
            times,
            told_times(session, brand, min(times).at - policy.within),
            OpenStorm(open_storm.first_at, open_storm.last_at) if open_storm else None,
            policy,
        )
        if open_storm is not None and plan.widened is not None:
            open_storm.first_at, open_storm.last_at = plan.widened.first_at, plan.widened.last_at
            session.add(open_storm)
            joining = [chosen[post.mention_id] for post in plan.joining]
            _gather(runtime, session, open_storm, joining, now)
        for storm in plan.opening:
            cases_of = [chosen[post.mention_id] for post in storm.posts]
            opened = _open_storm(runtime, session, brand, storm.span, cases_of, now)
            _gather(runtime, session, opened, cases_of, now)
        for post in plan.alone:
            _write_single(runtime, session, chosen[post.mention_id], now)
    for case in cases:
        if case.reason is Reason.ALREADY_ALERTED and case.mention.edited_after_reply and case.decision.rules:
            # Nobody is told a second time, but what the owner answered is not what the author says now.
            _due(runtime, session, case, now)
        if case.reason is Reason.DUPLICATE and case.mention.statement_id is not None:
            first = alert_of_statement(session, case.mention.statement_id)
            join(session, first.id, [case.mention.id], Role.DUPLICATE, now)
            _enqueue(runtime, session, first, [case], now)
            _due(runtime, session, case, now)


def _open_storm(
    runtime: Runtime, session: Session, brand: str, span: OpenStorm, cases: Sequence[_Case], now: datetime
) -> Alert:
    policy = runtime.config.storm
    return create_alert(
        session,
        kind=AlertKind.STORM,
        # A post's own identity: of two storms that begin in the same instant each has another one.
        dedupe_key=f"storm:{cases[0].mention.source}:{cases[0].mention.external_id}",
        brand=brand,
        rule=cases[0].decision.rules[0],
        why=[f"{policy.posts} or more posts that deserve an alert within {say_duration(policy.within)}"],
        first_at=span.first_at,
        last_at=span.last_at,
        now=now,
    )


def _gather(runtime: Runtime, session: Session, storm: Alert, cases: Sequence[_Case], now: datetime) -> None:
    """Let these posts belong to a storm; who was told of it is not told again, but their own channels hear of it."""
    join(session, storm.id, [case.mention.id for case in cases], Role.STORM, now)
    _enqueue(runtime, session, storm, cases, now)
    for case in cases:
        case.reason = Reason.STORM
        _due(runtime, session, case, now)


def _write_single(runtime: Runtime, session: Session, case: _Case, now: datetime) -> None:
    mention, at = case.mention, published(case.mention)
    alert = create_alert(
        session,
        kind=AlertKind.SINGLE,
        dedupe_key=f"mention:{mention.source}:{mention.external_id}",
        brand=mention.brand,
        rule=case.decision.rules[0],
        why=_why(case.decision),
        first_at=at,
        last_at=at,
        now=now,
    )
    join(session, alert.id, [mention.id], Role.SUBJECT, now)
    _enqueue(runtime, session, alert, [case], now)
    _due(runtime, session, case, now)


def _enqueue(runtime: Runtime, session: Session, alert: Alert, cases: Sequence[_Case], now: datetime) -> None:
    """One notice for each channel that a rule names and that has none yet; a rule that names none tells all."""
    everybody = [channel.name for channel in runtime.config.channels]
    if any(not case.decision.channels for case in cases):
        told = everybody
    else:
        named = {channel for case in cases for channel in case.decision.channels}
        told = [channel for channel in everybody if channel in named]
    enqueue(session, alert.event_id, DeliveryKind.ALERT, told, now, brand=alert.brand, alert_id=alert.id)


def _due(runtime: Runtime, session: Session, case: _Case, now: datetime) -> None:
    brand = runtime.config.brand(case.mention.brand)
    open_task(session, case.mention.id, brand.id, now, now + brand.answer_within, case.decision.rules[0])


def _why(decision: AlertDecision) -> list[str]:
    """The rules that hold, each with what decided it."""
    return [f"{trace.rule}: {trace.said}" for trace in decision.traces if trace.holds]


def _write(session: Session, case: _Case, now: datetime) -> None:
    mention = case.mention
    mention.stage = Stage.DECIDED
    mention.lease = None
    mention.lease_until = None
    mention.failures = 0
    mention.last_error = None
    mention.decision = case.reason
    mention.decision_detail = _detail(case.decision)
    mention.decided_at = now
    session.add(mention)


def _detail(decision: AlertDecision) -> dict[str, Any]:
    return {
        "rules": list(decision.rules),
        "traces": [asdict(trace) for trace in decision.traces],
    }
