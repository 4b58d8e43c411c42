"""Logs: one line an event, machine-readable, and never the message of an unexpected error."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from atbalss.logs import set_up_logs

SECRET = "xoxb-MARKED-SECRET"
TEXT = "MARKED POST TEXT"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_carries_the_event_its_action_level_and_time() -> None:
    stream = io.StringIO()
    set_up_logs("json", "info", stream)
    structlog.get_logger().info("decided", action="decide.done", mention=7)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "decided", "action": "decide.done", "mention": 7, "level": "info"}


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_unexpected_error_is_logged_by_its_kind_and_place_without_its_message(form: str) -> None:
    stream = io.StringIO()
    set_up_logs(form, "info", stream)
    try:
        try:
            raise KeyError(TEXT)
        except KeyError as inner:
            raise ValueError(f"{TEXT} at https://hooks.example/{SECRET}") from inner
    except ValueError as error:
        structlog.get_logger().error("stage failed", action="stage.failed", exc_info=error)
    said = stream.getvalue()
    assert "ValueError" in said
    assert "unit/test_logs.py" in said
    assert TEXT not in said
    assert SECRET not in said


def test_an_error_that_is_being_handled_is_logged_by_its_kind_too() -> None:
    stream = io.StringIO()
    set_up_logs("json", "info", stream)
    try:
        raise ValueError(TEXT)
    except ValueError:
        structlog.get_logger().exception("stage failed", action="stage.failed")
    (line,) = lines(stream)
    assert line["error"] == "ValueError"
    assert TEXT not in stream.getvalue()


def test_letters_of_all_alphabets_are_readable() -> None:
    stream = io.StringIO()
    set_up_logs("json", "info", stream)
    structlog.get_logger().info("brand", name="Աշտարակ Šķūnis")
    assert "Աշտարակ Šķūnis" in stream.getvalue()


def test_less_important_lines_than_configured_are_left_out() -> None:
    stream = io.StringIO()
    set_up_logs("json", "warning", stream)
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


@pytest.mark.parametrize(
    "library", ["httpx", "httpcore", "apscheduler.executors", "alembic.runtime", "other"]
)
def test_what_libraries_log_is_not_shown(library: str) -> None:
    stream = io.StringIO()
    set_up_logs("console", "debug", stream)
    logging.getLogger(library).error("GET https://hooks.example/%s", SECRET)
    assert stream.getvalue() == ""
