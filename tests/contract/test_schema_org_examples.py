"""The official review examples of schema.org give the same posts in every syntax.

Only two of the eleven examples are written in all three syntaxes by their authors; the others exist in JSON-LD
alone. Those are transcribed here by machine, property by property, into microdata and RDFa.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from collectors.post import Post
from collectors.schema_org_page import read_page
from collectors.schema_org_review import reviews

PAGE = "https://shop.example/page"
EXPECTED = {
    "#eg-0010": 2,
    "#eg-0462": 2,
    "#eg-0052": 1,
    "#eg-0347": 2,
    "#eg-0325": 1,
    "#eg-0290": 2,
    "#eg-0291": 2,
    "#eg-0292": 2,
    "#eg-0293": 2,
    "#eg-0248": 1,
    "#eg-4505": 1,
}


def examples() -> dict[str, dict[str, str]]:
    shared = Path(
        os.environ.get("ATBALSS_TEST_SHARED") or Path(__file__).resolve().parents[2] / ".." / "shared"
    )
    path = shared / "apis" / "examples" / "schemaorg-review-examples.txt"
    if not path.is_file():
        pytest.skip(f"the official examples are not here ({path.name})")
    found = {}
    for block in re.split(r"^TYPES: ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        parts = re.split(r"^(?:PRE-MARKUP|MICRODATA|RDFA|JSON):\s*$", block, flags=re.MULTILINE)[1:]
        found[block.split()[0]] = dict(zip(("text", "microdata", "rdfa", "json-ld"), parts, strict=True))
    return found


def read(page: str) -> list[Post]:
    markup = read_page(page, PAGE)
    posts, problems = reviews(markup, PAGE, UTC)
    assert not problems
    assert not markup.problems
    return posts


def items(page: str) -> dict[str, Any]:
    """The JSON-LD of a page, references to `@id` put in place of what they name."""
    data = json.loads(re.findall(r"<script[^>]*>(.*?)</script>", page, flags=re.DOTALL)[0])
    named = {node["@id"]: node for node in data.get("@graph", ()) if "@id" in node}

    def inlined(value: Any) -> Any:
        if isinstance(value, list):
            return [inlined(one) for one in value]
        if isinstance(value, dict):
            target = named.get(value.get("@id"), value) if len(value) == 1 else value
            return {key: inlined(one) for key, one in target.items()}
        return value

    result: dict[str, Any] = inlined(data)
    return result


def microdata(node: dict[str, Any], prop: str = "") -> str:
    types = " ".join(f"https://schema.org/{t}" for t in schema_types(node))
    name = f' itemprop="{prop}"' if prop else ""
    return f'<div{name} itemscope itemtype="{types}">{inner(node, microdata, "itemprop")}</div>'


def rdfa(node: dict[str, Any], prop: str = "") -> str:
    name = f' property="{prop}"' if prop else ""
    return f'<div{name} typeof="{" ".join(schema_types(node))}">{inner(node, rdfa, "property")}</div>'


def schema_types(node: dict[str, Any]) -> list[str]:
    types = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
    return [t.removeprefix("https://schema.org/") for t in types if ":" not in t.removeprefix("https://")]


def inner(node: dict[str, Any], nested: Callable[[dict[str, Any], str], str], attribute: str) -> str:
    parts = []
    for key, value in node.items():
        if ":" in key or key.startswith("@"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and "@type" in one:
                parts.append(nested(one, key))
                continue
            text = str(one["@value"] if isinstance(one, dict) else one)
            if key == "url":
                parts.append(f'<a {attribute}="url" href="{html.escape(text)}">page</a>')
            else:
                parts.append(f'<span {attribute}="{key}">{html.escape(text)}</span>')
    return "\n".join(parts)


def transcribed(example: dict[str, str], syntax: str) -> str:
    """The example in `syntax`: its own, or made from its JSON-LD."""
    written = example[syntax]
    if "itemscope" in written or "typeof" in written:
        return written
    data = items(example["json-ld"])
    roots = [node for node in data.get("@graph", [data]) if node.get("@type") not in (None, [])]
    roots = [node for node in roots if schema_types(node)]
    render = microdata if syntax == "microdata" else rdfa
    body = "".join(render(node) for node in roots)
    return f'<html><body vocab="https://schema.org/">{body}</body></html>'


@pytest.mark.parametrize("name", EXPECTED)
def test_an_official_example_gives_equal_posts_in_three_syntaxes(name):
    example = examples()[name]
    from_json = read(example["json-ld"])
    assert len(from_json) == EXPECTED[name]
    assert read(transcribed(example, "microdata")) == from_json
    assert read(transcribed(example, "rdfa")) == from_json


def test_every_official_example_is_known():
    assert examples().keys() == EXPECTED.keys()


def test_stars_of_the_official_examples_are_on_five():
    found = examples()
    assert [post.stars for post in read(found["#eg-0010"]["microdata"])] == [4.0, 1.0]
    assert sorted(p.stars or 0 for p in read(found["#eg-0291"]["json-ld"])) == [3.93, 4.2]
    assert [post.stars for post in read(found["#eg-4505"]["json-ld"])] == [5.0]
    assert [post.stars for post in read(found["#eg-0052"]["json-ld"])] == [None]
