"""Durations as people write them in the configuration: `90s`, `15m`, `2h`, `7d`, `4w`.

Like `atbalss.errors`, a leaf that every room may import.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

__all__ = ["Duration", "parse_duration", "say_duration"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 36_500 * 86_400
_FORM = re.compile(r"(\d+)\s*([smhdw])")


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `15m`, `2h`, `7d` or `4w`; raises ValueError that says so."""
    if isinstance(value, timedelta):
        return value
    match = _FORM.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and a unit, such as 90s, 15m, 2h, 7d or 4w")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST:
        raise ValueError("must be at most 36500d")
    return timedelta(seconds=seconds)


def say_duration(value: timedelta) -> str:
    """Write a duration in its largest even unit up to days, which everybody counts in."""
    seconds = int(value.total_seconds())
    for unit in "dhm":
        size = _UNITS[unit]
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(say_duration, return_type=str)
]
