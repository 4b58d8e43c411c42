"""The digest's numbers as plain values, and what they are counted from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

__all__ = [
    "ENOUGH",
    "Answers",
    "Csat",
    "Digest",
    "DigestRow",
    "Measure",
    "Quote",
    "Sight",
    "SourceRow",
    "SourceSight",
    "SurveyRow",
    "Tally",
    "Week",
    "WeekPoint",
]

ENOUGH = 10
"""Below this many answers in either week a change is printed with the remark that it says little: with nine
answers a single customer moves a percentage by eleven points."""


@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week in a brand's zone: [start, end) as aware UTC instants, Monday to Sunday as dates."""

    zone: ZoneInfo
    monday: date
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """The ISO name, such as 2026-W47; unique per week and used as the digest's key."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRow:
    """One mention as the digest counts it.

    `at` is when it was published, or collected where the source does not say. `label` is neg, neu, pos or
    unscored (with `reason`); `answered_at` is when the owner replied; `due` tells that a public reply was
    asked for by an alert, and may end with the reply; `folded` that it repeats another mention's text.
    """

    mention_id: int
    source: str
    kind: str
    lang: str
    label: str
    reason: str | None
    confidence: float | None
    satisfaction: float | None
    stars: float | None
    text: str
    author: str | None
    url: str | None
    at: datetime
    collected_at: datetime
    alerted: bool
    due: bool
    folded: bool
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One survey answer: kind is csat (1-5), nps (0-10) or ces (1-7)."""

    kind: str
    value: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """How one source did in the week.

    `down` are [from, to) spans without a successful collection, with the reason. `blind` says in one
    sentence what the source never shows; `status` is its state now.
    """

    source: str
    kind: str
    status: str
    note: str | None
    last_success: datetime | None
    down: tuple[tuple[datetime, datetime, str], ...]
    blind: str
    collected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a set of mentions was judged; `satisfaction` is the mean of the scored ones on 1-5."""

    neg: int = 0
    neu: int = 0
    pos: int = 0
    unscored: int = 0
    satisfaction: float | None = None

    @property
    def n(self) -> int:
        """All mentions of the set, judged or not."""
        return self.scored + self.unscored

    @property
    def scored(self) -> int:
        """Mentions that the model could judge."""
        return self.neg + self.neu + self.pos


@dataclass(frozen=True, slots=True)
class Measure:
    """One headline number, the `n` answers behind it, and the week before's; None without any answer."""

    value: float | None
    n: int
    before: float | None = None
    n_before: int = 0

    @property
    def thin(self) -> bool:
        """Whether a change rests on too few answers to say anything."""
        return min(self.n, self.n_before) < ENOUGH


@dataclass(frozen=True, slots=True)
class Csat:
    """CSAT in percent and what it was counted from: `satisfied` of `from_surveys + from_stars` answers."""

    measure: Measure
    satisfied: int
    from_surveys: int
    from_stars: int


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """One bar of the trend."""

    week: Week
    tally: Tally
    csat: float | None
    csat_n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One mention as it is printed; `age` runs from `at` to the moment when the digest was made."""

    mention_id: int
    source: str
    kind: str
    lang: str
    label: str
    stars: float | None
    text: str
    author: str | None
    url: str | None
    at: datetime
    age: timedelta


@dataclass(frozen=True, slots=True)
class Answers:
    """The owner's public replies.

    `given` replies were published in the week, after `median` from post to reply. `due` posts of the week
    asked for a reply, `due_answered` of them have one by now.
    """

    given: int
    median: timedelta | None
    due: int
    due_answered: int


class Sight(StrEnum):
    """What a week's digest can say about a source."""

    SEEN = "seen"
    QUIET = "quiet"
    DOWN = "down"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSight:
    """What could be seen of one source; `down_for` is the time of the week without a successful
    collection."""

    source: str
    kind: str
    sight: Sight
    status: str
    note: str | None
    last_success: datetime | None
    down: tuple[tuple[datetime, datetime, str], ...]
    down_for: timedelta
    blind: str
    collected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One brand's week: everything that the page prints, counted and chosen, in the order of printing.

    The lists are whole; how many of each are printed is the page's business. `tally` counts each text once:
    `folded` repetitions and `late` arrivals (published before this week, collected in it) are counted apart.
    """

    brand: str
    week: Week
    made_at: datetime
    tally: Tally
    before: Tally | None
    """The week before, or None when nothing had ever been collected by then."""
    folded: int
    unscored: tuple[tuple[str, int], ...]
    by_source: tuple[tuple[str, Tally], ...]
    by_lang: tuple[tuple[str, Tally], ...]
    satisfaction: Measure
    negative_share: Measure
    csat: Csat
    nps: Measure
    ces: Measure
    stars: Measure
    trend: tuple[WeekPoint, ...]
    waiting: tuple[Quote, ...]
    """Posts that need a public reply and have none: complaints first, oldest first."""
    answers: Answers
    negative_quotes: tuple[Quote, ...]
    positive_quotes: tuple[Quote, ...]
    disagreements: tuple[Quote, ...]
    late: tuple[Quote, ...]
    sources: tuple[SourceSight, ...]

    @property
    def empty(self) -> bool:
        """Whether the week has neither posts nor survey answers of its own."""
        return not (self.tally.n or self.csat.measure.n or self.nps.n or self.ces.n)

    @property
    def charted(self) -> bool:
        """Whether there is anything to draw: without a single post the page leaves the chart out."""
        return any(point.tally.n for point in self.trend)
