"""A scorer of fixed word lists, for tests of rules, channels and reports: instant, the same everywhere.

It is no model: it knows some forty words of praise and complaint a language, and nothing of grammar. Use it where the
score must be known beforehand, never to learn what customers think.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from nlp.judging import Judgement, judge
from nlp.language import UNDETERMINED, Detected, How, detect_by_letters
from nlp.opinion_words import NEGATIVE, POSITIVE, bare_words, word_hits
from nlp.score import Probabilities, Score

__all__ = ["TinyScorer"]

# What each word of praise or complaint adds to the evidence, and how strongly a word decides.
_ONE = 4.0
_REST = 1.0


class TinyScorer:
    """Judges by counting words: more complaints than praise is negative, fewer is positive, else neutral."""

    name = "tiny-1"

    def __init__(self, languages: Sequence[str]) -> None:
        """`languages` are those to judge, of lv, lt, hy, ru, en."""
        self._supported = frozenset(languages) & NEGATIVE.keys()

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Score]:
        """Judge each text, in order."""
        return judge(
            texts,
            hints,
            model=self.name,
            supported=self._supported,
            detect=_detect,
            classify=lambda normalised, _: [
                Judgement(_probabilities(text, self._supported)) for text in normalised
            ],
        )


def _detect(text: str, languages: Collection[str], hint: str | None) -> Detected:
    """By letters; in Latin letters without diacritics by the language whose words are most, else the hint."""
    found = detect_by_letters(text, languages)
    if found.how is not How.UNCLEAR or not found.confidence:
        return found
    words = bare_words(text)
    hits = word_hits(words)
    best = max(hits, key=lambda lang: (hits[lang], lang == hint))
    if hits[best]:
        known = best in languages
        return Detected(best if known else UNDETERMINED, hits[best] / len(words), How.STATISTICS)
    return Detected(hint, 0.0, How.HINT) if hint is not None and hint in languages else found


def _probabilities(text: str, languages: Collection[str]) -> Probabilities:
    """By the lists of the text's language; by all of them when only a hint told the language."""
    lang = _detect(text, languages, None).lang
    words = bare_words(text)
    bad = sum(_begins(word, NEGATIVE, lang) for word in words)
    good = sum(_begins(word, POSITIVE, lang) for word in words)
    evidence = {"neg": _REST, "neu": _REST, "pos": _REST}
    if bad > good:
        evidence["neg"] += _ONE * (bad - good)
    elif good > bad:
        evidence["pos"] += _ONE * (good - bad)
    else:
        evidence["neu"] += _ONE
    total = sum(evidence.values())
    return Probabilities(evidence["neg"] / total, evidence["neu"] / total, evidence["pos"] / total)


def _begins(word: str, lists: Mapping[str, tuple[str, ...]], lang: str) -> bool:
    chosen = [lists[lang]] if lang in lists else lists.values()
    return any(word.startswith(stems) for stems in chosen)
