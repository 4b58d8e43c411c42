"""The console channel: what is printed, and the files it leaves."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console

from alerts.channels import console, registry
from alerts.channels.slack_message import payload
from alerts.notice import DigestNotice, Notice
from atbalss.errors import ChannelRefused, ChannelUnavailable, ConfigError
from tests.digest_examples import rich_digest
from tests.notices import NASTY, NOW, TEXTS, alert, ops, storm
from tests.servers.slack import faults

DIGEST = DigestNotice(event_id="digest-1", digest=rich_digest())


def made(folder: Path, **settings: Any) -> tuple[console.ConsoleChannel, io.StringIO]:
    screen = io.StringIO()
    channel = console.build(
        console.Settings(folder=folder, **settings),
        name="console",
        now=lambda: NOW,
        console=Console(file=screen, width=100, force_terminal=True, color_system="truecolor"),
    )
    return channel, screen


def printed(notice: Notice, folder: Path, **settings: Any) -> str:
    channel, screen = made(folder, **settings)
    asyncio.run(channel.send(notice))
    return screen.getvalue()


@pytest.mark.parametrize("lang", TEXTS)
def test_a_person_reads_the_whole_alert(lang: str, tmp_path: Path) -> None:
    screen = io.StringIO()
    notice = alert(lang)
    assert notice.reply is not None
    Console(file=screen, width=400).print(console.panel(notice))
    for expected in (
        notice.brand,
        TEXTS[lang],
        "1/5",
        "2 h 5 min",
        notice.mention.url,
        notice.reply.text,
        *notice.why,
    ):
        assert str(expected) in screen.getvalue()


@pytest.mark.parametrize("notice", [alert(), storm(), ops(), DIGEST], ids=lambda notice: notice.event_id)
def test_every_kind_is_printed_and_written(notice: Notice, tmp_path: Path) -> None:
    channel, screen = made(tmp_path / "var" / "outbox")
    receipt = asyncio.run(channel.send(notice))
    assert screen.getvalue()
    mail = message_from_bytes(Path(receipt.reference).read_bytes(), policy=policy.default)
    assert mail["X-Atbalss-Event"] == notice.event_id
    message = json.loads((tmp_path / f"var/outbox/{notice.event_id}.slack.json").read_text("utf-8"))
    assert message == json.loads(json.dumps(payload(notice)))
    assert faults(message) == []


def test_a_strangers_text_cannot_command_the_terminal(tmp_path: Path) -> None:
    shown = printed(alert("en", text=NASTY, author=NASTY, title=f"[bold]{NASTY}[/bold]"), tmp_path)
    assert "\x1b[31mred" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown
    assert printed(alert("en", text="[red]x[/nope] \x1b]0;owned\x07y"), tmp_path).count("owned") == 0


def test_the_same_event_overwrites_its_files(tmp_path: Path) -> None:
    channel, _ = made(tmp_path)
    first = asyncio.run(channel.send(alert("lv")))
    second = asyncio.run(channel.send(alert("ru")))
    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alert-7-1.eml", "alert-7-1.slack.json"]
    assert "Даугава" in (tmp_path / "alert-7-1.slack.json").read_text("utf-8")


@pytest.mark.parametrize("event_id", ["../../etc/passwd", "a/b", "..", ".", "a\x00b", "Ķ ?*"])
def test_an_event_id_never_leads_out_of_the_folder(event_id: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    receipt = asyncio.run(made(folder)[0].send(alert("lv", event_id)))
    assert Path(receipt.reference).parent == folder
    assert len(list(folder.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [folder]


def test_what_people_wrote_is_readable_by_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    asyncio.run(made(folder)[0].send(alert()))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, _ = made(tmp_path)
    asyncio.run(channel.send(alert("lv")))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ChannelUnavailable, match="No space left"):
        asyncio.run(channel.send(alert("ru")))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_file_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    channel, screen = made(tmp_path / "file" / "below")
    with pytest.raises(ChannelRefused, match="check the folder"):
        asyncio.run(channel.send(alert()))
    with pytest.raises(ChannelRefused):
        asyncio.run(channel.check())
    assert screen.getvalue() == ""


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    channel, screen = made(tmp_path / "out")
    assert asyncio.run(channel.check()) == f"writes to {tmp_path / 'out'}"
    assert list(tmp_path.iterdir()) == []
    assert screen.getvalue() == ""


def test_it_can_write_without_printing(tmp_path: Path) -> None:
    assert printed(alert(), tmp_path, show=False) == ""
    assert (tmp_path / "alert-7-1.eml").exists()


def test_building_touches_nothing(tmp_path: Path) -> None:
    made(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_registered_kind_has_settings_of_its_own_type_and_can_be_built(kind: str) -> None:
    module = registry.load(kind)
    assert module.Settings.model_fields["type"].default == kind
    assert all(field.description for name, field in module.Settings.model_fields.items() if name != "type")
    assert callable(module.build)
    with pytest.raises(ValidationError):
        module.Settings.model_validate({"nonsense": 1})


def test_an_unknown_kind_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="console, email, slack"):
        registry.load("pigeon")
