"""Which week an instant belongs to, and which week is due for a report.

The cut and the title come from the same value, so that a page can never name other days than it counts. A
week begins at the local midnight of its Monday: with daylight saving it has 167, 168 or 169 hours.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from alerts.digest.data import Week

__all__ = ["contains", "due_week", "following", "previous", "title", "week_named", "week_of"]

_SEVEN_DAYS = timedelta(days=7)
_KEY = re.compile(r"(\d{4})-W(\d{2})")


def week_of(instant: datetime, zone: ZoneInfo) -> Week:
    """The one week of `zone` that contains the aware `instant`."""
    local = instant.astimezone(zone).date()
    week = _week(local - timedelta(days=local.weekday()), zone)
    # A clock that is set back over midnight shows Sunday's date again when Monday has already begun.
    return week if instant < week.end else following(week)


def previous(week: Week) -> Week:
    """The week that ends where this one begins."""
    return _week(week.monday - _SEVEN_DAYS, week.zone)


def week_named(key: str, zone: ZoneInfo) -> Week:
    """The week of a key such as 2026-W47. Raises ValueError for another form or a week that does not exist."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError("write a week like 2026-W47")
    try:
        return _week(date.fromisocalendar(int(match[1]), int(match[2]), 1), zone)
    except OverflowError:
        raise ValueError("the calendar does not reach this year") from None


def following(week: Week) -> Week:
    """The week that begins where this one ends."""
    return _week(week.monday + _SEVEN_DAYS, week.zone)


def contains(week: Week, instant: datetime) -> bool:
    """Whether the instant lies in the half-open week."""
    return week.start <= instant < week.end


def title(week: Week) -> str:
    """The days of the week with the last one included, such as 16-22 November 2026."""
    first, last = week.monday, week.monday + timedelta(days=6)
    if first.year != last.year:
        return f"{_day(first, 'd MMMM y')} - {_day(last, 'd MMMM y')}"
    if first.month != last.month:
        return f"{_day(first, 'd MMMM')} - {_day(last, 'd MMMM y')}"
    return f"{first.day}-{_day(last, 'd MMMM y')}"


def due_week(now: datetime, zone: ZoneInfo, weekday: int = 0, at: time = time(9)) -> Week | None:
    """The week to report at `now`: the last complete one, from `weekday` (0 is Monday), `at` local, on.

    Until then it is None, also when the report of the week before was missed: a page that is a week late
    would arrive together with its successor.
    """
    current = week_of(now, zone)
    slot = datetime.combine(current.monday + timedelta(days=weekday), at, zone).astimezone(UTC)
    return previous(current) if now >= slot else None


def _week(monday: date, zone: ZoneInfo) -> Week:
    return Week(zone, monday, _midnight(monday, zone), _midnight(monday + _SEVEN_DAYS, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day; where the clock jumps over midnight that is the jump itself."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _day(day: date, pattern: str) -> str:
    return format_date(day, pattern, locale="en")
