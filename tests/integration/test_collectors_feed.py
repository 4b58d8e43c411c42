"""The feed collector against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from atbalss.errors import CollectError, SourceChanged, SourceGone
from collectors.base import Context, Cursor, Page, RowProblem
from collectors.feed import Settings, build
from collectors.http import HttpSettings, open_http
from collectors.post import Post, PostKind
from collectors.registry import load
from tests.servers.clock import FakeClock
from tests.servers.http import serve

SECRET = "hunter2secret"

RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Ziņas</title><link>https://news.example/</link>
<item><title>Veikals &amp; kafejnīca</title><link>/raksts/1</link><guid isPermaLink="false">raksts-1</guid>
  <pubDate>Mon, 05 Jan 2026 10:00:00 +0200</pubDate><dc:creator>Jānis Ozols</dc:creator>
  <description>Īss ievads</description>
  <content:encoded><![CDATA[<p>Pirmā <b>rindkopa</b>.</p><p>Otrā&nbsp;rindkopa.</p>]]></content:encoded></item>
<item><title>Bez saites</title><pubDate>Sun, 04 Jan 2026 10:00:00 GMT</pubDate>
  <description>&lt;p&gt;Rimi slēdz veikalu&lt;/p&gt;</description></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">
<id>tag:forum</id><title>Forums</title><updated>2026-01-05T00:00:00Z</updated>
<entry><id>tag:forum:2</id><title type="text">a &lt; b</title><published>2026-01-02T10:00:00Z</published>
  <updated>2026-01-03T10:00:00+02:00</updated><author><name>Ieva</name></author>
  <link rel="alternate" href="https://forum.example/2"/><thr:in-reply-to ref="tag:forum:1"/>
  <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Viens<br/>divi</p></div></content></entry>
</feed>"""

RDF = """<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
         xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel rdf:about="https://x.example/"><title>X</title><link>https://x.example/</link>
  <sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel>
<item rdf:about="https://x.example/a"><title>Virsraksts</title><link>https://x.example/a</link>
  <description>Teksts</description><dc:date>2026-01-05T10:00:00+02:00</dc:date></item>
</rdf:RDF>"""

WORDPRESS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><title>Komentāri</title><link>https://blog.example</link>
<sy:updatePeriod>
	hourly	</sy:updatePeriod><sy:updateFrequency>
	1	</sy:updateFrequency>
<item><title>Par rakstu, raksta: Anna</title><link>https://blog.example/raksts/#comment-17</link>
<dc:creator><![CDATA[Anna]]></dc:creator><pubDate>Mon, 05 Jan 2026 08:30:00 +0000</pubDate>
<guid isPermaLink="false">https://blog.example/?p=5#comment-17</guid>
<description>Briesmīgi gara rinda!</description>
<content:encoded><![CDATA[<p>Briesmīgi gara rinda!<br />Vairs nenākšu.</p>]]></content:encoded></item>
</channel></rss>"""


def rss(*items: tuple[str, str], head: str = "") -> bytes:
    entries = "".join(f"<item><guid>{guid}</guid><title>{title}</title></item>" for guid, title in items)
    return f'<rss version="2.0"><channel><title>x</title>{head}{entries}</channel></rss>'.encode()


class Site:
    """A site whose feed a test can change; it honours validators as servers do."""

    def __init__(self, body: bytes | str = b"", **headers: str) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status = 200
        self.headers: Mapping[str, str] = {"content-type": "application/xml", **headers}
        self.requests: list[Request] = []
        self.app = Starlette(routes=[Route("/feed", self.answer)])

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        etag, modified = self.headers.get("etag"), self.headers.get("last-modified")
        fresh = (etag and request.headers.get("if-none-match") == etag) or (
            modified and request.headers.get("if-modified-since") == modified
        )
        if fresh:
            return Response(status_code=304, headers=self.headers)
        return Response(self.body, self.status, headers=self.headers)


def collect(base: str, cursor: Cursor | None = None, *, clock: FakeClock | None = None, **options) -> Page:
    """The one page of a feed."""
    clock = clock or FakeClock()

    async def main() -> list[Page]:
        async with open_http(
            HttpSettings(per_host_interval=0), now=clock.now, sleep=clock.sleep, clock=clock.seconds
        ) as http:
            collector = build(Settings(**{"url": f"{base}/feed", **options}), source="news")
            return [page async for page in collector.pages(cursor, Context(http, clock.now, clock.sleep))]

    (page,) = asyncio.run(main())
    return page


def check(base: str) -> str:
    clock = FakeClock()

    async def main() -> str:
        async with open_http(HttpSettings(), now=clock.now, sleep=clock.sleep) as http:
            return await build(Settings(url=f"{base}/feed"), source="news").check(Context(http))

    return asyncio.run(main())


def posts_of(body: bytes | str, content_type: str = "application/xml", **options) -> tuple[Post, ...]:
    with serve(Site(body, **{"content-type": content_type}).app) as base:
        return collect(base, **options).posts


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1257"])
def test_rss_2_gives_plain_texts_oldest_first(encoding):
    with serve(Site(RSS.format(encoding=encoding).encode(encoding)).app) as base:
        older, newer = collect(base).posts
        assert newer == Post(
            external_id="raksts-1",
            kind=PostKind.NEWS,
            title="Veikals & kafejnīca",
            text="Pirmā rindkopa.\n\nOtrā rindkopa.",
            url=f"{base}/raksts/1",
            author="Jānis Ozols",
            published_at=datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
        )
    assert (older.text, older.url) == ("Rimi slēdz veikalu", None)
    assert older.external_id.startswith("entry-")


def test_atom_gives_edits_and_parents():
    (post,) = posts_of(ATOM, kind="comment")
    assert post == Post(
        external_id="tag:forum:2",
        kind=PostKind.COMMENT,
        title="a < b",
        text="Viens\ndivi",
        url="https://forum.example/2",
        author="Ieva",
        published_at=datetime(2026, 1, 2, 10, 0, tzinfo=UTC),
        edited_at=datetime(2026, 1, 3, 8, 0, tzinfo=UTC),
        parent_id="tag:forum:1",
    )


def test_rss_1_is_read_with_its_date_and_period():
    with serve(Site(RDF).app) as base:
        page = collect(base)
    (post,) = page.posts
    assert (post.external_id, post.text) == ("https://x.example/a", "Teksts")
    assert post.published_at == datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    assert page.next_after == FakeClock().now() + timedelta(hours=6)


def test_a_wordpress_comment_feed_gives_comments_with_their_article():
    (post,) = posts_of(WORDPRESS, kind="comment")
    assert post == Post(
        external_id="https://blog.example/?p=5#comment-17",
        kind=PostKind.COMMENT,
        title="Par rakstu, raksta: Anna",
        text="Briesmīgi gara rinda!\nVairs nenākšu.",
        url="https://blog.example/raksts/#comment-17",
        author="Anna",
        published_at=datetime(2026, 1, 5, 8, 30, tzinfo=UTC),
        parent_id="https://blog.example/raksts/",
    )


def test_an_unchanged_feed_answers_304_and_is_truly_empty():
    site = Site(rss(("1", "Viens")), etag='"a"', **{"last-modified": "Mon, 05 Jan 2026 08:00:00 GMT"})
    with serve(site.app) as base:
        first = collect(base)
        second = collect(base, first.cursor)
    assert len(first.posts) == 1
    assert (second.posts, second.cursor) == ((), first.cursor)
    assert site.requests[1].headers["if-none-match"] == '"a"'
    assert site.requests[1].headers["if-modified-since"] == "Mon, 05 Jan 2026 08:00:00 GMT"


def test_only_new_and_changed_entries_come_again():
    site = Site(rss(("1", "Viens"), ("2", "Divi")))
    with serve(site.app) as base:
        first = collect(base)
        again = collect(base, first.cursor)
        site.body = rss(("3", "Trīs"), ("1", "Viens"), ("2", "Divi, labots"))
        changed = collect(base, again.cursor)
    assert [post.external_id for post in first.posts] == ["1", "2"]
    assert again.posts == ()
    assert [(post.external_id, post.text) for post in changed.posts] == [("3", "Trīs"), ("2", "Divi, labots")]


def test_a_new_time_or_link_alone_is_no_change():
    item = "<item><guid>1</guid><title>x</title><link>https://x.lv/?{0}</link><pubDate>{1}</pubDate></item>"
    page = '<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
    site = Site(page.format(item.format("a", "Mon, 05 Jan 2026 08:00:00 GMT")))
    with serve(site.app) as base:
        first = collect(base)
        site.body = page.format(item.format("b", "Mon, 05 Jan 2026 09:00:00 GMT")).encode()
        assert collect(base, first.cursor).posts == ()


def test_a_feed_longer_than_the_memory_is_not_yielded_again():
    site = Site(rss(*((str(n), f"Virsraksts {n}") for n in range(2500))))
    with serve(site.app) as base:
        first = collect(base)
        assert len(first.posts) == 2500
        assert collect(base, first.cursor).posts == ()


def test_keywords_keep_only_the_entries_that_mention_one():
    body = rss(("1", "Rimī akcija"), ("2", "Laikapstākļi"), ("3", "Maxima Grupė ziņo"))
    found = posts_of(body, keywords=["rimi", "MAXIMA GRUPE"])
    assert [post.external_id for post in found] == ["1", "3"]


def test_other_keywords_look_at_the_whole_feed_anew():
    site = Site(rss(("1", "Rimi"), ("2", "Maxima")), etag='"a"')
    with serve(site.app) as base:
        first = collect(base, keywords=["rimi"])
        second = collect(base, first.cursor, keywords=["rimi", "maxima"])
    assert [post.external_id for post in second.posts] == ["1", "2"]


def test_entries_that_share_one_guid_are_told_apart_by_their_links():
    item = "<item><guid isPermaLink='false'>same</guid><title>x</title><link>https://x.lv/{}</link></item>"
    body = f'<rss version="2.0"><channel><title>x</title>{item.format(1)}{item.format(2)}</channel></rss>'
    found = posts_of(body)
    assert len({post.external_id for post in found}) == 2
    assert [post.external_id for post in found] == [post.external_id for post in posts_of(body)]


def test_a_feed_at_another_address_gives_the_same_ids():
    assert posts_of(rss(("1", "x")))[0].external_id == posts_of(rss(("1", "x")))[0].external_id == "1"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/xml"),
        (b"   ", "text/plain"),
        (b"<!doctype html><html><body><h1>Piesakies</h1></body></html>", "text/html"),
        (b'{"error": "x"}', "application/json"),
        (b"/etc/hostname", "text/plain"),
        (b'<rss version="2.0"><channel><title>x</title><item><ti', "application/xml"),
        (b'<?xml version="1.0" encoding="utf\xfc8"?><rss version="2.0"/>', "application/xml"),
        (b'<!DOCTYPE r [<!ENTITY a "aaaa">]><rss version="2.0"><channel/></rss>', "application/xml"),
    ],
)
def test_what_is_no_whole_feed_is_a_change_and_never_an_empty_answer(body, content_type):
    with serve(Site(body, **{"content-type": content_type}).app) as base, pytest.raises(SourceChanged):
        collect(base)


def test_a_link_that_is_none_is_left_out_and_its_entry_is_not():
    item = "<item><guid isPermaLink='false'>{0}</guid><title>x</title><link>{1}</link></item>"
    items = item.format(1, "http://[") + item.format(2, "javascript:alert(1)")
    found = posts_of(f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>')
    assert [(post.external_id, post.url) for post in found] == [("1", None), ("2", None)]


def test_a_feed_without_entries_is_truly_empty():
    assert posts_of(rss()) == ()


def test_a_feed_that_breaks_off_gives_what_it_has_and_is_read_again():
    site = Site(rss(("1", "Viens"), ("2", "Divi"))[:-40], etag='"a"')
    with serve(site.app) as base:
        first = collect(base)
        assert first.problems == (
            RowProblem(f"{base}/feed", "its XML breaks off; later entries are missing"),
        )
        assert first.posts[0].external_id == "1"
        site.body = rss(("1", "Viens"), ("2", "Divi"))
        second = collect(base, first.cursor)
    assert "if-none-match" not in site.requests[1].headers
    assert [post.external_id for post in second.posts] == ["2"]


def test_a_wrong_label_does_not_make_a_feed_broken():
    with serve(Site(rss(("1", "Ā")), **{"content-type": "text/plain; charset=us-ascii"}).app) as base:
        page = collect(base)
    assert [post.text for post in page.posts] == ["Ā"]
    assert page.problems == ()


def test_410_is_gone_for_good():
    site = Site()
    site.status = 410
    with serve(site.app) as base, pytest.raises(SourceGone):
        collect(base)


@pytest.mark.parametrize(
    ("head", "headers", "pause"),
    [
        ("", {}, None),
        ("<ttl>90</ttl>", {}, timedelta(minutes=90)),
        ("<ttl>soon</ttl>", {}, None),
        ("<ttl>999999</ttl>", {}, timedelta(days=1)),
        ("", {"cache-control": "public, max-age=1800"}, timedelta(minutes=30)),
        ("", {"cache-control": "s-maxage=1800, no-cache"}, None),
        ("<ttl>10</ttl>", {"cache-control": "max-age=1200"}, timedelta(minutes=20)),
    ],
)
def test_the_source_is_left_alone_as_long_as_it_asks(head, headers, pause):
    with serve(Site(rss(head=head), **headers).app) as base:
        page = collect(base)
    assert page.next_after == (None if pause is None else FakeClock().now() + pause)


def test_a_token_is_sent_and_neither_it_nor_the_query_is_shown():
    site = Site()
    site.status = 404
    with serve(site.app) as base, pytest.raises(CollectError) as caught:
        collect(base, url=f"{base}/feed?key={SECRET}", token=SECRET)
    assert site.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in f"{caught.value} {caught.value!r}"


def test_a_password_in_the_address_does_not_get_into_links_or_cursor():
    body = '<rss version="2.0"><channel><title>x</title><item><link>/a</link><title>x</title></item></channel></rss>'
    with serve(Site(body).app) as base:
        page = collect(base, url=base.replace("://", f"://me:{SECRET}@") + f"/feed?key={SECRET}")
    assert page.posts[0].url == f"{base}/a"
    assert SECRET not in repr(page)


def test_check_says_what_the_feed_is():
    with serve(Site(RSS.format(encoding="utf-8")).app) as base:
        assert check(base) == "rss20, 2 entries, newest 2026-01-05"


def test_wrong_settings_are_refused_without_being_repeated():
    for wrong in ({"url": f"ftp://{SECRET}"}, {"url": SECRET}, {"url": "https://x.lv", "kind": "mail"}):
        with pytest.raises(ValidationError) as caught:
            Settings.model_validate(wrong)
        assert SECRET not in str(caught.value)


def test_the_registry_knows_the_kind():
    module = load("feed")
    module.build(module.Settings.model_validate({"url": "https://x.lv/feed"}), source="s")
