"""What tables say of each other: names are unique, and every name that is referred to exists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from atbalss.config.lines import KeyPath
from atbalss.config.problems import Findings, nearest
from atbalss.config.values import LANGUAGES

__all__ = ["check_links"]

_NAME_KEYS = {"brands": "id", "sources": "id", "rules": "name", "channels": "name"}
_UNDETERMINED = "und"  # the language of a text in none of the configured ones


def check_links(tree: Mapping[str, Any], findings: Findings) -> None:
    """Note every repeated name and broken reference in a filled-in tree.

    Works on the tables as they are written: a table that is wrong elsewhere can still be referred to.
    """
    names = {array: _names(tree, array, findings) for array in _NAME_KEYS}
    if not tree.get("brands"):
        findings.add(("brands",), "there is no brand", "add a [[brands]] table with id, name and zone")
    for index, source in _tables(tree, "sources"):
        _known(("sources", index, "brand"), source.get("brand"), "brand", names["brands"], findings)
    languages = (*(_list(_section(tree, "model").get("languages")) or LANGUAGES), _UNDETERMINED)
    for index, rule in _tables(tree, "rules"):
        for key in ("brands", "sources", "channels"):
            _all_known(("rules", index, key), rule.get(key), key[:-1], names[key], findings)
        _all_known(
            ("rules", index, "languages"), rule.get("languages"), "configured language", languages, findings
        )
    channels = _section(tree, "digest").get("channels")
    _all_known(("digest", "channels"), channels, "channel", names["channels"], findings)


def _tables(tree: Mapping[str, Any], array: str) -> list[tuple[int, Mapping[str, Any]]]:
    return [(index, item) for index, item in enumerate(_list(tree.get(array))) if isinstance(item, Mapping)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _section(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tree.get(name)
    return value if isinstance(value, Mapping) else {}


def _names(tree: Mapping[str, Any], array: str, findings: Findings) -> list[str]:
    key = _NAME_KEYS[array]
    names: list[str] = []
    for index, table in _tables(tree, array):
        name = table.get(key)
        if not isinstance(name, str):
            continue
        if name in names:
            findings.add((array, index, key), "is used twice", f"give each of the {array} its own {key}")
        names.append(name)
    return names


def _all_known(path: KeyPath, values: object, noun: str, known: Collection[str], findings: Findings) -> None:
    for index, value in enumerate(_list(values)):
        _known((*path, index), value, noun, known, findings)


def _known(path: KeyPath, value: object, noun: str, known: Collection[str], findings: Findings) -> None:
    if not isinstance(value, str) or value in known:
        return
    if near := nearest(value, known):
        remedy = f"did you mean {near}?"
    elif known:
        remedy = f"use one of {', '.join(map(str, known))}"
    else:
        remedy = f"add a [[{noun}s]] table for it"
    findings.add(path, f"there is no {noun} {value!r}", remedy)
