"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from atbalss.errors import ConfigError

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Path, option: str) -> Iterator[TextIO]:
    """Open a text file that takes its place only when the block ends well. Raises ConfigError naming `option`."""
    if path.is_dir():
        raise ConfigError(f"{option} {path}", "is a folder", "give the name of a file")
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigError(
            f"{option} {path}", error.strerror or "cannot be written", "choose a folder that exists"
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(name, 0o600)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
