"""What makes two posts the same, and what an incoming version of a known post means."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["SILENT_EDITS", "Incoming", "Known", "StoreDecision", "content_hash", "fold_key", "should_store"]

SILENT_EDITS = 24
"""Edits without a new edit time that are taken before they are ignored: some sources change a post's bytes on
every request, and each accepted edit is scored again (lemon24/reader#225)."""

FOLD_LETTERS = 20
"""Shorter texts are never folded: "Paldies!" from two people is two people."""

_WORD = re.compile(r"\w+")


class StoreDecision(StrEnum):
    """What to do with an incoming version of a post."""

    NEW = "new"
    UNCHANGED = "unchanged"
    EDITED = "edited"
    REPLIED = "replied"
    STALE = "stale"
    TOO_MANY_EDITS = "too_many_edits"
    DELETED = "deleted"
    NEVER_SEEN = "never_seen"
    ERASED_AUTHOR = "erased_author"
    PAST_RETENTION = "past_retention"
    OTHER_BRAND = "other_brand"


@dataclass(frozen=True, slots=True)
class Incoming:
    """What decides about a version that a source gives."""

    content_hash: str
    edited_at: datetime | None
    owner_reply: str | None
    deleted: bool
    erased_author: bool = False
    past_retention: bool = False
    other_brand: bool = False
    """Whether the known post is about another brand than this version."""


@dataclass(frozen=True, slots=True)
class Known:
    """What decides about the version that is stored."""

    content_hash: str
    edited_at: datetime | None
    owner_reply: str | None
    silent_edits: int


def content_hash(
    text: str, title: str | None, stars: float | None, survey: tuple[str, int] | None = None
) -> str:
    """Name what the author said: text, title, stars and survey answer, as 32 hex digits."""
    answer = "" if survey is None else f"{survey[0]}={survey[1]}"
    stated = "\x1f".join((text, title or "", "" if stars is None else f"{stars:g}", answer))
    return hashlib.blake2b(stated.encode(), digest_size=16).hexdigest()


def fold_key(text: str) -> str | None:
    """Name the words of a text whatever its case and punctuation; None for a short text."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    joined = " ".join(words)
    if sum(map(len, words)) < FOLD_LETTERS:
        return None
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def should_store(incoming: Incoming, known: Known | None) -> StoreDecision:
    """Decide what an incoming version of a post means.

    A version that is older than the stored one is stale; a source that cannot tell edit times gets a limited
    number of edits. An owner's reply alone is no edit by the author. What was erased or purged and is still shown
    by its source does not come back. One id is one brand's post: a version about another brand changes nothing of
    it, so that brands that share a source do not leak into each other.
    """
    if known is not None and incoming.other_brand:
        return StoreDecision.OTHER_BRAND
    if incoming.deleted:
        return StoreDecision.NEVER_SEEN if known is None else StoreDecision.DELETED
    if incoming.erased_author:
        return StoreDecision.ERASED_AUTHOR
    if known is None:
        return StoreDecision.PAST_RETENTION if incoming.past_retention else StoreDecision.NEW
    replied = incoming.owner_reply is not None and incoming.owner_reply != known.owner_reply
    if incoming.content_hash == known.content_hash:
        return StoreDecision.REPLIED if replied else StoreDecision.UNCHANGED
    if known.edited_at is not None and (incoming.edited_at is None or incoming.edited_at < known.edited_at):
        return StoreDecision.STALE
    silent = incoming.edited_at == known.edited_at
    if silent and known.silent_edits >= SILENT_EDITS:
        return StoreDecision.REPLIED if replied else StoreDecision.TOO_MANY_EDITS
    return StoreDecision.EDITED
