"""Turns the base model into the tensors that are shipped: matrices in 8 bits, embeddings as they came.

The embeddings stay in the 4-bit blocks in which the base model is published: they lose nothing, and twice the
pieces fit into the same size as in 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nlp.byte_matrix import largest_pairs
from nlp.encoder import Sizes
from nlp.training.base import BaseModel, Floats

__all__ = ["eight_bits", "pack", "sizes_of"]


def sizes_of(base: BaseModel) -> Sizes:
    """The encoder's shape."""
    return Sizes(base.width, base.layers, base.heads, base.positions, base.epsilon)


def pack(base: BaseModel, kept: Sequence[int]) -> dict[str, Tensor]:
    """The tensors that `nlp.encoder.Encoder` reads, with the embeddings of the pieces `kept` in that order.

    The one type of token that is ever used is added to the positions.
    """
    rows = np.asarray(kept)
    raw = base.tensors
    positions = (
        raw["embeddings.position_embeddings.weight"] + raw["embeddings.token_type_embeddings.weight"][:1]
    )
    tensors = {
        "embeddings.word.nibbles": torch.from_numpy(base.word_nibbles[rows].copy()),
        "embeddings.word.scales": torch.from_numpy(base.word_scales[rows].copy()),
        "embeddings.position": torch.from_numpy(positions).to(torch.float16),
    }
    for name, values in raw.items():
        short = name.removeprefix("encoder.")
        if values.ndim == 2 and name.startswith("encoder."):
            weight, scale = eight_bits(values)
            tensors[short] = weight
            tensors[short.removesuffix("weight") + "scale"] = scale
        elif values.ndim == 1:
            tensors[short] = torch.from_numpy(values)
    return tensors


def eight_bits(matrix: Floats) -> tuple[Tensor, Tensor]:
    """A matrix as signed bytes, symmetric, and the step of each of its rows.

    Steps are by pairs, so that integers are multiplied exactly on processors that add up pairs in 16 bits.
    """
    weight = torch.from_numpy(matrix)
    scale = largest_pairs(weight).clamp_min(1e-12) / 127.0
    return (weight / scale[:, None]).round().to(torch.int8), scale
