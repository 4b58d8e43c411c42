"""The database: SQLite by default, PostgreSQL by URL, one way to read and one way to write.

On SQLite every writer begins with BEGIN IMMEDIATE, so that two processes queue at the start of a transaction
instead of failing in its middle; readers do not block thanks to the write-ahead log.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlmodel import Session

from atbalss.errors import StoreError

__all__ = ["Store", "open_store"]

BUSY_SECONDS = 30.0
"""How long a writer waits for another one; longer than any transaction of ours."""

_RETRY_SECONDS = 0.05
"""Pause between two attempts where SQLite itself does not wait."""


class Store:
    """An open database. `read()` and `write()` give sessions; `write()` commits when its block ends well."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.writer = engine.execution_options(immediate=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def is_missing(self) -> bool:
        """Whether this is a SQLite file that nobody has made yet; opening it would."""
        path = _file(self.engine.url) if self.is_sqlite else None
        return path is not None and not path.exists()

    @property
    def place(self) -> str:
        """Where the database is, without a password (an option may hold one, too)."""
        return self.engine.url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads."""
        with self.guard(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are one transaction."""
        with self.guard(), Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn "cannot reach or use the database" into our error, whose text never carries parameters."""
        try:
            yield
        except (IntegrityError, DataError):
            # Of one row, not of the database; their message may quote it.
            raise
        except DBAPIError as error:
            raise StoreError(
                self.place,
                _first_line(error),
                "check database.url, the server and the disk's space",
            ) from None

    def forget(self) -> None:
        """Let nothing that was deleted stay in the write-ahead log; only SQLite keeps it there."""
        if self.is_sqlite:
            with self.guard(), closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give all connections back; safe to call twice."""
        self.engine.dispose()


def open_store(url: str, *, sleep: Callable[[float], None] = time.sleep) -> Store:
    """Open the database at a SQLAlchemy URL; nothing is made before the first use, nothing is migrated."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(
            "database.url", "is not a database URL", "write sqlite:/// or postgresql://"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return Store(_sqlite(parsed, sleep))
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "postgresql+psycopg":
        raise StoreError(
            "database.url", f"{parsed.drivername} is not supported", "use sqlite:/// or postgresql+psycopg://"
        )
    # hide_parameters: an error's text must never show a post.
    return Store(create_engine(parsed, pool_pre_ping=True, hide_parameters=True))


def _sqlite(url: URL, sleep: Callable[[float], None]) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    path = _file(url)

    @event.listens_for(engine, "do_connect")
    def _make_folder(*_: object) -> None:
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                str(path.parent), error.strerror or "cannot be made", "choose another folder in database.url"
            ) from None

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: _begin does, and knows the kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        _use_write_ahead_log(cursor, sleep)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What was erased must not stay readable in free pages of the file.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _use_write_ahead_log(cursor: sqlite3.Cursor, sleep: Callable[[float], None]) -> None:
    """Switch a new file to the write-ahead log; it stays so.

    The switch needs the file for itself, and where two processes try it at once SQLite fails one of them as
    "locked" without any waiting, whatever the timeout: so all waiting for it is done here.
    """
    cursor.execute("PRAGMA busy_timeout=0")
    for left in reversed(range(round(BUSY_SECONDS / _RETRY_SECONDS))):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        sleep(_RETRY_SECONDS)
    cursor.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")


def _file(url: URL) -> Path | None:
    """The file of a SQLite database; None for one in memory or with an address of its own form."""
    name = url.database
    return None if not name or name == ":memory:" or name.startswith("file:") else Path(name)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig and str(error.orig).strip() else "no answer"
