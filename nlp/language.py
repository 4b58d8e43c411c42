"""The language of a text: its alphabet, then letters or everyday words of one language only, then statistics.

Posts are short and often typed without diacritics, so the answer may be `und`: the next step then leaves the
text unscored instead of judging it in the wrong language. What a source claims is a hint that settles a
close race and nothing more. How the detector was chosen is in docs/model.md.

Armenian or Russian written in Latin letters is `und`: the model has not learnt to judge it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from nlp.normalise import normalise, words_only
from nlp.opinion_words import ROMANISED, bare_words, word_hits

__all__ = ["TOLD_APART", "UNDETERMINED", "Detected", "How", "detect", "detect_by_letters", "probabilities"]

UNDETERMINED = "und"

TOLD_APART = ("lv", "lt", "hy", "ru", "en", "et", "pl", "other")
"""What a model's head for languages tells apart; `other` are all that it was not taught."""

# Languages beside which ours are told apart: without them Estonian would pass as Latvian, Polish as Lithuanian.
NEIGHBOURS = frozenset({"et", "pl", "de", "fi", "en", "lv", "lt", "tr", "es", "fr"})

# Told by their alphabet: as candidates for Latin letters they would only be in the way.
_OWN_ALPHABET = frozenset({"hy", "ru"})

# A post about a business in the Baltics or Armenia is likelier to be in a configured language than in one of
# their neighbours. It counts for a few words ("Great!"), which say little themselves. How prior
# and margin were chosen is in docs/model.md.
PRIOR = 3.0
# What the best language must be ahead of the second one.
MARGIN = 0.10
# What a hinted language must have for the hint to settle a close race.
HINT_SHARE = 0.05
# Native text has 5-12 % of such letters; a name ("Rīga") in an English sentence has far fewer.
DISTINCTIVE_SHARE = 0.05

# Up to so many words are looked up in word lists, and weighed by the prior.
_FEW_WORDS = 3
# So many of the different words, at least two, give away Armenian or Russian in Latin letters.
_ROMANISED_SHARE = 0.1

_ONLY_IN: Mapping[str, frozenset[str]] = {
    "lv": frozenset("āēīģķļņ"),
    "lt": frozenset("ėįų"),
    "pl": frozenset("łńśźżć"),
    "et": frozenset("õ"),
}
# Letters of other Cyrillic alphabets, and letters that among our neighbours only Russian has.
_NOT_RUSSIAN = frozenset("іїєґўјљњћџђ")


class How(StrEnum):
    """What settled the language."""

    ALPHABET = "alphabet"
    LETTERS = "letters"
    WORDS = "words"
    ROMANISED = "romanised"
    STATISTICS = "statistics"
    HINT = "hint"
    UNCLEAR = "unclear"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True, slots=True)
class Detected:
    """A language (ISO 639-1, or `und`), how sure (0-1), and what settled it."""

    lang: str
    confidence: float
    how: How


Statistics = Callable[[str, frozenset[str]], Mapping[str, float]]


def detect(
    text: str,
    languages: Collection[str],
    hint: str | None = None,
    statistics: Statistics | None = None,
) -> Detected:
    """The language of `text` among `languages`, or `und`.

    `hint` is what the source claims (`lv`, also `lv-LV`). `statistics` gives the probability of each of a
    set of languages; by default the packaged detector, which is loaded at the first text that needs it.
    """
    found = detect_by_letters(text, languages, hint)
    if found.how is not How.UNCLEAR or not found.confidence:
        return found
    written = words_only(normalise(text))
    words = bare_words(written)
    by_words = _by_words(words, languages)
    if by_words is not None:
        return by_words
    shares = (statistics or probabilities)(written, (frozenset(languages) | NEIGHBOURS) - _OWN_ALPHABET)
    return _settled(shares, languages, _hinted(hint, languages), short=len(words) <= _FEW_WORDS)


def detect_by_letters(text: str, languages: Collection[str], hint: str | None = None) -> Detected:
    """The language as far as alphabet and distinctive letters tell; needs nothing beyond this module.

    `unclear` with confidence 0 means that there is no letter of a known alphabet; with a higher one, that
    the text is in Latin letters and could be several languages.
    """
    counts = Counter(words_only(normalise(text)).lower())
    letters = {character: count for character, count in counts.items() if character.isalpha()}
    alphabets: Counter[str] = Counter()
    for letter, count in letters.items():
        alphabets[_alphabet(letter)] += count
    if not alphabets:
        return Detected(UNDETERMINED, 0.0, How.UNCLEAR)
    alphabet, count = alphabets.most_common(1)[0]
    share = count / alphabets.total()
    if alphabet == "armenian":
        return _known("hy", share, How.ALPHABET, languages)
    if alphabet == "cyrillic":
        foreign = sum(letters.get(letter, 0) for letter in _NOT_RUSSIAN)
        if foreign > DISTINCTIVE_SHARE * count:
            return Detected(UNDETERMINED, share, How.NOT_CONFIGURED)
        return _known("ru", share, How.ALPHABET, languages)
    if alphabet != "latin":
        return Detected(UNDETERMINED, share, How.NOT_CONFIGURED)
    own = {lang: sum(letters.get(letter, 0) for letter in only) for lang, only in _ONLY_IN.items()}
    lang, most = max(own.items(), key=lambda item: item[1])
    others = sum(own.values()) - most
    if most > others and most >= DISTINCTIVE_SHARE * count:
        return _known(lang, (most - others) / most, How.LETTERS, languages)
    return Detected(UNDETERMINED, share, How.UNCLEAR)


def _by_words(words: Sequence[str], languages: Collection[str]) -> Detected | None:
    """Romanised texts by their everyday words, and a few words, where statistics guess, by the word lists."""
    distinct = set(words)
    romanised = max(len(distinct & common) for common in ROMANISED.values())
    if romanised >= 2 and romanised >= _ROMANISED_SHARE * len(distinct):
        return Detected(UNDETERMINED, romanised / len(distinct), How.ROMANISED)
    if len(words) > _FEW_WORDS:
        return None
    # Only one language's words, or they decide nothing.
    known = {lang: count for lang, count in word_hits(words).items() if count and lang in languages}
    if len(known) != 1:
        return None
    ((lang, count),) = known.items()
    return Detected(lang, count / len(words), How.WORDS)


def _known(lang: str, confidence: float, how: How, languages: Collection[str]) -> Detected:
    if lang in languages:
        return Detected(lang, confidence, how)
    return Detected(UNDETERMINED, confidence, How.NOT_CONFIGURED)


def _hinted(hint: str | None, languages: Collection[str]) -> str | None:
    code = (hint or "").lower().replace("_", "-").split("-")[0]
    return code if code in languages else None


def _settled(
    shares: Mapping[str, float], languages: Collection[str], hint: str | None, *, short: bool
) -> Detected:
    """The decision from probabilities: the best by a margin, else the hinted one, else `und`."""
    prior = PRIOR if short else 1.0
    weighed = {lang: share * (prior if lang in languages else 1.0) for lang, share in shares.items()}
    total = sum(weighed.values())
    shares = {lang: share / total for lang, share in weighed.items()}
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    (best, first), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0.0
    if best in languages and first - second >= MARGIN:
        return Detected(best, first, How.STATISTICS)
    if hint is not None and shares.get(hint, 0.0) >= HINT_SHARE:
        return Detected(hint, shares[hint], How.HINT)
    clearly_other = best not in languages and first - second >= MARGIN
    return Detected(UNDETERMINED, first, How.NOT_CONFIGURED if clearly_other else How.UNCLEAR)


def _alphabet(letter: str) -> str:
    point = ord(letter)
    if point < 0x250 or 0x1E00 <= point < 0x1F00:
        return "latin"
    if 0x400 <= point < 0x530:
        return "cyrillic"
    if 0x530 <= point < 0x590 or 0xFB13 <= point <= 0xFB17:
        return "armenian"
    return "other"


def probabilities(text: str, languages: frozenset[str]) -> dict[str, float]:
    """The packaged detector's probabilities over `languages`; loads it once for each set of languages."""
    return _detector(languages)(text)


@lru_cache(maxsize=8)
def _detector(languages: frozenset[str]) -> Callable[[str], dict[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted(languages))

    def ask(text: str) -> dict[str, float]:
        # In lower case, as few of the texts that the detector learnt from are in capitals.
        return {lang: float(share) for lang, share in identifier.rank(text.lower())}

    return ask
