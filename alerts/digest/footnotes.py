"""How the page's numbers were made, printed below them: a formula that is not printed is not believed."""

from __future__ import annotations

from alerts.digest import words
from alerts.digest.data import ENOUGH, Csat, Digest

__all__ = ["footnotes"]


def footnotes(digest: Digest) -> tuple[tuple[str, str], ...]:
    """A term and its explanation each."""
    zone = digest.week.zone
    the_week = (
        "The week",
        f"runs from Monday 00:00 to Sunday 24:00 ({zone.key}). Posts count when they were published. "
        f"This page was made on {words.moment(digest.made_at, zone)}.",
    )
    if digest.empty:
        return (the_week,)
    notes = [
        (
            "CSAT",
            "satisfied answers (4 and 5 of 5) / all answers × 100, from star ratings of reviews and from "
            f"surveys. {_counted(digest.csat)}",
        ),
        ("NPS", "% of answers 9-10 minus % of answers 0-6, from −100 to +100, from surveys."),
        ("CES", "% of difficult answers (5-7) minus % of easy ones (1-3), from surveys; lower is better."),
        (
            "Satisfaction in texts",
            "the mean of what the language model reads in each judged post, from 1 (very dissatisfied) to 5 "
            "(very satisfied). The model makes mistakes; the quotes show what it read.",
        ),
        (
            "Compared with the week before",
            f"only when both weeks have at least {ENOUGH} answers: with fewer, one customer moves the number "
            "too far.",
        ),
        the_week,
    ]
    if digest.unscored:
        reasons = "; ".join(
            f"{words.reason(code)}: {words.count(number)}" for code, number in digest.unscored
        )
        notes.append(("Not judged", f"{reasons}. Such posts are in no percentage."))
    if digest.folded:
        repeats = words.plural(digest.folded, "post repeats", "posts repeat")
        notes.append(("Repetitions", f"{repeats} a text that was seen already; each text is counted once."))
    return tuple(notes)


def _counted(csat: Csat) -> str:
    if not csat.measure.n:
        return "This week there were no such answers."
    satisfied, everybody = words.count(csat.satisfied), words.count(csat.measure.n)
    return (
        f"This week: {satisfied} / {everybody} × 100 = {words.percent(csat.measure.value)}, from "
        f"{words.plural(csat.from_stars, 'star rating', 'star ratings')} and "
        f"{words.plural(csat.from_surveys, 'survey answer', 'survey answers')}."
    )
