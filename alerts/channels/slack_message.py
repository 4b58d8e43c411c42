"""A notice as a Slack message: Block Kit within Slack's limits, and a stranger's text that is no markup.

Pure functions. Our own words are `mrkdwn` with `verbatim`, so that Slack links neither addresses nor names in
them; what a stranger wrote is `plain_text`, which knows no markup. Both are escaped (& < >), so that
`<!channel>`, `<@U1>` and `<http://x|y>` are shown as typed. Lengths are counted as UTF-16 units of the
escaped text: Slack does not say how it counts, and nothing counts higher than this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from alerts.channels.text import clean, cut, one_line
from alerts.layout import (
    Fact,
    alert_facts,
    also_seen_words,
    excerpt,
    headline,
    language_name,
    link_of,
    ops_facts,
    stars_words,
    storm_facts,
)
from alerts.notice import AlertNotice, DigestNotice, MentionView, Notice, OpsNotice, StormNotice

__all__ = [
    "BLOCKS",
    "BUTTON_TEXT",
    "BUTTON_URL",
    "CONTEXT_ELEMENTS",
    "EXCERPT",
    "FALLBACK",
    "FIELDS",
    "FIELD_TEXT",
    "HEADER",
    "SECTION_TEXT",
    "blocks",
    "escape",
    "payload",
]

# https://docs.slack.dev/reference/block-kit/blocks: more than these and Slack refuses the message as a whole.
BLOCKS = 50
HEADER = 150
SECTION_TEXT = 3000
FIELDS = 10
FIELD_TEXT = 2000
CONTEXT_ELEMENTS = 10
BUTTON_TEXT = 75
BUTTON_URL = 3000

EXCERPT = 2800
"""The longest excerpt of a post, so that its quotation marks fit into a section as well."""
FALLBACK = 300
"""The line that phones and screen readers show."""
_STORM_QUOTE = 400
_STORM_QUOTES = 5

Block = dict[str, Any]


def payload(notice: Notice) -> dict[str, Any]:
    """The message without its channel, as `chat.postMessage` takes it.

    `metadata` is understood by `chat.postMessage` only; the caller leaves it out for a webhook.
    """
    return {
        "text": _fallback(notice),
        # Without this the fallback's marks would format it; Slack shows it in notifications only.
        "mrkdwn": False,
        "blocks": blocks(notice),
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {
            "event_type": f"atbalss_{_KIND[type(notice)]}",
            "event_payload": {"event_id": notice.event_id},
        },
    }


def blocks(notice: Notice) -> list[Block]:
    """The notice's blocks, at most `BLOCKS`; the last one always carries the event's id."""
    if isinstance(notice, DigestNotice):
        from alerts.digest import render  # only a digest needs the chart's libraries

        body: list[Block] = [*render.slack_blocks(notice.digest)]
    elif isinstance(notice, AlertNotice):
        body = _alert(notice)
    elif isinstance(notice, StormNotice):
        body = _storm(notice)
    else:
        body = _ops(notice)
    return [*body[: BLOCKS - 1], _context([f"Event {notice.event_id}"])]


def escape(text: str) -> str:
    """The three characters that Slack reads as control characters, as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_KIND = {AlertNotice: "alert", StormNotice: "storm", OpsNotice: "ops", DigestNotice: "digest"}


def _fallback(notice: Notice) -> str:
    if isinstance(notice, DigestNotice):
        from alerts.digest import render

        return _fit(render.subject(notice.digest), FALLBACK)
    line = headline(notice)
    if isinstance(notice, AlertNotice):
        mention = notice.mention
        if mention.stars is not None:
            line = f"{line}, {stars_words(mention.stars)}"
        words = one_line(excerpt(mention, FALLBACK))
        line = f"{line}: {words}" if words else line
    elif isinstance(notice, OpsNotice):
        line = f"{line}: {one_line(notice.reason)}"
    return _fit(line, FALLBACK)


def _alert(notice: AlertNotice) -> list[Block]:
    mention = notice.mention
    found: list[Block] = [_header(headline(notice)), _facts(alert_facts(notice))]
    words = excerpt(mention, EXCERPT)
    found.append(_plain_section(f"“{words}”" if words else "(a rating without words)"))
    found.extend(_why(notice.why))
    if notice.reply is not None:
        found.extend(_draft(notice.reply.lang, notice.reply.text))
    url = link_of(mention)
    if url is not None:
        found.extend(_button("Open the post", url))
    seen = also_seen_words(notice)
    if seen is not None:
        found.append(_context([seen]))
    return found


def _storm(notice: StormNotice) -> list[Block]:
    found: list[Block] = [_header(headline(notice)), _facts(storm_facts(notice)), *_why(notice.why)]
    for mention in notice.quotes[:_STORM_QUOTES]:
        found.extend(_quote(mention))
    if notice.reply is not None:
        found.extend(_draft(notice.reply.lang, notice.reply.text))
    return found


def _ops(notice: OpsNotice) -> list[Block]:
    return [_header(headline(notice)), *(_own_section(_fact(fact)) for fact in ops_facts(notice))]


def _quote(mention: MentionView) -> list[Block]:
    words = excerpt(mention, _STORM_QUOTE)
    found: list[Block] = [_plain_section(f"“{words}”" if words else "(a rating without words)")]
    about = [one_line(mention.source), language_name(mention.lang)]
    if mention.stars is not None:
        about.append(stars_words(mention.stars))
    line = escape(" · ".join(about))
    url = link_of(mention)
    if url is not None:
        line = f"{line} · <{_link(url)}|open>"
    found.append({"type": "context", "elements": [_own_text(line)]})
    return found


def _why(why: Sequence[str]) -> list[Block]:
    if not why:
        return []
    lines = "\n".join(f"• {escape(one_line(reason))}" for reason in why)
    return [_own_section(f"*Why you are told*\n{lines}")]


def _draft(lang: str, text: str) -> list[Block]:
    """The suggested reply: plain text that a person copies and completes."""
    title = f"*Suggested reply in {escape(language_name(lang))}* (complete the [brackets])"
    return [_own_section(title), _plain_section(clean(text))]


def _button(label: str, url: str) -> list[Block]:
    if _units(url) > BUTTON_URL:
        return []
    button = {
        "type": "button",
        "text": _plain(label, BUTTON_TEXT),
        "url": url,
        "action_id": "open_post",
        "style": "primary",
    }
    return [{"type": "actions", "elements": [button]}]


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, HEADER)}


def _facts(facts: Sequence[Fact]) -> Block:
    """One section with a field for each fact; a stranger's value is plain text and has no bold name."""
    fields = [
        _plain(f"{fact.name}\n{fact.value}", FIELD_TEXT)
        if fact.stranger
        else _own_text(_fact(fact), FIELD_TEXT)
        for fact in facts[:FIELDS]
    ]
    return {"type": "section", "fields": fields}


def _fact(fact: Fact) -> str:
    return f"*{escape(fact.name)}*\n{escape(fact.value)}"


def _plain_section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, SECTION_TEXT)}


def _own_section(mrkdwn: str) -> Block:
    return {"type": "section", "text": _own_text(mrkdwn, SECTION_TEXT)}


def _context(lines: Iterable[str]) -> Block:
    elements = [_plain(line, FIELD_TEXT) for line in lines]
    return {"type": "context", "elements": elements[:CONTEXT_ELEMENTS]}


def _plain(text: str, limit: int) -> dict[str, Any]:
    # emoji=False: ":sob:" typed by a stranger stays what was typed.
    return {"type": "plain_text", "text": _fit(text, limit), "emoji": False}


def _own_text(mrkdwn: str, limit: int = SECTION_TEXT) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": _cut_escaped(mrkdwn, limit), "verbatim": True}


def _fit(text: str, limit: int) -> str:
    """Raw text, cut so that it fits when escaped; Slack refuses an empty text."""
    return escape(cut(text, limit, lambda part: _units(escape(part)))) or "-"


def _cut_escaped(mrkdwn: str, limit: int) -> str:
    """Cut text that is escaped already, never inside of an entity."""
    short = cut(mrkdwn, limit, _units)
    if short != mrkdwn:
        start = short.rfind("&")
        if start >= 0 and ";" not in short[start:]:
            short = short[:start] + "…"
    return short or "-"


def _link(url: str) -> str:
    """An address inside of <...|...>: its own control characters would end the link."""
    return escape(url).replace("|", "%7C")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
