"""The schema.org collector against web pages on a real socket."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from atbalss.errors import SourceAuthLost, SourceChanged, SourceGone, SourceThrottled, SourceUnavailable
from collectors.base import Context, Cursor, Page
from collectors.http import HttpSettings, open_http
from collectors.schema_org import Settings, build
from collectors.walk import walk
from tests.servers.http import serve

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MARKED = "markēts-teksts-XYZ"
SECRET = "geheim-XYZ"


def page(*bodies: str, following: str | None = None) -> str:
    """A product's page with a review of each text."""
    reviews = [{"@type": "Review", "author": "Anna", "reviewBody": body} for body in bodies]
    product = {"@context": "https://schema.org", "@type": "Product", "name": "Tosteris", "review": reviews}
    link = f'<link rel="next" href="{following}">' if following else ""
    return (
        f'<html><head>{link}<script type="application/ld+json">{json.dumps(product)}</script></head></html>'
    )


class Site:
    """Pages by path and query; each has an ETag unless `has_etags` is False."""

    def __init__(self) -> None:
        self.pages: dict[str, str | Response] = {}
        self.asked: list[str] = []
        self.sent: list[str] = []
        self.has_etags = True
        self.address = ""
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.asked.append(where)
        found = self.pages.get(where, Response("no such page", 404))
        if isinstance(found, Response):
            return found
        tag = f'"{hash(found)}"'
        if self.has_etags and request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        self.sent.append(where)
        return HTMLResponse(found, headers={"ETag": tag} if self.has_etags else {})


@pytest.fixture
def site():
    running = Site()
    with serve(running.app) as running.address:
        yield running


async def no_sleep(seconds: float) -> None:
    """Waiting is not what these tests are about."""


def run(call: Callable[[Context], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        settings = HttpSettings(per_host_interval=0, max_attempts=1)
        async with open_http(settings, now=lambda: NOW, sleep=no_sleep) as http:
            return await call(Context(http=http, now=lambda: NOW, sleep=no_sleep, random=random.Random(1)))

    return asyncio.run(main())


def collect(site: Site, cursor: Cursor | None = None, *paths: str, **settings: Any) -> list[Page]:
    urls = tuple(site.address + path for path in paths or ("/p",))
    collector = build(Settings(urls=urls, **settings), source="veikals")

    async def pages(context: Context) -> list[Page]:
        return [one async for one in walk(collector, cursor, context, source="veikals", max_pages=1000)]

    found: list[Page] = run(pages)
    return found


def texts(pages: list[Page]) -> set[str]:
    return {post.text for one in pages for post in one.posts}


def test_reviews_of_all_following_pages_are_collected(site):
    site.pages = {
        "/p": page("a", "b", following="/p?page=2"),
        "/p?page=2": page("c", following="?page=3"),
        "/p?page=3": page("d"),
    }
    found = collect(site)
    assert [{post.text for post in one.posts} for one in found] == [{"a", "b"}, {"c"}, {"d"}]
    assert {post.url for one in found for post in one.posts} == {site.address + "/p"}


def test_no_more_than_max_pages_of_each_address_are_read(site):
    for start in ("/p", "/q"):
        for number in range(5):
            site.pages[f"{start}?n={number}"] = page(f"{start}{number}", following=f"{start}?n={number + 1}")
    assert texts(collect(site, None, "/p?n=0", "/q?n=0", max_pages=2)) == {"/p0", "/p1", "/q0", "/q1"}


def test_pages_that_lead_in_a_circle_end(site):
    site.pages = {"/p": page("a", following="/q"), "/q": page("b", following="/p")}
    assert texts(collect(site)) == {"a", "b"}
    assert site.asked == ["/p", "/q"]


def test_unchanged_pages_are_not_read_again_but_the_ones_behind_them_are(site):
    site.pages = {"/p": page("a", following="/p?page=2"), "/p?page=2": page("b")}
    cursor = json.loads(json.dumps(collect(site)[-1].cursor))
    site.sent.clear()
    assert collect(site, cursor) == [Page((), cursor)]
    site.pages["/p?page=2"] = page("b", "jauna")
    assert texts(collect(site, cursor)) == {"b", "jauna"}
    assert site.sent == ["/p?page=2"]


def test_the_date_of_the_last_change_is_used_where_there_is_no_etag(site):
    site.has_etags = False
    stamp = "Sun, 22 Nov 2026 10:00:00 GMT"
    site.pages["/p"] = HTMLResponse(page("a"), headers={"Last-Modified": stamp})
    cursor = collect(site)[-1].cursor
    assert cursor["pages"][site.address + "/p"]["modified"] == stamp


def test_a_page_that_repeats_the_newest_reviews_gives_each_once(site):
    site.pages = {"/p": page("a", "b", following="/p?page=2"), "/p?page=2": page("a", "b", "c")}
    assert [{post.text for post in one.posts} for one in collect(site)] == [{"a", "b"}, {"c"}]


def test_the_same_reviews_under_two_addresses_do_not_hide_a_third(site):
    site.has_etags = False
    site.pages = {"/p": page("a"), "/q": page("a"), "/r": page("c")}
    assert texts(collect(site, None, "/p", "/q", "/r")) == {"a", "c"}


def test_a_product_without_reviews_is_an_empty_page(site):
    site.pages["/p"] = page()
    [one] = collect(site)
    assert one.posts == ()
    assert one.problems == ()


def test_a_page_that_lost_its_markup_is_a_change(site):
    site.pages["/p"] = f"<html><body>{MARKED}</body></html>"
    with pytest.raises(SourceChanged, match="carries no schema") as caught:
        collect(site)
    assert MARKED not in str(caught.value)


def test_a_failing_address_does_not_hide_the_others(site):
    site.pages = {"/p": Response(status_code=410), "/q": page("a")}
    collector = build(Settings(urls=(site.address + "/p", site.address + "/q")), source="veikals")
    got: list[Page] = []

    async def pages(context: Context) -> None:
        async for one in collector.pages(None, context):
            got.append(one)

    with pytest.raises(SourceGone):
        run(pages)
    assert texts(got) == {"a"}


def test_problems_name_a_place_and_no_text(site):
    broken = f'<script type="application/ld+json">{{"reviewBody": "{MARKED}", </script>'
    empty = '<script type="application/ld+json">{"@type": "Review", "author": "Anna"}</script>'
    site.pages["/p"] = broken + empty + page("a")
    [one] = collect(site)
    assert texts([one]) == {"a"}
    assert [problem.where for problem in one.problems] == ["JSON-LD block 1", "json-ld review 1"]
    assert MARKED not in repr(one.problems)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(MARKED, 401), SourceAuthLost),
        (Response(MARKED, 403), SourceAuthLost),
        (Response(MARKED, 404), SourceChanged),
        (Response(MARKED, 410), SourceGone),
        (Response(MARKED, 429, headers={"Retry-After": "120"}), SourceThrottled),
        (Response(MARKED, 500), SourceUnavailable),
        (Response(MARKED.encode() * 100, media_type="application/pdf"), SourceChanged),
        (RedirectResponse("/p?key=other"), SourceChanged),
    ],
)
def test_each_failure_is_its_own_error_and_names_no_secret(site, caplog, capsys, answer, error):
    site.pages[f"/p?key={SECRET}"] = answer
    with pytest.raises(error) as caught:
        collect(site, None, f"/p?key={SECRET}")
    shown = f"{caught.value!s} {caught.value!r} {caplog.text} {capsys.readouterr()}"
    assert "veikals" in shown
    assert "XYZ" not in shown


def test_a_page_in_an_old_charset_is_read_as_written(site):
    html = page("vieta").replace("vieta", "Ļoti šķidra zupa")
    site.pages["/p"] = Response(html.encode("windows-1257"), media_type="text/html; charset=windows-1257")
    assert texts(collect(site)) == {"Ļoti šķidra zupa"}


def test_pages_that_are_gone_leave_the_cursor(site):
    site.pages = {"/p": page("a", following="/p?page=2"), "/p?page=2": page("b")}
    before = collect(site)[-1].cursor
    site.pages["/p"] = page("a")
    after = collect(site, before)[-1].cursor
    assert (len(before["pages"]), len(after["pages"])) == (2, 1)


def test_a_check_counts_the_reviews(site):
    site.pages = {"/p": page("a", "b"), "/q": page()}
    urls = (site.address + "/p", site.address + "/q")
    assert run(build(Settings(urls=urls), source="veikals").check) == "2 reviews on 2 pages"
    site.pages["/q"] = "<html></html>"
    with pytest.raises(SourceChanged):
        run(build(Settings(urls=urls), source="veikals").check)


@pytest.mark.parametrize(
    "wrong",
    [
        {"urls": ()},
        {"urls": ("ftp://x.example/",)},
        {"urls": ("https://x.example/",), "max_pages": 0},
        {"urls": ("https://x.example/",), "zone": "Europe/Nowhere"},
        {"urls": ("https://x.example/",), "unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)
