"""The digest as plain text, for mail clients without HTML and for terminals."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from alerts.digest.data import Digest
from alerts.digest.page import Listing, Page, Row, page_of

__all__ = ["text"]

_WIDTH = 76
_COLUMNS = (20, 6, 6, 6, 6, 12, 9, 11)


def text(digest: Digest) -> str:
    """The same page in lines of at most 76 characters, except for addresses."""
    return "\n".join(_lines(page_of(digest))).rstrip() + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield from (page.brand, f"What customers said, {page.title}", "=" * _WIDTH, "")
    yield from _paragraph(" ".join(page.lead))
    if page.alarm:
        yield from ("", *_paragraph(f"! {page.alarm}"))
    if not page.empty:
        yield ""
        for card in page.cards:
            change = f"; {card.change}" if card.change else ""
            number = f"{card.title + ':':<23}{card.value} ({card.detail}{change})"
            yield from wrap(number, _WIDTH, initial_indent="  ", subsequent_indent=" " * 25)
    if page.waiting.said or not page.empty:
        yield from _heading("Needs a reply")
        yield from _paragraph(page.replies)
        if page.waiting.said:
            yield from _listing(page.waiting, waiting=True)
        else:
            yield "Nothing is waiting for a public reply."
    for title, listing in (("What went wrong", page.negative), ("What they liked", page.positive)):
        if listing.said:
            yield from _heading(title)
            yield from _listing(listing)
    tables = (("Week by week", page.by_week), ("By source", page.by_source), ("By language", page.by_lang))
    for title, rows in tables:
        if rows:
            yield from _heading(title)
            yield from _table(rows)
    if page.disagreements.said:
        yield from _heading("Stars and words disagree")
        yield from _listing(page.disagreements)
    if page.late.said:
        yield from _heading("Arrived late")
        yield from _paragraph(page.late_lead)
        yield from _listing(page.late)
    yield from _heading("What we could not see")
    yield from _paragraph(page.unseen_lead)
    for line in page.unseen:
        yield from ("", *_paragraph(f"{'! ' if line.alarming else ''}{line.name}: {line.state}"))
        for detail in line.details:
            yield from _paragraph(detail, "  ")
    yield from _heading("About this page" if page.empty else "How these numbers are made")
    for term, note in page.notes:
        yield from _paragraph(f"{term}: {note}")


def _listing(listing: Listing, *, waiting: bool = False) -> Iterator[str]:
    for said in listing.said:
        yield ""
        yield from _paragraph(" | ".join(said.facts))
        yield from _paragraph(said.text, "  > ")
        if waiting:
            yield f"  Waiting for {said.waited}"
        if said.url:
            yield f"  {said.url}"
    if listing.more:
        yield from ("", listing.more)


def _table(rows: tuple[Row, ...]) -> Iterator[str]:
    head = ("", "posts", "neg", "neu", "pos", "not judged", "satisf.", "CSAT" if rows[0].csat else "")
    yield _columns(head)
    for row in rows:
        name = row.name if len(row.name) < _COLUMNS[0] else f"{row.name[: _COLUMNS[0] - 2]}…"
        yield _columns((name, row.n, row.neg, row.neu, row.pos, row.unscored, row.satisfaction, row.csat))


def _columns(cells: tuple[str, ...]) -> str:
    name, *numbers = cells
    widths = _COLUMNS[1:]
    aligned = "".join(f"{cell:>{width}}" for cell, width in zip(numbers, widths, strict=True))
    return f"{name:<{_COLUMNS[0]}}{aligned}".rstrip()


def _heading(title: str) -> Iterator[str]:
    yield from ("", "", title, "-" * len(title))


def _paragraph(words: str, indent: str = "") -> list[str]:
    return wrap(words, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
