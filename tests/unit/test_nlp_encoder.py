from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertModel

from nlp.byte_matrix import multiplies_bytes
from nlp.encoder import Arithmetic, Encoder, Sizes, unpack_blocks
from nlp.training.packing import pack, sizes_of
from tests.small_base import small_base

WIDTH, POSITIONS = 64, 48
needs_bytes = pytest.mark.skipif(not multiplies_bytes(), reason="torch comes without FBGEMM here")

IDS = [[0, 5, 6, 2], [0, 7, 8, 2], [0, 9, 10, 11, 12, 13, 2], [0, *range(4, 34), 2]]


@pytest.fixture(scope="module")
def base():
    return small_base(width=WIDTH, positions=POSITIONS)


@pytest.fixture(scope="module")
def tensors(base):
    return pack(base, range(len(base.pieces)))


def reference(base, tensors):
    """`transformers`' BertModel with the packed weights turned back into floats."""
    config = BertConfig(
        vocab_size=len(base.pieces),
        hidden_size=base.width,
        num_hidden_layers=base.layers,
        num_attention_heads=base.heads,
        intermediate_size=base.inner,
        max_position_embeddings=base.positions,
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


@needs_bytes
def test_eight_bits_stay_close_to_floats(base, tensors):
    exact = Encoder(tensors, sizes_of(base), Arithmetic.FLOAT32).pooled(IDS)
    coarse = Encoder(tensors, sizes_of(base), Arithmetic.INT8).pooled(IDS)
    assert torch.cosine_similarity(exact, coarse).min() > 0.999


@needs_bytes
def test_matrices_whose_sums_would_be_cut_off_are_multiplied_as_floats(base, tensors):
    other = {name: tensor.clone() for name, tensor in tensors.items()}
    for tensor in other.values():
        if tensor.dtype is torch.int8:
            tensor[0, :2] = 127
    exact, whole = (Encoder(other, sizes_of(base), arithmetic).pooled(IDS) for arithmetic in Arithmetic)
    assert torch.equal(exact, whole)


@pytest.mark.parametrize("arithmetic", [Arithmetic.FLOAT32, pytest.param(Arithmetic.INT8, marks=needs_bytes)])
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
    assert Sizes(WIDTH, base.layers, base.heads, POSITIONS, 1e-12) == sizes_of(base)
