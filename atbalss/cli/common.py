"""What the commands share: the chosen configuration, the open runtime, and how things are printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from atbalss.errors import ConfigError
from atbalss.logs import set_up_logs

if TYPE_CHECKING:
    from atbalss.config import Brand, Config
    from atbalss.pipeline.runtime import Runtime

__all__ = [
    "Chosen",
    "brand_named",
    "check_number",
    "chosen",
    "configured",
    "opened",
    "out",
    "say_time",
    "warn",
]

out = Console(highlight=False)
"""What a command answers."""

warn = Console(stderr=True, highlight=False)
"""What a person should know besides."""


@dataclass(slots=True)
class Chosen:
    """The options that stand before the command."""

    config: Path
    demo: bool
    verbose: bool


def chosen(context: typer.Context) -> Chosen:
    """The options that were given before the command."""
    found = context.find_root().obj
    if not isinstance(found, Chosen):
        raise TypeError("the root command sets its options first")
    return found


def configured(context: typer.Context) -> Config:
    """Read the chosen configuration and set up the logs. Raises ConfigError."""
    from atbalss.config import demo, load

    options = chosen(context)
    config = demo(Path.cwd()) if options.demo else load(options.config)
    # A person at a terminal is told results, not events; the daemon sets its own level.
    set_up_logs(config.daemon.log_format, "info" if options.verbose else "error")
    return config


@contextmanager
def opened(context: typer.Context) -> Iterator[Runtime]:
    """Open the chosen configuration's database for one command."""
    from atbalss.pipeline.runtime import Runtime

    runtime = Runtime.open(configured(context))
    try:
        yield runtime
    finally:
        runtime.close()


def say_time(at: datetime | None, zone: ZoneInfo | None = None) -> str:
    """An instant as people read it; in the machine's zone unless another one is given."""
    return "-" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def check_number(subject: str, number: int) -> None:
    """Raise ConfigError for what cannot be the number of a row."""
    # Eighteen digits fit the key of every database.
    if not 0 < number < 10**18:
        raise ConfigError(subject, f"{number} is no number of a row", "give one that a list of Atbalss shows")


def brand_named(runtime: Runtime, brand: str) -> Brand:
    """The brand with this id. Raises ConfigError that lists the known ones."""
    try:
        return runtime.config.brand(brand)
    except KeyError:
        known = ", ".join(one.id for one in runtime.config.brands)
        raise ConfigError("--brand", f"there is no brand {brand!r}", f"use one of: {known}") from None
