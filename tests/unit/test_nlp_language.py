from __future__ import annotations

import pytest

from nlp.language import Detected, How, detect, detect_by_letters

FIVE = ("lv", "lt", "hy", "ru", "en")


def never(text, languages):
    raise AssertionError("statistics were asked for a text that its letters settle")


def shares(**values):
    return lambda text, languages: values


@pytest.mark.parametrize(
    ("text", "lang", "how"),
    [
        ("Շատ լավ սպասարկում", "hy", How.ALPHABET),
        ("Очень плохо", "ru", How.ALPHABET),
        ("ļoti garšīgs ēdiens", "lv", How.LETTERS),
        ("užsakymą pristatė į namus, ačiū", "lt", How.LETTERS),
        ("@user http Լավ", "hy", How.ALPHABET),
        ("Շատ լավ էր, спасибо", "hy", How.ALPHABET),
        ("Slikti!", "lv", How.WORDS),
        ("BLOGAI", "lt", How.WORDS),
        ("Aciu!", "lt", How.WORDS),
        ("Great!!!", "en", How.WORDS),
    ],
)
def test_letters_settle_the_language_without_statistics(text, lang, how):
    found = detect(text, FIVE, statistics=never)
    assert (found.lang, found.how) == (lang, how)


@pytest.mark.parametrize(
    "text", ["Дуже дякую, її привезли вчасно", "ძალიან კარგი", "πολύ καλό", "żółć i łąka są"]
)
def test_a_text_in_another_language_is_not_forced_into_ours(text):
    found = detect(text, FIVE, statistics=never)
    assert (found.lang, found.how) == ("und", How.NOT_CONFIGURED)


def test_a_language_that_is_not_configured_is_undetermined():
    assert detect("Очень плохо", ("lv", "en"), statistics=never).lang == "und"
    assert detect("Շատ լավ", ("lv", "en"), hint="hy", statistics=never).lang == "und"
    assert detect("ļoti slikti", ("lt",), hint="lt", statistics=never).lang == "und"


@pytest.mark.parametrize("text", ["", "😡", "12 / 5", "@user http"])
def test_a_text_without_letters_has_no_language(text):
    assert detect(text, FIVE, hint="lv", statistics=never) == Detected("und", 0.0, How.UNCLEAR)


def test_a_name_in_an_english_sentence_does_not_make_it_latvian():
    text = "We stayed in Rīga for a week and everything about the hotel was wonderful"
    assert detect_by_letters(text, FIVE).how is How.UNCLEAR
    assert detect(text, FIVE).lang == "en"


@pytest.mark.parametrize(
    "text", ["shat lav tegh e, bayc inchu chi ashxatum", "ochen ploho, nikogda ne pridu"]
)
def test_armenian_and_russian_in_latin_letters_are_undetermined(text):
    found = detect(text, FIVE, hint="hy", statistics=never)
    assert (found.lang, found.how) == ("und", How.ROMANISED)


def test_the_prior_for_configured_languages_counts_for_few_words_only():
    statistics = shares(es=0.5, en=0.4)
    assert detect("makarons", FIVE, statistics=statistics).lang == "en"
    assert detect("makarons zupas tomats rezultats", FIVE, statistics=statistics).lang == "und"


def test_a_clear_winner_needs_no_hint_and_ignores_a_wrong_one():
    statistics = shares(lv=0.7, lt=0.2, en=0.1)
    assert detect("makarons", FIVE, statistics=statistics).lang == "lv"
    assert detect("makarons", FIVE, hint="lt", statistics=statistics).lang == "lv"


def test_a_close_race_is_undetermined_unless_the_source_gives_a_hint():
    statistics = shares(lv=0.35, lt=0.33, en=0.01)
    found = detect("rezultats", FIVE, statistics=statistics)
    assert (found.lang, found.how) == ("und", How.UNCLEAR)
    assert detect("rezultats", FIVE, hint="lt", statistics=statistics).how is How.HINT
    assert detect("rezultats", FIVE, hint="lt-LT", statistics=statistics).lang == "lt"
    assert detect("rezultats", FIVE, hint="en", statistics=statistics).lang == "und"
    assert detect("rezultats", FIVE, hint="xx", statistics=statistics).lang == "und"


def test_a_neighbouring_language_that_wins_clearly_is_not_configured():
    found = detect("toit", FIVE, statistics=shares(et=0.9, lv=0.05, lt=0.05))
    assert (found.lang, found.how) == ("und", How.NOT_CONFIGURED)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Atnaca nevis tas produkts, ko pasutiju, un neviens neatbild", "lv"),
        ("Aptarnavimas letas, laukiau puse valandos prie kasos", "lt"),
        ("The parcel came two weeks late and nobody answered my letters", "en"),
        ("Toit oli maitsev aga teenindus aeglane, rohkem ei tule", "und"),
        ("Jedzenie bardzo dobre, ale kelner byl niemily dla nas", "und"),
    ],
)
def test_the_packaged_detector_tells_neighbours_apart_without_diacritics(text, lang):
    assert detect(text, FIVE).lang == lang
