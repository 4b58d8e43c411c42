"""HTML of posts to the plain text that a reader sees."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["plain_text"]

_DROPPED = frozenset({"script", "style", "template", "noscript", "head", "iframe", "object", "svg"})
_PARAGRAPHS = frozenset({"p", "blockquote", "pre", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
_LINES = frozenset(
    {"div", "li", "tr", "section", "article", "header", "footer", "figure", "figcaption", "dt", "dd", "hr"}
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# Zero-width spaces and soft hyphens break words apart for every reader but the eye. U+200C and U+200D stay:
# emoji and some scripts are built with them.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")


def plain_text(html: str) -> str:
    """The visible text of `html`: paragraphs parted by an empty line, lines by a newline, no other markup.

    White space becomes single spaces, as in a browser, and entities are decoded. Mentions and hashtags
    stay as text; what is hidden (Mastodon's `invisible` parts of shortened addresses, `display: none`) is
    left out. Never raises.
    """
    body = LexborHTMLParser(html).body
    text = "" if body is None else _INVISIBLE.sub("", "".join(_pieces(body)))
    lines = [re.sub(r"[^\S\n]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _pieces(root: LexborNode) -> Iterator[str]:
    """Texts and line breaks in order; without recursion, as hostile pages nest thousands of elements."""
    stack: list[LexborNode | int] = [root]
    # The edges of blocks that follow each other make one break, as high as the highest of them.
    edge = 0
    while stack:
        node = stack.pop()
        if isinstance(node, int):
            edge = max(edge, node)
        elif node.is_text_node:
            # Newlines of the source are spaces for a browser.
            words = re.sub(r"\s+", " ", node.text_content or "")
            if words.strip():
                yield "\n" * edge
                edge = 0
            yield words
        elif node.is_element_node and not _is_hidden(node):
            if node.tag == "br":
                yield "\n"
                continue
            height = 2 if node.tag in _PARAGRAPHS else 1 if node.tag in _LINES else 0
            edge = max(edge, height)
            stack.append(height)
            child = node.last_child
            while child is not None:
                stack.append(child)
                child = child.prev


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    classes = (attributes.get("class") or "").split()
    return (
        "hidden" in attributes
        or "invisible" in classes
        or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
    )
