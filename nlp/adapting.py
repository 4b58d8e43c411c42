"""Adapts the heads to a customer's corrections: how far, and whether at all.

The encoder and the calibration stay. How far each head changes (`nlp.refit`) is chosen by cross-validation on the
corrections, among the changes under which our development texts are judged as well as before.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import torch
from torch import Tensor

from nlp.adaptable import ADAPTABLE, Embedded, Head
from nlp.calibration import Calibration
from nlp.evaluation.head_figures import figures_by_language
from nlp.heads import Heads
from nlp.refit import STRENGTHS, Frame, Rows, anchors, changes, folds_of, held_out, losses
from nlp.training.examples import Example

__all__ = [
    "FEWEST",
    "LARGEST_FALL",
    "MOST_REPLAYED",
    "Adaptation",
    "Fall",
    "Outcome",
    "Verdict",
    "adapt",
    "replay_examples",
    "too_little",
]

FEWEST = 20
"""A head with fewer corrections is left alone: what they teach cannot be told from chance."""

LARGEST_FALL = 0.01
"""By how much no guarded figure of the development texts may fall, in any language."""

MOST_REPLAYED = 1500
"""Of so many of our own texts at most the heads keep what they say: on two cores they cost some fifteen seconds."""

# What the guard leaves of the gain must be this share of what the corrections alone would bring. Corrections that
# contradict our labels would otherwise pass as a change too small to do harm, or any good.
_LEAST_SHARE = 1 / 3
_FOLDS = 5

Figures = Mapping[str, Mapping[str, float]]


class Verdict(StrEnum):
    """What becomes of a head."""

    ADAPTED = "adapted"
    FEW = "few"  # fewer than FEWEST corrections
    ALIKE = "alike"  # all corrections say the same
    NO_GAIN = "no_gain"  # held-out corrections would be judged no better
    HARMFUL = "harmful"  # they would, but our development texts worse


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure of the development texts that would fall too far."""

    lang: str
    figure: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the corrections do to one head.

    `before` and `after` are its F1 on the corrections, each judged by a head that has not seen it (macro-F1 of
    sentiment, F1 of needs-reply, micro-F1 of aspects). `strength` is that of the penalty. `falls` say why a change
    would be harmful.
    """

    head: str
    verdict: Verdict
    corrections: int
    before: float = 0.0
    after: float = 0.0
    strength: float | None = None
    falls: tuple[Fall, ...] = ()


@dataclass(frozen=True, slots=True)
class Adaptation:
    """All heads' outcomes, the tensors that change, and figures of the development texts with all of them judged."""

    outcomes: tuple[Outcome, ...]
    tensors: Mapping[str, Tensor]
    before: Figures
    after: Figures

    @property
    def accepted(self) -> bool:
        """Whether some head changes and none would do harm."""
        verdicts = {outcome.verdict for outcome in self.outcomes}
        return Verdict.ADAPTED in verdicts and Verdict.HARMFUL not in verdicts


def too_little(examples: Sequence[Example]) -> str | None:
    """Why nothing can be learned from these corrections, or None; costs nothing, so it can be asked first."""
    if not examples:
        return "holds no correction"
    answers = {head.name: [head.answer(example) for example in examples] for head in ADAPTABLE}
    verdicts = {name: _teaches(given) for name, given in answers.items()}
    if verdicts["sentiment"] is Verdict.ALIKE:
        return "gives every text the same label"
    if None not in verdicts.values():
        counts = (f"{name} {sum(one is not None for one in given)}" for name, given in answers.items())
        return f"has too few different corrections ({', '.join(counts)}; needed are {FEWEST})"
    return None


def replay_examples(
    own: Iterable[Example], langs: Collection[str], chance: random.Random, most: int = MOST_REPLAYED
) -> list[Example]:
    """At most `most` of our `own` texts for the model to stay as it is on: at least half of them in `langs`.

    The others keep the languages that nobody corrected: all languages share the heads.
    """
    near: list[Example] = []
    far: list[Example] = []
    for example in own:
        (near if example.lang in langs else far).append(example)
    others = chance.sample(far, min(len(far), most // 2))
    return [*chance.sample(near, min(len(near), most - len(others))), *others]


def adapt(
    tensors: Mapping[str, Tensor],
    calibration: Calibration,
    feedback: Embedded,
    replay: Embedded,
    dev: Embedded,
    chance: random.Random,
) -> Adaptation:
    """Fit each head to `feedback`; `replay` are texts on which it shall stay as it is, `dev` those that guard it.

    `tensors` hold the present heads. Nothing is changed in place.
    """
    # The guard looks at every text: a head must not seem better because it says less.
    every = replace(calibration, least_margin=0.0)
    langs = [example.lang for example in dev.examples]

    def figures_with(changed: Mapping[str, Tensor]) -> Figures:
        heads = Heads({**tensors, **changed}, every)
        return figures_by_language(dev.examples, heads.judge(dev.vectors, langs))

    before = figures_with({})
    frame = Frame.of(torch.cat([replay.vectors, feedback.vectors]))
    outcomes: list[Outcome] = []
    changed: dict[str, Tensor] = {}
    for kind in ADAPTABLE:
        head = kind(tensors, calibration, frame)

        def falls_with(fresh: Mapping[str, Tensor], figure: str = head.figure) -> tuple[Fall, ...]:
            return _falls(before, figures_with(fresh), figure)

        outcome, fresh = _outcome(head, feedback, replay, falls_with, chance)
        outcomes.append(outcome)
        changed |= fresh
    return Adaptation(tuple(outcomes), changed, before, figures_with(changed))


def _outcome(
    head: Head,
    feedback: Embedded,
    replay: Embedded,
    falls_with: Callable[[Mapping[str, Tensor]], tuple[Fall, ...]],
    chance: random.Random,
) -> tuple[Outcome, Mapping[str, Tensor]]:
    """What becomes of one head, and its tensors if they change."""
    answers = [head.answer(example) for example in feedback.examples]
    told = [place for place, answer in enumerate(answers) if answer is not None]
    verdict = _teaches(answers)
    if verdict is not None:
        return Outcome(head.name, verdict, len(told)), {}
    known = feedback.where(told)
    columns, logits = head.calibrated(known)
    rows = Rows(columns, logits, head.targets(known.examples))
    anchor = anchors(head.kind, *head.calibrated(replay))
    folds = folds_of([answers[place] for place in told], _FOLDS, chance)
    unseen = held_out(head.kind, rows, anchor, folds)
    f1 = head.f1(known.examples, rows.before)
    f1_after = [head.f1(known.examples, judged) for judged in unseen]
    now = losses(head.kind, rows.before, rows.targets)
    gained = [now - losses(head.kind, judged, rows.targets) for judged in unseen]
    # Probabilities may gain where no answer does: that is no reason to change a head.
    gains = {
        place: gain.mean().item()
        for place, gain in enumerate(gained)
        if f1_after[place] > f1 and _is_sure(gain)
    }
    unchanged = Outcome(head.name, Verdict.NO_GAIN, len(told), f1, f1)
    if not gains:
        return unchanged, {}
    fresh = [head.changed(change) for change in changes(head.kind, rows, anchor)]
    falls = {place: falls_with(fresh[place]) for place in gains}
    best = max(gains, key=gains.__getitem__)
    kept = max((place for place in gains if not falls[place]), key=gains.__getitem__, default=best)
    harmful = bool(falls[kept]) or gains[kept] < _LEAST_SHARE * gains[best]
    chosen = best if harmful else kept
    found = replace(unchanged, after=f1_after[chosen], strength=STRENGTHS[chosen])
    if harmful:
        return replace(found, verdict=Verdict.HARMFUL, falls=falls[best]), {}
    return replace(found, verdict=Verdict.ADAPTED), fresh[chosen]


def _teaches(answers: Sequence[Hashable]) -> Verdict | None:
    """Why a head is left alone before anything is tried; None when it may learn."""
    told = [answer for answer in answers if answer is not None]
    if len(told) < FEWEST:
        return Verdict.FEW
    return Verdict.ALIKE if len(set(told)) == 1 else None


def _is_sure(gain: Tensor) -> bool:
    """Whether the mean of what the rows gain is more than its standard error."""
    return gain.mean().item() > gain.std().item() / math.sqrt(len(gain))


def _falls(before: Figures, after: Figures, figure: str) -> tuple[Fall, ...]:
    return tuple(
        Fall(lang, figure, before[lang][figure], after[lang][figure])
        for lang in before
        if round(before[lang][figure] - after[lang][figure], 4) > LARGEST_FALL
    )
