"""The Mastodon collector against a server on a real socket."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.responses import HTMLResponse, JSONResponse, Response

from atbalss.errors import (
    AtbalssError,
    SourceAuthLost,
    SourceChanged,
    SourceGone,
    SourceThrottled,
    SourceUnavailable,
)
from collectors.base import Context, Cursor, Page
from collectors.http import HttpSettings, open_http
from collectors.mastodon import Settings, build
from collectors.mastodon_status import id_order
from collectors.post import Post, PostKind
from collectors.walk import walk
from tests.servers.http import serve
from tests.servers.mastodon import EPOCH, FakeMastodon, account

SECRET = "geheim-token-XYZ"
MARKED = "markēts-teksts-XYZ"


@pytest.fixture
def server():
    fake = FakeMastodon()
    with serve(fake.app) as fake.address:
        yield fake


async def no_sleep(seconds: float) -> None:
    """Waiting is not what these tests are about."""


def run(call: Callable[[Context], Awaitable[Any]], *, minutes: float) -> Any:
    """Call with a context whose clock stands `minutes` after the server's epoch."""
    now = EPOCH + timedelta(minutes=minutes)

    async def main() -> Any:
        settings = HttpSettings(per_host_interval=0, max_attempts=1)
        async with open_http(settings, now=lambda: now, sleep=no_sleep) as http:
            return await call(Context(http=http, now=lambda: now, sleep=no_sleep, random=random.Random(1)))

    return asyncio.run(main())


def collect(
    fake: FakeMastodon, cursor: Cursor | None = None, *, minutes: float = 100_000, **settings: Any
) -> list[Page]:
    """All pages since `cursor`; by default so late that nothing lies in the lag window any more."""
    if "search" not in settings:
        settings.setdefault("hashtag", "atbalss")
    collector = build(Settings(server=fake.address, **settings), source="masto")

    async def pages(context: Context) -> list[Page]:
        return [page async for page in walk(collector, cursor, context, source="masto", max_pages=1000)]

    found: list[Page] = run(pages, minutes=minutes)
    return found


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


def test_the_first_run_reads_the_newest_pages_in_order_of_time(server):
    for number in range(130):
        server.add(f"n{number}")
    pages = collect(server, first_run_pages=2)
    assert texts(pages) == [f"n{number}" for number in range(50, 130)]
    assert collect(server, pages[-1].cursor) == [Page((), pages[-1].cursor)]


def test_a_cursor_from_any_page_continues_without_gap_or_repetition(server):
    for number in range(100):
        server.add(f"n{number}")
    first = collect(server, first_run_pages=1)
    for number in range(100, 225):
        server.add(f"n{number}")
    pages = collect(server, first[-1].cursor)
    assert [len(page.posts) for page in pages] == [40, 40, 40, 5]
    assert texts(pages) == [f"n{number}" for number in range(100, 225)]
    for index, page in enumerate(pages):
        assert texts(collect(server, page.cursor)) == texts(pages[index + 1 :])


def test_a_cursor_survives_json_and_a_crash_in_the_first_run(server):
    import json

    for number in range(120):
        server.add(f"n{number}")
    oldest, *others = collect(server, first_run_pages=3)
    stored = json.loads(json.dumps(oldest.cursor))
    assert texts(collect(server, stored)) == texts(others)


def test_posts_that_the_server_hides_do_not_end_the_walk(server):
    hidden = [server.add(f"n{number}") for number in range(60)]
    first = collect(server, first_run_pages=1)
    ids = [server.add(f"m{number}") for number in range(90)]
    server.hidden = {*hidden, *ids[10:40]}
    assert texts(collect(server, first[-1].cursor)) == [f"m{n}" for n in (*range(10), *range(40, 90))]


def test_a_page_of_hidden_posts_alone_does_not_end_the_walk(server):
    server.add("first")
    cursor = collect(server)[-1].cursor
    server.hidden = {server.add(f"n{number}") for number in range(60)}
    server.add("last")
    assert texts(collect(server, cursor)) == ["last"]


def test_paging_works_without_links(server):
    server.sends_links = False
    for number in range(100):
        server.add(f"n{number}")
    first = collect(server, first_run_pages=2)
    assert texts(first) == [f"n{number}" for number in range(20, 100)]
    for number in range(100, 150):
        server.add(f"n{number}")
    assert texts(collect(server, first[-1].cursor)) == [f"n{number}" for number in range(100, 150)]


def test_no_more_than_max_pages_are_read_and_the_next_run_goes_on(server):
    server.add("first")
    cursor = collect(server)[-1].cursor
    for number in range(200):
        server.add(f"n{number}")
    pages = collect(server, cursor, max_pages=2, lag_pages=1)
    assert texts(pages) == [f"n{number}" for number in range(80)]
    assert texts(collect(server, pages[-1].cursor)) == [f"n{number}" for number in range(80, 200)]


def test_edits_and_late_posts_inside_the_lag_window_are_read_again(server):
    ids = [server.add(f"n{number}", minutes=number) for number in range(100)]
    cursor = collect(server, minutes=100)[-1].cursor
    server.edit(ids[90], "n90 labots", minutes=101)
    server.add("kavējās", minutes=85.5)
    server.add("jauns", minutes=102)
    found = {post.text: post for page in collect(server, cursor, minutes=110) for post in page.posts}
    assert {"n90 labots", "kavējās", "jauns"} <= found.keys()
    assert found["n90 labots"].external_id.endswith(ids[90])
    assert found["n90 labots"].edited_at == EPOCH + timedelta(minutes=101)


def test_nothing_older_than_the_lag_window_is_read_again(server):
    for number in range(100):
        server.add(f"n{number}", minutes=number)
    cursor = collect(server, minutes=100)[-1].cursor
    server.add("jauns", minutes=100 + 24 * 60)
    assert texts(collect(server, cursor, minutes=101 + 24 * 60)) == ["jauns"]
    assert texts(collect(server, cursor, minutes=101, lag_pages=0)) == ["jauns"]


def test_reading_again_is_bounded_by_lag_pages_however_often_it_happens(server):
    cursor: Cursor = {}
    for number in range(300):
        server.add(f"n{number}", minutes=number / 100)
    for number in range(12):
        server.add(f"m{number}", minutes=4 + number)
        before = len(server.requests)
        pages = collect(server, cursor, minutes=5 + number, lag_pages=2, first_run_pages=8)
        cursor = pages[-1].cursor
        assert f"m{number}" in texts(pages)
        if number:
            assert sum(len(page.posts) for page in pages) <= 2 * 40 + 1
            assert len(server.requests) - before <= 4
    assert len(cursor["marks"]) <= 2


def test_a_status_becomes_a_post_with_all_that_is_needed_to_answer(server):
    asked = server.add("Jautājums")
    number = server.add(
        'Sveiki <span class="h-card"><a href="https://x.example/@veikals" class="mention">@<span>veikals</span></a>'
        "</span>,<br>kafija bija auksta &amp; rūgta",
        in_reply_to_id=asked,
        spoiler_text="Kafija",
        account=account("anna@x.example", "Anna"),
    )
    _, post = collect(server)[0].posts
    assert post == Post(
        external_id=f"https://social.example/users/anna/statuses/{number}",
        kind=PostKind.COMMENT,
        text="Sveiki @veikals,\nkafija bija auksta & rūgta",
        url=f"https://social.example/@anna/{number}",
        title="Kafija",
        author="Anna",
        author_id="https://social.example/users/anna@x.example",
        language_hint="lv",
        published_at=EPOCH + timedelta(minutes=1),
        parent_id=f"https://social.example/users/anna/statuses/{asked}",
        reach=120,
    )


def test_a_parent_that_was_not_collected_keeps_its_id_on_the_server(server):
    server.add("Atbilde", in_reply_to_id="42", account=account("berta", ""))
    [post] = collect(server)[0].posts
    assert (post.parent_id, post.author) == ("42", "berta")


def test_boosts_private_posts_and_excluded_accounts_are_left_out(server):
    server.add("publisks")
    server.add("klusāks", visibility="unlisted")
    server.add("privāts", visibility="private")
    server.add("tiešs", visibility="direct")
    server.add("pārsūtīts", reblog={"id": "1"})
    server.add("mūsu", account=account("veikals"))
    server.add("mūsu citur", account=account("veikals@cits.example"))
    names = ("@Veikals@127.0.0.1", "veikals@cits.example")
    assert texts(collect(server, exclude_accounts=names)) == ["publisks", "klusāks"]


def test_further_hashtags_are_asked_for(server):
    server.add("a", tags=("atbalss",))
    server.add("b", tags=("echo",))
    server.add("c", tags=("atbalss", "riga"))
    server.add("d", tags=("atbalss", "riga", "reklama"))
    found = collect(server, hashtag="#atbalss", any_of=["#echo"], all_of=["riga"], none_of=["reklama"])
    assert texts(found) == ["c"]
    assert texts(collect(server, any_of=["echo"])) == ["a", "b", "c", "d"]


def test_a_hashtag_cannot_become_another_path(server):
    with pytest.raises(SourceChanged):
        collect(server, hashtag="../../v2/search?q=x")
    assert all(path.split("/")[-1].split("?")[0] != "search" for path, _ in server.requests)


def test_a_search_reads_all_new_posts_and_names_a_gap(server):
    server.token = SECRET
    for number in range(100):
        server.add(f"kafija {number}")
        server.add(f"tēja {number}")
    settings: dict[str, Any] = {"search": "kafija", "token": SECRET}
    first = collect(server, first_run_pages=1, **settings)
    assert texts(first) == [f"kafija {number}" for number in range(60, 100)]
    for number in range(100, 200):
        server.add(f"kafija {number}")
    pages = collect(server, first[-1].cursor, **settings)
    assert texts(pages) == [f"kafija {number}" for number in range(100, 200)]
    assert [page.problems for page in pages] == [(), (), ()]
    for index, page in enumerate(pages):
        assert texts(collect(server, page.cursor, **settings)) == texts(pages[index + 1 :])
    cut = collect(server, first[-1].cursor, max_pages=2, lag_pages=1, **settings)
    assert texts(cut) == [f"kafija {number}" for number in range(120, 200)]
    assert [[problem.where for problem in page.problems] for page in cut] == [["search"], []]
    assert collect(server, cut[-1].cursor, **settings)[0].posts == ()


def test_no_posts_at_all_are_an_empty_page(server):
    assert collect(server) == [Page((), {"newest": None, "marks": []})]


@pytest.mark.parametrize(
    ("field", "spoil"),
    [
        ("content", lambda status: status.pop("content")),
        ("uri", lambda status: status.update(uri=None)),
        ("created_at", lambda status: status.update(created_at="yesterday")),
        ("visibility", lambda status: status.pop("visibility")),
        ("account", lambda status: status.update(account=7)),
        ("account.acct", lambda status: status["account"].pop("acct")),
        ("language", lambda status: status.update(language=["lv"])),
    ],
)
def test_one_malformed_status_is_a_problem_and_all_of_them_are_a_change(server, field, spoil):
    server.add(MARKED)
    number = server.add("labs")
    spoil(server.statuses[0])
    [page] = collect(server)
    assert texts([page]) == ["labs"]
    [problem] = page.problems
    assert field in problem.reason
    assert server.statuses[0]["id"] in problem.where
    assert page.cursor["newest"] == number
    spoil(server.statuses[1])
    with pytest.raises(SourceChanged, match=field) as caught:
        collect(server)
    assert MARKED not in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 117, ""])
def test_an_id_that_cannot_be_paged_with_is_a_change(server, wrong):
    server.add("a")
    server.add("b")
    page = [dict(status) for status in server.statuses]
    page[0]["id"] = wrong
    server.faults = [JSONResponse(page)]
    with pytest.raises(SourceChanged, match="id"):
        collect(server)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (JSONResponse({"error": "token"}, 401), SourceAuthLost),
        (JSONResponse({"error": "scope"}, 403), SourceAuthLost),
        (JSONResponse({"error": "none"}, 404), SourceChanged),
        (Response(status_code=410), SourceGone),
        (JSONResponse({"error": "invalid"}, 422), SourceChanged),
        (JSONResponse({"error": "busy"}, 503), SourceUnavailable),
        (HTMLResponse("<h1>Maintenance</h1>"), SourceChanged),
        (JSONResponse({"error": "strange"}), SourceChanged),
        (JSONResponse(None), SourceChanged),
    ],
)
def test_each_failure_is_its_own_error_and_names_no_secret(server, caplog, capsys, answer, error):
    server.add(MARKED)
    server.faults = [answer]
    with pytest.raises(error) as caught:
        collect(server, token=SECRET)
    shown = f"{caught.value!s} {caught.value!r} {caplog.text} {capsys.readouterr()}"
    assert "masto" in shown
    assert SECRET not in shown
    assert MARKED not in shown


def test_a_reset_in_iso_form_tells_how_long_to_wait(server):
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-01T00:07:00.374098Z"}
    server.faults = [JSONResponse({"error": "Too many requests"}, 429, headers=reset)]
    with pytest.raises(SourceThrottled) as caught:
        collect(server, minutes=2)
    assert caught.value.retry_after == pytest.approx(300.374, abs=1)


def test_a_link_to_another_host_is_never_followed(server):
    for number in range(50):
        server.add(f"n{number}")
    pages = [status for status in reversed(server.statuses)]
    evil = '<https://evil.example/?max_id=1>; rel="next", <https://evil.example/?min_id=9>; rel="prev"'
    server.faults = [JSONResponse(pages[:40], headers={"Link": evil})]
    assert len(texts(collect(server))) == 40  # only the id of a link counts


def test_a_check_says_what_it_found(server):
    async def check(context: Context) -> str:
        return await build(Settings(server=server.address, hashtag="atbalss"), source="masto").check(context)

    assert run(check, minutes=0) == "#atbalss: no posts"
    server.add("a")
    assert run(check, minutes=0) == "#atbalss: newest post of 2026-11-01"
    server.token = SECRET
    with pytest.raises(AtbalssError):
        run(check, minutes=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"hashtag": "a", "search": "b", "token": SECRET},
        {"search": "b"},
        {"search": "b", "token": SECRET, "any_of": ["c"]},
        {"hashtag": "a", "max_pages": 3, "lag_pages": 3},
        {"hashtag": "a", "token": f"{SECRET} and a space"},
        {"hashtag": "a", "unknown": 1},
        {"hashtag": ""},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValidationError) as caught:
        Settings(server="https://social.example", **wrong)
    assert SECRET not in str(caught.value)


def test_settings_do_not_show_their_token():
    assert SECRET not in repr(Settings(server="https://social.example", hashtag="a", token=SECRET))


def test_ids_are_ordered_by_length_before_letters():
    assert sorted(["100", "99", "9", "101"], key=id_order) == ["9", "99", "100", "101"]
