"""Words without case, diacritics and punctuation, to compare what people write with and without them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["mentions_any", "plain_words"]


def plain_words(text: str) -> str:
    """The words of `text` in lower case, without diacritics ("Rīgā!" gives "riga"), parted by one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", letters).strip()


def mentions_any(text: str, keywords: Iterable[str]) -> bool:
    """Whether a word of `text` starts with one of `keywords`.

    The end of a word is left open because names are inflected: "Rimi" is also found in "Rimim". A keyword may be
    several words; one without letters or digits is never found.
    """
    words = f" {plain_words(text)}"
    return any(f" {plain}" in words for plain in map(plain_words, keywords) if plain)
