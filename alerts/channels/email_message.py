"""A notice as a mail: plain text and HTML, with the headers that keep it out of spam and fold repetitions.

Pure: the time is a parameter. The Message-ID is made of the event's id, so that a mail that is sent twice is
one mail for most readers; alerts about one post refer to the same root and therefore stand in one thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.channels.text import cut, one_line
from alerts.layout import (
    alert_facts,
    also_seen_words,
    brand_of,
    excerpt,
    headline,
    language_name,
    link_of,
    occasion,
    ops_facts,
    stars_words,
    storm_facts,
)
from alerts.notice import AlertNotice, DigestNotice, MentionView, Notice, OpsNotice, StormNotice

__all__ = ["CHART_ID", "Envelope", "compose", "message_id", "render_html", "render_text"]

CHART_ID = "chart@atbalss"
"""Content-ID of the digest's chart."""

_EXCERPT = 4000
_QUOTE = 500
_SUBJECT = 120
_TEMPLATES = {AlertNotice: "alert", StormNotice: "storm", OpsNotice: "ops"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom, to whom, and how to stop it. All ASCII; `unsubscribe` is a mailto: or https: address."""

    sender: Address
    recipients: tuple[Address, ...]
    reply_to: Address | None = None
    unsubscribe: str | None = None


class _MailPolicy(EmailPolicy):
    """The policy of SMTP, but ids and addresses of the web are never folded.

    The standard folding turns a long one into encoded words, which no mail program reads in these headers.
    """

    _WHOLE = frozenset({"message-id", "references", "in-reply-to", "list-unsubscribe", "x-atbalss-event"})

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in self._WHOLE:
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in self._WHOLE:
            return self.fold(name, value).encode("ascii")
        return bytes(super().fold_binary(name, value))


# 7bit: quoted-printable or base64 for our alphabets, so that every server may pass it on unchanged.
# 76 and not the default 78: RFC 2047 allows lines with encoded words to be no longer.
_POLICY = _MailPolicy(linesep="\r\n", cte_type="7bit", max_line_length=76)


def compose(notice: Notice, envelope: Envelope, date: datetime) -> EmailMessage:
    """The complete mail; `date` is aware and becomes the Date header."""
    domain = envelope.sender.domain
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = envelope.sender
    mail["To"] = envelope.recipients
    if envelope.reply_to is not None:
        mail["Reply-To"] = envelope.reply_to
    mail["Subject"] = _subject(notice)
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id(notice.event_id, domain)
    if isinstance(notice, AlertNotice):
        root = f"<mention-{notice.mention.mention_id}@{domain}>"
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["List-Unsubscribe"] = f"<{envelope.unsubscribe or _unsubscribe_by_mail(envelope)}>"
    # RFC 3834: asks automatic answers (out of office) to stay away.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Atbalss-Event"] = _token(notice.event_id)
    mail.set_content(render_text(notice))
    mail.add_alternative(render_html(notice), subtype="html")
    if isinstance(notice, DigestNotice) and notice.digest.charted:
        from alerts.digest import render

        page = mail.get_payload(1)
        assert isinstance(page, EmailMessage)  # noqa: S101 - the alternative that was added above
        page.add_related(render.chart_png(notice.digest), "image", "png", cid=f"<{CHART_ID}>")
    return mail


def message_id(event_id: str, domain: str) -> str:
    """The Message-ID of an event: the same each time, different for different events."""
    return f"<{_token(event_id)}@{domain}>"


def render_text(notice: Notice) -> str:
    """The plain-text part."""
    if isinstance(notice, DigestNotice):
        from alerts.digest import render

        return render.text(notice.digest)
    page = _environment().get_template(f"{_TEMPLATES[type(notice)]}.txt.j2").render(_view(notice))
    # The parts that are left out leave their empty lines behind.
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def render_html(notice: Notice) -> str:
    """The HTML part: styles at their elements, nothing to fetch from anywhere."""
    if isinstance(notice, DigestNotice):
        from alerts.digest import render

        return render.html(notice.digest, chart_src=f"cid:{CHART_ID}")
    page = _environment().get_template(f"{_TEMPLATES[type(notice)]}.html.j2").render(_view(notice))
    return _inliner().inline(page)


def _subject(notice: Notice) -> str:
    """One line that tells mails apart in a list; a header cannot be broken by what a stranger typed."""
    if isinstance(notice, DigestNotice):
        from alerts.digest import render

        return cut(one_line(render.subject(notice.digest)), _SUBJECT)
    line = headline(notice)
    if isinstance(notice, AlertNotice):
        if notice.mention.stars is not None:
            line = f"{line}, {stars_words(notice.mention.stars).split()[-1]}"
        words = one_line(excerpt(notice.mention, _SUBJECT))
        line = f"{line}: {words}" if words else f"{line} without words"
    return cut(line, _SUBJECT)


def _view(notice: AlertNotice | StormNotice | OpsNotice) -> dict[str, Any]:
    """What the templates show."""
    what = occasion(notice)
    view: dict[str, Any] = {
        "brand": brand_of(notice),
        "headline": headline(notice),
        "occasion": what[0].upper() + what[1:],
        "event_id": notice.event_id,
    }
    if isinstance(notice, OpsNotice):
        return view | {"facts": ops_facts(notice)}
    view |= {
        "why": [one_line(reason) for reason in notice.why],
        "reply": notice.reply,
        "reply_language": language_name(notice.reply.lang) if notice.reply else None,
    }
    if isinstance(notice, StormNotice):
        return view | {
            "facts": storm_facts(notice),
            "quotes": [_quote(mention, _QUOTE) for mention in notice.quotes],
        }
    return view | {
        # These stand above the quote.
        "facts": [fact for fact in alert_facts(notice) if fact.name not in ("Source", "Language", "Stars")],
        "quote": _quote(notice.mention, _EXCERPT),
        "also_seen": also_seen_words(notice),
    }


def _quote(mention: MentionView, limit: int) -> dict[str, Any]:
    """One post for the templates; `lang` is set only when the text's language is known."""
    return {
        "words": excerpt(mention, limit),
        "stars": None if mention.stars is None else stars_words(mention.stars).split(),
        "lang": mention.lang if mention.lang not in ("", "und") else None,
        "language": language_name(mention.lang),
        "source": one_line(mention.source),
        "link": link_of(mention),
    }


def _unsubscribe_by_mail(envelope: Envelope) -> str:
    to = envelope.reply_to or envelope.sender
    return f"mailto:{to.addr_spec}?subject={quote('Unsubscribe from Atbalss')}"


def _token(event_id: str) -> str:
    """The event's id in characters that may stand in a Message-ID; different ids stay different."""
    return quote(event_id, safe="")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alerts.channels"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> CSSInliner:
    """Mail clients drop style sheets; the rules for small screens stay one."""
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
