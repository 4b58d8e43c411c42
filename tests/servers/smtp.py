"""A real SMTP server (aiosmtpd) on a free loopback port, in the loop of the test, for the length of a block."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

__all__ = ["Mailbox", "smtp_server"]


@dataclass(slots=True)
class Mailbox:
    """What the server got. `recipients` are those of the last mail; `logins` counts accepted ones."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: int = 0
    connections: int = 0


class _Handler:
    """Keeps mails; answers as told."""

    def __init__(self, mailbox: Mailbox, answers: Mapping[str, str]) -> None:
        self.mailbox = mailbox
        self.answers = answers

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.answers.get(address, self.answers.get("RCPT", "250 OK"))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.get("DATA", "250 queued as 1")
        if answer.startswith("2"):
            self.mailbox.raw.append(envelope.content)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mailbox.mails.append(mail)
            self.mailbox.recipients = list(envelope.rcpt_tos)
            self.mailbox.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return answer


@asynccontextmanager
async def smtp_server(
    *,
    security: Literal["starttls", "tls", "none"] = "none",
    context: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    answers: Mapping[str, str] | None = None,
) -> AsyncIterator[Mailbox]:
    """Serve SMTP; with `login`, nothing is accepted without that name and password.

    `answers` replaces the answer to MAIL, RCPT, DATA or to RCPT with one address.
    """
    mailbox = Mailbox()
    handler = _Handler(mailbox, answers or {})
    loop = asyncio.get_running_loop()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        if login is None or (data.login.decode(), data.password.decode()) != login:
            return AuthResult(success=False, handled=False)
        mailbox.logins += 1
        return AuthResult(success=True)

    def protocol() -> SMTP:
        mailbox.connections += 1
        with warnings.catch_warnings():
            # With implicit TLS aiosmtpd does not know that the connection is encrypted, and warns.
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            return SMTP(
                handler,
                hostname="mail.test",
                tls_context=context if security == "starttls" else None,
                require_starttls=security == "starttls",
                auth_required=login is not None,
                auth_require_tls=security == "starttls",
                authenticator=authenticate if login is not None else None,
                loop=loop,
            )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if security == "tls" else None)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
