"""One file to posts and problems, whatever its format."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

from atbalss.errors import CollectError, SourceChanged, SourceUnavailable
from collectors.base import RowProblem
from collectors.encoding import choose_encoding
from collectors.file_columns import Column, find_columns, says_something
from collectors.file_posts import RowReader
from collectors.file_rows import Row, choose_delimiter, csv_rows, jsonl_rows, xlsx_rows
from collectors.file_settings import Settings
from collectors.post import Post

__all__ = ["ENDINGS", "read_file", "read_lines", "unreadable"]

_TABLES = (".csv", ".tsv", ".txt")
_LINES = (".jsonl", ".ndjson")
_BOOKS = (".xlsx", ".xlsm")
ENDINGS = (*_TABLES, *_LINES, *_BOOKS)
"""The endings of the files that can be read."""
_CHUNK = 1 << 16
_SAMPLE_CHARACTERS = 1 << 16


def read_file(path: Path, settings: Settings) -> Generator[Post | RowProblem]:
    """Yield each row of the file as a post or a problem, in the file's order.

    While it runs it raises SourceUnavailable for a file that is missing or may not be read, and
    SourceChanged for one that is not what its ending says or has no column to make posts of.
    """
    for _, item in read_lines(path, settings):
        yield item


def read_lines(path: Path, settings: Settings) -> Generator[tuple[str, Post | RowProblem]]:
    """As `read_file`, each with its place: the file's name and the line, such as `reviews.csv:7`."""
    reader = RowReader(settings.reading, settings.scope_of(path))
    columns: dict[Column, int] = {}
    headers: object = None
    for row in _rows(path, settings):
        where = f"{path.name}:{row.line}"
        try:
            if row.problem:
                raise ValueError(row.problem)
            if row.headers is not headers:
                headers, columns = row.headers, _columns(path, row, settings)
            cells = {column: row.cells[position] for column, position in columns.items()}
            for post in reader.posts(cells):
                yield where, post
        except ValueError as error:
            yield where, RowProblem(where, str(error))


def unreadable(path: Path, error: OSError) -> SourceUnavailable:
    """The error of a file that is missing or may not be read."""
    return SourceUnavailable(
        str(path), f"cannot be read ({error.strerror})", "check that it exists and may be read"
    )


def _rows(path: Path, settings: Settings) -> Iterator[Row]:
    ending = path.suffix.lower()
    try:
        if ending in _BOOKS:
            yield from xlsx_rows(path, settings.sheet)
        elif ending in _TABLES or ending in _LINES:
            yield from _text_rows(path, settings, ending)
        else:
            raise SourceChanged(
                str(path), "its ending is not known", "save it as .csv, .jsonl or .xlsx (not .xls)"
            )
    except OSError as error:
        raise unreadable(path, error) from None
    except CollectError:
        raise
    except KeyError as error:
        if ending in _BOOKS and settings.sheet and settings.sheet in str(error):
            raise SourceChanged(str(path), f"has no sheet {settings.sheet}", "correct `sheet`") from None
        raise _broken(path) from None
    except UnicodeError:
        raise SourceChanged(
            str(path), f"is not in the encoding {settings.encoding}", "correct `encoding`, or leave it out"
        ) from None
    except Exception:
        # openpyxl lets through whatever its zip and XML readers raise; none of it is for people.
        if ending not in _BOOKS:
            raise
        raise _broken(path) from None


def _text_rows(path: Path, settings: Settings, ending: str) -> Iterator[Row]:
    encoding = settings.encoding
    if encoding is None:
        with path.open("rb") as raw:
            try:
                encoding = choose_encoding(iter(partial(raw.read, _CHUNK), b""))
            except ValueError as error:
                raise SourceChanged(str(path), str(error), "set `encoding`, or save it as UTF-8") from None
    # surrogateescape keeps broken bytes recognisable, row by row; the two-byte encodings do not know it.
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        if ending in _LINES:
            yield from jsonl_rows(file)
            return
        delimiter = settings.delimiter
        if delimiter is None:
            sample = file.read(_SAMPLE_CHARACTERS)
            if len(sample) == _SAMPLE_CHARACTERS:
                sample = sample[: sample.rfind("\n") + 1]
            delimiter = choose_delimiter(sample)
            file.seek(0)
        yield from csv_rows(file, delimiter)


def _columns(path: Path, row: Row, settings: Settings) -> dict[Column, int]:
    """The row's columns; raises ValueError for a row and SourceChanged for a whole table without any."""
    single = path.suffix.lower() in _LINES
    chosen = settings.columns
    if single:
        chosen = {column: header for column, header in chosen.items() if header in row.headers}
    try:
        columns = find_columns(row.headers, chosen)
    except KeyError as error:
        raise SourceChanged(str(path), f"has no column {error}", "correct `columns`") from None
    if not says_something(columns):
        if single:
            raise ValueError("has neither text nor stars nor a survey answer")
        # The headers are not quoted: in a table without any they are somebody's words.
        raise SourceChanged(
            str(path),
            f"none of its {len(row.headers)} columns is known as text, stars or a survey answer",
            'give the header of the text in `columns`, such as text = "Your opinion"',
        )
    return columns


def _broken(path: Path) -> SourceChanged:
    return SourceChanged(
        str(path),
        "is not a readable Excel workbook",
        "open it in Excel, remove its password if it has one, and save it as .xlsx",
    )
