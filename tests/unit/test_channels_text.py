"""A stranger's text: what is taken out, and where it may be cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.text import clean, cut, one_line


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil.test\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("a\x00b\x07c\x7fd", "abcd"),
        ("\u202eevil\u202c \u2066x\u2069 \u200f\u061c", "evil x"),
        ("pa\u200bss\u00adword\ufeff", "password"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("a\n \n\t\n\nb", "a\n\nb"),
        ("tab\there", "tab here"),
        ("lone \ud83d half", "lone \ufffd half"),
        ("👩‍👩‍👧 Ķīselis ՞ Ёлка", "👩‍👩‍👧 Ķīselis ՞ Ёлка"),
    ],
)
def test_only_what_a_person_can_see_is_left(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.text(alphabet=st.characters()))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not any(ord(char) < 32 and char != "\n" for char in once)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    "letter", ["a", "ք", "😀", "e\u0301", "👍🏽", "👨‍👩‍👧", "🇱🇻", "❤️", "🏴\U000e0067\U000e007f"]
)
@pytest.mark.parametrize("around", [-1, 0, 1])
def test_a_character_is_kept_whole_or_left_out(letter: str, around: int) -> None:
    text = letter * 30
    limit = len(text) + around
    short = cut(text, limit)
    assert len(short) <= limit
    assert (short == text) is (around >= 0)
    assert short.rstrip("…").replace(letter, "") == ""


@given(st.text(max_size=60), st.integers(min_value=0, max_value=70))
def test_a_cut_text_fits_and_is_the_beginning(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit
    assert text.startswith(short.removesuffix("…")) or short == text


def test_a_cut_prefers_the_end_of_a_word() -> None:
    assert cut("the soup was cold and late", 20) == "the soup was cold…"


def test_the_other_side_may_count_differently() -> None:
    def units(text: str) -> int:
        return len(text.encode("utf-16-le")) // 2

    assert cut("😀" * 10, 20, units) == "😀" * 10
    assert cut("😀" * 10, 19, units) == "😀" * 9 + "…"
