"""The shipped encoder: a BERT whose matrices stay in 8 bits, from token ids to one vector a text.

Why not the classes of `transformers`: importing them takes longer than loading and using this model, and
their way to 8 bits would make a text's score depend on its neighbours (see `nlp.byte_matrix`). A test shows that the
arithmetic is that of `BertModel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import torch
from torch import Tensor
from torch.nn import functional

from nlp.byte_matrix import ByteMatrix, multiplies_bytes

__all__ = ["Arithmetic", "Encoder", "Sizes", "unpack_blocks"]

_BLOCK = 32


class Arithmetic(StrEnum):
    """How matrices are multiplied: as 8-bit integers where these fit, or as 32-bit floats made from them."""

    INT8 = "int8"
    FLOAT32 = "float32"

    @classmethod
    def fastest(cls) -> Arithmetic:
        """Integers where torch multiplies them fast, else floats."""
        return cls.INT8 if multiplies_bytes() else cls.FLOAT32


@dataclass(frozen=True, slots=True)
class Sizes:
    """The shape of the encoder."""

    width: int
    layers: int
    heads: int
    positions: int
    epsilon: float


class _FloatMatrix:
    """A matrix [outputs, inputs] in 8 bits with one scale an output, and its bias, multiplied as floats."""

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor) -> None:
        self._weight = weight.float() * scale[:, None]
        self._bias = bias

    def __call__(self, rows: Tensor) -> Tensor:
        """[rows, inputs] to [rows, outputs]."""
        return functional.linear(rows, self._weight, self._bias)


class _Layer:
    """Self-attention and the inner network, each followed by a layer norm over the sum with its input."""

    def __init__(
        self, tensors: Mapping[str, Tensor], name: str, sizes: Sizes, arithmetic: Arithmetic
    ) -> None:
        def linear(*parts: str) -> ByteMatrix | _FloatMatrix:
            weight, scale, bias = (
                torch.cat([tensors[f"{name}.{part}.{kind}"] for part in parts])
                for kind in ("weight", "scale", "bias")
            )
            whole = arithmetic is Arithmetic.INT8 and ByteMatrix.fits(weight)
            return (ByteMatrix if whole else _FloatMatrix)(weight, scale, bias)

        self._sizes = sizes
        self._asked = linear("attention.self.query", "attention.self.key", "attention.self.value")
        self._attended = linear("attention.output.dense")
        self._inner = linear("intermediate.dense")
        self._outer = linear("output.dense")
        self._norms = [
            (tensors[f"{name}.{part}.LayerNorm.weight"], tensors[f"{name}.{part}.LayerNorm.bias"])
            for part in ("attention.output", "output")
        ]

    def __call__(self, rows: Tensor, runs: Sequence[tuple[int, int]]) -> Tensor:
        """[tokens, width] to the same shape; `runs` are (texts, tokens of each) in the order of the rows."""
        width, heads = self._sizes.width, self._sizes.heads
        asked = self._asked(rows)
        seen = torch.empty_like(rows)
        start = 0
        for texts, tokens in runs:
            end = start + texts * tokens
            query, key, value = (
                asked[start:end].view(texts, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            )
            found = functional.scaled_dot_product_attention(query, key, value)
            seen[start:end] = found.transpose(1, 2).reshape(end - start, width)
            start = end
        rows = self._normed(rows + self._attended(seen), 0)
        return self._normed(rows + self._outer(functional.gelu(self._inner(rows))), 1)

    def _normed(self, rows: Tensor, which: int) -> Tensor:
        weight, bias = self._norms[which]
        return functional.layer_norm(rows, (self._sizes.width,), weight, bias, self._sizes.epsilon)


class Encoder:
    """Token ids to the mean of the last layer's vectors."""

    def __init__(self, tensors: Mapping[str, Tensor], sizes: Sizes, arithmetic: Arithmetic) -> None:
        """`tensors` are named as in `nlp.training.packing`; raises KeyError when one is missing."""
        self.sizes = sizes
        self._nibbles = tensors["embeddings.word.nibbles"]
        self._scales = tensors["embeddings.word.scales"]
        self._positions = tensors["embeddings.position"].float()
        self._norm = (tensors["embeddings.LayerNorm.weight"], tensors["embeddings.LayerNorm.bias"])
        self._layers = [
            _Layer(tensors, f"layer.{number}", sizes, arithmetic) for number in range(sizes.layers)
        ]

    @torch.inference_mode()
    def pooled(self, batch: Sequence[Sequence[int]]) -> Tensor:
        """[texts, width]: for each list of ids (at most `sizes.positions`) the mean over its tokens.

        Lists of equal length should be neighbours: each run of them is one call of the attention. Nothing is
        padded, so a text's vector does not depend on the texts beside it.
        """
        runs = [(len(list(same)), tokens) for tokens, same in groupby(map(len, batch))]
        ids = torch.tensor([token for row in batch for token in row])
        places = torch.cat([torch.arange(tokens).repeat(texts) for texts, tokens in runs])
        rows = unpack_blocks(self._nibbles[ids], self._scales[ids]) + self._positions[places]
        rows = functional.layer_norm(rows, (self.sizes.width,), *self._norm, self.sizes.epsilon)
        for layer in self._layers:
            rows = layer(rows, runs)
        means = []
        start = 0
        for texts, tokens in runs:
            means.append(rows[start : start + texts * tokens].view(texts, tokens, -1).mean(1))
            start += texts * tokens
        return torch.cat(means)


def unpack_blocks(nibbles: Tensor, scales: Tensor) -> Tensor:
    """Rows of 4-bit blocks as floats: `nibbles` [rows, width / 2] bytes, `scales` [rows, width / 32] halves.

    Byte 16 * block + j carries weight j of the block in its low and weight j + 16 in its high four bits.
    """
    blocks = nibbles.view(nibbles.shape[0], scales.shape[1], _BLOCK // 2)
    whole = torch.cat([blocks & 0x0F, blocks >> 4], dim=2).float() - 8.0
    return (whole * scales.float()[:, :, None]).view(nibbles.shape[0], -1)
