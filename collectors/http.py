"""The one way to the web: a shared httpx client with limits, retries, a size cap and typed errors.

Every request waits for its host's turn (`collectors.limits`), is tried again after failures that pass by
themselves, honours the waits that sources ask for (`collectors.retry_after`), and either returns an `Answer`
with an accepted status or raises an error of `atbalss.errors`. Error texts carry scheme, host and path and
nothing more: queries, user info and headers may hold secrets.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random as random_module
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import structlog
from pydantic import SecretStr

from atbalss.errors import (
    CollectError,
    ConfigError,
    SourceAuthLost,
    SourceChanged,
    SourceGone,
    SourceThrottled,
    SourceUnavailable,
)
from collectors.backoff import growing_delay
from collectors.limits import HostLimits
from collectors.retry_after import nothing_remains, retry_after
from collectors.settings import web_address

__all__ = ["Answer", "BearerAuth", "Http", "HttpSettings", "error_for", "open_http", "public_address"]

log = structlog.get_logger()

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What may follow a redirect to another host; any other header that a collector sets may be a key.
_HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "host",
        "if-modified-since",
        "if-none-match",
        "user-agent",
    }
)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How we behave towards the sites that we ask.

    `contact` (a web or mail address) goes into the User-Agent, so that an operator can reach us. Times are
    seconds: `timeout` for each step (connecting, each read), `total_timeout` for one whole answer, `max_wait`
    for the longest wait that a request sits out itself. `max_bytes` counts unpacked bytes.
    """

    user_agent: str = "Atbalss"
    contact: str = ""
    timeout: float = 20.0
    total_timeout: float = 120.0
    max_bytes: int = 20_000_000
    max_attempts: int = 4
    max_wait: float = 60.0
    max_redirects: int = 5
    per_host_interval: float = 1.0
    per_host_concurrency: int = 2
    # A proxy's address may carry its password.
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if min(self.timeout, self.total_timeout, self.max_bytes, self.max_attempts) <= 0:
            raise ValueError("timeouts, max_bytes and max_attempts are above zero")
        if self.proxy is not None:
            web_address(self.proxy)

    @property
    def agent(self) -> str:
        """The User-Agent header."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with an accepted status, read to its end. `url` is where it came from after redirects."""

    status: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)
    url: str = field(repr=False)
    source: str

    @property
    def text(self) -> str:
        """The content by its declared charset, UTF-8 where none or a wrong one is declared."""
        declared = {"content-type": self.headers.get("content-type", "")}
        charset = httpx.Response(200, headers=declared).charset_encoding
        try:
            return self.content.decode(charset or "utf-8-sig", errors="replace")
        except LookupError:
            return self.content.decode("utf-8-sig", errors="replace")

    def json(self) -> Any:
        """The content as JSON. Raises SourceChanged when it is something else."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise SourceChanged(
                self.source,
                f"{public_address(self.url)} does not answer with JSON",
                "check the address; it may lead to a login or an error page",
            ) from None

    def link(self, rel: str) -> str | None:
        """The absolute address of the Link header's relation `rel` ("next", "prev")."""
        header = {"link": self.headers.get("link", "")}
        found = httpx.Response(200, headers=header).links.get(rel, {}).get("url")
        return None if found is None else str(httpx.URL(self.url).join(found))


class BearerAuth(httpx.Auth):
    """Sends a token as `Authorization: Bearer`. Raises ConfigError for what no header can carry."""

    def __init__(self, token: SecretStr) -> None:
        value = token.get_secret_value().strip()
        if not value or not all("!" <= letter <= "~" for letter in value):
            raise ConfigError(
                "token", "is empty or holds spaces or letters that no token has", "copy it once more"
            )
        self._token = SecretStr(value)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class Http:
    """The shared client; made by `open_http`."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: HttpSettings,
        limits: HostLimits,
        *,
        now: Callable[[], datetime],
        random: random_module.Random,
    ) -> None:
        self._client = client
        self._settings = settings
        self._limits = limits
        self._now = now
        self._random = random

    async def get(
        self,
        url: str,
        *,
        source: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        accept_statuses: Collection[int] = (200,),
    ) -> Answer:
        """GET `url` for `source`; see `request`."""
        return await self.request(
            "GET",
            url,
            source=source,
            params=params,
            headers=headers,
            auth=auth,
            accept_statuses=accept_statuses,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        source: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        content: bytes | None = None,
        accept_statuses: Collection[int] = (200,),
    ) -> Answer:
        """Ask, and return the answer or raise the fitting CollectError (ConfigError: the address is invalid).

        Only GET, HEAD and OPTIONS are tried again: what another method did before it failed is not known.
        """
        attempts = self._settings.max_attempts if method in _SAFE_METHODS else 1
        for attempt in range(1, attempts + 1):
            try:
                # httpx's own `params` would replace what the address already asks for.
                target = httpx.URL(url).copy_merge_params(params or {})
                request = self._client.build_request(method, target, headers=headers, content=content)
            except httpx.InvalidURL:
                raise ConfigError(source, "its address is not a valid one", "correct the url") from None
            try:
                return await self._attempt(request, source, auth, accept_statuses)
            except (SourceUnavailable, SourceThrottled) as error:
                asked = error.retry_after
                if attempt == attempts or (asked is not None and asked > self._settings.max_wait):
                    raise
                wait = growing_delay(attempt, base=1, cap=self._settings.max_wait, random=self._random)
                wait = max(wait, asked or 0.0)
                # The pause holds back every collector that uses this host; our own next turn sits it out.
                self._limits.pause(request.url.host, wait)
                log.info(
                    "request failed, trying again",
                    action="http.retry",
                    source=source,
                    attempt=attempt,
                    wait=round(wait, 1),
                    reason=error.reason,
                )
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _attempt(
        self,
        request: httpx.Request,
        source: str,
        auth: httpx.Auth | None,
        accept_statuses: Collection[int],
    ) -> Answer:
        """One request and its redirects, each in its own host's turn."""
        for _ in range(self._settings.max_redirects + 1):
            async with self._limits.turn(request.url.host):
                answer, following = await self._exchange(request, source, auth)
            if answer.status in accept_statuses:
                return answer
            if following is None:
                raise error_for(answer.status, answer.headers, source=source, url=answer.url, now=self._now())
            if _origin(following.url) != _origin(request.url):
                for name in [name for name in following.headers if name not in _HARMLESS_HEADERS]:
                    # httpx itself keeps Authorization for http -> https on one host, and so do we.
                    if name != "authorization":
                        del following.headers[name]
            request, auth = following, None
        raise SourceChanged(
            source,
            f"{public_address(str(request.url))} redirects more than {self._settings.max_redirects} times",
            "open the address in a browser and use the one where it ends",
        )

    async def _exchange(
        self, request: httpx.Request, source: str, auth: httpx.Auth | None
    ) -> tuple[Answer, httpx.Request | None]:
        """Send one request and read its answer to the end; also the request that its redirect asks for."""
        place = public_address(str(request.url))
        # `from None` throughout: httpx puts addresses and header values into its messages.
        try:
            async with asyncio.timeout(self._settings.total_timeout):
                response = await self._client.send(request, auth=auth, stream=True, follow_redirects=False)
                try:
                    content = await self._read(response, source, place)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            raise SourceUnavailable(source, f"{place} did not answer in time", "try later") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise SourceChanged(
                source, f"{place} leads to an address that is not http or https", "correct the url"
            ) from None
        except httpx.LocalProtocolError:
            raise ConfigError(
                source, "the request cannot be sent as configured", "check its headers and secrets"
            ) from None
        except httpx.DecodingError:
            raise SourceUnavailable(source, f"{place} sent a body that cannot be unpacked") from None
        except httpx.TransportError as error:
            raise SourceUnavailable(source, f"{place} cannot be reached: {_cause(error)}") from None
        answer = Answer(response.status_code, response.headers, content, str(response.url), source)
        return answer, response.next_request

    async def _read(self, response: httpx.Response, source: str, place: str) -> bytes:
        limit = self._settings.max_bytes
        body = bytearray()
        declared = response.headers.get("content-length", "")
        too_big = declared.isdecimal() and int(declared) > limit
        if not too_big:
            async for part in response.aiter_bytes():
                body += part
                if too_big := len(body) > limit:
                    break
        if too_big:
            raise SourceChanged(
                source,
                f"{place} answers with more than {limit} bytes",
                "check that the address is the right one",
            )
        return bytes(body)


@asynccontextmanager
async def open_http(
    settings: HttpSettings,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    random: random_module.Random | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Http]:
    """Open the client for the length of the block. `clock` counts seconds for the per-host limits."""
    logging.getLogger("httpx").addFilter(_without_secrets)
    # Its debug lines hold whole headers, such as a redirect that repeats our token.
    logging.getLogger("httpcore").setLevel(logging.INFO)
    limits = HostLimits(
        interval=settings.per_host_interval,
        concurrency=settings.per_host_concurrency,
        sleep=sleep,
        clock=clock,
    )
    async with httpx.AsyncClient(
        headers={"User-Agent": settings.agent},
        timeout=settings.timeout,
        proxy=settings.proxy,
        transport=transport,
        # A jar that accepts nothing: one source must not be recognised by what another one left behind.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
    ) as client:
        # S311: the random number spreads retries, it protects nothing.
        chance = random or random_module.Random()  # noqa: S311
        yield Http(client, settings, limits, now=now, random=chance)


def error_for(
    status: int, headers: Mapping[str, str], *, source: str, url: str, now: datetime
) -> CollectError:
    """The error that an unaccepted answer means; for collectors that look at some answers themselves."""
    place = public_address(url)
    asked = retry_after(headers, now, status=status)
    answers = f"{place} answers {status}"
    if status == 429 or (status == 403 and (asked is not None or nothing_remains(headers))):
        return SourceThrottled(source, f"{answers}: too many requests", "wait", retry_after=asked)
    if status in (401, 403):
        return SourceAuthLost(
            source,
            f"{answers}: access refused",
            "renew the token or password, or check that the page is public",
        )
    if status == 410:
        return SourceGone(source, f"{answers}: gone for good", "remove the source or find its new address")
    if status == 404:
        return SourceChanged(source, f"{answers}: not found", "check the address")
    if status in (407, 408, 425) or status >= 500:
        return SourceUnavailable(source, answers, "try later", retry_after=asked)
    return SourceChanged(source, answers, "check the address and the source's documentation")


def public_address(url: str) -> str:
    """Scheme, host, port and path of `url`: no user, no password, no query, no fragment."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return "an invalid address"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.host}{port}{parts.path}"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _cause(error: BaseException) -> str:
    """Why a connection failed, in words that cannot carry a secret."""
    step: BaseException | None = error
    while step is not None:
        if isinstance(step, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({step.verify_message})"
        if isinstance(step, OSError) and step.errno is not None and step.errno > 0:
            return os.strerror(step.errno)
        step = step.__cause__ or step.__context__
    return type(error).__name__


def _without_secrets(record: logging.LogRecord) -> bool:
    """Cut the addresses in httpx's own log lines down to their host.

    The logger is the whole process's: for some users of httpx the path is the secret, as in a webhook's address.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            f"{value.scheme}://{value.host}/..." if isinstance(value, httpx.URL) else value
            for value in record.args
        )
    return True
