"""Secrets: `${VAR}` in any text value, and `token_file` beside any secret key `token`.

Values are filled in before validation. Every value that came from the environment or from a file is
remembered, only to be struck out of messages.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import structlog
from pydantic import BaseModel, SecretStr

from atbalss.config.values import locate

__all__ = ["SecretMissing", "Struck", "expand", "fields_of_type", "read_secret_file", "secret_fields"]

log = structlog.get_logger()

_REFERENCE = re.compile(
    r"(?P<literal>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<broken>\$\{)"
)
_SHORTEST_STRUCK = 4  # striking out shorter values would only garble a message
_MAX_SECRET_BYTES = 64 * 1024  # a key or token; anything longer is the wrong file


class SecretMissing(ValueError):
    """A value cannot be filled in: `reason` and `remedy` in the words of a configuration error."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy


class Struck:
    """The values that no message may show."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: str) -> None:
        """Remember a value, and its lines, as never to be shown."""
        self._values.update(
            part for part in (value, *value.split()) if len(part) >= _SHORTEST_STRUCK and part.strip()
        )

    def clean(self, text: str) -> str:
        """Put `***` wherever a remembered value occurs; longer values first."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "***")
        return text


def expand(text: str, environment: Mapping[str, str], struck: Struck | None = None) -> str:
    """Fill in `${VAR}` and `${VAR:-default}`; `$${` stands for a literal `${`.

    The default is taken when the variable is unset or empty. What is filled in is not read again.
    Raises SecretMissing for an unset variable without default and for a `${` that is not a reference.
    """

    def fill(match: re.Match[str]) -> str:
        if match["literal"]:
            return "${"
        if match["broken"]:
            raise SecretMissing(
                "`${` does not begin a reference such as ${NAME}",
                "write ${NAME} or ${NAME:-default}, or $${ for the two characters themselves",
            )
        name, default = match["name"], match["default"]
        value = environment.get(name)
        if not value and default is not None:
            return default
        if value is None:
            raise SecretMissing(
                f"the environment variable {name} is not set",
                f"set {name}, or write ${{{name}:-default}}",
            )
        if struck is not None:
            struck.add(value)
        return value

    return _REFERENCE.sub(fill, text)


def read_secret_file(name: str, folder: Path) -> str:
    """The stripped contents of a secret's file; a relative path starts at `folder`.

    Warns when everybody on the machine may read the file. Raises SecretMissing. The path is in no message: a
    secret written there by mistake must not be shown.
    """
    path = locate(name, folder)
    try:
        with path.open("rb") as file:
            mode = path.stat().st_mode
            content = file.read(_MAX_SECRET_BYTES + 1)
    except FileNotFoundError:
        raise SecretMissing(
            "the file does not exist", "create it; a relative path starts at this file's folder"
        ) from None
    except (OSError, ValueError):
        raise SecretMissing(
            "the file cannot be read", "name a file, and let the user that runs Atbalss read it"
        ) from None
    if len(content) > _MAX_SECRET_BYTES:
        raise SecretMissing("the file is too long for a secret", "name the file that holds only the secret")
    try:
        value = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise SecretMissing(
            "the file is not UTF-8 text", "name the file that holds only the secret"
        ) from None
    if not value:
        raise SecretMissing("the file is empty", "write the secret into it")
    if mode & stat.S_IROTH:
        log.warning(
            "a secret's file can be read by everybody on this machine; run chmod o-r on it",
            action="config.secret_readable",
            file=path.name,
        )
    return value


def fields_of_type(model: type[BaseModel], kind: type) -> frozenset[str]:
    """The names of the fields whose type is `kind`, or may be."""
    return frozenset(name for name, field in model.model_fields.items() if _may_be(field.annotation, kind))


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """The names of a model's secret fields: each may also be given as `<name>_file`."""
    return fields_of_type(model, SecretStr)


def _may_be(annotation: object, kind: type) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, kind):
        return True
    return any(_may_be(inner, kind) for inner in get_args(annotation))
