"""A base model of random weights in the real one's layout, so small that it is trained in a moment."""

from __future__ import annotations

import numpy as np

from nlp.training.base import BaseModel

__all__ = ["small_base"]

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_LETTERS = "abcdefghijklmnopqrstuvwxyzāčēģīķļņšūž.,!?:"
_WORDS = ("▁", "▁labs", "▁labi", "▁slikts", "▁slikti", "▁ļoti", "▁vai", "▁kad", "▁que", "ry")


def small_base(
    *, width: int = 32, layers: int = 2, heads: int = 2, positions: int = 160, seed: int = 3
) -> BaseModel:
    """A base model whose pieces are Latin and Latvian letters and a few words; `width` in steps of 32."""
    chance = np.random.default_rng(seed)
    inner = 2 * width
    pieces = [*_SPECIAL, *_WORDS, *_LETTERS, "<mask>"]

    def drawn(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return chance.normal(0, 0.1, shape).astype(np.float32)

    tensors = {
        # Shipped in half precision: what halves cannot hold would show as a difference of the encoders.
        "embeddings.position_embeddings.weight": drawn(positions, width)
        .astype(np.float16)
        .astype(np.float32),
        "embeddings.token_type_embeddings.weight": np.zeros((2, width), np.float32),
        "embeddings.LayerNorm.weight": 1 + drawn(width),
        "embeddings.LayerNorm.bias": drawn(width),
    }
    for layer in range(layers):
        for name, inputs, outputs in (
            ("attention.self.query", width, width),
            ("attention.self.key", width, width),
            ("attention.self.value", width, width),
            ("attention.output.dense", width, width),
            ("intermediate.dense", width, inner),
            ("output.dense", inner, width),
        ):
            tensors[f"encoder.layer.{layer}.{name}.weight"] = drawn(outputs, inputs)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = drawn(outputs)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"encoder.layer.{layer}.{name}.weight"] = 1 + drawn(width)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = drawn(width)
    return BaseModel(
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        positions=positions,
        epsilon=1e-12,
        begin=0,
        end=2,
        pad=1,
        unknown=3,
        pieces=pieces,
        scores=np.linspace(-2, -9, len(pieces)).astype(np.float32),
        tensors=tensors,
        word_scales=chance.uniform(0.01, 0.05, (len(pieces), width // 32)).astype(np.float16),
        word_nibbles=chance.integers(0, 256, (len(pieces), width // 2), dtype=np.uint8),
    )
