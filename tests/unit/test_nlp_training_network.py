"""The network that is trained, beside the encoder that is shipped."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlp.encoder import Arithmetic, Encoder, unpack_blocks
from nlp.training.base import BaseModel
from nlp.training.network import HEADS, Network, cut, padded
from nlp.training.packing import pack, sizes_of
from nlp.training.vocabulary import build_tokenizer, full_tokenizer
from tests.small_base import small_base

PAD = 1
LONG = "slikti labi ļoti vai kad " * 60


@pytest.fixture(scope="module")
def base() -> BaseModel:
    return small_base()


@pytest.fixture(scope="module")
def kept(base: BaseModel) -> list[int]:
    return list(range(len(base.pieces) - 1))


@pytest.fixture
def network(base: BaseModel, kept: list[int]) -> Network:
    torch.manual_seed(11)
    return Network(base, kept).eval()


def test_a_short_text_is_framed_as_it_is_in_use(base: BaseModel) -> None:
    tokenizer = full_tokenizer(base)
    assert cut(tokenizer, ["labs", "ļoti labi"]) == [
        tokenizer.encode("labs").ids,
        tokenizer.encode("ļoti labi").ids,
    ]


def test_of_a_long_text_the_beginning_and_the_end_are_read(base: BaseModel) -> None:
    tokenizer = full_tokenizer(base)
    whole = tokenizer.encode(LONG).ids
    (row,) = cut(tokenizer, [LONG])
    assert len(whole) > 200
    assert len(row) == 128
    assert row[:64] == whole[:64]
    assert row[64:] == whole[-64:]


def test_rows_are_padded_to_the_longest() -> None:
    ids, mask = padded([[0, 5, 2], [0, 5, 6, 7, 2]], PAD)
    assert ids.tolist() == [[0, 5, 2, PAD, PAD], [0, 5, 6, 7, 2]]
    assert mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]


def test_each_head_has_its_outputs(base: BaseModel, network: Network) -> None:
    found = network(*padded(cut(full_tokenizer(base), ["labs", "ļoti slikti"]), PAD))
    assert {name: tuple(values.shape) for name, values in found.items()} == {
        name: (2, len(outputs)) for name, outputs in HEADS.items()
    }


def test_padding_does_not_change_a_texts_logits(base: BaseModel, network: Network) -> None:
    rows = cut(full_tokenizer(base), ["labs", LONG, "ļoti slikti, vai"])
    with torch.inference_mode():
        together = network(*padded(rows, PAD))
        for place, row in enumerate(rows):
            alone = network(*padded([row], PAD))
            for name in HEADS:
                assert torch.allclose(alone[name][0], together[name][place], atol=1e-5)


def test_only_the_kept_pieces_have_embeddings_in_their_order(base: BaseModel) -> None:
    kept = [0, 1, 2, 3, 4, 8, 12, 13, 50]
    network = Network(base, kept)
    words = unpack_blocks(torch.from_numpy(base.word_nibbles[kept]), torch.from_numpy(base.word_scales[kept]))
    assert torch.equal(network.encoder.embeddings.word_embeddings.weight, words)
    found = network.eval()(*padded(cut(build_tokenizer(base, kept), ["labs"]), PAD))
    assert found["sentiment"].isfinite().all()


def mean_vectors(network: Network, rows: list[list[int]]) -> torch.Tensor:
    """The network's mean vectors, read off a head that hands its input on."""
    with torch.inference_mode():
        found = []
        for row in rows:
            ids, mask = padded([row], PAD)
            found.append(network.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.mean(1))
    return torch.cat(found)


def test_the_packed_encoder_agrees_within_the_rounding_of_eight_bits(
    base: BaseModel, kept: list[int], network: Network
) -> None:
    # Matrices that are whole steps of 8 bits lose nothing: what is left is the order of the sums.
    for name, value in network.encoder.named_parameters():
        if value.ndim == 2 and name.startswith("encoder."):
            steps = value.detach().abs().amax(1, keepdim=True) / 63
            whole = (value.data / steps).round()
            # No two neighbours add up to more, so this is what a row's steps are taken from.
            whole[:, 0], whole[:, 1] = 127, 0
            value.data = whole * steps
    rows = cut(full_tokenizer(base), ["labs", "ļoti slikti, vai", LONG])
    tensors = pack(network.trained(base), kept)
    found = Encoder(tensors, sizes_of(base), Arithmetic.FLOAT32).pooled(rows)
    assert torch.allclose(found, mean_vectors(network, rows), atol=1e-4)
    with torch.inference_mode():
        expected = network(*padded(rows, PAD))
        for name, head in network.heads.items():
            assert torch.allclose(head(found), expected[name], atol=1e-4)


def test_the_packed_encoder_is_close_to_any_network(
    base: BaseModel, kept: list[int], network: Network
) -> None:
    rows = cut(full_tokenizer(base), ["labs", "ļoti slikti, vai", LONG])
    found = Encoder(pack(network.trained(base), kept), sizes_of(base), Arithmetic.FLOAT32).pooled(rows)
    assert torch.cosine_similarity(found, mean_vectors(network, rows)).min() > 0.999


def test_what_was_trained_takes_the_base_models_place(
    base: BaseModel, kept: list[int], network: Network
) -> None:
    with torch.no_grad():
        for value in network.encoder.encoder.parameters():
            value.mul_(1.5)
    again = network.trained(base)
    assert again.pieces == base.pieces
    assert np.array_equal(again.word_nibbles, base.word_nibbles)
    assert set(again.tensors) == set(base.tensors)
    name = "encoder.layer.1.output.dense.weight"
    assert np.allclose(again.tensors[name], 1.5 * base.tensors[name])
    loaded = Network(again, kept).encoder.state_dict()
    assert all(torch.equal(values, loaded[name]) for name, values in network.encoder.state_dict().items())


def test_the_mean_is_over_the_tokens_that_are_there(base: BaseModel, network: Network) -> None:
    # A head that copies the first entries of its input shows the vector itself.
    row = cut(full_tokenizer(base), ["ļoti labs"])[0]
    network.heads["sentiment"].load_state_dict({"weight": torch.eye(3, base.width), "bias": torch.zeros(3)})
    with torch.inference_mode():
        found = network(*padded([row, row + row[1:] * 3], PAD))["sentiment"][0]
    assert torch.allclose(found, mean_vectors(network, [row])[0, :3], atol=1e-5)
