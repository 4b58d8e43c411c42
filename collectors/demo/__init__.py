"""The embedded demo feed, as a source."""

from __future__ import annotations

from collectors.demo.collector import Settings, build

__all__ = ["Settings", "build"]
