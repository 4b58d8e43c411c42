"""What the page says, in words: one view of a digest that the HTML page, the text and Slack lay out.

All three print these strings, so that a number cannot differ between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from alerts.channels.text import one_line
from alerts.digest import week as weeks
from alerts.digest import words
from alerts.digest.data import Digest, Measure, Quote, Sight, SourceSight, Tally, WeekPoint
from alerts.digest.footnotes import footnotes
from alerts.digest.lead import alarm, lead
from alerts.digest.strangers import direction, excerpt, isolated, lang_tag
from alerts.layout import safe_link

__all__ = ["Card", "Line", "Listing", "Page", "Row", "Said", "page_of"]

_SAID_CHARS, _NAME_CHARS = 320, 80
_WAITING, _DISAGREEING, _LATE, _ROWS = 12, 4, 4, 12
"""How many of each are printed; the rest is counted in a line below."""


_STATUSES = {
    "failing": "It fails at the moment and is tried again.",
    "throttled": "It asked us to wait and is tried again.",
    "auth_lost": "It refuses our access: somebody has to connect it again.",
    "gone": "Its address is gone for good: somebody has to enter another one.",
    "quiet": "It has been silent for longer than usual.",
}
"""What a source's state means for the reader; nothing is said about one that works."""


@dataclass(frozen=True, slots=True)
class Card:
    """A headline number; `tone` is good, bad or flat and tells how to read the change."""

    title: str
    value: str
    detail: str
    change: str = ""
    tone: str = "flat"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; `bar` has the width in percent of each part that the bar is made of."""

    name: str
    n: str
    neg: str
    neu: str
    pos: str
    unscored: str
    satisfaction: str
    bar: tuple[tuple[str, int], ...]
    csat: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A stranger's post, cleaned and cut; `lang` and `dir` are HTML attributes."""

    text: str
    lang: str
    dir: str
    label: str
    stars: str
    language: str
    source: str
    author: str
    moment: str
    waited: str
    url: str | None

    @property
    def facts(self) -> tuple[str, ...]:
        """Where it was written, in what language, by whom and when."""
        return tuple(filter(None, (self.stars, self.source, self.language, self.author, self.moment)))


@dataclass(frozen=True, slots=True)
class Listing:
    """Posts under a heading; `more` tells how many were left out."""

    said: tuple[Said, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What could not be seen of a source: `state` in a few words, `details` in sentences."""

    name: str
    state: str
    details: tuple[str, ...]
    alarming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page in the order in which it is read."""

    brand: str
    title: str
    week: str
    lead: tuple[str, ...]
    alarm: str
    empty: bool
    cards: tuple[Card, ...]
    waiting: Listing
    waiting_count: int
    replies: str
    negative: Listing
    positive: Listing
    by_week: tuple[Row, ...]
    by_source: tuple[Row, ...]
    by_lang: tuple[Row, ...]
    disagreements: Listing
    late: Listing
    late_lead: str
    unseen: tuple[Line, ...]
    unseen_lead: str
    notes: tuple[tuple[str, str], ...]


def page_of(digest: Digest) -> Page:
    """Put a digest into words."""
    return Page(
        brand=one_line(digest.brand),
        title=weeks.title(digest.week),
        week=digest.week.key,
        lead=lead(digest),
        alarm=alarm(digest),
        empty=digest.empty,
        cards=_cards(digest),
        waiting=_listing(digest, digest.waiting, _WAITING),
        waiting_count=len(digest.waiting),
        replies=_replies(digest),
        negative=_listing(digest, _unprinted(digest)),
        positive=_listing(digest, digest.positive_quotes),
        by_week=_weeks(digest) if digest.charted else (),
        by_source=_rows(digest.by_source, names=False),
        by_lang=_rows(digest.by_lang, names=True),
        disagreements=_listing(digest, digest.disagreements, _DISAGREEING),
        late=_listing(digest, digest.late, _LATE),
        late_lead=_late_lead(digest),
        unseen=tuple(_line(digest, sight) for sight in digest.sources),
        unseen_lead=_unseen_lead(digest),
        notes=footnotes(digest),
    )


def _cards(digest: Digest) -> tuple[Card, ...]:
    tally, waiting = digest.tally, digest.waiting
    csat = digest.csat.measure
    oldest = f"oldest: {words.age(max(quote.age for quote in waiting))}" if waiting else "nothing is open"
    return (
        Card(
            "Posts",
            words.count(tally.n),
            f"{words.count(tally.scored)} judged, {words.count(tally.unscored)} not",
            f"{words.count(digest.before.n)} the week before" if digest.before else "first week",
        ),
        Card("Waiting for a reply", words.count(len(waiting)), oldest, tone="bad" if waiting else "good"),
        _card("Negative", digest.negative_share, words.percent, "of {n} judged", " points", better=-1),
        _card("CSAT (satisfied)", csat, words.percent, "of {n} answers", " points"),
        _card(
            "Satisfaction in texts", digest.satisfaction, words.decimal, "of 5, from {n} posts", "", digits=1
        ),
        _card("Average stars", digest.stars, words.decimal, "of 5, from {n} ratings", "", digits=1),
        _card("NPS (recommend)", digest.nps, words.signed, "from {n} answers", " points"),
        _card(
            "CES (effort)",
            digest.ces,
            words.signed,
            "lower is better, from {n} answers",
            " points",
            better=-1,
        ),
    )


def _card(
    title: str,
    measure: Measure,
    value: words.Printer,
    detail: str,
    unit: str,
    *,
    digits: int = 0,
    better: int = 1,
) -> Card:
    moved = words.moved(measure, digits)
    tone = "flat"
    if moved:
        tone = "good" if moved * better > 0 else "bad"
    return Card(
        title,
        value(measure.value),
        detail.format(n=words.count(measure.n)) if measure.n else "no answers (n = 0)",
        words.change(measure, unit, digits),
        tone,
    )


def _rows(tallies: tuple[tuple[str, Tally], ...], *, names: bool) -> tuple[Row, ...]:
    rows = [_row(words.language(name) if names else one_line(name), tally) for name, tally in tallies[:_ROWS]]
    rest = [tally for _, tally in tallies[_ROWS:]]
    if rest:
        together = Tally(
            neg=sum(tally.neg for tally in rest),
            neu=sum(tally.neu for tally in rest),
            pos=sum(tally.pos for tally in rest),
            unscored=sum(tally.unscored for tally in rest),
            satisfaction=_weighted(rest),
        )
        rows.append(_row(f"{len(rest)} others", together))
    return tuple(rows)


def _weighted(tallies: list[Tally]) -> float | None:
    known = [(tally.satisfaction, tally.scored) for tally in tallies if tally.satisfaction is not None]
    total = sum(n for _, n in known)
    return sum(value * n for value, n in known) / total if total else None


def _weeks(digest: Digest) -> tuple[Row, ...]:
    return tuple(
        _row(words.day(point.week.start, point.week.zone), point.tally, _csat(point))
        for point in digest.trend
    )


def _csat(point: WeekPoint) -> str:
    share = words.percent(point.csat)
    return f"{share} of {words.count(point.csat_n)}" if point.csat_n else share


def _row(name: str, tally: Tally, csat: str = "") -> Row:
    return Row(
        name=name,
        n=words.count(tally.n),
        neg=words.count(tally.neg),
        neu=words.count(tally.neu),
        pos=words.count(tally.pos),
        unscored=words.count(tally.unscored),
        satisfaction=words.decimal(tally.satisfaction),
        bar=_bar(tally),
        csat=csat,
    )


def _bar(tally: Tally) -> tuple[tuple[str, int], ...]:
    """Whole percents that add up to 100, whatever was rounded; nothing for an empty tally."""
    if not tally.n:
        return ()
    ends = [tally.neg, tally.neg + tally.neu, tally.scored, tally.n]
    at = [0, *(round(100 * end / tally.n) for end in ends)]
    widths = [end - start for start, end in pairwise(at)]
    return tuple(zip(("neg", "neu", "pos", "unscored"), widths, strict=True))


def _listing(digest: Digest, quotes: tuple[Quote, ...], limit: int | None = None) -> Listing:
    shown = quotes[:limit]
    rest = len(quotes) - len(shown)
    return Listing(
        tuple(_said(digest, quote) for quote in shown),
        f"and {words.plural(rest, 'more post', 'more posts')} like these" if rest else "",
    )


def _unprinted(digest: Digest) -> tuple[Quote, ...]:
    """The negative quotes that do not stand among the posts that wait for a reply already."""
    printed = {quote.mention_id for quote in digest.waiting[:_WAITING]}
    return tuple(quote for quote in digest.negative_quotes if quote.mention_id not in printed)


def _said(digest: Digest, quote: Quote) -> Said:
    text = excerpt(quote.text, _SAID_CHARS)
    return Said(
        text=text or "(no text)",
        lang=lang_tag(quote.lang) if text else words.LOCALE,
        dir=direction(text),
        label=quote.label,
        stars=words.stars(quote.stars),
        language=words.language(quote.lang),
        source=excerpt(quote.source, _NAME_CHARS),
        author=isolated(excerpt(quote.author or "", _NAME_CHARS)),
        moment=words.moment(quote.at, digest.week.zone),
        waited=words.length(quote.age),
        url=safe_link(quote.url),
    )


def _replies(digest: Digest) -> str:
    answers = digest.answers
    asked = (
        f"Of this week's {words.plural(answers.due, 'post that needs', 'posts that need')} a reply, "
        f"{words.count(answers.due_answered)} {'is' if answers.due_answered == 1 else 'are'} answered. "
        if answers.due
        else ""
    )
    if answers.median is None:
        return f"{asked}No public reply was given this week."
    return (
        f"{asked}{words.plural(answers.given, 'reply was', 'replies were')} given this week; "
        f"the median time to a reply was {words.length(answers.median)}."
    )


def _late_lead(digest: Digest) -> str:
    number = words.plural(len(digest.late), "post was", "posts were")
    return (
        f"{number} written in earlier weeks and reached us only in this one. Late posts count in the week in "
        "which they were written, not above."
    )


def _line(digest: Digest, sight: SourceSight) -> Line:
    zone = digest.week.zone
    details = [
        f"{words.moment(start, zone)} to {words.moment(end, zone)}: {_sentence(why)}"
        for start, end, why in sight.down
    ]
    if sight.note:
        details.append(_sentence(sight.note))
    if sight.blind:
        details.append(_sentence(sight.blind))
    found = words.plural(sight.collected, "post", "posts")
    if sight.status in _STATUSES:
        details.append(_STATUSES[sight.status])
    states = {
        Sight.NEVER: "has never been read successfully",
        Sight.DOWN: f"down for {words.length(sight.down_for)}; {found} collected",
        Sight.QUIET: "answered, but had nothing new",
        Sight.SEEN: f"{found} collected",
    }
    return Line(
        name=one_line(sight.source),
        state=states[sight.sight],
        details=tuple(details),
        alarming=sight.sight in {Sight.NEVER, Sight.DOWN},
    )


def _sentence(text: str) -> str:
    """The cleaned text with a full stop, so that another sentence can follow."""
    return f"{one_line(text).rstrip('.')}."


def _unseen_lead(digest: Digest) -> str:
    if not digest.sources:
        return "No source is configured for this brand."
    failed = sum(sight.sight in {Sight.NEVER, Sight.DOWN} for sight in digest.sources)
    all_of = words.plural(len(digest.sources), "source", "sources")
    if not failed:
        return f"{all_of} answered all week. What each of them never shows is written below."
    return f"{failed} of {all_of} could not be read for some or all of the week."
