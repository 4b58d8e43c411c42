"""Where each key stands in a TOML file: the parser of the standard library does not say."""

from __future__ import annotations

import re

__all__ = ["KeyPath", "key_lines"]

KeyPath = tuple[str | int, ...]

_KEY = re.compile(r"[ \t]*(?:([A-Za-z0-9_-]+)|\"((?:\\.|[^\"\\\n])*)\"|'([^'\n]*)')[ \t]*(\.?)")
_TOKEN = re.compile(
    r"\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}"  # text over several lines
    r"|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"  # text on one line
    r"|\#[^\n]*|(?P<open>[\[{])|(?P<close>[\]}])|(?P<end>\n)|.",
    re.DOTALL,
)
_BLANK = re.compile(r"(?:[ \t\r\n]|\#[^\n]*)*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every table header and of every key outside of inline tables.

    `text` must be valid TOML. Tables of an array carry their index: `("sources", 0, "every")`.
    """
    lines: dict[KeyPath, int] = {}
    seen: dict[KeyPath, int] = {}  # tables so far in each array of tables
    prefix: KeyPath = ()
    place = _end(_BLANK, text, 0)
    while place < len(text):
        line = text.count("\n", 0, place) + 1
        if text[place] == "[":
            array = text.startswith("[[", place)
            prefix, _ = _dotted(text, place + 1 + array, (), seen)
            if array:
                seen[prefix] = seen.get(prefix, -1) + 1
                prefix = (*prefix, seen[prefix])
            path, after = prefix, text.find("\n", place)
            place = len(text) if after < 0 else after
        else:
            path, place = _dotted(text, place, prefix, {})
            place = _after_value(text, place)
        lines.setdefault(path, line)
        place = _end(_BLANK, text, place)
    return lines


def _dotted(text: str, place: int, path: KeyPath, seen: dict[KeyPath, int]) -> tuple[KeyPath, int]:
    """Read a dotted key; a step into an array of tables means its last table so far."""
    while match := _KEY.match(text, place):
        path = (*path, next(group for group in match.groups()[:3] if group is not None))
        place = match.end()
        if not match[4]:
            break
        if path in seen:
            path = (*path, seen[path])
    return path, place


def _after_value(text: str, place: int) -> int:
    depth = 0
    while match := _TOKEN.match(text, place):
        place = match.end()
        if match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
        elif match["end"] and depth == 0:
            break
    return place


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place
