"""Cells to values: stars, dates, survey answers, languages, as people type them in spreadsheets.

Cells come from CSV (strings), JSON (strings, numbers) and Excel (also dates). Every function raises
ValueError with a reason that never repeats the cell: the reasons go into reports and logs, and cells hold
what customers wrote.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, tzinfo

from collectors.post import SurveyAnswer, SurveyKind

__all__ = ["Cell", "as_date", "as_language", "as_link", "as_stars", "as_survey", "as_text"]

Cell = str | int | float | datetime | date | None

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_OF = re.compile(r"(\d+(?:[.,]\d+)?)\s*/\s*(\d+(?:[.,]\d+)?)")
_STAR_SIGNS = re.compile(r"(★+)☆*")
# 31.12.2024, 31.12.2024. 9:05, 31.12.2024 09:05:33; years first: 2024.12.31
_CLOCK = r"\.?(?:[ ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})" + _CLOCK)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})\.(?P<month>\d{1,2})\.(?P<day>\d{1,2})" + _CLOCK)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")


def as_text(cell: Cell) -> str:
    """The cell as text without white space around it, "" for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        # Excel keeps every number as a float; an order number is not "1203.0".
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if not isinstance(cell, str):
        return str(cell)
    if _SURROGATE.search(cell):
        raise ValueError("has bytes that are no characters of the file's encoding")
    # PostgreSQL refuses U+0000 in a text.
    return cell.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _as_number(cell: Cell, what: str) -> float | None:
    if isinstance(cell, int | float):
        number = float(cell)
    else:
        text = as_text(cell)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{what}: not a number")
        number = float(text.replace(",", "."))
    if not math.isfinite(number):
        raise ValueError(f"{what}: not a number")
    return number


def as_stars(cell: Cell, *, low: float, high: float) -> float | None:
    """Stars brought from `low`..`high` to 1..5, rounded to hundredths; None for an empty cell.

    Understands a decimal comma, "4/5" and "★★★★☆", which carry their own scale.
    """
    text = as_text(cell) if isinstance(cell, str) else ""
    if signs := _STAR_SIGNS.fullmatch(text):
        number, low, high = float(len(signs[1])), 1, max(5, len(text))
    elif share := _OF.fullmatch(text):
        number, low, high = (float(part.replace(",", ".")) for part in (share[1], "1", share[2]))
    else:
        parsed = _as_number(cell, "stars")
        if parsed is None:
            return None
        number = parsed
    if not low <= number <= high or high <= low:
        raise ValueError(f"stars: outside of the scale {low:g}-{high:g}; set stars_min and stars_max")
    return round(1 + (number - low) * 4 / (high - low), 2)


def as_date(cell: Cell, *, zone: tzinfo, pattern: str | None = None) -> datetime | None:
    """The instant in UTC; None for an empty cell. A time without a zone is read in `zone`.

    Understands ISO 8601, day.month.year with or without a time, year.month.day, Unix time and Excel's dates;
    or only `pattern` (as in strptime) when it is given. 03/04/2024 is refused without one: nobody can
    know which of the two numbers is the month.
    """
    found = _date(cell, pattern)
    if found is None:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("date: outside of the calendar") from None


def _date(cell: Cell, pattern: str | None) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    text = as_text(cell)
    if not text:
        return None
    try:
        if pattern is not None:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - as_date puts the zone on
        if match := _DAY_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(text):
            parts = {name: int(digits or 0) for name, digits in match.groupdict().items()}
            clock = time(parts["hour"], parts["minute"], parts["second"])
            return datetime.combine(date(parts["year"], parts["month"], parts["day"]), clock)
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), UTC)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        wanted = f"as {pattern}" if pattern else "as 2024-12-31 or 31.12.2024; set date_format"
        raise ValueError(f"date: not written {wanted}") from None


def as_survey(kind: Cell, answer: Cell) -> SurveyAnswer | None:
    """The answer on the scale that `kind` names; None when there is no answer."""
    number = _as_number(answer, "survey answer")
    if number is None:
        return None
    try:
        scale = SurveyKind(as_text(kind).casefold())
    except ValueError:
        raise ValueError("survey: the kind is not csat, nps or ces") from None
    if not number.is_integer():
        raise ValueError("survey answer: not a whole number")
    return SurveyAnswer(scale, int(number))


def as_language(cell: Cell) -> str | None:
    """The language code in lower case without its region ("lv-LV" gives "lv"); None for anything else."""
    match = _LANGUAGE.fullmatch(as_text(cell))
    return match[1].lower() if match else None


def as_link(cell: Cell) -> str | None:
    """The web address; None for anything else, as it would be shown as a link."""
    text = as_text(cell)
    return text if re.match(r"https?://[^\s/]", text, re.IGNORECASE) else None
