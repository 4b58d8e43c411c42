"""What every stage works with: the configuration, the database, the model, and the effects as parameters."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import structlog

from alerts.channels.base import Channel
from alerts.channels.registry import load as load_channel
from atbalss.config import Config
from atbalss.config.model import ModelSettings
from atbalss.privacy import Pseudonyms, open_pseudonyms
from collectors.base import Collector
from collectors.registry import load as load_source
from nlp.score import Label, Scorer
from store.engine import Store, open_store
from store.schema import migrate

__all__ = ["Runtime", "scorer_of", "utc_now"]

log = structlog.get_logger()


def utc_now() -> datetime:
    """The one clock of the program."""
    return datetime.now(UTC)


def scorer_of(model: ModelSettings, var: Path | None = None) -> Scorer:
    """Load the model that a configuration names, or what was adapted from it below `var`. Raises ModelError."""
    # Imported only here: whatever never judges a text never pays for it.
    from nlp.adapted import InUse, in_use
    from nlp.loading import load_scorer

    used = in_use(model.name, var) if var is not None else InUse(model.name)
    if used.outdated:
        log.warning(
            "the adapted model was made from another model and is left aside",
            action="model.outdated",
            model=model.name,
            remedy="atbalss model adapt, or atbalss model original",
        )
    return load_scorer(
        used.name,
        model.languages,
        revision=model.revision,
        allow_download=model.allow_download,
        labels={name: Label(label) for name, label in model.label_map.items()} or None,
    )


@dataclass
class Runtime:
    """One process at work on one configuration.

    `now`, `sleep` and `random` are the only sources of time and chance below this layer. The model and the
    channels are made when they are first used, so that commands which need neither stay fast.
    """

    config: Config
    store: Store
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: random.Random = field(default_factory=random.SystemRandom)

    opened_at: datetime = field(init=False)
    """When this process began to work."""

    def __post_init__(self) -> None:
        self.opened_at = self.now()

    @classmethod
    def open(cls, config: Config) -> Runtime:
        """Open and migrate the configured database. Raises StoreError."""
        store = open_store(config.database.url.get_secret_value())
        migrate(store)
        return cls(config, store)

    @property
    def lease(self) -> timedelta:
        """How long a claimed row is ours."""
        return self.config.daemon.lease

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """How authors are named here."""
        return open_pseudonyms(self.config)

    @cached_property
    def scorer(self) -> Scorer:
        """The configured model, adapted if it was. Raises ModelError."""
        return scorer_of(self.config.model, self.config.var)

    @cached_property
    def collectors(self) -> dict[str, Collector]:
        """The configured sources by id."""
        return {
            source.id: load_source(source.type).build(source.settings, source=source.id)
            for source in self.config.sources
        }

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The configured channels by name."""
        return {
            channel.name: load_channel(channel.type).build(channel.settings, name=channel.name, now=self.now)
            for channel in self.config.channels
        }

    def token(self) -> str:
        """A new name for a claim; nobody else has it."""
        return secrets.token_hex(12)

    def close(self) -> None:
        """Give everything back."""
        self.store.close()
