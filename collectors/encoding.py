"""Which encoding a text file has, decided by the letters that come out of it.

Exports from this region come as UTF-8 or UTF-16 with a byte order mark, as UTF-8 without one, or in the
old Windows code pages: 1257 for Latvian and Lithuanian, 1251 for Russian. Both code pages give a letter
for nearly every byte, so a file is never invalid in either. What tells them apart: Baltic words mix the
upper half of the code page with plain Latin letters, Russian words consist of the upper half alone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

__all__ = ["choose_code_page", "choose_encoding"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_UPPER_HALF = re.compile(rb"[\x80-\xff]")
_BROKEN = re.compile("[\udc80-\udcff]")
_ABOVE_ASCII = re.compile("[^\x00-\x7f]")
_RUSSIAN_WORD = re.compile("[А-Яа-яЁё]{3,}")
_LATIN = re.compile("[A-Za-z]")
_ENOUGH_WORDS = 5000


def choose_encoding(chunks: Iterable[bytes]) -> str:
    """Return the Python name of the encoding of a file that is read in `chunks`.

    A file that is UTF-8 but for a few broken bytes stays UTF-8, so that only the broken rows suffer.
    Raises ValueError for what is not text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    letters = broken = 0
    words: list[bytes] = []
    for number, chunk in enumerate(chunks):
        if number == 0:
            for mark, name in _MARKS:
                if chunk.startswith(mark):
                    return name
        if b"\0" in chunk:
            raise ValueError("holds zero bytes: it is no text, or UTF-16 without its mark")
        text = decoder.decode(chunk)
        broken += len(_BROKEN.findall(text))
        letters += len(_ABOVE_ASCII.findall(text))
        if len(words) < _ENOUGH_WORDS and not chunk.isascii():
            words += (word for word in _WORD.findall(chunk) if _UPPER_HALF.search(word))
    # The upper half of a code page is hardly ever valid UTF-8 by accident, so the majority decides.
    if broken == 0 or letters - broken > broken:
        return "utf-8"
    return choose_code_page(words)


def choose_code_page(words: Iterable[bytes]) -> str:
    """Return "windows-1257" or "windows-1251", whichever turns more of `words` into words."""
    baltic = russian = 0
    for word in words:
        if _RUSSIAN_WORD.fullmatch(word.decode("windows-1251", errors="replace")):
            russian += 1
        else:
            text = word.decode("windows-1257", errors="replace")
            mixed = _LATIN.search(text) is not None and _UPPER_HALF.search(word) is not None
            baltic += mixed and text.isalpha()
    return "windows-1251" if russian > baltic else "windows-1257"
