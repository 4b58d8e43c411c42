"""What all scorers share: normalise, find the language, leave out what cannot be judged, judge the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from nlp.language import Detected
from nlp.normalise import normalise
from nlp.score import Label, Probabilities, Score, UnscoredReason, satisfaction_of
from nlp.unscored import should_score

__all__ = ["Classify", "Detect", "Judgement", "judge"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says of one text; `certain` is False when it had better say nothing."""

    p: Probabilities
    needs_reply: float | None = None
    aspects: tuple[str, ...] = ()
    certain: bool = True


Classify = Callable[[Sequence[str], Sequence[str]], Sequence[Judgement]]
"""Normalised texts and the language of each to a judgement of each."""

Detect = Callable[[str, Collection[str], str | None], Detected]


def judge(
    texts: Sequence[str],
    hints: Sequence[str | None] | None,
    *,
    model: str,
    supported: Collection[str],
    detect: Detect,
    classify: Classify,
) -> list[Score]:
    """A score for each text, in order; `classify` gets only the normalised texts that can be judged.

    Raises ValueError when `hints` are given and are not as many as the texts.
    """
    claimed = [None] * len(texts) if hints is None else hints
    scores: list[Score] = []
    places: list[int] = []
    judged: list[str] = []
    for place, (text, hint) in enumerate(zip(texts, claimed, strict=True)):
        normalised = normalise(text)
        lang = detect(normalised, supported, hint).lang
        decision = should_score(normalised, lang, supported)
        scores.append(Score(lang=lang, label=Label.UNSCORED, model=model, reason=decision.reason))
        if decision:
            places.append(place)
            judged.append(normalised)
    langs = [scores[place].lang for place in places]
    for place, judgement in zip(places, classify(judged, langs) if judged else (), strict=True):
        scores[place] = _score(scores[place].lang, model, judgement)
    return scores


def _score(lang: str, model: str, judgement: Judgement) -> Score:
    if not judgement.certain:
        return Score(lang=lang, label=Label.UNSCORED, model=model, reason=UnscoredReason.LOW_MARGIN)
    return Score(
        lang=lang,
        label=judgement.p.label,
        model=model,
        p=judgement.p,
        satisfaction=satisfaction_of(judgement.p),
        needs_reply=judgement.needs_reply,
        aspects=judgement.aspects,
    )
