"""From vectors to judgements: what calibration does to each head's numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from nlp.calibration import ANY, Calibration
from nlp.heads import HEAD_NAMES, Heads
from nlp.judging import judge
from nlp.language import Detected, How
from nlp.score import Label, UnscoredReason

PLAIN = Calibration(
    temperature={ANY: 1.0}, least_margin=0.0, needs_reply=(1.0, 0.0), aspects={"price": 0.5, "food": 0.5}
)
# A vector is three sentiment logits, the one of needs-reply and two of aspects: the heads pick them out.
PLACES = {"sentiment": (0, 1, 2), "needs_reply": (3,), "aspects": (4, 5), "language": (0, 1)}


def tensors() -> dict[str, Tensor]:
    found = {}
    for name in HEAD_NAMES:
        found[f"head.{name}.weight"] = torch.eye(6)[list(PLACES[name])]
        found[f"head.{name}.bias"] = torch.zeros(len(PLACES[name]))
    return found


def vector(
    sentiment: tuple[float, float, float], reply: float = 0.0, aspects: tuple[float, float] = (0.0, 0.0)
) -> Tensor:
    return torch.tensor([[*sentiment, reply, *aspects]])


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    shares = (0.5, 0.3, 0.2)
    (found,) = Heads(tensors(), PLAIN).judge(
        vector((math.log(0.5) + 7, math.log(0.3) + 7, math.log(0.2) + 7)), ["lv"]
    )
    assert (found.p.neg, found.p.neu, found.p.pos) == pytest.approx(shares, abs=1e-6)


def test_a_bias_is_added() -> None:
    shifted = tensors()
    shifted["head.sentiment.bias"] = torch.tensor([0.0, math.log(2.0), 0.0])
    (found,) = Heads(shifted, PLAIN).judge(vector((0.0, 0.0, 0.0)), ["lv"])
    assert (found.p.neg, found.p.neu, found.p.pos) == pytest.approx((0.25, 0.5, 0.25), abs=1e-6)


def test_each_language_has_its_temperature() -> None:
    heads = Heads(tensors(), replace(PLAIN, temperature={ANY: 1.0, "lt": 2.0}))
    logits = vector((math.log(9.0), 0.0, -30.0))
    plain, softened = heads.judge(torch.cat([logits, logits]), ["lv", "lt"])
    assert plain.p.neg == pytest.approx(0.9, abs=1e-6)
    assert softened.p.neg == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(
    ("margin", "certain"), [(0.0, True), (0.19, True), (0.2 - 1e-6, True), (0.21, False), (1.0, False)]
)
def test_what_is_not_far_enough_ahead_is_uncertain(margin: float, certain: bool) -> None:
    logits = vector((math.log(0.5), math.log(0.3), math.log(0.2)))
    (found,) = Heads(tensors(), replace(PLAIN, least_margin=margin)).judge(logits, ["lv"])
    assert found.certain is certain


def test_needs_reply_is_factor_and_shift_of_its_logit() -> None:
    heads = Heads(tensors(), replace(PLAIN, needs_reply=(2.0, -1.0)))
    (found,) = heads.judge(vector((0.0, 0.0, 0.0), reply=0.75), ["lv"])
    assert found.needs_reply == pytest.approx(1 / (1 + math.exp(-0.5)), abs=1e-6)


def test_an_aspect_is_named_from_its_threshold_on() -> None:
    heads = Heads(tensors(), replace(PLAIN, aspects={"price": 0.3, "food": 0.6}))
    logits = torch.cat(
        [
            vector((0.0, 0.0, 0.0), aspects=(logit(price), logit(food)))
            for price, food in ((0.31, 0.61), (0.29, 0.61), (0.31, 0.59), (0.29, 0.59))
        ]
    )
    named = [found.aspects for found in heads.judge(logits, ["lv"] * 4)]
    assert named == [("price", "food"), ("food",), ("price",), ()]


def test_a_text_does_not_depend_on_its_neighbours() -> None:
    heads = Heads(tensors(), replace(PLAIN, temperature={ANY: 1.0, "hy": 1.7}, least_margin=0.1))
    vectors = torch.randn(20, 6, generator=torch.Generator().manual_seed(2))
    langs = ["hy" if number % 3 else "lv" for number in range(20)]
    together = heads.judge(vectors, langs)
    alone = [heads.judge(vectors[place : place + 1], [lang])[0] for place, lang in enumerate(langs)]
    for one, among in zip(alone, together, strict=True):
        assert (one.aspects, one.certain) == (among.aspects, among.certain)
        assert one.p.pos == pytest.approx(among.p.pos, abs=1e-6)


@pytest.mark.parametrize("name", HEAD_NAMES)
def test_a_model_without_one_of_the_heads_is_refused(name: str) -> None:
    lacking = tensors()
    del lacking[f"head.{name}.bias"]
    with pytest.raises(KeyError, match=name):
        Heads(lacking, PLAIN)


def test_an_uncertain_judgement_becomes_an_unscored_text_with_its_reason() -> None:
    heads = Heads(tensors(), replace(PLAIN, least_margin=0.2))
    unsure, sure = (0.0, 0.1, -9.0), (0.0, -2.0, 3.0)
    asked: list[list[str]] = []

    def classify(texts, langs):
        asked.append(list(texts))
        assert list(langs) == ["lv", "lv"]
        return heads.judge(torch.cat([vector(unsure), vector(sure, aspects=(5.0, -5.0))]), langs)

    first, none, second = judge(
        ["nu  nezinu", "👍", "ļoti labi"],
        None,
        model="trial-1",
        supported={"lv"},
        detect=lambda text, supported, hint: Detected("lv", 1.0, How.LETTERS),
        classify=classify,
    )
    assert asked == [["nu nezinu", "ļoti labi"]]
    assert (first.label, first.reason) == (Label.UNSCORED, UnscoredReason.LOW_MARGIN)
    assert (first.p, first.satisfaction) == (None, None)
    assert none.reason is UnscoredReason.NO_LETTERS
    assert (second.label, second.reason, second.aspects) == (Label.POS, None, ("price",))
    assert second.p is not None
    assert second.satisfaction == pytest.approx(1 * second.p.neg + 3 * second.p.neu + 5 * second.p.pos)


def test_the_language_is_the_most_probable_one() -> None:
    told = Heads({**tensors(), "head.language.bias": torch.tensor([0.0, math.log(3.0)])}, PLAIN)
    ((lang, share),) = told.languages(vector((0.0, 0.0, 0.0)))
    assert lang == "lt"
    assert share == pytest.approx(0.75, abs=1e-6)
