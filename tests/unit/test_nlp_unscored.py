from __future__ import annotations

import pytest

from nlp.normalise import normalise
from nlp.score import UnscoredReason
from nlp.unscored import should_score

SUPPORTED = frozenset({"lv", "lt", "hy", "ru", "en"})


@pytest.mark.parametrize(
    ("text", "lang", "reason"),
    [
        ("", "und", UnscoredReason.EMPTY),
        ("   \n", "lv", UnscoredReason.EMPTY),
        ("@janis https://a.example", "lv", UnscoredReason.EMPTY),
        ("😡😡😡", "und", UnscoredReason.NO_LETTERS),
        ("5/5 !!!", "en", UnscoredReason.NO_LETTERS),
        (":D", "en", UnscoredReason.TOO_SHORT),
        ("Väga hea teenindus", "et", UnscoredReason.UNSUPPORTED_LANGUAGE),
        ("hmm hmm", "und", UnscoredReason.UNSUPPORTED_LANGUAGE),
        ("Slikti!", "lv", None),
        ("Ne", "lt", None),
        ("Վատ", "hy", None),
    ],
)
def test_a_text_that_cannot_be_judged_says_why(text, lang, reason):
    decision = should_score(normalise(text), lang, SUPPORTED)
    assert decision.reason == reason
    assert bool(decision) is (reason is None)


def test_a_decision_carries_its_inputs():
    decision = should_score("Labi 1!", "lv", SUPPORTED)
    assert (decision.letters, decision.lang) == (4, "lv")
