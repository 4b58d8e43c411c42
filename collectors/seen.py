"""A bounded memory of what was already seen."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from collectors.post import Post

__all__ = ["Seen", "content_key"]


class Seen:
    """Remembers id -> content key for the `limit` ids that were seen last."""

    def __init__(self, limit: int, known: Mapping[str, str] | None = None) -> None:
        self._limit = limit
        self._known: dict[str, str] = {}
        for key, content in (known or {}).items():
            self._put(key, content)

    def is_new(self, key: str, content: str) -> bool:
        """Remember the pair; False when the same id was seen before with the same content."""
        known = self._known.pop(key, None)
        self._put(key, content)
        return known != content

    def as_dict(self) -> dict[str, str]:
        """What is remembered, longest unseen first, fit for a cursor."""
        return dict(self._known)

    def _put(self, key: str, content: str) -> None:
        self._known[key] = content
        if len(self._known) > self._limit:
            del self._known[next(iter(self._known))]


def content_key(post: Post) -> str:
    """16 hexadecimal digits that change when any field of the post does, the same in every process."""
    return blake2b(repr(post).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
