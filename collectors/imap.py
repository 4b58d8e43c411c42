"""Customers' mails in a folder of an IMAP mailbox.

What it reads: new messages of one folder, oldest first, as plain text in their author's own words:
quotations and signatures are cut out, attachments are not looked at. Author is the display name, author id
the address, parent the Message-ID that the mail answers. The folder is opened read-only and messages are
peeked at: nothing is marked as read, moved or deleted.

Left out: absence notes and other automatic mails (Auto-Submitted other than "no", X-Auto-Response-Suppress
with All, OOF or AutoReply, X-Autoreply, the subjects that Exchange gives them), `Precedence: bulk` and
`junk`, delivery reports, mails with an empty Return-Path, and mails from `exclude_senders`. `Precedence:
list` alone stays, as group addresses add it to the customers' mails that they hand on.

Identity: the Message-ID; for a mail without one a digest of sender, date, subject and text.

Limits: of each message the first `max_message_bytes` are read, which hold the text unless it stands behind
a large attachment. A message without words that can be read becomes a row problem; it never stops the
mailbox.

Access: a user name and a password (an app password where the provider asks for one). Without TLS only to
the own machine.

Blind spots: messages that are deleted or moved before they are read, other folders, and what is only in
pictures or attachments.

Cursor: `{"uidvalidity", "uid", "since"}`. When the server changes UIDVALIDITY all of the folder since
`since` is read again, and the Message-IDs tell what is already known.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import structlog
from pydantic import Field, SecretStr, field_validator, model_validator

from collectors.base import Collector, Context, Cursor, Page, RowProblem, SourceFacts
from collectors.imap_mailbox import Arrived, Mailbox, Tls
from collectors.imap_thread import CallThread
from collectors.mail import LeftOut, MailProblem, read_mail
from collectors.post import Post, PostKind
from collectors.settings import SourceSettings

__all__ = ["Settings", "build"]

log = structlog.get_logger()

_FACTS = SourceFacts(
    window=None,
    misses="messages that are moved or deleted before they are read, other folders and attachments",
    access="user name and password of the mailbox (an app password where the provider asks for one)",
)


class Settings(SourceSettings):
    """Which mailbox to read, and how."""

    host: str = Field(min_length=1, description="Name of the IMAP server.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Port; 993 with TLS, otherwise 143.")
    tls: Tls = Field(default=Tls.TLS, description="tls, starttls, or none (only to this machine).")
    ca_file: Path | None = Field(
        default=None, description="Certificates to trust, for a server with its own."
    )
    username: str = Field(min_length=1, description="User name, often the whole address.")
    password: SecretStr = Field(description="Password or app password.")
    folder: str = Field(default="INBOX", min_length=1, description="Folder to read.")
    first_run_days: int = Field(
        default=30, ge=0, le=3650, description="How many days back the first collection reads."
    )
    page_size: int = Field(default=50, ge=1, le=500, description="Messages that are stored together.")
    max_message_bytes: int = Field(
        default=1_000_000, ge=10_000, le=50_000_000, description="How much of one message is read."
    )
    exclude_senders: tuple[str, ...] = Field(
        default=(), description="Addresses, or @domains, whose mails are not collected, such as your own."
    )
    timeout: float = Field(default=15.0, gt=0, le=300, description="Seconds to wait for the server.")

    @field_validator("exclude_senders")
    @classmethod
    def _lower_case(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all("@" in sender for sender in value):
            raise ValueError("holds addresses or @domains")
        return tuple(sender.strip().lower() for sender in value)

    @model_validator(mode="after")
    def _no_passwords_in_the_clear(self) -> Self:
        if self.tls is Tls.NONE and not _is_loopback(self.host):
            raise ValueError("without TLS the password could be read on the way: use tls or starttls")
        return self


def build(settings: Settings, *, source: str) -> Collector:
    """Make the collector named `source`; does no I/O."""
    return _Imap(settings, source)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Imap:
    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source

    @property
    def facts(self) -> SourceFacts:
        """What this kind of source can and cannot see."""
        return _FACTS

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield the messages that arrived since `cursor`, `page_size` at a time."""
        known = cursor or {}
        today = context.now().date()
        since = known.get("since") or (today - timedelta(days=self._settings.first_run_days)).isoformat()
        async with self._opened() as (mailbox, thread):
            validity = mailbox.uidvalidity
            if known.get("uidvalidity") == validity:
                last = int(known["uid"])
                uids = await thread.run(lambda: mailbox.uids_after(last))
            else:
                if known:
                    log.warning(
                        "the mailbox numbers its messages anew, reading it again",
                        action="imap.uidvalidity_changed",
                        source=self._source,
                    )
                last = 0
                uids = await thread.run(lambda: mailbox.uids_since(date.fromisoformat(since)))
            for start in range(0, max(len(uids), 1), self._settings.page_size):
                chunk = uids[start : start + self._settings.page_size]
                posts, problems = [], []
                left: Counter[str] = Counter()
                for uid in chunk:
                    arrived = await thread.run(partial(mailbox.fetch, uid, self._settings.max_message_bytes))
                    outcome = None if arrived is None else await asyncio.to_thread(self._read, arrived)
                    if isinstance(outcome, Post):
                        posts.append(outcome)
                    elif isinstance(outcome, RowProblem):
                        problems.append(outcome)
                    elif outcome is not None:
                        left[outcome] += 1
                if left:
                    log.info(
                        "mails left out", action="imap.left_out", source=self._source, reasons=dict(left)
                    )
                last = chunk[-1] if chunk else last
                position = {"uidvalidity": validity, "uid": last, "since": since}
                yield Page(tuple(posts), position, tuple(problems))

    async def check(self, context: Context) -> str:
        """Log in and open the folder; say how many messages it holds."""
        async with self._opened() as (mailbox, _):
            return f"{self._settings.folder}: {mailbox.count} messages"

    def _read(self, arrived: Arrived) -> Post | RowProblem | str:
        """The post of a message, the problem that kept it from becoming one, or why it was left out."""
        where = f"message with UID {arrived.uid}"
        try:
            mail = read_mail(arrived.content, received=arrived.received)
        except MailProblem as problem:
            cut = f"; only its first {len(arrived.content)} bytes were read" if arrived.is_cut else ""
            return RowProblem(where, f"{problem}{cut}")
        except Exception as error:
            # The standard mail parser still trips over some hostile messages; one of them must not end the
            # walk.
            return RowProblem(where, f"cannot be parsed ({type(error).__name__})")
        if isinstance(mail, LeftOut):
            return mail.value
        address = mail.address or ""
        if any(
            address == one or (one[0] == "@" and address.endswith(one))
            for one in self._settings.exclude_senders
        ):
            return "excluded_sender"
        return Post(
            external_id=mail.message_id,
            kind=PostKind.MAIL,
            text=mail.text,
            title=mail.subject,
            author=mail.author,
            author_id=mail.address,
            published_at=mail.sent_at,
            parent_id=mail.parent_id,
        )

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Mailbox, CallThread]]:
        """The open mailbox, and the thread for its blocking calls."""
        settings = self._settings
        mailbox = Mailbox(
            settings.host, settings.port, settings.tls, settings.ca_file, settings.timeout, self._source
        )
        thread = CallThread(f"imap {self._source}")
        password = settings.password.get_secret_value()
        try:
            await thread.run(lambda: mailbox.open(settings.username, password, settings.folder))
            yield mailbox, thread
        except asyncio.CancelledError:
            mailbox.abandon()  # the call that is running would go on until its timeout
            raise
        else:
            await thread.run(mailbox.close)
        finally:
            thread.finish(mailbox.close)
