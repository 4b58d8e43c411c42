"""Files: CSV, JSONL and XLSX from a path, a glob or a folder.

What it reads: one post a row. Columns are recognised by their headers in English, Latvian, Lithuanian,
Armenian and Russian; `columns` names the others. Encoding and delimiter are found out per file; decimal
commas, "4/5", ISO and day.month.year dates and Excel's date cells are understood.

What gets lost: nothing without being named. A row that cannot become a post is a problem with its file
and line; a file that cannot be read is an error, raised after all the other files have been imported.

Identity: a row's own id, if there is an id column, after the name of its file: two tables that both number
their rows mean other rows by 1, and the next export under the same name means the same ones. `id_scope =
"source"` says that the ids are unique over all files. Without an id it is a hash of brand, author, date and text (of
the rating or answer where there is no text), so the same row has the same id in the next export and under
any file name. Equal rows without an id are numbered and all kept, as two customers may write "Labi!" on
one day. A row that repeats an earlier id unchanged is reported and left out; with other content it is an
edit.

Cursor: `settings` (their digest; other settings read all files anew) and `files`: name -> size, mtime_ns,
digest and the rows that were read, `rows` = -1 once that is all of them. An unchanged file is passed
over, a changed one is read wholly again.
"""

from __future__ import annotations

import asyncio
import csv
import glob
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from functools import partial
from hashlib import blake2b
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, TextIO

import structlog

from atbalss.errors import CollectError, SourceUnavailable
from collectors.base import Context, Cursor, Page, RowProblem, SourceFacts
from collectors.file_reader import ENDINGS, read_file, read_lines, unreadable
from collectors.file_settings import IdScope, Settings
from collectors.post import Post
from collectors.seen import Seen, content_key

__all__ = ["FileCollector", "IdScope", "Settings", "build", "error_report", "read_file", "read_lines"]

log = structlog.get_logger()

_ALL_ROWS = -1
_PAGE = 500
_CHUNK = 1 << 16
# Posts of one collection that a second file may repeat (monthly exports that start at the same day).
_REMEMBERED = 50_000


class FileCollector:
    """The files of one configured source."""

    facts = SourceFacts(
        window=None,
        misses="Whatever is not in the exported files.",
        access="The right to read the files; no account.",
        silence_tells=False,
    )

    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        """Yield the rows of new and changed files in pages of at most 500.

        Raises the first file's error after all the other files have been read.
        """
        paths = await asyncio.to_thread(_matching, self._settings.path)
        digest = self._settings.digest
        stored = cursor["files"] if cursor and cursor.get("settings") == digest else {}
        # Files that are gone are forgotten; what they held may still come back under another name.
        finished = {entry["digest"] for entry in stored.values() if entry["rows"] == _ALL_ROWS}
        files: dict[str, dict[str, Any]] = {name: stored[name] for name in map(str, paths) if name in stored}
        saved = dict(stored)
        seen = Seen(_REMEMBERED)
        failures: list[CollectError] = []
        for path in paths:
            name = str(path)
            try:
                entry = await asyncio.to_thread(_entry, path, files.get(name))
                if entry["rows"] == _ALL_ROWS or entry["digest"] in finished:
                    files[name] = {**entry, "rows": _ALL_ROWS}
                    continue
                rows: int = entry["rows"]
                with closing(read_file(path, self._settings)) as found:
                    items = islice(found, rows, None)
                    batch = await asyncio.to_thread(_take, items)
                    while batch:
                        rows += len(batch)
                        # Shorter than a page: the file has ended, which saves one more page to say so.
                        ended = len(batch) < _PAGE
                        files[name] = {**entry, "rows": _ALL_ROWS if ended else rows}
                        saved = dict(files)
                        yield _page(batch, seen, {"settings": digest, "files": saved})
                        batch = [] if ended else await asyncio.to_thread(_take, items)
                files[name] = {**entry, "rows": _ALL_ROWS}
                finished.add(entry["digest"])
            except (OSError, CollectError) as error:
                failure = unreadable(path, error) if isinstance(error, OSError) else error
                failures.append(failure)
                log.warning(
                    "a file was not imported",
                    action="file.failed",
                    source=self._source,
                    file=path.name,
                    reason=failure.reason,
                )
        if files != saved:
            yield Page((), {"settings": digest, "files": files})
        if failures:
            raise failures[0]

    async def check(self, context: Context) -> str:
        """Read the start of the first file."""
        paths = await asyncio.to_thread(_matching, self._settings.path)
        if not paths:
            return "no files yet"
        with closing(read_file(paths[0], self._settings)) as found:
            items = await asyncio.to_thread(_take, iter(found))
        problems = sum(isinstance(item, RowProblem) for item in items)
        return f"{len(paths)} files; the first {len(items)} rows of {paths[0].name}: {problems} problems"


def build(settings: Settings, *, source: str) -> FileCollector:
    """Make the collector; reads nothing yet."""
    return FileCollector(settings, source)


def error_report(problems: Iterable[RowProblem], file: TextIO) -> int:
    """Write the problems as CSV (file, line, reason) and return how many there are."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("file", "line", "reason"))
    count = 0
    for problem in problems:
        name, _, line = problem.where.rpartition(":")
        writer.writerow((name, line, problem.reason))
        count += 1
    return count


def _matching(pattern: str) -> list[Path]:
    """The files of a path, folder or glob, by name. Raises SourceUnavailable where there is no such place."""
    path = Path(pattern).expanduser()
    if glob.has_magic(pattern) and not path.exists():
        fixed = Path(*takewhile(lambda part: not glob.has_magic(part), path.parts))
        if not fixed.is_dir():
            raise SourceUnavailable(pattern, f"there is no folder {fixed}", "correct `path`")
        found = map(Path, glob.glob(str(path), recursive=True))
        return sorted(file for file in found if file.is_file())
    if path.is_dir():
        # ~$name.xlsx is Excel's lock of an open workbook.
        return sorted(
            file
            for file in path.iterdir()
            if file.is_file() and file.suffix.lower() in ENDINGS and not file.name.startswith((".", "~$"))
        )
    if not path.exists():
        raise SourceUnavailable(pattern, "there is no such file", "correct `path`, or put the file there")
    return [path]


def _entry(path: Path, before: dict[str, Any] | None) -> dict[str, Any]:
    """How far the file has been read; looks into it only when its size or time changed."""
    stat = path.stat()
    if before and (before["size"], before["mtime_ns"]) == (stat.st_size, stat.st_mtime_ns):
        return before
    with path.open("rb") as file:
        digest = _digest(iter(partial(file.read, _CHUNK), b""))
    rows = before["rows"] if before and before["digest"] == digest else 0
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "digest": digest, "rows": rows}


def _digest(chunks: Iterable[bytes]) -> str:
    state = blake2b(digest_size=16)
    for chunk in chunks:
        state.update(chunk)
    return state.hexdigest()


def _take(items: Iterator[Post | RowProblem]) -> list[Post | RowProblem]:
    return list(islice(items, _PAGE))


def _page(batch: list[Post | RowProblem], seen: Seen, cursor: Cursor) -> Page:
    posts = [item for item in batch if isinstance(item, Post)]
    return Page(
        tuple(post for post in posts if seen.is_new(post.external_id, content_key(post))),
        cursor,
        tuple(item for item in batch if isinstance(item, RowProblem)),
    )
