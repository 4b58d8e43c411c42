"""What each sentence must bring about: a case is one or more texts and what must hold of their scores."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from nlp.score import Label, Score
from nlp.training.variants import in_cyrillic, in_latin, old_style, russian_in_latin, without_diacritics
from tests.behaviour.rows import Row, read_rows

__all__ = ["DERIVED", "KINDS", "Case", "cases_of"]

# What a name, a number or a town may move each probability by.
FURTHEST = 0.25
# From this probability on a text counts as one that the business should answer.
NEEDED = 0.5

Holds = Callable[[Sequence[Score]], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """`holds` says of the scores of `texts`, in order, whether the model did what it must."""

    lang: str
    kind: str
    texts: tuple[str, ...]
    holds: Holds


# What one sentence of a kind is labelled, whatever else is tested with it.
LABELS: Mapping[str, Label] = {
    "praise": Label.POS,
    "complaint": Label.NEG,
    "question": Label.NEU,
    "insult": Label.NEG,
    "comparison": Label.POS,
    "resolved": Label.POS,
    "implicit": Label.NEG,
}
# Whether the business should answer it. An implicit complaint and "thanks, but" are borderline too often.
REPLIES: Mapping[str, bool] = {
    "praise": False,
    "complaint": True,
    "question": True,
    "insult": False,
    "resolved": False,
}
# Happy and angry, the same pair for the same sentence in each language.
EMOJI = (("😍", "😡"), ("👍", "👎"), ("😊", "😠"), ("❤️", "🤮"), ("🎉", "😤"))

# The commonest Latin spelling of each Armenian letter in chats.
_LATIN = {
    **{"ու": "u", "և": "ev", "ա": "a", "բ": "b", "գ": "g", "դ": "d", "ե": "e", "զ": "z", "է": "e", "ը": "y"},
    **{"թ": "t", "ժ": "j", "ի": "i", "լ": "l", "խ": "x", "ծ": "c", "կ": "k", "հ": "h", "ձ": "dz", "ղ": "x"},
    **{"ճ": "ch", "մ": "m", "յ": "y", "ն": "n", "շ": "sh", "ո": "o", "չ": "ch", "պ": "p", "ջ": "j", "ռ": "r"},
    **{"ս": "s", "վ": "v", "տ": "t", "ր": "r", "ց": "c", "փ": "p", "ք": "q", "օ": "o", "ֆ": "f", "ւ": "v"},
}


def _armenian_in_latin(text: str) -> str:
    # With one way for each letter nothing is left to chance.
    ways = {letters: {latin: 1.0} for letters, latin in _LATIN.items()}
    return in_latin(text.lower(), ways, random.Random(0))


TYPED: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "no_diacritics": {"lv": without_diacritics, "lt": without_diacritics},
    "old_style": {"lv": old_style},
    "in_latin": {"hy": _armenian_in_latin, "ru": russian_in_latin},
    "in_cyrillic": {"hy": in_cyrillic},
    "lower_case": dict.fromkeys(("lv", "lt", "hy", "ru", "en"), str.lower),
}
"""Kind -> language -> how somebody else types the same text."""

DERIVED = ("emoji_agrees", *TYPED, *(f"reply_{kind}" for kind in REPLIES))
KINDS = (
    *("praise", "complaint", "question", "insult", "implicit", "comparison", "resolved", "thanks_but"),
    *("negation", "names", "emoji", *DERIVED),
)
"""All kinds of tests, in the order of a report."""


def cases_of(lang: str) -> list[Case]:
    """All cases in `lang`, in the order of the kinds."""
    rows = read_rows(lang)
    found = [*_written(rows), *_with_emoji(rows), *_typed(lang, rows), *_replies(rows)]
    return sorted(found, key=lambda case: KINDS.index(case.kind))


def _written(rows: Sequence[Row]) -> Iterator[Case]:
    emoji = cycle(EMOJI)
    for row in rows:
        if row.kind == "negation":
            yield Case(row.lang, row.kind, _both(row), _flips(Label(row.label or "")))
        elif row.kind == "names":
            yield Case(row.lang, row.kind, _both(row), _stays)
        elif row.kind == "emoji":
            texts = tuple(f"{row.text} {sign}" for sign in next(emoji))
            yield Case(row.lang, row.kind, texts, _first_is_happier)
        elif row.kind == "thanks_but":
            yield Case(row.lang, row.kind, (row.text,), _is(Label.NEG, Label.NEU))
        else:
            yield Case(row.lang, row.kind, (row.text,), _is(LABELS[row.kind]))


def _with_emoji(rows: Sequence[Row]) -> Iterator[Case]:
    emoji = cycle(EMOJI)
    for row in rows:
        if row.kind in ("praise", "complaint"):
            happy, angry = next(emoji)
            text = f"{row.text} {happy if row.kind == 'praise' else angry}"
            yield Case(row.lang, "emoji_agrees", (text,), _is(LABELS[row.kind]))


def _typed(lang: str, rows: Sequence[Row]) -> Iterator[Case]:
    for kind, ways in TYPED.items():
        if lang not in ways:
            continue
        for row in rows:
            other = ways[lang](row.text)
            if row.kind in ("praise", "complaint", "question") and other != row.text:
                yield Case(lang, kind, (row.text, other), _same_label)


def _replies(rows: Sequence[Row]) -> Iterator[Case]:
    for row in rows:
        if row.kind in REPLIES:
            yield Case(row.lang, f"reply_{row.kind}", (row.text,), _needs_reply(REPLIES[row.kind]))


def _both(row: Row) -> tuple[str, str]:
    if row.other is None:
        raise ValueError(f"a row of kind {row.kind} has no counterpart")
    return row.text, row.other


def _is(*labels: Label) -> Holds:
    return lambda scores: scores[0].label in labels


def _flips(label: Label) -> Holds:
    # "Not good" is bad, while "not bad" is anything but bad.
    others = (Label.NEG,) if label is Label.POS else (Label.NEU, Label.POS)
    return lambda scores: scores[0].label is label and scores[1].label in others


def _same_label(scores: Sequence[Score]) -> bool:
    return scores[0].label is not Label.UNSCORED and scores[0].label is scores[1].label


def _stays(scores: Sequence[Score]) -> bool:
    one, other = scores[0].p, scores[1].p
    if one is None or other is None or one.label is not other.label:
        return False
    moved = (abs(one.neg - other.neg), abs(one.neu - other.neu), abs(one.pos - other.pos))
    return max(moved) <= FURTHEST


def _first_is_happier(scores: Sequence[Score]) -> bool:
    one, other = scores[0].satisfaction, scores[1].satisfaction
    return one is not None and other is not None and one > other


def _needs_reply(needed: bool) -> Holds:
    def holds(scores: Sequence[Score]) -> bool:
        found = scores[0].needs_reply
        return found is not None and (found >= NEEDED) is needed

    return holds
