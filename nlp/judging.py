"""What all scorers share: normalise, find the language, leave out what cannot be judged, judge the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from nlp.language import Detected
from nlp.normalise import normalise
from nlp.score import Label, Probabilities, Score, satisfaction_of
from nlp.unscored import should_score

__all__ = ["Classify", "Detect", "judge"]

Classify = Callable[[Sequence[str]], Sequence[Probabilities]]
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
    for place, p in zip(places, classify(judged) if judged else (), strict=True):
        scores[place] = Score(
            lang=scores[place].lang, label=p.label, model=model, p=p, satisfaction=satisfaction_of(p)
        )
    return scores
