"""Which kinds of channels exist. Their modules are imported only when a configuration names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from alerts.channels.base import Channel
from alerts.settings import ChannelSettings
from atbalss.errors import ConfigError

__all__ = ["KINDS", "ChannelModule", "load"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "console": "alerts.channels.console",
        "email": "alerts.channels.email",
        "slack": "alerts.channels.slack",
    }
)
"""The `type` in the configuration and the module that serves it."""


class ChannelModule(Protocol):
    """What each channel's module offers."""

    Settings: type[ChannelSettings]
    build: Callable[..., Channel]
    """`build(settings, *, name, now)`; does no I/O."""


def load(kind: str) -> ChannelModule:
    """The module of one kind of channel. Raises ConfigError for a kind that does not exist."""
    try:
        module = KINDS[kind]
    except KeyError:
        known = ", ".join(sorted(KINDS))
        raise ConfigError("channel", f"there is no type {kind!r}", f"use one of: {known}") from None
    return cast(ChannelModule, import_module(module))
