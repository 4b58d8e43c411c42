"""Words and phrases in a text, in any of our alphabets, with or without diacritics and endings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["found_keyword"]


def _fold(text: str) -> str:
    """Lower case without marks: `Kurjers` = `kurjers`, `šķīvis` = `skivis`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@lru_cache(maxsize=1024)
def _pattern(keyword: str) -> re.Pattern[str]:
    words = [
        re.escape(word[:-1]) + r"\w*" if word.endswith("*") else re.escape(word)
        for word in _fold(keyword).split()
    ]
    return re.compile(r"(?<!\w)" + r"\W+".join(words) + r"(?!\w)")


def found_keyword(text: str, keywords: Iterable[str]) -> str | None:
    """The first of `keywords` that stands in the text as whole words, or None.

    `kurjer*` also finds `kurjeram`; a phrase finds its words in order, with anything but letters between.
    """
    folded = _fold(text)
    return next((keyword for keyword in keywords if _pattern(keyword).search(folded)), None)
