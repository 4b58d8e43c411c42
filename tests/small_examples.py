"""A few made-up examples of our own and public ones, for a training that takes a moment."""

from __future__ import annotations

from nlp.training.examples import OWN, Example
from nlp.training.stage import Stage

__all__ = ["EXAMPLES", "STAGE"]

STAGE = Stage("trial", own=2, public=0.5, rate=2e-3, tokens=300)
GOOD, BAD = ("labi", "ļoti labi", "labs, ļoti labs"), ("slikti", "ļoti slikti", "slikts, ļoti slikts")


def own(number: int) -> Example:
    good = number % 2 == 0
    text = (
        (GOOD if good else BAD)[number % 3]
        + " vai" * (number % 7)
        + f" {'aeiou'[number % 5]}" * (number % 11)
    )
    return Example(
        f"{text} n{number}".replace("0", "o"),
        "lv",
        OWN,
        "pos" if good else "neg",
        not good,
        frozenset(("food",) if good else ("price", "staff")),
    )


def public(number: int) -> Example:
    return Example(f"kad {'es ' * (number % 40)}{number}", "lv", "tweets", ("neg", "neu", "pos")[number % 3])


EXAMPLES = [*map(own, range(60)), *map(public, range(120))]
