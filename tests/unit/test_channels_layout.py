"""The words that all channels share: titles, ages, stars, dates and which addresses are trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.layout import (
    age_words,
    alert_facts,
    also_seen_words,
    excerpt,
    headline,
    judgement_words,
    language_name,
    moment,
    safe_link,
    stars_words,
    storm_facts,
)
from tests.notices import NOW, RIGA, YEREVAN, alert, mention, ops, storm


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "1 min"),
        (timedelta(seconds=59), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=3, hours=4, minutes=7), "3 days 4 h"),
        (timedelta(days=1200), "1,200 days"),
    ],
)
def test_an_age_is_told_in_its_two_largest_units(age: timedelta, words: str) -> None:
    assert age_words(age) == words


@pytest.mark.parametrize(
    ("stars", "words"),
    [(1.0, "★☆☆☆☆ 1/5"), (3.5, "★★★★☆ 3.5/5"), (4.4, "★★★★☆ 4.4/5"), (5.0, "★★★★★ 5/5")],
)
def test_stars_are_drawn_and_counted(stars: float, words: str) -> None:
    assert stars_words(stars) == words


def test_times_are_told_in_the_brands_zone_across_the_change_of_clocks() -> None:
    assert moment(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), RIGA) == "25 Oct 2026, 03:30 (Europe/Riga)"
    assert moment(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), RIGA) == "25 Oct 2026, 03:30 (Europe/Riga)"
    assert moment(datetime(2026, 12, 31, 21, 0, tzinfo=UTC), YEREVAN) == "1 Jan 2027, 01:00 (Asia/Yerevan)"
    assert moment(NOW, UTC) == "22 Nov 2026, 10:30 (UTC)"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("lv", "Latvian"),
        ("hy", "Armenian"),
        ("und", "not recognised"),
        ("", "not recognised"),
        ("q\nx", "q x"),
    ],
)
def test_a_language_has_its_name(code: str, name: str) -> None:
    assert language_name(code) == name


@pytest.mark.parametrize(
    ("label", "confidence", "words"),
    [
        ("neg", 0.934, "negative, 93% sure"),
        ("pos", None, "positive"),
        ("unscored", None, "not judged"),
        ("unscored", 0.4, "not judged"),
    ],
)
def test_what_was_not_judged_is_never_called_neutral(
    label: str, confidence: float | None, words: str
) -> None:
    assert judgement_words(mention(label=label, confidence=confidence)) == words


def test_titles_name_brand_and_occasion() -> None:
    assert headline(alert("lv")) == "Kafejnīca Ozols: negative review"
    assert headline(alert("lv", label="unscored")) == "Kafejnīca Ozols: review that needs a look"
    assert headline(alert("lv", kind="comment", label="neu")) == "Kafejnīca Ozols: neutral comment"
    assert headline(storm(count=1)) == "Kafejnīca Ozols: 1 complaint within 1 h 56 min"
    assert headline(ops()) == "Atbalss: source google-riga needs you"


def test_facts_that_are_not_known_are_left_out() -> None:
    bare = alert("und", author=None, stars=None, published_at=None)
    names = [fact.name for fact in alert_facts(bare)]
    assert names == ["Source", "Language", "Collected", "Age", "Judged", "Rule"]
    full = alert_facts(alert())
    assert [fact.name for fact in full if fact.stranger] == ["Author"]
    assert len(full) <= 10
    assert len(storm_facts(storm())) <= 10


def test_repetitions_are_told_only_when_there_are_some() -> None:
    assert also_seen_words(alert(also_seen=0)) is None
    assert also_seen_words(alert(also_seen=1)) == "The same text was seen in 1 more post."
    assert also_seen_words(alert(also_seen=1234)) == "The same text was seen in 1,234 more posts."


def test_a_title_is_told_once() -> None:
    assert (
        excerpt(mention(title="Auksta zupa", text="Auksta zupa un rupjš apkalpotājs"), 99).count("Auksta")
        == 1
    )
    assert excerpt(mention(title="Slikti", text="Auksta zupa"), 99) == "Slikti\nAuksta zupa"
    assert excerpt(mention(title="Slikti", text=""), 99) == "Slikti"


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://x.test/a?b=c", True),
        ("http://x.test", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,x", False),
        ("//x.test", False),
        ("https://", False),
        ("https://x.test/a b", False),
        ("https://x.test/\u202egnp.exe", False),
        ("https://x.test/\nBcc:", False),
        ("https://[bad", False),
        ("https://x.test/" + "a" * 3000, False),
        ("", False),
        (None, False),
    ],
)
def test_only_addresses_of_web_pages_are_trusted(url: str | None, trusted: bool) -> None:
    assert safe_link(url) == (url if trusted else None)
