"""What all scorers share: whose language is asked of the model, and what is said of a doubtful text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nlp.judging import Judgement, judge
from nlp.language import detect
from nlp.score import Label, Probabilities, UnscoredReason

SUPPORTED = ("lv", "hy", "en")
ROMANISED = "shat lav er, shnorhakalutyun dzez, amen inch hamov er"
POLISH = "Bardzo dobra obsługa, polecam wszystkim, jeszcze tu wrócimy"


def classified(texts: Sequence[str], _langs: Sequence[str]) -> list[Judgement]:
    return [Judgement(Probabilities(0.1, 0.2, 0.7), 0.25, ("food",)) for _ in texts]


def test_a_language_that_letters_leave_open_is_asked_of_the_model() -> None:
    asked: list[str] = []

    def identify(texts: Sequence[str]) -> list[str]:
        asked.extend(texts)
        return ["hy"] * len(texts)

    scores = judge(
        ["Ļoti labi, paldies!", ROMANISED, POLISH, "😀"],
        None,
        model="m",
        supported=SUPPORTED,
        detect=detect,
        classify=classified,
        identify=identify,
    )
    assert asked == [ROMANISED]
    assert [score.lang for score in scores[:2]] == ["lv", "hy"]
    assert [score.label for score in scores] == [Label.POS, Label.POS, Label.UNSCORED, Label.UNSCORED]
    assert scores[2].reason is UnscoredReason.UNSUPPORTED_LANGUAGE


@pytest.mark.parametrize("answer", ["und", "ru"])
def test_a_language_that_the_model_does_not_know_or_judge_stays_unscored(answer: str) -> None:
    (score,) = judge(
        [ROMANISED],
        None,
        model="m",
        supported=SUPPORTED,
        detect=detect,
        classify=classified,
        identify=lambda texts: [answer] * len(texts),
    )
    assert score.reason is UnscoredReason.UNSUPPORTED_LANGUAGE
    assert score.lang == answer


def test_a_doubtful_text_has_no_label_but_keeps_what_is_known_of_it() -> None:
    def doubtful(texts: Sequence[str], _langs: Sequence[str]) -> list[Judgement]:
        return [Judgement(Probabilities(0.34, 0.33, 0.33), 0.9, ("price",), certain=False) for _ in texts]

    (score,) = judge(["Cenas aug"], None, model="m", supported=SUPPORTED, detect=detect, classify=doubtful)
    assert (score.label, score.reason, score.p, score.satisfaction) == (
        Label.UNSCORED,
        UnscoredReason.LOW_MARGIN,
        None,
        None,
    )
    assert (score.needs_reply, score.aspects) == (0.9, ("price",))
