"""Structured logs: one stable `action` word for each event, never a post's text, never a secret."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

__all__ = ["QUIETED", "places", "set_up_logs"]

QUIETED = ("apscheduler", "httpx", "httpcore", "alembic", "transformers")
"""Libraries whose own records are not shown."""


def set_up_logs(form: str, level: str, stream: TextIO | None = None) -> None:
    """Send logs to `stream` (default: standard error) as `console` lines for people or as `json`."""
    target = stream or sys.stderr
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _place_of_error,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library; their records can quote addresses with keys in them.
    logging.basicConfig(level=logging.CRITICAL, stream=target, force=True)
    for name in QUIETED:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _place_of_error(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its kind and where it was raised.

    The message of an unexpected error may quote a post or an address with a key; its place says enough to find it.
    """
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["raised_at"] = places(error)
    return event


def places(error: BaseException) -> list[str]:
    """Where an error was raised, the innermost place last: all that may be shown of an unexpected one."""
    return [
        f"{frame.filename.rsplit('/', 2)[-2]}/{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-6:]
        if "/" in frame.filename
    ]
