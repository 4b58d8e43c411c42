"""The HTTP client against a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from atbalss.errors import (
    AtbalssError,
    ConfigError,
    SourceAuthLost,
    SourceChanged,
    SourceGone,
    SourceThrottled,
    SourceUnavailable,
)
from collectors.http import Answer, BearerAuth, Http, HttpSettings, open_http, public_address
from tests.servers.clock import FakeClock
from tests.servers.http import serve

SECRET = "hunter2secret"


class Server:
    """Answers with the next response of `script`, then with the last one for ever; remembers the requests."""

    def __init__(self, *script: Response) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self.app = Starlette(
            routes=[Route("/{path:path}", self.answer, methods=["GET", "POST"])],
        )

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def ask(
    base: str,
    *,
    path: str = "/feed",
    clock: FakeClock | None = None,
    method: str = "GET",
    settings: HttpSettings | None = None,
    **options: Any,
) -> Answer:
    """One request with a fake clock, and the answer."""
    clock = clock or FakeClock()
    settings = settings or HttpSettings(per_host_interval=0)

    async def main() -> Answer:
        async with open_http(
            settings, now=clock.now, sleep=clock.sleep, random=Random(7), clock=clock.seconds
        ) as http:
            return await http.request(method, base + path, source="shop", **options)

    return asyncio.run(main())


def together(work: Callable[[Http], Awaitable[Any]], settings: HttpSettings, clock: FakeClock) -> Any:
    """Several requests with one client."""

    async def main() -> Any:
        async with open_http(settings, now=clock.now, sleep=clock.sleep, clock=clock.seconds) as http:
            return await work(http)

    return asyncio.run(main())


def test_an_answer_has_status_headers_content_and_address():
    server = Server(PlainTextResponse("šķērē", headers={"ETag": '"1"'}))
    with serve(server.app) as base:
        answer = ask(
            base,
            params={"q": "ā"},
            settings=HttpSettings(user_agent="Atbalss/1", contact="https://shop.example/bot"),
        )
        assert answer.url == f"{base}/feed?q=%C4%81"
    assert (answer.status, answer.text, answer.headers["etag"]) == (200, "šķērē", '"1"')
    assert server.requests[0].headers["user-agent"] == "Atbalss/1 (+https://shop.example/bot)"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("šķērē".encode("windows-1257"), "text/plain; charset=windows-1257"),
        ("šķērē".encode(), "text/plain; charset=nonsense"),
        ("\ufeffšķērē".encode(), "text/plain"),
    ],
)
def test_a_text_is_decoded_by_its_declared_charset(content, kind):
    with serve(Server(Response(content, headers={"content-type": kind})).app) as base:
        assert ask(base).text == "šķērē"


def test_json_and_links_are_read_from_an_answer():
    headers = {"Link": '</feed?max_id=7>; rel="next", <https://other.lv/x>; rel="prev"'}
    with serve(Server(JSONResponse({"a": [1]}, headers=headers)).app) as base:
        answer = ask(base)
        assert answer.json() == {"a": [1]}
        assert answer.link("next") == f"{base}/feed?max_id=7"
        assert answer.link("prev") == "https://other.lv/x"
        assert answer.link("last") is None


def test_a_login_page_instead_of_json_means_that_the_source_changed():
    with serve(Server(PlainTextResponse("<html>")).app) as base, pytest.raises(SourceChanged, match="JSON"):
        ask(base).json()


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, SourceAuthLost),
        (403, {}, SourceAuthLost),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "900"}, SourceThrottled),
        (403, {"Retry-After": "900"}, SourceThrottled),
        (404, {}, SourceChanged),
        (410, {}, SourceGone),
        (418, {}, SourceChanged),
        (304, {}, SourceChanged),
        (429, {}, SourceThrottled),
        (500, {}, SourceUnavailable),
        (503, {"Retry-After": "900"}, SourceUnavailable),
    ],
)
def test_each_status_is_the_error_that_it_means(status, headers, error):
    with serve(Server(Response(status_code=status, headers=headers)).app) as base:
        with pytest.raises(error) as caught:
            ask(base)
        assert f"{base}/feed answers {status}" in str(caught.value)
    assert type(caught.value) is error
    assert caught.value.subject == "shop"


def test_an_accepted_status_is_an_answer():
    with serve(Server(Response(status_code=304)).app) as base:
        assert ask(base, accept_statuses=(200, 304)).status == 304


def test_failures_that_pass_are_tried_again_after_growing_waits():
    server = Server(Response(status_code=503), Response(status_code=500), PlainTextResponse("ok"))
    clock = FakeClock()
    with serve(server.app) as base:
        assert ask(base, clock=clock).text == "ok"
    assert len(clock.slept) == 2
    assert 0.5 <= clock.slept[0] <= 1 <= clock.slept[1] <= 2


def test_it_gives_up_after_the_allowed_attempts():
    server = Server(Response(status_code=500))
    with serve(server.app) as base, pytest.raises(SourceUnavailable):
        ask(base, settings=HttpSettings(max_attempts=3, per_host_interval=0))
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Mon, 05 Jan 2026 09:00:20 GMT"}, 20),
        ({"X-RateLimit-Reset": "2026-01-05T09:00:30.000000Z"}, 30),
        ({"X-RateLimit-Reset": "1767603640"}, 40),
        ({"X-Ratelimit-Remaining": "0.0", "X-Ratelimit-Reset": "50"}, 50),
    ],
)
def test_after_429_it_waits_as_long_as_asked_and_then_succeeds(headers, wait):
    server = Server(Response(status_code=429, headers=headers), PlainTextResponse("ok"))
    clock = FakeClock()
    with serve(server.app) as base:
        assert ask(base, clock=clock).text == "ok"
    assert clock.slept == [pytest.approx(wait)]


def test_a_long_wait_is_handed_to_the_caller_at_once():
    server = Server(Response(status_code=429, headers={"Retry-After": "3600"}))
    clock = FakeClock()
    with serve(server.app) as base, pytest.raises(SourceThrottled) as caught:
        ask(base, clock=clock)
    assert caught.value.retry_after == 3600
    assert clock.slept == []
    assert len(server.requests) == 1


def test_what_may_have_had_an_effect_is_not_tried_again():
    server = Server(Response(status_code=503))
    with serve(server.app) as base, pytest.raises(SourceUnavailable):
        ask(base, method="POST", content=b"x")
    assert len(server.requests) == 1


def test_a_throttled_host_waits_for_every_collector():
    server = Server(Response(status_code=429, headers={"Retry-After": "20"}), PlainTextResponse("ok"))
    clock = FakeClock()
    with serve(server.app) as base:

        async def work(http: Http) -> None:
            await http.get(base, source="one")
            await http.get(base, source="two")

        together(work, HttpSettings(per_host_interval=0), clock)
    assert clock.slept == [pytest.approx(20)]


def test_requests_to_one_host_keep_their_distance():
    server = Server(PlainTextResponse("ok"))
    clock = FakeClock()
    with serve(server.app) as base:

        async def work(http: Http) -> None:
            for source in ("one", "two", "three"):
                await http.get(base, source=source)

        together(work, HttpSettings(per_host_interval=2), clock)
    assert clock.slept == [2, 2]


def test_cookies_of_one_answer_are_not_sent_with_the_next_request():
    server = Server(PlainTextResponse("ok", headers={"Set-Cookie": "visitor=1; Path=/"}))
    with serve(server.app) as base:

        async def work(http: Http) -> None:
            await http.get(base, source="one")
            await http.get(base, source="one")

        together(work, HttpSettings(per_host_interval=0), FakeClock())
    assert [request.headers.get("cookie") for request in server.requests] == [None, None]


async def _undeclared(request: Request) -> Response:
    async def body():
        for _ in range(100):
            yield b"x" * 1000
            await asyncio.sleep(0)

    return StreamingResponse(body())


async def _bomb(request: Request) -> Response:
    return Response(gzip.compress(b"x" * 1_000_000), headers={"content-encoding": "gzip"})


async def _big(request: Request) -> Response:
    return PlainTextResponse("x" * 10_001)


@pytest.mark.parametrize("handler", [_undeclared, _bomb, _big])
def test_an_answer_beyond_the_size_limit_is_cut_off(handler):
    app = Starlette(routes=[Route("/feed", handler)])
    with serve(app) as base, pytest.raises(SourceChanged, match="more than 10000 bytes"):
        ask(base, settings=HttpSettings(max_bytes=10_000))


def test_an_answer_of_exactly_the_size_limit_is_fine():
    with serve(Server(PlainTextResponse("x" * 10_000)).app) as base:
        assert len(ask(base, settings=HttpSettings(max_bytes=10_000)).content) == 10_000


async def _never(request: Request) -> Response:
    await asyncio.Event().wait()
    raise AssertionError


async def _drop_by_drop(request: Request) -> Response:
    async def body():
        for _ in range(1000):
            yield b"x"
            await asyncio.sleep(0.01)

    return StreamingResponse(body())


@pytest.mark.parametrize(
    ("handler", "settings"),
    [
        (_never, HttpSettings(timeout=0.05, max_attempts=1)),
        (_drop_by_drop, HttpSettings(timeout=5, total_timeout=0.2, max_attempts=1)),
    ],
)
def test_a_server_that_does_not_finish_its_answer_is_unavailable(handler, settings):
    app = Starlette(routes=[Route("/feed", handler)])
    with serve(app) as base, pytest.raises(SourceUnavailable, match="did not answer in time"):
        ask(base, settings=settings)


def test_a_body_that_cannot_be_unpacked_is_a_failure_and_no_empty_answer():
    server = Server(Response(b"this is not gzip", headers={"content-encoding": "gzip"}))
    with serve(server.app) as base, pytest.raises(SourceUnavailable, match="cannot be unpacked"):
        ask(base)


def test_a_closed_port_is_unavailable_and_says_why():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        ask(f"http://127.0.0.1:{port}")


def test_a_redirect_is_followed_and_its_end_is_the_answers_address():
    async def moved(request: Request) -> Response:
        return RedirectResponse("/new")

    async def new(request: Request) -> Response:
        return PlainTextResponse("here")

    with serve(Starlette(routes=[Route("/feed", moved), Route("/new", new)])) as base:
        answer = ask(base)
        assert (answer.text, answer.url) == ("here", f"{base}/new")


def test_redirects_in_a_circle_end():
    server = Server(RedirectResponse("/feed"))
    with serve(server.app) as base, pytest.raises(SourceChanged, match="redirects more than 5 times"):
        ask(base)
    assert len(server.requests) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "https://["])
def test_a_redirect_away_from_the_web_is_refused(target):
    server = Server(Response(status_code=302, headers={"Location": target}))
    with serve(server.app) as base, pytest.raises(AtbalssError):
        ask(base, settings=HttpSettings(max_attempts=1))


def test_a_redirect_to_another_host_gets_no_credentials():
    other = Server(PlainTextResponse("ok"))
    with serve(other.app) as target:
        server = Server(RedirectResponse(f"{target}/elsewhere"))
        with serve(server.app) as base:
            ask(
                base,
                auth=BearerAuth(SecretStr(SECRET)),
                params={"key": SECRET},
                headers={"X-Api-Key": SECRET, "Accept": "text/xml", "If-None-Match": '"1"'},
            )
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.requests[0].headers["x-api-key"] == SECRET
    reached = other.requests[0]
    assert SECRET not in f"{reached.url} {reached.headers}"
    assert reached.headers["accept"] == "text/xml"
    assert reached.headers["if-none-match"] == '"1"'


def test_a_redirect_on_the_same_host_keeps_the_credentials():
    server = Server(RedirectResponse("/new"), PlainTextResponse("ok"))
    with serve(server.app) as base:
        ask(base, auth=BearerAuth(SecretStr(SECRET)), headers={"X-Api-Key": SECRET})
    assert server.requests[1].headers["authorization"] == f"Bearer {SECRET}"
    assert server.requests[1].headers["x-api-key"] == SECRET


@pytest.mark.parametrize("address", ["http://[", "http://a b/", "no-scheme", "ftp://x.lv/"])
def test_an_impossible_address_is_a_typed_error(address):
    with pytest.raises(AtbalssError):
        ask(address, path="", settings=HttpSettings(max_attempts=1))


@pytest.mark.parametrize("token", ["", "  ", "two words", f"{SECRET}\nX: y", f"{SECRET}ž"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token):
    with pytest.raises(ConfigError) as caught:
        BearerAuth(SecretStr(token))
    assert SECRET not in f"{caught.value!r} {caught.value}"


def test_a_token_from_a_file_may_end_with_a_newline():
    request = httpx.Request("GET", "https://x.lv")
    next(BearerAuth(SecretStr(f"{SECRET}\n")).auth_flow(request))
    assert request.headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("response", "settings"),
    [
        (Response(status_code=200), {}),
        (Response(status_code=401), {}),
        (Response(status_code=404), {}),
        (Response(status_code=410), {}),
        (Response(status_code=429, headers={"Retry-After": "9999"}), {}),
        (Response(status_code=500), {"max_attempts": 2}),
        (RedirectResponse(f"/again?token={SECRET}"), {}),
        (Response(status_code=302, headers={"Location": f"gopher://{SECRET}@x/?{SECRET}"}), {}),
        (Response(b"no gzip", headers={"content-encoding": "gzip"}), {"max_attempts": 2}),
        (PlainTextResponse("x" * 200), {"max_bytes": 100}),
    ],
)
def test_a_secret_appears_in_no_error_and_no_log(response, settings, caplog):
    caplog.set_level(logging.DEBUG)
    said = ""
    with serve(Server(response).app) as base, capture_logs() as lines:
        address = base.replace("http://", f"http://user:{SECRET}@")
        try:
            answer = ask(
                address,
                params={"token": SECRET},
                headers={"X-Api-Key": SECRET},
                settings=HttpSettings(per_host_interval=0, **settings),
            )
        except AtbalssError as error:
            said = f"{error} {error!r} {error.__cause__!r}"
        else:
            said = repr(answer)
    assert said
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert "HTTP Request" in logged
    for text in (said, logged, repr(lines)):
        assert SECRET not in text


@pytest.mark.parametrize("value", [f"{SECRET}\r\nX: y", f"{SECRET}\x00"])
def test_a_header_that_cannot_be_sent_is_not_shown(value, caplog):
    caplog.set_level(logging.DEBUG)
    with serve(Server(PlainTextResponse("ok")).app) as base, pytest.raises(ConfigError) as caught:
        ask(base, headers={"X-Api-Key": value})
    assert SECRET not in f"{caught.value} {caught.value!r} {caplog.text}"


def test_settings_do_not_show_the_password_of_the_proxy():
    assert SECRET not in repr(HttpSettings(proxy=f"http://me:{SECRET}@proxy.lv:3128"))


def test_impossible_settings_are_refused_without_being_repeated():
    with pytest.raises(ValueError, match="above zero"):
        HttpSettings(timeout=0)
    with pytest.raises(ValueError, match="an address starts with") as caught:
        HttpSettings(proxy=f"me:{SECRET}@proxy.lv")
    assert SECRET not in str(caught.value)


def test_parameters_are_added_to_what_the_address_asks_for():
    with serve(Server(PlainTextResponse("ok")).app) as base:
        answer = ask(base, path="/feed?key=1", params={"page": 2, "tag": ["a", "b"]})
        assert answer.url == f"{base}/feed?key=1&page=2&tag=a&tag=b"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://u:{SECRET}@x.lv:8443/a/b?token={SECRET}#f", "https://x.lv:8443/a/b"),
        ("https://x.lv", "https://x.lv/"),
        (f"https://x.lv:{SECRET}", "an invalid address"),
    ],
)
def test_a_public_address_is_scheme_host_and_path(url, shown):
    assert public_address(url) == shown
