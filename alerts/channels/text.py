"""A stranger's text made safe to show: no control or direction characters, cut between whole characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["clean", "cut", "one_line"]

# Terminal sequences as a whole (CSI, OSC, two-character escapes): "ESC[31m" must not leave "[31m" behind.
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|\x9b[0-?]*[ -/]*[@-~]"
)
# Direction marks, embeddings, overrides and isolates can turn around what is shown beside the text.
# Invisible characters hide words from readers. The zero-width joiners stay: emoji and some scripts need them.
_UNSEEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\u00ad]")
_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MANY_BREAKS = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")

_JOINER = "\u200d"
_ELLIPSIS = "…"


def clean(text: str) -> str:
    """The text without terminal sequences, control, direction and invisible characters."""
    text = _TERMINAL.sub("", text)
    text = _BREAK.sub("\n", text).replace("\t", " ")
    text = _CONTROL.sub("", text)
    text = _UNSEEN.sub("", text)
    text = _LONE_SURROGATE.sub("\ufffd", text)
    return _MANY_BREAKS.sub("\n\n", text).strip()


def one_line(text: str) -> str:
    """The cleaned text on one line: fit for a mail header or a title."""
    return " ".join(clean(text).split())


def cut(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The text if it fits into `limit`, else as much of it as fits together with an ellipsis.

    `measure` says how the other side counts. Never cuts inside of what a person sees as one character: a
    letter keeps its accents, an emoji its skin tone, family and flag. Prefers the end of a near word.
    """
    if measure(text) <= limit:
        return text
    room = limit - measure(_ELLIPSIS)
    if room <= 0:
        return ""
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    end = low
    while end > 0 and not _may_split(text, end):
        end -= 1
    space = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    if space > end * 4 // 5:
        end = space
    return text[:end].rstrip() + _ELLIPSIS


def _may_split(text: str, at: int) -> bool:
    """Whether text[at-1] and text[at] belong to different characters as a person sees them."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after):
        return False
    if unicodedata.category(after) in ("Mn", "Me", "Mc") or _is_emoji_modifier(after):
        return False
    if _is_flag_letter(before) and _is_flag_letter(after):
        run = 0
        while at - 1 - run >= 0 and _is_flag_letter(text[at - 1 - run]):
            run += 1
        return run % 2 == 0
    return True


def _is_emoji_modifier(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
