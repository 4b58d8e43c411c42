"""Migrations: they make what the tables say, on both databases, once, and never over a newer schema."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import make_url, text

from atbalss.errors import StoreError
from store.engine import Store, open_store
from store.schema import current_version, latest_version, metadata, migrate, reachable_version
from tests.conftest import POSTGRES

PASSWORD = "MARKED-SECRET"


@pytest.fixture
def empty_url(database_url: str, tmp_path: Path) -> str:
    """A database without any table, of each kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty' / 'atbalss.db'}"
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return database_url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    opened = open_store(empty_url)
    yield opened
    opened.close()


def test_a_migrated_database_is_what_the_tables_say(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_a_created_database_is_a_migrated_one(store: Store, empty: Store) -> None:
    if store.is_sqlite:
        metadata.create_all(empty.engine)
        assert _drawn(empty) == _drawn(store)
    else:
        # Both fixtures are the same PostgreSQL database: one after the other.
        metadata.create_all(empty.engine)
        created = _drawn(empty)
        metadata.drop_all(empty.engine)
        migrate(empty)
        assert _drawn(empty) == created


def _drawn(store: Store) -> dict[str, object]:
    """Every table with its columns, keys, links and indexes, in an order of its own."""
    found = sqlalchemy.inspect(store.engine)

    def in_order(things: object) -> list[str]:
        return sorted(str(sorted(thing.items(), key=str)) for thing in things)  # type: ignore[attr-defined]  # dicts

    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            ],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "unique": in_order(found.get_unique_constraints(table)),
            "links": in_order(found.get_foreign_keys(table)),
            "indexes": in_order(found.get_indexes(table)),
        }
        for table in sorted(found.get_table_names())
        if table != "alembic_version"
    }


def test_an_empty_database_is_brought_to_the_newest_version(empty: Store) -> None:
    assert current_version(empty) is None
    migrate(empty)
    assert current_version(empty) == latest_version()


def test_a_second_migration_does_nothing(store: Store) -> None:
    before = _drawn(store)
    with store.writer.begin() as connection:
        connection.execute(
            text("INSERT INTO erased_author (author_key, erased_at) VALUES ('kept', '2026-01-01 00:00:00')")
        )
    migrate(store)
    assert _drawn(store) == before
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT author_key FROM erased_author")).scalars().all() == ["kept"]


def test_a_newer_schema_is_refused_and_left_alone(store: Store) -> None:
    with store.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StoreError, match=r"has schema 9999, which is newer than this program; upgrade Atbalss"
    ):
        migrate(store)
    assert current_version(store) == "9999"


def test_processes_that_migrate_at_once_are_safe(empty_url: str) -> None:
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def start() -> None:
        opened = open_store(empty_url)
        try:
            together.wait()
            migrate(opened)
        except BaseException as error:
            errors.append(error)
        finally:
            opened.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    opened = open_store(empty_url)
    assert current_version(opened) == latest_version()
    opened.close()


def test_a_new_file_that_somebody_reads_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "atbalss.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
        other.execute("BEGIN")
        other.execute("SELECT * FROM theirs").fetchall()
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                other.execute("COMMIT")

        opened = open_store(f"sqlite:///{path}", sleep=sleep)
        migrate(opened)
        opened.close()
    assert len(waits) == 3


def test_a_new_file_that_stays_busy_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "atbalss.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
        other.execute("BEGIN")
        other.execute("SELECT * FROM theirs").fetchall()
        opened = open_store(f"sqlite:///{path}", sleep=lambda _: None)
        with pytest.raises(StoreError, match="database is locked"):
            migrate(opened)
        opened.close()


def _open_and_migrate(url: str) -> None:
    opened = open_store(url)
    try:
        migrate(opened)
    finally:
        opened.close()


def refused(url: str) -> str:
    """What is said when this database is migrated."""
    with pytest.raises(StoreError) as caught:
        _open_and_migrate(url)
    assert caught.value.remedy
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_only_readable_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "atbalss.db"
    sqlite3.connect(path).close()
    assert "readonly" in refused(f"sqlite:///file:{path}?mode=ro&uri=true")


def test_a_file_that_is_no_database_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "atbalss.db"
    path.write_text("a letter to the editor\n" * 100)
    assert "not a database" in refused(f"sqlite:///{path}")


def test_a_damaged_database_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "atbalss.db"
    opened = open_store(f"sqlite:///{path}")
    migrate(opened)
    opened.close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * (4096 - 100)
    path.write_bytes(content)
    assert "malformed" in refused(f"sqlite:///{path}")


def test_a_folder_in_the_databases_place_is_said_to_be(tmp_path: Path) -> None:
    assert "unable to open" in refused(f"sqlite:///{tmp_path}")


def test_a_file_in_the_folders_place_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    refused(f"sqlite:///{tmp_path / 'var' / 'atbalss.db'}")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{PASSWORD}@127.0.0.1:1/none",
        f"postgresql+psycopg://127.0.0.1:1/none?user=u&password={PASSWORD}",
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(url: str) -> None:
    said = refused(url)
    assert "127.0.0.1:1" in said
    assert "refused" in said


@pytest.mark.parametrize(
    "url", ["not a url", f"mysql://user:{PASSWORD}@host/db", f"postgresql+asyncpg://u:{PASSWORD}@h/d", ""]
)
def test_an_address_that_cannot_be_used_is_refused_without_being_repeated(url: str) -> None:
    assert "database.url" in refused(url)


@pytest.mark.postgres
def test_a_role_without_rights_is_told_so(postgres_url: str) -> None:
    role = f"weak_{make_url(postgres_url).database}"
    admin = sqlalchemy.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"))
    try:
        url = make_url(postgres_url).set(username=role, password=PASSWORD)
        assert "permission denied" in refused(url.render_as_string(hide_password=False))
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP ROLE {role}"))
        admin.dispose()


def test_a_database_that_went_away_is_a_store_error_everywhere(tmp_path: Path) -> None:
    opened = open_store(f"sqlite:///{tmp_path / 'atbalss.db'}")
    with pytest.raises(StoreError), opened.read() as session:
        session.execute(text("SELECT * FROM mention"))
    with pytest.raises(StoreError), opened.write() as session:
        session.execute(text("DELETE FROM mention"))
    assert reachable_version(opened) is None
    opened.close()
