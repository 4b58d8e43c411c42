"""How good each head is, by language: figures of judgements on rows whose answers are known; pure."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.evaluation.metrics import binary, figures_of, micro_f1
from nlp.judging import Judgement
from nlp.training.examples import Example
from nlp.training.own_texts import LABELS

__all__ = ["NEEDED", "figures_by_language"]

NEEDED = 0.5
"""From this probability on a text counts as one that needs a reply."""


def figures_by_language(
    examples: Sequence[Example], judgements: Sequence[Judgement]
) -> dict[str, dict[str, float]]:
    """Language -> figures of all heads, rounded to four digits; each example has all answers.

    `accuracy`, `macro_f1` and `f1_neg` are of the judged texts, whose share is `coverage`; `needs_reply_f1` and
    `aspects_micro_f1` are of all texts.
    """
    found = {}
    for lang in sorted({example.lang for example in examples}):
        rows, said = zip(
            *(pair for pair in zip(examples, judgements, strict=True) if pair[0].lang == lang), strict=True
        )
        figures = figures_of(
            [str(row.label) for row in rows],
            [judgement.p.label.value if judgement.certain else None for judgement in said],
            LABELS,
        )
        needed = [(judgement.needs_reply or 0.0) >= NEEDED for judgement in said]
        found[lang] = {
            "n": figures.n,
            "coverage": round(figures.coverage, 4),
            "accuracy": round(figures.accuracy, 4),
            "macro_f1": round(figures.macro_f1, 4),
            "f1_neg": round(figures.f1_neg, 4),
            "needs_reply_f1": round(binary([bool(row.needs_reply) for row in rows], needed).f1, 4),
            "aspects_micro_f1": round(
                micro_f1([row.aspects or () for row in rows], [judgement.aspects for judgement in said]), 4
            ),
        }
    return found
