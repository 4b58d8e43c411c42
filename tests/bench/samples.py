"""The texts of the bench: our development texts, and texts of an exact number of tokens made of their words."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

from tokenizers import Tokenizer

from nlp.normalise import normalise
from nlp.training.own_texts import is_dev, read_texts

__all__ = ["FRAME", "development_texts", "texts_of"]

FRAME = 2
"""The tokens that every BERT puts around a text; ours puts a few more, which is its own affair."""


def development_texts() -> dict[str, list[str]]:
    """Our development texts by language, normalised, so that both models read the same."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in read_texts():
        if is_dev(row["writer"]):
            found[row["lang"]].append(normalise(row["text"]))
    return dict(found)


def texts_of(
    tokens: int, count: int, texts: Mapping[str, Sequence[str]], tokenizer: Tokenizer, chance: random.Random
) -> list[str]:
    """`count` texts of exactly `tokens` tokens with `FRAME`, each of words of one language, languages in turn."""
    # A word is cut into the same pieces wherever it stands, so the pieces of a text are those of its words.
    streams = [cycle(_words(rows, chance)) for _, rows in sorted(texts.items())]
    return [_fill(streams[number % len(streams)], tokens - FRAME, tokenizer) for number in range(count)]


def _words(rows: Sequence[str], chance: random.Random) -> list[str]:
    """The words of the texts, the texts in another order."""
    return [word for row in chance.sample(rows, len(rows)) for word in row.split()]


def _fill(words: Iterable[str], tokens: int, tokenizer: Tokenizer) -> str:
    """Words in their order, without those that are too long for what is left."""
    chosen: list[str] = []
    left = tokens
    for word in words:
        needed = len(tokenizer.encode(word, add_special_tokens=False).ids)
        if needed <= left:
            chosen.append(word)
            left -= needed
        if not left:
            break
    return " ".join(chosen)
