"""The heads that can be adapted, and what differs between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nlp.calibration import Calibration
from nlp.evaluation.head_figures import NEEDED
from nlp.evaluation.metrics import binary, macro_f1, micro_f1
from nlp.heads import Heads
from nlp.refit import Frame, Kind
from nlp.training.examples import Example
from nlp.training.own_texts import LABELS

__all__ = ["ADAPTABLE", "Embedded", "Head"]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Examples and the encoder's vector of each, [examples, width]."""

    examples: Sequence[Example]
    vectors: Tensor

    def where(self, places: Sequence[int]) -> Embedded:
        """The examples at `places`."""
        return Embedded([self.examples[place] for place in places], self.vectors[places])


class Head(ABC):
    """One head: what people answer, how its logits are calibrated, how good its answers are.

    `figure` is the name of its figure among those of `nlp.evaluation.head_figures`, `kind` what its outputs mean.
    """

    name: str
    figure: str
    kind: Kind

    def __init__(self, tensors: Mapping[str, Tensor], calibration: Calibration, frame: Frame) -> None:
        self.calibration = calibration
        self._frame = frame
        self._weight, self._bias = tensors[f"head.{self.name}.weight"], tensors[f"head.{self.name}.bias"]
        self._heads = Heads(tensors, calibration)

    def calibrated(self, embedded: Embedded) -> tuple[Tensor, Tensor]:
        """The columns by which calibrated logits change, and these logits now."""
        factor, shift = self.calibrating([example.lang for example in embedded.examples])
        logits = self._heads.logits(self.name, embedded.vectors)
        return self._frame.columns(embedded.vectors) * factor, logits * factor + shift

    def changed(self, change: Tensor) -> dict[str, Tensor]:
        """The head's tensors after a change."""
        weight, bias = self._frame.changed(self._weight, self._bias, change)
        return {f"head.{self.name}.weight": weight, f"head.{self.name}.bias": bias}

    @abstractmethod
    def calibrating(self, langs: Sequence[str]) -> tuple[Tensor, float]:
        """Factor ([texts, 1] or [1]) and shift that calibrate logits."""

    @staticmethod
    @abstractmethod
    def answer(example: Example) -> Hashable:
        """What a person said; None when nothing."""

    @abstractmethod
    def targets(self, examples: Sequence[Example]) -> Tensor:
        """[examples, outputs]: 1 for what is so."""

    @abstractmethod
    def f1(self, examples: Sequence[Example], logits: Tensor) -> float:
        """The F1 of the answers that calibrated logits give."""


class Sentiment(Head):
    """Macro-F1 of the three labels guards it."""

    name, figure, kind = "sentiment", "macro_f1", Kind.ONE_OF

    def calibrating(self, langs: Sequence[str]) -> tuple[Tensor, float]:
        heat = [[self.calibration.temperature_of(lang)] for lang in langs]
        return 1.0 / torch.tensor(heat, dtype=torch.float64), 0.0

    @staticmethod
    def answer(example: Example) -> Hashable:
        return example.label

    def targets(self, examples: Sequence[Example]) -> Tensor:
        places = torch.tensor([LABELS.index(str(example.label)) for example in examples])
        return functional.one_hot(places, len(LABELS)).double()

    def f1(self, examples: Sequence[Example], logits: Tensor) -> float:
        said = [LABELS[place] for place in logits.argmax(1).tolist()]
        return macro_f1([str(example.label) for example in examples], said, LABELS)


class NeedsReply(Head):
    """The F1 of "yes" guards it."""

    name, figure, kind = "needs_reply", "needs_reply_f1", Kind.EACH

    def calibrating(self, langs: Sequence[str]) -> tuple[Tensor, float]:
        factor, shift = self.calibration.needs_reply
        return torch.tensor([factor], dtype=torch.float64), shift

    @staticmethod
    def answer(example: Example) -> Hashable:
        return example.needs_reply

    def targets(self, examples: Sequence[Example]) -> Tensor:
        return torch.tensor([[float(bool(example.needs_reply))] for example in examples], dtype=torch.float64)

    def f1(self, examples: Sequence[Example], logits: Tensor) -> float:
        said = (logits[:, 0].sigmoid() >= NEEDED).tolist()
        return binary([bool(example.needs_reply) for example in examples], said).f1


class Aspects(Head):
    """Micro-F1 over all aspects guards it."""

    name, figure, kind = "aspects", "aspects_micro_f1", Kind.EACH

    def calibrating(self, langs: Sequence[str]) -> tuple[Tensor, float]:
        return torch.ones(1, dtype=torch.float64), 0.0

    @staticmethod
    def answer(example: Example) -> Hashable:
        return None if example.aspects is None else tuple(sorted(example.aspects))

    def targets(self, examples: Sequence[Example]) -> Tensor:
        names = self.calibration.aspects
        return torch.tensor(
            [[float(name in (example.aspects or ())) for name in names] for example in examples],
            dtype=torch.float64,
        )

    def f1(self, examples: Sequence[Example], logits: Tensor) -> float:
        least = self.calibration.aspects
        said = [
            [name for name, share in zip(least, row, strict=True) if share >= least[name]]
            for row in logits.sigmoid().tolist()
        ]
        return micro_f1([example.aspects or () for example in examples], said)


ADAPTABLE: tuple[type[Head], ...] = (Sentiment, NeedsReply, Aspects)
