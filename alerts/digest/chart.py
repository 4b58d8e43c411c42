"""The chart of the weeks: what was written as stacked bars, and above them how satisfied the texts were.

matplotlib is imported at the first drawing and without pyplot, which keeps figures in a global list: a
daemon draws for years. The font is the one that matplotlib carries, since it has Latvian, Lithuanian,
Armenian and Cyrillic letters on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from alerts.digest import words
from alerts.digest.data import WeekPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "WIDTH", "ChartWords", "alt_text", "png"]

WIDTH = 600
"""Pixels of the page that the chart is drawn for."""

COLOURS = {"neg": "#d55e00", "neu": "#b3bcc7", "pos": "#0072b2", "unscored": "#e4e9ee"}
"""Vermilion and blue differ for every kind of colour blindness, and in print by their lightness."""

_INK, _FAINT, _RULE = "#1f2933", "#66717f", "#aab3bd"
_HEIGHT = 330
_SHARPNESS = 2
_FONT = "DejaVu Sans"
_LABEL_SHARE = 0.09
"""A part of a bar is labelled when it is at least this share of the highest bar: less has no room for a
number."""


@dataclass(frozen=True, slots=True)
class ChartWords:
    """What the chart says."""

    negative: str = "negative"
    neutral: str = "neutral"
    positive: str = "positive"
    unscored: str = "not judged"
    posts: str = "Posts per week"
    satisfaction: str = "Satisfaction in the texts (1 to 5)"


def png(trend: Sequence[WeekPoint], text: ChartWords | None = None) -> bytes:
    """The chart as a PNG of twice `WIDTH` pixels, for sharp screens."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    text = text or ChartWords()
    figure = Figure(figsize=(WIDTH / 100, _HEIGHT / 100), dpi=100 * _SHARPNESS, facecolor="white")
    FigureCanvasAgg(figure)
    line, bars = figure.subplots(
        2,
        1,
        sharex=True,
        gridspec_kw={
            "height_ratios": (1, 2.3),
            "hspace": 0.3,
            "left": 0.02,
            "right": 0.98,
            "top": 0.92,
            "bottom": 0.17,
        },
    )
    _draw_line(line, trend, text)
    _draw_bars(bars, trend, text)
    out = BytesIO()
    figure.savefig(out, format="png", dpi="figure", metadata={"Software": None})
    return out.getvalue()


def alt_text(trend: Sequence[WeekPoint]) -> str:
    """The chart in words, week by week, for those who cannot see it."""
    weeks = "; ".join(
        f"week of {words.day(point.week.start, point.week.zone)}: {point.tally.neg} negative, "
        f"{point.tally.neu} neutral, {point.tally.pos} positive, {point.tally.unscored} not judged, "
        f"satisfaction {words.decimal(point.tally.satisfaction)}, CSAT {words.percent(point.csat)}"
        for point in trend
    )
    return f"Posts per week by sentiment. {weeks}."


def _draw_bars(axes: Axes, trend: Sequence[WeekPoint], text: ChartWords) -> None:
    places = range(len(trend))
    highest = max((point.tally.n for point in trend), default=0) or 1
    parts = (
        ("neg", text.negative, [point.tally.neg for point in trend], "white"),
        ("neu", text.neutral, [point.tally.neu for point in trend], _INK),
        ("pos", text.positive, [point.tally.pos for point in trend], "white"),
        ("unscored", text.unscored, [point.tally.unscored for point in trend], _FAINT),
    )
    floor = [0] * len(trend)
    for key, name, sizes, ink in parts:
        axes.bar(places, sizes, 0.62, bottom=floor, color=COLOURS[key], label=name)
        for place, (size, low) in enumerate(zip(sizes, floor, strict=True)):
            if size >= highest * _LABEL_SHARE:
                _write(axes, place, low + size / 2, str(size), size=9, color=ink, va="center")
        floor = [low + size for low, size in zip(floor, sizes, strict=True)]
    for place, total in enumerate(floor):
        _write(axes, place, total + highest * 0.03, str(total), size=9.5, va="bottom", weight="bold")
    axes.set_ylim(0, highest * 1.17)
    axes.set_xticks(list(places), [words.day(point.week.start, point.week.zone) for point in trend])
    axes.set_xlim(-0.6, max(len(trend), 4) - 0.4)
    axes.tick_params(axis="x", length=0, pad=5, labelfontfamily=_FONT, labelsize=9, labelcolor=_INK)
    _heading(axes, text.posts)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=4,
        frameon=False,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.6,
        prop={"family": _FONT, "size": 9},
        labelcolor=_INK,
    )
    _bare(axes)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(_RULE)


def _draw_line(axes: Axes, trend: Sequence[WeekPoint], text: ChartWords) -> None:
    known = [
        (place, point.tally.satisfaction)
        for place, point in enumerate(trend)
        if point.tally.satisfaction is not None
    ]
    # A week without a judged text breaks the line: nothing is known about it.
    unknown = float("nan")
    heights = [unknown if p.tally.satisfaction is None else p.tally.satisfaction for p in trend]
    axes.axhline(3, color="#d5dae0", linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.plot(range(len(trend)), heights, color=_INK, linewidth=1.6, marker="o", markersize=4.5, zorder=2)
    for place, height in known:
        _write(axes, place, height + 0.42, words.decimal(height), size=9, va="bottom")
    axes.set_ylim(0.9, 5.9)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    _heading(axes, text.satisfaction)
    _bare(axes)


def _heading(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", pad=5, parse_math=False, color=_FAINT, **_font(9.5, "bold"))


def _write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    va: str,
    color: str = _INK,
    weight: str = "normal",
) -> None:
    axes.text(x, y, text, ha="center", va=va, color=color, **_font(size, weight))


def _font(size: float, weight: str) -> dict[str, Any]:
    return {"fontfamily": _FONT, "fontsize": size, "fontweight": weight}


def _bare(axes: Axes) -> None:
    """No frame and no scale: each number is written where it is."""
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
