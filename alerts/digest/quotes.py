"""Which mentions a page quotes: the most telling ones, in many languages and from many sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.digest.data import DigestRow, Quote

__all__ = ["disagreeing", "quote_of", "telling", "waiting"]

QUOTES = 3
"""Quotes of each kind; more of them make a page that nobody reads to its end."""

_TELLING_CHARS = (40, 280)
"""Shorter texts say little, longer ones have to be cut."""

_REPEATED = 0.5
"""What a quote is worth when its language, source or author is quoted already, for each of them, and when it
stands among the posts that wait for a reply."""


def quote_of(row: DigestRow, now: datetime) -> Quote:
    """The row as it is printed."""
    return Quote(
        mention_id=row.mention_id,
        source=row.source,
        kind=row.kind,
        lang=row.lang,
        label=row.label,
        stars=row.stars,
        text=row.text,
        author=row.author,
        url=row.url,
        at=row.at,
        age=now - row.at,
    )


def telling(rows: Iterable[DigestRow], label: str) -> tuple[DigestRow, ...]:
    """At most `QUOTES` rows of a label: sure, of readable length, and different from each other.

    Rows whose stars contradict the label are left out, since one of the two is probably a mistake. Equal
    rows are settled by their id, so that a page rendered again is the same page.
    """
    left = [row for row in rows if row.label == label and row.text.strip() and not _disagrees(row)]
    chosen: list[DigestRow] = []
    while left and len(chosen) < QUOTES:
        best = max(left, key=lambda row: (_worth(row, chosen), -row.mention_id))
        chosen.append(best)
        left.remove(best)
    return tuple(chosen)


def waiting(rows: Iterable[DigestRow]) -> tuple[DigestRow, ...]:
    """The rows that need a public reply and have none: complaints first, oldest first."""
    return tuple(sorted(filter(_waits, rows), key=lambda row: (row.label != "neg", row.at, row.mention_id)))


def disagreeing(rows: Iterable[DigestRow]) -> tuple[DigestRow, ...]:
    """The rows whose stars say the opposite of their text, oldest first."""
    return tuple(sorted(filter(_disagrees, rows), key=lambda row: (row.at, row.mention_id)))


def _waits(row: DigestRow) -> bool:
    return row.due and row.answered_at is None


def _disagrees(row: DigestRow) -> bool:
    if row.stars is None:
        return False
    return (row.label == "neg" and row.stars >= 5) or (row.label == "pos" and row.stars <= 2)


def _worth(row: DigestRow, chosen: Sequence[DigestRow]) -> float:
    low, high = _TELLING_CHARS
    length = len(row.text)
    worth = (row.confidence or 0.0) * min(1.0, length / low, high / length)
    repeats = (
        any(row.lang == other.lang for other in chosen),
        any(row.source == other.source for other in chosen),
        row.author is not None and any(row.author == other.author for other in chosen),
        _waits(row),
    )
    return worth * _REPEATED ** sum(repeats)
