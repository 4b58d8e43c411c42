"""From the structured data of a page to posts: which nodes are reviews, and what each of them says.

Everything here is pure. A review that is described in two syntaxes of one page becomes one post.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from urllib.parse import urldefrag, urlsplit

from collectors.base import RowProblem
from collectors.html import plain_text
from collectors.post import Post, PostKind
from collectors.schema_org_page import LINE, Markup, Node, absolute

__all__ = ["can_be_reviewed", "moment", "reviews", "stars"]

REVIEW_TYPES = frozenset(
    {
        "Review",
        "ClaimReview",
        "CriticReview",
        "EmployerReview",
        "MediaReview",
        "Recommendation",
        "ReviewNewsArticle",
        "UserReview",
    }
)
"""Review and everything that schema.org derives from it."""

_FURNITURE = frozenset(
    {
        "",
        "BreadcrumbList",
        "EntryPoint",
        "ImageObject",
        "ListItem",
        "ReadAction",
        "SearchAction",
        "SiteNavigationElement",
        "WebPage",
        "WebSite",
        "WPFooter",
        "WPHeader",
        "WPSideBar",
    }
)
"""Things that every page of a site describes.

They do not show that a page still carries its reviews' markup.
"""

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_RATING = re.compile(rf"^\s*{_NUMBER}\s*(?:(%)|(?:/|out of|no|iš|из)\s*{_NUMBER})?\s*$", re.IGNORECASE)
_DAY_FIRST = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\.?$")
_YEAR_FIRST = re.compile(r"^(\d{4})[./](\d{1,2})[./](\d{1,2})\.?$")
_LANGUAGE = re.compile(r"^([a-z]{2,3})(?:[-_].*)?$", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)

_SAME_DAY = timedelta(hours=26)  # one syntax may give the day only, or another zone


@dataclass(frozen=True, slots=True)
class _Found:
    """A post together with what tells whether another syntax describes the same review."""

    post: Post
    syntax: str
    named: bool  # its id is the source's own, not a digest


def can_be_reviewed(markup: Markup) -> bool:
    """Whether the page describes a thing that could carry reviews, or a review or rating itself."""
    return any(
        any("/" not in name for name in node.types - _FURNITURE)
        or {"aggregateRating", "itemReviewed", "review", "reviews"} & node.properties.keys()
        for node in markup.nodes
    )


def reviews(markup: Markup, page_url: str, zone: tzinfo) -> tuple[list[Post], list[RowProblem]]:
    """All reviews of a page, oldest first; `zone` is that of times without one."""
    found: list[_Found] = []
    problems: list[RowProblem] = []
    nodes = list(_review_nodes(markup))
    shared = _shared_addresses(markup, nodes, page_url)
    for number, node in enumerate(nodes, start=1):
        one = _post(markup, node, page_url, zone, shared)
        if isinstance(one, str):
            problems.append(RowProblem(f"{node.syntax} review {number}", one))
        else:
            found.append(one)
    posts = {one.post.external_id: one.post for one in _folded(found)}
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(posts.values(), key=lambda p: (p.published_at or oldest, p.external_id)), problems


def stars(value: str, best: str | None, worst: str | None) -> float | None:
    """A rating as 1-5 stars; None when it is no number or does not fit its own scale.

    `value` may carry its scale itself ("8/10", "80 %"). Without one schema.org says 1 to 5.
    """
    match = _RATING.match(value)
    if match is None:
        return None
    high = match[3] or ("100" if match[2] else best) or "5"
    low = ("0" if match[2] else worst) or "1"
    try:
        number, top, bottom = (float(text.strip().replace(",", ".")) for text in (match[1], high, low))
    except ValueError:
        return None
    if not bottom < top or not bottom <= number <= top:
        return None
    return round(1 + 4 * (number - bottom) / (top - bottom), 2)


def moment(text: str, zone: tzinfo) -> datetime | None:
    """An ISO 8601, day-first or mail date as an aware UTC time; None when it is something else."""
    text = text.strip()
    for pattern, order in ((_DAY_FIRST, (3, 2, 1)), (_YEAR_FIRST, (1, 2, 3))):
        if match := pattern.match(text):
            text = "-".join(match[group].zfill(2) for group in order)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        try:
            parsed = parsedate_to_datetime(text)
        except ValueError:
            return None
    try:
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:  # the years 1 and 9999, which stand for "no date" in some systems
        return None


def _review_nodes(markup: Markup) -> Iterator[Node]:
    """Nodes that are reviews: by their type, or without one as the value of a `review` property.

    Several descriptions of one `@id` are one review, unless they contradict each other.
    """
    untyped = {
        id(value)
        for node in markup.nodes
        for name in ("review", "reviews")
        for value in node.properties.get(name, ())
        if isinstance(value, Node) and not value.types and value.properties
    }
    known: dict[tuple[str, str], Node] = {}
    for node in markup.nodes:
        if not (node.properties and (node.types & REVIEW_TYPES or id(node) in untyped)):
            continue
        if node.id is None or node.id.startswith("_:"):
            yield node
            continue
        earlier = known.get((node.syntax, node.id))
        if earlier is None or _contradict(earlier, node):
            known[node.syntax, node.id] = node
            yield node
        else:
            earlier.properties.update(node.properties)


def _contradict(one: Node, other: Node) -> bool:
    names = ("reviewBody", "datePublished", "name")
    return any(
        one.properties[name] != other.properties[name]
        for name in names
        if name in one.properties and name in other.properties
    )


def _shared_addresses(markup: Markup, nodes: list[Node], page_url: str) -> frozenset[str]:
    """Addresses that name no single review: the page itself, and what several reviews of a syntax share."""
    uses = Counter(
        (node.syntax, address)
        for node in nodes
        for address in {node.id, _url(markup, node)}
        if address is not None
    )
    return frozenset(
        {urldefrag(page_url).url} | {address for (_, address), count in uses.items() if count > 1}
    )


def _post(markup: Markup, node: Node, page_url: str, zone: tzinfo, shared: frozenset[str]) -> _Found | str:
    """The post of a review, or the reason why it cannot be one."""
    body = _words(markup, node, "reviewBody", "description", "text")
    rating = _rating(markup, node)
    if not body and rating is None:
        return "has neither a text nor a rating"
    author, author_id = _author(markup, node)
    date = _words(markup, node, "datePublished", "dateCreated")
    url = _url(markup, node)
    own = _own_id(node, url, page_url, shared)
    if own is None and not (body or author or author_id or date):
        return "is a bare rating without an id, author, date or text: it cannot be told from others"
    language = _LANGUAGE.match(_words(markup, node, "inLanguage"))
    edited = moment(_words(markup, node, "dateModified"), zone)
    post = Post(
        external_id=own or _digest(author or author_id or "", date[:10], body),
        kind=PostKind.REVIEW,
        text=body,
        url=url or page_url,
        title=_words(markup, node, "name", "headline") or None,
        author=author,
        author_id=author_id,
        stars=rating,
        language_hint=language[1].lower() if language else None,
        published_at=moment(date, zone),
        edited_at=edited,
    )
    return _Found(post, node.syntax, named=own is not None)


def _own_id(node: Node, url: str | None, page_url: str, shared: frozenset[str]) -> str | None:
    """The review's own id: its `@id`, else its address.

    A fragment of the page itself ("#review-1") is often a position and would give one review's id to the next
    one, so it does not count.
    """
    page = urldefrag(page_url).url
    for candidate in (node.id, url):
        if candidate is None or candidate.startswith("_:") or candidate in shared:
            continue
        if urldefrag(candidate).url != page:
            return candidate
    return None


def _digest(author: str, day: str, body: str) -> str:
    parts = json.dumps([author.casefold(), day, " ".join(body.split())], ensure_ascii=False)
    return hashlib.sha256(parts.encode("utf-8", errors="replace")).hexdigest()[:32]


def _url(markup: Markup, node: Node) -> str | None:
    values = (value if isinstance(value, str) else value.id for value in node.properties.get("url", ()))
    return next((address for value in (*values, node.id) if (address := _web(value, markup.base))), None)


def _web(value: str | None, base: str) -> str | None:
    """The absolute form of a web address; None for anything else."""
    address = absolute(value, base) if value and not value.startswith("_:") else None
    return address if address and urlsplit(address).scheme in ("http", "https") else None


def _rating(markup: Markup, node: Node) -> float | None:
    for value in node.properties.get("reviewRating", ()):
        if isinstance(value, str):
            rating = stars(_clean(value), None, None)
        else:
            target = markup.follow(value)
            best, worst = (_words(markup, target, name) for name in ("bestRating", "worstRating"))
            rating = stars(_words(markup, target, "ratingValue"), best or None, worst or None)
        if rating is not None:
            return rating
    return None


def _author(markup: Markup, node: Node) -> tuple[str | None, str | None]:
    """Names of the authors, and the address of the first one that has one."""
    names: list[str] = []
    address: str | None = None
    for value in node.properties.get("author") or node.properties.get("creator") or ():
        if isinstance(value, str):
            text = _clean(value)
            if text.startswith(("http://", "https://")):
                address = address or _web(text, markup.base)
            elif text:
                names.append(text)
            continue
        target = markup.follow(value)
        name = _words(markup, target, "name")
        name = name or " ".join(
            filter(None, (_words(markup, target, n) for n in ("givenName", "familyName")))
        )
        if name:
            names.append(name)
        address = address or _url(markup, target)
    return ", ".join(names) or None, address


def _words(markup: Markup, node: Node, *names: str) -> str:
    """The first of these properties that says something, as plain text."""
    for name in names:
        for value in node.properties.get(name, ()):
            if isinstance(value, Node):
                target = markup.follow(value)
                inner = next((v for v in target.properties.get("name", ()) if isinstance(v, str)), None)
                value = inner or target.id or ""
                if value.startswith("_:"):
                    continue
            if text := _clean(value):
                return text
    return ""


def _clean(value: str) -> str:
    """Plain text of a value: entities decoded (some sites encode them twice), markup dropped, lines kept."""
    text = html.unescape(value.replace(LINE, "\n"))
    if _TAG.search(text):
        text = plain_text(text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _folded(found: Iterable[_Found]) -> Iterator[_Found]:
    """One of each review.

    Of two descriptions in different syntaxes the first stays, filled up by the second.
    """
    kept: list[_Found] = []
    for one in found:
        for index, other in enumerate(kept):
            if other.syntax != one.syntax and _same(other, one):
                kept[index] = _merged(other, one)
                break
        else:
            kept.append(one)
    yield from kept


def _same(one: _Found, other: _Found) -> bool:
    a, b = one.post, other.post
    if a.external_id == b.external_id:
        return True
    pairs = ((a.author, b.author), (a.stars, b.stars), (a.title, b.title))
    if any(x is not None and y is not None and x != y for x, y in pairs):
        return False
    if a.published_at and b.published_at and abs(a.published_at - b.published_at) > _SAME_DAY:
        return False
    return a.text.split() == b.text.split() and bool(a.text or (a.author and b.author))


def _merged(one: _Found, other: _Found) -> _Found:
    first, second = (other, one) if other.named and not one.named else (one, other)
    missing = {
        name: getattr(second.post, name)
        for name in ("title", "author", "author_id", "stars", "language_hint", "published_at", "edited_at")
        if getattr(first.post, name) is None
    }
    return _Found(replace(first.post, **missing), one.syntax, first.named)
