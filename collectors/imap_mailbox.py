"""A folder of an IMAP server, opened for reading: blocking calls, typed errors, no secrets in them."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from imap_tools import AND, U
from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxLoginError,
    UnexpectedCommandStatusError,
)
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted

from atbalss.errors import ConfigError, SourceAuthLost, SourceChanged, SourceUnavailable

__all__ = ["Arrived", "Mailbox", "Tls"]


class Tls(StrEnum):
    """How the connection is encrypted."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message of the folder; `is_cut` when `content` holds only its beginning."""

    uid: int
    content: bytes
    received: datetime | None
    is_cut: bool


_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_INTERNALDATE = re.compile(rb'\bINTERNALDATE "([^"]+)"')
# Answers to a login that have nothing to do with the password (RFC 5530).
_LATER = (b"[UNAVAILABLE]", b"[INUSE]", b"[LIMIT]", b"[SERVERBUG]", b"[OVERQUOTA]")


class Mailbox:
    """One connection with one folder. Not for two threads at a time, except for `abandon`."""

    def __init__(
        self, host: str, port: int | None, tls: Tls, ca_file: Path | None, timeout: float, source: str
    ) -> None:
        self._host = host
        self._port = port or (993 if tls is Tls.TLS else 143)
        self._tls = tls
        self._ca_file = ca_file
        self._timeout = timeout
        self._source = source
        self._box: BaseMailBox | None = None
        self.uidvalidity = 0
        self.count = 0

    def open(self, username: str, password: str, folder: str) -> None:
        """Connect, log in and open `folder` read-only.

        Raises SourceUnavailable, SourceAuthLost, SourceChanged for a folder that is not there or a server
        that is none, and ConfigError for a `ca_file` that cannot be read.
        """
        self._box = self._connect()
        self._login(self._box, username, password)
        with self._explained():
            try:
                answer = self._box.folder.set(folder, readonly=True)
            except MailboxFolderSelectError:
                raise SourceChanged(
                    self._source, f"the mailbox has no folder {folder!r}", "correct folder"
                ) from None
            self.count = int(answer[1][0] or 0)
            validity = self._box.client.response("UIDVALIDITY")[1]
            self.uidvalidity = int(validity[0]) if validity and validity[0] else 0

    def uids_after(self, uid: int) -> list[int]:
        """UIDs above `uid`, ascending."""
        # "n:*" always holds the last message, also when its UID is below n.
        return [found for found in self._search(str(AND(uid=U(str(uid + 1), "*")))) if found > uid]

    def uids_since(self, day: date) -> list[int]:
        """UIDs of the messages that arrived on `day` or later, ascending."""
        return self._search(str(AND(date_gte=day)))

    def fetch(self, uid: int, max_bytes: int) -> Arrived | None:
        """The first `max_bytes` of a message, without marking it as read; None if it is gone.

        A message that the server itself cannot read comes back empty.
        """
        wanted = f"(UID INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.{max_bytes}>)"
        with self._explained():
            status, answer = self._opened.client.uid("FETCH", str(uid), wanted)
        if status != "OK":
            return Arrived(uid, b"", None, is_cut=False)
        parts = [part for part in answer if part is not None]
        about = b" ".join(part[0] if isinstance(part, tuple) else part for part in parts)
        if not _UID.search(about):
            return None
        content = next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")
        size = _SIZE.search(about)
        is_cut = size is not None and int(size[1]) > len(content)
        return Arrived(uid, content, _received(about), is_cut)

    def close(self) -> None:
        """Say good-bye; a connection that is already gone is closed, too."""
        box, self._box = self._box, None
        if box is not None:
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.logout()
            with suppress(OSError):
                box.client.shutdown()

    def abandon(self) -> None:
        """Make a call that waits in another thread fail now."""
        box = self._box
        if box is not None:
            with suppress(OSError):
                box.client.sock.shutdown(socket.SHUT_RDWR)

    @property
    def _opened(self) -> BaseMailBox:
        if self._box is None:
            raise SourceUnavailable(self._source, "the mailbox is closed", "try later")
        return self._box

    @property
    def _place(self) -> str:
        return f"{self._host}:{self._port}"

    def _search(self, criteria: str) -> list[int]:
        with self._explained():
            return sorted({int(uid) for uid in self._opened.uids(criteria, charset=None)})

    def _connect(self) -> BaseMailBox:
        place = (self._host, self._port, self._timeout)
        try:
            if self._tls is Tls.NONE:
                return MailBoxUnencrypted(*place)
            context = ssl.create_default_context(cafile=self._ca_file)
            return (MailBox if self._tls is Tls.TLS else _MailBoxStartTls)(*place, ssl_context=context)
        except FileNotFoundError:
            raise ConfigError(self._source, "the ca_file does not exist", "correct ca_file") from None
        except OSError as error:
            raise self._unreachable(error) from None
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            # The library's only signs of these are its texts: a farewell instead of a greeting, a closed
            # connection; all else speaks no IMAP, or no STARTTLS.
            if "BYE" in str(error) or "EOF" in str(error):
                raise self._unreachable(error) from None
            raise SourceChanged(
                self._source,
                f"{self._place} does not offer IMAP with tls = {self._tls.value}",
                "check host, port and tls",
            ) from None

    def _login(self, box: BaseMailBox, username: str, password: str) -> None:
        refused = SourceAuthLost(
            self._source,
            f"{self._place} refuses the user name or password",
            "renew the password; many providers ask for an app password",
        )
        plain = username.isascii() and password.isascii()
        with self._explained():
            try:
                # LOGIN carries ASCII only, and the other way is not offered everywhere.
                (box.login if plain else box.login_utf8)(username, password, initial_folder=None)
            except imaplib.IMAP4.abort:
                raise
            except MailboxLoginError as error:
                if any(code in bytes(part) for part in error.command_result[1] for code in _LATER):
                    raise
                raise refused from None
            except imaplib.IMAP4.error:
                raise refused from None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the libraries' errors into ours; theirs quote the server, which may quote us."""
        try:
            yield
        except (imaplib.IMAP4.abort, OSError) as error:
            raise self._unreachable(error) from None
        except (imaplib.IMAP4.error, UnexpectedCommandStatusError) as error:
            raise SourceUnavailable(
                self._source, f"{self._place} refuses a command ({type(error).__name__})", "try later"
            ) from None

    def _unreachable(self, error: Exception) -> SourceUnavailable:
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"its certificate is not accepted ({error.verify_message})"
            return SourceUnavailable(self._source, f"{self._place}: {reason}", "check host, or set ca_file")
        if isinstance(error, TimeoutError):
            return SourceUnavailable(self._source, f"{self._place} did not answer in time", "try later")
        return SourceUnavailable(
            self._source, f"{self._place} cannot be reached ({type(error).__name__})", "try later"
        )


class _MailBoxStartTls(MailBoxUnencrypted):
    """The library's own one leaves the connection open when the server refuses STARTTLS."""

    def __init__(self, host: str, port: int, timeout: float, ssl_context: ssl.SSLContext) -> None:
        self._context = ssl_context
        super().__init__(host, port, timeout)

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        client = super()._get_mailbox_client()
        try:
            client.starttls(self._context)
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
        return client


def _received(about: bytes) -> datetime | None:
    match = _INTERNALDATE.search(about)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None
