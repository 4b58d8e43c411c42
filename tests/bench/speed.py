"""Texts a second of several models, measured in turns, so that whatever else the machine does meets all of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Case", "Pace", "measure"]

Judge = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Case:
    """Some texts, given `together` at a time."""

    name: str
    texts: Sequence[str]
    together: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What each model did in a case: texts a second in its best round."""

    case: Case
    speeds: Mapping[str, float]

    def ratio(self, ours: str, theirs: str) -> float:
        """How many times as fast `ours` was."""
        return self.speeds[ours] / self.speeds[theirs]


def measure(case: Case, judges: Mapping[str, Judge], *, rounds: int, clock: Callable[[], float]) -> Pace:
    """Let every model judge the case's texts once a round, in turns; the best round of each counts.

    Other work on the machine only ever makes a round slower, so the best one is nearest to the truth. Each model's
    first texts are judged once more before, unmeasured.
    """
    parts = [case.texts[start : start + case.together] for start in range(0, len(case.texts), case.together)]
    best = dict.fromkeys(judges, float("inf"))
    for judge in judges.values():
        judge(parts[0])
    gc.disable()
    try:
        for _ in range(rounds):
            for name, judge in judges.items():
                start = clock()
                for part in parts:
                    judge(part)
                best[name] = min(best[name], clock() - start)
            gc.collect()
    finally:
        gc.enable()
    return Pace(case, {name: len(case.texts) / seconds for name, seconds in best.items()})
