"""A candidate for the encoder's arithmetic: bytes multiplied by FBGEMM, which torch brings for x86, on AVX2 too.

Its matrices must be packed with steps of `largest_pairs(weight) / 127` instead of the largest weight's.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

__all__ = ["ByteMatrix", "largest_pairs"]

_ENGINE = "fbgemm"
_PRODUCT = "linear_with_input_q_dq_qweight_dq_output_fp32"
# AVX2 multiplies unsigned by signed bytes and adds two neighbouring products in 16 bits: what is more is cut off.
_LARGEST_SUM = 32767


def largest_pairs(matrix: Tensor) -> Tensor:
    """[outputs]: in each row of `matrix` the largest weight or sum of two neighbours (2k, 2k + 1), unsigned."""
    pairs = matrix.view(matrix.shape[0], -1, 2)
    return torch.maximum(pairs.sum(2).abs(), pairs.abs().amax(2)).amax(1)


class ByteMatrix:
    """A matrix [outputs, inputs] of signed bytes with one scale an output, and its bias.

    A row of activations is spread from its smallest to its largest value over as many levels as keep two
    products within 16 bits: all 256 when no pair of weights adds up to more than 128, as packing by
    `largest_pairs` sees to. So the integers are exact, and a row does not depend on the others.
    """

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor) -> None:
        """Raises RuntimeError where torch comes without FBGEMM."""
        self._bias = bias
        self._sums = weight.sum(1) * scale
        self._step = 1.0 / min(255, _LARGEST_SUM // int(largest_pairs(weight).max().clamp_min(1)))
        self._packed = _packed(weight, scale)
        self._product = getattr(torch.ops.quantized, _PRODUCT).default

    def __call__(self, rows: Tensor) -> Tensor:
        """[rows, inputs] to [rows, outputs]."""
        least = rows.amin(1, keepdim=True)
        # Not `aminmax`: along a row it is seven times slower than these two.
        range_ = rows.amax(1, keepdim=True).sub_(least).clamp_min_(1e-12)
        found: Tensor = self._product((rows - least).div_(range_), self._step, 0, self._packed)
        return torch.addcmul(self._bias, found, range_, out=found).addr_(least[:, 0], self._sums)


def _packed(weight: Tensor, scale: Tensor) -> Any:
    """The matrix in the order in which FBGEMM reads it."""
    floats = weight.float() * scale[:, None]
    zeros = torch.zeros(len(scale), dtype=torch.int64)
    engine = torch.backends.quantized.engine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that quantised tensors are deprecated
        try:
            torch.backends.quantized.engine = _ENGINE
            quantised = torch.quantize_per_channel(floats, scale, zeros, 0, torch.qint8)
            return torch.ops.quantized.linear_prepack(quantised, None)
        finally:
            torch.backends.quantized.engine = engine
