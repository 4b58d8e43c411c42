"""What a person is told: plain values, ready for any channel to lay out.

A notice is built from the tables at the moment of sending. Its `event_id` never changes, however often it is
sent: it travels as Message-ID and as Slack metadata, so that a receiver can fold a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.digest.data import Digest

__all__ = [
    "AlertNotice",
    "DigestNotice",
    "MentionView",
    "Notice",
    "OpsNotice",
    "StormNotice",
    "SuggestedReply",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionView:
    """One post as a person sees it; `author` is a pseudonym unless the configuration keeps names."""

    mention_id: int
    source: str
    kind: str
    text: str
    lang: str
    author: str | None
    stars: float | None
    url: str | None
    published_at: datetime | None
    collected_at: datetime
    label: str
    confidence: float | None
    satisfaction: float | None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class SuggestedReply:
    """A draft of the public reply in the author's language; `lang` names it."""

    lang: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """One post that deserves a public reply."""

    event_id: str
    brand: str
    zone: ZoneInfo
    rule: str
    mention: MentionView
    why: tuple[str, ...]
    age: timedelta
    reply: SuggestedReply | None
    also_seen: int = 0
    """In how many further posts the same text was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StormNotice:
    """Many complaints within a short time, told once."""

    event_id: str
    brand: str
    zone: ZoneInfo
    rule: str
    count: int
    first_at: datetime
    last_at: datetime
    by_lang: tuple[tuple[str, int], ...]
    by_source: tuple[tuple[str, int], ...]
    quotes: tuple[MentionView, ...]
    why: tuple[str, ...]
    reply: SuggestedReply | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsNotice:
    """Something that the owner of Atbalss has to mend: a source or channel needs a person."""

    event_id: str
    subject: str
    reason: str
    remedy: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestNotice:
    """The weekly page of one brand."""

    event_id: str
    digest: Digest


Notice = AlertNotice | StormNotice | OpsNotice | DigestNotice
