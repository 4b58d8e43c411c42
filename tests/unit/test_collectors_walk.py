"""Walking through pages that may repeat themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from collectors.base import Collector, Context, Cursor, Page, SourceFacts
from collectors.post import Post, PostKind
from collectors.seen import Seen, content_key
from collectors.walk import walk

CONTEXT = Context(http=cast(Any, None))


def post(external_id: str, text: str = "Labi") -> Post:
    return Post(external_id=external_id, kind=PostKind.COMMENT, text=text)


def page(number: int, *posts: Post) -> Page:
    return Page(posts, {"n": number})


class Pages:
    """A collector of given pages; an exception among them is raised."""

    facts = SourceFacts(window=None, misses="", access="")

    def __init__(self, pages: Sequence[Page | Exception]) -> None:
        self._pages = pages
        self.asked = 0
        self.closed = False

    async def pages(self, cursor: Cursor | None, context: Context) -> AsyncIterator[Page]:
        try:
            for found in self._pages:
                self.asked += 1
                if isinstance(found, Exception):
                    raise found
                yield found
        finally:
            self.closed = True

    async def check(self, context: Context) -> str:
        return "fine"


def walked(source: Pages, *, max_pages: int = 99, cursor: Cursor | None = None) -> list[Page]:
    async def main() -> list[Page]:
        collector: Collector = source
        return [found async for found in walk(collector, cursor, CONTEXT, source="s", max_pages=max_pages)]

    return asyncio.run(main())


def test_all_pages_of_a_well_behaved_source_come_through():
    pages = [page(1, post("a"), post("b")), page(2), page(3, post("c"))]
    source = Pages(pages)
    assert walked(source) == pages
    assert source.closed


def test_it_stops_in_front_of_a_page_with_the_ids_of_an_earlier_one():
    first, second = page(1, post("a"), post("b")), page(2, post("c"))
    again = page(3, post("b"), post("a", "edited"))
    assert walked(Pages([first, second, again, page(4, post("d"))])) == [first, second]


def test_it_stops_at_an_empty_page_that_leaves_the_cursor_where_it_was():
    first = page(1, post("a"))
    source = Pages([first, page(1), page(2, post("b"))])
    assert walked(source) == [first]


def test_a_single_empty_page_with_the_old_cursor_is_an_answer():
    assert walked(Pages([page(7)]), cursor={"n": 7}) == [page(7)]


def test_posts_that_come_again_unchanged_are_dropped_and_edited_ones_are_not():
    source = Pages([page(1, post("a"), post("b")), page(2, post("b"), post("a", "edited"), post("c"))])
    assert walked(source)[1] == page(2, post("a", "edited"), post("c"))


def test_it_takes_no_more_pages_than_allowed_and_asks_for_no_more():
    source = Pages([page(1, post("a")), page(2, post("b")), page(3, post("c"))])
    assert len(walked(source, max_pages=2)) == 2
    assert source.asked == 2
    assert source.closed


def test_no_page_is_asked_for_when_none_is_allowed():
    source = Pages([page(1, post("a"))])
    assert walked(source, max_pages=0) == []
    assert source.asked == 0


def test_the_error_of_a_source_comes_through_after_its_pages():
    source = Pages([page(1, post("a")), KeyError("x")])
    with pytest.raises(KeyError):
        walked(source)
    assert source.closed


def test_the_generator_is_closed_when_the_caller_leaves_in_the_middle():
    source = Pages([page(1, post("a")), page(2, post("b"))])

    async def main() -> None:
        pages = walk(source, None, CONTEXT, source="s", max_pages=9)
        await anext(pages)
        await pages.aclose()

    asyncio.run(main())
    assert source.closed


def test_the_memory_is_bounded_and_forgets_what_was_unseen_longest():
    seen = Seen(2)
    assert seen.is_new("a", "1")
    assert seen.is_new("b", "1")
    assert not seen.is_new("a", "1")
    assert seen.is_new("c", "1")
    assert seen.as_dict() == {"a": "1", "c": "1"}
    assert seen.is_new("b", "1")


def test_a_memory_lives_on_in_a_cursor():
    seen = Seen(9)
    seen.is_new("a", "1")
    again = Seen(9, seen.as_dict())
    assert not again.is_new("a", "1")
    assert again.is_new("a", "2")


def test_a_content_key_changes_with_any_field():
    assert content_key(post("a")) == content_key(post("a"))
    assert content_key(post("a")) != content_key(post("a", "Slikti"))
    assert content_key(post("a")) != content_key(post("b"))
