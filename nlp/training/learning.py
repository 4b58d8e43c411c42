"""Runs a stage: steps with checkpoints, shared by several processes, and the mean of the last weights.

Two cores train faster as two processes with half of the batches each than as two threads on the same matrices,
because these are small. The gradients are averaged after every step, so the result is that of one process with
batches twice as large. What a step drops out follows from seed, process and step alone, so a stage that was
interrupted goes on from its checkpoint as if it had not been.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from atbalss.errors import ModelError
from nlp.training.losses import answers_of, disagreement, loss_of, shares_of
from nlp.training.network import Network, padded
from nlp.training.stage import Batch, Stage

__all__ = ["Crew", "learn"]

_CHECKPOINT_SECONDS = 300.0
_AVERAGE_EVERY = 5
_WARM_UP = 0.06
_LONGEST_GRADIENT = 1.0


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes that train together: how many, which of them this is, on what device it works."""

    size: int = 1
    rank: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def share(self, parameters: Sequence[Tensor]) -> None:
        """Replace each gradient by its mean over the crew."""
        if self.size == 1:
            return
        flat = torch.cat(
            [torch.zeros_like(p).view(-1) if p.grad is None else p.grad.view(-1) for p in parameters]
        )
        distributed.all_reduce(flat)
        flat /= self.size
        at = 0
        for parameter in parameters:
            parameter.grad = flat[at : at + parameter.numel()].view_as(parameter)
            at += parameter.numel()


def learn(
    stage: Stage,
    network: Network,
    pad: int,
    batches: Sequence[Batch],
    checkpoint: Path,
    *,
    seed: int,
    say: Callable[[str], None],
    crew: Crew = Crew(),  # frozen
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Train `network` in place on `batches`, going on from `checkpoint` when there is one.

    Every process of the crew calls this with the same arguments; the first one writes the checkpoint. Raises
    `ModelError` when a crew of another size wrote it: its steps were others.
    """
    steps = [batches[at : at + crew.size] for at in range(0, len(batches) - crew.size + 1, crew.size)]
    total = len(steps)
    optimiser = AdamW(_groups(network, stage), weight_decay=0.01, betas=(0.9, 0.98))
    warm = max(1, round(_WARM_UP * total))
    schedule = LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (total - step) / max(1, total - warm)))
    )
    shares = shares_of([example for batch in batches for example in batch.examples])
    parameters = [value for value in network.parameters() if value.requires_grad]
    average = [torch.zeros_like(value) for value in parameters]
    averaged = done = 0
    if checkpoint.is_file():
        saved: dict[str, Any] = torch.load(checkpoint, weights_only=True, map_location=crew.device)
        if saved["crew"] != crew.size:
            raise ModelError(
                checkpoint.name,
                f"was written by {saved['crew']} processes, not {crew.size}",
                "go on with as many, or remove it to begin the stage again",
            )
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        average, averaged, done = saved["average"], saved["averaged"], saved["done"]
        say(f"{stage.name}: going on after step {done} of {total}")
    network.train()
    begun, started = done, clock()
    saved_at, texts, losses = started, 0, 0.0
    for step in steps[done:]:
        torch.manual_seed((seed * 1_000_003 + done) * crew.size + crew.rank)
        answers = answers_of(step[crew.rank].examples, shares).to(crew.device)
        loss = _loss(stage, network, pad, step[crew.rank], answers, crew.device)
        loss.backward()  # type: ignore[no-untyped-call]
        crew.share(parameters)
        nn.utils.clip_grad_norm_(parameters, _LONGEST_GRADIENT)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        done += 1
        if done > total * (1 - stage.averaged) and done % _AVERAGE_EVERY == 0:
            averaged += 1
            for mean, value in zip(average, parameters, strict=True):
                mean.lerp_(value.detach(), 1 / averaged)
        texts += sum(batch.texts for batch in step)
        losses += float(loss.detach())
        now = clock()
        if crew.rank == 0 and now - saved_at > _CHECKPOINT_SECONDS:
            pace, left = texts / (now - started), (total - done) * (now - started) / (done - begun) / 60
            mean_loss = losses / (done - begun)
            say(
                f"{stage.name}: step {done} of {total}, loss {mean_loss:.3f}, {pace:.0f} texts/s, {left:.0f} min left"
            )
            state = {
                "network": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "average": average,
                "averaged": averaged,
                "done": done,
                "crew": crew.size,
            }
            fresh = checkpoint.with_suffix(".new")
            torch.save(state, fresh)
            fresh.replace(checkpoint)
            saved_at = clock()
    if averaged:
        with torch.no_grad():
            for mean, value in zip(average, parameters, strict=True):
                value.copy_(mean)
    network.eval()


def _loss(
    stage: Stage, network: Network, pad: int, batch: Batch, answers: Any, device: torch.device
) -> Tensor:
    ids, mask = padded([*batch.ids, *(batch.others or ())], pad)
    logits = network(ids.to(device), mask.to(device))
    if batch.others is None:
        return loss_of(logits, answers, stage.weights)
    size = len(batch.ids)
    one = {name: values[:size] for name, values in logits.items()}
    other = {name: values[size:] for name, values in logits.items()}
    loss = (loss_of(one, answers, stage.weights) + loss_of(other, answers, stage.weights)) / 2
    return loss + stage.weights.disagreement * disagreement(one, other)


def _groups(network: Network, stage: Stage) -> list[dict[str, Any]]:
    """Parameters with their rates: lower layers, which hold what all languages share, change less or not at all."""
    layers = list(network.encoder.encoder.layer)
    embeddings = network.encoder.embeddings
    network.requires_grad_(True)
    # Packed again in four bits, what they had learnt would be rounded away.
    embeddings.word_embeddings.requires_grad_(False)
    for part in [embeddings, *layers][: stage.frozen + 1 if stage.frozen else 0]:
        part.requires_grad_(False)
    groups: list[dict[str, Any]] = [{"params": list(network.heads.parameters()), "lr": stage.head_rate}]
    for depth, part in enumerate([*reversed(layers), embeddings]):
        learning = [value for value in part.parameters() if value.requires_grad]
        if learning:
            groups.append({"params": learning, "lr": stage.rate * stage.layer_decay**depth})
    return groups
