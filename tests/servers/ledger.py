"""Channels' far sides that keep a ledger: which event arrived how often, from whichever process."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.servers.http import serve
from tests.servers.slack import FakeSlack
from tests.servers.smtp import Mailbox, smtp_server

__all__ = ["MailLedger", "SlackLedger", "mail_ledger", "slack_ledger"]

PATIENCE = 60.0
"""Seconds until a test gives up waiting for what must come."""


@dataclass
class SlackLedger(FakeSlack):
    """A Slack for bot tokens that notes the event id of each message it accepted.

    While `hold` is called and until `release`, it takes requests and does not answer.
    """

    address: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _open: threading.Event = field(default_factory=threading.Event)
    _at_the_door: int = 0

    def __post_init__(self) -> None:
        self._open.set()

    @property
    def counts(self) -> Counter[str]:
        """How often each event arrived."""
        with self._changed:
            return Counter(_event(message) for message in self.messages)

    @property
    def texts(self) -> list[str]:
        """The fallback text of each message, in order."""
        with self._changed:
            return [message["text"] for message in self.messages]

    def hold(self) -> None:
        """Do not answer from now on."""
        self._open.clear()

    def release(self) -> None:
        """Answer again, also those who wait."""
        self._open.set()

    def wait_for_events(self, count: int, nudge: Callable[[], None] = lambda: None) -> None:
        """Return once so many different events have arrived; `nudge` is called now and every second until then."""
        for _ in range(int(PATIENCE)):
            nudge()
            with self._changed:
                if self._changed.wait_for(lambda: len({_event(m) for m in self.messages}) >= count, 1):
                    return
        raise AssertionError(f"{len(self.messages)} messages arrived instead of {count}")

    def wait_for_a_caller(self) -> None:
        """Return once somebody waits at the held door."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._at_the_door > 0, PATIENCE), "nobody came"

    async def _method(self, request: Request) -> Response:
        with self._changed:
            self._at_the_door += 1
            self._changed.notify_all()
        await asyncio.to_thread(self._open.wait, PATIENCE)
        with self._changed:
            self._at_the_door -= 1
        response = await super()._method(request)
        with self._changed:
            self._changed.notify_all()
        return response


def _event(message: dict[str, Any]) -> str:
    return str(message["metadata"]["event_payload"]["event_id"])


@contextmanager
def slack_ledger() -> Iterator[SlackLedger]:
    """Serve a Slack for the length of the block; `address` is its API."""
    ledger = SlackLedger()
    with serve(ledger.app()) as address:
        ledger.address = f"{address}/api/"
        try:
            yield ledger
        finally:
            ledger.release()


@dataclass
class MailLedger:
    """An SMTP server that notes the Message-ID of each mail."""

    mailbox: Mailbox

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.mailbox.port

    @property
    def counts(self) -> Counter[str]:
        """How often each event arrived, by the first part of its Message-ID."""
        return Counter(str(mail["Message-ID"]).strip("<>").split("@")[0] for mail in self.mailbox.mails)

    def forget(self) -> None:
        """As if nothing had come in yet."""
        self.mailbox.mails.clear()


@contextmanager
def mail_ledger(
    *, login: tuple[str, str] | None = None, answers: Mapping[str, str] | None = None
) -> Iterator[MailLedger]:
    """Serve SMTP from a thread for the length of the block, so that other processes can reach it.

    `login` and `answers` are those of `smtp_server`.
    """
    ready, done = threading.Event(), asyncio.Event()
    found: list[tuple[Mailbox, asyncio.AbstractEventLoop]] = []

    async def live() -> None:
        async with smtp_server(login=login, answers=answers) as mailbox:
            found.append((mailbox, asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE), "the mail server does not start"
    mailbox, loop = found[0]
    try:
        yield MailLedger(mailbox)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(PATIENCE)
