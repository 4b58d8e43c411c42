"""Makes docs/configuration.md from the models: `python -m atbalss.config.reference` prints it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import time, timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from alerts.channels import registry as channels
from alerts.channels.registry import ChannelModule
from alerts.rules import Rule
from atbalss.config.load import TABLES
from atbalss.config.model import Brand, ChannelConfig, SourceConfig
from atbalss.config.secrets import secret_fields
from atbalss.config.values import toml_value
from collectors import registry as sources
from collectors.registry import SourceModule

__all__ = ["reference"]

_FORMS: Mapping[type, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    timedelta: "duration",
    time: "time of day",
    ZoneInfo: "time zone",
    Path: "path",
    SecretStr: "secret",
    Mapping: "table",
    BaseModel: "table",
}

_INTRODUCTION = """\
# Configuration

Everything is configured in one TOML file, `atbalss.toml`. `atbalss init` writes one with comments that
works as it is; `atbalss check` reads it, tries the database, each source and each channel, and tells
each problem in one line: which file, line and key is wrong, why, and what to do. Every command takes
another file with `--config`.

This page is made by the program: `python -m atbalss.config.reference > docs/configuration.md`.

## How values are written

- **Durations** are a number and a unit: `90s`, `15m`, `2h`, `7d`, `4w`.
- **Relative paths** start at the folder of the configuration file.
- **Variables**: any text may hold `${NAME}` or `${NAME:-default}`, filled in from the environment. The
  default is taken when the variable is unset or empty. A variable that is unset and has no default is
  an error. `$${` stands for the two characters `${`.
- **Secrets** (marked below) may instead be read from a file: for a secret `token`, write `token_file =
  "path"`. Space around the content is dropped. Keep such a file from others with `chmod 600`; one that
  everybody may read is warned about. No message, log or table shows a secret.
- **Unknown keys are errors**, so that a typing mistake cannot switch something off in silence.
- The `id` of a brand or source is the key of what is stored: never change it.

Tables in double brackets (`[[brands]]`) may be repeated. At least one brand is needed. Without a
`[[channels]]` table there is one channel named `console`; without `[[rules]]` nobody is alerted.
"""


def reference() -> str:
    """The whole page as Markdown."""
    parts = [_INTRODUCTION]
    for name, model in TABLES.items():
        parts += [f"## [{name}]", _first_line(model), _table(model, model.model_fields)]
    parts += ["## [[brands]]", _first_line(Brand), _table(Brand, Brand.model_fields)]
    parts += _family("sources", SourceConfig, sources.KINDS, sources.load)
    parts += ["## [[rules]]", Rule.__doc__ or "", _table(Rule, Rule.model_fields)]
    parts += _family("channels", ChannelConfig, channels.KINDS, channels.load)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _family(
    name: str,
    frame: type[BaseModel],
    kinds: Iterable[str],
    load: Callable[[str], SourceModule | ChannelModule],
) -> list[str]:
    """A repeated table whose `type` decides its other keys: the common keys, then those of each type."""
    common = {key: field for key, field in frame.model_fields.items() if key != "settings"}
    parts = [f"## [[{name}]]", f"{_first_line(frame)} Every type has these keys:", _table(frame, common)]
    for kind in sorted(kinds):
        model = load(kind).Settings
        own = {key: field for key, field in model.model_fields.items() if key not in common}
        parts += [f'### type = "{kind}"', _first_line(model)]
        parts.append(_table(model, own) if own else "It has no further keys.")
    return parts


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")


def _table(model: type[BaseModel], fields: Mapping[str, FieldInfo]) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    secret = secret_fields(model)
    for key, field in fields.items():
        form = "secret" if key in secret else _form(field.annotation)
        default = "required" if field.is_required() else f"`{toml_value(_default(field))}`"
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{key}` | {form} | {'' if default == '`none`' else default} | {meaning} |")
    return "\n".join(rows)


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True, validated_data={})


def _form(annotation: object) -> str:
    """The kind of value that a key takes, in the words of people who write TOML."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _form(inner[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_form(one) for one in inner if one is not NoneType))
    if origin in (tuple, list, set, frozenset):
        return f"list of {_form(inner[0])}" if inner else "list"
    plain = origin or annotation
    if isinstance(plain, type) and issubclass(plain, Enum):
        return " or ".join(f"`{member.value}`" for member in plain)
    found = (said for kind, said in _FORMS.items() if isinstance(plain, type) and issubclass(plain, kind))
    return next(found, "text")


if __name__ == "__main__":
    sys.stdout.write(reference())
