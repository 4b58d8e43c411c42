"""The plan of a stage: seeded, complete, and in batches that fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from nlp.training.network import cut
from nlp.training.stage import Batch, Stage, plan
from nlp.training.vocabulary import full_tokenizer
from tests.small_base import small_base
from tests.small_lessons import EXAMPLES, STAGE

ENCODE = partial(cut, full_tokenizer(small_base()))


def planned(stage: Stage, seed: int = 7) -> list[Batch]:
    return plan(stage, EXAMPLES, {}, ENCODE, seed)


def test_the_same_seed_plans_the_same_batches() -> None:
    assert planned(STAGE) == planned(STAGE)
    assert planned(STAGE) != planned(STAGE, seed=8)
    assert planned(STAGE) != planned(replace(STAGE, name="other"))


@pytest.mark.parametrize(
    ("passes", "share", "most"), [(2, 0.5, 1), (1, 1.0, 1), (3, 0.0, 0), (0, 2.25, 3), (1, 0.3, 1)]
)
def test_own_texts_are_passed_whole_and_public_ones_by_their_share(
    passes: int, share: float, most: int
) -> None:
    batches = planned(replace(STAGE, own=passes, public=share))
    drawn = Counter(example for batch in batches for example in batch.examples)
    times = [drawn[example] for example in EXAMPLES[60:]]
    assert {drawn[example] for example in EXAMPLES[:60]} == {passes}
    assert sum(times) == round(share * 120)
    assert max(times) == most
    assert min(times) >= int(share)
    assert sum(batch.texts for batch in batches) == passes * 60 + round(share * 120)


@pytest.mark.parametrize("pairs", [False, True])
def test_batches_stay_within_their_tokens(pairs: bool) -> None:
    stage = replace(STAGE, pairs=pairs)
    batches = planned(stage)
    assert len(batches) > 5
    for batch in batches:
        rows = [*batch.ids, *(batch.others or ())]
        assert max(map(len, rows)) * len(rows) <= stage.tokens
        assert len(batch.ids) == len(batch.examples) <= 64
        assert batch.texts == len(rows)


def test_a_text_that_is_longer_than_a_batch_is_one() -> None:
    batches = plan(replace(STAGE, tokens=4), EXAMPLES[:5], {}, ENCODE, 7)
    assert [len(batch.examples) for batch in batches] == [1] * 10


def test_short_texts_are_not_all_in_one_batch() -> None:
    batches = planned(replace(STAGE, tokens=100_000))
    assert max(len(batch.examples) for batch in batches) == 64


def test_batches_waste_little_on_padding() -> None:
    batches = planned(STAGE)
    told = sum(len(ids) for batch in batches for ids in batch.ids)
    read = sum(max(map(len, batch.ids)) * len(batch.ids) for batch in batches)
    assert told > 0.8 * read


def test_pairs_are_the_text_and_how_somebody_else_would_type_it() -> None:
    batches = planned(replace(STAGE, pairs=True))
    same = []
    for batch in batches:
        assert batch.ids == ENCODE([example.text for example in batch.examples])
        assert batch.others is not None
        same += [ids == other for ids, other in zip(batch.ids, batch.others, strict=True)]
    assert 0.1 < sum(same) / len(same) < 0.9


def test_without_pairs_half_are_as_written() -> None:
    batches = planned(replace(STAGE, own=20, public=0.0))
    assert all(batch.others is None for batch in batches)
    same = [
        ids == ENCODE([example.text])[0]
        for batch in batches
        for ids, example in zip(batch.ids, batch.examples, strict=True)
    ]
    # Half are not typed anew, and typing anew leaves some as they are.
    assert 0.5 < sum(same) / len(same) < 0.9
