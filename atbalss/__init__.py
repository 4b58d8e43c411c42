"""Atbalss: a social-mention sentiment monitor for Latvia, Lithuania and Armenia."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
