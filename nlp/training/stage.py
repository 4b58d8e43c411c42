"""One stage of training: what it does, and the seeded plan of its batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from nlp.training.examples import OWN, Example
from nlp.training.losses import Weights
from nlp.training.variants import Romanisation, variant

__all__ = ["Batch", "Encode", "Stage", "plan"]

Encode = Callable[[Sequence[str]], list[list[int]]]
"""Texts to the ids that the network reads."""

# Texts are sorted by length within so many batches: little padding, and still mixed.
_POOL = 48
_MOST_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage does and how it learns.

    `own` and `public` are the passes over our own texts and over the public ones. `tokens` is a batch's size. With
    `pairs` every text stands beside itself as somebody else would type it, otherwise one of the two is drawn.
    `rate` is the uppermost layer's, each lower layer has `layer_decay` of it, the lowest `frozen` ones do not learn.
    The result is the mean of the weights over the last `averaged` part.
    """

    name: str
    own: int
    public: float
    rate: float
    layer_decay: float = 0.9
    head_rate: float = 2e-3
    tokens: int = 600
    pairs: bool = False
    averaged: float = 0.4
    frozen: int = 0
    weights: Weights = field(default_factory=Weights)


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples, the ids of each text, and with pairs the ids of the same texts typed otherwise."""

    examples: list[Example]
    ids: list[list[int]]
    others: list[list[int]] | None

    @property
    def texts(self) -> int:
        """How many texts the network reads."""
        return len(self.ids) + len(self.others or ())


def plan(
    stage: Stage, examples: Sequence[Example], romanisation: Romanisation, encode: Encode, seed: int
) -> list[Batch]:
    """The batches of a stage, the same for the same seed: the texts of one are of similar length."""
    # Not for secrets: the same seed must give the same batches.
    chance = random.Random(f"{seed}:{stage.name}")  # noqa: S311
    public = [example for example in examples if example.source != OWN]
    whole, part = divmod(stage.public, 1)
    drawn = [example for example in examples if example.source == OWN] * stage.own
    drawn += public * int(whole) + chance.sample(public, round(part * len(public)))
    chance.shuffle(drawn)
    plain = [example.text for example in drawn]
    typed = [variant(example.text, example.lang, romanisation, chance) for example in drawn]
    if stage.pairs:
        ids, others = encode(plain), encode(typed)
    else:
        ids = encode([chance.choice(pair) for pair in zip(plain, typed, strict=True)])
        others = ids
    rows = list(zip(drawn, ids, others, strict=True))
    batches: list[Batch] = []
    size = _POOL * _MOST_TEXTS // 2
    for start in range(0, len(rows), size):
        pool = sorted(rows[start : start + size], key=lambda row: max(len(row[1]), len(row[2])))
        batches += _batches(pool, stage)
    chance.shuffle(batches)
    return batches


def _batches(pool: Sequence[tuple[Example, list[int], list[int]]], stage: Stage) -> Iterator[Batch]:
    """Neighbours of the pool, as many as have at most `stage.tokens` tokens with their padding, at least one."""
    room = stage.tokens // 2 if stage.pairs else stage.tokens
    begin = 0
    while begin < len(pool):
        end = begin + 1
        while end < len(pool) and end - begin < _MOST_TEXTS:
            longest = max(len(pool[end][1]), len(pool[end][2]))
            if longest * (end - begin + 1) > room:
                break
            end += 1
        rows = pool[begin:end]
        yield Batch(
            [example for example, _, _ in rows],
            [ids for _, ids, _ in rows],
            [others for _, _, others in rows] if stage.pairs else None,
        )
        begin = end
