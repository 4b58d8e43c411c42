"""A text as other people would type it: exact examples, and what holds for every text."""

from __future__ import annotations

import random
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atbalss.errors import ModelError
from nlp.normalise import normalise
from nlp.training.variants import (
    in_cyrillic,
    in_latin,
    old_style,
    read_romanisation,
    russian_in_latin,
    stretched,
    variant,
    with_slip,
    without_diacritics,
)

LATVIAN = "aābcčdeēfgģhiījkķlļmnņoprsštuūvzž"
LITHUANIAN = "aąbcčdeęėfghiįyjklmnoprsštuųūvzž"
ARMENIAN = "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցփքօֆև"
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
SIGNS = " .,!?"

# One way for each letter; "ու" and "և" are one sound and stand before their parts.
LATIN = {
    **{"ու": "u", "և": "ev", "ա": "a", "բ": "b", "գ": "g", "դ": "d", "ե": "e", "զ": "z", "է": "e", "ը": "y"},
    **{
        "թ": "t",
        "ժ": "zh",
        "ի": "i",
        "լ": "l",
        "խ": "kh",
        "ծ": "ts",
        "կ": "k",
        "հ": "h",
        "ձ": "dz",
        "ղ": "gh",
    },
    **{"ճ": "ch", "մ": "m", "յ": "y", "ն": "n", "շ": "sh", "ո": "o", "չ": "ch", "պ": "p", "ջ": "j", "ռ": "r"},
    **{"ս": "s", "վ": "v", "տ": "t", "ր": "r", "ց": "c", "փ": "p", "ք": "q", "օ": "o", "ֆ": "f", "ւ": "v"},
}
ONE_WAY = {letters: {latin: 1.0} for letters, latin in LATIN.items()}
TWO_WAYS = {**ONE_WAY, "խ": {"x": 0.5, "kh": 0.5}, "շ": {"sh": 0.5, "w": 0.5}}


def texts_of(letters: str) -> st.SearchStrategy[str]:
    """Texts of a language's letters in both cases, with signs and blanks."""
    return st.text(letters + letters.upper() + SIGNS, max_size=60)


ANY_TEXT = st.one_of(*map(texts_of, (LATVIAN, LITHUANIAN, ARMENIAN, RUSSIAN)))
SEEDS = st.integers(0, 2**32)


def letters(text: str) -> int:
    return sum(character.isalpha() for character in text)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Ļoti garšīga kūka, čau!", "Loti garsiga kuka, cau!"),
        ("Ačiū, pyragėliai buvo šviežūs", "Aciu, pyrageliai buvo sviezus"),
        ("Įėjimas iš kiemo pusės 👍", "Iejimas is kiemo puses 👍"),
        ("plain text", "plain text"),
        ("a\u0304trs", "atrs"),
    ],
)
def test_marks_are_left_out(text: str, bare: str) -> None:
    assert without_diacritics(text) == bare


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("Ļoti garšīga kūka, čau!", "Ljoti garshiiga kuuka, chau!"),
        ("Žēl, ka ķirši beigušies", "Zheel, ka kjirshi beigushies"),
        ("Ģimene ēd ņemot", "Gjimene eed njemot"),
    ],
)
def test_old_latvian_doubles_long_vowels_and_spells_soft_letters(text: str, old: str) -> None:
    assert old_style(text) == old


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("շատ համեղ էր։ ուտելիքը տաք էր", "shat hamegh er. uteliqy taq er"),
        ("ե՞րբ եք բացում։ շնորհակալ եմ", "erb eq bacum? shnorhakal em"),
        ("հիանալի՜ է։", "hianali e!"),
        ("և «հաց» կա, ok?", 'ev "hac" ka, ok?'),
    ],
)
def test_armenian_in_latin_letters(text: str, latin: str) -> None:
    assert in_latin(text, ONE_WAY, random.Random(1)) == latin


def test_one_writer_keeps_to_one_way_of_writing_a_letter() -> None:
    found = {in_latin("խաշ խաշ", TWO_WAYS, random.Random(seed)) for seed in range(40)}
    assert found == {"khash khash", "xash xash", "khaw khaw", "xaw xaw"}


@pytest.mark.parametrize(
    ("text", "cyrillic"),
    [
        ("Շատ լավ է։ Ուտելիքը համեղ էր", "Шат лав э. Утеликы hамег эр"),
        ("Ե՞րբ եք բացում։", "Ерб ек бацум?"),
        ("Ժամը 15:30-ի՞ն եք բացում", "Жамы 15:30-ин ек бацум?"),
        ("2.50 դրա՞մ։ Այո", "2.50 драм? Айо"),
    ],
)
def test_armenian_in_cyrillic_letters(text: str, cyrillic: str) -> None:
    assert in_cyrillic(text) == cyrillic


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Очень вкусно, спасибо! Ещё приду", "Ochen vkusno, spasibo! Esche pridu"),
        ("Жаль, объявили поздно", "Zhal, obyavili pozdno"),
        ("Юля и Яна 👍", "Yulya i Yana 👍"),
    ],
)
def test_russian_in_latin_letters(text: str, latin: str) -> None:
    assert russian_in_latin(text) == latin


@given(texts_of(LATVIAN) | texts_of(LITHUANIAN))
def test_leaving_marks_out_keeps_every_letter_and_leaves_plain_ones(text: str) -> None:
    bare = without_diacritics(text)
    assert bare.isascii()
    assert len(bare) == len(text)
    assert without_diacritics(bare) == bare


@given(texts_of(LATVIAN))
def test_old_latvian_is_plain_and_spells_each_marked_letter_with_two(text: str) -> None:
    marked = sum(not character.isascii() for character in text)
    assert old_style(text).isascii()
    assert letters(old_style(text)) == letters(text) + marked


@given(texts_of(ARMENIAN), SEEDS)
def test_no_armenian_letter_stays_in_other_letters(text: str, seed: int) -> None:
    table = {**TWO_WAYS, **{key.capitalize(): ways for key, ways in TWO_WAYS.items()}}
    for written in (in_cyrillic(text), in_latin(text, table, random.Random(seed))):
        assert not any("ա" <= character.lower() <= "և" for character in written)
        # "ու" is one sound; all other letters are spelt, some with two.
        assert letters(written) >= letters(text) - text.lower().count("ու")


@given(texts_of(RUSSIAN))
def test_no_russian_letter_stays_in_latin_letters(text: str) -> None:
    written = russian_in_latin(text)
    assert written.isascii()
    silent = sum(character in "ъьЪЬ" for character in text)
    assert letters(written) >= letters(text) - silent


@given(ANY_TEXT, SEEDS)
def test_stretching_repeats_one_letter_and_nothing_else(text: str, seed: int) -> None:
    written = stretched(text, random.Random(seed))
    assert len(written) - len(text) in (0, 2, 3, 4)
    assert [sign for sign, _ in groupby(written)] == [sign for sign, _ in groupby(text)]


def test_only_longer_words_are_stretched() -> None:
    assert stretched("ļoti labs", random.Random(1)) == "ļoti labs"
    assert {len(stretched("ļoti garšīgs", random.Random(seed))) for seed in range(30)} == {14, 15, 16}


@given(ANY_TEXT, SEEDS)
def test_a_slip_touches_at_most_one_letter_or_swaps_two(text: str, seed: int) -> None:
    written = with_slip(text, random.Random(seed))
    lost, gained = Counter(text) - Counter(written), Counter(written) - Counter(text)
    assert lost.total() <= 1
    assert gained.total() <= 1
    assert written.count(" ") == text.count(" ")


def test_every_kind_of_slip_happens_and_only_in_longer_words() -> None:
    found = {with_slip("par lieliski", random.Random(seed)) for seed in range(300)}
    assert {"par leiliski", "par lieiski", "par lielliski", "par lueliski"} <= found
    assert all(text.startswith("par l") for text in found)
    assert with_slip("par šo", random.Random(1)) == "par šo"


@given(ANY_TEXT, st.sampled_from(["lv", "lt", "hy", "ru", "en"]), SEEDS)
def test_the_same_seed_writes_the_same_text(text: str, lang: str, seed: int) -> None:
    one, other = (variant(text, lang, TWO_WAYS, random.Random(seed)) for _ in range(2))
    assert one == other


@given(ANY_TEXT, st.sampled_from(["lv", "lt", "hy", "ru", "en"]), SEEDS)
def test_a_variant_still_says_something(text: str, lang: str, seed: int) -> None:
    written = variant(text, lang, TWO_WAYS, random.Random(seed))
    assert bool(written) == bool(text)
    silent = sum(character in "ъьЪЬ" for character in text)
    # Two slips may lose two letters, and "ու" is one sound.
    assert letters(written) >= letters(text) - 2 - silent - text.lower().count("ու")


@given(SEEDS, st.sampled_from(["lv", "lt", "hy", "ru", "en"]))
def test_names_and_links_keep_the_form_that_normalising_gives_them(seed: int, lang: str) -> None:
    text = normalise("@kads skatiet https://a.example tur viss redzams")
    written = variant(text, lang, TWO_WAYS, random.Random(seed))
    assert written == normalise(written)
    assert {"@user", "http"} <= set(written.split())


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Ļoti garšīgi", "lv", {"Ļoti garšīgi", "Loti garsigi", "Ljoti garshiigi", "LOTI GARSIGI"}),
        ("Labai šviežia", "lt", {"Labai šviežia", "Labai sviezia", "labai sviezia"}),
        ("շատ լավ է", "hy", {"շատ լավ է", "shat lav e", "шат лав э"}),
        ("Очень вкусно", "ru", {"Очень вкусно", "очень вкусно", "Ochen vkusno"}),
        ("Very tasty", "en", {"Very tasty", "very tasty"}),
    ],
)
def test_each_language_is_typed_in_its_ways(text: str, lang: str, expected: set[str]) -> None:
    found = {variant(text, lang, ONE_WAY, random.Random(seed)) for seed in range(800)}
    assert expected <= found


def test_english_keeps_its_letters() -> None:
    found = Counter(variant("café", "en", ONE_WAY, random.Random(seed)) for seed in range(200))
    assert set(found) == {"café", "CAFÉ"}


def test_a_missing_romanisation_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"map\.json: cannot be read"):
        read_romanisation(tmp_path / "map.json")
