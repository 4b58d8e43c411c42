"""The right to be forgotten: everything that one person wrote, found by the keyed hash of their name or id."""

from __future__ import annotations

from collections.abc import Iterable

from atbalss.pipeline.runtime import Runtime
from collectors.registry import KINDS
from store.retention import Erased, count_author, erase_author, note
from store.tables import Mention

__all__ = ["count_person", "erase_person", "keys_of"]


def keys_of(runtime: Runtime, author: str | None, mention_id: int | None) -> tuple[str, ...]:
    """The keys that one person may have: of a name or id at every kind of source, or of one mention's author."""
    if author is not None:
        return tuple(runtime.pseudonyms.key_of(kind, author) for kind in KINDS)
    with runtime.store.read() as session:
        mention = session.get(Mention, mention_id)
        return (mention.author_key,) if mention is not None and mention.author_key else ()


def count_person(runtime: Runtime, keys: Iterable[str]) -> int:
    """How many posts of this person are stored."""
    with runtime.store.read() as session:
        return sum(count_author(session, key) for key in keys)


def erase_person(runtime: Runtime, keys: Iterable[str]) -> Erased:
    """Delete them in one transaction; the audit keeps that it was done, and not of whom."""
    now = runtime.now()
    with runtime.store.write() as session:
        gone = [erase_author(session, key, now) for key in keys if count_author(session, key)]
        total = Erased(
            sum(one.mentions for one in gone),
            sum(one.alerts for one in gone),
            sum(one.statements for one in gone),
        )
        note(session, "erase", "one person", {"mentions": total.mentions}, now)
    runtime.store.forget()
    return total
