"""How good language detection and sentiment are, measured on labelled texts."""

from __future__ import annotations

__all__: list[str] = []
