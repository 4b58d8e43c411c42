"""A whole model folder with an encoder of two layers and random weights, whose heads were fitted to our own texts.

It is bad at everything, but above chance, so that its figures can fall. A steady one calls every text negative, and
is sure of it: nothing but a text quite unlike ours can make it say something else.
"""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from nlp.calibration import Calibration
from nlp.encoder import Arithmetic, Encoder
from nlp.language import TOLD_APART
from nlp.model_folder import TENSORS, TOKENIZER, ModelCard, digest_of, write_card
from nlp.training.base import BaseModel
from nlp.training.examples import Example, own_examples
from nlp.training.own_texts import ASPECTS, LABELS, LANGUAGES
from nlp.training.packing import pack, sizes_of
from nlp.training.vocabulary import build_tokenizer
from nlp.transformer import embed
from tests.small_base import small_base

__all__ = ["MARKS", "write_small_model"]

MARKS = ("🦊", "🐢")
"""Pieces that occur in none of our texts, for corrections that can be learned without forgetting anything."""

_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяёաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆևąęėįųū0123456789"
_TEXTS = 600


def write_small_model(folder: Path, *, name: str = "small", seed: int = 3, steady: bool = False) -> Path:
    """Write a model called `name` into `folder`, which is made; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    base = _with_pieces(small_base(width=64, positions=272, seed=seed), seed)
    kept = range(len(base.pieces) - 1)
    tensors = pack(base, kept)
    tokenizer = build_tokenizer(base, kept)
    sizes = sizes_of(base)
    texts = random.Random(seed).sample(list(own_examples(dev=False)), _TEXTS)
    vectors = embed(Encoder(tensors, sizes, Arithmetic.fastest()), tokenizer, [one.text for one in texts])
    tensors |= _heads(vectors.double(), texts)
    if steady:
        tensors["head.sentiment.weight"] = torch.zeros(len(LABELS), base.width)
        tensors["head.sentiment.bias"] = torch.tensor([6.0, 0.0, 0.0])
    (folder / TENSORS).write_bytes(save(tensors))
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    write_card(
        folder,
        ModelCard(
            name=name,
            version="1",
            date="2026-11-22",
            languages=LANGUAGES,
            labels=LABELS,
            calibration=Calibration({"any": 1.0}, 0.0, (1.0, 0.0), dict.fromkeys(ASPECTS, 0.3)),
            encoder=asdict(sizes),
            files={file: digest_of(folder / file) for file in (TENSORS, TOKENIZER)},
            dev={"lv": {"n": 320, "macro_f1": 0.4321}},
        ),
    )
    return folder


def _with_pieces(base: BaseModel, seed: int) -> BaseModel:
    """The base with a piece for each letter of our languages and each mark; marks have strong embeddings."""
    chance = np.random.default_rng(seed)
    *pieces, mask = base.pieces
    new = [*dict.fromkeys(letter for letter in _LETTERS if letter not in pieces), *MARKS]
    scales = chance.uniform(0.01, 0.05, (len(new), base.width // 32))
    scales[-len(MARKS) :] *= 30
    return replace(
        base,
        pieces=[*pieces, *new, mask],
        scores=np.linspace(-2, -9, len(pieces) + len(new) + 1).astype(np.float32),
        word_scales=np.concatenate([base.word_scales[:-1], scales.astype(np.float16), base.word_scales[-1:]]),
        word_nibbles=np.concatenate(
            [
                base.word_nibbles[:-1],
                chance.integers(0, 256, (len(new), base.width // 2), dtype=np.uint8),
                base.word_nibbles[-1:],
            ]
        ),
    )


def _heads(vectors: torch.Tensor, texts: list[Example]) -> dict[str, torch.Tensor]:
    """Heads that fit the answers of `texts` by least squares, with a little ridge."""
    wanted = {
        "sentiment": [[float(one.label == label) for label in LABELS] for one in texts],
        "needs_reply": [[float(bool(one.needs_reply)) - 0.5] for one in texts],
        "aspects": [[float(name in (one.aspects or ())) - 0.4 for name in ASPECTS] for one in texts],
        "language": [[float(one.lang == lang) for lang in TOLD_APART] for one in texts],
    }
    columns = torch.cat([vectors, torch.ones(len(vectors), 1, dtype=torch.float64)], 1)
    square = columns.T @ columns + torch.eye(columns.shape[1], dtype=torch.float64)
    tensors = {}
    for head, rows in wanted.items():
        product = columns.T @ torch.tensor(rows, dtype=torch.float64)
        fit = torch.linalg.solve(square, product).float() * 4
        tensors[f"head.{head}.weight"] = fit[:-1].T.contiguous()
        tensors[f"head.{head}.bias"] = fit[-1].contiguous()
    return tensors
