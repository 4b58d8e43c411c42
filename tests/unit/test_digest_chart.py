"""The chart: a picture of the right size, drawn without global state, in any of our alphabets."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.digest import chart
from alerts.digest.data import Tally, WeekPoint
from tests.digest_examples import WEEK, empty_digest, rich_digest


def size_of(png: bytes) -> tuple[int, ...]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_the_chart_is_twice_as_wide_as_its_place_on_the_page() -> None:
    width, height = size_of(chart.png(rich_digest().trend))
    assert width == 2 * chart.WIDTH
    assert 0 < height < width


def test_the_same_weeks_give_the_same_bytes() -> None:
    trend = rich_digest().trend
    assert chart.png(trend) == chart.png(trend)


def test_other_numbers_give_another_picture() -> None:
    def one(tally: Tally) -> bytes:
        return chart.png([WeekPoint(WEEK, tally, None, 0)])

    pictures = {
        one(Tally(neg=5, satisfaction=2.0)),
        one(Tally(neu=5, satisfaction=2.0)),
        one(Tally(pos=5, satisfaction=2.0)),
        one(Tally(unscored=5)),
        one(Tally(neg=5, satisfaction=4.0)),
    }
    assert len(pictures) == 5


@pytest.mark.parametrize(
    "words",
    [
        chart.ChartWords(
            "negatīvi", "neitrāli", "pozitīvi", "nenovērtēti", "Ieraksti nedēļā", "Apmierinātība"
        ),
        chart.ChartWords(
            "neigiami", "neutralūs", "teigiami", "neįvertinti", "Įrašai per savaitę", "Pasitenkinimas"
        ),
        chart.ChartWords("բացասական", "չեզոք", "դրական", "չգնահատված", "Գրառումներ", "Գոհունակություն"),
        chart.ChartWords(
            "плохие", "нейтральные", "хорошие", "без оценки", "Записи за неделю", "Удовлетворённость"
        ),
    ],
)
def test_no_letter_of_our_languages_is_missing_in_the_font(words: chart.ChartWords) -> None:
    """matplotlib warns about a missing letter, and a warning fails a test here."""
    assert size_of(chart.png(rich_digest().trend, words))


def test_a_week_without_posts_can_be_drawn() -> None:
    assert size_of(chart.png(empty_digest().trend))


def test_a_dollar_sign_is_no_formula() -> None:
    chart.png(rich_digest().trend, chart.ChartWords(posts="$x^2$", satisfaction="$_$"))


def test_the_chart_is_told_in_words_too() -> None:
    told = chart.alt_text(rich_digest().trend)
    assert "week of 16 Nov: 11 negative, 5 neutral, 17 positive, 4 not judged, satisfaction 3.4" in told
    assert "week of 9 Nov: 9 negative, 3 neutral, 15 positive" in told


def test_matplotlib_is_not_imported_before_a_chart_is_drawn() -> None:
    code = (
        "import sys, alerts.digest.render; from tests.digest_examples import *;"
        "assert 'matplotlib' not in sys.modules;"
        "alerts.digest.render.chart_png(rich_digest());"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[2])
