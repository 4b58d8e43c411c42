"""Numbers, days and lengths of time as a business owner reads them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from alerts.digest.data import Measure

__all__ = [
    "LOCALE",
    "NOT_MEASURED",
    "Printer",
    "age",
    "change",
    "count",
    "day",
    "decimal",
    "language",
    "length",
    "moment",
    "moved",
    "percent",
    "plural",
    "reason",
    "signed",
    "stars",
]

LOCALE = "en"

Printer = Callable[[float | None], str]
"""How a measure is printed; None is not measured."""

NOT_MEASURED = "n/a"

_REASONS = {
    "empty": "no text",
    "not_yet": "not judged yet",
    "too_short": "too short to judge",
    "no_letters": "no letters (emoji or digits only)",
    "unsupported_language": "a language that the model does not know",
    "low_margin": "the model was not sure enough",
}
"""The scorer's reasons in people's words; one that is not listed is printed as it is."""


def count(number: int) -> str:
    """A whole number with grouped digits."""
    return format_decimal(number, locale=LOCALE)


def decimal(number: float | None) -> str:
    """A number with one decimal."""
    return NOT_MEASURED if number is None else format_decimal(_rounded(number, 1), "#,##0.0", locale=LOCALE)


def percent(number: float | None) -> str:
    """A share, given in percent."""
    return NOT_MEASURED if number is None else f"{_rounded(number):.0f}%"


def signed(number: float | None) -> str:
    """A score around zero, such as +50 or −12."""
    if number is None:
        return NOT_MEASURED
    whole = _rounded(number)
    return format_decimal(whole, "+0;−0", locale=LOCALE) if whole else "0"


def plural(number: int, one: str, many: str) -> str:
    """The number with the form of the word that belongs to it."""
    return f"{count(number)} {one if number == 1 else many}"


def moved(measure: Measure, digits: int = 0) -> float | None:
    """The change between the two numbers as they are printed; None where nothing can be said about it.

    The difference of the exact numbers could print 3.4 after 3.4 as a fall.
    """
    if measure.value is None or measure.before is None or measure.thin:
        return None
    return round(_rounded(measure.value, digits) - _rounded(measure.before, digits), digits)


def change(measure: Measure, unit: str, digits: int = 0) -> str:
    """How a measure moved against the week before, or why that cannot be said."""
    if measure.value is None:
        return ""
    if measure.before is None:
        return "nothing to compare with"
    difference = moved(measure, digits)
    if difference is None:
        return f"too few answers to compare ({count(measure.n_before)} before)"
    if not difference:
        return "same as the week before"
    size = format_decimal(abs(difference), "0.0" if digits else "0", locale=LOCALE)
    return f"{'▲' if difference > 0 else '▼'} {size}{unit} on the week before"


def day(at: datetime, zone: ZoneInfo) -> str:
    """A day in the brand's zone, such as 16 Nov."""
    return format_date(at.astimezone(zone).date(), "d MMM", locale=LOCALE)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A day and time in the brand's zone, such as Mon 16 Nov, 14:05."""
    return format_datetime(at.astimezone(zone), "EEE d MMM, HH:mm", locale=LOCALE)


def length(span: timedelta) -> str:
    """A length of time in the unit that fits it."""
    minutes = max(0, round(span.total_seconds() / 60))
    if minutes < 90:
        return plural(minutes, "minute", "minutes")
    hours = round(minutes / 60)
    if hours < 48:
        return plural(hours, "hour", "hours")
    return plural(round(hours / 24), "day", "days")


def age(span: timedelta) -> str:
    """How long ago something was."""
    return f"{length(span)} ago"


def language(code: str) -> str:
    """The name of a language code."""
    return "Unknown language" if code == "und" else Locale.parse(LOCALE).languages.get(code, code)


def reason(code: str) -> str:
    """Why a text was not judged."""
    return _REASONS.get(code, code.replace("_", " "))


def stars(number: float | None) -> str:
    """Stars drawn when they are whole, otherwise as a number; empty without stars."""
    if number is None:
        return ""
    if number == int(number) and 0 <= number <= 5:
        return "★" * int(number) + "☆" * (5 - int(number))
    return f"{decimal(number)} of 5 stars"


def _rounded(number: float, digits: int = 0) -> float:
    """The nearest number of so many digits, halves upwards as people round."""
    scale = float(f"1e{digits}")
    return floor(number * scale + 0.5) / scale
