"""Where keys stand in a TOML file."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atbalss.config.lines import key_lines

TEXT = '''\
# [not.a.table]
title = "a # b"

[database]
url = "sqlite:///x"  # key = 1
"quoted key".'other' = 3

[[sources]]
id = "one"
words = [
  "every = 5",  # ]
  'x',
]
note = """
every = "no"
[[sources]]
"""
every = "5m"
columns = { text = "Text", every = 1 }

[[sources]]
id = "two"
[sources.headers]
a.b = 1
[sources.headers.deep]
c = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("database",), 4),
        (("database", "url"), 5),
        (("database", "quoted key", "other"), 6),
        (("sources", 0), 8),
        (("sources", 0, "id"), 9),
        (("sources", 0, "words"), 10),
        (("sources", 0, "note"), 14),
        (("sources", 0, "every"), 18),
        (("sources", 0, "columns"), 19),
        (("sources", 1), 21),
        (("sources", 1, "id"), 22),
        (("sources", 1, "headers"), 23),
        (("sources", 1, "headers", "a", "b"), 24),
        (("sources", 1, "headers", "deep", "c"), 26),
    ],
)
def test_every_key_has_its_line(path, line):
    assert tomllib.loads(TEXT)
    assert key_lines(TEXT)[path] == line


def test_nothing_inside_of_values_is_taken_for_a_key():
    lines = key_lines(TEXT)
    assert len(lines) == 16
    assert not {13, 15, 16, 17, 20} & set(lines.values())


def test_windows_line_ends_count_once():
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = 'x'\r\n")[("b", "c")] == 4


@given(st.text(max_size=60))
def test_any_text_ends_without_an_error_even_when_it_is_no_toml(text):
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"\A[a-z]{1,5}\Z"),
            st.one_of(
                st.integers(0, 99).map(str), st.just('"a # ]"'), st.just("[1,\n2]"), st.just("'''x\ny'''")
            ),
        ),
        unique_by=lambda pair: pair[0],
        max_size=6,
    )
)
def test_the_lines_are_right_for_any_mixture_of_values(pairs):
    text = "\n".join(f"{key} = {value}" for key, value in pairs)
    lines = key_lines(text)
    assert set(tomllib.loads(text)) == {path[0] for path in lines}
    for (key,), line in lines.items():
        assert text.split("\n")[line - 1].startswith(f"{key} =")
