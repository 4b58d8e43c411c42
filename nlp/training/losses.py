"""What training minimises: the loss of each head over the rows that have its answer.

The sources disagree on how much is neutral (a half of one, a quarter of another, nothing of a third), and that share
says how a set was collected, not what a text means. So the logits of a row are shifted by the log shares of its
source's labels while training (Menon et al. 2021, "Long-tail learning via logit adjustment"): the model itself
learns to judge as if all three labels were equally frequent.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nlp.language import TOLD_APART
from nlp.training.examples import Example
from nlp.training.own_texts import ASPECTS, LABELS

__all__ = ["Answers", "Weights", "answers_of", "disagreement", "loss_of", "shares_of"]

_SMALLEST_SHARE = 1e-6
_SMOOTHING = 0.05


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts in the whole loss; zero leaves it out."""

    sentiment: float = 1.0
    needs_reply: float = 1.0
    aspects: float = 10.0
    language: float = 0.3
    disagreement: float = 1.0
    adjusted: bool = True


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a batch as tensors; a row without an answer has -1 (NaN in `aspects` and `needs_reply`)."""

    label: Tensor
    needs_reply: Tensor
    aspects: Tensor
    language: Tensor
    shift: Tensor

    def to(self, device: torch.device) -> Answers:
        """The same answers on `device`."""
        return Answers(*(getattr(self, name).to(device) for name in self.__slots__))


def shares_of(examples: Sequence[Example]) -> dict[str, tuple[float, ...]]:
    """Source -> the share of each label among its examples."""
    counts = Counter((example.source, example.label) for example in examples)
    found = {}
    for source in {example.source for example in examples}:
        total = sum(counts[source, label] for label in LABELS)
        found[source] = tuple(max(counts[source, label] / max(total, 1), _SMALLEST_SHARE) for label in LABELS)
    return found


def answers_of(examples: Sequence[Example], shares: Mapping[str, Sequence[float]]) -> Answers:
    """The answers of `examples`, and by which the sentiment logits of each are shifted."""
    unknown = [math.nan] * len(ASPECTS)
    return Answers(
        label=torch.tensor([-1 if e.label is None else LABELS.index(e.label) for e in examples]),
        needs_reply=torch.tensor(
            [math.nan if e.needs_reply is None else float(e.needs_reply) for e in examples]
        ),
        aspects=torch.tensor(
            [
                unknown if e.aspects is None else [float(name in e.aspects) for name in ASPECTS]
                for e in examples
            ]
        ),
        language=torch.tensor([TOLD_APART.index(e.lang) for e in examples]),
        shift=torch.tensor([[math.log(share) for share in shares[e.source]] for e in examples]),
    )


def loss_of(logits: Mapping[str, Tensor], answers: Answers, weights: Weights) -> Tensor:
    """The weighted sum of the heads' mean losses."""
    sentiment = logits["sentiment"] + answers.shift if weights.adjusted else logits["sentiment"]
    total = weights.language * functional.cross_entropy(logits["language"], answers.language)
    known = answers.label >= 0
    if known.any():
        total = total + weights.sentiment * functional.cross_entropy(
            sentiment[known], answers.label[known], label_smoothing=_SMOOTHING
        )
    for head, given in (("needs_reply", answers.needs_reply[:, None]), ("aspects", answers.aspects)):
        known = ~torch.isnan(given).any(1)
        if known.any():
            loss = functional.binary_cross_entropy_with_logits(logits[head][known], given[known])
            total = total + getattr(weights, head) * loss
    return total


def disagreement(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> Tensor:
    """How differently the same texts, typed in two ways, are judged: the symmetric divergence of the heads.

    Liang et al. 2021, "R-Drop", between two ways of typing instead of two drop-outs alone.
    """
    a, b = (functional.log_softmax(logits["sentiment"], 1) for logits in (one, other))
    total = _divergence(a, b)
    for head in ("needs_reply", "aspects"):
        first, second = (
            torch.stack([functional.logsigmoid(x[head]), functional.logsigmoid(-x[head])], -1)
            for x in (one, other)
        )
        total = total + _divergence(first.flatten(0, 1), second.flatten(0, 1))
    return total


def _divergence(a: Tensor, b: Tensor) -> Tensor:
    forth = functional.kl_div(a, b, log_target=True, reduction="batchmean")
    back = functional.kl_div(b, a, log_target=True, reduction="batchmean")
    return (forth + back) / 2
