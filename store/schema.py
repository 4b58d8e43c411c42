"""The schema's version: bring a database up to date, or refuse one that is newer than this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from atbalss.errors import StoreError
from store import tables
from store.engine import Store

__all__ = ["current_version", "latest_version", "metadata", "migrate", "reachable_version"]

metadata = tables.Mention.metadata
"""All tables."""

_LOCK = 0x6174_6261_6C73
"""PostgreSQL's advisory lock for migrations ("atbals" in ASCII), so that two daemons do not migrate at once."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def latest_version() -> str:
    """The version that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StoreError("store/migrations", "holds no migration", "install Atbalss again")
    return head


def current_version(store: Store) -> str | None:
    """The version that the database has; None for an empty one."""
    with store.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(store: Store) -> None:
    """Bring the database to this program's version, in one transaction; nothing happens when it is there.

    Raises StoreError for a database of a newer version.
    """
    found = reachable_version(store)
    if found == latest_version():
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            store.place,
            f"has schema {found}, which is newer than this program",
            "upgrade Atbalss, or restore a backup that was made by this version",
        )
    with store.guard(), store.writer.begin() as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        # Under the lock (on SQLite: BEGIN IMMEDIATE) another process may have been first: then this does nothing.
        command.upgrade(_config(connection), "head")


def reachable_version(store: Store) -> str | None:
    """The version that the database has. Raises StoreError when it cannot be reached."""
    with store.guard():
        return current_version(store)
