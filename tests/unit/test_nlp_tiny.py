from __future__ import annotations

import pytest

from nlp.score import Label, UnscoredReason
from nlp.tiny import TinyScorer

FIVE = ("lv", "lt", "hy", "ru", "en")


@pytest.fixture
def scorer():
    return TinyScorer(FIVE)


@pytest.mark.parametrize(
    ("text", "lang", "label"),
    [
        ("Slikti!", "lv", Label.NEG),
        ("Paldies, ļoti garšīgi", "lv", Label.POS),
        ("Pasūtījums atnāca vakar", "lv", Label.NEU),
        ("Labai blogai", "lt", Label.NEG),
        ("Ačiū, viskas puiku", "lt", Label.POS),
        ("Շատ վատ սպասարկում", "hy", Label.NEG),
        ("Շատ լավ է", "hy", Label.POS),
        ("Ужасно, всё сломано", "ru", Label.NEG),
        ("Спасибо, очень вкусно", "ru", Label.POS),
        ("The staff were rude", "en", Label.NEG),
        ("Great food and friendly people", "en", Label.POS),
        ("Good food but rude staff", "en", Label.NEU),
    ],
)
def test_marker_words_decide(scorer, text, lang, label):
    (score,) = scorer.score([text])
    assert (score.lang, score.label, score.reason) == (lang, label, None)


def test_probabilities_add_up_and_satisfaction_follows(scorer):
    bad, good = scorer.score(["Slikti!", "Paldies, labi"])
    assert sum((bad.p.neg, bad.p.neu, bad.p.pos)) == pytest.approx(1.0)
    assert bad.satisfaction < 3.0 < good.satisfaction
    assert bad.model == scorer.name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", UnscoredReason.EMPTY),
        ("👍", UnscoredReason.NO_LETTERS),
        ("ძალიან ცუდი", UnscoredReason.UNSUPPORTED_LANGUAGE),
    ],
)
def test_what_cannot_be_judged_is_unscored(scorer, text, reason):
    (score,) = scorer.score([text])
    assert (score.label, score.reason, score.p) == (Label.UNSCORED, reason, None)


def test_a_hint_settles_a_text_of_unknown_words(scorer):
    assert scorer.score(["Rezumejums"])[0].reason is UnscoredReason.UNSUPPORTED_LANGUAGE
    assert scorer.score(["Rezumejums"], ["lv"])[0].label is Label.NEU


def test_a_language_that_is_not_configured_is_unscored():
    assert TinyScorer(["lv"]).score(["Labai blogai, ačiū"])[0].reason is UnscoredReason.UNSUPPORTED_LANGUAGE


def test_hints_must_be_as_many_as_texts(scorer):
    with pytest.raises(ValueError, match="shorter"):
        scorer.score(["Slikti", "Labi"], ["lv"])
