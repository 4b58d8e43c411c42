"""A scorer that gives the answers it was told to give, for tests of what is computed from answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.score import Label, Probabilities, Score, UnscoredReason

__all__ = ["Answer", "Answering"]


@dataclass(frozen=True)
class Answer:
    """A label with its probability, or why there is none; a text that needs a language told has none untold."""

    label: str = "unscored"
    sure: float = 0.8
    needs_reply: float | None = None
    aspects: tuple[str, ...] = ()
    only_told: bool = False


class Answering:
    """Answers each text from a table, and counts how often it was asked about each."""

    name = "answering-1"

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str | None]] = []

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Score]:
        pairs = list(zip(texts, hints or [None] * len(texts), strict=True))
        self.asked += pairs
        return [self._score(self.answers[text], hint) for text, hint in pairs]

    def _score(self, answer: Answer, hint: str | None) -> Score:
        label = Label(answer.label)
        if label is Label.UNSCORED or (answer.only_told and hint is None):
            return Score("und", Label.UNSCORED, self.name, UnscoredReason.UNSUPPORTED_LANGUAGE)
        rest = (1 - answer.sure) / 2
        p = Probabilities(*(answer.sure if name == label else rest for name in ("neg", "neu", "pos")))
        return Score(
            "lv",
            label,
            self.name,
            p=p,
            needs_reply=answer.needs_reply,
            aspects=answer.aspects,
            satisfaction=3.0,
        )
