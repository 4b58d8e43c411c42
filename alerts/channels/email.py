"""E-mail by SMTP, encrypted unless the server is on this machine.

Accepted by the server for at least one recipient means delivered: sending again would reach those twice.
Refused recipients are counted in the log and in the receipt, their addresses are not written down.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Literal, Self

import aiosmtplib
import structlog
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels.base import Limits, Receipt
from alerts.channels.email_message import Envelope, compose, message_id
from alerts.layout import safe_link
from alerts.notice import Notice
from alerts.settings import ChannelSettings
from atbalss.errors import ChannelError, ChannelRefused, ChannelUnavailable, MessageRefused

__all__ = ["EmailChannel", "Settings", "address_of", "build", "compose", "verdict"]

log = structlog.get_logger()

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Settings(ChannelSettings):
    """Sends each notice as one mail by SMTP."""

    type: Literal["email"] = "email"
    host: str = Field(min_length=1, description="Name of the SMTP server.")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none when not given."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted; `none` is for a server on this machine only.",
    )
    allow_plain: bool = Field(
        default=False,
        description='Permit `security = "none"` to another machine: texts and the password travel readable.',
    )
    ca_file: str | None = Field(
        default=None, description="File with the certificates to trust instead of the system's."
    )
    username: str | None = Field(default=None, min_length=1, description="Name to log in with.")
    password: SecretStr | None = Field(
        default=None, min_length=1, description="Password to log in with; a secret."
    )
    sender: str = Field(description="From: `Name <user@host>` or `user@host`.")
    recipients: tuple[str, ...] = Field(min_length=1, description="To: everybody who is told.")
    reply_to: str | None = Field(default=None, description="Where answers go when not to the sender.")
    unsubscribe: str | None = Field(
        default=None,
        description="https: or mailto: address to stop these mails; not given: a mail to reply_to or sender.",
    )
    timeout: float = Field(default=30.0, gt=0, le=300, description="Seconds to wait for each answer.")

    @field_validator("sender", "reply_to")
    @classmethod
    def _one_address(cls, value: str | None) -> str | None:
        if value is not None:
            address_of(value)
        return value

    @field_validator("recipients")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            address_of(text)
        return value

    @field_validator("unsubscribe")
    @classmethod
    def _way_out(cls, value: str | None) -> str | None:
        if value is None or (value.isascii() and not set(value) & set("<>") and _is_way_out(value)):
            return value
        raise ValueError("give an https: or mailto: address")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.security == "none" and not self.allow_plain and not _is_loopback(self.host):
            raise ValueError(
                'security = "none" is for a server on this machine: '
                'use "starttls" or "tls", or set allow_plain = true'
            )
        return self


def build(settings: Settings, *, name: str, now: Callable[[], datetime]) -> EmailChannel:
    """The channel; does no I/O."""
    return EmailChannel(name=name, settings=settings, now=now)


def address_of(text: str) -> Address:
    """One mail address as people write it. Raises ValueError, without repeating it, for one without use."""
    name, spec = parseaddr(text)
    try:
        if not spec.isascii() or any(ord(c) < 32 for c in text):
            raise ValueError
        address = Address(display_name=name, addr_spec=spec)
    except (ValueError, IndexError, MessageError):
        raise ValueError("this is not a mail address in the form user@host") from None
    if not address.username or ("." not in address.domain and address.domain != "localhost"):
        raise ValueError("this is not a mail address in the form user@host")
    return address


def _is_way_out(value: str) -> bool:
    return value.startswith("mailto:") or (value.startswith("https://") and safe_link(value) is not None)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """Sends notices by one SMTP server, a connection for each."""

    name: str
    settings: Settings
    now: Callable[[], datetime]
    _envelope: Envelope = field(init=False, repr=False)

    def __post_init__(self) -> None:
        settings = self.settings
        envelope = Envelope(
            sender=address_of(settings.sender),
            recipients=tuple(address_of(text) for text in settings.recipients),
            reply_to=address_of(settings.reply_to) if settings.reply_to else None,
            unsubscribe=settings.unsubscribe,
        )
        object.__setattr__(self, "_envelope", envelope)

    @property
    def limits(self) -> Limits:
        """Mail has no practical limit; longer texts than this are cut all the same."""
        return Limits(text_chars=100_000)

    async def send(self, notice: Notice) -> Receipt:
        """Send one mail. The receipt is its Message-ID, with the number of refused recipients if any."""
        # A digest draws its chart: not in the loop.
        mail = await asyncio.to_thread(compose, notice, self._envelope, self.now())
        to = [address.addr_spec for address in self._envelope.recipients]
        async with self._session() as smtp:
            refused, _ = await smtp.sendmail(self._envelope.sender.addr_spec, to, mail.as_bytes())
        log.info(
            "notice delivered",
            action="channel.sent",
            channel=self.name,
            event_id=notice.event_id,
            recipients=len(to) - len(refused),
            refused=len(refused),
        )
        reference = message_id(notice.event_id, self._envelope.sender.domain)
        return Receipt(
            f"{reference} ({len(refused)} of {len(to)} recipients refused)" if refused else reference
        )

    async def check(self) -> str:
        """Connect, encrypt and log in as for a mail, then leave without sending one."""
        async with self._session() as smtp:
            await smtp.noop()
        login = "logged in" if self.settings.username else "without login"
        return f"{self.settings.host}:{self._port} answers ({self.settings.security}), {login}"

    @property
    def _port(self) -> int:
        return self.settings.port or _PORTS[self.settings.security]

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that is ready to send; whatever goes wrong becomes a ChannelError."""
        settings = self.settings
        try:
            smtp = aiosmtplib.SMTP(
                hostname=settings.host,
                port=self._port,
                timeout=settings.timeout,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                # Reading certificates takes a while: not in the loop.
                tls_context=None if settings.security == "none" else await asyncio.to_thread(self._tls),
            )
            try:
                await smtp.connect()
                if settings.username is not None and settings.password is not None:
                    await smtp.login(settings.username, settings.password.get_secret_value())
                yield smtp
                await _leave(smtp)
            finally:
                smtp.close()
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            # Without the cause: a server's answer may repeat what was sent to it.
            raise verdict(self.name, problem) from None

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file)
        except OSError as problem:
            told = problem.strerror or "no certificate in it"
            raise ChannelRefused(
                f"channel {self.name}",
                f"ca_file cannot be read ({told})",
                "name a PEM file with certificates",
            ) from None


async def _leave(smtp: aiosmtplib.SMTP) -> None:
    """Say goodbye; the mail is delivered whether or not the server still answers."""
    try:
        await smtp.quit()
    except (aiosmtplib.SMTPException, OSError):
        return


def verdict(name: str, problem: Exception) -> ChannelError:
    """What went wrong, as the outbox needs it: later, the channel needs a person, or this mail never."""
    subject = f"channel {name}"
    certificate = _certificate_problem(problem)
    if certificate is not None:
        return ChannelRefused(
            subject,
            f"the server's certificate is not trusted ({certificate})",
            "check host, or name the certificate's authority in ca_file",
        )
    if isinstance(problem, aiosmtplib.SMTPRecipientsRefused):
        codes = [refused.code for refused in problem.recipients]
        told = f"all {len(codes)} recipients are refused ({_told(codes)})"
        if any(code < 500 for code in codes):
            return ChannelUnavailable(subject, told, "it is tried again later")
        return MessageRefused(subject, told, "check recipients")
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        return _answered(subject, problem)
    if isinstance(problem, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return ChannelUnavailable(subject, "the server does not answer in time", "it is tried again later")
    if isinstance(problem, ConnectionError | OSError):
        # Covers SMTPConnectError and SMTPServerDisconnected.
        return ChannelUnavailable(
            subject, f"the server cannot be reached ({type(problem).__name__})", "check host and port"
        )
    # What is left: no STARTTLS, no way to log in, an answer that is not SMTP.
    return ChannelRefused(
        subject,
        f"the server does not offer what the settings ask for ({type(problem).__name__})",
        "check security, port, username and password",
    )


def _answered(subject: str, problem: aiosmtplib.SMTPResponseException) -> ChannelError:
    code = problem.code
    told = f"the server answered {code}"
    if 400 <= code < 500:
        return ChannelUnavailable(subject, told, "it is tried again later")
    if isinstance(problem, aiosmtplib.SMTPAuthenticationError) or code in (530, 534, 535, 538):
        return ChannelRefused(subject, f"the login is refused ({code})", "check username and password")
    if code == 552:  # too large, told before or after the text
        return MessageRefused(subject, f"the mail is refused ({code})", "see the dead letters")
    if isinstance(problem, aiosmtplib.SMTPSenderRefused):
        return ChannelRefused(subject, f"the sender is refused ({code})", "check sender and its rights")
    if isinstance(problem, aiosmtplib.SMTPDataError):
        return MessageRefused(subject, f"the mail is refused ({code})", "see the dead letters")
    return ChannelRefused(subject, told, "check host, port and the server's rules for clients")


def _told(codes: list[int]) -> str:
    return ", ".join(str(code) for code in sorted(set(codes)))


def _certificate_problem(problem: BaseException | None) -> str | None:
    """OpenSSL's words for an untrusted certificate, when that is the root of the problem."""
    while problem is not None:
        if isinstance(problem, ssl.SSLCertVerificationError):
            return problem.verify_message
        problem = problem.__cause__ or problem.__context__
    return None
