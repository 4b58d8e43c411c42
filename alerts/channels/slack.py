"""Slack: by the address of an incoming webhook, or by a bot token and a channel.

Slack accepts about one message a second and channel; on 429 the whole channel waits as long as Slack asks.
The webhook's address and the token are secrets: they are in no error and in no log line, neither ours nor
httpx's.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import httpx
import structlog
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels.base import Limits, Receipt
from alerts.channels.slack_message import SECTION_TEXT, payload
from alerts.channels.text import one_line
from alerts.notice import Notice
from alerts.settings import ChannelSettings
from atbalss.errors import (
    ChannelError,
    ChannelRefused,
    ChannelThrottled,
    ChannelUnavailable,
    MessageRefused,
)

__all__ = ["Settings", "SlackChannel", "build", "payload", "verdict"]

log = structlog.get_logger()

DEFAULT_WAIT = 30.0
"""Seconds to wait after a 429 that does not say how long."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

REFUSED = frozenset(
    {
        # webhooks
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
        "user_not_found",
        # chat.postMessage and auth.test
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "is_archived",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "upgrade_required",
    }
)
"""Slack's words for: this channel will not work until a person mends it."""

UNACCEPTABLE = frozenset(
    {
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_charset",
        "invalid_form_data",
        "invalid_json",
        "invalid_metadata_format",
        "invalid_payload",
        "invalid_post_type",
        "json_not_object",
        "message_too_long",
        "metadata_too_large",
        "missing_post_type",
        "missing_text_or_fallback_or_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
"""Slack's words for: this message will never be accepted."""

THROTTLED = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited"})
"""Slack's words for: wait."""

UNAVAILABLE = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "rollup_error",
        "service_unavailable",
        "team_added_to_org",
    }
)
"""Slack's words for: we have a problem, try again."""

_REMEDIES = {
    "not_in_channel": "invite the bot into the channel",
    "channel_not_found": "check the channel's name or id, and that the bot or webhook may post there",
    "is_archived": "unarchive the channel in Slack or configure another one",
    "channel_is_archived": "unarchive the channel in Slack or configure another one",
    "missing_scope": "give the app the scope chat:write and install it again",
    "invalid_auth": "create a new token and configure it",
    "token_revoked": "create a new token and configure it",
    "token_expired": "create a new token and configure it",
    "no_service": "create a new incoming webhook and configure its address",
    "invalid_token": "create a new incoming webhook and configure its address",
}
_REMEDY = "check the app and its rights in Slack, then resume the channel"


class Settings(ChannelSettings):
    """Posts to one channel of Slack: by `url` (incoming webhook), or by `token` and `channel` (bot)."""

    type: Literal["slack"] = "slack"
    url: SecretStr | None = Field(default=None, description="Address of an incoming webhook; a secret.")
    token: SecretStr | None = Field(
        default=None, min_length=1, description="Bot token (xoxb-...) with the scope chat:write; a secret."
    )
    channel: str | None = Field(
        default=None, min_length=1, description="With a token: the channel's id (C...) or name (#alerts)."
    )
    api_url: str = Field(
        default="https://slack.com/api/", description="Slack's API for tokens; GovSlack has its own."
    )
    timeout: float = Field(default=15.0, gt=0, le=120, description="Seconds to wait for Slack's answer.")

    @field_validator("url")
    @classmethod
    def _webhook_is_private(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _require_https(value.get_secret_value())
        return value

    @field_validator("api_url")
    @classmethod
    def _api_is_private(cls, value: str) -> str:
        _require_https(value)
        return value if value.endswith("/") else f"{value}/"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.token is None):
            raise ValueError("give either url (incoming webhook) or token and channel (bot), not both")
        if (self.token is None) != (self.channel is None):
            raise ValueError("token and channel belong together; a webhook has its channel already")
        return self


def _require_https(address: str) -> None:
    """Raise ValueError, without the address, unless it is https (or http to this machine)."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise ValueError("this is not a web address") from None
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("this is not a web address")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ValueError("the address must begin with https://")


def build(
    settings: Settings,
    *,
    name: str,
    now: Callable[[], datetime],
    client: httpx.AsyncClient | None = None,
) -> SlackChannel:
    """The channel; does no I/O. Without a `client` each message opens and closes its own connection."""
    return SlackChannel(name=name, settings=settings, now=now, client=client)


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """Posts notices to one Slack channel."""

    name: str
    settings: Settings
    now: Callable[[], datetime]
    client: httpx.AsyncClient | None = None

    @property
    def limits(self) -> Limits:
        """A section's text, and about one message a second and channel."""
        return Limits(text_chars=SECTION_TEXT, interval=1.0)

    async def send(self, notice: Notice) -> Receipt:
        """Post one notice. The receipt is the message's `ts`; for a webhook it is the event's id."""
        message = await asyncio.to_thread(payload, notice)  # a digest imports and counts a lot
        if self.settings.token is None:
            # Webhooks do not document metadata; the event's id stands in the last block as well.
            del message["metadata"]
            await self._webhook(message)
            reference = notice.event_id
        else:
            message["channel"] = self.settings.channel
            answer = await self._method("chat.postMessage", message)
            reference = str(answer.get("ts") or notice.event_id)
        log.info("notice delivered", action="channel.sent", channel=self.name, event_id=notice.event_id)
        return Receipt(reference=reference)

    async def check(self) -> str:
        """Ask Slack who the token is; a webhook cannot be asked without posting, only its form is checked."""
        if self.settings.url is not None:
            host = urlsplit(self.settings.url.get_secret_value()).hostname
            return f"webhook at {host}: the address is well formed; it cannot be tried without posting"
        answer = await self._method("auth.test", {})
        team, user = (one_line(str(answer.get(key, "?"))) for key in ("team", "user"))
        return f"token accepted: bot {user} in {team}; posts to {self.settings.channel}"

    async def _webhook(self, message: dict[str, Any]) -> None:
        assert self.settings.url is not None  # noqa: S101 - the settings guarantee it, mypy cannot know
        response = await self._post(self.settings.url.get_secret_value(), message, {})
        error = verdict(
            self.name, response.status_code, _retry_after(response, self.now()), _code(response.text)
        )
        if error is not None:
            raise error

    async def _method(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert self.settings.token is not None  # noqa: S101 - as above
        bearer = {"Authorization": f"Bearer {self.settings.token.get_secret_value()}"}
        response = await self._post(self.settings.api_url + method, arguments, bearer)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            answer = {}
        code = None if answer.get("ok") is True else _word(answer.get("error"))
        error = verdict(self.name, response.status_code, _retry_after(response, self.now()), code)
        if error is not None:
            raise error
        return answer

    async def _post(self, address: str, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        try:
            async with self._connected() as client:
                with _address_hidden(address):
                    return await client.post(
                        address,
                        json=body,
                        headers=headers,
                        timeout=self.settings.timeout,
                        follow_redirects=False,
                    )
        except httpx.TimeoutException:
            reason = f"Slack did not answer within {self.settings.timeout:g} s"
        except httpx.HTTPError as problem:
            # Only the kind: httpx's own message may name the address.
            reason = f"Slack cannot be reached ({type(problem).__name__})"
        except (httpx.InvalidURL, UnicodeError):
            raise ChannelRefused(self._subject, "the address is malformed", _REMEDY) from None
        raise ChannelUnavailable(self._subject, reason, "it is tried again later")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[httpx.AsyncClient]:
        if self.client is not None:
            yield self.client
        else:
            async with httpx.AsyncClient() as client:
                yield client

    @property
    def _subject(self) -> str:
        return f"channel {self.name}"


def verdict(name: str, status: int, retry_after: float | None, code: str | None) -> ChannelError | None:
    """What Slack's answer means for the channel `name`: None when the message was accepted, else the error.

    `code` is Slack's word for what is wrong, None when it says that all is well.
    """
    subject = f"channel {name}"
    if status == 429 or code in THROTTLED:
        wait = DEFAULT_WAIT if retry_after is None else retry_after
        return ChannelThrottled(
            subject, "Slack asks to send less", f"it goes on after {wait:g} s", retry_after=wait
        )
    if status >= 500 or status == 408 or code in UNAVAILABLE:
        what = f"Slack has a problem ({_told(status, code)})"
        return ChannelUnavailable(subject, what, "it is tried again later", retry_after=retry_after)
    if status == 200 and code is None:
        return None
    if status == 200 and not code:
        return ChannelUnavailable(subject, "the answer is not Slack's", "check the address and any proxy")
    if code in UNACCEPTABLE or (status in (400, 413) and not code):
        return MessageRefused(
            subject, f"Slack refuses the message ({_told(status, code)})", "see the dead letters; report it"
        )
    # A word that we do not know pauses the channel too: nothing is lost, and a person looks at it.
    return ChannelRefused(
        subject, f"Slack refuses ({_told(status, code)})", _REMEDIES.get(code or "", _REMEDY)
    )


def _told(status: int, code: str | None) -> str:
    return f"HTTP {status} {code}" if code else f"HTTP {status}"


def _code(body: str) -> str | None:
    """A webhook answers `ok` or its word for the problem, as plain text."""
    word = body.strip()
    return None if word == "ok" else _word(word)


def _word(value: object) -> str:
    """Slack's word for a problem; empty for anything else, which is not repeated in errors."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{1,60}", value) else ""


def _retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that the answer asks to wait: a number or an HTTP date; None when it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        if at.tzinfo is None:
            return None
        seconds = (at - now).total_seconds()
    return max(1.0, seconds) if seconds < float("inf") else None


@contextmanager
def _address_hidden(address: str) -> Iterator[None]:
    """httpx logs the address of each request; while ours is sent, the log line shows the host only."""
    url = httpx.URL(address)
    hidden = {address, str(url)}  # httpx writes some addresses differently than they were typed
    shown = f"{url.scheme}://{url.host}/..."

    def hide(record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(shown if str(arg) in hidden else arg for arg in record.args)
        return True

    logger = logging.getLogger("httpx")
    logger.addFilter(hide)
    try:
        yield
    finally:
        logger.removeFilter(hide)
