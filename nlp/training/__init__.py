"""How the shipped model was made: every step from the base model's file to the weights folder."""

from __future__ import annotations

__all__: list[str] = []
