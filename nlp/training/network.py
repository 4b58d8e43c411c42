"""The model as it is trained: the base model's encoder in floats, with four heads on its mean vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from nlp.encoder import unpack_blocks
from nlp.language import TOLD_APART
from nlp.training.base import BaseModel
from nlp.training.own_texts import ASPECTS, LABELS

__all__ = ["HEADS", "Network", "cut", "padded"]

HEADS: Mapping[str, Sequence[str]] = {
    "sentiment": LABELS,
    "needs_reply": ("needs_reply",),
    "aspects": ASPECTS,
    "language": TOLD_APART,
}
"""Each head and the names of its outputs."""

_MOST_TOKENS = 128


class Network(nn.Module):
    """Token ids to the logits of each head."""

    def __init__(self, base: BaseModel, kept: Sequence[int], dropout: float = 0.1) -> None:
        """The base model with the embeddings of the pieces `kept`, in that order, and new heads."""
        super().__init__()
        config = BertConfig(
            vocab_size=len(kept),
            hidden_size=base.width,
            num_hidden_layers=base.layers,
            num_attention_heads=base.heads,
            intermediate_size=base.inner,
            max_position_embeddings=base.positions,
            type_vocab_size=1,
            layer_norm_eps=base.epsilon,
            hidden_dropout_prob=dropout,
            # Dropping attention would cost a fifth of the speed: the fused kernel has no such path.
            attention_probs_dropout_prob=0.0,
            pad_token_id=base.pad,
        )
        self.encoder = BertModel(config, add_pooling_layer=False)
        rows = np.asarray(kept)
        state = {name: torch.from_numpy(values) for name, values in base.tensors.items()}
        state["embeddings.token_type_embeddings.weight"] = state["embeddings.token_type_embeddings.weight"][
            :1
        ]
        state["embeddings.word_embeddings.weight"] = unpack_blocks(
            torch.from_numpy(base.word_nibbles[rows]), torch.from_numpy(base.word_scales[rows])
        )
        self.encoder.load_state_dict(state)
        self.encoder.embeddings.word_embeddings.requires_grad_(False)
        self.dropout = nn.Dropout(dropout)
        linear = {name: nn.Linear(base.width, len(names)) for name, names in HEADS.items()}
        for head in linear.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
        self.heads = nn.ModuleDict(linear)

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """`ids` and `mask` [texts, tokens] to [texts, outputs] of each head."""
        found = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(2).to(found.dtype)
        mean = self.dropout((found * weights).sum(1) / weights.sum(1))
        return {name: head(mean) for name, head in self.heads.items()}

    def trained(self, base: BaseModel) -> BaseModel:
        """The base model with this network's matrices in place of its own; its embeddings stay."""
        state = self.encoder.state_dict()
        tensors = {name: state[name].numpy() for name in base.tensors}
        return replace(base, tensors=tensors)


def cut(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each text; of a long one the beginning and the end, where authors say what they think."""
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    half = _MOST_TOKENS // 2
    return [row if len(row) <= _MOST_TOKENS else [*row[:half], *row[-half:]] for row in rows]


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Ids and mask [rows, longest row]."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask
