"""The digest as Slack blocks: the numbers and what is urgent; the whole page goes by e-mail.

Strangers' words are escaped and marked `verbatim`, so that Slack makes no links, mentions or channels of
them. Each post has a section of its own: an unclosed backtick in it cannot swallow what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from alerts.channels.slack_message import HEADER, SECTION_TEXT
from alerts.channels.slack_message import escape as escaped
from alerts.digest.data import Digest
from alerts.digest.page import Card, Page, Row, Said, page_of

__all__ = ["slack_blocks"]

_WAITING, _QUOTES, _SOURCES = 6, 2, 8
_ADDRESS_CHARS = 1000

Block = dict[str, Any]


def slack_blocks(digest: Digest) -> list[Block]:
    """The blocks of one message."""
    return list(_blocks(page_of(digest)))


def _blocks(page: Page) -> Iterator[Block]:
    yield {"type": "header", "text": {"type": "plain_text", "text": _header(page), "emoji": False}}
    yield _section(escaped(" ".join(page.lead)))
    if page.alarm:
        yield _section(f":warning: {escaped(page.alarm)}")
    if not page.empty:
        yield {"type": "section", "fields": [_mrkdwn(_card(card)) for card in page.cards]}
    if page.waiting.said or not page.empty:
        yield {"type": "divider"}
        yield _section(f"*Needs a reply*\n{escaped(page.replies)}")
        for said in page.waiting.said[:_WAITING]:
            yield _section(_said(said, waiting=True))
        if left := page.waiting_count - len(page.waiting.said[:_WAITING]):
            yield _context(f"and {left} more")
    for title, listing in (("What went wrong", page.negative), ("What they liked", page.positive)):
        if listing.said:
            yield {"type": "divider"}
            yield _section(f"*{title}*")
            for said in listing.said[:_QUOTES]:
                yield _section(_said(said))
    if page.by_week:
        yield {"type": "divider"}
        tables = (
            ("Week by week", page.by_week),
            ("By source", page.by_source),
            ("By language", page.by_lang),
        )
        for title, rows in tables:
            if rows:
                yield _section(f"*{title}*\n" + escaped("\n".join(map(_row, rows))))
    yield {"type": "divider"}
    yield _section(f"*What we could not see*\n{escaped(page.unseen_lead)}")
    alarming = [line for line in page.unseen if line.alarming]
    for line in alarming[:_SOURCES]:
        yield _context(escaped(f"{line.name}: {line.state}. {' '.join(line.details)}"))
    if left := len(alarming) - len(alarming[:_SOURCES]):
        yield _context(f"and {left} more sources")
    yield _context("\n".join(escaped(f"{term}: {note}") for term, note in page.notes[:3]))


def _header(page: Page) -> str:
    room = HEADER - len(page.title) - 2
    brand = page.brand if len(page.brand) <= room else f"{page.brand[: room - 1]}…"
    return f"{brand}, {page.title}"


def _card(card: Card) -> str:
    change = f"\n{card.change}" if card.change else ""
    return f"*{escaped(card.title)}*\n*{escaped(card.value)}* {escaped(card.detail + change)}"


def _row(row: Row) -> str:
    csat = f", CSAT {row.csat}" if row.csat else ""
    return (
        f"• {row.name}: {row.n} ({row.neg} negative, {row.neu} neutral, {row.pos} positive, "
        f"{row.unscored} not judged), satisfaction {row.satisfaction}{csat}"
    )


def _said(said: Said, *, waiting: bool = False) -> str:
    """Facts and link first: nothing that a stranger wrote stands before them."""
    facts = escaped(" · ".join(said.facts))
    age = f"*Waiting for {escaped(said.waited)}* · " if waiting else ""
    address = _address(said.url) if said.url else ""
    open_it = "Open and answer" if waiting else "Open"
    # A longer address leaves no room for the words, and cut it would lead nowhere.
    link = f" · <{address}|{open_it}>" if 0 < len(address) <= _ADDRESS_CHARS else ""
    return f"{age}{facts}{link}\n> {escaped(said.text)}"


def _address(url: str) -> str:
    """An address inside of Slack's own brackets, where a bar would end it."""
    return escaped(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": _mrkdwn(mrkdwn)}


def _context(mrkdwn: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(mrkdwn)]}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": _fitting(text), "verbatim": True}


def _fitting(text: str) -> str:
    """The text within the limit, not cut inside of an entity."""
    if len(text) <= SECTION_TEXT:
        return text
    return re.sub(r"&[a-z]*$", "", text[: SECTION_TEXT - 1]) + "…"
