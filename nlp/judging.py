"""What all scorers share: normalise, find the language, leave out what cannot be judged, judge the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from nlp.language import Detected, How
from nlp.normalise import normalise
from nlp.score import Label, Probabilities, Score, UnscoredReason, satisfaction_of
from nlp.unscored import should_score

__all__ = ["Classify", "Detect", "Identify", "Judgement", "judge"]

# A detector that says "another language" is believed; one that cannot tell may be helped.
_OPEN = frozenset({How.UNCLEAR, How.ROMANISED})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says of one text; `certain` is False when it had better say nothing."""

    p: Probabilities
    needs_reply: float | None = None
    aspects: tuple[str, ...] = ()
    certain: bool = True


Classify = Callable[[Sequence[str], Sequence[str]], Sequence[Judgement]]
"""Normalised texts and the language of each to a judgement of each."""

Identify = Callable[[Sequence[str]], Sequence[str]]
"""Normalised texts whose language the detector left open to the language of each as the model sees it, or `und`."""

Detect = Callable[[str, Collection[str], str | None], Detected]


def judge(
    texts: Sequence[str],
    hints: Sequence[str | None] | None,
    *,
    model: str,
    supported: Collection[str],
    detect: Detect,
    classify: Classify,
    identify: Identify | None = None,
) -> list[Score]:
    """A score for each text, in order; `classify` gets only the normalised texts that can be judged.

    `identify` is asked for texts whose language the detector leaves open: in few letters, or in those of another
    language.
    Raises ValueError when `hints` are given and are not as many as the texts.
    """
    claimed = [None] * len(texts) if hints is None else hints
    normalised = [normalise(text) for text in texts]
    found = [detect(text, supported, hint) for text, hint in zip(normalised, claimed, strict=True)]
    langs = [one.lang for one in found]
    unclear = [
        place
        for place, one in enumerate(found)
        if one.how in _OPEN
        and should_score(normalised[place], one.lang, supported).reason is UnscoredReason.UNSUPPORTED_LANGUAGE
    ]
    if identify is not None and unclear:
        for place, lang in zip(unclear, identify([normalised[place] for place in unclear]), strict=True):
            langs[place] = lang
    decisions = [should_score(text, lang, supported) for text, lang in zip(normalised, langs, strict=True)]
    scores = [
        Score(lang=lang, label=Label.UNSCORED, model=model, reason=decision.reason)
        for lang, decision in zip(langs, decisions, strict=True)
    ]
    places = [place for place, decision in enumerate(decisions) if decision]
    judged = (
        classify([normalised[place] for place in places], [langs[place] for place in places])
        if places
        else ()
    )
    for place, judgement in zip(places, judged, strict=True):
        scores[place] = _score(langs[place], model, judgement)
    return scores


def _score(lang: str, model: str, judgement: Judgement) -> Score:
    if not judgement.certain:
        return Score(
            lang=lang,
            label=Label.UNSCORED,
            model=model,
            reason=UnscoredReason.LOW_MARGIN,
            needs_reply=judgement.needs_reply,
            aspects=judgement.aspects,
        )
    return Score(
        lang=lang,
        label=judgement.p.label,
        model=model,
        p=judgement.p,
        satisfaction=satisfaction_of(judgement.p),
        needs_reply=judgement.needs_reply,
        aspects=judgement.aspects,
    )
