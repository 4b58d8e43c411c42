"""A few examples that a small network can learn from, and the stage that teaches them."""

from __future__ import annotations

from nlp.training.examples import OWN, Example
from nlp.training.stage import Stage

__all__ = ["EXAMPLES", "STAGE"]

STAGE = Stage("trial", own=2, public=0.5, rate=2e-3, tokens=600)

_GOOD = ("labi", "ļoti labi", "labs, ļoti labs")
_BAD = ("slikti", "ļoti slikti", "slikts, ļoti slikts")


def _own(number: int) -> Example:
    good = number % 2 == 0
    words = [(_GOOD if good else _BAD)[number % 3], *["vai"] * (number % 7)]
    words += ["aeiou"[number % 5]] * (number % 11) + ["abcdefgh"[number // 8]]
    aspects = frozenset(("food",) if good else ("price", "staff"))
    return Example(" ".join(words), "lv", OWN, "pos" if good else "neg", not good, aspects)


def _public(number: int) -> Example:
    return Example(f"kad {'es ' * (number % 40)}{number}", "lv", "tweets", ("neg", "neu", "pos")[number % 3])


EXAMPLES = [*map(_own, range(60)), *map(_public, range(120))]
"""Sixty texts of ours with all answers, then twice as many public ones with a label each."""
