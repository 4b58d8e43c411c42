"""Typed values of the configuration that need more than a type: zones, languages, addresses, times of day."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr

from atbalss.duration import Duration, say_duration

__all__ = [
    "LANGUAGES",
    "Language",
    "ListenAddress",
    "PositiveDuration",
    "Slug",
    "TimeOfDay",
    "Zone",
    "database_url",
    "locate",
    "toml_value",
    "without_password",
]

Language = Literal["lv", "lt", "hy", "ru", "en"]
LANGUAGES: tuple[Language, ...] = ("lv", "lt", "hy", "ru", "en")

_LONGEST = timedelta(days=36500)  # dates that far back still exist
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})")
_POSTGRES = re.compile(r"(?:postgres|postgresql)(?:\+psycopg)?://(?=.)")
_PASSWORD = re.compile(r"(?<=//)([^/@:]*):.*@")


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise ValueError("use small letters a-z, digits and single hyphens, such as kafija-krasts")
    return value


def _zone(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text in quotes; zones look like Europe/Riga or Asia/Yerevan")
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = _nearest_zone(value)
        hint = f"; did you mean {near}?" if near else "; zones look like Europe/Riga or Asia/Yerevan"
        raise ValueError(f"there is no time zone {value!r}{hint}") from None


def _nearest_zone(value: str) -> str | None:
    """The zone that was probably meant: by its whole name, or by its city alone."""
    names = {name.lower(): name for name in sorted(available_timezones())}
    cities = {name.rsplit("/", 1)[-1].lower(): name for name in names.values() if "/" in name}
    wanted = value.strip().lower().replace(" ", "_")
    for known, word in ((names, wanted), (cities, wanted.rsplit("/", 1)[-1])):
        if near := difflib.get_close_matches(word, known, n=1, cutoff=0.75):
            return known[near[0]]
    return None


def _time_of_day(value: object) -> object:
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write hours and minutes, such as 09:00")
    return time(int(match[1]), int(match[2]))


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("must be at least 1s")
    if value > _LONGEST:
        raise ValueError(f"must be at most {say_duration(_LONGEST)}")
    return value


def _listen(value: str) -> str:
    if value == "":
        return value
    match = _LISTEN.fullmatch(value)
    if match is None or not 0 <= int(match["port"]) <= 65535:
        raise ValueError('write host:port, such as 127.0.0.1:9477, or "" to listen nowhere')
    return value


def locate(name: str, folder: Path) -> Path:
    """The absolute path of `name`: a relative one starts at `folder`, `~` is the home of the user."""
    path = Path(name)
    with contextlib.suppress(RuntimeError):
        path = path.expanduser()
    return (folder / path).absolute()


def database_url(value: str, folder: Path) -> str:
    """The address as SQLAlchemy wants it: SQLite's path absolute, PostgreSQL through psycopg 3.

    A relative SQLite path starts at `folder`. Raises ValueError, without the address: it may hold a password.
    """
    if match := _POSTGRES.match(value):
        return "postgresql+psycopg://" + value[match.end() :]
    if not value.startswith("sqlite:///"):
        raise ValueError(
            "is not an address that is known here; "
            "write sqlite:///path or postgresql://user:password@host/name"
        )
    path = value.removeprefix("sqlite:///")
    if path in ("", ":memory:") or path.startswith("file:"):
        raise ValueError("a database in memory would be forgotten; name a file")
    return f"sqlite:///{locate(path, folder)}"


def without_password(url: str) -> str:
    """The address with `***` for its password and without its options, for people to read."""
    return _PASSWORD.sub(r"\1:***@", url).split("?", 1)[0]


def toml_value(value: object) -> str:
    """A default as it would be written in the file."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, timedelta):
        return f'"{say_duration(value)}"'
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    if isinstance(value, SecretStr):
        return toml_value(value.get_secret_value())
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(str(value), ensure_ascii=False)


Slug = Annotated[str, AfterValidator(_slug)]
"""A short name that never changes: it is the key of stored rows."""

Zone = Annotated[ZoneInfo, BeforeValidator(_zone), PlainSerializer(str, return_type=str)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
ListenAddress = Annotated[str, AfterValidator(_listen)]
