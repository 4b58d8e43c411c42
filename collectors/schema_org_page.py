"""The structured data of a web page: JSON-LD, microdata and RDFa brought to one form.

Every syntax becomes a list of `Node`s with plain keys: `type` is a set of local names ("Review"), property
names have no vocabulary in front, and values are strings or nodes. References by `@id` are resolved by
`Markup.follow`, one step at a time, so cycles are harmless. A broken block of one syntax is a problem and
never hides the others.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from collectors.base import RowProblem

__all__ = ["LINE", "Markup", "Node", "absolute", "decode_page", "read_page"]

LINE = "\ue000"
"""Stands for a line break of the page's markup, where line breaks of its source mean nothing."""

_VOCABULARY = re.compile(r"^(?:https?://(?:www\.)?schema\.org/|schema:)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_CDATA = re.compile(r"(?:(?://|/\*)\s{0,9})?(?:<!\[CDATA\[|\]\]>)(?:\s{0,9}\*/)?")
_HTML_COMMENT = re.compile(r"^\s*<!--|-->\s*$")
_JSON_LD = "application/ld+json"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PAGE_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_BLOCKS = ("br", "p", "div", "li", "blockquote")


@dataclass(slots=True)
class Node:
    """One thing that a page describes. `id` is absolute, None for a thing without a name of its own."""

    syntax: str
    id: str | None
    types: frozenset[str]
    properties: dict[str, list[str | Node]] = field(default_factory=dict)

    def children(self) -> Iterator[Node]:
        """The nodes that are nested directly in this one."""
        for values in self.properties.values():
            yield from (value for value in values if isinstance(value, Node))


@dataclass(frozen=True, slots=True)
class Markup:
    """All nodes of a page in its order, its base address, that of its next page, and what could not be read."""

    nodes: tuple[Node, ...]
    base: str
    next_url: str | None
    problems: tuple[RowProblem, ...]
    _fullest: Mapping[tuple[str, str], Node] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fullest: dict[tuple[str, str], Node] = {}
        for node in self.nodes:
            if node.id is not None:
                known = fullest.get((node.syntax, node.id))
                if known is None or len(known.properties) < len(node.properties):
                    fullest[node.syntax, node.id] = node
        object.__setattr__(self, "_fullest", fullest)

    def follow(self, node: Node) -> Node:
        """The fullest description of a node that may be only a reference to it."""
        if node.id is None or node.properties:
            return node
        return self._fullest.get((node.syntax, node.id), node)


def decode_page(content: bytes, content_type: str | None) -> str:
    """The text of a page: by byte order mark, the answer's charset, the page's own charset, else UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig", errors="replace")
    header = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type or "", re.IGNORECASE)
    meta = _META_CHARSET.search(content[:4096])
    names = [match for match in (header and header[1], meta and meta[1].decode("ascii", "ignore")) if match]
    for name in names:
        try:
            return content.decode(codecs.lookup(name).name, errors="replace")
        except LookupError:
            continue
    return content.decode("utf-8", errors="replace")


def read_page(html: str, url: str) -> Markup:
    """Read all three syntaxes of a page; `url` makes its addresses absolute."""
    # Lazy: the readers bring an RDF library.
    from extruct.utils import parse_html, parse_xmldom_html
    from lxml.etree import ParserError  # type: ignore[import-untyped]  # lxml has no types of its own

    # Browsers also show what stands behind the end of a page, and some sites put their data there.
    html = _PAGE_ENDS.sub("", _UNPRINTABLE.sub(" ", html))
    source = html.encode("utf-8", errors="replace")
    try:
        tree = parse_html(source, encoding="utf-8")
    except ParserError:  # a page without any element
        return Markup((), url, None, ())
    base = _base_url(tree, url)
    roots, problems = _json_ld(tree, base)
    # Both other readers are slow on large pages, so they only run where their markup stands.
    if "itemscope" in html:
        roots += _microdata(tree, base, problems)
    if "typeof" in html:
        roots += _rdfa(parse_xmldom_html(source, encoding="utf-8"), base, problems)
    return Markup(tuple(_flatten(roots)), base, _next_url(tree, base), tuple(problems))


def _flatten(roots: Sequence[Node]) -> Iterator[Node]:
    waiting = list(reversed(roots))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(node.children())))


def _base_url(tree: Any, url: str) -> str:
    for base in tree.iter("base"):
        if found := absolute(str(base.get("href") or ""), url):
            return found
    return url


def _next_url(tree: Any, base: str) -> str | None:
    """The page's `rel=next`, when it stays on the same host: a page must not lead us to another one."""
    for element in tree.iter("link", "a"):
        if "next" not in (element.get("rel") or "").lower().split():
            continue
        address = absolute(str(element.get("href") or ""), base)
        if address is not None:
            here, there = urlsplit(base), urlsplit(address)
            if (there.scheme, there.netloc) == (here.scheme, here.netloc):
                return there._replace(fragment="").geturl()
    return None


def _json_ld(tree: Any, base: str) -> tuple[list[Node], list[RowProblem]]:
    from extruct.jsonld import JsonLdExtractor

    roots: list[Node] = []
    problems: list[RowProblem] = []
    scripts = [s for s in tree.iter("script") if (s.get("type") or "").strip().lower().startswith(_JSON_LD)]
    for number, script in enumerate(scripts, start=1):
        script.set("type", _JSON_LD)  # the reader does not know parameters such as "; charset=utf-8"
        script.text = _HTML_COMMENT.sub("", _CDATA.sub("", script.text or "")).strip().rstrip(";")
        if not script.text:
            continue
        try:
            roots += [_from_json(item, base) for item in JsonLdExtractor().extract_items(script)]
        except (ValueError, RecursionError):
            problems.append(RowProblem(f"JSON-LD block {number}", "is not JSON"))
    return roots, problems


def _from_json(data: Any, base: str) -> Node:
    if not isinstance(data, Mapping):
        return Node("json-ld", None, frozenset())
    identity = data.get("@id")
    node = Node("json-ld", _identity(identity, base), _types(data.get("@type")))
    for key, value in data.items():
        if key in ("@graph", "@reverse", "@included"):
            node.properties[key] = [_from_json(item, base) for item in _listed(value)]
        elif not key.startswith("@"):
            values = [_json_value(item, base) for item in _listed(value)]
            node.properties.setdefault(_local(key), []).extend(v for v in values if v is not None)
    return node


def _json_value(value: Any, base: str) -> str | Node | None:
    if isinstance(value, Mapping):
        return _json_value(value["@value"], base) if "@value" in value else _from_json(value, base)
    if value is None or isinstance(value, list):
        return None
    return str(value)


def _microdata(tree: Any, base: str, problems: list[RowProblem]) -> list[Node]:
    from extruct.w3cmicrodata import MicrodataExtractor

    for element in tree.iter():
        for name in ("href", "src", "data"):
            if "[" in (element.get(name) or "") and absolute(element.get(name), base) is None:
                del element.attrib[name]  # the reader would give up the whole page for one such address
    try:
        items = MicrodataExtractor().extract_items(tree, base_url=base)
        return [_from_microdata(item, base) for item in items]
    except (ValueError, TypeError, RecursionError):
        problems.append(RowProblem("microdata", "cannot be read"))
        return []


def _from_microdata(item: Mapping[str, Any], base: str) -> Node:
    node = Node("microdata", _identity(item.get("id"), base), _types(item.get("type")))
    for key, value in item.get("properties", {}).items():
        node.properties.setdefault(_local(key), []).extend(
            _from_microdata(one, base) if isinstance(one, Mapping) else str(one) for one in _listed(value)
        )
    if not node.properties and isinstance(item.get("value"), str):
        node.properties["name"] = [item["value"]]  # <span itemscope itemtype="…/Person">Anna</span>
    return node


def _rdfa(tree: Any, base: str, problems: list[RowProblem]) -> list[Node]:
    from extruct.rdfa import RDFaExtractor

    for element in tree.iter(*_BLOCKS):
        # RDFa values are the bare text of an element: without a mark its lines would run together.
        element.tail = LINE + (element.tail or "")
    try:
        described = RDFaExtractor().extract_items(tree, base_url=base)
    except Exception:
        # The reader is a chain of three libraries, each with its own errors; none may hide the other
        # syntaxes.
        problems.append(RowProblem("RDFa", "cannot be read"))
        return []
    return [_from_rdfa(item, base) for item in described]


def _from_rdfa(item: Mapping[str, Any], base: str) -> Node:
    types = [name for name in _listed(item.get("@type")) if _VOCABULARY.match(str(name))]
    node = Node("rdfa", item.get("@id"), _types(types))
    for key, values in item.items():
        if _VOCABULARY.match(key):
            node.properties[_local(key)] = [
                " ".join(str(value["@value"]).split())
                if "@value" in value
                else Node("rdfa", value["@id"], frozenset())
                for value in values
            ]
    return node


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _types(value: Any) -> frozenset[str]:
    return frozenset(_local(str(name)) for name in _listed(value))


def _local(name: str) -> str:
    return _VOCABULARY.sub("", name.strip())


def _identity(value: Any, base: str) -> str | None:
    """An `@id`: absolute, or as it is for the names that count within one page only."""
    text = str(value or "").strip()
    return text if text.startswith("_:") else absolute(text, base)


def absolute(address: str, base: str) -> str | None:
    """The absolute form of an address; None for an empty one, or one that is none."""
    try:
        joined = urljoin(base, address.strip())
        urlsplit(joined)
    except ValueError:
        return None
    return joined if address.strip() else None
