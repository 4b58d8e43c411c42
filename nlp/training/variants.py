"""Writes a text as other people would type it: the same words, the same answers, other characters.

Customers type without diacritics, in the Latvian of the years before Unicode, Armenian and Russian in the
letters of the keyboard that is at hand, in capitals, with slips and stretched vowels. Everything here takes its
chance from the caller, so that the same seed writes the same text.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from atbalss.errors import ModelError

__all__ = [
    "Romanisation",
    "in_cyrillic",
    "in_latin",
    "old_style",
    "read_romanisation",
    "russian_in_latin",
    "stretched",
    "variant",
    "with_slip",
    "without_diacritics",
]

Romanisation = Mapping[str, Mapping[str, float]]
"""Armenian letter or pair of letters -> ways to write it in Latin letters and how probable each is."""

_OLD_STYLE = str.maketrans(
    {
        **{"ā": "aa", "ē": "ee", "ī": "ii", "ū": "uu", "š": "sh", "ž": "zh", "č": "ch", "ģ": "gj"},
        **{"ķ": "kj", "ļ": "lj", "ņ": "nj", "Ā": "Aa", "Ē": "Ee", "Ī": "Ii", "Ū": "Uu", "Š": "Sh"},
        **{"Ž": "Zh", "Č": "Ch", "Ģ": "Gj", "Ķ": "Kj", "Ļ": "Lj", "Ņ": "Nj"},
    }
)
# How Armenians write their language with a Russian keyboard; several letters fall together.
_CYRILLIC = {
    **{"ու": "у", "և": "ев", "ա": "а", "բ": "б", "գ": "г", "դ": "д", "ե": "е", "զ": "з", "է": "э", "ը": "ы"},
    **{"թ": "т", "ժ": "ж", "ի": "и", "լ": "л", "խ": "х", "ծ": "ц", "կ": "к", "հ": "h", "ձ": "дз", "ղ": "г"},
    **{"ճ": "ч", "մ": "м", "յ": "й", "ն": "н", "շ": "ш", "ո": "о", "չ": "ч", "պ": "п", "ջ": "дж", "ռ": "р"},
    **{"ս": "с", "վ": "в", "տ": "т", "ր": "р", "ց": "ц", "փ": "п", "ք": "к", "օ": "о", "ֆ": "ф", "ւ": "в"},
}
_RUSSIAN = {
    **{"а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i"},
    **{"й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t"},
    **{"у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": ""},
    **{"э": "e", "ю": "yu", "я": "ya"},
}
# Armenian puts the sign of a question or an exclamation on the stressed word; in other letters it ends the sentence.
# A stop before a digit ends none: 15:30, 2.50.
_SENTENCE = re.compile(r"(?:[^։:.\n]|[:.](?=\d))+[։:.]?")
_SIGNS = str.maketrans({"։": ".", "՝": ",", "՛": None, "՜": None, "՞": None, "«": '"', "»": '"'})
# What normalising leaves of names and links has one form, also in a text in capitals.
_PLACEHOLDER = re.compile(r"(?<!\w)(?:@USER|HTTP)(?!\w)")
_WORD = re.compile(r"\w{5,}")
_VOWEL = re.compile(r"[aeiouāēīūąęėįųаеиоуыэюяաեէիոօ]", re.IGNORECASE)
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзх", "фывапролджэ", "ячсмитьбю")


def read_romanisation(path: Path) -> Romanisation:
    """The probability map of Armenian romanisation; raises `ModelError` when the file is missing."""
    try:
        read: Romanisation = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(path.name, "cannot be read", "give the folder that holds lexicons/") from error
    return read


def without_diacritics(text: str) -> str:
    """Letters without their marks: ā as a, š as s, ų as u."""
    marks = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(sign for sign in marks if not unicodedata.combining(sign)))


def old_style(text: str) -> str:
    """Latvian as typed before its letters were on every keyboard: sh, ch, aa, ee."""
    return text.translate(_OLD_STYLE)


def in_latin(text: str, table: Romanisation, chance: random.Random) -> str:
    """Armenian in Latin letters; one writer keeps to one way of writing a letter."""
    text = _plain_signs(text)
    habit: dict[str, str] = {}
    written = []
    at = 0
    while at < len(text):
        for size in (2, 1):
            letters = text[at : at + size]
            if letters in table:
                if letters not in habit:
                    ways = table[letters]
                    habit[letters] = chance.choices(list(ways), list(ways.values()))[0]
                written.append(habit[letters])
                break
        else:
            size = 1
            written.append(text[at])
        at += size
    return "".join(written)


def in_cyrillic(text: str) -> str:
    """Armenian in Cyrillic letters."""
    return _mapped(_plain_signs(text), _CYRILLIC)


def russian_in_latin(text: str) -> str:
    """Russian in Latin letters."""
    return _mapped(text, _RUSSIAN)


def _plain_signs(text: str) -> str:
    """Armenian punctuation as on other keyboards."""

    def sentence(found: re.Match[str]) -> str:
        said = found[0]
        mark = "?" if "՞" in said else "!" if "՜" in said else ""
        return f"{said.rstrip('։:.')}{mark}" if mark else said

    return _SENTENCE.sub(sentence, text).translate(_SIGNS)


def _mapped(text: str, table: Mapping[str, str]) -> str:
    written = []
    at = 0
    while at < len(text):
        pair = text[at : at + 2]
        size = 2 if len(pair) == 2 and pair.lower() in table else 1
        letters = text[at : at + size]
        found = table.get(letters.lower())
        if found is None:
            written.append(letters)
        else:
            written.append(found.capitalize() if letters[0].isupper() else found)
        at += size
    return "".join(written)


def stretched(text: str, chance: random.Random) -> str:
    """One vowel of a longer word stretched: "ļooooti"."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = chance.choice(words)
    vowels = [found.start() for found in _VOWEL.finditer(text, word.start(), word.end())]
    if not vowels:
        return text
    at = chance.choice(vowels)
    return text[:at] + text[at] * chance.randint(2, 4) + text[at:]


def with_slip(text: str, chance: random.Random) -> str:
    """One slip of the finger in a longer word: letters swapped, one left out, doubled, or its neighbour's."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = chance.choice(words)
    at = chance.randrange(word.start() + 1, word.end() - 1)
    kind = chance.choice(("swap", "drop", "double", "neighbour"))
    if kind == "swap":
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "drop":
        return text[:at] + text[at + 1 :]
    if kind == "double":
        return text[:at] + text[at] + text[at:]
    for row in _KEYBOARD:
        place = row.find(text[at].lower())
        if place >= 0:
            beside = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            return text[:at] + chance.choice(beside) + text[at + 1 :]
    return text


def variant(text: str, lang: str, romanisation: Romanisation, chance: random.Random) -> str:
    """The text as somebody else would type it; sometimes as it is."""
    draw = chance.random()
    if lang == "lv":
        text = without_diacritics(text) if draw < 0.35 else old_style(text) if draw < 0.5 else text
    elif lang == "lt":
        text = without_diacritics(text) if draw < 0.45 else text
    elif lang == "hy":
        text = (
            in_latin(text, romanisation, chance) if draw < 0.5 else in_cyrillic(text) if draw < 0.6 else text
        )
    elif lang == "ru":
        text = russian_in_latin(text) if draw < 0.3 else text
    if chance.random() < 0.25:
        text = text.lower()
    elif chance.random() < 0.03:
        text = _PLACEHOLDER.sub(lambda found: found[0].lower(), text.upper())
    if chance.random() < 0.15:
        text = text.rstrip(".!… ") or text
    if chance.random() < 0.05:
        text = stretched(text, chance)
    for _ in range(2):
        if chance.random() < 0.12:
            text = with_slip(text, chance)
    return text
