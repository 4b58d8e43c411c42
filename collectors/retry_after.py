"""How long a source asks us to wait, in every form in which sources say it.

| header | value | seen at |
|---|---|---|
| Retry-After | seconds, or a date in any of the three HTTP forms | RFC 9110 |
| X-RateLimit-Reset, X-Rate-Limit-Reset | Unix time in seconds or milliseconds | GitHub, X |
| X-RateLimit-Reset | ISO 8601 time | Mastodon |
| X-RateLimit-Reset | seconds that are left, also with a fraction | Reddit |
| RateLimit-Reset | seconds that are left, or Unix time | IETF drafts up to 07, GitLab |
| RateLimit | `"name";r=0;t=30` and `limit=9, remaining=0, reset=30` | IETF drafts 08 and 04 |

A reset time alone asks for nothing: nearly every answer carries one. It counts only once nothing remains, or
when the status is 429.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["nothing_remains", "retry_after"]

_NUMBER = re.compile(r"\d{1,15}(?:\.\d+)?")
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_COMBINED = re.compile(r"[;,]?\s*(?<![a-z])(r|t|remaining|reset)\s*=\s*(\d{1,15})", re.IGNORECASE)

# Numbers from here on are instants since 1970 (both mean the year 2001); smaller ones are waits in seconds.
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12


def retry_after(headers: Mapping[str, str], now: datetime, *, status: int | None = None) -> float | None:
    """Seconds to wait from `now` on, never negative; None when the answer asks for nothing understandable.

    Header names are found in any case. `status` is the answer's status, if it is known.
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    if (wait := _wait(lower.get("retry-after", ""), now)) is not None:
        return wait
    if status != 429 and not _exhausted(lower):
        return None
    for name in _RESET:
        if (wait := _wait(lower.get(name, ""), now)) is not None:
            return wait
    combined = _combined(lower)
    return _wait(combined.get("t", combined.get("reset", "")), now)


def nothing_remains(headers: Mapping[str, str]) -> bool:
    """Whether the answer says that the allowance is used up (a 403 with that is no lost token)."""
    return _exhausted({name.lower(): value.strip() for name, value in headers.items()})


def _exhausted(lower: Mapping[str, str]) -> bool:
    combined = _combined(lower)
    found = [lower.get(name, "") for name in _REMAINING]
    found += [combined.get("r", ""), combined.get("remaining", "")]
    return any(_NUMBER.fullmatch(value) and float(value) < 1 for value in found)


def _combined(lower: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in _COMBINED.findall(lower.get("ratelimit", ""))}


def _wait(value: str, now: datetime) -> float | None:
    if not value:
        return None
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number >= _EPOCH_MILLISECONDS:
            number /= 1000
        return max(0.0, number - now.timestamp()) if number >= _EPOCH_SECONDS else number
    instant = _instant(value)
    return None if instant is None else max(0.0, (instant - now).total_seconds())


def _instant(value: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(value)
        except ValueError:
            continue
        # Both notations leave the zone out only where UTC is meant.
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
