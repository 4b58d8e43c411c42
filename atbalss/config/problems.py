"""What is wrong with a configuration, told in lines that a person can act on.

Each problem is one line: file and line number, key, reason, remedy. A value is shown only where it is a name
out of a closed list (a zone, a brand's id); secrets and what came from the environment are struck out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from atbalss.config.lines import KeyPath, key_lines
from atbalss.config.secrets import Struck, secret_fields
from atbalss.config.values import toml_value
from atbalss.errors import ConfigError

__all__ = ["ConfigProblems", "Findings", "nearest"]


class ConfigProblems(ConfigError):
    """Several things are wrong: `problems` holds each, the message one line each."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        first = problems[0]
        super().__init__(first.subject, first.reason, first.remedy)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.problems,)


class Findings:
    """Collects what is wrong while one file is read.

    `aliases` maps a key to the key that it was really written as (`token` to `token_file`).
    """

    def __init__(self, path: Path, text: str, tree: Mapping[str, Any]) -> None:
        self.struck = Struck()
        self.aliases: dict[KeyPath, KeyPath] = {}
        self._path = path
        self._lines = key_lines(text)
        self._tree = tree
        self._found: dict[KeyPath, tuple[str, str]] = {}

    def add(self, path: KeyPath, reason: str, remedy: str) -> None:
        """Note a problem; the first one at a key stands, as the others follow from it."""
        self._found.setdefault(self.aliases.get(path, path), (reason, remedy))

    def add_invalid(
        self, path: KeyPath, model: type[BaseModel], values: object, error: ValidationError
    ) -> None:
        """Note what pydantic found in the table at `path`."""
        errors = [
            (_real_keys(details["loc"], values, missing=details["type"] == "missing"), details)
            for details in error.errors(include_input=False, include_url=False)
        ]
        for where, details in errors:
            # What keys say of each other is not known while one of them is missing for another reason.
            if not where and any(found[: len(path)] == path for found in self._found):
                continue
            # A list whose only entry is wrong is also reported as too short: only the entry helps.
            if any(len(other) > len(where) and other[: len(where)] == where for other, _ in errors if where):
                continue
            value: Any = values
            for step in where:
                value = _inside(value, step)
            reason, remedy = _explain(details, where, value, model)
            self.add(path + where, reason, remedy)

    def error(self) -> ConfigError | None:
        """One ConfigError for one problem, ConfigProblems for several, None for a good file."""
        problems = [
            ConfigError(self._subject(path), self._clean(reason), self._clean(remedy))
            for path, (reason, remedy) in sorted(self._found.items(), key=lambda item: self._line(item[0]))
        ]
        if not problems:
            return None
        return problems[0] if len(problems) == 1 else ConfigProblems(problems)

    def _subject(self, path: KeyPath) -> str:
        line = self._line(path)
        place = f"{self._path}:{line}" if line else str(self._path)
        # Nothing is struck out here: the names are the file's own, before anything was filled in.
        return " ".join(f"{place}: {self._say(path)}".split()) if path else place

    def _say(self, path: KeyPath) -> str:
        """`("sources", 1, "every")` as people say it: `sources[2] (its-id).every`."""
        said, value = "", self._tree
        for step in path:
            value = _inside(value, step)
            if isinstance(step, int):
                name = (
                    next((value[key] for key in ("id", "name") if key in value), None) if _is(value) else None
                )
                said += f"[{step + 1}]" + (f" ({name})" if isinstance(name, str) and name else "")
            else:
                said += f".{step}" if said else step
        return said

    def _line(self, path: KeyPath) -> int:
        """The line of the key, or of the nearest thing around it that has one."""
        nearby = [path, (*path, 0), *(path[:end] for end in range(len(path) - 1, 0, -1))]
        return next((self._lines[place] for place in nearby if place in self._lines), 0)

    def _clean(self, text: str) -> str:
        return " ".join(self.struck.clean(text).split())


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    words = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return words[near[0]] if near else None


def _is(value: object) -> bool:
    return isinstance(value, Mapping)


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _real_keys(location: Sequence[str | int], values: object, *, missing: bool) -> KeyPath:
    """Pydantic's location without the steps that are no keys (members of unions, validators)."""
    path: KeyPath = ()
    for number, step in enumerate(location):
        last = number == len(location) - 1
        if isinstance(values, Mapping) and isinstance(step, str) and (step in values or (last and missing)):
            path, values = (*path, step), values.get(step)
        elif isinstance(values, list | tuple) and isinstance(step, int) and step < len(values):
            path, values = (*path, step), values[step]
    return path


_QUOTED = re.compile(r"'([^']*)'")
_SAID = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "list_type": 'must be a list, such as ["one", "two"]',
    "set_type": 'must be a list, such as ["one", "two"]',
    "frozen_set_type": 'must be a list, such as ["one", "two"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be above {gt}",
    "less_than": "must be below {lt}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_pattern_mismatch": "has a form that is not allowed here",
}


def _explain(details: ErrorDetails, where: KeyPath, value: object, model: type[BaseModel]) -> tuple[str, str]:
    """Reason and remedy of one pydantic error, without the value.

    A validator may give both itself, as `reason; remedy`.
    """
    kind, context = details["type"], details.get("ctx", {})
    field = model.model_fields.get(str(where[0])) if where else None
    if kind == "extra_forbidden":
        known = sorted(model.model_fields) if len(where) == 1 else []
        near = nearest(str(where[-1]), known) if where else None
        if near:
            return "is not a known key", f"did you mean {near}?"
        return "is not a known key", f"known keys: {', '.join(known)}" if known else "remove it"
    if kind == "missing":
        if len(where) == 1 and where[0] in secret_fields(model):
            return "is missing", f'add {where[0]} = "${{VARIABLE}}" or {where[0]}_file = "path"'
        return "is missing", f"add it{_described(field)}"
    if kind in ("value_error", "assertion_error"):
        reason, _, remedy = str(context.get("error", details["msg"])).partition("; ")
    elif kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        near = nearest(value, _QUOTED.findall(expected)) if isinstance(value, str) else None
        reason, remedy = f"must be {expected}", f"did you mean {near}?" if near else ""
    elif kind in ("too_short", "string_too_short") and context.get("min_length") == 1:
        reason, remedy = "must not be empty", ""
    else:
        if kind == "too_short" and isinstance(value, str):
            kind = "string_too_short"  # what pydantic says of a secret
        said = _SAID.get(kind) or details["msg"][:1].lower() + details["msg"][1:]
        reason, remedy = said.format_map({name: _number(one) for name, one in context.items()}), ""
    return reason, remedy or _correct(field)


def _correct(field: FieldInfo | None) -> str:
    if field is None:
        return "correct the keys of this table"
    if field.is_required():
        return f"correct it{_described(field)}"
    if field.default in (None, (), ""):
        return "correct it, or leave it out"
    return f"correct it, or leave it out for the default ({toml_value(field.default)})"


def _described(field: FieldInfo | None) -> str:
    description = (field.description or "") if field is not None else ""
    return f": {description.split(';')[0].rstrip('.')}" if description else ""


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
