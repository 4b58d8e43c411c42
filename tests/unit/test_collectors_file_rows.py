"""Tables to rows."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.file_rows import Row, choose_delimiter, csv_rows, jsonl_rows


def rows(text: str, delimiter: str | None = None) -> list[Row]:
    return list(csv_rows(io.StringIO(text, newline=""), delimiter or choose_delimiter(text)))


def cells(text: str) -> list[list[object]]:
    return [list(row.cells) for row in rows(text) if not row.problem]


def problems(text: str) -> list[tuple[int, str]]:
    return [(row.line, row.problem) for row in rows(text) if row.problem]


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("date,stars,text\n2026-01-05,5,Labi\n", ","),
        ("Datums;Vērtējums;Komentārs\n05.01.2026;4,5;Labi, ātri, lēti\n", ";"),
        ("date\tstars\ttext\n2026-01-05\t4,5\tLabi; ātri\n", "\t"),
        ('id;text\n1;"viens; divi, trīs"\n2;"a,b,c,d"\n', ";"),
        ('text,id\n"a;b;c;d",1\n"a;b;c;d",2\n', ","),
        ('text,id\n"pirmā;rinda\notrā;rinda",1\n', ","),
        ("A|B|C\n1|2|3\n", "|"),
        ("text\nLabi, ātri, lēti\nLabi\n", ";"),
        ("X;Y\na,b;c\nd;e\n", ";"),
        ("sep=;\ntext,x;id\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_makes_a_table(sample, delimiter):
    assert choose_delimiter(sample) == delimiter


def test_a_quoted_text_may_hold_lines_delimiters_and_quotes():
    text = 'id;text\n1;"Pirmā; rinda\nOtrā ""rinda"""\n2;Labi\n'
    assert cells(text) == [["1", 'Pirmā; rinda\nOtrā "rinda"'], ["2", "Labi"]]
    assert [row.line for row in rows(text)] == [2, 4]


def test_a_quote_inside_of_an_unquoted_text_is_a_letter():
    assert cells('id,text\n1,kabelis 5" par īsu\n2,Labi\n') == [["1", 'kabelis 5" par īsu'], ["2", "Labi"]]


def test_empty_lines_and_the_line_of_excel_are_passed_over():
    assert cells("sep=;\nid;text\n\n;\n1;Labi\n\n") == [["1", "Labi"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_one(end):
    assert cells(end.join(["id;text", "1;Labi", "2;Slikti"])) == [["1", "Labi"], ["2", "Slikti"]]


def test_a_quote_that_is_never_closed_costs_its_line_only():
    text = 'id;text\n1;Labi\n2;"Slikti\n3;Labi\n4;Labi\n'
    assert cells(text) == [["1", "Labi"], ["3", "Labi"], ["4", "Labi"]]
    assert problems(text) == [(3, "a quote is opened and not closed where the row ends")]


def test_a_quote_that_is_closed_by_a_later_one_does_not_swallow_the_rows_between():
    text = 'id;text;x\n1;"Slikti;a\n2;Labi;b\n3;Labi;c\n4;x";d;e;f\n5;Labi;g\n'
    assert [row[0] for row in cells(text)] == ["2", "3", "5"]
    assert [line for line, _ in problems(text)] == [2, 5]


def test_an_open_quote_in_a_large_file_does_not_swallow_it():
    text = 'id;text\n1;"Slikti\n' + "".join(f"{n};Labi un ātri\n" for n in range(2, 20_000))
    assert len(cells(text)) == 19_998
    assert [line for line, _ in problems(text)] == [2]


def test_an_endless_line_is_a_problem_and_the_next_row_is_read():
    text = "id;text\n1;" + "x" * 300_000 + "\n2;Labi\n"
    assert cells(text) == [["2", "Labi"]]
    assert len(problems(text)) == 1


def test_a_row_of_another_width_is_a_problem():
    text = "id;text\n1;Labi;ātri\n2\n3;Labi;;\n"
    assert cells(text) == [["3", "Labi"]]
    assert problems(text) == [
        (2, "has 1 more values than the table has columns"),
        (3, "has 1 fewer values than the table has columns"),
    ]


FIELD = st.text(st.sampled_from('ab ;,"\n\tā'), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)


@given(st.lists(st.tuples(FIELD, FIELD), max_size=20), st.sampled_from([",", ";", "\t"]))
def test_every_well_formed_table_comes_back_as_it_was_written(table, delimiter):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([("id", "text"), *table])
    found = rows(file.getvalue(), delimiter)
    assert [row.problem for row in found] == [""] * len(table)
    assert [tuple(row.cells) for row in found] == table


@given(st.text(st.sampled_from('a;"\n'), max_size=60))
def test_no_table_makes_it_fail_and_every_line_is_accounted_for_once(text):
    lines = [row.line for row in rows("id;text\n" + text, ";")]
    assert lines == sorted(set(lines))


def objects(text: str) -> list[Row]:
    return list(jsonl_rows(io.StringIO(text, newline="")))


def test_each_json_line_has_its_own_keys():
    found = objects('{"text": "Labi", "x": [1], "b": true, "n": null}\n\n{"stars": 5}\n')
    assert found == [
        Row(1, ["text", "x", "b", "n"], ["Labi", None, None, None]),
        Row(3, ["stars"], [5]),
    ]


def test_json_lines_that_are_no_objects_are_problems():
    deep = "[" * 100_000
    found = objects(f'nope\n[1]\n{deep}\n{{"text": "x"\n{{"text": "Labi"}}\n')
    assert [(row.line, row.problem) for row in found] == [
        (1, "is not JSON"),
        (2, "is JSON, but not an object"),
        (3, "is not JSON"),
        (4, "is not JSON"),
        (5, ""),
    ]


def test_a_json_line_without_end_is_a_problem_and_the_next_one_is_read():
    found = objects('{"text": "' + "x" * 2_500_000 + '"}\n{"text": "Labi"}\n')
    assert [row.problem for row in found] == ["is longer than 1000000 characters", ""]
