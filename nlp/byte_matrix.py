"""Matrices of signed bytes, multiplied as bytes by FBGEMM, which torch brings for x86 processors since AVX2.

PyTorch's own way to 8 bits scales a whole batch at once; here each row of activations has its own range, so that a
text's score does not depend on its neighbours. Khudia et al. 2021, "FBGEMM: Enabling High-Performance
Low-Precision Deep Learning Inference".
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

__all__ = ["ByteMatrix", "largest_pairs", "multiplies_bytes"]

_ENGINE = "fbgemm"
_PRODUCT = "linear_with_input_q_dq_qweight_dq_output_fp32"
_LEVELS = 255
# AVX2 multiplies unsigned by signed bytes and adds two neighbouring products in 16 bits: what is more is cut off.
_LARGEST_PAIR = 32767 // _LEVELS


def multiplies_bytes() -> bool:
    """Whether torch brings FBGEMM here, and all that is needed of it."""
    return (
        _ENGINE in torch.backends.quantized.supported_engines
        and hasattr(torch, "quantize_per_channel")
        and hasattr(torch.ops.quantized, _PRODUCT)
    )


def largest_pairs(matrix: Tensor) -> Tensor:
    """[outputs]: in each row of `matrix` the largest weight or sum of two neighbours (2k, 2k + 1), unsigned.

    A row packed with steps of this / 127 has no two neighbours that add up to more than 128.
    """
    pairs = matrix.view(matrix.shape[0], -1, 2)
    return torch.maximum(pairs.sum(2).abs(), pairs.abs().amax(2)).amax(1)


class ByteMatrix:
    """A matrix [outputs, inputs] of signed bytes with one scale an output, and its bias.

    A row of activations is spread from its smallest to its largest value over 256 levels, so a row does not depend
    on the others. The sums of integers are exact.
    """

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor) -> None:
        """Raises ValueError for weights that do not `fit`, RuntimeError where torch comes without FBGEMM."""
        if not self.fits(weight):
            raise ValueError("two neighbouring weights add up to more than 16 bits hold")
        self._bias = bias
        self._sums = weight.sum(1) * scale
        self._packed = _packed(weight, scale)
        self._product = getattr(torch.ops.quantized, _PRODUCT).default

    @staticmethod
    def fits(weight: Tensor) -> bool:
        """Whether no two neighbours add up to more than 128: so packed by `largest_pairs`, or small enough anyway."""
        return int(largest_pairs(weight).max()) <= _LARGEST_PAIR

    def __call__(self, rows: Tensor) -> Tensor:
        """[rows, inputs] to [rows, outputs]."""
        least = rows.amin(1, keepdim=True)
        # Not `aminmax`: along a row it is seven times slower than these two.
        range_ = rows.amax(1, keepdim=True).sub_(least).clamp_min_(1e-12)
        found: Tensor = self._product((rows - least).div_(range_), 1 / _LEVELS, 0, self._packed)
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
