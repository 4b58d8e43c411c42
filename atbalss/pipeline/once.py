"""The whole way once: collect, score, decide, deliver, report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from atbalss.pipeline.collect import Collected, collect_due
from atbalss.pipeline.decide import decide_batch
from atbalss.pipeline.deliver import deliver_all
from atbalss.pipeline.digest import make_due
from atbalss.pipeline.runtime import Runtime
from atbalss.pipeline.score import score_batch

__all__ = ["Progress", "RunResult", "run_once"]

Progress = Callable[[str, int], None]
"""Called with a stage's name and how many rows it has just handled."""


@dataclass(slots=True)
class RunResult:
    """What one run did."""

    collected: list[Collected] = field(default_factory=list)
    scored: int = 0
    decided: int = 0
    digests: int = 0
    delivered: int = 0

    @property
    def failed(self) -> list[Collected]:
        """The sources that did not answer."""
        return [one for one in self.collected if one.error is not None]


async def run_once(
    runtime: Runtime, sources: Sequence[str] | None = None, progress: Progress = lambda stage, rows: None
) -> RunResult:
    """Run every stage until nothing waits for it; `sources` are collected due or not, None: those that are due."""
    result = RunResult(collected=await collect_due(runtime, sources))
    progress("collect", sum(one.decisions.total() for one in result.collected))
    result.scored = await asyncio.to_thread(_drain, score_batch, runtime, "score", progress)
    result.decided = await asyncio.to_thread(_drain, decide_batch, runtime, "decide", progress)
    result.digests = await asyncio.to_thread(make_due, runtime)
    result.delivered = await deliver_all(runtime)
    progress("deliver", result.delivered)
    return result


def _drain(stage: Callable[[Runtime], int], runtime: Runtime, name: str, progress: Progress) -> int:
    total = 0
    while handled := stage(runtime):
        total += handled
        progress(name, handled)
    return total
