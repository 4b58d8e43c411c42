"""A process whose children run the real pipeline and are killed at a chosen boundary.

It reads orders from standard input, one JSON object a line, and forks a child for each, so that the imports are
paid once. A boundary is the instant before or after the commit of a writing transaction, and before or after a
channel's send. The child counts them, notes each in the order's `trail` file, and at number `kill_at` it gets the
SIGKILL that a machine's failure would be. Nothing in the packages knows of this.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlmodel import Session

from alerts.channels.base import Channel, Limits, Receipt
from alerts.notice import Notice
from atbalss.config import load, loads
from atbalss.logs import set_up_logs
from atbalss.pipeline.once import run_once
from atbalss.pipeline.runtime import Runtime
from store.engine import Store, open_store

IDLE_ROUNDS = 10

WARMING = """
[model]
name = "tiny"
[[brands]]
id = "shop"
name = "Veikals"
zone = "Europe/Riga"
[[sources]]
id = "reviews"
brand = "shop"
type = "demo"
about = "kafija-krasts"
part = "demo-reviews"
alert_first_run = true
[[rules]]
name = "all"
max_stars = 2
[[channels]]
name = "console"
type = "console"
show = false
"""


class Boundaries:
    """Counts boundaries, notes their names, and kills the process at the chosen one."""

    def __init__(self, trail: Path, kill_at: int | None) -> None:
        self._trail = os.open(trail, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._kill_at = kill_at
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def cross(self, name: str) -> None:
        """Note one boundary; at the chosen one nothing comes after it, not even cleaning up."""
        with self._lock:
            os.write(self._trail, f"{name}\n".encode())
            if next(self._numbers) == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def watch_commits(boundaries: Boundaries) -> None:
    """Let every writing transaction of this process cross a boundary before and after its commit."""
    write = Store.write

    @contextmanager
    def watched(self: Store) -> Iterator[Session]:
        place = _caller()
        with write(self) as session:
            yield session
            boundaries.cross(f"{place} before its commit")
        boundaries.cross(f"{place} after its commit")

    Store.write = watched  # type: ignore[method-assign]  # the boundary is the point of this process


def _caller() -> str:
    """The function of the program that writes, such as `collect._store_page`."""
    frame = sys._getframe(1)
    while not frame.f_globals["__name__"].startswith("atbalss.") and frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_globals['__name__'].rpartition('.')[2]}.{frame.f_code.co_qualname}"


class WatchedChannel:
    """A real channel with a boundary before and after each send."""

    def __init__(self, channel: Channel, boundaries: Boundaries) -> None:
        self._channel = channel
        self._boundaries = boundaries

    @property
    def name(self) -> str:
        return self._channel.name

    @property
    def limits(self) -> Limits:
        return self._channel.limits

    async def send(self, notice: Notice) -> Receipt:
        self._boundaries.cross("channel before its send")
        receipt = await self._channel.send(notice)
        self._boundaries.cross("channel after its send, before its note")
        return receipt

    async def check(self) -> str:
        return await self._channel.check()


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def live(order: dict[str, Any]) -> int:
    """One life of the process: run every stage until nothing waits any more."""
    set_up_logs("json", "error")
    now = datetime.fromisoformat(order["now"])
    config = load(order["config"])
    runtime = Runtime(
        config,
        open_store(config.database.url.get_secret_value()),
        now=lambda: now,
        sleep=_no_wait,
        random=random.Random(7),
    )
    boundaries = Boundaries(Path(order["trail"]), order["kill_at"])
    runtime.channels = {
        name: WatchedChannel(channel, boundaries) for name, channel in runtime.channels.items()
    }
    watch_commits(boundaries)
    for _ in range(IDLE_ROUNDS):
        result = asyncio.run(run_once(runtime))
        if not (result.collected or result.scored or result.decided or result.digests or result.delivered):
            return 0
    return 1


def warm_up() -> None:
    """Run once undisturbed, so that the children find all modules and templates loaded."""
    set_up_logs("json", "error")
    for kind in ("collectors.file_import", "alerts.channels.slack", "alerts.channels.email"):
        import_module(kind)
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime.open(loads(WARMING, path=Path(folder) / "atbalss.toml"))
        asyncio.run(run_once(runtime))
        runtime.close()


def main() -> None:
    """Live as often as told; answer each order with how the child ended."""
    warm_up()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 3
            try:
                code = live(json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
