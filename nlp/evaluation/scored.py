"""A set together with a model's answers, and the figures of any part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nlp.evaluation.bootstrap import (
    Interval,
    binary_f1_interval,
    macro_f1_difference,
    macro_f1_interval,
    micro_f1_interval,
)
from nlp.evaluation.metrics import (
    Binary,
    Figures,
    aurc,
    binary,
    calibration_error,
    figures_of,
    macro_f1,
    micro_f1,
    risk_at,
)
from nlp.evaluation.sets import LabelledSet, Row
from nlp.score import Label, Score, Scorer
from nlp.training.own_texts import LABELS

__all__ = ["NEEDED", "Labels", "Memory", "Scored", "scored"]

# From this probability on a text is said to need a reply.
NEEDED = 0.5
_BLOCK = 256

Labels = Mapping[tuple[str, str], str]
"""What somebody answers to a text in a language, as (text, language) to neg, neu or pos."""


class Memory:
    """A scorer that asks another one about each text once; many sets share rows."""

    def __init__(self, scorer: Scorer, advance: Callable[[int], None] = lambda _: None) -> None:
        """`advance` hears how many texts of a call are done, in blocks."""
        self._scorer = scorer
        self._advance = advance
        self._known: dict[tuple[str, str | None], Score] = {}

    @property
    def name(self) -> str:
        """The other scorer's name."""
        return self._scorer.name

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Score]:
        """Judge each text, in order."""
        keys = list(zip(texts, hints or [None] * len(texts), strict=True))
        new = list(dict.fromkeys(key for key in keys if key not in self._known))
        for start in range(0, len(new), _BLOCK):
            part = new[start : start + _BLOCK]
            claimed = None if hints is None else [hint for _, hint in part]
            answers = self._scorer.score([text for text, _ in part], claimed)
            self._known.update(zip(part, answers, strict=True))
            self._advance(len(part))
        return [self._known[key] for key in keys]


@dataclass(frozen=True, slots=True)
class Scored:
    """Labelled rows and the score of each."""

    name: str
    rows: tuple[Row, ...]
    scores: tuple[Score, ...]

    def where(self, keep: Callable[[Row], bool]) -> Scored:
        """The part whose rows are kept."""
        return self._part([keep(row) for row in self.rows])

    def judged(self) -> Scored:
        """The part that the model judged."""
        return self._part([label is not None for label in self.given])

    def _part(self, kept: Sequence[bool]) -> Scored:
        rows = tuple(row for row, keep in zip(self.rows, kept, strict=True) if keep)
        scores = tuple(score for score, keep in zip(self.scores, kept, strict=True) if keep)
        return Scored(self.name, rows, scores)

    @property
    def true(self) -> list[str]:
        """The rows' labels."""
        return [row.label or "" for row in self.rows]

    @property
    def given(self) -> list[str | None]:
        """The model's labels; None where it did not judge."""
        return [None if score.label is Label.UNSCORED else score.label.value for score in self.scores]

    @property
    def groups(self) -> list[object] | None:
        """What rows belong together, or None when each is its own."""
        if all(row.group is None for row in self.rows):
            return None
        return [("row", place) if row.group is None else row.group for place, row in enumerate(self.rows)]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that these rows have; F1 is the mean over them, and any other answer is a miss."""
        return tuple(label for label in LABELS if label in self.true)

    def sentiment(self) -> Figures:
        """Figures of the labels."""
        return figures_of(self.true, self.given, self.labels)

    def macro_f1_of_all(self) -> float:
        """Macro-F1 over all rows: one that was not judged is a miss."""
        return macro_f1(self.true, [label or "" for label in self.given], self.labels)

    def macro_f1_interval(self) -> Interval:
        """The 95 % interval of macro-F1 over the judged rows."""
        judged = self.judged()
        return macro_f1_interval(judged.true, judged.given, self.labels, judged.groups)

    def lead_over(self, other: Sequence[str | None]) -> Interval:
        """The 95 % interval of how much macro-F1 this has above the labels `other`, over all rows."""
        return macro_f1_difference(self.true, self.given, other, self.labels, self.groups)

    def _sureness(self) -> tuple[list[bool], list[float]]:
        """Of the judged rows: whether the label is right, and the probability of the label."""
        pairs = [
            (row.label == score.label.value, score.p.confidence)
            for row, score in zip(self.rows, self.scores, strict=True)
            if score.p is not None
        ]
        return [right for right, _ in pairs], [sure for _, sure in pairs]

    def calibration_error(self) -> float:
        """The expected calibration error of the judged rows."""
        return calibration_error(*self._sureness())

    def risk_at(self, coverage: float) -> float | None:
        """The share of wrong labels when this share of all rows, the surest, is answered."""
        return risk_at(*self._sureness(), len(self.rows), coverage)

    def aurc(self) -> float:
        """The area under the risk-coverage curve of the judged rows."""
        return aurc(*self._sureness())

    @property
    def tells_needs_reply(self) -> bool:
        """Whether the model says anything about replies."""
        return any(score.needs_reply is not None for score in self.scores)

    def needs_reply(self) -> Binary:
        """How well rows that need a reply are told; one that was not judged counts as told not to."""
        return binary(*self._replies())

    def needs_reply_interval(self) -> Interval:
        """The 95 % interval of the F1 of `needs_reply`."""
        return binary_f1_interval(*self._replies())

    def _replies(self) -> tuple[list[bool], list[bool]]:
        return (
            [bool(row.needs_reply) for row in self.rows],
            [score.needs_reply is not None and score.needs_reply >= NEEDED for score in self.scores],
        )

    def aspects(self) -> float:
        """Micro-F1 of the aspects; a row that was not judged has none."""
        return micro_f1(*self._aspects())

    def aspects_interval(self) -> Interval:
        """The 95 % interval of `aspects`."""
        return micro_f1_interval(*self._aspects())

    def aspect(self, name: str) -> Binary:
        """How well one aspect is told."""
        true, given = self._aspects()
        return binary([name in row for row in true], [name in row for row in given])

    def _aspects(self) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
        return (
            [row.aspects or frozenset() for row in self.rows],
            [frozenset(score.aspects) for score in self.scores],
        )


def scored(scorer: Scorer, rows: LabelledSet, *, told: bool = False) -> Scored:
    """Score all rows of a set; the language of a row is given to the scorer only when it is `told`."""
    hints: Sequence[str | None] | None = [row.lang for row in rows.rows] if told else None
    return Scored(rows.name, rows.rows, tuple(scorer.score([row.text for row in rows.rows], hints)))
