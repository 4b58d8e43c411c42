"""Tables to rows: CSV, JSONL and XLSX, read as a stream, each row with its line.

A row is a list of cells under the headers of its table, or a problem. A problem never ends the table: a
quote that is opened and never closed costs its line and not the rest of the file.
"""

from __future__ import annotations

import csv
import json
import re
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import count
from pathlib import Path
from typing import TextIO, cast

from openpyxl import load_workbook

from collectors.file_columns import is_known_header
from collectors.file_values import Cell, as_text

__all__ = ["Row", "choose_delimiter", "csv_rows", "jsonl_rows", "xlsx_rows"]

_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 50
# The longest record that is believed; Excel's cells end at 32,767 characters. Longer ones are unclosed
# quotes.
_LONGEST_RECORD = 120_000
_LONGEST_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `cells` under `headers`, or what is wrong with it."""

    line: int
    headers: Sequence[str] = ()
    cells: Sequence[Cell] = ()
    problem: str = ""


class _Unclosed(Exception):
    """A record has grown beyond every belief."""


class _Lines:
    """Physical lines with their numbers, able to give lines back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self._size = 0
        self.number = 0
        self.record: list[str] = []
        self.ended = False

    def start_record(self) -> None:
        """Forget the lines of the record before."""
        self.record = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read()
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.record.append(line)
        self._size += len(line)
        if self._size > _LONGEST_RECORD:
            raise _Unclosed
        return line

    def _read(self) -> str:
        line = self._file.readline(_LONGEST_RECORD + 1)
        if len(line) > _LONGEST_RECORD:
            _skip_rest(self._file, line)
        return line

    def give_back_all_but_first(self) -> None:
        """Let the lines after the record's first one be read again."""
        self._returned.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1
        self.ended = False


def _skip_rest(file: TextIO, line: str) -> None:
    """Go to the end of a line of which only the start was read."""
    while line and not line.endswith("\n"):
        line = file.readline(_LONGEST_LINE)


def choose_delimiter(sample: str) -> str:
    """The delimiter under which `sample` (whole lines) is a table: known headers, rows of equal width.

    Excel's own first line `sep=;` decides when it is there.
    """
    if said := _SEP_LINE.match(sample):
        return said[1]

    def fitness(delimiter: str) -> tuple[int, float, int]:
        rows = [
            row
            for row in csv.reader(StringIO(sample[:_LONGEST_RECORD], newline=""), delimiter=delimiter)
            if row
        ]
        rows = rows[:_SAMPLE_RECORDS]
        if not rows:
            return 0, 0.0, 0
        known = sum(map(is_known_header, rows[0]))
        equal = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        return known, equal, len(rows[0])

    return max(_DELIMITERS, key=fitness)


def csv_rows(file: TextIO, delimiter: str) -> Iterator[Row]:
    """Rows of a table whose first record is its headers; empty lines are passed over."""
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter)
    headers: list[str] = []
    while True:
        lines.start_record()
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_Unclosed, csv.Error):
            cells = None
        spans = len(lines.record) > 1
        # The reader asks for a line beyond the last one only inside of an open quote.
        if cells is None or lines.ended or (spans and headers and _surplus(cells, headers)):
            lines.give_back_all_but_first()
            reader = csv.reader(lines, delimiter=delimiter)
            yield Row(start, problem="a quote is opened and not closed where the row ends")
            continue
        if not any(cell.strip() for cell in cells) or (start == 1 and cells[0].casefold() == "sep="):
            continue
        if not headers:
            headers = [cell.strip().lstrip("\ufeff") for cell in cells]
        elif surplus := _surplus(cells, headers):
            words = "more" if surplus > 0 else "fewer"
            yield Row(start, problem=f"has {abs(surplus)} {words} values than the table has columns")
        else:
            yield Row(start, headers, cells[: len(headers)])


def _surplus(cells: list[str], headers: list[str]) -> int:
    """How many values the row has too many or too few; empty ones beyond the last column do not count."""
    width = len(cells)
    while width > len(headers) and not cells[width - 1].strip():
        width -= 1
    return width - len(headers)


def jsonl_rows(file: TextIO) -> Iterator[Row]:
    """One JSON object a line; values that are lists or objects themselves count as empty."""
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            _skip_rest(file, line)
            yield Row(number, problem=f"is longer than {_LONGEST_LINE} characters")
            continue
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            found = json.loads(line.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            yield Row(number, problem="is not JSON")
            continue
        if not isinstance(found, dict):
            yield Row(number, problem="is JSON, but not an object")
            continue
        yield Row(number, list(found), [_scalar(value) for value in found.values()])


def _scalar(value: object) -> Cell:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def xlsx_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Rows of the sheet named `sheet`, or of the first one. Raises KeyError for a sheet that is not there.

    Anything else that a broken workbook raises comes through as it is.
    """
    with _no_warnings():
        book = load_workbook(path, read_only=True, data_only=True)
    try:
        table = book[sheet] if sheet else book.worksheets[0]
        # Some exporters write a wrong size of the sheet, which would cut rows off.
        table.reset_dimensions()
        headers: list[str] = []
        rows = table.iter_rows(values_only=True)
        for number in count(1):
            with _no_warnings():
                values = next(rows, None)
            if values is None:
                return
            cells = [cast(Cell, value) for value in values]
            if not any(as_text(cell) for cell in cells):
                continue
            if not headers:
                headers = [as_text(cell) for cell in cells]
            else:
                yield Row(number, headers, (cells + [None] * len(headers))[: len(headers)])
    finally:
        book.close()


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Silence openpyxl, which warns about styles and extensions that it cannot keep; we only read values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
