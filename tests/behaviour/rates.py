"""How often a scorer does what it must, by kind of test and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.score import Label, Scorer
from tests.behaviour.cases import KINDS, Case
from tests.behaviour.rows import LANGUAGES

__all__ = ["Rate", "rates_of", "table_of"]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of the cases passed; those with an unscored text did not. `failed` are the texts of the others."""

    cases: int
    passed: int
    unscored: int
    failed: tuple[tuple[str, ...], ...]

    @property
    def share(self) -> float:
        """The share of cases that passed."""
        return self.passed / self.cases


def rates_of(scorer: Scorer, cases: Sequence[Case]) -> dict[tuple[str, str], Rate]:
    """The rate of each kind and language; no text's language is told."""
    texts = list(dict.fromkeys(text for case in cases for text in case.texts))
    scores = dict(zip(texts, scorer.score(texts), strict=True))
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.kind, case.lang), []).append(case)
    found = {}
    for key, group in groups.items():
        failed = [case for case in group if not case.holds([scores[text] for text in case.texts])]
        unscored = sum(any(scores[text].label is Label.UNSCORED for text in case.texts) for case in group)
        found[key] = Rate(
            len(group), len(group) - len(failed), unscored, tuple(case.texts for case in failed)
        )
    return found


def table_of(rates: Mapping[tuple[str, str], Rate]) -> str:
    """A Markdown table: a line for each kind, in each cell the share, and behind a slash the unscored cases."""
    lines = [f"| kind | {' | '.join(LANGUAGES)} |", f"|---|{'---|' * len(LANGUAGES)}"]
    for kind in KINDS:
        cells = [_cell(rates.get((kind, lang))) for lang in LANGUAGES]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(rate: Rate | None) -> str:
    if rate is None:
        return ""
    return f"{rate.share:.2f}" + (f" / {rate.unscored}" if rate.unscored else "")
