"""Cells to values, headers to columns."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.file_columns import Column, find_columns, says_something
from collectors.file_values import as_date, as_language, as_link, as_stars, as_survey, as_text
from collectors.plain_words import mentions_any, plain_words
from collectors.post import SurveyAnswer, SurveyKind

RIGA = ZoneInfo("Europe/Riga")


@pytest.mark.parametrize(
    ("cell", "stars"),
    [
        ("5", 5),
        ("4,5", 4.5),
        ("4.5", 4.5),
        (" 3 ", 3),
        (4, 4),
        (4.5, 4.5),
        ("4/5", 4),
        ("8 / 10", pytest.approx(4.11)),
        ("★★★★☆", 4),
        ("★★", 2),
        ("", None),
        (None, None),
    ],
)
def test_stars_are_read_as_people_write_them(cell, stars):
    assert as_stars(cell, low=1, high=5) == stars


@pytest.mark.parametrize(
    ("cell", "low", "high", "stars"),
    [("10", 1, 10, 5), ("1", 1, 10, 1), ("5,5", 1, 10, 3), ("0", 0, 100, 1), (50, 0, 100, 3)],
)
def test_another_scale_is_brought_to_five_stars(cell, low, high, stars):
    assert as_stars(cell, low=low, high=high) == stars


@pytest.mark.parametrize(
    "cell", ["6", "0", "-1", "labi", "1e3", "nan", float("nan"), float("inf"), "9/5", "1/0"]
)
def test_what_is_no_rating_on_the_scale_is_refused_without_being_repeated(cell):
    with pytest.raises(ValueError, match=r"^stars: (?!.*labi)"):
        as_stars(cell, low=1, high=5)


@given(st.floats(1, 10), st.sampled_from([".", ","]))
def test_any_rating_on_the_scale_becomes_one_to_five_stars(value, comma):
    stars = as_stars(f"{value:.2f}".replace(".", comma), low=1, high=10)
    assert stars is not None
    assert 1 <= stars <= 5


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-01-05", datetime(2026, 1, 4, 22, tzinfo=UTC)),
        ("2026-01-05T10:00:00Z", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-01-05 10:00:00+02:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("05.01.2026", datetime(2026, 1, 4, 22, tzinfo=UTC)),
        ("5.1.2026 9:05", datetime(2026, 1, 5, 7, 5, tzinfo=UTC)),
        ("05.01.2026. 10:00:30", datetime(2026, 1, 5, 8, 0, 30, tzinfo=UTC)),
        ("05.07.2026 10:00", datetime(2026, 7, 5, 7, tzinfo=UTC)),
        ("2026.01.05 10:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("1767600000", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        (1767600000, datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("1767600000000", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        (datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 8, tzinfo=UTC)),  # noqa: DTZ001 - as Excel has it
        (date(2026, 1, 5), datetime(2026, 1, 4, 22, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_day_first_and_in_their_zone(cell, instant):
    assert as_date(cell, zone=RIGA) == instant


@pytest.mark.parametrize(
    "cell", ["03/04/2026", "31.02.2026", "32.01.2026", "vakar", "45291", "2026-13-01", "05.01.2026 25:00"]
)
def test_a_date_that_could_be_another_is_refused(cell):
    with pytest.raises(ValueError, match="date"):
        as_date(cell, zone=RIGA)


def test_a_date_at_the_edge_of_the_calendar_is_refused():
    with pytest.raises(ValueError, match="calendar"):
        as_date("0001-01-01", zone=RIGA)


def test_a_date_format_is_the_only_one_when_it_is_given():
    assert as_date("03/04/2026", zone=UTC, pattern="%m/%d/%Y") == datetime(2026, 3, 4, tzinfo=UTC)
    with pytest.raises(ValueError, match="not written as %m/%d/%Y"):
        as_date("2026-03-04", zone=UTC, pattern="%m/%d/%Y")


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - clock faces
def test_day_first_and_iso_agree(moment):
    moment = moment.replace(microsecond=0)
    iso = as_date(moment.isoformat(" "), zone=RIGA)
    assert iso == as_date(f"{moment:%d.%m.%Y %H:%M:%S}", zone=RIGA)


def test_survey_answers_are_on_their_scale():
    assert as_survey("NPS", "10") == SurveyAnswer(SurveyKind.NPS, 10)
    assert as_survey("csat", 4.0) == SurveyAnswer(SurveyKind.CSAT, 4)
    assert as_survey("", "") is None
    for kind, answer in (("nps", "11"), ("csat", "0"), ("smile", "5"), ("nps", "labi"), ("nps", "7,5")):
        with pytest.raises(ValueError, match=r"csat|nps|survey"):
            as_survey(kind, answer)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("lv", "lv"), ("LV", "lv"), ("lv-LV", "lv"), ("en_US", "en"), ("latviešu", None), ("", None)],
)
def test_a_language_is_a_code_without_region(cell, code):
    assert as_language(cell) == code


def test_only_web_addresses_become_links():
    assert as_link("https://x.lv/a") == "https://x.lv/a"
    assert as_link("javascript:alert(1)") is None
    assert as_link("x.lv") is None


def test_texts_keep_their_lines_and_lose_what_no_database_takes():
    assert as_text(" a\r\nb\x00 ") == "a\nb"
    assert as_text(1203.0) == "1203"
    with pytest.raises(ValueError, match="bytes"):
        as_text("a\udce7")


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (["Datums", "Vērtējums", "Autors", "Komentārs"], "date stars author text"),
        (["DATUMS", "VERTEJUMS", "AUTORS", "KOMENTARS"], "date stars author text"),
        (["Data", "Įvertinimas", "Vardas", "Atsiliepimas"], "date stars author text"),
        (["Дата", "Оценка", "Имя", "Отзыв"], "date stars author text"),
        (["Ամսաթիվ", "Գնահատական", "Անուն", "Կարծիք"], "date stars author text"),
        (["created_at", "star-rating", "User Name", "Review text"], "date stars author text"),
        (["id", "nps", "comment", "lang"], "id nps text language"),
        (["Survey type", "Value", "Feedback", "Reply"], "survey answer text reply"),
    ],
)
def test_headers_of_five_languages_are_recognised(headers, found):
    assert find_columns(headers, {}) == {Column(name): n for n, name in enumerate(found.split())}


def test_of_two_fitting_headers_the_more_certain_one_wins():
    assert find_columns(["comment", "text"], {})[Column.TEXT] == 1
    assert find_columns(["text", "comment"], {})[Column.TEXT] == 0


def test_a_numbering_column_is_no_identity():
    assert Column.ID not in find_columns(["Nr.", "No", "#", "text"], {})


def test_a_chosen_header_goes_before_a_recognised_one():
    headers = ["text", "Ko jūs domājat?"]
    assert find_columns(headers, {Column.TEXT: "ko jus domajat"})[Column.TEXT] == 1
    with pytest.raises(KeyError, match="Vērtība"):
        find_columns(headers, {Column.STARS: "Vērtība"})


def test_a_chosen_header_is_not_used_twice():
    assert find_columns(["text"], {Column.TITLE: "text"}) == {Column.TITLE: 0}


def test_a_table_says_something_with_a_text_a_rating_or_a_whole_answer():
    assert says_something({Column.TEXT: 0})
    assert says_something({Column.SURVEY: 0, Column.ANSWER: 1})
    assert not says_something({Column.ANSWER: 1})
    assert not says_something({Column.AUTHOR: 0})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rīgā atver Rimi", True),
        ("RIMI slēdz", True),
        ("darbs veikalā RIMI.", True),
        ("šodien Rimim sods", True),
        ("trimizācija", False),
        ("Maxima Latvija paziņo", True),
        ("maxima: latvija", True),
        ("Maxima", False),
        ("", False),
    ],
)
def test_a_keyword_is_the_start_of_a_word_without_case_and_diacritics(text, found):
    assert mentions_any(text, ["rimi", "maxima latvija", "!"]) is found


def test_plain_words_have_neither_case_nor_diacritics():
    assert plain_words("  Rīgā,  ČŪSKA_ёлка!") == "riga cuska елка"
