"""The database: tables, migrations, and queries split by noun."""

from __future__ import annotations

__all__: list[str] = []
