"""Keywords are found as whole words, in every alphabet, with and without marks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.keywords import found_keyword

FOUND = [
    ("Kurjers neatbrauca.", "kurjers"),
    ("KURJERS NEATBRAUCA", "kurjers"),
    ("kurjeram nebija laika", "kurjer*"),
    ("Šķīvis bija netīrs", "skivis"),
    ("skivis bija netirs", "šķīvis"),
    ("Ёлка была сухая", "елка"),
    ("елка была сухая", "ёлка"),
    ("Առաքումը շատ ուշացավ", "առաքում*"),
    ("ԱՌԱՔՈՒՄԸ ուշացավ", "առաքումը"),
    ("որակը և գինը", "և"),
    ("որակը եւ գինը", "և"),
    ("Нет возврата денег", "возврат* денег"),
    ("naudas... atgriešana", "naudas atgriešana"),
    ("naudas\natgriešana", "naudas atgriešana"),
    ("(kurjers)", "kurjers"),
    ("ziņa: kurjers, veikals", "kurjers"),
    ("I got food-poisoning", "food poisoning"),
    ("the ﬁle was lost", "file"),
    ("100% bez jēgas", "100"),
    ("C++ kursi", "c++"),
]

NOT_FOUND = [
    ("kurjeram nebija laika", "kurjers"),
    ("neslikti", "slikti"),
    ("slikti_", "slikti"),
    ("atgriešana naudas", "naudas atgriešana"),
    ("naudas ātra atgriešana", "naudas atgriešana"),
    ("", "kurjers"),
    ("abc", "a.c"),
    ("aaa", "a{3}"),
    ("kurj", "kurjer*"),
]


@pytest.mark.parametrize(("text", "keyword"), FOUND)
def test_it_is_found(text: str, keyword: str) -> None:
    assert found_keyword(text, [keyword]) == keyword


@pytest.mark.parametrize(("text", "keyword"), NOT_FOUND)
def test_it_is_not_found(text: str, keyword: str) -> None:
    assert found_keyword(text, [keyword]) is None


def test_the_first_of_the_keywords_is_named_as_it_was_written() -> None:
    assert found_keyword("kurjers un Nauda", ["gads", "NAUDA", "kurjers"]) == "NAUDA"
    assert found_keyword("kurjers", []) is None


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_keyword_is_safe_to_look_for(text: str, keyword: str) -> None:
    found_keyword(text, [keyword])


WORDS = st.text("abcdeāčšžабвгдաբգդ", min_size=1, max_size=8)


@given(st.lists(WORDS, max_size=5), WORDS, st.lists(WORDS, max_size=5))
def test_a_word_of_the_text_is_found_wherever_it_stands(
    before: list[str], word: str, after: list[str]
) -> None:
    assert found_keyword(" ".join([*before, word, *after]), [word]) == word
    assert found_keyword(", ".join([*before, word.upper(), *after]), [f"{word[:1]}*"]) is not None


@given(WORDS, WORDS)
def test_a_part_of_a_word_is_not_found(word: str, rest: str) -> None:
    text = word + "zz" + rest
    assert re.fullmatch(r"\w+", text)
    assert found_keyword(text, [word]) is None
