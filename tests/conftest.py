"""Fixtures of the whole suite: a migrated database of each kind, a clock that only tests move, a runtime."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from atbalss.logs import QUIETED
from store.engine import Store, open_store
from store.schema import migrate
from tests.clock import Clock

POSTGRES = os.environ.get("ATBALSS_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
IN_CI = os.environ.get("CI") == "true"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a test's command did to the process's loggers: the next test may look at them."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in QUIETED)]
    before = [(logger.level, list(logger.filters)) for logger in loggers]
    handlers = list(root.handlers)
    yield
    for logger, (level, filters) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.filters[:] = filters
    root.handlers[:] = handlers
    structlog.reset_defaults()


@pytest.fixture
def clock() -> Clock:
    """A clock at a fixed Wednesday noon in Riga."""
    return Clock()


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated PostgreSQL database that tests copy; skips without a server, fails in CI."""
    admin = sqlalchemy.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"atbalss_template_{uuid.uuid4().hex[:12]}"
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except OperationalError as error:
        if IN_CI:
            raise
        pytest.skip(f"no PostgreSQL at ATBALSS_TEST_POSTGRES ({type(error.orig).__name__})")
    store = open_store(_url(name))
    migrate(store)
    store.close()
    yield name
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def _url(database: str) -> str:
    return make_url(POSTGRES).set(database=database).render_as_string(hide_password=False)


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database of the test's own."""
    admin = sqlalchemy.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"atbalss_test_{uuid.uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _url(name)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy: migrating takes longer than most of them."""
    path = tmp_path_factory.mktemp("template") / "atbalss.db"
    store = open_store(f"sqlite:///{path}")
    migrate(store)
    store.forget()
    store.close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database: the same suite runs on both kinds."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "var" / "atbalss.db"
    path.parent.mkdir()
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open, migrated database of each kind."""
    opened = open_store(database_url)
    yield opened
    opened.close()
