"""One form of a text for training, language and use: the model sees here what it saw when it was made."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["HANDLE", "LINK", "normalise", "words_only"]

LINK = "http"
HANDLE = "@user"

_LINK = re.compile(r"(?:https?://|www\.)\S+|\bhttps?\b(?:…|\.\.\.)?", re.IGNORECASE)
# A name begins after something that is no part of a word, so that the @ of an e-mail address is not one.
_HANDLE = re.compile(r"(?<![\w@])@\w+(?:@[\w.-]*\w)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_PLACEHOLDER = re.compile(r"(?<!\w)(?:@user|http)(?!\w)")


def normalise(text: str) -> str:
    """NFC, links as `http`, names of accounts as `@user`, white space as single blanks; idempotent.

    Letters, case, emoji and repeated characters stay: they carry feeling. Half a surrogate pair, which is no
    character and which no tokenizer takes, becomes U+FFFD.
    """
    text = unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text))
    text = _LINK.sub(LINK, text)
    text = _HANDLE.sub(HANDLE, text)
    return _SPACE.sub(" ", text).strip()


def words_only(normalised: str) -> str:
    """A normalised text without its `http` and `@user`: what its author wrote in words."""
    return _SPACE.sub(" ", _PLACEHOLDER.sub(" ", normalised)).strip()
