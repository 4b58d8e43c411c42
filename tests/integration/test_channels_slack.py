"""The Slack channel over real sockets: delivery, and what each refusal means for the outbox."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from alerts.channels import slack
from alerts.channels.base import Channel, Receipt
from atbalss.errors import (
    ChannelError,
    ChannelRefused,
    ChannelThrottled,
    ChannelUnavailable,
    MessageRefused,
)
from tests.notices import NOW, TEXTS, alert, ops, storm
from tests.servers.http import serve
from tests.servers.slack import Answer, FakeSlack

SECRET = "MARKEDSECRET"
POST = "MARKEDPOSTTEXT"


_FAKE = FakeSlack(token=f"xoxb-{SECRET}", path=f"/services/T0/B0/{SECRET}")


@pytest.fixture
def fake() -> FakeSlack:
    _FAKE.forget()
    return _FAKE


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(_FAKE.app()) as address:
        yield address


def webhook(address: str, path: str = f"/services/T0/B0/{SECRET}", **changes: Any) -> slack.SlackChannel:
    settings = slack.Settings(url=SecretStr(address + path), **changes)
    return slack.build(settings, name="team", now=lambda: NOW)


def bot(address: str, token: str = f"xoxb-{SECRET}") -> slack.SlackChannel:
    settings = slack.Settings(token=SecretStr(token), channel="C1", api_url=f"{address}/api/")
    return slack.build(settings, name="team", now=lambda: NOW)


def send(channel: Channel, notice: Any = None) -> Receipt:
    return asyncio.run(channel.send(notice or alert("hy", text=f"{POST} {TEXTS['hy']}")))


def test_a_webhook_delivers_every_kind_of_notice(fake: FakeSlack, address: str) -> None:
    for notice in (alert("lv"), storm(), ops()):
        assert send(webhook(address), notice) == Receipt(notice.event_id)
    assert [message["blocks"][-1]["elements"][0]["text"] for message in fake.messages] == [
        "Event alert-7-1",
        "Event storm-3",
        "Event ops-google-riga-auth",
    ]


def test_a_bot_delivers_and_the_receipt_is_slacks_own_name(fake: FakeSlack, address: str) -> None:
    assert send(bot(address)) == Receipt("1503435956.000001")
    assert fake.messages[0]["metadata"] == {
        "event_type": "atbalss_alert",
        "event_payload": {"event_id": "alert-7-1"},
    }
    assert fake.messages[0]["channel"] == "C1"


def test_a_given_client_is_used_and_stays_open(fake: FakeSlack, address: str) -> None:
    async def twice() -> bool:
        async with httpx.AsyncClient() as client:
            settings = slack.Settings(token=SecretStr(fake.token), channel="C1", api_url=f"{address}/api")
            channel = slack.build(settings, name="team", now=lambda: NOW, client=client)
            await channel.send(ops())
            await channel.send(ops())
            return client.is_closed

    assert asyncio.run(twice()) is False
    assert len(fake.messages) == 2


WEBHOOK_ANSWERS = [
    (Answer(404, "no_service"), ChannelRefused),
    (Answer(404, "<html>not found</html>"), ChannelRefused),
    (Answer(404, "channel_not_found"), ChannelRefused),
    (Answer(410, "channel_is_archived"), ChannelRefused),
    (Answer(403, "invalid_token"), ChannelRefused),
    (Answer(403, "action_prohibited"), ChannelRefused),
    (Answer(400, "invalid_token"), ChannelRefused),
    (Answer(400, "invalid_blocks"), MessageRefused),
    (Answer(400, "invalid_payload"), MessageRefused),
    (Answer(400, "no_text"), MessageRefused),
    (Answer(400, ""), MessageRefused),
    (Answer(413, "<html>too large</html>"), MessageRefused),
    (Answer(400, "a_word_of_tomorrow"), ChannelRefused),
    (Answer(500, "rollup_error"), ChannelUnavailable),
    (Answer(503, "<html>down</html>"), ChannelUnavailable),
    (Answer(408), ChannelUnavailable),
    (Answer(200, "<html>log in to the hotel's network</html>"), ChannelUnavailable),
    (Answer(429, "rate_limited"), ChannelThrottled),
]


@pytest.mark.parametrize(("answer", "expected"), WEBHOOK_ANSWERS)
def test_a_webhooks_answer_tells_what_to_do(
    fake: FakeSlack, address: str, answer: Answer, expected: type[ChannelError]
) -> None:
    fake.next.append(answer)
    with pytest.raises(ChannelError) as caught:
        send(webhook(address))
    assert type(caught.value) is expected
    assert fake.requests == 1
    assert send(webhook(address)).reference == "alert-7-1"


BOT_ERRORS = [
    ("channel_not_found", ChannelRefused),
    ("not_in_channel", ChannelRefused),
    ("is_archived", ChannelRefused),
    ("invalid_auth", ChannelRefused),
    ("token_revoked", ChannelRefused),
    ("missing_scope", ChannelRefused),
    ("a_word_of_tomorrow", ChannelRefused),
    ("invalid_blocks", MessageRefused),
    ("msg_too_long", MessageRefused),
    ("no_text", MessageRefused),
    ("ratelimited", ChannelThrottled),
    ("rate_limited", ChannelThrottled),
    ("internal_error", ChannelUnavailable),
    ("fatal_error", ChannelUnavailable),
]


@pytest.mark.parametrize(("code", "expected"), BOT_ERRORS)
def test_a_bots_answer_tells_what_to_do_although_it_is_200(
    fake: FakeSlack, address: str, code: str, expected: type[ChannelError]
) -> None:
    fake.next.append(Answer(200, json.dumps({"ok": False, "error": code}), {"Retry-After": "7"}))
    with pytest.raises(ChannelError) as caught:
        send(bot(address))
    assert type(caught.value) is expected
    assert code in str(caught.value) or expected is ChannelThrottled
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("body", "status"), [("[]", 200), ("not json", 200), ("{}", 200), ('{"ok": 1}', 200)]
)
def test_an_answer_that_is_not_slacks_is_tried_again(
    fake: FakeSlack, address: str, body: str, status: int
) -> None:
    fake.next.append(Answer(status, body))
    with pytest.raises(ChannelUnavailable):
        send(bot(address))


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("17", 17.0),
        ("0.2", 1.0),
        ("0", 1.0),
        ("-5", 1.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 1.0),
        ("soon", slack.DEFAULT_WAIT),
        ("nan", slack.DEFAULT_WAIT),
        ("inf", slack.DEFAULT_WAIT),
        (None, slack.DEFAULT_WAIT),
    ],
)
def test_the_channel_waits_as_long_as_slack_asks(
    fake: FakeSlack, address: str, header: str | None, wait: float
) -> None:
    for channel in (webhook(address), bot(address)):
        fake.next.append(Answer(429, "", {} if header is None else {"Retry-After": header}))
        with pytest.raises(ChannelThrottled) as caught:
            send(channel)
        assert caught.value.retry_after == wait


def test_an_unavailable_slack_may_also_say_how_long(fake: FakeSlack, address: str) -> None:
    fake.next.append(Answer(503, "", {"Retry-After": "60"}))
    with pytest.raises(ChannelUnavailable) as caught:
        send(webhook(address))
    assert caught.value.retry_after == 60.0


def test_nobody_listening_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ChannelUnavailable):
        send(webhook(f"http://127.0.0.1:{port}"))


def test_a_server_that_never_answers_is_tried_again() -> None:
    # Accepted by the kernel, never read.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        channel = webhook(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.2)
        with pytest.raises(ChannelUnavailable, match=r"0\.2 s"):
            send(channel)


def test_a_redirect_is_not_followed_with_the_message() -> None:
    seen = []

    async def away(request: Request) -> RedirectResponse:
        seen.append(request.url.path)
        return RedirectResponse("/elsewhere", 307)

    app = Starlette(routes=[Route("/{path:path}", away, methods=["POST"])])
    with serve(app) as address, pytest.raises(ChannelRefused):
        send(webhook(address))
    assert len(seen) == 1


def test_a_check_of_a_token_asks_slack_and_posts_nothing(fake: FakeSlack, address: str) -> None:
    assert asyncio.run(bot(address).check()) == "token accepted: bot atbalss in Ozols; posts to C1"
    with pytest.raises(ChannelRefused, match="invalid_auth"):
        asyncio.run(bot(address, token="xoxb-wrong").check())
    assert fake.messages == []


def test_a_check_of_a_webhook_sends_nothing_and_says_so(fake: FakeSlack, address: str) -> None:
    line = asyncio.run(webhook(address).check())
    assert "cannot be tried without posting" in line
    assert SECRET not in line
    assert fake.requests == 0


def test_building_does_no_io_and_limits_are_slacks() -> None:
    channel = webhook("https://hooks.slack.test")
    assert channel.limits.text_chars == 3000
    assert channel.limits.interval == 1.0
    assert channel.name == "team"


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"url": f"https://x.test/{SECRET}", "token": SECRET, "channel": "C1"},
        {"token": SECRET},
        {"token": "", "channel": "C1"},
        {"url": f"https://x.test/{SECRET}", "channel": "C1"},
        {"url": f"http://x.test/{SECRET}"},
        {"url": SECRET},
        {"url": f"https://[{SECRET}"},
        {"token": SECRET, "channel": "C1", "api_url": "http://slack.test"},
        {"url": f"https://x.test/{SECRET}", "colour": "red"},
        {"url": f"https://x.test/{SECRET}", "timeout": 0},
    ],
)
def test_wrong_settings_are_refused_without_repeating_them(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        slack.Settings(**keys)
    assert SECRET not in str(caught.value)


def test_a_secret_and_a_posts_text_are_in_no_error_and_no_log(
    fake: FakeSlack, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    answers = [answer for answer, _ in WEBHOOK_ANSWERS]
    answers += [Answer(400, SECRET), Answer(404, f"<{SECRET}>"), Answer(200, json.dumps({"error": SECRET}))]
    told: list[str] = []
    before = list(logging.getLogger("httpx").filters)
    with caplog.at_level(logging.DEBUG), capture_logs() as events:
        for make in (webhook, bot):
            for answer in [*answers, None]:
                if answer is not None:
                    fake.next.append(answer)
                try:
                    told.append(send(make(address)).reference)
                except ChannelError as error:
                    told.extend((str(error), repr(error), repr(error.__cause__)))
            with pytest.raises(ChannelUnavailable) as caught:
                send(make(closed))
            told.extend((str(caught.value), repr(make(address)), repr(make(address).settings)))
    # The server runs in this process too: its own access log is not ours.
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn")]
    everything = "\n".join([*told, *lines, str(events)])
    assert "HTTP Request: POST http://127.0.0.1/..." in everything
    assert SECRET not in everything
    assert POST not in everything
    assert logging.getLogger("httpx").filters == before


def test_an_address_that_httpx_writes_differently_is_hidden_too(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    odd = webhook(address.replace("127.0.0.1", "LOCALHOST"), f"/services/ķ|{SECRET}/ x")
    with caplog.at_level(logging.INFO, logger="httpx"), pytest.raises(ChannelRefused, match="no_service"):
        send(odd)
    lines = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert lines == ['HTTP Request: POST http://localhost/... "HTTP/1.1 404 Not Found"']


def test_a_malformed_address_needs_a_person() -> None:
    with pytest.raises(ChannelRefused, match="malformed") as caught:
        send(webhook("https://hooks.slack.test", f"/services/{SECRET}\x01"))
    assert SECRET not in str(caught.value)
