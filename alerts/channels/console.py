"""Console and files: the channel for somebody who has configured nothing yet.

Prints each notice as a person reads it, and writes below `folder` what e-mail and Slack would have got:
`EVENT.eml` opens in any mail program, `EVENT.slack.json` in Slack's Block Kit Builder. The same notice again
overwrites its files. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import structlog
from pydantic import Field
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from alerts.channels.base import Limits, Receipt
from alerts.channels.email_message import Envelope, compose, render_text
from alerts.channels.slack_message import payload
from alerts.channels.text import clean, one_line
from alerts.layout import (
    Fact,
    alert_facts,
    also_seen_words,
    excerpt,
    headline,
    language_name,
    link_of,
    ops_facts,
    storm_facts,
)
from alerts.notice import AlertNotice, DigestNotice, MentionView, Notice, StormNotice
from alerts.settings import ChannelSettings
from atbalss.errors import ChannelError, ChannelRefused, ChannelUnavailable

__all__ = ["ConsoleChannel", "Settings", "build", "panel"]

log = structlog.get_logger()

_ENVELOPE = Envelope(
    sender=Address("Atbalss", "atbalss", "localhost"), recipients=(Address("", "you", "localhost"),)
)
_EXCERPT = 1200
_WIDTH = 96
# Errors that a person has to mend; a full disk or too many open files may pass by themselves.
_NEEDS_A_PERSON = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
)


class Settings(ChannelSettings):
    """Prints the notices and writes them to files; nothing leaves the machine."""

    type: Literal["console"] = "console"
    folder: Path = Field(
        default=Path("var/outbox"), description="Where the .eml and Slack files are written."
    )
    show: bool = Field(
        default=True,
        description="Print the notices; set false for a daemon whose output is kept as a log.",
    )


def build(
    settings: Settings, *, name: str, now: Callable[[], datetime], console: Console | None = None
) -> ConsoleChannel:
    """The channel; does no I/O. Prints to standard output unless a `console` is given."""
    return ConsoleChannel(name=name, settings=settings, now=now, console=console or Console())


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints notices and writes them to files."""

    name: str
    settings: Settings
    now: Callable[[], datetime]
    console: Console

    @property
    def limits(self) -> Limits:
        """Nothing is cut for the sake of this channel."""
        return Limits(text_chars=100_000)

    async def send(self, notice: Notice) -> Receipt:
        """Write the files, then print. The receipt is the path of the .eml file."""
        try:
            path = await asyncio.to_thread(self._write, notice)
        except OSError as problem:
            raise self._error(problem) from None
        if self.settings.show:
            self.console.print(panel(notice), width=min(_WIDTH, self.console.width))
        log.info("notice delivered", action="channel.sent", channel=self.name, event_id=notice.event_id)
        return Receipt(reference=str(path))

    async def check(self) -> str:
        """Try whether files can be written into the folder, or the folder be made; nothing stays behind."""
        try:
            await asyncio.to_thread(self._try)
        except OSError as problem:
            raise self._error(problem) from None
        return f"writes to {self.settings.folder}"

    def _write(self, notice: Notice) -> Path:
        folder = self._made()
        stem = quote(notice.event_id, safe="")
        slack = json.dumps(payload(notice), ensure_ascii=False, indent=2) + "\n"
        _replace(folder / f"{stem}.slack.json", slack.encode("utf-8"))
        return _replace(folder / f"{stem}.eml", compose(notice, _ENVELOPE, self.now()).as_bytes())

    def _try(self) -> None:
        folder = self.settings.folder.absolute()
        there = next(place for place in (folder, *folder.parents) if place.exists())
        with tempfile.TemporaryFile(dir=there):
            pass

    def _made(self) -> Path:
        """The folder; what people wrote is for its owner's eyes only."""
        self.settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.settings.folder

    def _error(self, problem: OSError) -> ChannelError:
        what = f"{self.settings.folder} cannot be written ({problem.strerror or type(problem).__name__})"
        kind = ChannelRefused if problem.errno in _NEEDS_A_PERSON else ChannelUnavailable
        return kind(f"channel {self.name}", what, "check the folder and its rights")


def _replace(path: Path, content: bytes) -> Path:
    """Write the whole file or nothing, readable by its owner only."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def panel(notice: Notice) -> RenderableType:
    """The notice as a person reads it in a terminal. Texts are Text, so that nothing in them is markup."""
    if isinstance(notice, DigestNotice):
        return Panel(Text(clean(render_text(notice))), title=Text("Weekly digest"), border_style="blue")
    if isinstance(notice, AlertNotice):
        return _framed(headline(notice), _alert(notice), "red")
    if isinstance(notice, StormNotice):
        return _framed(headline(notice), _storm(notice), "bold red")
    return _framed(headline(notice), [_facts(ops_facts(notice))], "yellow")


def _framed(title: str, parts: list[RenderableType], style: str) -> Panel:
    return Panel(
        Group(*parts), title=Text(title, style="bold"), title_align="left", border_style=style, padding=(1, 2)
    )


def _alert(notice: AlertNotice) -> list[RenderableType]:
    parts: list[RenderableType] = [_said(notice.mention), Text(), _facts(alert_facts(notice))]
    url = link_of(notice.mention)
    if url is not None:
        parts.append(Text(f"Link: {url}", style="cyan", overflow="fold"))
    seen = also_seen_words(notice)
    if seen is not None:
        parts.append(Text(seen))
    parts.extend(_why(notice.why))
    if notice.reply is not None:
        parts.extend(_draft(notice.reply.lang, notice.reply.text))
    return parts


def _storm(notice: StormNotice) -> list[RenderableType]:
    parts: list[RenderableType] = [_facts(storm_facts(notice)), *_why(notice.why), Text()]
    parts.extend(_said(mention) for mention in notice.quotes)
    if notice.reply is not None:
        parts.extend(_draft(notice.reply.lang, notice.reply.text))
    return parts


def _said(mention: MentionView) -> Text:
    words = excerpt(mention, _EXCERPT)
    return Text(f"“{words}”", style="italic") if words else Text("(a rating without words)", style="dim")


def _facts(facts: tuple[Fact, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for fact in facts:
        table.add_row(Text(fact.name, style="dim"), Text(fact.value))
    return table


def _why(why: tuple[str, ...]) -> list[RenderableType]:
    return [Text("Why:", style="dim"), *(Text(f"  • {one_line(reason)}") for reason in why)] if why else []


def _draft(lang: str, text: str) -> list[RenderableType]:
    title = Text(f"Suggested reply in {language_name(lang)}: complete the [brackets]", style="dim")
    return [Text(), Rule(title, align="left", style="dim"), Text(clean(text))]
