"""A daemon as a process of its own, whose log lines a test can wait for."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import update

from atbalss.config import load
from atbalss.pipeline.once import run_once
from atbalss.pipeline.runtime import Runtime
from store.engine import Store, open_store
from store.schema import migrate
from store.tables import SourceState

__all__ = ["ATBALSS", "Daemon", "append", "daemon", "finish", "make_due", "write_config"]

ATBALSS = Path(sys.executable).with_name("atbalss")
PATIENCE = 60.0
STOP_WITHIN = 10.0
"""Seconds that a service manager waits before it kills."""

CONFIG = """
[database]
url = "{database}"

[model]
name = "tiny"

[daemon]
tick = "1s"
lease = "{lease}"
listen = "127.0.0.1:0"
log_format = "json"
log_level = "debug"

[digest]
enabled = false

[storm]
posts = 1000

[[brands]]
id = "shop"
name = "Veikals Asorti"
zone = "Europe/Riga"
languages = ["lv", "ru"]

[[sources]]
id = "reviews"
brand = "shop"
type = "file"
id_scope = "source"
path = "reviews.jsonl"
alert_first_run = true

[[rules]]
name = "few stars"
max_stars = 2

[[channels]]
name = "slack"
type = "slack"
token = "xoxb-right"
channel = "C1"
api_url = "{address}"
"""


def write_config(folder: Path, database: str, address: str, lease: str = "60s") -> Path:
    """Write a configuration of one source and one Slack; gives its path."""
    text = CONFIG.replace("{database}", database).replace("{address}", address).replace("{lease}", lease)
    path = folder / "atbalss.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "reviews.jsonl").touch()
    return path


def append(folder: Path, *numbers: int, stars: int = 1) -> None:
    """Write reviews to the end of the source's file, each with its own words."""
    with (folder / "reviews.jsonl").open("a", encoding="utf-8") as file:
        for number in numbers:
            row = {"id": f"r{number}", "text": f"Kurjers neatbrauca, {number}. reize.", "stars": stars}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def make_due(store: Store) -> None:
    """As if the sources' time had come: their files are read again at the next tick."""
    with store.write() as session:
        session.exec(update(SourceState).values(next_due=datetime.now(UTC)))


def open_migrated(database: str) -> Store:
    """Open the database as a third process would."""
    store = open_store(database)
    migrate(store)
    return store


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def finish(config: Path) -> None:
    """Run what is left, as a process that starts when all leases have run out."""
    loaded = load(config)
    store = open_migrated(loaded.database.url.get_secret_value())
    runtime = Runtime(loaded, store, now=lambda: datetime.now(UTC) + timedelta(hours=1), sleep=_no_wait)
    asyncio.run(run_once(runtime))
    runtime.close()


class Daemon:
    """`atbalss run` in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._changed = threading.Condition()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=("stdout", process.stdout), daemon=True),
            threading.Thread(target=self._read, args=("stderr", process.stderr), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            with self._changed:
                self._lines[name].append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def output(self) -> str:
        """All that was printed so far."""
        with self._changed:
            return "".join(self._lines["stdout"] + self._lines["stderr"])

    @property
    def errors(self) -> str:
        """Standard error so far."""
        with self._changed:
            return "".join(self._lines["stderr"])

    def events(self) -> list[dict[str, Any]]:
        """The log so far."""
        with self._changed:
            return [json.loads(line) for line in self._lines["stderr"] if line.startswith("{")]

    def wait_for(self, action: str, **fields: object) -> dict[str, Any]:
        """The first log line with this action and these fields; fails when the process ends without it."""

        def found() -> dict[str, Any] | None:
            wanted = {"action": action, **fields}.items()
            return next((event for event in self.events() if wanted <= event.items()), None)

        def over() -> bool:
            return not any(reader.is_alive() for reader in self._readers)

        with self._changed:
            self._changed.wait_for(lambda: found() or over(), PATIENCE)
        event = found()
        assert event is not None, f"no {action} in:\n{self.output}"
        return event

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; gives its exit code, and fails when it takes longer than a service manager waits."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for its end after a signal; gives its exit code."""
        code = self.process.wait(STOP_WITHIN)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code


@contextmanager
def daemon(config: Path, *options: str) -> Iterator[Daemon]:
    """Start `atbalss run` with these options; what still runs at the end of the block is killed."""
    process = subprocess.Popen(
        [ATBALSS, "--config", str(config), "run", *options],
        cwd=config.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            yield Daemon(process)
        finally:
            process.kill()
