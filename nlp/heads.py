"""The model's heads: from one vector a text to what the text says, with how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nlp.calibration import Calibration
from nlp.judging import Judgement
from nlp.language import TOLD_APART
from nlp.score import Probabilities

__all__ = ["HEAD_NAMES", "Heads"]

HEAD_NAMES = ("sentiment", "needs_reply", "aspects", "language")


class Heads:
    """Linear heads over the encoder's vectors."""

    def __init__(self, tensors: Mapping[str, Tensor], calibration: Calibration) -> None:
        """`tensors` hold `head.<name>.weight` and `.bias`; raises KeyError when sentiment's are missing.

        The first model has no other head, and calls its own `head.weight`.
        """
        self.calibration = calibration
        if "head.weight" in tensors:
            self._layers = {"sentiment": (tensors["head.weight"], tensors["head.bias"])}
        else:
            self._layers = {
                name: (tensors[f"head.{name}.weight"], tensors[f"head.{name}.bias"]) for name in HEAD_NAMES
            }

    def logits(self, name: str, vectors: Tensor) -> Tensor:
        """[texts, outputs]: what the head `name` says of `vectors` [texts, width], not yet calibrated."""
        weight, bias = self._layers[name]
        return torch.addmm(bias, vectors, weight.T).double()

    def languages(self, vectors: Tensor) -> list[tuple[str, float]]:
        """The most probable language of each of `vectors` [texts, width], and how probable it is.

        `other` stands for all that the model was not taught to tell; empty for a model without this head.
        """
        if "language" not in self._layers:
            return []
        sure, places = torch.softmax(self.logits("language", vectors), dim=1).max(1)
        return [
            (TOLD_APART[place], share) for place, share in zip(places.tolist(), sure.tolist(), strict=True)
        ]

    def judge(self, vectors: Tensor, langs: Sequence[str]) -> list[Judgement]:
        """One judgement for each of `vectors` [texts, width], whose languages are `langs`."""
        calibration = self.calibration
        heat = torch.tensor([[calibration.temperature_of(lang)] for lang in langs], dtype=torch.float64)
        shares = torch.softmax(self.logits("sentiment", vectors) / heat, dim=1)
        best = shares.topk(2, dim=1).values
        certain = best[:, 0] - best[:, 1] >= calibration.least_margin
        if "needs_reply" not in self._layers:
            return [Judgement(Probabilities(*p)) for p in shares.tolist()]
        factor, shift = calibration.needs_reply
        reply = torch.sigmoid(self.logits("needs_reply", vectors)[:, 0] * factor + shift)
        names = tuple(calibration.aspects)
        least = torch.tensor(list(calibration.aspects.values()), dtype=torch.float64)
        named = torch.sigmoid(self.logits("aspects", vectors)) >= least
        return [
            Judgement(
                p=Probabilities(*p),
                needs_reply=needed,
                aspects=tuple(name for name, is_named in zip(names, row, strict=True) if is_named),
                certain=sure,
            )
            for p, needed, row, sure in zip(
                shares.tolist(), reply.tolist(), named.tolist(), certain.tolist(), strict=True
            )
        ]
