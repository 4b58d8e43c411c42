"""Multiplying bytes is exact, whatever the weights, and a row does not depend on the others."""

from __future__ import annotations

import pytest
import torch

from nlp.byte_matrix import ByteMatrix, largest_pairs, multiplies_bytes
from nlp.training.packing import eight_bits

pytestmark = pytest.mark.skipif(not multiplies_bytes(), reason="torch comes without FBGEMM here")

INPUTS, OUTPUTS = 64, 32


def drawn(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def exact(rows, weight, scale, bias):
    """What the bytes stand for, multiplied in double precision."""
    least = rows.amin(1, keepdim=True)
    step = (rows.amax(1, keepdim=True) - least) / 255
    spread = ((rows - least) / step).round() * step + least
    return spread.double() @ (weight.double() * scale.double()[:, None]).T + bias.double()


def test_the_largest_pair_is_that_of_neighbours_with_the_same_sign():
    matrix = torch.tensor([[100, 20, 0, 0], [-100, 20, 3, 4], [1, 90, 90, 1]], dtype=torch.int8)
    assert largest_pairs(matrix).tolist() == [120, 100, 91]


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_of_two_products_are_not_cut_off(sign):
    weight = sign * torch.tensor([127, 1], dtype=torch.int8).repeat(OUTPUTS, INPUTS // 2)
    # On whole levels, so that nothing is rounded; most inputs are the largest, where sums would be cut off first.
    rows = torch.full((5, INPUTS), 255.0)
    rows[:, ::7] = torch.randint(255, (5, 10), generator=torch.Generator().manual_seed(1)).float()
    rows[:, 0] = 0.0
    scale, bias = torch.full((OUTPUTS,), 0.01), drawn(1, OUTPUTS)
    found = ByteMatrix(weight, scale, bias)(rows)
    assert torch.allclose(found.double(), exact(rows, weight, scale, bias), rtol=1e-5)


@pytest.mark.parametrize("pair", [(127, 2), (-127, -2), (64, 65)])
def test_weights_whose_sums_would_be_cut_off_are_refused(pair):
    weight = torch.zeros(OUTPUTS, INPUTS, dtype=torch.int8)
    weight[3, 4:6] = torch.tensor(pair, dtype=torch.int8)
    assert not ByteMatrix.fits(weight)
    with pytest.raises(ValueError, match="16 bits"):
        ByteMatrix(weight, torch.ones(OUTPUTS), torch.zeros(OUTPUTS))


def test_bytes_stand_for_their_levels():
    weight, scale = eight_bits(drawn(2, OUTPUTS, INPUTS).numpy())
    assert ByteMatrix.fits(weight)
    rows, bias = 3 * drawn(3, 40, INPUTS) + 1, drawn(4, OUTPUTS)
    found = ByteMatrix(weight, scale, bias)(rows)
    expected = exact(rows, weight, scale, bias)
    # A value right between two levels may go to either: one level of one input.
    assert (found.double() - expected).abs().max() < 0.05
    assert (found.double() - expected).abs().median() < 1e-5


def test_a_row_does_not_depend_on_the_others():
    weight = (20 * drawn(5, OUTPUTS, INPUTS)).clamp(-64, 64).round().to(torch.int8)
    matrix = ByteMatrix(weight, torch.full((OUTPUTS,), 0.01), drawn(6, OUTPUTS))
    rows = drawn(7, 9, INPUTS)
    rows[4] *= 1000
    assert torch.equal(matrix(rows), torch.cat([matrix(row[None]) for row in rows]))


def test_a_row_of_one_value_is_exact():
    weight = torch.ones(OUTPUTS, INPUTS, dtype=torch.int8)
    found = ByteMatrix(weight, torch.ones(OUTPUTS), torch.zeros(OUTPUTS))(torch.full((2, INPUTS), 0.3))
    assert torch.allclose(found, torch.full((2, OUTPUTS), 0.3 * INPUTS))
