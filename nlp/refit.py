"""Fits a linear head to new rows while it stays near to what it was; pure numbers.

What is minimised is the mean cross entropy over new rows and anchors together, plus a penalty on the distance from
the head before (Li et al. 2018, "Explicit Inductive Bias for Transfer Learning", L2-SP). The targets of the anchors
are what the head said of them before (Li and Hoiem 2017, "Learning without Forgetting").
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["STRENGTHS", "Frame", "Kind", "Rows", "anchors", "changes", "folds_of", "held_out", "losses"]

STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Of the penalty: from hardly any change to nearly free; neighbours are a factor of three apart."""

_STEPS = 40


class Kind(Enum):
    """What the outputs of a head mean: one of them is so (softmax), or each may be so (sigmoid)."""

    ONE_OF = "one of"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class Frame:
    """Centres vectors and brings them to unit mean variance: a strength then means the same for every encoder."""

    middle: Tensor
    spread: float

    @classmethod
    def of(cls, vectors: Tensor) -> Frame:
        """The frame of `vectors` [rows, width]."""
        wide = vectors.double()
        return cls(wide.mean(0), float(wide.var(0, correction=0).mean().sqrt().clamp_min(1e-12)))

    def columns(self, vectors: Tensor) -> Tensor:
        """[rows, width] to [rows, width + 1], the last for the bias."""
        shifted = (vectors.double() - self.middle) / self.spread
        return torch.cat([shifted, torch.ones(len(shifted), 1, dtype=torch.float64)], 1)

    def changed(self, weight: Tensor, bias: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
        """Weight [outputs, width] and bias over plain vectors after a `change` [width + 1, outputs]."""
        slope = change[:-1].T / self.spread
        fresh = bias.double() + change[-1] - slope @ self.middle
        return (weight.double() + slope).to(weight.dtype), fresh.to(bias.dtype)


@dataclass(frozen=True, slots=True)
class Rows:
    """`columns` [rows, width + 1], the logits `before` [rows, outputs] and the `targets`, probabilities.

    A change adds `columns @ change` to the logits; columns of calibrated logits are scaled as these are.
    """

    columns: Tensor
    before: Tensor
    targets: Tensor

    def where(self, places: Sequence[int]) -> Rows:
        """The rows at `places`."""
        return Rows(self.columns[places], self.before[places], self.targets[places])

    def after(self, change: Tensor) -> Tensor:
        """[rows, outputs]: the logits after a change."""
        return self.before + self.columns @ change


def anchors(kind: Kind, columns: Tensor, before: Tensor) -> Rows:
    """Rows that ask the head to say what it says."""
    return Rows(columns, before, before.softmax(1) if kind is Kind.ONE_OF else before.sigmoid())


def losses(kind: Kind, logits: Tensor, targets: Tensor) -> Tensor:
    """[rows]: the cross entropy, summed over the outputs."""
    if kind is Kind.ONE_OF:
        return functional.cross_entropy(logits, targets, reduction="none")
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1)


def changes(kind: Kind, rows: Rows, anchor: Rows) -> list[Tensor]:
    """The best change [width + 1, outputs] under each of `STRENGTHS`, each found from the one before."""
    total = len(rows.targets) + len(anchor.targets)
    found: list[Tensor] = []
    change = torch.zeros(rows.columns.shape[1], rows.targets.shape[1], dtype=torch.float64)
    for strength in STRENGTHS:
        change = _minimised(kind, rows, anchor, strength, total, change)
        found.append(change)
    return found


def _minimised(kind: Kind, rows: Rows, anchor: Rows, strength: float, total: int, start: Tensor) -> Tensor:
    change = start.clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([change], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> float:
        fit = losses(kind, rows.after(change), rows.targets).sum()
        kept = losses(kind, anchor.after(change), anchor.targets).sum()
        loss = (fit + kept) / total + strength * change.square().sum()
        (change.grad,) = torch.autograd.grad(loss, change)
        return float(loss.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]  # torch does not type it
    return change.detach()


def folds_of(answers: Sequence[object], count: int, chance: random.Random) -> list[list[int]]:
    """Places in `count` parts of about equal size, each with its share of every answer."""
    order = list(range(len(answers)))
    chance.shuffle(order)
    order.sort(key=lambda place: str(answers[place]))
    return [sorted(order[start::count]) for start in range(count)]


def held_out(kind: Kind, rows: Rows, anchor: Rows, folds: Sequence[Sequence[int]]) -> list[Tensor]:
    """For each strength the logits [rows, outputs] of all rows, each from a fit that has not seen its fold."""
    found = [rows.before.clone() for _ in STRENGTHS]
    for fold in folds:
        hidden = set(fold)
        rest = [place for place in range(len(rows.before)) if place not in hidden]
        part = rows.where(list(fold))
        for logits, change in zip(found, changes(kind, rows.where(rest), anchor), strict=True):
            logits[list(fold)] = part.after(change)
    return found
