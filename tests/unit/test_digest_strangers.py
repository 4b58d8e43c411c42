"""Strangers' text beside ours: one line, its own direction, its own language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digest.strangers import direction, excerpt, isolated, lang_tag


@given(st.text(), st.integers(10, 60))
def test_an_excerpt_is_never_longer_than_asked_for(text: str, limit: int) -> None:
    assert len(excerpt(text, limit)) <= limit


def test_an_excerpt_is_one_clean_line() -> None:
    assert excerpt("viens\r\n\u202edivi\x00\t trīs", 100) == "viens divi trīs"


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Labi", "ltr"),
        ("Շատ լավ", "ltr"),
        ("123 שלום", "rtl"),
        ("مرحبا abc", "rtl"),
        ("12 👍", "ltr"),
        ("", "ltr"),
    ],
)
def test_the_direction_is_that_of_the_first_letter(text: str, side: str) -> None:
    assert direction(text) == side


def test_a_right_to_left_name_cannot_reorder_its_neighbours() -> None:
    assert isolated("דנה") == "\u2068דנה\u2069"
    assert isolated("Ilze") == "Ilze"


@pytest.mark.parametrize(
    ("lang", "tag"), [("lv", "lv"), ("hy-Latn", "hy-Latn"), ('lv" x="', "und"), ("", "und")]
)
def test_a_language_that_is_no_tag_is_undetermined(lang: str, tag: str) -> None:
    assert lang_tag(lang) == tag
