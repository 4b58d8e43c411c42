"""One file to posts and problems."""

from __future__ import annotations

import io
import json
import os
import unicodedata
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from pydantic import ValidationError

from atbalss.errors import CollectError, SourceChanged, SourceUnavailable
from collectors.base import RowProblem
from collectors.file_import import Settings, error_report, read_file, read_lines
from collectors.post import Post, PostKind, SurveyAnswer, SurveyKind


def read(path: Path, **options) -> list[Post | RowProblem]:
    return list(read_file(path, Settings(path="unused", **options)))


def posts(path: Path, **options) -> list[Post]:
    return [item for item in read(path, **options) if isinstance(item, Post)]


def written(folder: Path, text: str, *, name: str = "reviews.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, *rows: tuple[object, ...], title: str = "Lapa1") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


LATVIAN = (
    "Datums;Vērtējums;Autors;Komentārs;Atbilde;Saite\r\n"
    '05.01.2026 10:00;4,5;Jānis;"Ļoti laba; tikai\r\nšķērē";Paldies!;https://x.lv/1\r\n'
    "06.01.2026 11:30;1;Žanna;Šausmīgi;;\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1257"])
def test_a_latvian_export_is_read_in_every_encoding(tmp_path, encoding):
    path = written(tmp_path, LATVIAN, encoding=encoding)
    first, second = posts(path, timezone="Europe/Riga")
    assert first == Post(
        external_id=first.external_id,
        kind=PostKind.REVIEW,
        text="Ļoti laba; tikai\nšķērē",
        author="Jānis",
        stars=4.5,
        url="https://x.lv/1",
        owner_reply="Paldies!",
        published_at=datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
    )
    assert (second.text, second.owner_reply) == ("Šausmīgi", None)


def test_a_russian_export_in_the_old_code_page_is_read(tmp_path):
    path = written(tmp_path, "Дата,Оценка,Отзыв\n2026-01-05,5,Очень вкусно\n", encoding="windows-1251")
    assert [(post.text, post.stars) for post in posts(path)] == [("Очень вкусно", 5)]


def test_an_encoding_that_is_set_goes_before_what_is_found(tmp_path):
    path = written(tmp_path, "text\nТак\n", encoding="koi8-r")
    assert posts(path, encoding="koi8-r")[0].text == "Так"


def test_a_broken_byte_costs_its_row_only(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_bytes("text\nĻoti labi, paldies jums\n".encode() + b"bro\xe7ken\n" + "Šausmīgi\n".encode())
    found = read(path)
    assert [item.text for item in found if isinstance(item, Post)] == ["Ļoti labi, paldies jums", "Šausmīgi"]
    assert [item for item in found if isinstance(item, RowProblem)] == [
        RowProblem("reviews.csv:3", "has bytes that are no characters of the file's encoding")
    ]


def test_a_file_that_is_not_in_its_encoding_is_an_error(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_bytes(b"text\n\x00\x00\n")
    with pytest.raises(SourceChanged, match=r"reviews\.csv.*zero bytes.*encoding"):
        read(path)


def test_bad_rows_are_problems_without_their_text_and_all_others_are_imported(tmp_path):
    path = written(
        tmp_path,
        "id;date;stars;text;nps\n"
        "1;2026-01-05;5;Labi;9\n"
        "2;vakar;5;SLEPENI;\n"
        "3;2026-01-05;9;SLEPENI;\n"
        "4;2026-01-05;;;\n"
        "5;2026-01-05;5;SLEPENI;11\n"
        "6;2026-01-05;5;SLEPENI;;;;x\n"
        "7;2026-01-05;1;Slikti;0\n",
    )
    found = read(path)
    assert [item.external_id for item in found if isinstance(item, Post)] == ["reviews/1", "reviews/7"]
    problems = [item for item in found if isinstance(item, RowProblem)]
    assert [problem.where for problem in problems] == [f"reviews.csv:{line}" for line in range(3, 8)]
    report = io.StringIO()
    assert error_report(problems, report) == 5
    assert report.getvalue().splitlines()[:2] == [
        "file,line,reason",
        "reviews.csv,3,date: not written as 2024-12-31 or 31.12.2024; set date_format",
    ]
    assert "SLEPENI" not in report.getvalue()


def test_stars_of_another_scale_are_brought_to_five(tmp_path):
    path = written(tmp_path, "text;rating\nLabi;10\nTā;5,5\nSlikti;1\n")
    assert [post.stars for post in posts(path, stars_max=10)] == [5, 3, 1]


def test_columns_with_other_headers_are_named_in_the_settings(tmp_path):
    path = written(tmp_path, "Ko jūs domājat?;Cik?\nLabi;4\n")
    found = posts(path, columns={"text": "ko jūs domājat?", "stars": "Cik?"})
    assert [(post.text, post.stars) for post in found] == [("Labi", 4)]


def test_a_header_that_is_named_but_not_there_is_an_error(tmp_path):
    path = written(tmp_path, "text;x\nLabi;4\n")
    with pytest.raises(SourceChanged, match=r"reviews\.csv: has no column 'Cik'; correct `columns`"):
        read(path, columns={"stars": "Cik"})


def test_a_table_without_headers_is_an_error_that_does_not_repeat_its_words(tmp_path):
    path = written(tmp_path, "SLEPENI vārdi;2\nLabi;4\n")
    with pytest.raises(SourceChanged, match="none of its 2 columns") as caught:
        read(path)
    assert "SLEPENI" not in str(caught.value)


def test_an_empty_file_and_one_with_headers_only_hold_nothing(tmp_path):
    assert read(written(tmp_path, "")) == []
    assert read(written(tmp_path, "date;text\n")) == []


def test_the_same_row_has_the_same_id_in_the_next_export(tmp_path):
    rows = ["2026-01-05;Anna;Labi", "2026-01-06;;Slikti", ";;Labi"]
    first = posts(written(tmp_path, "\n".join(["date;author;text", *rows])))
    # Another name, order, format and delimiter, a new row, and a rating that came later.
    book = workbook(
        tmp_path / "export 2.xlsx",
        ("Stars", "Text", "Author", "Date"),
        (1, "Jauns", None, None),
        (5, "Slikti", None, date(2026, 1, 6)),
        (None, "Labi", "Anna", date(2026, 1, 5)),
        (None, "Labi", None, None),
    )
    second = {post.external_id: post.text for post in posts(book)}
    assert [second[post.external_id] for post in first] == ["Labi", "Slikti", "Labi"]
    assert len(second) == 4


def test_an_id_is_one_of_its_file_unless_it_is_one_of_the_source(tmp_path):
    first = written(tmp_path, "id;text\n1;Labi\n;Bez\n", name="a.csv")
    second = written(tmp_path, '{"id": 1, "text": "Slikti"}\n{"text": "Bez"}\n', name="b.jsonl")
    ids = {path.stem: [post.external_id for post in posts(path)] for path in (first, second)}
    assert (ids["a"][0], ids["b"][0]) == ("a/1", "b/1")
    # Without an id it is the row that counts, under any file name.
    assert ids["a"][1] == ids["b"][1]
    assert [posts(path, id_scope="source")[0].external_id for path in (first, second)] == ["1", "1"]


def test_the_next_export_under_the_same_name_has_the_same_ids(tmp_path):
    (tmp_path / "old").mkdir()
    before = posts(written(tmp_path / "old", "id;text\n1;Labi\n", name="Vērtējumi.csv"))
    # Some systems decompose the letters of file names.
    name = unicodedata.normalize("NFD", "Vērtējumi.jsonl")
    after = posts(written(tmp_path, '{"text": "Labi", "id": "1"}', name=name))
    assert before[0].external_id == after[0].external_id == "Vērtējumi/1"


def test_a_file_name_that_is_no_text_gives_ids_that_can_be_stored(tmp_path):
    (post,) = posts(written(tmp_path, "id;text\n1;Labi\n", name=os.fsdecode(b"v\xe7.csv")))
    assert post.external_id == "v?/1"


def test_each_row_comes_with_its_place(tmp_path):
    path = written(tmp_path, "id;text\n1;Labi\n2;\n\n3;Slikti\n")
    found = [(where, type(item)) for where, item in read_lines(path, Settings(path="unused"))]
    assert found == [("reviews.csv:2", Post), ("reviews.csv:3", RowProblem), ("reviews.csv:5", Post)]


def test_equal_rows_without_an_id_are_all_kept_and_numbered(tmp_path):
    path = written(tmp_path, "date;text\n" + "2026-01-05;Labi\n" * 3)
    ids = [post.external_id for post in posts(path)]
    assert len(set(ids)) == 3
    assert ids[1] == f"{ids[0]}-2"
    assert ids == [post.external_id for post in posts(path)]


def test_ratings_without_words_are_all_kept_and_hang_on_their_rating(tmp_path):
    ids = {
        post.stars: post.external_id
        for post in posts(written(tmp_path, "stars;text\n5;\n4;\n", name="a.csv"))
    }
    other = posts(written(tmp_path, "stars;text\n4;\n5;\n", name="b.csv"))
    assert {post.stars: post.external_id for post in other} == ids


def test_a_repeated_id_is_reported_when_nothing_changed_and_an_edit_when_something_did(tmp_path):
    found = read(written(tmp_path, "id;text\n1;Labi\n1;Labi\n1;Slikti\n"))
    assert [getattr(item, "text", None) for item in found] == ["Labi", None, "Slikti"]
    assert found[1] == RowProblem("reviews.csv:3", "repeats an earlier row with the same id and content")


def test_survey_answers_come_by_column_or_by_kind_and_value(tmp_path):
    by_kind = posts(written(tmp_path, "survey type;value;comment\nNPS;9;Labi\ncsat;;Nav\n"))
    assert [(post.kind, post.survey) for post in by_kind] == [
        (PostKind.SURVEY, SurveyAnswer(SurveyKind.NPS, 9)),
        (PostKind.COMMENT, None),
    ]
    by_column = posts(written(tmp_path, "id;csat;nps;ces;text\n7;5;10;1;Labi\n"))
    assert [(post.external_id, post.survey, post.text) for post in by_column] == [
        ("reviews/7", SurveyAnswer(SurveyKind.CSAT, 5), "Labi"),
        ("reviews/7:nps", SurveyAnswer(SurveyKind.NPS, 10), ""),
        ("reviews/7:ces", SurveyAnswer(SurveyKind.CES, 1), ""),
    ]


def test_a_kind_that_is_set_goes_before_what_the_row_looks_like(tmp_path):
    assert posts(written(tmp_path, "text;stars\nLabi;5\n"), kind="mail")[0].kind is PostKind.MAIL


def test_labelled_json_lines_are_imported_with_their_language(tmp_path):
    lines = [
        json.dumps({"text": "Ļoti slikti", "label": "neg", "lang": "lv", "x": {"y": 1}}),
        json.dumps({"text": "Labai gerai", "label": "pos", "lang": "lt-LT"}, ensure_ascii=False),
        json.dumps({"label": "neg", "lang": "lv"}),
        json.dumps({"text": None}),
        '{"text": "\\ud83d"}',
        json.dumps({"text": "", "stars": 4}),
    ]
    path = written(tmp_path, "\n".join(lines), name="tweets.jsonl")
    found = read(path)
    assert [(item.text, item.language_hint) for item in found if isinstance(item, Post)] == [
        ("Ļoti slikti", "lv"),
        ("Labai gerai", "lt"),
        ("", None),
    ]
    assert all(item.published_at is None for item in found if isinstance(item, Post))
    assert [item.where for item in found if isinstance(item, RowProblem)] == [
        "tweets.jsonl:3",
        "tweets.jsonl:4",
        "tweets.jsonl:5",
    ]


def test_chosen_headers_that_a_json_line_leaves_out_are_empty(tmp_path):
    path = written(tmp_path, '{"ko": "Labi"}\n{"ko": "Slikti", "cik": 1}\n', name="x.jsonl")
    found = posts(path, columns={"text": "ko", "stars": "cik"})
    assert [(post.text, post.stars) for post in found] == [("Labi", None), ("Slikti", 1)]


def test_a_workbook_gives_dates_numbers_and_texts(tmp_path):
    path = workbook(
        tmp_path / "atsauksmes.xlsx",
        ("ID", "Datums", "Vērtējums", "Komentārs"),
        (1203.0, datetime(2026, 1, 5, 10, 0), 4.5, "Labi\notrā rinda"),  # noqa: DTZ001 - as Excel has it
        (None, None, None, None),
        (1204, "06.01.2026", "3,5", "Tā sev"),
        (1205, 45292.5, 3, "Skaitlis"),
    )
    found = read(path, timezone="Europe/Riga")
    assert [
        (item.external_id, item.published_at, item.stars, item.text)
        for item in found
        if isinstance(item, Post)
    ] == [
        ("atsauksmes/1203", datetime(2026, 1, 5, 8, 0, tzinfo=UTC), 4.5, "Labi\notrā rinda"),
        ("atsauksmes/1204", datetime(2026, 1, 5, 22, 0, tzinfo=UTC), 3.5, "Tā sev"),
    ]
    assert [item.where for item in found if isinstance(item, RowProblem)] == ["atsauksmes.xlsx:5"]


def test_a_sheet_is_chosen_by_name_and_a_missing_one_is_an_error(tmp_path):
    path = workbook(tmp_path / "x.xlsx", ("text",), ("Labi",), title="Dati")
    assert [post.text for post in posts(path, sheet="Dati")] == ["Labi"]
    with pytest.raises(SourceChanged, match="has no sheet Nav"):
        read(path, sheet="Nav")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _no_zip(path: Path) -> None:
    path.write_bytes(b"not a workbook")


def _no_parts(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")


def _bad_xml(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-40]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("damage", [_cut, _no_zip, _no_parts, _bad_xml])
def test_a_broken_workbook_is_a_typed_error_with_a_remedy(tmp_path, damage):
    path = workbook(tmp_path / "x.xlsx", ("text",), ("Labi",))
    damage(path)
    with pytest.raises(SourceChanged, match=r"x\.xlsx: is not a readable Excel workbook; open it in Excel"):
        read(path)


def test_a_missing_file_and_a_folder_are_typed_errors(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path / "none.jsonl", tmp_path / "none.xlsx"):
        with pytest.raises(SourceUnavailable, match="cannot be read"):
            read(path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CollectError, match="cannot be read"):
        read(tmp_path / "folder.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_typed_error(tmp_path):
    path = written(tmp_path, "text\nLabi\n")
    path.chmod(0)
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        read(path)


@pytest.mark.parametrize("name", ["x.xls", "x.pdf", "x"])
def test_another_ending_is_an_error_that_names_the_right_ones(tmp_path, name):
    with pytest.raises(SourceChanged, match=r"save it as \.csv"):
        read(written(tmp_path, "x", name=name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": ""},
        {"encoding": "nonsense"},
        {"timezone": "Europe/Atlantis"},
        {"timezone": "Europe"},
        {"timezone": "../etc/passwd"},
        {"stars_min": 5},
        {"stars_min": float("-inf")},
        {"stars_max": float("nan")},
        {"stars_max": float("inf")},
        {"id_scope": "folder"},
        {"delimiter": ";;"},
        {"columns": {"nonsense": "x"}},
        {"unknown": 1},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**{"path": "x.csv", **wrong})


def test_the_labelled_tweets_are_imported_whole():
    folder = Path(os.environ.get("ATBALSS_TEST_SHARED", Path(__file__).parents[3] / "shared"))
    path = folder / "data" / "eval" / "lv_fntm.jsonl"
    if not path.exists():
        pytest.skip("the shared data are not here; set ATBALSS_TEST_SHARED")
    found = posts(path)
    assert len(found) == len(path.read_bytes().splitlines()) == len({post.external_id for post in found})
    assert {post.language_hint for post in found} == {"lv"}
