"""Bytes of mails to text, also when the charset is missing, unknown or wrong."""

from __future__ import annotations

import codecs
import re
from email.errors import MessageError
from email.header import Header, decode_header

__all__ = ["decode", "header_text"]

# Names that say nothing: programs write them by default, whatever the text is in.
_WEAK = frozenset(
    {
        "",
        "us-ascii",
        "ascii",
        "iso-8859-1",
        "latin-1",
        "latin1",
        "windows-1252",
        "cp1252",
        "unknown-8bit",
        "x-unknown",
    }
)
# In this order at equal plausibility: the more common ones in our countries first.
_CANDIDATES = ("windows-1257", "windows-1251", "koi8-r", "windows-1252")
_WORD = re.compile(r"[^\W\d_]+")
# Letters beyond ASCII of Latvian, Lithuanian, Estonian, Polish, German and the Nordic languages.
_LATIN = frozenset("āčēģīķļņōŗšūžąęėįųõäöüćłńóśźżßåøæéĀČĒĢĪĶĻŅŌŖŠŪŽĄĘĖĮŲÕÄÖÜĆŁŃÓŚŹŻÅØÆÉ")


def decode(content: bytes, charset: str | None) -> str:
    """Decode with `charset` if that works, else with what makes the most plausible words. Never raises.

    A declared charset is believed when it can fail and did not; ASCII and Latin-1 are what programs write
    without knowing, so there UTF-8 and the charsets of our countries are compared.
    """
    name = (charset or "").strip().strip("\"'").lower()
    if content.isascii() and not name.startswith(("utf-16", "utf-7", "iso-2022")):
        return content.decode("ascii")
    if name not in _WEAK:
        try:
            return content.decode(_codec(name))
        except (LookupError, ValueError):
            pass
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        if _mostly_utf8(content):
            return content.decode("utf-8", errors="replace")
    texts = [content.decode(candidate, errors="replace") for candidate in _CANDIDATES]
    return max(texts, key=_plausibility)


def header_text(value: object) -> str:
    """A header's text: RFC 2047 words decoded, raw bytes guessed, line folds undone."""
    if value is None:
        return ""
    try:
        parts = decode_header(value if isinstance(value, (str, Header)) else str(value))
    except (MessageError, ValueError):  # a damaged encoded word
        return " ".join(str(value).split())
    texts = [part if isinstance(part, str) else decode(part, charset) for part, charset in parts]
    return " ".join("".join(texts).split())


def _codec(name: str) -> str:
    """The codec for a charset's name, also for how mail programs misspell them."""
    for attempt in (
        name,
        name.replace("cp-", "cp"),
        name.replace("windows", "cp").replace("-", ""),
        f"cp{name}",
    ):
        try:
            return codecs.lookup(attempt).name
        except LookupError:
            continue
    raise LookupError(name)


def _mostly_utf8(content: bytes) -> bool:
    """Whether only a few bytes of a UTF-8 text are broken, as where a text was cut."""
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(1 for letter in text if letter > "\x7f") - broken > 3 * broken


def _plausibility(text: str) -> int:
    """Words that could be words minus words that could not."""
    score = -5 * sum(1 for letter in text if letter == "\ufffd" or "\x80" <= letter <= "\x9f")
    for word in _WORD.findall(text):
        foreign = [letter for letter in word if letter > "\x7f"]
        if not foreign:
            continue
        cyrillic = sum(1 for letter in foreign if "\u0400" <= letter <= "\u04ff")
        if cyrillic:
            # The Cyrillic charsets differ in case, and a Latin text read as Cyrillic mixes both in one word.
            whole = cyrillic == len(word)
            cased = word[1:].islower() or len(word) == 1
            score += 1 if whole and cased else -1
        else:
            known = all(letter in _LATIN for letter in foreign)
            cased = word[1:].islower() or word.isupper()
            score += 1 if known and cased and 2 * len(foreign) <= len(word) + 1 else -1
    return score
