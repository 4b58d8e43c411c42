"""Figures and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlp.evaluation.bootstrap import Interval

__all__ = ["NOTHING", "figure", "points", "ranged", "table"]

NOTHING = "–"
"""Stands where there is no figure."""


def figure(value: float | None) -> str:
    """A share, with three decimals."""
    return NOTHING if value is None else f"{value:.3f}"


def ranged(value: float, interval: Interval) -> str:
    """A share and its interval."""
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def points(value: float, interval: Interval) -> str:
    """A difference of two shares in points of a hundred, and its interval."""
    return f"{100 * value:+.1f} [{100 * interval[0]:+.1f}, {100 * interval[1]:+.1f}]"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, with a blank line after it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines) + "\n"
