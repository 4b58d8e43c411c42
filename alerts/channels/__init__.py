"""The ways to reach people: one module each, found through `alerts.channels.registry`."""

from __future__ import annotations

__all__: list[str] = []
