"""The file collector on real folders."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, cast

import pytest
from openpyxl import Workbook

from atbalss.errors import CollectError, SourceChanged, SourceUnavailable
from collectors.base import Context, Cursor, Page
from collectors.file_import import Settings, build
from collectors.registry import load
from collectors.walk import walk

CONTEXT = Context(http=cast(Any, None))


def collected(
    path: Path | str, cursor: Cursor | None = None, *, max_pages: int = 99, **options
) -> tuple[list[Page], CollectError | None]:
    """The pages of one collection, and the error at its end."""
    collector = build(Settings(path=str(path), **{"id_scope": "source", **options}), source="files")
    pages: list[Page] = []

    async def main() -> CollectError | None:
        try:
            async for page in walk(collector, cursor, CONTEXT, source="files", max_pages=max_pages):
                # As the database does: a cursor is JSON.
                assert json.loads(json.dumps(page.cursor)) == page.cursor
                pages.append(page)
        except CollectError as error:
            return error
        return None

    return pages, asyncio.run(main())


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def table(path: Path, numbers: range, text: str = "Labi") -> Path:
    path.write_text("id;text\n" + "".join(f"{n};{text} {n}\n" for n in numbers), encoding="utf-8")
    return path


def test_the_registry_knows_the_kind():
    module = load("file")
    assert module.build(module.Settings.model_validate({"path": "x.csv"}), source="s").facts.window is None


def test_a_folder_is_read_by_name_and_an_unchanged_one_is_not_read_again(tmp_path):
    table(tmp_path / "b.csv", range(2, 4))
    (tmp_path / "a.jsonl").write_text('{"text": "Labi", "id": "1"}\n', encoding="utf-8")
    (tmp_path / "~$b.xlsx").write_text("Excel's lock")
    (tmp_path / ".hidden.csv").write_text("x")
    (tmp_path / "notes.pdf").write_text("x")
    pages, error = collected(tmp_path)
    assert (ids(pages), error) == (["1", "2", "3"], None)
    assert collected(tmp_path, pages[-1].cursor) == ([], None)


def test_a_glob_takes_the_files_that_fit(tmp_path):
    table(tmp_path / "shop.csv", range(1, 3))
    table(tmp_path / "other.csv", range(3, 5))
    pages, _ = collected(tmp_path / "sh*.csv")
    assert ids(pages) == ["1", "2"]
    assert collected(tmp_path / "none*.csv") == ([], None)


def test_pages_are_bounded_and_each_cursor_goes_on_where_it_ends(tmp_path):
    path = table(tmp_path / "a.csv", range(1234))
    pages, _ = collected(path)
    assert [len(page.posts) for page in pages] == [500, 500, 234]
    for number, page in enumerate(pages):
        rest, _ = collected(path, page.cursor)
        assert ids(rest) == ids(pages[number + 1 :])


def test_a_file_of_whole_pages_ends_too(tmp_path):
    path = table(tmp_path / "a.csv", range(1000))
    pages, _ = collected(path)
    assert len(ids(pages)) == 1000
    assert collected(path, pages[-1].cursor) == ([], None)


def test_a_large_file_is_finished_in_several_collections(tmp_path):
    path = table(tmp_path / "a.csv", range(1234))
    cursor = None
    found: list[str] = []
    for _ in range(3):
        pages, _ = collected(path, cursor, max_pages=1)
        found += ids(pages)
        cursor = pages[-1].cursor
    assert found == [str(n) for n in range(1234)]


def test_a_file_that_has_grown_is_read_wholly_again(tmp_path):
    path = table(tmp_path / "a.csv", range(3))
    first, _ = collected(path)
    table(path, range(5))
    second, _ = collected(path, first[-1].cursor)
    assert ids(second) == ["0", "1", "2", "3", "4"]


def test_a_file_that_was_only_touched_moved_or_copied_is_not_read_again(tmp_path):
    path = table(tmp_path / "a.csv", range(3))
    cursor = collected(tmp_path)[0][-1].cursor
    os.utime(path, ns=(1, 1))
    touched, _ = collected(tmp_path, cursor)
    assert ids(touched) == []
    assert collected(tmp_path, touched[-1].cursor) == ([], None)
    path.rename(tmp_path / "archive.csv")
    (tmp_path / "copy.csv").write_bytes((tmp_path / "archive.csv").read_bytes())
    moved, error = collected(tmp_path, cursor)
    assert (ids(moved), error) == ([], None)
    assert set(moved[-1].cursor["files"]) == {str(tmp_path / "archive.csv"), str(tmp_path / "copy.csv")}


def test_exports_that_start_at_the_same_day_do_not_stop_the_walk(tmp_path):
    table(tmp_path / "january.csv", range(500))
    table(tmp_path / "february.csv", range(700))
    table(tmp_path / "march.csv", range(900))
    pages, _ = collected(tmp_path)
    assert sorted(map(int, ids(pages))) == list(range(900))


def test_an_edit_in_a_later_file_comes_through(tmp_path):
    table(tmp_path / "a.csv", range(2))
    table(tmp_path / "b.csv", range(1), text="Slikti")
    pages, _ = collected(tmp_path)
    assert ids(pages) == ["0", "1", "0"]


def test_files_that_both_number_their_rows_are_all_kept(tmp_path):
    table(tmp_path / "a.csv", range(2))
    table(tmp_path / "b.csv", range(1), text="Slikti")
    first, _ = collected(tmp_path, id_scope="file")
    assert ids(first) == ["a/0", "a/1", "b/0"]
    # The next export under the same name.
    table(tmp_path / "b.csv", range(2), text="Slikti")
    second, _ = collected(tmp_path, first[-1].cursor, id_scope="file")
    assert ids(second) == ["b/0", "b/1"]


def test_other_settings_read_all_files_anew(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text;stars\nLabi;9\n", encoding="utf-8")
    first, _ = collected(path)
    assert (ids(first), len(first[0].problems)) == ([], 1)
    second, _ = collected(path, first[-1].cursor, stars_max=10)
    assert len(ids(second)) == 1


def test_a_broken_file_is_an_error_after_all_the_others_were_imported(tmp_path):
    table(tmp_path / "a.csv", range(2))
    (tmp_path / "b.xlsx").write_bytes(b"half of a workb")
    table(tmp_path / "c.csv", range(2, 4))
    pages, error = collected(tmp_path)
    assert ids(pages) == ["0", "1", "2", "3"]
    assert isinstance(error, SourceChanged)
    assert "b.xlsx" in str(error)
    # Mended: only this file is read.
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "text"])
    sheet.append(["9", "Labi"])
    book.save(tmp_path / "b.xlsx")
    again, error = collected(tmp_path, pages[-1].cursor)
    assert (ids(again), error) == (["9"], None)


def test_problems_travel_with_their_page(tmp_path):
    (tmp_path / "a.csv").write_text("id;stars;text\n1;9;x\n2;5;Labi\n", encoding="utf-8")
    pages, _ = collected(tmp_path)
    assert [problem.where for problem in pages[0].problems] == ["a.csv:2"]
    assert ids(pages) == ["2"]


@pytest.mark.parametrize("name", ["none.csv", "none/*.csv"])
def test_a_missing_file_or_folder_is_a_failure_and_not_an_empty_answer(tmp_path, name):
    pages, error = collected(tmp_path / name)
    assert pages == []
    assert isinstance(error, SourceUnavailable)
    assert str(tmp_path / "none") in str(error)


def test_an_empty_folder_is_truly_empty(tmp_path):
    assert collected(tmp_path) == ([], None)


def test_check_says_what_the_first_file_holds(tmp_path):
    collector = build(Settings(path=str(tmp_path)), source="files")
    assert asyncio.run(collector.check(CONTEXT)) == "no files yet"
    (tmp_path / "a.csv").write_text("id;stars;text\n1;9;x\n2;5;Labi\n", encoding="utf-8")
    assert asyncio.run(collector.check(CONTEXT)) == "1 files; the first 2 rows of a.csv: 1 problems"


def test_building_reads_nothing(tmp_path):
    build(Settings(path=str(tmp_path / "none.csv")), source="files")
