"""Reads `atbalss.toml`: text to tables, secrets filled in, tables to models, cross checks.

Everything that is wrong is found in one pass and told together.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from alerts.rules import Rule, StormPolicy
from alerts.settings import ChannelSettings
from atbalss.config.lines import KeyPath
from atbalss.config.links import check_links
from atbalss.config.model import (
    Brand,
    ChannelConfig,
    Config,
    DaemonSettings,
    DatabaseSettings,
    DigestSettings,
    HttpTable,
    ModelSettings,
    PrivacySettings,
    RetentionSettings,
    SourceConfig,
)
from atbalss.config.problems import Findings, nearest
from atbalss.config.secrets import SecretMissing, expand, fields_of_type, read_secret_file, secret_fields
from atbalss.config.values import locate
from atbalss.errors import ConfigError
from collectors.settings import SourceSettings

__all__ = ["demo", "init_text", "load", "loads"]

TABLES: Mapping[str, type[BaseModel]] = {
    "database": DatabaseSettings,
    "model": ModelSettings,
    "daemon": DaemonSettings,
    "retention": RetentionSettings,
    "privacy": PrivacySettings,
    "digest": DigestSettings,
    "storm": StormPolicy,
    "http": HttpTable,
}
ARRAYS = ("brands", "sources", "rules", "channels")

_DEFAULT_CHANNEL = {"name": "console", "type": "console"}  # nobody is left without alerts for want of a table
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

M = TypeVar("M", bound=BaseModel)


def load(path: Path | str, environment: Mapping[str, str] | None = None) -> Config:
    """Read the configuration file at `path`; variables come from `environment` (default: the process's own).

    Raises ConfigError with one line that names file, key, reason and remedy, or ConfigProblems with several.
    """
    path = Path(path)
    failure: tuple[str, str]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        failure = ("there is no such file", "run `atbalss init` to write one, or name yours with --config")
    except UnicodeDecodeError:
        failure = ("is not UTF-8 text", "save it as UTF-8")
    except OSError as error:
        failure = (
            f"cannot be read ({error.strerror or type(error).__name__})",
            "check its rights and its kind",
        )
    else:
        return loads(text, path=path, environment=environment)
    raise ConfigError(str(path), *failure)


def loads(text: str, *, path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read a configuration from text; relative paths start at the folder of `path`, which need not exist."""
    tree = _parse(text, path)
    findings = Findings(path, text, tree)
    reader = _Reader(findings, path.absolute().parent, os.environ if environment is None else environment)
    return reader.config(tree, path.absolute())


def init_text() -> str:
    """The commented file that `atbalss init` writes; it works as it is."""
    return (resources.files("atbalss.config") / "init.toml").read_text(encoding="utf-8")


def demo(folder: Path) -> Config:
    """The built-in configuration of `atbalss demo`, with its database in `folder`/var."""
    text = (resources.files("atbalss.config") / "demo.toml").read_text(encoding="utf-8")
    return loads(text, path=folder / "demo.toml")


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
    place = _TOML_PLACE.search(message)
    said = message[: place.start()] if place else message
    line = place[1] if place and place[1] else str(text.count("\n") + 1)
    column = f" at column {place[2]}" if place and place[2] else ""
    raise ConfigError(
        f"{path}:{line}",
        f"is not valid TOML{column}: {said[:1].lower()}{said[1:]}",
        "mend this line; text stands in quotes, lists in [ ], a table's keys below its [name]",
    )


class _Reader:
    """Turns the parsed tables of one file into models, noting every problem in `findings`."""

    def __init__(self, findings: Findings, folder: Path, environment: Mapping[str, str]) -> None:
        self._findings = findings
        self._folder = folder
        self._environment = environment

    def config(self, raw: dict[str, Any], path: Path) -> Config:
        """The whole configuration. Raises what `findings` hold when something is wrong."""
        tree = {"channels": [_DEFAULT_CHANNEL], **self._fill_in(raw, ())}
        for key in tree.keys() - TABLES.keys() - set(ARRAYS):
            near = nearest(key, (*TABLES, *ARRAYS))
            remedy = f"did you mean {near}?" if near else f"known tables: {', '.join((*TABLES, *ARRAYS))}"
            self._findings.add((key,), "is not a known table", remedy)
        tables = {name: self._table(tree, name, model) for name, model in TABLES.items()}
        arrays = {
            "brands": self._array(tree, "brands", lambda path, table: self._model(path, Brand, table)),
            "sources": self._array(tree, "sources", self._source),
            "rules": self._array(tree, "rules", lambda path, table: self._model(path, Rule, table)),
            "channels": self._array(tree, "channels", self._channel),
        }
        check_links(tree, self._findings)
        error = self._findings.error()
        if error is not None:
            raise error
        return Config.model_validate({"path": path, **tables, **arrays})

    def _fill_in(self, value: Any, path: KeyPath) -> Any:
        """The same tree with every `${VAR}` filled in; what cannot be filled in stays as it is written."""
        if isinstance(value, dict):
            return {key: self._fill_in(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._fill_in(inner, (*path, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return expand(value, self._environment, self._findings.struck)
        except SecretMissing as missing:
            self._findings.add(path, missing.reason, missing.remedy)
            return value

    def _table(self, tree: dict[str, Any], name: str, model: type[BaseModel]) -> BaseModel | None:
        value = tree.get(name, {})
        if not isinstance(value, dict):
            self._findings.add((name,), "must be one table", f"write [{name}] and its keys below it")
            return None
        return self._model((name,), model, value)

    def _array(
        self, tree: dict[str, Any], name: str, read: Callable[[KeyPath, dict[str, Any]], M | None]
    ) -> tuple[M, ...]:
        value = tree.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._findings.add((name,), "must be a list of tables", f"write [[{name}]], with two brackets")
            return ()
        read_items = (read((name, index), item) for index, item in enumerate(value))
        return tuple(item for item in read_items if item is not None)

    def _source(self, path: KeyPath, table: dict[str, Any]) -> SourceConfig | None:
        from collectors.registry import KINDS, load

        return self._typed(
            path, SourceConfig, table, KINDS, lambda kind: load(kind).Settings, SourceSettings()
        )

    def _channel(self, path: KeyPath, table: dict[str, Any]) -> ChannelConfig | None:
        from alerts.channels.registry import KINDS, load

        return self._typed(
            path, ChannelConfig, table, KINDS, lambda kind: load(kind).Settings, ChannelSettings()
        )

    def _typed(
        self,
        path: KeyPath,
        frame: type[M],
        table: dict[str, Any],
        kinds: Mapping[str, str],
        settings_of: Callable[[str], type[BaseModel]],
        stand_in: BaseModel,
    ) -> M | None:
        """A table whose `type` decides its other keys: split into the frame's keys and the type's own."""
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            self._refuse_kind((*path, "type"), kind, kinds)
            return None
        own = settings_of(kind)
        framing = frame.model_fields.keys() - {"settings"}
        values = {key: value for key, value in table.items() if key not in framing or key in own.model_fields}
        known = framing | own.model_fields.keys() | {f"{name}_file" for name in secret_fields(own)}
        for key in values.keys() - known:
            near = nearest(key, known)
            remedy = f"did you mean {near}?" if near else f"known keys: {', '.join(sorted(known))}"
            self._findings.add((*path, key), f"is not a known key of type {kind}", remedy)
        settings = self._model(path, own, values)
        outer = {key: value for key, value in table.items() if key in framing}
        # A stand-in lets the frame's own keys be checked as well when the type's keys are wrong.
        return self._model(path, frame, {**outer, "settings": settings or stand_in})

    def _refuse_kind(self, path: KeyPath, kind: object, kinds: Mapping[str, str]) -> None:
        known = ", ".join(kinds)
        if kind is None:
            self._findings.add(path, "is missing", f"add type, one of {known}")
            return
        near = nearest(kind, kinds) if isinstance(kind, str) else None
        remedy = f"did you mean {near}?" if near else f"use one of {known}"
        self._findings.add(path, "is not a known type", remedy)

    def _model(self, path: KeyPath, model: type[M], table: Mapping[str, Any]) -> M | None:
        values = self._with_absolute_paths(model, self._with_secret_files(path, model, dict(table)))
        try:
            return model.model_validate(values, context={"folder": self._folder})
        except ValidationError as error:
            self._findings.add_invalid(path, model, values, error)
        except OverflowError:
            self._findings.add(path, "holds a number that is too large", "correct the numbers of this table")
        return None

    def _with_secret_files(
        self, path: KeyPath, model: type[BaseModel], values: dict[str, Any]
    ) -> dict[str, Any]:
        """`token_file = "path"` becomes `token`; every secret is remembered as never to be shown."""
        for name in secret_fields(model):
            file_key = f"{name}_file"
            if file_key in values and file_key not in model.model_fields:
                self._read_secret(path, name, values)
            value = values.get(name)
            if isinstance(value, str):
                self._findings.struck.add(value)
                if not value.strip():
                    self._findings.add((*path, name), "is empty", f"give it a value, or use {file_key}")
        return values

    def _read_secret(self, path: KeyPath, name: str, values: dict[str, Any]) -> None:
        """Put the contents of the file that `<name>_file` names under `name`."""
        file_key = f"{name}_file"
        where, written = (*path, file_key), values.pop(file_key)
        if name in values:
            self._findings.add(where, f"is given together with {name}", f"keep one of {name} and {file_key}")
            return
        self._findings.aliases[(*path, name)] = where
        if not isinstance(written, str):
            self._findings.add(where, "must be text in quotes", f"name the file that holds the {name}")
            return
        try:
            values[name] = read_secret_file(written, self._folder)
        except SecretMissing as missing:
            self._findings.add(where, missing.reason, missing.remedy)

    def _with_absolute_paths(self, model: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
        """Relative paths start at the configuration's folder, wherever the process was started."""
        for name in _file_fields(model):
            value = values.get(name, model.model_fields[name].default)
            if isinstance(value, str | Path) and str(value):
                values[name] = type(value)(locate(str(value), self._folder))
        return values


def _file_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields that name files: of type Path, or text called `path` (it may be a pattern) or `..._file`."""
    named = {name for name in fields_of_type(model, str) if name == "path" or name.endswith("_file")}
    return fields_of_type(model, Path) | named
