"""What every channel says in the same words: titles, facts, links and dates of a notice.

Pure: a notice in, strings out. The channels only arrange them. A stranger's words that pass through here are
already clean (see `alerts.channels.text`), but not yet escaped for HTML or Slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

from alerts.channels.text import clean, cut, one_line
from alerts.notice import AlertNotice, MentionView, OpsNotice, StormNotice

__all__ = [
    "Fact",
    "age_words",
    "alert_facts",
    "also_seen_words",
    "brand_of",
    "count_words",
    "excerpt",
    "headline",
    "judgement_words",
    "language_name",
    "link_of",
    "moment",
    "occasion",
    "ops_facts",
    "safe_link",
    "stars_words",
    "storm_facts",
]

_ENGLISH = Locale.parse("en_GB")
_LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive"}
_KINDS = {
    "review": "review",
    "comment": "comment",
    "survey": "survey answer",
    "mail": "letter",
    "news": "article",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a notice's table: `stranger` tells that the value was written by somebody unknown."""

    name: str
    value: str
    stranger: bool = False


def headline(notice: AlertNotice | StormNotice | OpsNotice) -> str:
    """The title: the brand and what happened, without the words of the post."""
    return f"{brand_of(notice)}: {occasion(notice)}"


def occasion(notice: AlertNotice | StormNotice | OpsNotice) -> str:
    """What happened, for where the brand stands already."""
    if isinstance(notice, OpsNotice):
        return f"{one_line(notice.subject)} needs you"
    if isinstance(notice, StormNotice):
        span = age_words(notice.last_at - notice.first_at)
        return f"{count_words(notice.count, 'complaint')} within {span}"
    label = _LABELS.get(notice.mention.label)
    kind = _KINDS.get(notice.mention.kind, "post")
    return f"{label} {kind}" if label else f"{kind} that needs a look"


def brand_of(notice: AlertNotice | StormNotice | OpsNotice) -> str:
    """Whose notice it is; notices about Atbalss itself belong to no brand."""
    return "Atbalss" if isinstance(notice, OpsNotice) else one_line(notice.brand)


def alert_facts(notice: AlertNotice) -> tuple[Fact, ...]:
    """Where, in which language, by whom, when, how old, how judged: the lines that are known."""
    mention = notice.mention
    facts = [Fact("Source", one_line(mention.source)), Fact("Language", language_name(mention.lang))]
    if mention.stars is not None:
        facts.append(Fact("Stars", stars_words(mention.stars)))
    if mention.author:
        facts.append(Fact("Author", cut(one_line(mention.author), 120), stranger=True))
    if mention.published_at is not None:
        facts.append(Fact("Published", moment(mention.published_at, notice.zone)))
    else:
        facts.append(Fact("Collected", moment(mention.collected_at, notice.zone)))
    facts.append(Fact("Age", age_words(notice.age)))
    facts.append(Fact("Judged", judgement_words(mention)))
    facts.append(Fact("Rule", one_line(notice.rule)))
    return tuple(facts)


def storm_facts(notice: StormNotice) -> tuple[Fact, ...]:
    """How many, since when, in which languages and where."""
    return (
        Fact("Complaints", format_decimal(notice.count, locale=_ENGLISH)),
        Fact("First", moment(notice.first_at, notice.zone)),
        Fact("Last", moment(notice.last_at, notice.zone)),
        Fact("Languages", ", ".join(f"{language_name(lang)} {n}" for lang, n in notice.by_lang)),
        Fact("Sources", ", ".join(f"{one_line(source)} {n}" for source, n in notice.by_source)),
        Fact("Rule", one_line(notice.rule)),
    )


def ops_facts(notice: OpsNotice) -> tuple[Fact, ...]:
    """What happened, since when and what to do."""
    return (
        Fact("What", one_line(notice.subject)),
        Fact("Happened", one_line(notice.reason)),
        Fact("Since", moment(notice.since, UTC)),
        Fact("Remedy", one_line(notice.remedy)),
    )


def excerpt(mention: MentionView, limit: int) -> str:
    """The post's title and text, cleaned and cut; empty for a rating without words."""
    text = clean(mention.text)
    title = one_line(mention.title or "")
    if title and not text.startswith(title):
        text = f"{title}\n{text}" if text else title
    return cut(text, limit)


def link_of(mention: MentionView) -> str | None:
    """The address of the post, when a click on it can be trusted to open a web page."""
    return safe_link(mention.url)


def safe_link(url: str | None, limit: int = 3000) -> str | None:
    """The address if it is http(s) with a host, without spaces or control characters, and not too long."""
    if not url or len(url) > limit or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def stars_words(stars: float) -> str:
    """Five stars, the full ones first, and the number: "★★☆☆☆ 2/5"."""
    full = max(0, min(5, int(stars + 0.5)))
    return f"{'★' * full}{'☆' * (5 - full)} {stars:g}/5"


def language_name(code: str) -> str:
    """The language's English name; "not recognised" for `und` and the empty string."""
    if code in ("", "und"):
        return "not recognised"
    name = _ENGLISH.languages.get(code.lower())
    return str(name) if name else one_line(code)


def judgement_words(mention: MentionView) -> str:
    """The label in words and how sure the model is."""
    label = _LABELS.get(mention.label, "not judged")
    if mention.label in _LABELS and mention.confidence is not None:
        return f"{label}, {mention.confidence:.0%} sure"
    return label


def also_seen_words(notice: AlertNotice) -> str | None:
    """That the same text was seen elsewhere, or None."""
    if notice.also_seen <= 0:
        return None
    return f"The same text was seen in {count_words(notice.also_seen, 'more post')}."


def count_words(n: int, noun: str) -> str:
    """A number and its English noun: "1 complaint", "23 complaints"."""
    return f"{format_decimal(n, locale=_ENGLISH)} {noun}{'' if n == 1 else 's'}"


def moment(at: datetime, zone: tzinfo) -> str:
    """Day and time in the zone, and which zone it is: "24 Nov 2026, 15:00 (Europe/Riga)"."""
    day = format_datetime(at.astimezone(zone), "d MMM y, HH:mm", tzinfo=zone, locale=_ENGLISH)
    return f"{day} ({zone.key if isinstance(zone, ZoneInfo) else 'UTC'})"


def age_words(age: timedelta) -> str:
    """The two largest units: "2 h 5 min", "3 days 4 h"; less than a minute is "1 min"."""
    minutes = max(1, int(age.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return count_words(days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"
