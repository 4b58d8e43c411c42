"""What training minimises: which rows teach which head, and by how much logits are shifted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from nlp.language import TOLD_APART
from nlp.training.examples import Example
from nlp.training.losses import Weights, answers_of, disagreement, loss_of, shares_of
from nlp.training.network import HEADS
from nlp.training.own_texts import ASPECTS

NONE = Weights(sentiment=0.0, needs_reply=0.0, aspects=0.0, language=0.0, adjusted=False)
ONLY = {
    "sentiment": replace(NONE, sentiment=1.0),
    "needs_reply": replace(NONE, needs_reply=1.0),
    "aspects": replace(NONE, aspects=1.0),
    "language": replace(NONE, language=1.0),
}


def own(label: str = "neg", *, needs_reply: bool = True, aspects: tuple[str, ...] = ()) -> Example:
    return Example("teksts", "lv", "own", label, needs_reply, frozenset(aspects))


def public(label: str | None = "pos", source: str = "tweets", lang: str = "en") -> Example:
    return Example("text", lang, source, label)


def logits_for(rows: int, seed: int = 1) -> dict[str, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(rows, len(outputs), generator=chance, requires_grad=True)
        for name, outputs in HEADS.items()
    }


def test_the_shares_of_a_source_are_those_of_its_labels_and_never_nothing() -> None:
    rows = [*[public("neg")] * 3, public("neu"), *[public("pos", "films")] * 2, public(None, "untold")]
    shares = shares_of(rows)
    assert shares["tweets"] == (0.75, 0.25, 1e-6)
    assert shares["films"] == (1e-6, 1e-6, 1.0)
    assert len(set(shares["untold"])) == 1


def test_answers_say_which_are_missing() -> None:
    rows = [own("neu", needs_reply=False, aspects=("price", "other")), public(None, lang="pl"), own()]
    answers = answers_of(rows, {"own": (0.5, 0.25, 0.25), "tweets": (0.2, 0.3, 0.5)})
    assert answers.label.tolist() == [1, -1, 0]
    assert answers.needs_reply[[0, 2]].tolist() == [0.0, 1.0]
    assert answers.needs_reply[1].isnan()
    assert answers.aspects[0].nonzero().flatten().tolist() == [ASPECTS.index("price"), ASPECTS.index("other")]
    assert answers.aspects[1].isnan().all()
    # No aspect named is an answer, too.
    assert answers.aspects[2].tolist() == [0.0] * len(ASPECTS)
    assert [TOLD_APART[code] for code in answers.language] == ["lv", "pl", "lv"]
    assert answers.shift[1].tolist() == pytest.approx([math.log(0.2), math.log(0.3), math.log(0.5)])


@pytest.mark.parametrize(
    ("head", "taught"),
    [
        ("sentiment", [True, True, False]),
        ("needs_reply", [True, False, False]),
        ("aspects", [True, False, False]),
        ("language", [True, True, True]),
    ],
)
def test_a_row_without_an_answer_gives_that_head_no_gradient(head: str, taught: list[bool]) -> None:
    rows = [own(), public(), public(None)]
    logits = logits_for(len(rows))
    loss_of(logits, answers_of(rows, shares_of(rows)), Weights()).backward()
    gradient = logits[head].grad
    assert gradient is not None
    assert gradient.abs().sum(1).gt(0).tolist() == taught


def test_a_batch_in_which_nobody_answers_a_head_has_a_finite_loss() -> None:
    rows = [public(None), public(None)]
    logits = logits_for(len(rows))
    loss = loss_of(logits, answers_of(rows, shares_of(rows)), Weights())
    loss.backward()
    assert loss.isfinite()
    assert logits["sentiment"].grad is None


def test_the_loss_of_a_head_is_the_mean_over_the_rows_that_have_its_answer() -> None:
    alone, among = [own("pos"), own("neg")], [own("pos"), own("neg"), public(None)]
    logits = logits_for(3)
    for head in ("sentiment", "needs_reply", "aspects"):
        two = loss_of(
            {name: values[:2] for name, values in logits.items()},
            answers_of(alone, shares_of(among)),
            ONLY[head],
        )
        three = loss_of(logits, answers_of(among, shares_of(among)), ONLY[head])
        assert two.item() == pytest.approx(three.item())


def test_logits_are_shifted_by_the_log_shares_of_the_source() -> None:
    # Logits of zero and shares of 1/2, 1/4, 1/4: the shifted probabilities are the shares themselves. With a
    # smoothing of 0.05 the target of "neg" is 0.95 + 0.05/3 for it and 0.05/3 for each other label.
    rows = [own("neg"), own("neg"), own("neu"), own("pos")]
    logits = {name: torch.zeros(4, len(outputs)) for name, outputs in HEADS.items()}
    weights = Weights(needs_reply=0.0, aspects=0.0, language=0.0)
    rest = 0.05 / 3
    of_neg = -(0.95 + rest) * math.log(0.5) - 2 * rest * math.log(0.25)
    of_other = -(0.95 + rest) * math.log(0.25) - rest * (math.log(0.5) + math.log(0.25))
    found = loss_of(logits, answers_of(rows, shares_of(rows)), weights)
    assert found.item() == pytest.approx((2 * of_neg + 2 * of_other) / 4)
    plain = Weights(needs_reply=0.0, aspects=0.0, language=0.0, adjusted=False)
    assert loss_of(logits, answers_of(rows, shares_of(rows)), plain).item() == pytest.approx(math.log(3))


def test_the_heads_are_weighed() -> None:
    rows = [own(aspects=("price",)), own("pos", needs_reply=False)]
    logits = logits_for(2)
    answers = answers_of(rows, shares_of(rows))
    parts = {head: loss_of(logits, answers, ONLY[head]).item() for head in HEADS}
    weights = Weights(sentiment=2.0, needs_reply=0.5, aspects=3.0, language=0.25, adjusted=False)
    whole = sum(getattr(weights, head) * part for head, part in parts.items())
    assert loss_of(logits, answers, weights).item() == pytest.approx(whole, rel=1e-5)


def test_equal_logits_do_not_disagree() -> None:
    logits = logits_for(4)
    assert disagreement(logits, logits).item() == pytest.approx(0.0, abs=1e-7)


def test_disagreement_is_symmetric_and_grows_with_the_difference() -> None:
    one, other = logits_for(4, seed=1), logits_for(4, seed=2)
    half = {name: (one[name] + other[name]) / 2 for name in one}
    there, back = disagreement(one, other).item(), disagreement(other, one).item()
    assert there == pytest.approx(back)
    assert 0 < disagreement(one, half).item() < there


def test_disagreement_of_the_sentiment_is_the_divergence_computed_by_hand() -> None:
    one = {name: torch.zeros(1, len(outputs)) for name, outputs in HEADS.items()}
    other = {**one, "sentiment": torch.tensor([[math.log(2.0), 0.0, 0.0]])}
    # A third each against a half and two quarters.
    forth = (math.log(4 / 3) + math.log(4 / 3) + math.log(2 / 3)) / 3
    back = 0.5 * math.log(1.5) + 2 * 0.25 * math.log(0.75)
    assert disagreement(one, other).item() == pytest.approx((forth + back) / 2, abs=1e-6)


def test_the_language_does_not_disagree() -> None:
    one = logits_for(3)
    other = {**one, "language": one["language"] + torch.randn(3, len(TOLD_APART))}
    assert disagreement(one, other).item() == pytest.approx(0.0, abs=1e-7)
