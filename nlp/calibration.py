"""How a model's numbers become probabilities that hold, and probabilities become answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ANY", "Calibration"]

ANY = "any"
"""Stands for a language that has no temperature of its own."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into probabilities that hold, and probabilities into answers.

    `temperature` divides the sentiment logits, by language; `any` stands for a language that has none of its
    own. `least_margin` is how far the best label must be ahead of the second, as probabilities, to be said at
    all. `needs_reply` are factor and shift of that head's logit. `aspects` is the probability from which on
    each aspect is named.
    """

    temperature: Mapping[str, float]
    least_margin: float
    needs_reply: tuple[float, float]
    aspects: Mapping[str, float]

    def temperature_of(self, lang: str) -> float:
        """The divisor for texts in `lang`."""
        return self.temperature.get(lang, self.temperature[ANY])
