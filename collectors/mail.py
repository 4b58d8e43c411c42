"""One mail, from the bytes of a mailbox to what somebody wrote.

`read_mail` is pure and tolerant: wrong charsets, missing headers and broken structure give a mail with what
could be read; only a mail without any words of its own is refused. `left_out` tells the mails that no
person wrote.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum

from selectolax.lexbor import LexborHTMLParser

from collectors.html import plain_text
from collectors.mail_charset import decode, header_text
from collectors.mail_quotes import own_words

__all__ = ["LeftOut", "Mail", "MailProblem", "left_out", "read_mail"]


class MailProblem(ValueError):
    """A mail that cannot become a post; the message says why, without any of its text."""


class LeftOut(StrEnum):
    """Why a mail counts as written by a program."""

    AUTO_SUBMITTED = "auto_submitted"
    AUTO_REPLY = "auto_reply"
    BULK = "bulk"
    DELIVERY_REPORT = "delivery_report"
    NO_RETURN_PATH = "no_return_path"


@dataclass(frozen=True, slots=True)
class Mail:
    """What a person wrote.

    `parent_id` is the Message-ID of the mail it answers; `text` is their own words.
    """

    message_id: str
    parent_id: str | None
    author: str | None
    address: str | None
    subject: str | None
    text: str
    sent_at: datetime | None


_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_QUOTED_HTML = (
    "blockquote, div.gmail_quote, div.gmail_attr, div.moz-cite-prefix, div.yahoo_quoted, div#divRplyFwdMsg, "
    "div#divRplyFwdMsg ~ *, div#appendonsend ~ *, div.gmail_signature, div.moz-signature"
)
_FORWARDED = re.compile(r"^\s*(?:fwd?|pārs|pārsūt|persiuntimas|fw|пересл|вд|փոխ)\s*:", re.IGNORECASE)
# What Exchange and Outlook put before the subject of an absence note, in the languages of our countries.
_ABSENCE = re.compile(
    r"^\s*(?:automatic reply|out of office|automātisk[aā] atbilde|automatinis atsakymas"
    r"|ավտոմատ պատասխան|автоматический ответ|автоответ|automatische antwort|automaatvastus)\s*:",
    re.IGNORECASE,
)
_REPORTERS = frozenset({"mailer-daemon", "postmaster"})
_CLOCK_ERROR = timedelta(days=1)


def left_out(message: Message) -> LeftOut | None:
    """Why a mail is no statement of a person, judged by its headers; None if it may be one.

    `Precedence: list` alone is kept: a group address that hands customers' mails on adds it. `bulk` and
    `junk` are newsletters and absence notes.
    """
    if message.get_content_type() == "multipart/report":
        return LeftOut.DELIVERY_REPORT
    if _header(message, "Auto-Submitted").split(";")[0].strip().lower() not in ("", "no"):
        return LeftOut.AUTO_SUBMITTED
    suppressed = {word.strip().lower() for word in _header(message, "X-Auto-Response-Suppress").split(",")}
    if suppressed & {"all", "oof", "autoreply"}:
        return LeftOut.AUTO_REPLY
    if any(name in message for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder")):
        return LeftOut.AUTO_REPLY
    if _ABSENCE.match(_header(message, "Subject")):
        return LeftOut.AUTO_REPLY
    if _header(message, "Precedence").lower() in ("bulk", "junk", "auto_reply"):
        return LeftOut.BULK
    _, address = _sender(message)
    if address and address.split("@")[0] in _REPORTERS:
        return LeftOut.DELIVERY_REPORT
    if _header(message, "Return-Path") == "<>":
        return LeftOut.NO_RETURN_PATH
    return None


def read_mail(raw: bytes, *, received: datetime | None = None) -> Mail | LeftOut:
    """Read one mail; `received` is when the mailbox got it.

    Raises MailProblem when it has no text of its own: only a quotation, a picture, an attachment, or nothing
    that can be read.
    """
    message = message_from_bytes(raw)
    if not any(name in message for name in ("From", "Date", "Subject", "Message-ID")):
        raise MailProblem("has no headers of a mail")
    reason = left_out(message)
    if reason is not None:
        return reason
    subject = _header(message, "Subject")
    text = _text(message, forwarded=bool(_FORWARDED.match(subject)))
    author, address = _sender(message)
    sent_at = _sent_at(message, received)
    return Mail(
        message_id=_message_id(message) or _digest(address or "", message.get("Date"), subject, text),
        parent_id=_parent_id(message),
        author=author,
        address=address,
        subject=subject or None,
        text=text,
        sent_at=sent_at,
    )


def _header(message: Message, name: str) -> str:
    return header_text(message.get(name))


def _sender(message: Message) -> tuple[str | None, str | None]:
    """Display name and lower-case address of the author."""
    # The address is cut out before the name is decoded: a decoded name may hold commas and brackets.
    raw = message.get("From") or message.get("Sender") or ""
    pairs = getaddresses([raw]) if isinstance(raw, str) else getaddresses([header_text(raw)])
    name, address = next((pair for pair in pairs if "@" in pair[1]), ("", ""))
    return header_text(name) or None, address.strip().lower() or None


def _message_id(message: Message) -> str | None:
    text = _header(message, "Message-ID")
    match = _MESSAGE_ID.search(text)
    return match[0] if match else text or None


def _parent_id(message: Message) -> str | None:
    answered = _MESSAGE_ID.findall(_header(message, "In-Reply-To"))
    thread = _MESSAGE_ID.findall(_header(message, "References"))
    return answered[0] if answered else thread[-1] if thread else None


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", errors="replace")).hexdigest()[:32]


def _sent_at(message: Message, received: datetime | None) -> datetime | None:
    """The Date header; the arrival where it is missing, broken or later than the arrival."""
    try:
        sent = parsedate_to_datetime(_header(message, "Date"))
        sent = (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return received
    return received if received is not None and sent > received + _CLOCK_ERROR else sent


def _text(message: Message, *, forwarded: bool) -> str:
    """The author's own words: of the plain text if there is one, else of the HTML."""
    parts = list(_bodies(message))
    plain = "\n".join(_content(part) for part in parts if part.get_content_type() == "text/plain").strip()
    if plain:
        own = own_words(plain)
        quoted = plain
    else:
        pages = [_content(part) for part in parts if part.get_content_type() == "text/html"]
        own = own_words("\n".join(plain_text(_unquoted(page)) for page in pages))
        quoted = "\n".join(plain_text(page) for page in pages).strip()
    if own:
        return own
    if quoted and forwarded:
        return quoted  # a forwarded mail is what the sender wanted to be read
    raise MailProblem("has only a quotation or a signature" if quoted else "has no text that can be read")


def _bodies(message: Message) -> Iterator[Message]:
    """The text parts that are the mail itself: no attachments, and nothing inside of an attached mail."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        if part.is_multipart():
            if part.get_content_maintype() == "multipart":
                payload = part.get_payload()
                waiting = [one for one in payload if isinstance(one, Message)] + waiting
        elif part.get_content_disposition() != "attachment" and part.get_content_maintype() == "text":
            yield part


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_param("charset")
    name = charset if isinstance(charset, str) else ""
    return decode(payload, name).replace("\x00", "")


def _unquoted(page: str) -> str:
    """The HTML without what mail programs mark as a quotation or a signature."""
    tree = LexborHTMLParser(page)
    for node in tree.css(_QUOTED_HTML):
        node.decompose()
    return tree.html or ""
