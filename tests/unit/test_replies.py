"""Suggested replies: complete in each language, in its alphabet, within a limit, the same for the same event."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from alerts.replies import LANGUAGES, Situation, situation_of, suggest
from alerts.replies.suggest import Part, wording

RIGA = ZoneInfo("Europe/Riga")
YEREVAN = ZoneInfo("Asia/Yerevan")
BY = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)

PARTS = {
    Situation.COMPLAINT: {"thanks", "apology", "explanation", "remedy", "by"},
    Situation.REFUND: {"thanks", "apology", "explanation", "remedy", "by"},
    Situation.QUESTION: {"thanks", "explanation", "remedy", "by"},
    Situation.WORDLESS: {"thanks", "apology", "remedy", "by"},
    Situation.PRAISE: {"thanks", "remedy"},
}
SCRIPTS = {"lv": "LATIN", "lt": "LATIN", "en": "LATIN", "ru": "CYRILLIC", "hy": "ARMENIAN"}
# Each situation as a call: label, stars, has_text, text.
CALLS: dict[Situation, tuple[str, float | None, bool, str]] = {
    Situation.COMPLAINT: ("neg", 1.0, True, "..."),
    Situation.QUESTION: ("neu", None, True, "?"),
    Situation.WORDLESS: ("unscored", 1.0, False, ""),
    Situation.PRAISE: ("pos", 5.0, True, "!"),
}
MONEY = {
    "lv": "ATDODIET NAUDU, tas ir kauns",
    "lt": "Grąžinkite pinigus!",
    "hy": "Վերադարձրեք գումարս",
    "ru": "Верните  деньги!",
    "en": "I want a refund.",
}


def draft(lang: str, situation: Situation, seed: str = "e1", limit: int | None = None) -> str:
    label, stars, has_text, text = CALLS.get(situation, ("neg", 1.0, True, MONEY.get(lang, "")))
    reply = suggest(lang, "review", label, stars, has_text, BY, RIGA, seed, limit, text=text)
    assert reply is not None
    assert reply.lang == lang
    return reply.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_language_has_every_part_in_several_wordings_and_nothing_else(lang: str) -> None:
    raw = tomllib.loads(files("alerts.replies").joinpath(f"{lang}.toml").read_text("utf-8"))
    assert set(raw) == {"greeting", "by_pattern", "money", *map(str, Situation)}
    for situation, parts in PARTS.items():
        assert set(raw[situation]) == parts
        assert all(len(variants) >= 2 for variants in raw[situation].values())
        assert all(len(set(variants)) == len(variants) for variants in raw[situation].values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_only_gaps_are_the_date_and_the_brackets(lang: str) -> None:
    for situation, parts in wording(lang).parts.items():
        for part, variants in parts.items():
            for text in variants:
                assert text.count("{by}") == (part is Part.BY)
                assert not re.search(r"[{}<>`*%$]", text.replace("{by}", ""))
                assert text.count("[") == text.count("]")
                assert ("[" in text) == (
                    part is Part.EXPLANATION or (part is Part.REMEDY and situation is not Situation.PRAISE)
                )
                assert text == text.strip()
                assert text[-1] in ".!։"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_letters_are_those_of_the_language(lang: str) -> None:
    for situation in Situation:
        text = draft(lang, situation)
        assert unicodedata.is_normalized("NFC", text)
        scripts = {unicodedata.name(char).split()[0] for char in text if char.isalpha()}
        assert scripts == {SCRIPTS[lang]}


def test_baltic_replies_keep_their_diacritics() -> None:
    for lang, letters in (("lv", "āēīūšžčķļņģ"), ("lt", "ąčęėįšųūž")):
        everything = " ".join(
            text for parts in wording(lang).parts.values() for variants in parts.values() for text in variants
        ).lower()
        found = {letter for letter in letters if letter in everything}
        assert len(found) >= 7


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("situation", Situation)
def test_a_draft_has_no_leftover_and_names_the_time_in_the_brands_zone(
    lang: str, situation: Situation
) -> None:
    text = draft(lang, situation)
    assert "{" not in text
    if "by" in PARTS[situation]:
        assert "15:00" in text
        assert "24" in text


def test_dates_are_written_as_the_language_writes_them() -> None:
    expected = {
        "lv": "līdz 24.11.2026. plkst. 15:00",
        "lt": "iki lapkričio 24 d. 15:00",
        "ru": "до 15:00 24 ноября",
        "en": "by 15:00 on 24 November",
        "hy": "մինչև նոյեմբերի 24-ը, ժամը 15:00",
    }
    for lang, words in expected.items():
        assert words in draft(lang, Situation.COMPLAINT)
    reply = suggest("hy", "review", "neg", 1.0, True, BY, YEREVAN, "e1")
    assert reply is not None
    assert "17:00" in reply.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_event_gets_the_same_words_and_others_differ(lang: str) -> None:
    drafts = [draft(lang, Situation.COMPLAINT, seed=f"alert-{n}") for n in range(40)]
    assert drafts == [draft(lang, Situation.COMPLAINT, seed=f"alert-{n}") for n in range(40)]
    assert len(set(drafts)) >= 10


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("situation", Situation)
def test_parts_give_way_to_a_limit_one_by_one_in_a_fixed_order(lang: str, situation: Situation) -> None:
    text = draft(lang, situation)
    lengths = []
    while True:
        assert draft(lang, situation, limit=len(text)) == text
        assert draft(lang, situation, limit=len(text) + 1) == text
        lengths.append(len(text))
        label, stars, has_text, words = CALLS.get(situation, ("neg", 1.0, True, MONEY[lang]))
        shorter = suggest(lang, "review", label, stars, has_text, BY, RIGA, "e1", len(text) - 1, text=words)
        if shorter is None:
            break
        assert len(shorter.text) < len(text)
        text = shorter.text
    # Everything but the greeting and the essence can go; the essence is one part.
    assert len(lengths) == len(PARTS[situation]) + 1


def test_the_apology_is_what_stays_longest_in_a_complaint() -> None:
    for lang in LANGUAGES:
        apologies = wording(lang).parts[Situation.COMPLAINT][Part.APOLOGY]
        shortest = draft(lang, Situation.COMPLAINT, limit=max(map(len, apologies)))
        assert shortest in apologies


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_text_about_money_is_answered_about_money(lang: str) -> None:
    assert situation_of("review", "neg", 1.0, True, MONEY[lang], lang) is Situation.REFUND
    assert situation_of("review", "neg", 1.0, True, "...", lang) is Situation.COMPLAINT


def test_words_about_money_are_found_without_diacritics() -> None:
    assert situation_of("review", "neg", None, True, "grazinkite pinigus", "lt") is Situation.REFUND


@pytest.mark.parametrize(
    ("kind", "label", "stars", "has_text", "text", "expected"),
    [
        ("review", "neg", 2.0, True, "", Situation.COMPLAINT),
        ("review", "unscored", 1.0, True, "", Situation.COMPLAINT),
        ("review", "unscored", 1.0, False, "", Situation.WORDLESS),
        ("review", "neu", 3.0, False, "", Situation.WORDLESS),
        ("review", "unscored", 5.0, False, "", Situation.PRAISE),
        ("review", "neg", 5.0, True, "", Situation.COMPLAINT),
        ("comment", "neg", None, True, "why?", Situation.COMPLAINT),
        ("comment", "neu", None, True, "Kad atverat?", Situation.QUESTION),
        ("comment", "neu", None, True, "Ե՞րբ եք բացում։", Situation.QUESTION),
        ("comment", "pos", None, True, "", Situation.PRAISE),
        ("comment", "neu", None, True, "We were there.", None),
        ("comment", "unscored", None, False, "", None),
        ("news", "neg", None, True, "", None),
    ],
)
def test_the_situation_follows_from_kind_stars_label_and_text(
    kind: str, label: str, stars: float | None, has_text: bool, text: str, expected: Situation | None
) -> None:
    assert situation_of(kind, label, stars, has_text, text) is expected
    reply = suggest("en", kind, label, stars, has_text, BY, RIGA, "e", text=text)
    assert (reply is None) is (expected is None)


@pytest.mark.parametrize(
    ("lang", "brand_lang", "expected"),
    [("et", "lv", "lv"), ("et", "fi", "en"), ("und", "hy", "hy"), ("", "en", "en"), ("ru", "lv", "ru")],
)
def test_another_language_is_answered_in_the_brands_first_one(
    lang: str, brand_lang: str, expected: str
) -> None:
    reply = suggest(lang, "review", "neg", 1.0, True, BY, RIGA, "e", brand_lang=brand_lang)
    assert reply is not None
    assert reply.lang == expected
