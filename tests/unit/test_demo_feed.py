"""The demo feed says what FEED.md says, and stays rich on whatever day somebody runs it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import collectors

DEMO = Path(collectors.__file__).parent / "demo"
DAY = 24 * 60
WEEK = 7 * DAY

KEYS = (
    "external_id",
    "brand",
    "source",
    "kind",
    "url",
    "author",
    "author_id",
    "stars",
    "text",
    "language_hint",
    "minutes_ago",
    "edited_minutes_ago",
    "owner_reply",
    "owner_replied_minutes_ago",
    "parent_external_id",
    "reach",
    "survey",
    "expect",
)
ALWAYS = {"external_id", "brand", "source", "kind", "author", "author_id", "minutes_ago", "expect"}
SOURCES = {
    "review": "demo-reviews",
    "comment": "demo-comments",
    "survey": "demo-survey",
    "news": "demo-news",
}
BRANDS = ("kafija-krasts", "nairi-kap")
SURVEY_RANGES = {"csat": range(1, 6), "nps": range(0, 11), "ces": range(1, 8)}
SUPPORTED = {"lv", "lt", "hy", "ru", "en"}

Row = dict[str, Any]


def read_feed() -> list[Row]:
    lines = (DEMO / "feed.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


ROWS = read_feed()
EDITS = [row for row in ROWS if "edited_minutes_ago" in row]
POSTS = [row for row in ROWS if "edited_minutes_ago" not in row]
STORM_HOURS = (3, 20)
STORM = [
    row
    for row in POSTS
    if row["brand"] == "nairi-kap"
    and row["expect"]["label"] == "neg"
    and STORM_HOURS[0] * 60 <= row["minutes_ago"] <= STORM_HOURS[1] * 60
]


def row_id(row: Row) -> str:
    return f"{row['external_id']}{'-edit' if 'edited_minutes_ago' in row else ''}"


def weeks_before(minutes: int) -> tuple[list[Row], list[Row]]:
    """The last full week and the one before it, when the current week began `minutes` ago."""
    last = [row for row in POSTS if minutes < row["minutes_ago"] <= minutes + WEEK]
    earlier = [row for row in POSTS if minutes + WEEK < row["minutes_ago"] <= minutes + 2 * WEEK]
    return last, earlier


def five_grams(text: str) -> set[str]:
    letters = "".join(char for char in text.casefold() if char.isalnum())
    return {letters[start : start + 5] for start in range(len(letters) - 4)}


def overlap(left: str, right: str) -> float:
    """The share of the shorter text's character 5-grams that the other text holds too."""
    a, b = five_grams(left), five_grams(right)
    shorter = min(len(a), len(b))
    return len(a & b) / shorter if shorter else 0.0


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_row_has_the_documented_shape(row: Row) -> None:
    assert list(row) == [key for key in KEYS if key in row]
    assert set(row) >= ALWAYS
    assert row["brand"] in BRANDS
    assert row["source"] == SOURCES[row["kind"]]
    assert ("survey" in row) == (row["kind"] == "survey")
    assert ("url" in row) == (row["kind"] != "survey")
    assert "text" in row or "stars" in row or "survey" in row
    if "stars" in row:
        assert row["kind"] == "review"
        assert row["stars"] in range(1, 6)
    if "survey" in row:
        assert list(row["survey"]) == ["kind", "value"]
        assert row["survey"]["value"] in SURVEY_RANGES[row["survey"]["kind"]]
    if "url" in row:
        address = urlsplit(row["url"])
        assert address.scheme == "https"
        assert address.netloc.endswith(".example")
    if "reach" in row:
        assert row["reach"] > 0


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_an_expectation_is_a_complete_human_label(row: Row) -> None:
    expect = row["expect"]
    assert list(expect) == ["lang", "label", "needs_reply"]
    assert expect["label"] in {"neg", "neu", "pos", "unscored"}
    assert isinstance(expect["needs_reply"], bool)
    assert (expect["label"] == "unscored") == (expect["lang"] not in SUPPORTED)
    if "text" not in row:
        assert expect == {"lang": "und", "label": "unscored", "needs_reply": False}


@pytest.mark.parametrize("row", [row for row in ROWS if "text" in row], ids=row_id)
def test_a_text_is_clean_unicode_and_names_no_reachable_address(row: Row) -> None:
    text = row["text"]
    assert text == text.strip() != ""
    assert unicodedata.is_normalized("NFC", text)
    assert "http" not in text
    # A bare "shop.lv" would be made a link by many a mail program.
    assert not re.search(r"\w\.(?!example\b)(com|net|org|lv|lt|am|ru|eu)\b", text)


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_an_event_follows_what_it_answers(row: Row) -> None:
    published = row["minutes_ago"]
    assert 0 < published <= 20 * DAY
    assert ("owner_reply" in row) == ("owner_replied_minutes_ago" in row)
    for later in ("edited_minutes_ago", "owner_replied_minutes_ago"):
        assert 0 < row.get(later, 1) < max(published, 2)
    if "parent_external_id" in row:
        (parent,) = (
            other
            for other in POSTS
            if (other["source"], other["external_id"]) == (row["source"], row["parent_external_id"])
        )
        assert parent["minutes_ago"] > published
        assert parent["brand"] == row["brand"]


def test_rows_come_in_the_order_of_their_events() -> None:
    moments = [int(row.get("edited_minutes_ago") or row["minutes_ago"]) for row in ROWS]
    assert moments == sorted(moments, reverse=True)


def test_only_the_edit_repeats_an_identity() -> None:
    counts = Counter((row["source"], row["external_id"]) for row in ROWS)
    assert set(counts.values()) == {1, 2}
    assert [key for key, count in counts.items() if count == 2] == [
        (row["source"], row["external_id"]) for row in EDITS
    ]


def test_the_edit_changes_stars_and_text_and_nothing_of_its_identity() -> None:
    (edit,) = EDITS
    (first,) = (row for row in POSTS if row["external_id"] == edit["external_id"])
    kept = ("brand", "source", "kind", "url", "author", "author_id", "minutes_ago")
    assert [first[key] for key in kept] == [edit[key] for key in kept]
    assert first["stars"] < edit["stars"]
    assert first["text"] != edit["text"]
    assert (first["expect"]["label"], edit["expect"]["label"]) == ("neg", "pos")


def test_the_feed_holds_the_languages_and_kinds_it_promises() -> None:
    languages = Counter(row["expect"]["lang"] for row in ROWS)
    assert languages == {"lv": 27, "hy": 19, "lt": 12, "ru": 12, "en": 10, "und": 7, "et": 1, "ka": 1}
    assert Counter(row["kind"] for row in ROWS) == {"comment": 41, "review": 33, "survey": 14, "news": 1}
    labels = Counter(row["expect"]["label"] for row in ROWS)
    assert labels == {"neg": 43, "pos": 20, "neu": 17, "unscored": 9}


def test_a_brand_is_written_about_in_its_own_languages() -> None:
    spoken = {
        brand: {row["expect"]["lang"] for row in ROWS if row["brand"] == brand} & SUPPORTED
        for brand in BRANDS
    }
    assert spoken == {"kafija-krasts": {"lv", "lt", "ru", "en"}, "nairi-kap": {"hy", "ru", "en"}}


def test_every_rating_and_survey_form_occurs_with_and_without_words() -> None:
    assert {row["stars"] for row in ROWS if "stars" in row} == {1, 2, 3, 4, 5}
    assert {row["survey"]["kind"] for row in ROWS if "survey" in row and "text" in row} == {
        "csat",
        "nps",
        "ces",
    }
    assert {row["kind"] for row in ROWS if "text" not in row} == {"review", "survey"}


def test_needing_a_reply_is_not_a_copy_of_being_negative() -> None:
    pairs = {(row["expect"]["label"], row["expect"]["needs_reply"]) for row in ROWS}
    assert pairs >= {(label, due) for label in ("neg", "neu", "pos") for due in (True, False)}


def test_a_language_hint_is_wrong_once() -> None:
    hints = [(row["language_hint"], row["expect"]["lang"]) for row in ROWS if "language_hint" in row]
    assert [pair for pair in hints if pair[0] != pair[1]] == [("lv", "lt")]
    assert len(hints) > 1


def test_one_complaint_has_been_answered_in_its_own_language() -> None:
    (answered,) = (row for row in ROWS if "owner_reply" in row)
    assert answered["expect"] == {"lang": "ru", "label": "neg", "needs_reply": True}
    assert re.search("[а-я]", answered["owner_reply"])


def test_the_storm_is_eight_or_nine_complaints_within_forty_minutes() -> None:
    moments = [row["minutes_ago"] for row in STORM]
    assert len(STORM) in (8, 9)
    assert max(moments) - min(moments) <= 40
    assert {row["expect"]["lang"] for row in STORM} == {"hy", "ru", "en"}
    assert len({row["author_id"] for row in STORM}) == len(STORM)
    assert all(row["expect"]["needs_reply"] for row in STORM)


def test_nothing_but_the_storm_looks_like_one() -> None:
    for brand in BRANDS:
        calm = sorted(
            row["minutes_ago"]
            for row in POSTS
            if row["brand"] == brand and row["expect"]["label"] == "neg" and row not in STORM
        )
        busiest = max(sum(start <= other < start + 60 for other in calm) for start in calm)
        assert busiest <= 2, brand


def test_recent_days_are_rich() -> None:
    ages = [row["minutes_ago"] for row in POSTS]
    assert sum(age < WEEK for age in ages) >= 30
    assert sum(WEEK <= age < 2 * WEEK for age in ages) >= 20
    assert sum(age >= 2 * WEEK for age in ages) >= 10


def test_the_last_full_week_is_rich_on_any_weekday() -> None:
    for minutes in range(0, WEEK, 30):
        last, earlier = weeks_before(minutes)
        assert len(last) >= 25, minutes
        assert len(earlier) >= 10, minutes
        assert {row["expect"]["lang"] for row in last} >= SUPPORTED, minutes
        for brand in BRANDS:
            of_brand = [row for row in last if row["brand"] == brand]
            assert len(of_brand) >= 10, (minutes, brand)
            assert {row["expect"]["label"] for row in of_brand} >= {"neg", "neu", "pos"}, (minutes, brand)
            assert sum("stars" in row for row in of_brand) >= 2, (minutes, brand)
            assert any("survey" in row for row in of_brand), (minutes, brand)
            assert any(row["brand"] == brand for row in earlier), (minutes, brand)


def test_a_person_who_posts_twice_keeps_the_id_and_others_never_share_it() -> None:
    pairs = {(row["author"], row["author_id"]) for row in ROWS}
    assert len(pairs) == len({author for author, _ in pairs}) == len({key for _, key in pairs})


def test_duplicates_are_the_two_crossposts_and_no_other_text_comes_near_another() -> None:
    texts = [row for row in POSTS if "text" in row]
    near = [
        (left, right)
        for left, right in combinations(texts, 2)
        if overlap(left["text"], right["text"]) >= 0.35
    ]
    assert sorted(left["expect"]["lang"] for left, _ in near) == ["hy", "lv"]
    for left, right in near:
        assert left["text"] == right["text"]
        assert left["author_id"] == right["author_id"]
        assert {left["source"], right["source"]} == {"demo-reviews", "demo-comments"}


def test_the_overlap_check_would_notice_a_shared_frame() -> None:
    frame = "Pasūtīju kafiju un gaidīju {} dienas, neviens nepiezvanīja."
    assert overlap(frame.format("trīs"), frame.format("piecas")) >= 0.35


def test_no_two_texts_open_alike() -> None:
    openings = Counter(
        " ".join(row["text"].casefold().split()[:2])
        for row in POSTS
        if len(row.get("text", "").split()) > 2 and row["author"] not in {"Raivis O.", "Անահիտ Ղ."}
    )
    assert [opening for opening, count in openings.items() if count > 1] == []


def test_the_traps_are_in_place() -> None:
    texts = [row.get("text", "") for row in ROWS]
    assert sum("<!channel>" in text and "<b>" in text for text in texts) == 1
    assert sum("&" in text and '"' in text for text in texts) == 1
    assert sum("\u200f" in text for text in texts) == 1
    assert sum(len(text) > 1400 for text in texts) == 1
    raw = (DEMO / "feed.jsonl").read_text(encoding="utf-8")
    # Such signs are invisible in an editor, so the file spells them out.
    assert [char for char in raw if unicodedata.category(char) == "Cf"] == []


def test_feed_md_names_rows_that_exist_and_counts_them_rightly() -> None:
    page = (DEMO / "FEED.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:rv|cm|sv|nw)-\d+)`", page))
    assert named
    assert named <= {row["external_id"] for row in ROWS}
    assert f"{len(ROWS)} rows" in page
    assert {STORM[0]["external_id"], STORM[-1]["external_id"]} <= named
    for field in ("lang", "label"):
        for value, count in Counter(row["expect"][field] for row in ROWS).items():
            if value not in {"und", "et", "ka"}:
                assert f"| {value} | {count} |" in page
    for kind, count in Counter(row["kind"] for row in ROWS).items():
        assert f"| {kind} | `{SOURCES[kind]}` | {count} |" in page
    for key in KEYS:
        assert f"`{key}`" in page


def test_ids_grow_with_time_within_a_source() -> None:
    for source in SOURCES.values():
        numbers = [int(row["external_id"].split("-")[1]) for row in POSTS if row["source"] == source]
        assert all(earlier < later for earlier, later in pairwise(numbers))
