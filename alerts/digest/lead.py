"""The first sentences of the page: what happened, what waits, and what could not be seen."""

from __future__ import annotations

from alerts.channels.text import one_line
from alerts.digest import words
from alerts.digest.data import Digest, Sight

__all__ = ["alarm", "lead"]


def lead(digest: Digest) -> tuple[str, ...]:
    """The sentences that everybody reads."""
    return _nothing(digest) if digest.empty else _written(digest)


def _written(digest: Digest) -> tuple[str, ...]:
    tally = digest.tally
    if tally.n:
        kinds = ((tally.neg, "negative"), (tally.neu, "neutral"), (tally.pos, "positive"))
        parts = [f"{words.count(number)} {kind}" for number, kind in kinds]
        if tally.unscored:
            parts.append(f"{words.count(tally.unscored)} not judged")
        first = f"Customers wrote {words.plural(tally.n, 'post', 'posts')}: {_and(parts)}."
    else:
        first = "Nobody wrote a post that could be seen; only survey answers came in."
    return (first, _waiting_sentence(digest))


def alarm(digest: Digest) -> str:
    """What makes the numbers of the page incomplete; empty when nothing does."""
    blind = [s.source for s in digest.sources if s.sight in {Sight.NEVER, Sight.DOWN}]
    if not blind or digest.empty:
        return ""
    return f"Posts may be missing: {_and(blind)} could not be read for some or all of the week."


def _nothing(digest: Digest) -> tuple[str, ...]:
    """Why a page has no numbers; "nobody wrote" is only said when somebody looked."""
    if not digest.sources:
        why = "No source is configured for this brand, so nothing could be collected."
    else:
        failed = [s.source for s in digest.sources if s.sight in {Sight.NEVER, Sight.DOWN}]
        if not failed:
            why = "All sources answered, and none of them had a new post or survey answer."
        elif len(failed) == len(digest.sources):
            why = "No source could be read without interruption: nobody can say what customers wrote."
        else:
            why = (
                f"Posts may be missing: {_and(failed)} could not be read for some or all of the week. "
                "The other sources answered and had nothing new."
            )
    still = [_waiting_sentence(digest)] if digest.waiting else []
    return ("Nothing was collected this week.", why, *still)


def _waiting_sentence(digest: Digest) -> str:
    number = len(digest.waiting)
    if not number:
        return "No post is waiting for a public reply."
    complaints = sum(quote.label == "neg" for quote in digest.waiting)
    oldest = max(quote.age for quote in digest.waiting)
    return (
        f"{words.plural(number, 'post is', 'posts are')} waiting for a public reply, "
        f"{words.plural(complaints, 'complaint', 'complaints')} among them; "
        f"the oldest was written {words.age(oldest)}."
    )


def _and(names: list[str]) -> str:
    cleaned = [one_line(name) for name in names]
    return " and ".join(filter(None, (", ".join(cleaned[:-1]), cleaned[-1])))
