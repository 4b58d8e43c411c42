"""How near the 8-bit arithmetic is to floats made of the same weights, on the development texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from nlp.encoder import Arithmetic
from nlp.heads import Heads
from nlp.model_folder import TENSORS, read_card
from nlp.transformer import TransformerScorer

__all__ = ["Agreement", "agreement_of"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over `texts` texts: cosine of the vectors, least and mean, and the share of equal sentiment labels."""

    texts: int
    least_cosine: float
    mean_cosine: float
    same_label: float


def agreement_of(folder: Path, texts: Sequence[str], languages: Sequence[str]) -> Agreement:
    """Judge normalised `texts` in both arithmetics with the model in `folder`."""
    exact, coarse = (
        TransformerScorer(folder, languages, arithmetic=arithmetic).embed(texts)
        for arithmetic in (Arithmetic.FLOAT32, Arithmetic.INT8)
    )
    heads = Heads(load_file(folder / TENSORS), read_card(folder).calibration)
    labels, others = (heads.logits("sentiment", vectors).argmax(1) for vectors in (exact, coarse))
    near = torch.cosine_similarity(exact, coarse)
    same = (labels == others).double().mean()
    return Agreement(len(texts), float(near.min()), float(near.mean()), float(same))
