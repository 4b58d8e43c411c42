"""Authors as pseudonyms: a keyed hash to recognise one person by, and a short label to show.

The key is a secret of the installation: without it, nobody can compute from a public name which rows are that
person's. With it, `atbalss erase` can.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from atbalss.config import Config
from atbalss.errors import ConfigError

__all__ = ["Pseudonyms", "open_pseudonyms"]


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Turns authors into keys and labels; `keep_names` shows the name as the source gave it."""

    key: bytes
    keep_names: bool

    def key_of(self, source_type: str, author: str) -> str:
        """The stable key of one person at one kind of source: 32 hex digits of HMAC-SHA-256."""
        name = unicodedata.normalize("NFKC", author).strip().casefold()
        return hmac.new(self.key, f"{source_type}\x1f{name}".encode(), hashlib.sha256).hexdigest()[:32]

    def label_of(self, author: str | None, key: str | None) -> str | None:
        """What people are shown: initials and four digits of the key, such as `J. K. #3f2a`."""
        if author is None or self.keep_names:
            return author
        initials = " ".join(f"{word[0].upper()}." for word in author.split()[:3] if word[0].isalnum())
        return f"{initials} #{key[:4]}".strip() if key else initials or None


def open_pseudonyms(config: Config) -> Pseudonyms:
    """The pseudonyms of an installation; the key is made once, beside the database, if none is configured.

    Raises ConfigError when the key's file cannot be read or written, or holds no key.
    """
    configured = config.privacy.author_key
    if configured is not None:
        return Pseudonyms(configured.get_secret_value().encode(), config.privacy.keep_author_names)
    return Pseudonyms(_own_key(config.var / "author.key"), config.privacy.keep_author_names)


def _own_key(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigError(str(path), error.strerror or "cannot be used", "make its folder writable") from None
    if len(key) < 32:
        raise ConfigError(
            str(path),
            "holds no key",
            "restore it from a backup; if there is none, delete it: a new one is made, "
            "and earlier posts of one person are no longer recognised",
        )
    return key.encode()


def _make_key(path: Path) -> None:
    """Write a new key whole or not at all; of two processes that start at once, the second one's is not taken."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
