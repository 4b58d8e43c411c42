"""What is known of one post: its facts, the decision then, the decision by the rules of now, and its notices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from alerts.decide import Reason, say, should_alert
from atbalss.pipeline.decide import facts_of
from atbalss.pipeline.runtime import Runtime
from store.alerts import silence_at
from store.deliveries import deliveries_of
from store.mentions import find
from store.scores import score_of
from store.tables import Alert, AlertMention, Mention, Score, Silence

__all__ = ["Decided", "DeliveryLine", "Explanation", "explanation_of"]

EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision in words, with each rule's checks (`reason`, `asked`, `found`, `holds`)."""

    reason: str
    said: str
    traces: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One notice about the post."""

    channel: str
    state: str
    attempts: int
    sent_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that `explain` shows."""

    facts: tuple[tuple[str, str], ...]
    then: Decided | None
    now: Decided | None
    deliveries: tuple[DeliveryLine, ...]

    def as_json(self) -> dict[str, Any]:
        """The same with plain values."""
        deliveries = [
            {**asdict(line), "sent_at": line.sent_at.isoformat() if line.sent_at else None}
            for line in self.deliveries
        ]
        return {
            "facts": dict(self.facts),
            "then": asdict(self.then) if self.then else None,
            "now": asdict(self.now) if self.now else None,
            "deliveries": deliveries,
        }


def explanation_of(runtime: Runtime, name: str) -> Explanation | None:
    """Explain the post with this number, address or SOURCE/ID; None if there is none."""
    with runtime.store.read() as session:
        mention = find(session, name)
        if mention is None:
            return None
        score = score_of(session, mention.id, mention.revision)
        link = session.get(AlertMention, mention.id)
        alert = session.get(Alert, link.alert_id) if link else None
        return Explanation(
            facts=tuple(_facts(mention, score, alert, link, _silence(session, mention))),
            then=_then(mention),
            now=_now(runtime, mention, score),
            deliveries=_deliveries(session, alert),
        )


def _facts(
    mention: Mention,
    score: Score | None,
    alert: Alert | None,
    link: AlertMention | None,
    silence: Silence | None,
) -> list[tuple[str, str]]:
    excerpt = mention.text if len(mention.text) <= EXCERPT else mention.text[:EXCERPT] + "…"
    facts = [
        ("mention", f"{mention.id} ({mention.source}/{mention.external_id})"),
        ("brand", mention.brand),
        ("kind", mention.kind),
        ("text", excerpt or "(no text)"),
        ("stars", "-" if mention.stars is None else f"{mention.stars:g}"),
        ("address", mention.url or "-"),
        (
            "published",
            mention.published_at.isoformat() if mention.published_at else "the source does not say",
        ),
        ("collected", mention.collected_at.isoformat()),
        ("edits", str(mention.revision)),
        ("owner's reply", "none" if mention.owner_reply is None else "given"),
        ("stage", mention.stage),
    ]
    if mention.last_error:
        facts.append(("last error", f"{mention.last_error} ({mention.failures} times)"))
    if score is not None:
        facts += [
            ("language", score.lang),
            ("label", score.label + (f" ({score.reason})" if score.reason else "")),
            ("probabilities", _probabilities(score)),
            ("satisfaction", "-" if score.satisfaction is None else f"{score.satisfaction:.2f} of 5"),
            ("needs reply", "not judged" if score.needs_reply is None else f"{score.needs_reply:.2f}"),
            ("model", score.model),
        ]
    if silence is not None:
        facts.append(("silenced", f"until {silence.ends_at.isoformat()}: {silence.reason}"))
    if alert is not None and link is not None:
        facts.append(("alert", f"{alert.id}, {alert.kind}, as its {link.role}, event {alert.event_id}"))
    return facts


def _silence(session: Session, mention: Mention) -> Silence | None:
    """What silenced the post when it was decided, if anything did."""
    if mention.decision != Reason.SILENCED or mention.decided_at is None:
        return None
    return silence_at(session, mention.brand, mention.decided_at)


def _probabilities(score: Score) -> str:
    if score.p_neg is None or score.p_neu is None or score.p_pos is None:
        return "-"
    return f"neg {score.p_neg:.2f}, neu {score.p_neu:.2f}, pos {score.p_pos:.2f}"


def _then(mention: Mention) -> Decided | None:
    if mention.decision is None:
        return None
    traces = (mention.decision_detail or {}).get("traces", [])
    return Decided(mention.decision, say(mention.decision), tuple(traces))


def _now(runtime: Runtime, mention: Mention, score: Score | None) -> Decided | None:
    """What the rules of now say of the post as it is now, as if nothing had been told of it."""
    if score is None:
        return None
    facts = facts_of(mention, score, runtime.now(), already_alerted=False)
    decision = should_alert(facts, runtime.config.rules)
    return Decided(decision.reason, say(decision.reason), tuple(asdict(trace) for trace in decision.traces))


def _deliveries(session: Session, alert: Alert | None) -> tuple[DeliveryLine, ...]:
    if alert is None:
        return ()
    return tuple(
        DeliveryLine(row.channel, row.state, row.attempts, row.sent_at, row.last_error)
        for row in deliveries_of(session, alert.event_id)
    )
