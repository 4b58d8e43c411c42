"""The kinds of sources, and the module of each, imported only when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from atbalss.errors import ConfigError
from collectors.base import Collector
from collectors.settings import SourceSettings

__all__ = ["KINDS", "SourceModule", "load"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "collectors.demo",
        "feed": "collectors.feed",
        "file": "collectors.file_import",
        "imap": "collectors.imap",
        "mastodon": "collectors.mastodon",
        "schema_org": "collectors.schema_org",
    }
)
"""Kind, as written in the configuration, to module name."""


class SourceModule(Protocol):
    """What the module of a kind offers."""

    __name__: str
    Settings: type[SourceSettings]

    @staticmethod
    def build(settings: SourceSettings, *, source: str) -> Collector:
        """Make the collector named `source`; does no I/O and cannot fail on valid settings."""
        ...


def load(kind: str) -> SourceModule:
    """Import the module of `kind`. Raises ConfigError for a kind that does not exist."""
    try:
        name = KINDS[kind]
    except KeyError:
        raise ConfigError(kind, "there is no such kind of source", f"use one of {', '.join(KINDS)}") from None
    return cast(SourceModule, import_module(name))
