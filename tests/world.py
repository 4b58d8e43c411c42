"""A small Atbalss for tests: a configuration in a folder, a runtime on it, and posts without a network.

world = World(tmp_path, database_url, clock)
runtime = world.runtime()
world.store_posts(runtime, post("1", "Slikti!", stars=1))
world.run(runtime)
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

from alerts.channels.base import Limits, Receipt
from alerts.notice import Notice
from atbalss.config import loads
from atbalss.pipeline.decide import decide_batch
from atbalss.pipeline.deliver import deliver_all
from atbalss.pipeline.runtime import Runtime
from atbalss.pipeline.score import score_batch
from store.engine import open_store
from store.identity import StoreDecision
from store.mentions import NewMention, take_in
from store.schema import migrate
from tests.clock import Clock

__all__ = ["CONFIG", "RecordingChannel", "World", "post"]

CONFIG = """
[database]
url = "{database}"

[model]
name = "tiny"

[[brands]]
id = "shop"
name = "Veikals Asorti"
zone = "Europe/Riga"
languages = ["lv", "ru"]

[[sources]]
id = "reviews"
brand = "shop"
type = "demo"
about = "kafija-krasts"
part = "demo-reviews"
alert_first_run = true

[[rules]]
name = "few stars"
max_stars = 2

[[rules]]
name = "complaint"
labels = ["neg"]
min_confidence = 0.6

[[channels]]
name = "first"
type = "console"
"""


@dataclass
class RecordingChannel:
    """A channel that keeps what it is given; `errors` are raised first, one for each attempt."""

    name: str
    limits: Limits = field(default_factory=lambda: Limits(text_chars=10_000))
    sent: list[Notice] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    attempts: int = 0

    async def send(self, notice: Notice) -> Receipt:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(notice)
        return Receipt(f"receipt-{len(self.sent)}")

    async def check(self) -> str:
        return "records"


@dataclass
class World:
    """One configuration on one database; every `runtime()` is another process of it."""

    folder: Path
    database: str
    clock: Clock
    config: str = CONFIG
    runtimes: list[Runtime] = field(default_factory=list)

    def runtime(self, *channels: RecordingChannel) -> Runtime:
        """A new runtime; with `channels`, those instead of the configured ones."""
        config = loads(
            self.config.replace("{database}", self.database),
            path=self.folder / "atbalss.toml",
            environment={},
        )
        store = open_store(config.database.url.get_secret_value())
        migrate(store)
        runtime = Runtime(config, store, self.clock, self.clock.sleep, random.Random(7))
        self.runtimes.append(runtime)
        if channels:
            runtime.channels = {channel.name: channel for channel in channels}
        return runtime

    def close(self) -> None:
        """Give every runtime's connections back."""
        for runtime in self.runtimes:
            runtime.close()

    def store_posts(
        self, runtime: Runtime, *posts: NewMention, source: str = "reviews", baseline: bool = False
    ) -> list[StoreDecision]:
        """Take posts in as one page."""
        with runtime.store.write() as session:
            return take_in(session, source, posts, runtime.now(), baseline=baseline)

    def judge(self, runtime: Runtime) -> None:
        """Score and decide all that waits."""
        while score_batch(runtime):
            pass
        while decide_batch(runtime):
            pass

    def deliver(self, runtime: Runtime) -> int:
        """Send all that waits and may be sent now."""
        return asyncio.run(deliver_all(runtime))

    def run(self, runtime: Runtime) -> int:
        """Score, decide and deliver; gives how many notices went out."""
        self.judge(runtime)
        return self.deliver(runtime)


def post(external_id: str, text: str, **values: object) -> NewMention:
    """A post of the brand `shop`; a review unless `kind` says otherwise."""
    given: dict[str, object] = {"kind": "review", "brand": "shop", **values}
    return NewMention(external_id=external_id, text=text, **given)  # type: ignore[arg-type]  # checked by use
