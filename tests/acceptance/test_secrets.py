"""A marked secret and a marked post run through every error path, and neither is ever printed.

Whatever a command or the daemon prints and whatever `status --json` and the stored errors say is searched for both
marks. Only what exists to show posts (alerts, digest, explain, export) may hold the post's.
"""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import ClassVar

import pytest

from atbalss.config.model import HttpTable
from tests.acceptance.daemon import daemon
from tests.command_line import CommandLine
from tests.servers.http import serve
from tests.servers.ledger import mail_ledger

SECRET = "k3y-of-the-House-77"
TEXT = "Zirneklis tējkannā"

HEAD = """
[model]
name = "tiny"

[daemon]
tick = "1s"
listen = "127.0.0.1:0"
log_format = "json"
log_level = "debug"

[http]
timeout = "1s"
total_timeout = "2s"
max_attempts = 2
max_wait = "1s"
per_host_interval = "1s"

[storm]
posts = 1000

[[brands]]
id = "shop"
name = "Veikals"
zone = "Europe/Riga"

[[rules]]
name = "all"
max_stars = 5
"""

FILE = '\n[[sources]]\nid = "file"\nbrand = "shop"\ntype = "file"\npath = "posts.jsonl"\nalert_first_run = true\n'


def source(name: str, kind: str, /, **keys: object) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return f'\n[[sources]]\nid = "{name}"\nbrand = "shop"\ntype = "{kind}"\n{lines}'


def channel(name: str, kind: str, /, **keys: object) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return f'\n[[channels]]\nname = "{name}"\ntype = "{kind}"\n{lines}'


QUIET = channel("files", "console", show=False)


class Watched:
    """A command line whose every output is searched."""

    def __init__(self, cli: CommandLine) -> None:
        self._cli = cli
        self.folder = cli.folder
        self.write = cli.write
        self.configure = cli.configure

    def __call__(self, *arguments, code=None):
        result = self._cli("--verbose", *arguments)
        check(result.out + result.err)
        if code is not None:
            assert result.code == code, result.err
        return result

    def look_everywhere(self):
        """What the tables remember of errors is shown by these."""
        self("status")
        self("status", "--json")
        self("alerts", "list")
        self("alerts", "list", "--dead")


def check(output: str) -> None:
    assert SECRET not in output
    assert TEXT not in output


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("MARKED", SECRET)
    command = Watched(CommandLine(tmp_path, monkeypatch, capfd))
    posts = ({"id": str(n), "text": f"{TEXT} {n}", "stars": 1, "author": f"{TEXT} {n}"} for n in range(3))
    command.write("posts.jsonl", *posts)
    return command


class HostileSite:
    """Answers what the path says, and repeats all that it was sent."""

    async def __call__(self, scope, receive, send):
        message = await receive()
        sent = b"".join(value for _, value in scope["headers"]) + scope["query_string"] + scope["raw_path"]
        echo = sent + message.get("body", b"") + f" {SECRET} {TEXT}".encode()
        kind = next((part for part in scope["path"].split("/") if part in self.ANSWERS), "html")
        status, content_type, body = self.ANSWERS[kind]
        headers = [(b"content-type", content_type), (b"www-authenticate", b"Bearer " + SECRET.encode())]
        if kind == "redirect":
            headers.append((b"location", f"ftp://user:{SECRET}@127.0.0.1/?key={SECRET}".encode()))
        if kind == "slow":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.replace(b"ECHO", echo)})

    ANSWERS: ClassVar = {
        "refused": (401, b"text/plain", b"ECHO"),
        "forbidden": (403, b"application/json", b'{"error": "ECHO"}'),
        "missing": (404, b"text/html", b"ECHO"),
        "gone": (410, b"text/html", b"ECHO"),
        "throttled": (429, b"text/plain", b"ECHO"),
        "broken": (500, b"text/html", b"ECHO"),
        "html": (200, b"text/html", b"<html><title>ECHO</title><p>ECHO</html>"),
        "torn": (200, b"application/json", b'{"ECHO": ['),
        "xml": (200, b"application/rss+xml", b"<rss><channel><item>ECHO"),
        "redirect": (302, b"text/plain", b"ECHO"),
        "slow": (200, b"text/plain", b""),
        "invalid": (200, b"application/json", b'{"ok": false, "error": "ECHO"}'),
        "auth": (200, b"application/json", b'{"ok": false, "error": "invalid_auth", "needed": "ECHO"}'),
        "blocks": (200, b"application/json", b'{"ok": false, "error": "invalid_blocks"}'),
    }


class RefusingImap(socketserver.StreamRequestHandler):
    """An IMAP server that refuses every login and repeats it."""

    def handle(self):
        self.wfile.write(b"* OK IMAP4rev1 ready\r\n")
        for line in self.rfile:
            tag, _, rest = line.strip().partition(b" ")
            if rest.upper().startswith(b"CAPABILITY"):
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n")
            elif rest.upper().startswith(b"LOGOUT"):
                self.wfile.write(b"* BYE\r\n" + tag + b" OK\r\n")
                return
            else:
                self.wfile.write(tag + b" NO [AUTHENTICATIONFAILED] you said " + rest + b"\r\n")


@contextmanager
def imap_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), RefusingImap) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def hostile():
    """Sources and channels of every kind, each with the secret, all failing in their own way."""
    with ExitStack() as stack:
        site = stack.enter_context(serve(HostileSite()))
        imap = stack.enter_context(imap_server())
        refuses = stack.enter_context(
            mail_ledger(login=("user", "another"), answers={"DATA": f"554 5.7.1 {SECRET}"})
        )
        rejects = stack.enter_context(
            mail_ledger(answers={"DATA": f"554 5.7.1 we do not like <{SECRET}> in your text"})
        )
        sources = [
            source(f"feed-{kind}", "feed", url=f"{site}/{kind}/rss?key=${{MARKED}}", token="${MARKED}")
            for kind in (
                "refused",
                "forbidden",
                "missing",
                "gone",
                "throttled",
                "broken",
                "html",
                "xml",
                "redirect",
            )
        ]
        mailbox = {"host": "127.0.0.1", "tls": "none", "username": "me", "password": "${MARKED}"}
        sources += [
            source("feed-slow", "feed", url=f"{site}/slow/rss?key=${{MARKED}}"),
            source("feed-nobody", "feed", url="http://127.0.0.1:1/rss?key=${MARKED}", token="${MARKED}"),
            source("page", "schema_org", urls=[f"{site}/html/page?key=${{MARKED}}"]),
            source("page-broken", "schema_org", urls=[f"{site}/broken/page?key=${{MARKED}}"]),
            source("toots", "mastodon", server=f"{site}/refused", hashtag="kafija", token="${MARKED}"),
            source("toots-torn", "mastodon", server=f"{site}/torn", hashtag="kafija", token="${MARKED}"),
            source("mail", "imap", port=imap, **mailbox),
            source("mail-nobody", "imap", port=1, **mailbox),
        ]
        channels = [
            channel(f"hook-{kind}", "slack", url=f"{site}/{kind}/${{MARKED}}", timeout=1)
            for kind in ("refused", "missing", "throttled", "broken", "html", "slow", "redirect")
        ]
        channels += [
            channel(
                f"bot-{kind}",
                "slack",
                token="${MARKED}",
                channel="C1",
                api_url=f"{site}/{kind}/api",
                timeout=1,
            )
            for kind in ("auth", "invalid", "blocks", "torn", "broken")
        ]
        mail = {"sender": "a@shop.example", "recipients": ["b@shop.example"], "security": "none"}
        login = {"username": "user", "password": "${MARKED}"}
        channels += [
            channel("hook-nobody", "slack", url="http://127.0.0.1:1/services/${MARKED}"),
            channel("smtp-login", "email", host="127.0.0.1", port=refuses.port, **mail, **login),
            channel("smtp-data", "email", host="127.0.0.1", port=rejects.port, **mail),
            channel("smtp-nobody", "email", host="127.0.0.1", port=1, **mail, **login),
        ]
        yield "".join(sources), "".join(channels)


@pytest.fixture
def no_pauses(monkeypatch):
    """This machine need not be spared: requests follow each other at once."""
    settings = HttpTable.client_settings
    monkeypatch.setattr(
        HttpTable, "client_settings", lambda table: replace(settings(table), per_host_interval=0)
    )


@pytest.mark.slow
@pytest.mark.usefixtures("no_pauses")
def test_sources_and_channels_that_fail_tell_no_secret(cli, hostile):
    sources, channels = hostile
    cli.configure(HEAD + FILE + sources + channels)
    result = cli("run", "--once", code=1)
    failed = [line for line in result.err.splitlines() if line.startswith("atbalss: ")]
    assert len(failed) == sources.count("[[sources]]")
    status = cli("status", "--json", code=1).json
    # All of them did fail; nothing was sent by accident.
    assert {one["source"] for one in status["sources"] if one["failures"]} == {
        one["source"] for one in status["sources"] if one["source"] != "file"
    }
    assert all("sent" not in one["counts"] for one in status["channels"])
    cli.look_everywhere()
    cli("alerts", code=1)
    cli("alerts", "resume")
    cli("alerts", code=1)
    cli("check", code=1)
    cli.look_everywhere()


@pytest.mark.slow
def test_a_daemon_that_logs_everything_tells_no_secret(cli, hostile):
    sources, channels = hostile
    cli.configure(HEAD + FILE + sources + channels + QUIET)
    names = [line.split('"')[1] for line in channels.splitlines() if line.startswith("name = ")]
    with daemon(cli.folder / "atbalss.toml") as running:
        # What goes well is logged as well, and no more of it.
        running.wait_for("deliver.sent", channel="files")
        for name in names:
            running.wait_for("deliver.failed", channel=name)
        for line in sources.splitlines():
            if line.startswith("id = "):
                running.wait_for("collect.failed", source=line.split('"')[1])
        assert running.stop() == 0
    check(running.output)


@pytest.mark.usefixtures("no_pauses")
def test_a_proxy_with_a_password_is_not_told(cli):
    cli.configure(
        HEAD.replace("[http]", '[http]\nproxy = "http://user:${MARKED}@127.0.0.1:1"')
        + source("feed", "feed", url="http://feeds.example/rss")
        + source("secure", "feed", url="https://feeds.example/rss")
        + QUIET
    )
    result = cli("collect", code=1)
    assert "cannot be reached" in result.err
    cli("check", code=1)
    cli.look_everywhere()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:${MARKED}@127.0.0.1:1/none",
        "postgresql+psycopg://user:${MARKED}@127.0.0.1:1/none?connect_timeout=1",
        "postgresql://user:${MARKED}@/none?host=/no/such/folder",
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_password(cli, url):
    cli.configure(f'[database]\nurl = "{url}"\n' + HEAD + FILE + QUIET)
    for command in (
        ("status",),
        ("check",),
        ("run", "--once"),
        ("run",),
        ("collect",),
        ("export", "--output", "a.csv"),
    ):
        result = cli(*command, code=1)
        assert result.out + result.err
    assert "127.0.0.1" in cli("status").err or "no/such/folder" in cli("status").err


@pytest.mark.parametrize(
    "wrong",
    [
        '[database]\nurl = "mysql://user:${MARKED}@host/name"\n',
        '[database]\nurl = "${MARKED}"\n',
        '[database]\nurl = ["${MARKED}"]\n',
        '[privacy]\nauthor_key_file = "${MARKED}"\n',
        '[retention]\nposts = "${MARKED}"\n',
        '[http2]\nproxy = "${MARKED}"\n',
        '[digest]\nweekday = "${MARKED}"\n',
        channel("slack", "slack", url="ftp://${MARKED}"),
        channel("slack", "slack", url="http://hooks.example/${MARKED}"),
        channel("slack", "slack", token="${MARKED}"),
        channel("slack", "slack", tokn="${MARKED}", channel="C1"),
        channel("slack", "slack", token="${MARKED}", channel="C1", timeout="${MARKED}"),
        channel("slack", "slack", token=["${MARKED}"], channel="C1"),
        channel("slack", "slack", token_file="${MARKED}", channel="C1"),
        channel(
            "mail", "email", host="h", sender="${MARKED}", recipients=["${MARKED}"], password="${MARKED}"
        ),
        channel(
            "mail", "email", host="h", sender="a@b.example", recipients=["a@b.example"], security="${MARKED}"
        ),
        channel("mail", "${MARKED}"),
        source("toots", "mastodon", server="${MARKED}", hashtag="x", token="${MARKED}"),
        source("toots", "mastodon", server="https://m.example", token="${MARKED}"),
        source("mail", "imap", host="imap.example", username="me", password="${MARKED}", tls="${MARKED}"),
        source("mail", "imap", host="imap.example", username="me", pasword="${MARKED}"),
        source("feed", "feed", url="not an address ${MARKED}"),
        source("feed", "feed", url="https://feeds.example/", every="${MARKED}"),
        source("feed", "feed", url="https://feeds.example/", retention=f"{SECRET}"),
        f'password = "{SECRET}\n',
        f"[[channels]\n{SECRET}\n",
    ],
)
def test_a_wrong_configuration_is_told_without_its_values(cli, wrong):
    cli.configure(wrong + HEAD if wrong.startswith("[") and "[[" not in wrong else HEAD + wrong)
    result = cli("check", code=2)
    assert result.err.startswith("atbalss: ")


def test_rows_that_cannot_be_read_are_told_without_their_words(cli):
    cli.configure(HEAD + FILE + QUIET)
    cli.write(
        "posts.jsonl",
        "{" + TEXT,
        json.dumps({"id": "1", "text": TEXT, "stars": TEXT}),
        json.dumps({"id": "2", "text": [TEXT]}),
        json.dumps({"id": "3", "text": TEXT, "date": TEXT}),
        json.dumps({"id": "4", "text": TEXT, "stars": 9}),
        json.dumps({"id": "5", "text": TEXT, "url": f"{TEXT}://"}),
        json.dumps({"id": "6", "text": TEXT, "survey": TEXT, "value": TEXT}),
        json.dumps([TEXT]),
    )
    cli("collect")
    cli("import", "posts.jsonl", "--errors", "errors.csv", code=1)
    check((cli.folder / "errors.csv").read_text("utf-8"))
    (cli.folder / "posts.csv").write_text(f'text,stars\n"{TEXT}\n{TEXT},{TEXT},{TEXT}\n', encoding="utf-8")
    (cli.folder / "posts.xlsx").write_text(TEXT, encoding="utf-8")
    cli("import", "posts.csv", code=1)
    cli("import", "posts.xlsx")
    for name in ("posts.jsonl", "posts.xlsx"):
        cli("score", "--input", name, "--output", "out.jsonl", code=2)
    cli.look_everywhere()


def failing(*_args, **_keywords):
    """A defect of ours, at its worst: its message repeats all that it must not."""
    raise RuntimeError(f"{SECRET} {TEXT}")


@pytest.mark.parametrize(
    ("place", "commands"),
    [
        ("nlp.tiny.TinyScorer.score", [("run", "--once"), ("score",), ("score", "--model", "tiny", "Labi!")]),
        ("nlp.tiny.TinyScorer.__init__", [("run", "--once"), ("check",)]),
        ("atbalss.pipeline.decide.should_alert", [("run", "--once"), ("alerts",)]),
        ("atbalss.pipeline.decide.create_alert", [("run", "--once"), ("alerts",)]),
        ("alerts.channels.console.ConsoleChannel._write", [("run", "--once"), ("alerts",)]),
        ("atbalss.pipeline.deliver.notice_of", [("run", "--once"), ("alerts",)]),
        ("collectors.file_import.read_file", [("run", "--once"), ("collect",), ("check",)]),
        ("atbalss.pipeline.collect.take_in", [("run", "--once"), ("collect",), ("import", "posts.jsonl")]),
        ("atbalss.importing.take_in", [("import", "posts.jsonl")]),
        ("alerts.digest.render.html", [("digest",)]),
        ("atbalss.status.backlog", [("status",)]),
        ("atbalss.exporting._row", [("collect",), ("export", "--output", "out.csv")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_defect_of_ours_is_told_without_its_message(cli, monkeypatch, place, commands):
    cli.configure(HEAD + FILE + QUIET)
    with monkeypatch.context() as patched:
        patched.setattr(place, failing)
        results = [cli(*command) for command in commands]
    # It was told, though: by the exit code, in the output or in the tables.
    status = cli("status", "--json").json
    assert any(result.code == 1 for result in results) or status["trouble"] or status["failing"]
    assert any(
        "RuntimeError" in result.out + result.err for result in results
    ) or "RuntimeError" in json.dumps(status)
    cli.look_everywhere()


def test_the_marks_would_be_found():
    for mark in (SECRET, TEXT):
        with pytest.raises(AssertionError):
            check(f"… {mark} …")


def test_what_exists_to_show_posts_shows_them(cli):
    cli.configure(HEAD + FILE + channel("screen", "console"))
    shown = cli._cli("run", "--once").out + cli._cli("explain", "1").out
    assert TEXT in shown
    assert SECRET not in shown
