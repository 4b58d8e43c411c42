"""The IMAP collector against a real Dovecot."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from atbalss.errors import ConfigError, SourceAuthLost, SourceChanged, SourceUnavailable
from collectors.base import Context, Cursor, Page
from collectors.http import HttpSettings, open_http
from collectors.imap import Settings, build
from collectors.post import Post, PostKind
from collectors.walk import walk
from tests.servers.imap import Dovecot, dovecot_server

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MARKED = "markets-teksts-XYZ"


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot_server() as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A mailbox of the test's own."""
    return f"u{abs(hash(request.node.nodeid)) % 10**12}"


def message(number: int, text: str = "", **headers: str) -> bytes:
    fields = {
        "From": "Anna Liepa <Anna@x.example>",
        "To": "info@veikals.example",
        "Subject": f"Temats {number}",
        "Message-ID": f"<m{number}@x.example>",
        "Date": "Fri, 20 Nov 2026 10:00:00 +0200",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{text or f'Teksts {number}'}\r\n".encode()


async def no_sleep(seconds: float) -> None:
    """Nothing here waits."""


def run(call: Callable[[Context], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with open_http(HttpSettings(), now=lambda: NOW, sleep=no_sleep) as http:
            return await call(Context(http=http, now=lambda: NOW, sleep=no_sleep, random=random.Random(1)))

    return asyncio.run(main())


def settings(server: Dovecot, user: str, **changes: Any) -> Settings:
    values = {"host": server.host, "port": server.plain_port, "tls": "none", "username": user} | changes
    return Settings(**{"password": server.password} | values)


def collect(server: Dovecot, user: str, cursor: Cursor | None = None, **changes: Any) -> list[Page]:
    collector = build(settings(server, user, **changes), source="pasts")

    async def pages(context: Context) -> list[Page]:
        return [page async for page in walk(collector, cursor, context, source="pasts", max_pages=1000)]

    found: list[Page] = run(pages)
    return found


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def names(*numbers: int) -> list[str]:
    return [f"<m{number}@x.example>" for number in numbers]


def test_new_messages_are_read_once_and_in_order(server, user):
    server.append(user, *(message(number) for number in range(5)))
    pages = collect(server, user, page_size=2)
    assert [len(page.posts) for page in pages] == [2, 2, 1]
    assert ids(pages) == names(0, 1, 2, 3, 4)
    # "UID n:*" holds the last message even when it is older than n.
    assert collect(server, user, pages[-1].cursor) == [Page((), pages[-1].cursor)]
    server.append(user, message(5))
    assert ids(collect(server, user, pages[-1].cursor)) == names(5)


def test_a_cursor_from_any_page_continues_there(server, user):
    server.append(user, *(message(number) for number in range(5)))
    pages = collect(server, user, page_size=2)
    assert [ids(collect(server, user, page.cursor)) for page in pages] == [names(2, 3, 4), names(4), []]


def test_a_message_becomes_a_post(server, user):
    text = "Labdien!\r\nKafija bija auksta.\r\n\r\nAr cieņu,\r\nAnna\r\n\r\n> Vai viss kārtībā?"
    server.append(user, message(1, text, In_Reply_To="<jautajums@veikals.example>"))
    assert collect(server, user)[0].posts == (
        Post(
            external_id="<m1@x.example>",
            kind=PostKind.MAIL,
            text="Labdien!\nKafija bija auksta.",
            title="Temats 1",
            author="Anna Liepa",
            author_id="anna@x.example",
            published_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
            parent_id="<jautajums@veikals.example>",
        ),
    )


def test_nothing_is_marked_as_read(server, user):
    server.append(user, message(1), message(2))
    collect(server, user)
    with server.session(user) as client:
        client.select("INBOX")
        assert client.search(None, "UNSEEN")[1] == [b"1 2"]


def test_an_empty_mailbox_is_an_empty_page(server, user):
    [page] = collect(server, user)
    assert page.posts == ()
    assert page.cursor["uid"] == 0
    server.append(user, message(1))
    assert ids(collect(server, user, page.cursor)) == names(1)


def test_the_first_run_goes_back_some_days(server, user):
    server.append(user, message(1), received=NOW - timedelta(days=40))
    server.append(user, message(2), received=NOW - timedelta(days=10))
    assert ids(collect(server, user)) == names(2)
    assert ids(collect(server, user, first_run_days=60)) == names(1, 2)


def test_a_mailbox_with_only_old_messages_is_empty_and_new_ones_follow(server, user):
    server.append(user, message(1), received=NOW - timedelta(days=40))
    [page] = collect(server, user)
    assert page.posts == ()
    server.append(user, message(2), received=NOW)
    assert "<m2@x.example>" in ids(collect(server, user, page.cursor))


def test_a_folder_that_is_made_anew_is_read_again(server, user):
    with server.session(user) as client:
        client.create("Atsauksmes")
    old = NOW - timedelta(days=20)
    server.append(user, message(1), message(2), message(3), folder="Atsauksmes", received=old)
    before = collect(server, user, folder="Atsauksmes")[-1].cursor
    with server.session(user) as client:
        client.delete("Atsauksmes")
        client.create("Atsauksmes")
    server.append(user, message(3), message(4), folder="Atsauksmes", received=old)
    # The new numbers are below the old ones: only UIDVALIDITY tells. Messages are looked for as far back as the
    # first run did, however short that setting is by now.
    [page] = collect(server, user, before, folder="Atsauksmes", first_run_days=0)
    assert ids([page]) == names(3, 4)
    assert page.cursor["uidvalidity"] != before["uidvalidity"]
    assert page.cursor["since"] == before["since"]


def test_a_folder_may_have_letters_of_the_language(server, user):
    with server.session(user) as client:
        client.create('"Klientu v&ARM-stules"')
    server.append(user, message(1), folder='"Klientu v&ARM-stules"')
    assert ids(collect(server, user, folder="Klientu vēstules")) == names(1)


def test_automatic_mails_and_own_mails_are_left_out(server, user):
    server.append(
        user,
        message(1, Auto_Submitted="auto-replied"),
        message(2, From="Veikals <info@veikals.example>"),
        message(3, From="Mēs <kaut.kas@cits.example>"),
        message(4, From="Klients <klients@nav-cits.example>"),
    )
    found = collect(server, user, exclude_senders=("Info@veikals.example", "@cits.example"))
    assert ids(found) == names(4)
    assert found[0].problems == ()


def test_a_message_without_readable_text_is_a_problem_and_blocks_nothing(server, user):
    server.append(
        user,
        message(1, " "),
        message(2, "> tikai citāts"),
        b"\x00\xff not a mail",
        message(4, Content_Type="multipart/mixed; boundary=nowhere"),
        message(5),
    )
    [page] = collect(server, user)
    assert ids([page]) == names(5)
    assert [problem.where for problem in page.problems] == [f"message with UID {uid}" for uid in (1, 2, 3, 4)]
    assert page.cursor["uid"] == 5


def test_a_large_attachment_does_not_cost_the_text(server, user):
    text = "--b\r\nContent-Type: text/plain\r\n\r\nTeksts\r\n"
    attachment = f"--b\r\nContent-Type: application/pdf\r\n\r\n{'x' * 50_000}\r\n"
    body, late = f"{text}{attachment}--b--", f"{attachment}{text}--b--"
    mixed = "multipart/mixed; boundary=b"
    server.append(user, message(1, body, Content_Type=mixed), message(2, late, Content_Type=mixed))
    [page] = collect(server, user, max_message_bytes=10_000)
    assert [(post.external_id, post.text) for post in page.posts] == [("<m1@x.example>", "Teksts")]
    [problem] = page.problems
    assert "only its first 10000 bytes were read" in problem.reason


def test_tls_and_starttls_check_the_certificate(server, user):
    server.append(user, message(1))
    for tls, port in (("tls", server.tls_port), ("starttls", server.plain_port)):
        trusted = {"tls": tls, "port": port, "ca_file": server.ca_file}
        assert ids(collect(server, user, **trusted)) == names(1)
        with pytest.raises(SourceUnavailable, match="certificate"):
            collect(server, user, tls=tls, port=port)


@pytest.mark.parametrize("password", ["nepareiza-XYZ", "nepareizā-XYZ"])
def test_a_refused_login_is_lost_access(server, user, password, caplog, capsys):
    with pytest.raises(SourceAuthLost) as caught:
        collect(server, user, password=password)
    shown = f"{caught.value!s} {caught.value!r} {caplog.text} {capsys.readouterr()}"
    assert "pasts" in shown
    assert "XYZ" not in shown


def test_a_missing_folder_is_a_change_that_names_it(server, user):
    with pytest.raises(SourceChanged, match="Nav"):
        collect(server, user, folder="Nav")


def test_a_missing_ca_file_is_a_mistake_of_the_configuration(server, user, tmp_path):
    with pytest.raises(ConfigError, match="ca_file"):
        collect(server, user, tls="tls", port=server.tls_port, ca_file=tmp_path / "none.pem")


def test_a_check_logs_in_and_counts(server, user):
    server.append(user, message(1), message(2))
    assert run(build(settings(server, user), source="pasts").check) == "INBOX: 2 messages"


def test_texts_and_passwords_are_in_no_log_and_no_problem(server, user, caplog, capsys):
    server.append(user, message(1, f"> {MARKED}"), message(2, MARKED, Auto_Submitted="auto-replied"))
    [page] = collect(server, user)
    shown = f"{page!r} {caplog.text} {capsys.readouterr()} {settings(server, user)!r}"
    assert "UID 1" in shown
    assert MARKED not in shown
    assert server.password not in shown


def test_building_does_no_io_and_stopping_early_closes_the_connection(server, user):
    server.append(user, *(message(number) for number in range(4)))
    collector = build(settings(server, user, page_size=1), source="pasts")

    async def first_page(context: Context) -> list[Page]:
        return [page async for page in walk(collector, None, context, source="pasts", max_pages=1)]

    assert ids(run(first_page)) == names(0)
    for thread in threading.enumerate():
        if thread.name == "imap pasts":
            thread.join(timeout=10)
            assert not thread.is_alive()


def test_stopping_while_the_server_is_silent_does_not_wait_for_it():
    values = {"host": "127.0.0.1", "tls": "none", "username": "u", "password": "p", "timeout": 100}
    heard = threading.Event()

    async def stop(context: Context) -> None:
        collector = build(Settings(**values, port=port), source="pasts")
        task = asyncio.create_task(collector.check(context))
        await asyncio.to_thread(heard.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with saying(b"* OK hello\r\n", heard=heard) as port:
        run(stop)
        [thread] = [thread for thread in threading.enumerate() if thread.name == "imap pasts"]
        assert thread.daemon
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_stopping_while_a_message_is_fetched_ends_its_thread(server, user):
    server.append(user, *(message(number) for number in range(3)))
    collector = build(settings(server, user, page_size=1), source="pasts")

    async def stop(context: Context) -> None:
        pages = aiter(collector.pages(None, context))
        await anext(pages)

        async def following() -> Page:
            return await anext(pages)

        task = asyncio.create_task(following())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(stop)
    for thread in threading.enumerate():
        if thread.name == "imap pasts":
            thread.join(timeout=10)
            assert not thread.is_alive()


@contextmanager
def saying(
    greeting: bytes, capabilities: bytes | None = None, heard: threading.Event | None = None
) -> Iterator[int]:
    """A server that greets whoever connects and answers every command alike, or never; it hangs up after BYE."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def talk() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(greeting)
            if heard is not None:
                lines.readline()
                heard.set()
            if capabilities is not None:
                for line in lines:
                    tag = line.split(b" ")[0]
                    connection.sendall(b"* CAPABILITY " + capabilities + b"\r\n" + tag + b" OK done\r\n")
            elif not greeting.startswith(b"* BYE"):
                stopped.wait(20)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        thread.join(timeout=10)
        listener.close()


@pytest.mark.parametrize(
    ("greeting", "error", "reason"),
    [
        (b"* BYE too busy\r\n", SourceUnavailable, "cannot be reached"),
        (b"220 mail.example ESMTP\r\n", SourceChanged, "does not offer IMAP"),
        (b"", SourceUnavailable, "did not answer in time"),
        (b"* OK hello\r\n", SourceUnavailable, "did not answer in time"),
    ],
)
def test_a_server_that_is_none_or_silent_is_named(greeting, error, reason):
    values = {"host": "127.0.0.1", "tls": "none", "username": "u", "password": "p", "timeout": 0.3}
    with saying(greeting) as port:
        collector = build(Settings(**values, port=port), source="pasts")
        with pytest.raises(error, match=reason):
            run(collector.check)


def test_a_server_without_starttls_never_hears_the_password():
    values = {"host": "127.0.0.1", "tls": "starttls", "username": "u", "password": "p"}
    with saying(b"* OK hello\r\n", b"IMAP4rev1") as port:
        collector = build(Settings(**values, port=port), source="pasts")
        with pytest.raises(SourceChanged, match="starttls"):
            run(collector.check)


def test_an_unreachable_server_is_unavailable():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    values = {"host": "127.0.0.1", "port": port, "tls": "none", "username": "u", "password": "p"}
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        run(build(Settings(**values), source="pasts").check)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tls": "none"},
        {"tls": "maybe"},
        {"port": 0},
        {"exclude_senders": ("veikals",)},
        {"page_size": 0},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    values = {"host": "mail.example", "username": "u", "password": "geheim-XYZ"}
    assert "XYZ" not in repr(Settings(**values))
    with pytest.raises(ValidationError) as caught:
        Settings(**values, **wrong)
    assert "XYZ" not in str(caught.value)
