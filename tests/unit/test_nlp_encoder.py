from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from nlp.encoder import Arithmetic, Encoder, Sizes, unpack_blocks
from nlp.training.base import BaseModel
from nlp.training.packing import pack, sizes_of

WIDTH, INNER, LAYERS, HEADS, PIECES, POSITIONS = 64, 128, 2, 2, 40, 48
IDS = [[0, 5, 6, 2], [0, 7, 8, 2], [0, 9, 10, 11, 12, 13, 2], [0, *range(4, 34), 2]]


@pytest.fixture(scope="module")
def base():
    """A base model of random weights in the real one's layout."""
    chance = np.random.default_rng(3)

    def drawn(*shape):
        return chance.normal(0, 0.1, shape).astype(np.float32)

    tensors = {
        "embeddings.position_embeddings.weight": drawn(POSITIONS, WIDTH)
        .astype(np.float16)
        .astype(np.float32),
        "embeddings.token_type_embeddings.weight": np.zeros((2, WIDTH), np.float32),
        "embeddings.LayerNorm.weight": 1 + drawn(WIDTH),
        "embeddings.LayerNorm.bias": drawn(WIDTH),
    }
    for layer in range(LAYERS):
        for name, inputs, outputs in (
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", WIDTH, INNER),
            ("output.dense", INNER, WIDTH),
        ):
            tensors[f"encoder.layer.{layer}.{name}.weight"] = drawn(outputs, inputs)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = drawn(outputs)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"encoder.layer.{layer}.{name}.weight"] = 1 + drawn(WIDTH)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = drawn(WIDTH)
    return BaseModel(
        width=WIDTH,
        layers=LAYERS,
        heads=HEADS,
        inner=INNER,
        positions=POSITIONS,
        epsilon=1e-12,
        begin=0,
        end=2,
        pad=1,
        unknown=3,
        pieces=[f"piece{number}" for number in range(PIECES)],
        scores=np.zeros(PIECES, np.float32),
        tensors=tensors,
        word_scales=chance.uniform(0.01, 0.05, (PIECES, WIDTH // 32)).astype(np.float16),
        word_nibbles=chance.integers(0, 256, (PIECES, WIDTH // 2), dtype=np.uint8),
    )


@pytest.fixture(scope="module")
def tensors(base):
    return pack(base, range(PIECES))


def reference(base, tensors):
    """`transformers`' BertModel with the packed weights turned back into floats."""
    config = BertConfig(
        vocab_size=PIECES,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        max_position_embeddings=POSITIONS,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    state = {name: torch.from_numpy(values) for name, values in base.tensors.items()}
    for name in list(state):
        short = name.removeprefix("encoder.")
        scale = tensors.get(short.removesuffix("weight") + "scale")
        if scale is not None:
            state[name] = tensors[short].float() * scale[:, None]
    words = unpack_blocks(tensors["embeddings.word.nibbles"], tensors["embeddings.word.scales"])
    state["embeddings.word_embeddings.weight"] = words
    model.load_state_dict(state, strict=False)
    return model


def test_the_arithmetic_is_that_of_bert_model(base, tensors):
    model = reference(base, tensors)
    found = Encoder(tensors, sizes_of(base), Arithmetic.FLOAT32).pooled(IDS)
    with torch.inference_mode():
        expected = torch.cat([model(torch.tensor([ids])).last_hidden_state.mean(1) for ids in IDS])
    assert torch.allclose(found, expected, atol=1e-5)


def test_eight_bits_stay_close_to_floats(base, tensors):
    exact = Encoder(tensors, sizes_of(base), Arithmetic.FLOAT32).pooled(IDS)
    coarse = Encoder(tensors, sizes_of(base), Arithmetic.INT8).pooled(IDS)
    assert torch.cosine_similarity(exact, coarse).min() > 0.999


@pytest.mark.parametrize("arithmetic", list(Arithmetic))
def test_a_vector_does_not_depend_on_its_neighbours(base, tensors, arithmetic):
    encoder = Encoder(tensors, sizes_of(base), arithmetic)
    together = encoder.pooled(IDS)
    alone = torch.cat([encoder.pooled([ids]) for ids in IDS])
    assert torch.allclose(together, alone, atol=1e-6)


def test_blocks_of_four_bits_are_unpacked_low_half_first():
    nibbles = torch.tensor([[0x98] + [0x88] * 15], dtype=torch.uint8)
    row = unpack_blocks(nibbles, torch.tensor([[0.5]], dtype=torch.float16))[0]
    assert row[16] == 0.5
    assert row.abs().sum() == 0.5


def test_only_the_kept_pieces_are_packed_in_their_order(base):
    kept = [0, 1, 2, 3, 9, 20]
    packed = pack(base, kept)
    assert torch.equal(packed["embeddings.word.nibbles"], torch.from_numpy(base.word_nibbles[kept]))
    assert Sizes(WIDTH, LAYERS, HEADS, POSITIONS, 1e-12) == sizes_of(base)
