"""What a page needs to print strangers' words beside its own: language, direction and length.

Which characters are dropped is decided in one place for all channels, `alerts.channels.text`.
"""

from __future__ import annotations

import re
import unicodedata

from alerts.channels.text import cut, one_line

__all__ = ["direction", "excerpt", "isolated", "lang_tag"]

_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"

_LANG_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def excerpt(text: str, limit: int) -> str:
    """The cleaned text on one line, in at most `limit` characters."""
    return cut(one_line(text), limit)


def direction(text: str) -> str:
    """rtl or ltr, by the first letter that has a direction."""
    for character in text:
        strong = unicodedata.bidirectional(character)
        if strong in {"L", "R", "AL"}:
            return "ltr" if strong == "L" else "rtl"
    return "ltr"


def isolated(line: str) -> str:
    """A cleaned text for a line that it shares with other words: right-to-left letters cannot reorder those."""
    if any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in line):
        return f"{_ISOLATE}{line}{_POP_ISOLATE}"
    return line


def lang_tag(lang: str) -> str:
    """The language as an HTML attribute; und where it is not a tag."""
    return lang if _LANG_TAG.fullmatch(lang) else "und"
