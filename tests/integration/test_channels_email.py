"""The e-mail channel against real SMTP servers: encryption, login, and what each refusal means."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from alerts.channels import email
from alerts.channels.base import Receipt
from atbalss.errors import ChannelError, ChannelRefused, ChannelUnavailable, MessageRefused
from tests.notices import NOW, TEXTS, alert, ops, storm
from tests.servers.smtp import Mailbox, smtp_server

SECRET = "MARKEDSECRET"
POST = "MARKEDPOSTTEXT"
LOGIN = ("alerts", SECRET)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def channel(port: int, **changes: Any) -> email.EmailChannel:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "Atbalss <alerts@ozols.example>",
        "recipients": ("liga@ozols.example", "Jānis <janis@ozols.example>"),
        "timeout": 5,
    }
    return email.build(email.Settings(**(values | changes)), name="care", now=lambda: NOW)


def run(
    act: Callable[[email.EmailChannel], Any], server: dict[str, Any] | None = None, **settings: Any
) -> tuple[Any, Mailbox]:
    """Start a server, let the channel act on it, and give the result and what the server got."""

    async def inside() -> tuple[Any, Mailbox]:
        async with smtp_server(**(server or {})) as mailbox:
            return await act(channel(mailbox.port, **settings)), mailbox

    return asyncio.run(inside())


def send_hy(it: email.EmailChannel) -> Any:
    return it.send(alert("hy", text=f"{POST} {TEXTS['hy']}"))


def test_a_mail_arrives_as_it_was_written() -> None:
    receipt, mailbox = run(send_hy)
    assert receipt == Receipt("<alert-7-1@ozols.example>")
    assert mailbox.recipients == ["liga@ozols.example", "janis@ozols.example"]
    (mail,) = mailbox.mails
    assert mail["Message-ID"] == "<alert-7-1@ozols.example>"
    assert mail["To"] == "liga@ozols.example, Jānis <janis@ozols.example>"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert TEXTS["hy"] in plain.get_content()


def test_sending_again_gives_the_same_message_id() -> None:
    async def twice(it: email.EmailChannel) -> None:
        await it.send(storm())
        await it.send(storm())

    _, mailbox = run(twice)
    assert [mail["Message-ID"] for mail in mailbox.mails] == ["<storm-3@ozols.example>"] * 2


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_logs_in_over_an_encrypted_connection(
    security: str, server_context: ssl.SSLContext, ca_file: str
) -> None:
    server = {"security": security, "context": server_context, "login": LOGIN}
    receipt, mailbox = run(
        send_hy, server, security=security, ca_file=ca_file, username=LOGIN[0], password=SecretStr(SECRET)
    )
    assert receipt.reference == "<alert-7-1@ozols.example>"
    assert mailbox.encrypted == [True]
    assert mailbox.logins == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_untrusted_certificate_needs_a_person(security: str, server_context: ssl.SSLContext) -> None:
    with pytest.raises(ChannelRefused, match="certificate is not trusted") as caught:
        run(send_hy, {"security": security, "context": server_context}, security=security)
    assert "ca_file" in caught.value.remedy


def test_a_certificate_for_another_name_needs_a_person(authority: trustme.CA, ca_file: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    with pytest.raises(ChannelRefused, match="certificate is not trusted"):
        run(send_hy, {"security": "starttls", "context": context}, security="starttls", ca_file=ca_file)


def test_a_server_without_starttls_never_gets_the_mail_in_the_clear() -> None:
    async def act() -> Mailbox:
        async with smtp_server() as mailbox:
            with pytest.raises(ChannelRefused, match="does not offer"):
                await channel(mailbox.port, security="starttls").send(ops())
            return mailbox

    assert asyncio.run(act()).mails == []


def test_tls_to_a_server_that_speaks_plainly_is_tried_again() -> None:
    with pytest.raises(ChannelUnavailable):
        run(send_hy, security="tls")


def test_a_missing_ca_file_is_told_before_anything_is_sent() -> None:
    with pytest.raises(ChannelRefused, match="ca_file cannot be read"):
        run(send_hy, security="tls", ca_file="/nowhere/ca.pem")
    with pytest.raises(ChannelRefused, match="ca_file cannot be read"):
        run(send_hy, security="tls", ca_file=__file__)


def test_a_wrong_password_needs_a_person(server_context: ssl.SSLContext, ca_file: str) -> None:
    server = {"security": "starttls", "context": server_context, "login": ("alerts", "other")}
    with pytest.raises(ChannelRefused, match="535"):
        run(
            send_hy,
            server,
            security="starttls",
            ca_file=ca_file,
            username="alerts",
            password=SecretStr(SECRET),
        )


def test_a_login_that_the_server_asks_for_and_nobody_gave_needs_a_person(
    server_context: ssl.SSLContext, ca_file: str
) -> None:
    server = {"security": "starttls", "context": server_context, "login": LOGIN}
    with pytest.raises(ChannelRefused, match="530"):
        run(send_hy, server, security="starttls", ca_file=ca_file)


def test_a_login_that_the_server_does_not_know_needs_a_person() -> None:
    with pytest.raises(ChannelRefused, match="login is refused"):
        run(send_hy, username="alerts", password=SecretStr(SECRET))


ANSWERS: list[tuple[dict[str, str], type[ChannelError]]] = [
    ({"MAIL": "421 4.3.2 shutting down"}, ChannelUnavailable),
    ({"MAIL": "451 4.7.1 greylisted"}, ChannelUnavailable),
    ({"MAIL": "452 4.3.1 full"}, ChannelUnavailable),
    ({"MAIL": "550 5.7.1 not yours"}, ChannelRefused),
    ({"MAIL": "552 5.3.4 too large"}, MessageRefused),
    ({"MAIL": "530 5.7.0 log in first"}, ChannelRefused),
    ({"RCPT": "450 4.2.1 greylisted"}, ChannelUnavailable),
    ({"RCPT": "550 5.1.1 nobody here"}, MessageRefused),
    ({"liga@ozols.example": "550 no", "janis@ozols.example": "451 later"}, ChannelUnavailable),
    ({"liga@ozols.example": "421 closing"}, ChannelUnavailable),
    ({"DATA": "451 4.3.0 later"}, ChannelUnavailable),
    ({"DATA": "552 5.3.4 too large"}, MessageRefused),
    ({"DATA": "554 5.7.1 looks like spam"}, MessageRefused),
]


@pytest.mark.parametrize(("answers", "expected"), ANSWERS)
def test_an_answer_tells_what_to_do(answers: dict[str, str], expected: type[ChannelError]) -> None:
    with pytest.raises(ChannelError) as caught:
        run(send_hy, {"answers": answers})
    assert type(caught.value) is expected
    assert caught.value.remedy
    assert "ozols.example" not in str(caught.value)


def test_some_refused_recipients_are_counted_and_the_mail_is_delivered() -> None:
    with capture_logs() as events:
        receipt, mailbox = run(send_hy, {"answers": {"liga@ozols.example": "550 5.1.1 nobody"}})
    assert receipt.reference == "<alert-7-1@ozols.example> (1 of 2 recipients refused)"
    assert mailbox.recipients == ["janis@ozols.example"]
    (event,) = [event for event in events if event["action"] == "channel.sent"]
    assert (event["recipients"], event["refused"]) == (1, 1)
    assert "@" not in str(event)


def test_nobody_listening_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ChannelUnavailable, match="cannot be reached"):
        asyncio.run(channel(port).send(ops()))


def test_a_server_that_never_greets_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        it = channel(listener.getsockname()[1], timeout=0.2)
        with pytest.raises(ChannelUnavailable, match="in time"):
            asyncio.run(it.send(ops()))


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (b"421 too many connections\r\n", ChannelUnavailable),
        (b"554 no service for you\r\n", ChannelRefused),
        (b"", ChannelUnavailable),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ChannelError),
    ],
)
def test_a_strange_greeting_is_no_crash(greeting: bytes, expected: type[ChannelError]) -> None:
    async def act() -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(greeting)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            await channel(server.sockets[0].getsockname()[1]).send(ops())

    with pytest.raises(expected):
        asyncio.run(act())


def test_a_check_logs_in_and_sends_nothing(server_context: ssl.SSLContext, ca_file: str) -> None:
    server = {"security": "starttls", "context": server_context, "login": LOGIN}
    keys: dict[str, Any] = {"security": "starttls", "ca_file": ca_file}
    line, mailbox = run(lambda it: it.check(), server, **keys, username=LOGIN[0], password=SecretStr(SECRET))
    assert line == f"127.0.0.1:{mailbox.port} answers (starttls), logged in"
    assert (mailbox.connections, mailbox.logins, mailbox.mails) == (1, 1, [])
    line, mailbox = run(lambda it: it.check())
    assert line.endswith("answers (none), without login")
    with pytest.raises(ChannelRefused):
        run(lambda it: it.check(), server, **keys, username="alerts", password=SecretStr("wrong"))


@pytest.mark.parametrize(
    "keys",
    [
        {"security": "none", "host": "mail.example"},
        {"security": "none", "host": "10.0.0.1"},
        {"username": "alerts"},
        {"password": SECRET},
        {"sender": f"{SECRET}"},
        {"sender": f"{SECRET}@x.test\r\nBcc: a@b.c"},
        {"sender": "ķ@ozols.example"},
        {"recipients": ()},
        {"recipients": (f"{SECRET} at x.test",)},
        {"reply_to": f"{SECRET}@"},
        {"unsubscribe": f"javascript:{SECRET}"},
        {"unsubscribe": f"https://x.test/{SECRET}>\r\nBcc: a@b.c"},
        {"port": 0},
        {"security": SECRET},
        {"smtp_host": SECRET},
    ],
)
def test_wrong_settings_are_refused_without_repeating_them(keys: dict[str, Any]) -> None:
    good = {"host": "mail.example", "sender": "a@ozols.example", "recipients": ("b@ozols.example",)}
    assert email.Settings(**good).security == "starttls"
    with pytest.raises(ValidationError) as caught:
        email.Settings(**(good | keys))
    assert SECRET not in str(caught.value)


def test_unencrypted_mail_leaves_this_machine_only_when_allowed() -> None:
    keys: dict[str, Any] = {
        "sender": "a@ozols.example",
        "recipients": ("b@ozols.example",),
        "security": "none",
    }
    for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1"):
        assert email.Settings(host=host, **keys).host == host
    assert email.Settings(host="mail.example", allow_plain=True, **keys).allow_plain


def test_a_secret_and_a_posts_text_are_in_no_error_and_no_log(
    server_context: ssl.SSLContext, ca_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    secure: dict[str, Any] = {
        "security": "starttls",
        "ca_file": ca_file,
        "username": "alerts",
        "password": SecretStr(SECRET),
    }
    attempts: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"answers": {verb: f"{code} {SECRET} {POST}" for verb in (verb,)}}, {})
        for verb in ("MAIL", "RCPT", "DATA", "liga@ozols.example")
        for code in (421, 451, 550)
    ]
    attempts.append(({"security": "starttls", "context": server_context, "login": ("a", "b")}, secure))
    attempts.append(({"security": "starttls", "context": server_context, "login": LOGIN}, secure))
    attempts.append(({"security": "starttls", "context": server_context}, {"security": "starttls"}))
    attempts.append(({}, {"username": "alerts", "password": SecretStr(SECRET)}))
    refused = 0
    with caplog.at_level(logging.DEBUG), capture_logs() as events:
        for server, settings in attempts:
            told.append(repr(channel(1, **settings)))
            try:
                told.append(str(run(send_hy, server, **settings)[0]))
            except ChannelError as error:
                refused += 1
                told.extend((str(error), repr(error), repr(error.__cause__)))
    # The server runs in this process too: its own log is not ours.
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]
    # All but two answers to a single recipient of two (a 421 there ends the session) and one good login.
    assert refused == len(attempts) - 3
    assert SECRET not in "\n".join([*told, *lines, str(events)])
    assert POST not in "\n".join([*told, *lines, str(events)])
