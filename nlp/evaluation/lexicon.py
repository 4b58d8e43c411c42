"""A baseline that learns nothing: the sum of the strengths of the words that a list knows (AFINN).

Nielsen 2011, "A new ANEW: Evaluation of a word list for sentiment analysis in microblogs"; the lists in other
languages are machine translations of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from atbalss.errors import ModelError

__all__ = ["Lexicon", "read_lexicon"]

# Armenian sets the signs of question, exclamation and stress inside the word.
_INNER_SIGNS = str.maketrans(dict.fromkeys("՛՜՞"))
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


class Lexicon:
    """How good (above 0) or bad (below) words are, single ones or several in a row."""

    def __init__(self, strengths: Mapping[str, float]) -> None:
        """Take the strength of each word or sequence of words, in any case."""
        self._strengths = {words: strength for term, strength in strengths.items() if (words := _words(term))}
        self._longest = max(map(len, self._strengths), default=1)

    def label(self, text: str) -> str:
        """The sign of the sum over the text as neg, neu or pos; of overlapping terms the longest counts."""
        words = _words(text)
        total, at = 0.0, 0
        while at < len(words):
            known = (n for n in range(self._longest, 0, -1) if words[at : at + n] in self._strengths)
            size = next(known, 0)
            total += self._strengths[words[at : at + size]] if size else 0.0
            at += size or 1
        # Strengths are tenths: what rounding leaves of their sum is no opinion.
        total = round(total, 6)
        return "neg" if total < 0 else "pos" if total > 0 else "neu"


def read_lexicon(path: Path) -> Lexicon:
    """The lexicon of a file of `words<TAB>strength` lines; raises `ModelError` when it is missing."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise ModelError(path.name, "cannot be read", "give the folder that holds lexicons/") from error
    pairs = (line.rsplit("\t", 1) for line in lines if "\t" in line)
    return Lexicon({term: float(strength) for term, strength in pairs})


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.translate(_INNER_SIGNS).lower()))
