"""Charsets of mails: declared, missing, unknown and wrong."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.mail_charset import decode, header_text

LATVIAN = "Pasūtījums nav atnācis, ļoti šķiet dīvaini. Čeks pielikumā."
LITHUANIAN = "Užsakymas neatėjo, esu labai nusivylęs. Šį kartą viskas blogai."
RUSSIAN = "Здравствуйте! Заказ не пришёл, очень жаль. Чек приложен."
GERMAN = "Die Lieferung war pünktlich, aber für mich zu groß."
ARMENIAN = "Պատվերը չի եկել, շատ վատ է։"

DECLARED = [
    (LATVIAN, "windows-1257"),
    (LATVIAN, "iso-8859-13"),
    (LITHUANIAN, "windows-1257"),
    (RUSSIAN, "windows-1251"),
    (RUSSIAN, "koi8-r"),
    (ARMENIAN, "utf-8"),
    (LATVIAN, "utf-16"),
    (GERMAN, "iso-8859-1"),
]


@pytest.mark.parametrize(("text", "charset"), DECLARED)
def test_a_declared_charset_is_used(text, charset):
    assert decode(text.encode(charset), charset) == text


@pytest.mark.parametrize(
    "declared", [None, "", "us-ascii", "iso-8859-1", "x-unknown", "no-such-charset", "utf-8"]
)
@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (LATVIAN, "windows-1257"),
        (LITHUANIAN, "windows-1257"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-8"),
        (ARMENIAN, "utf-8"),
        (GERMAN, "windows-1252"),
    ],
)
def test_a_missing_weak_or_wrong_charset_is_guessed(text, charset, declared):
    assert decode(text.encode(charset), declared) == text


@pytest.mark.parametrize("name", ["cp-1257", "CP1257", '"windows-1257"', "Windows1257", "1257"])
def test_misspelt_names_are_understood(name):
    assert decode(LATVIAN.encode("windows-1257"), name) == LATVIAN


@pytest.mark.parametrize("name", ["base64", "rot13", "hex"])
def test_codecs_that_are_no_charsets_are_not_used(name):
    assert decode(LATVIAN.encode(), name) == LATVIAN


def test_a_cut_utf8_text_stays_utf8():
    assert decode(LATVIAN.encode()[:6], "utf-8") == LATVIAN.encode()[:6].decode(errors="replace")
    assert decode(ARMENIAN.encode()[:-3], None).startswith(ARMENIAN[:-3])


@given(
    st.binary(max_size=200),
    st.sampled_from([None, "utf-8", "ascii", "utf-16", "koi8-r", "utf-7", "idna", "zip"]),
)
def test_decoding_never_fails(content, charset):
    assert isinstance(decode(content, charset), str)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?B?UMSBcnMu?=", "Pārs."),
        (b"=?windows-1257?Q?P=E2rs?= =?windows-1257?Q?=FBt?=", "Pārsūt"),
        (b"=?koi8-r?B?8NLJ18XU?=", "Привет"),
        (b"=?no-such?Q?abc?=", "abc"),
        ("Šķūnis".encode(), "Šķūnis"),
        ("Šķūnis dega".encode("windows-1257"), "Šķūnis dega"),
        (b"a\r\n b", "a b"),
        (b"=?utf-8?B?A?=", "=?utf-8?B?A?="),
        (b"", ""),
    ],
)
def test_headers_become_text(raw, text):
    message = message_from_bytes(b"Subject: " + raw + b"\r\n\r\n")
    assert header_text(message["Subject"]) == text


def test_a_missing_header_is_empty():
    assert header_text(None) == ""
