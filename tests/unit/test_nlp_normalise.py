from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.normalise import normalise, words_only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Skatiet https://veikals.example/a?b=1#c!", "Skatiet http"),
        ("www.veikals.example ir slikts", "http ir slikts"),
        ("@janis paldies", "@user paldies"),
        ("paldies @janis@tirgus.example!", "paldies @user!"),
        ("rakstiet info@veikals.example", "rakstiet info@veikals.example"),
        ("  viens\n\tdivi   tris ", "viens divi tris"),
        ("a\u0304", "ā"),
        ("ĻOTI!!! 😡😡", "ĻOTI!!! 😡😡"),
        ("\ud83d Slikti\udce7", "\ufffd Slikti\ufffd"),
    ],
)
def test_it_keeps_feeling_and_drops_names_and_links(text, expected):
    assert normalise(text) == expected


@given(st.text(st.characters(), max_size=60))
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)
    assert normalise(once) == once
    # Also of half a surrogate pair it makes text that can be written.
    assert once.encode().decode() == once


def test_words_only_leaves_what_the_author_wrote():
    assert words_only("@user labi http @user") == "labi"
    assert words_only("@user http") == ""
