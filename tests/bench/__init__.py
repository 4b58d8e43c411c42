"""How fast the shipped model is, beside the size of model that others use; docs/bench.md says how to read it."""

from __future__ import annotations

__all__: list[str] = []
