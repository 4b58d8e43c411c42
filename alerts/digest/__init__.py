"""The weekly digest: one brand's week counted, chosen and laid out as a page, as text and for Slack."""

from __future__ import annotations

__all__: list[str] = []
