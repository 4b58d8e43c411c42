"""Weeks: one for every instant, none for two, and the title names the days of the cut."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digest.week import contains, due_week, following, previous, title, week_named, week_of

RIGA = ZoneInfo("Europe/Riga")
ZONES = [RIGA, ZoneInfo("Europe/Vilnius"), ZoneInfo("Asia/Yerevan")]

instants = st.datetimes(datetime(1970, 2, 1), datetime(2099, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
our_zones = st.sampled_from(ZONES)
all_zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@given(instants, our_zones | all_zones)
def test_every_instant_lies_in_its_week_and_not_in_the_neighbours(instant: datetime, zone: ZoneInfo) -> None:
    week = week_of(instant, zone)
    assert contains(week, instant)
    assert not contains(previous(week), instant)
    assert not contains(following(week), instant)


@given(instants, our_zones | all_zones)
def test_weeks_tile_time_without_gap_or_overlap(instant: datetime, zone: ZoneInfo) -> None:
    week = week_of(instant, zone)
    assert previous(week).end == week.start < week.end == following(week).start
    assert following(previous(week)) == week
    assert week_of(week.start, zone) == week == week_of(week.end - timedelta(microseconds=1), zone)


@given(instants, our_zones)
def test_a_week_starts_at_a_local_monday_midnight(instant: datetime, zone: ZoneInfo) -> None:
    week = week_of(instant, zone)
    local = week.start.astimezone(zone)
    assert (local.weekday(), local.hour, local.minute, local.date()) == (0, 0, 0, week.monday)


@pytest.mark.parametrize(
    ("zone", "instant", "hours"),
    [
        ("Europe/Riga", utc(2026, 3, 25), 167),
        ("Europe/Riga", utc(2026, 10, 21), 169),
        ("Europe/Vilnius", utc(2026, 3, 25), 167),
        ("Europe/Vilnius", utc(2026, 10, 21), 169),
        ("Europe/Riga", utc(2026, 11, 18), 168),
        ("Asia/Yerevan", utc(2026, 3, 25), 168),
        # Armenia kept daylight saving until 2011.
        ("Asia/Yerevan", utc(2011, 3, 23), 167),
    ],
)
def test_a_week_is_an_hour_shorter_or_longer_when_the_clock_changes(
    zone: str, instant: datetime, hours: int
) -> None:
    week = week_of(instant, ZoneInfo(zone))
    assert week.end - week.start == timedelta(hours=hours)


def test_an_instant_of_sunday_night_in_utc_belongs_to_the_local_monday() -> None:
    sunday_night = utc(2026, 11, 15, 22, 30)
    assert week_of(sunday_night, RIGA).monday == date(2026, 11, 16)
    assert week_of(sunday_night, ZoneInfo("UTC")).monday == date(2026, 11, 9)
    assert week_of(utc(2026, 11, 15, 21, 59), RIGA).monday == date(2026, 11, 9)


@pytest.mark.parametrize(
    ("instant", "words", "key"),
    [
        (utc(2026, 11, 18), "16-22 November 2026", "2026-W47"),
        (utc(2026, 9, 30), "28 September - 4 October 2026", "2026-W40"),
        (utc(2026, 12, 31), "28 December 2026 - 3 January 2027", "2026-W53"),
    ],
)
def test_the_title_includes_the_last_day(instant: datetime, words: str, key: str) -> None:
    week = week_of(instant, RIGA)
    assert (title(week), week.key) == (words, key)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (utc(2026, 11, 23, 6, 59), None),
        (utc(2026, 11, 23, 7, 0), "2026-W47"),
        (utc(2026, 11, 29, 21, 59), "2026-W47"),
        (utc(2026, 11, 29, 22, 0), None),
        (utc(2026, 11, 30, 7, 0), "2026-W48"),
    ],
)
def test_the_last_complete_week_is_due_from_monday_nine_local_time_on(now: datetime, due: str | None) -> None:
    week = due_week(now, RIGA)
    assert (week.key if week else None) == due


def test_the_day_and_hour_of_the_report_can_be_chosen() -> None:
    assert due_week(utc(2026, 11, 24, 11, 59), RIGA, weekday=1, at=time(14)) is None
    week = due_week(utc(2026, 11, 24, 12, 0), RIGA, weekday=1, at=time(14))
    assert week is not None
    assert week.key == "2026-W47"


@given(instants, our_zones)
def test_a_due_week_is_over(now: datetime, zone: ZoneInfo) -> None:
    week = due_week(now, zone)
    assert week is None or (week.end <= now and following(week) == week_of(now, zone))


@given(instants, our_zones)
def test_a_week_is_found_again_by_its_key(instant: datetime, zone: ZoneInfo) -> None:
    week = week_of(instant, zone)
    assert week_named(week.key, zone) == week


@pytest.mark.parametrize(
    "key", ["", "2026-47", "2026-W7", "2026-W00", "2027-W53", "0000-W01", "0001-W01", "9999-W52"]
)
def test_a_key_of_no_week_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        week_named(key, RIGA)
