"""Page, text and Slack message: the same numbers, and nothing that a stranger can break."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode
from slack_sdk.models.blocks import Block

from alerts.digest.data import Digest, SurveyRow
from alerts.digest.numbers import digest_of
from alerts.digest.page import page_of
from alerts.digest.render import chart_png, html, slack_blocks, subject, text
from tests.digest_examples import NOW, WEEK, YEREVAN, empty_digest, rich_digest, rich_sources, row, source

CHART = "cid:chart"

HOSTILE = '</p></td></table><script>alert("x")</script> <!channel> <@U1> & `code *b* https://evil.example'


def hostile_digest() -> Digest:
    rows = [
        row(
            n,
            label=label,
            text=f"{HOSTILE} \u202edesrever",
            author='<b onclick="x">A</b>',
            source="<i>src</i>",
            lang='lv" onload="x',
            url=url,
            due=True,
            stars=stars,
        )
        for n, (label, url, stars) in enumerate(
            [
                ("neg", "javascript:alert(1)", 5),
                ("neg", 'https://e.example/"><script>?a=1&b|c', 1),
                ("pos", None, None),
            ]
        )
    ]
    sources = [source("<i>src</i>", last_success=None, note="<script>", blind="</table>")]
    return digest_of("<u>Brand</u>", WEEK, rows, [], sources, NOW)


def first(tree: LexborHTMLParser, selector: str) -> LexborNode:
    node = tree.css_first(selector)
    assert node is not None
    return node


def plain(page: str) -> str:
    return " ".join(first(LexborHTMLParser(page), "body").text(separator=" ").split())


def slack_text(digest: Digest) -> str:
    return json.dumps(slack_blocks(digest), ensure_ascii=False)


def validate(blocks: list[dict[str, Any]]) -> None:
    """Slack's own models check types and lengths; the number of blocks is a rule of the message."""
    assert 0 < len(blocks) < 50  # the channel adds one of its own
    parsed = Block.parse_all(blocks)
    assert len(parsed) == len(blocks)
    for block, given in zip(parsed, blocks, strict=True):
        block.validate_json()
        assert block.to_dict()["type"] == given["type"]


def test_the_three_forms_tell_the_same_key_numbers() -> None:
    digest = rich_digest()
    forms = (plain(html(digest, chart_src=CHART)), " ".join(text(digest).split()), slack_text(digest))
    page = page_of(digest)
    assert [card.value for card in page.cards] == ["37", "8", "33%", "60%", "3.4", "3.6", "+42", "−37"]
    for form in forms:
        assert "Customers wrote 37 posts: 11 negative, 5 neutral, 17 positive and 4 not judged." in form
        assert "8 posts are waiting for a public reply, 7 complaints among them" in form
        for card in page.cards:
            assert card.value in form
            assert card.detail in form
        assert page.waiting.said[0].text in form
        assert page.replies in form
        assert "18 / 30 × 100 = 60%" in form


def test_the_page_is_complete_in_itself() -> None:
    tree = LexborHTMLParser(html(rich_digest()))
    (picture,) = tree.css("img")
    assert (picture.attributes["src"] or "").startswith("data:image/png;base64,")
    assert "16 Nov: 11 negative" in (picture.attributes["alt"] or "")
    assert not tree.css("script, link, iframe, object")
    assert not re.search(r"url\(|@import", tree.html or "")


def test_styles_stand_at_their_elements() -> None:
    tree = LexborHTMLParser(html(rich_digest(), chart_src=CHART))
    assert "#12324a" in (first(tree, ".head").attributes["style"] or "")
    kept = "".join(style.text() for style in tree.css("style"))
    assert "@media" in kept
    assert "#12324a" not in kept


def test_a_full_page_is_not_clipped_by_mail_clients() -> None:
    """Gmail cuts a message after 102 kB; Armenian letters take two bytes each."""
    rows = [
        row(
            n,
            label=("neg", "pos", "neg")[n % 3],
            text="Շատ վատ սպասարկում, " * 30,
            source=f"s{n % 14}",
            lang=f"a{chr(97 + n % 14)}",
            author="Անի Պետրոսյան",
            stars=(1, 1, 5)[n % 3],
            due=True,
            day=n % 7,
        )
        for n in range(90)
    ]
    digest = digest_of("Սրճարան", WEEK, rows, [], rich_sources(), NOW)
    assert len(html(digest, chart_src=CHART).encode()) < 98_000


def test_a_mail_refers_to_its_attached_chart() -> None:
    page = html(rich_digest(), chart_src=CHART)
    assert first(LexborHTMLParser(page), "img").attributes["src"] == CHART
    assert "base64" not in page
    assert chart_png(rich_digest()).startswith(b"\x89PNG")


def test_a_quote_carries_its_language_and_direction() -> None:
    rows = [
        row(1, label="neg", due=True, lang="hy", text="Շատ վատ"),
        row(2, label="neg", due=True, lang="ar", text="سيئ"),
    ]
    digest = digest_of("Brand", WEEK, rows, [], [], NOW)
    quotes = LexborHTMLParser(html(digest, chart_src=CHART)).css("p.quote")
    assert [(q.attributes["lang"], q.attributes["dir"]) for q in quotes] == [("hy", "ltr"), ("ar", "rtl")]


def test_a_strangers_markup_is_text_on_the_page() -> None:
    page = html(hostile_digest(), chart_src=CHART)
    tree = LexborHTMLParser(page)
    assert not tree.css("script, i, u, b")
    assert first(tree, "h1").text() == "<u>Brand</u>"
    assert HOSTILE in first(tree, "p.quote").text()
    assert first(tree, "p.quote").attributes["lang"] == "und"
    assert not re.search(r"<[^>]*\son\w+=", page)
    assert "\u202e" not in page
    links = [a.attributes["href"] for a in tree.css("a")]
    assert links
    assert set(links) == {'https://e.example/"><script>?a=1&b|c'}


def test_a_strangers_markup_is_text_in_slack() -> None:
    blocks = slack_blocks(hostile_digest())
    validate(blocks)
    everything = json.dumps(blocks)
    assert "<!channel>" not in everything
    assert "<@U1>" not in everything
    assert "&lt;!channel&gt;" in everything
    assert "javascript:" not in everything
    texts = [b["text"] for b in blocks if b["type"] == "section" and "text" in b]
    assert all(t["verbatim"] for t in texts)
    addresses = re.findall(r"<([^>]*)>", "".join(t["text"] for t in texts))
    assert addresses
    assert set(addresses) == {'https://e.example/"%3E%3Cscript%3E?a=1&amp;b%7Cc|Open and answer'}


def test_the_text_form_has_no_direction_marks_and_short_lines() -> None:
    for digest in (hostile_digest(), rich_digest(), empty_digest()):
        form = text(digest)
        assert "\u202e" not in form
        assert all(len(line) <= 76 for line in form.splitlines() if "://" not in line)


def test_slacks_limits_hold_for_a_week_of_long_things() -> None:
    rows = [
        row(
            n,
            label=("neg", "pos", "neg")[n % 3],
            text="&<>" * 2000,
            source=f"{'&' * 300}{n}",
            author="<" * 300,
            url="https://e.example/" + "&" * 1500,
            due=True,
            stars=1,
            lang=f"x-{n}",
        )
        for n in range(60)
    ]
    sources = [
        source(f"{n}{'&' * 500}", last_success=None, note="&" * 3000, blind="<" * 3000) for n in range(40)
    ]
    digest = digest_of("&" * 400, WEEK, rows, [], sources, NOW)
    blocks = slack_blocks(digest)
    validate(blocks)
    for block in blocks:
        parts: list[Any] = (
            [block["text"]] if "text" in block else block.get("fields") or block.get("elements") or []
        )
        for part in parts:
            assert 0 < len(part["text"]) <= (150 if block["type"] == "header" else 3000)
            assert not re.search(r"&(?!(amp|lt|gt);)", part["text"]) or block["type"] == "header"
        if "fields" in block:
            assert len(parts) <= 10
            assert all(len(part["text"]) <= 2000 for part in parts)


def test_the_rich_week_is_a_valid_slack_message() -> None:
    validate(slack_blocks(rich_digest()))


def test_the_subject_says_what_is_urgent() -> None:
    assert subject(rich_digest()) == (
        "Kafejnīca Rudzu māja, 16-22 November 2026: 37 posts, 8 waiting for a reply"
    )
    assert subject(empty_digest()) == "Kafejnīca Rudzu māja, 16-22 November 2026: nothing was collected"


def test_a_subject_stays_one_line() -> None:
    digest = digest_of("Two\r\nBcc: x@example", WEEK, [], [], [], NOW)
    assert "\n" not in subject(digest)
    assert "\r" not in subject(digest)


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        ((), "No source is configured for this brand"),
        ((source("a", collected=0),), "All sources answered, and none of them had a new post"),
        ((source("a", last_success=None),), "No source could be read without interruption"),
        (
            (source("a", collected=0), source("b", last_success=None)),
            "Posts may be missing: b could not be read for some or all of the week.",
        ),
    ],
)
def test_an_empty_week_says_why(sources, why: str) -> None:
    digest = empty_digest(sources=sources)
    for form in (plain(html(digest)), " ".join(text(digest).split()), slack_text(digest)):
        assert "Nothing was collected this week." in form
        assert why in form
    assert "<img" not in html(digest)
    validate(slack_blocks(digest))


def test_a_source_that_needs_a_person_says_so() -> None:
    digest = empty_digest(sources=(source("a", status="auth_lost"), source("b", status="ok")))
    first, second = page_of(digest).unseen
    assert first.details == ("It refuses our access: somebody has to connect it again.",)
    assert second.details == ()


def test_an_empty_week_still_shows_what_waits_from_before() -> None:
    digest = digest_of("Brand", WEEK, [row(1, label="neg", due=True, day=-9)], [], [], NOW)
    for form in (plain(html(digest, chart_src=CHART)), text(digest), slack_text(digest)):
        assert "Teksts numur 1" in form


def test_a_number_without_an_answer_is_not_a_zero() -> None:
    digest = digest_of("Brand", WEEK, [row(1)], [], [], NOW)
    cards = {card.title: (card.value, card.detail) for card in page_of(digest).cards}
    assert cards["CSAT (satisfied)"] == cards["NPS (recommend)"] == ("n/a", "no answers (n = 0)")


def test_a_change_is_only_said_when_there_are_enough_answers() -> None:
    def nps_card(count: int):
        surveys = [SurveyRow("nps", 10, WEEK.start)] * count
        surveys += [SurveyRow("nps", 0, WEEK.start - timedelta(days=1))] * 10
        return page_of(digest_of("Brand", WEEK, [], surveys, [], NOW)).cards[6]

    assert (nps_card(9).change, nps_card(9).tone) == ("too few answers to compare (10 before)", "flat")
    assert (nps_card(10).change, nps_card(10).tone) == ("▲ 200 points on the week before", "good")


def test_more_effort_and_more_complaints_are_bad_news() -> None:
    surveys = [SurveyRow("ces", 7, WEEK.start)] * 10 + [
        SurveyRow("ces", 1, WEEK.start - timedelta(days=1))
    ] * 10
    rows = [row(n, label="neg") for n in range(10)]
    history = [row(100 + n, day=-2) for n in range(10)]
    cards = {c.title: c for c in page_of(digest_of("B", WEEK, [*history, *rows], surveys, [], NOW)).cards}
    assert cards["CES (effort)"].tone == cards["Negative"].tone == "bad"
    assert cards["Satisfaction in texts"].change == "▼ 3.0 on the week before"


def test_numbers_that_print_alike_are_called_the_same() -> None:
    rows = [row(n, satisfaction=3.36) for n in range(10)]
    history = [row(100 + n, satisfaction=3.44, day=-2) for n in range(10)]
    card = page_of(digest_of("B", WEEK, [*history, *rows], [], [], NOW)).cards[4]
    assert (card.value, card.change, card.tone) == ("3.4", "same as the week before", "flat")


def test_dates_are_in_the_brands_zone() -> None:
    from alerts.digest.week import week_of

    week = week_of(NOW - timedelta(days=4), YEREVAN)
    sunday_evening = week.start - timedelta(minutes=1)
    digest = digest_of("B", week, [row(2, at=sunday_evening), row(1, at=week.start)], [], [], NOW)
    form = text(digest)
    assert "Mon 16 Nov, 00:00" in form
    assert "Asia/Yerevan" in form
    assert digest.tally.n == 1


def test_what_is_not_printed_is_counted() -> None:
    rows = [row(n, label="neg", due=True) for n in range(15)]
    digest = digest_of("B", WEEK, rows, [], [], NOW)
    assert "and 3 more posts like these" in text(digest)
    assert "and 9 more" in slack_text(digest)


def test_a_bar_is_as_wide_as_its_parts() -> None:
    rows = [row(1, label="neg"), row(2), row(3, label="neu")]
    (line,) = page_of(digest_of("B", WEEK, rows, [], [], NOW)).by_source
    assert line.bar == (("neg", 33), ("neu", 34), ("pos", 33), ("unscored", 0))


def test_many_sources_are_summed_up_in_the_last_line() -> None:
    rows = [row(n, source=f"s{n:02}", satisfaction=4.0) for n in range(15)]
    lines = page_of(digest_of("B", WEEK, rows, [], [], NOW)).by_source
    assert len(lines) == 13
    assert (lines[-1].name, lines[-1].n, lines[-1].satisfaction) == ("3 others", "3", "4.0")
