"""Who is told what, and when: deciders, the outbox, channels, replies and the weekly digest."""

from __future__ import annotations

__all__: list[str] = []
