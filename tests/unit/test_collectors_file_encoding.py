"""Which encoding a file has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.encoding import choose_code_page, choose_encoding

LATVIAN = (
    "Šodien pasūtīju picu, gaidīju pusotru stundu un saņēmu aukstu. Apkalpošana briesmīga, vairs nekad!",
    "Ļoti laipna meitene pie kases, paldies! Ēdiens garšīgs, cenas pieņemamas.",
    "Žēl, ka slēdzat veikalu Āgenskalnā.",
)
LITHUANIAN = (
    "Labai greitas pristatymas, ačiū! Kokybė puiki, tik dėžutė buvo įplėšta.",
    "Užsakymą gavau po dviejų savaičių, į laiškus niekas neatsakė. Nerekomenduoju.",
    "Šiluma, jaukumas ir skanūs pyragai - grįšime.",
)
RUSSIAN = (
    "Очень вежливый персонал, всё понравилось. Спасибо!",
    "Заказ привезли с опозданием на три часа, пицца холодная. Деньги не вернули.",
    "Магазин Rimi на улице Бривибас: очередь до двери, работает одна касса.",
)


@pytest.mark.parametrize("text", [*LATVIAN, *LITHUANIAN])
def test_baltic_texts_in_the_baltic_code_page_are_found(text):
    assert choose_encoding([text.encode("windows-1257")]) == "windows-1257"


@pytest.mark.parametrize("text", RUSSIAN)
def test_russian_texts_in_the_cyrillic_code_page_are_found(text):
    assert choose_encoding([text.encode("windows-1251")]) == "windows-1251"


@pytest.mark.parametrize("text", [*LATVIAN, *LITHUANIAN, *RUSSIAN, "Շատ լավ սպասարկում", "plain"])
@pytest.mark.parametrize(
    ("written", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")]
)
def test_unicode_texts_are_found(text, written, found):
    assert choose_encoding([text.encode(written)]) == found


def test_utf_16_from_a_big_endian_machine_is_found():
    assert choose_encoding(["\ufeffŠķērē".encode("utf-16-be")]) == "utf-16"


def test_a_letter_that_is_cut_by_the_border_of_two_chunks_is_whole():
    data = "āāāā".encode()
    assert choose_encoding([data[:3], data[3:]]) == "utf-8"


def test_one_broken_byte_does_not_change_the_encoding_of_a_long_file():
    data = " ".join(LATVIAN).encode() + b"\xe7"
    assert choose_encoding([data]) == "utf-8"


def test_letters_that_come_late_decide():
    chunks = [b"plain text\n" * 1000, "Ļoti garšīgi, paldies".encode("windows-1257")]
    assert choose_encoding(chunks) == "windows-1257"


def test_what_is_no_text_is_refused():
    with pytest.raises(ValueError, match="zero bytes"):
        choose_encoding([b"PK\x03\x04\x00\x00"])


def test_a_word_of_capitals_between_others_does_not_turn_the_tables():
    text = "ŠĪ ir ļoti jauka vieta, iesakām"
    assert choose_code_page(text.encode("windows-1257").split()) == "windows-1257"


BALTIC_WORD = st.from_regex(r"\A[a-z]{1,3}[āčēģīķļņšūžąęėįųū]{1,2}[a-z]{1,5}\Z")
RUSSIAN_WORD = st.text(st.sampled_from("абвгдежзийклмнопрстуфхцчшщъыьэюяё"), min_size=3, max_size=12)


@given(st.lists(BALTIC_WORD, min_size=1, max_size=20))
def test_any_baltic_words_are_told_from_russian_ones(words):
    assert choose_encoding([" ".join(words).encode("windows-1257")]) == "windows-1257"


@given(st.lists(RUSSIAN_WORD, min_size=1, max_size=20), st.lists(st.sampled_from(["Rimi", "Bolt", "ok"])))
def test_any_russian_words_are_told_from_baltic_ones(words, latin):
    assert choose_code_page(" ".join(words + latin).encode("windows-1251").split()) == "windows-1251"


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_valid_utf_8_without_a_mark_is_never_taken_for_anything_else(text):
    data = text.encode()
    assert choose_encoding([data]) in ("utf-8", "utf-8-sig", "utf-16")
    assert data.decode(choose_encoding([data])) in (text, text.removeprefix("\ufeff"))
