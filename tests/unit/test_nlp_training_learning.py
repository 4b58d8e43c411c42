"""Running a stage: it learns, and neither an interruption nor company shows in the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn

from atbalss.errors import ModelError
from nlp.training.examples import Example
from nlp.training.learning import Crew, learn
from nlp.training.losses import Weights, answers_of, loss_of, shares_of
from nlp.training.network import Network, cut, padded
from nlp.training.stage import Batch, Stage, plan
from nlp.training.vocabulary import full_tokenizer
from tests.small_base import small_base
from tests.small_lessons import EXAMPLES, STAGE

PAD = 1
ENCODE = partial(cut, full_tokenizer(small_base()))

Tensors = dict[str, torch.Tensor]


class Interrupted(Exception):
    """The machine went off."""


def clock(step: float = 100.0, stop: float = float("inf")) -> Callable[[], float]:
    """A clock of which every look takes `step` seconds; raises at look number `stop`."""
    looks = count()

    def look() -> float:
        number = next(looks)
        if number >= stop:
            raise Interrupted
        return number * step

    return look


def quiet(_: str) -> None:
    """Says nothing."""


@pytest.fixture(autouse=True)
def _checkpoint_after_every_third_step_and_average_every_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlp.training.learning._CHECKPOINT_SECONDS", 240.0)
    monkeypatch.setattr("nlp.training.learning._AVERAGE_EVERY", 10)


@pytest.fixture(autouse=True)
def _random_numbers_as_before() -> Iterator[None]:
    """A run sets the process's random numbers; the next test has its own."""
    before = torch.get_rng_state()
    yield
    torch.set_rng_state(before)


def fresh(seed: int, dropout: float = 0.1) -> Network:
    torch.manual_seed(seed)
    base = small_base()
    return Network(base, range(len(base.pieces) - 1), dropout)


def weights_of(network: Network) -> Tensors:
    return {name: value.clone() for name, value in network.state_dict().items()}


def differing(one: Tensors, other: Tensors) -> set[str]:
    return {name for name, value in one.items() if not torch.equal(value, other[name])}


def planned(stage: Stage, most: int) -> list[Batch]:
    batches = plan(stage, EXAMPLES, {}, ENCODE, 7)[:most]
    assert len(batches) == most
    return batches


def loss_on(network: Network, examples: list[Example]) -> float:
    with torch.inference_mode():
        logits = network(*padded(ENCODE([example.text for example in examples]), PAD))
        return float(loss_of(logits, answers_of(examples, shares_of(examples)), Weights()))


@pytest.mark.parametrize("pairs", [False, True])
def test_the_loss_falls(tmp_path: Path, pairs: bool) -> None:
    stage = replace(STAGE, public=0.0, own=4, pairs=pairs, rate=5e-3, head_rate=2e-2)
    network = fresh(5).eval()
    before = loss_on(network, EXAMPLES[:60])
    batches = plan(stage, EXAMPLES, {}, ENCODE, 7)
    learn(stage, network, PAD, batches, tmp_path / "c.pt", seed=7, say=quiet, clock=clock())
    assert not network.training
    assert loss_on(network, EXAMPLES[:60]) < 0.8 * before


# Before the first checkpoint, soon after one, and among the last steps, whose weights are averaged.
@pytest.mark.parametrize("looks", [2, 6, 29])
def test_an_interrupted_run_ends_with_the_very_same_weights(tmp_path: Path, looks: int) -> None:
    stage = replace(STAGE, averaged=0.6, pairs=True, tokens=250)
    batches = planned(stage, 32)
    whole = fresh(5)
    learn(stage, whole, PAD, batches, tmp_path / "whole.pt", seed=7, say=quiet, clock=clock())

    checkpoint = tmp_path / "parts.pt"
    stopped = fresh(5)
    with pytest.raises(Interrupted):
        learn(stage, stopped, PAD, batches, checkpoint, seed=7, say=quiet, clock=clock(stop=looks))
    assert checkpoint.exists() is (looks > 3)
    assert not list(tmp_path.glob("*.new"))
    # Another process: other random numbers so far, and, where there is a checkpoint, other weights.
    again = fresh(99 if checkpoint.exists() else 5)
    torch.rand(looks)
    learn(stage, again, PAD, batches, checkpoint, seed=7, say=quiet, clock=clock())
    assert differing(weights_of(whole), weights_of(again)) == set()


def test_an_interruption_while_reporting_loses_only_the_steps_since_the_last_checkpoint(
    tmp_path: Path,
) -> None:
    batches = planned(STAGE, 12)
    lines: list[str] = []

    def say(line: str) -> None:
        if len(lines) == 2:
            raise Interrupted
        lines.append(line)

    with pytest.raises(Interrupted):
        learn(STAGE, fresh(5), PAD, batches, tmp_path / "c.pt", seed=7, say=say, clock=clock())
    assert [line.partition(", loss")[0] for line in lines] == ["trial: step 3 of 12", "trial: step 6 of 12"]
    later: list[str] = []
    learn(STAGE, fresh(5), PAD, batches, tmp_path / "c.pt", seed=7, say=later.append, clock=clock())
    assert later[0] == "trial: going on after step 6 of 12"


def test_another_seed_drops_out_otherwise(tmp_path: Path) -> None:
    batches = planned(STAGE, 3)
    networks = [fresh(5), fresh(5), fresh(5)]
    for place, (network, seed) in enumerate(zip(networks, (7, 7, 8), strict=True)):
        learn(STAGE, network, PAD, batches, tmp_path / f"{place}.pt", seed=seed, say=quiet, clock=clock())
    one, same, other = map(weights_of, networks)
    assert differing(one, same) == set()
    assert "heads.sentiment.weight" in differing(one, other)


def test_a_checkpoint_of_another_crew_is_refused(tmp_path: Path) -> None:
    batches = planned(STAGE, 8)
    with pytest.raises(Interrupted):
        learn(STAGE, fresh(5), PAD, batches, tmp_path / "c.pt", seed=7, say=quiet, clock=clock(stop=6))
    assert (tmp_path / "c.pt").is_file()
    with pytest.raises(ModelError, match=r"c\.pt: was written by 1 processes, not 2"):
        learn(STAGE, fresh(5), PAD, batches, tmp_path / "c.pt", seed=7, say=quiet, crew=Crew(2))


def test_the_last_weights_are_averaged(tmp_path: Path) -> None:
    stage = replace(STAGE, averaged=0.75, tokens=200)
    batches = planned(stage, 40)
    network = fresh(5)
    seen: list[Tensors] = []

    def look() -> float:
        seen.append(weights_of(network))
        # A clock that hardly moves: no checkpoint comes between.
        return len(seen) / 1000

    learn(stage, network, PAD, batches, tmp_path / "c.pt", seed=7, say=quiet, clock=look)
    # The first look is before the first step; every tenth of the last three quarters of 40 steps counts.
    kept = [seen[step] for step in (20, 30, 40)]
    found = weights_of(network)
    for name in ("heads.sentiment.weight", "encoder.encoder.layer.1.output.dense.weight"):
        assert torch.allclose(found[name], torch.stack([w[name] for w in kept]).mean(0), atol=1e-6)
        assert not torch.allclose(found[name], kept[-1][name], atol=1e-6)


PARTS = {
    "words": "encoder.embeddings.word_embeddings.weight",
    "embeddings": "encoder.embeddings.LayerNorm.weight",
    "layer.0": "encoder.encoder.layer.0.output.dense.weight",
    "layer.1": "encoder.encoder.layer.1.output.dense.weight",
}


@pytest.mark.parametrize(
    ("frozen", "still"),
    [
        (0, {"words"}),
        (1, {"words", "embeddings", "layer.0"}),
        (2, {"words", "embeddings", "layer.0", "layer.1"}),
    ],
)
def test_what_is_frozen_stays(tmp_path: Path, frozen: int, still: set[str]) -> None:
    stage = replace(STAGE, frozen=frozen)
    network = fresh(5)
    before = weights_of(network)
    learn(stage, network, PAD, planned(stage, 3), tmp_path / "c.pt", seed=7, say=quiet, clock=clock())
    changed = differing(before, weights_of(network))
    assert {part for part, name in PARTS.items() if name not in changed} == still
    assert "heads.aspects.bias" in changed


def test_lower_layers_learn_less(tmp_path: Path) -> None:
    stage = replace(STAGE, rate=1e-3, layer_decay=0.1)
    network = fresh(5)
    before = weights_of(network)
    learn(stage, network, PAD, planned(stage, 1), tmp_path / "c.pt", seed=7, say=quiet, clock=clock())
    after = weights_of(network)
    # The first step of AdamW is as large as the rate, whatever the gradient.
    steps = {part: float((after[name] - before[name]).abs().max()) for part, name in PARTS.items()}
    assert steps["layer.1"] == pytest.approx(1e-3, rel=0.1)
    assert steps["layer.0"] == pytest.approx(1e-4, rel=0.1)
    assert steps["embeddings"] == pytest.approx(1e-5, rel=0.15)


def _member(rank: int, folder: str) -> None:
    """One process of a crew of two: learns from the same batches as the other, then from others than it."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/crew", rank=rank, world_size=2)
    batches = plan(STAGE, EXAMPLES, {}, ENCODE, 7)
    crew = Crew(2, rank)
    for name, given in (
        ("same", [batch for batch in batches[:3] for _ in range(2)]),
        # The last one has no partner and is left out.
        ("other", batches[:7]),
    ):
        network, checkpoint = fresh(5, dropout=0.0), Path(folder) / f"{name}.pt"
        learn(STAGE, network, PAD, given, checkpoint, seed=7, say=quiet, crew=crew, clock=clock())
        torch.save(network.state_dict(), Path(folder) / f"{name}{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_processes_that_train_together_learn_the_mean_of_what_each_would(tmp_path: Path) -> None:
    spawn(_member, (str(tmp_path),), nprocs=2)
    found: dict[str, Tensors] = {
        path.stem: torch.load(path, weights_only=True) for path in tmp_path.glob("*[01].pt")
    }
    assert differing(found["same0"], found["same1"]) == set()
    assert differing(found["other0"], found["other1"]) == set()
    # The mean of two equal gradients is either of them: what one process learns from each batch once.
    alone = fresh(5, dropout=0.0)
    batches = planned(STAGE, 3)
    learn(STAGE, alone, PAD, batches, tmp_path / "alone.pt", seed=7, say=quiet, clock=clock())
    for name, value in weights_of(alone).items():
        # The bias of the keys changes nothing, so its gradient is rounding alone, which Adam makes as large as any.
        if not name.endswith("attention.self.key.bias"):
            assert (found["same0"][name] - value).abs().mean() < 1e-5, name
    assert "heads.sentiment.weight" in differing(found["same0"], found["other0"])
