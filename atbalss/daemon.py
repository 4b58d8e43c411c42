"""The daemon: a ticker that runs every stage, a monitor, and a calm end.

APScheduler only ticks. What is due is read from the tables each time, so a missed tick costs nothing, and a
second daemon on the same database shares the work through leases.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from atbalss import __version__
from atbalss.errors import AtbalssError
from atbalss.metrics import Metrics
from atbalss.monitor import Monitor
from atbalss.pipeline.collect import collect_due
from atbalss.pipeline.decide import decide_batch
from atbalss.pipeline.deliver import deliver_all
from atbalss.pipeline.digest import make_due
from atbalss.pipeline.keep import purge_expired
from atbalss.pipeline.runtime import Runtime
from atbalss.pipeline.score import score_batch
from atbalss.status import status_of
from store.deliveries import resume_channels
from store.sources import resume_sources
from store.workers import beat, goodbye

__all__ = ["Daemon"]

log = structlog.get_logger()

DRAIN_SECONDS = 8.0
"""What is under way gets so long after SIGTERM; service managers kill after ten seconds. What is cut off then is
still under its lease and is done again."""

GOODBYE_SECONDS = 1.0
"""And so long the last word to the database."""

SCORE_BATCH = 32
"""Smaller than a single run's, so that a batch ends well within the drain."""

NEXT_STAGE = {"collect": "score", "score": "decide", "decide": "deliver", "digest": "deliver"}
"""Which stage has work after another one did something: it need not wait for its tick."""


class Daemon:
    """One process that runs all stages until it is told to stop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._metrics = Metrics()
        self._name = f"{socket.gethostname()}:{os.getpid()}:{runtime.token()[:6]}"
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[object]] = set()
        self._last_beat: datetime | None = None
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            # A late tick is run once, never dropped: the default of one second drops ticks of a busy process.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        1. Open the monitor: a port that is taken stops us before anything is done. 2. Say that we are here; give
        paused sources and channels another try. 3. Tick.
        4. On a signal: stop ticking, let what runs come to its end, say goodbye.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        address = self._runtime.config.daemon.address
        monitor = Monitor(address, self.health, self.metrics) if address else None
        await asyncio.to_thread(self._arrive)
        self._start_ticking()
        log.info(
            "daemon started",
            action="daemon.started",
            worker=self._name,
            version=__version__,
            port=monitor.port if monitor else None,
        )
        await self._stopping.wait()
        log.info("daemon stopping", action="daemon.stopping", running=len(self._running))
        # Not shutdown, which cancels what runs.
        self._scheduler.pause()
        drained = await self._drain()
        self._scheduler.shutdown(wait=False)
        if monitor is not None:
            await asyncio.to_thread(monitor.close)
        left = await self._said_goodbye()
        log.info("daemon stopped", action="daemon.stopped", drained=drained)
        if not (drained and left):
            # A thread cannot be cancelled and would hold the process; its rows are under a lease.
            sys.stderr.flush()
            os._exit(0)

    def _start_ticking(self) -> None:
        tick = self._runtime.config.daemon.tick.total_seconds()
        stages: dict[str, tuple[Callable[[], Awaitable[int]], float]] = {
            "collect": (self._collect, tick),
            "score": (lambda: self._until_idle(lambda: score_batch(self._runtime, SCORE_BATCH)), tick),
            "decide": (lambda: self._until_idle(lambda: decide_batch(self._runtime)), tick),
            "deliver": (lambda: deliver_all(self._runtime, self._stopping.is_set), tick),
            "digest": (lambda: asyncio.to_thread(make_due, self._runtime), tick),
            "keep": (self._keep, timedelta(hours=1).total_seconds()),
            "beat": (self._beat, tick),
        }
        for name, (stage, seconds) in stages.items():
            self._scheduler.add_job(
                self._run_stage,
                "interval",
                seconds=seconds,
                args=[name, stage],
                id=name,
                next_run_time=self._runtime.now(),
            )
        self._scheduler.start()

    async def _run_stage(self, name: str, stage: Callable[[], Awaitable[int]]) -> None:
        """Run one stage once: count it, nudge the next one, and let no error stop the ticker."""
        task = asyncio.current_task()
        if task is None or self._stopping.is_set():
            return
        self._running.add(task)
        started = time.perf_counter()
        try:
            rows = await stage()
        except AtbalssError as error:
            self._metrics.runs.labels(name, "failed").inc()
            log.error("stage failed", action="stage.failed", stage=name, reason=str(error))
        except Exception as error:
            self._metrics.runs.labels(name, "failed").inc()
            log.error("stage failed", action="stage.failed", stage=name, exc_info=error)
        else:
            self._metrics.runs.labels(name, "done").inc()
            self._metrics.rows.labels(name).inc(rows)
            if rows and name in NEXT_STAGE and self._scheduler.running:
                self._scheduler.modify_job(NEXT_STAGE[name], next_run_time=self._runtime.now())
        finally:
            self._metrics.seconds.labels(name).observe(time.perf_counter() - started)
            self._running.discard(task)

    async def _collect(self) -> int:
        return sum(one.decisions.total() for one in await collect_due(self._runtime))

    async def _until_idle(self, stage: Callable[[], int]) -> int:
        total = 0
        while not self._stopping.is_set() and (handled := await asyncio.to_thread(stage)):
            total += handled
        return total

    async def _keep(self) -> int:
        return (await asyncio.to_thread(purge_expired, self._runtime)).mentions

    async def _beat(self) -> int:
        def write() -> None:
            with self._runtime.store.write() as session:
                beat(session, self._name, __version__, self._runtime.now())

        await asyncio.to_thread(write)
        self._last_beat = self._runtime.now()
        return 1

    def _arrive(self) -> None:
        with self._runtime.store.write() as session:
            beat(session, self._name, __version__, self._runtime.now())
            resume_sources(session, self._runtime.now())
            resume_channels(session, only_paused=True)
        self._last_beat = self._runtime.now()

    def _leave(self) -> None:
        with self._runtime.store.write() as session:
            goodbye(session, self._name, self._runtime.now())

    async def _said_goodbye(self) -> bool:
        """Note in the database that we stop; one that does not answer holds nobody."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await asyncio.to_thread(self._leave)
        except (AtbalssError, TimeoutError) as error:
            log.warning("no goodbye", action="daemon.no_goodbye", reason=str(error) or "no answer in time")
            return False
        return True

    async def _drain(self) -> bool:
        """Wait for what runs, for a limited time; gives whether all of it came to its end."""
        if not self._running:
            return True
        _, late = await asyncio.wait(set(self._running), timeout=DRAIN_SECONDS)
        return not late

    def health(self) -> tuple[bool, dict[str, object]]:
        """Whether the daemon does its work: its last beat, which goes through the database, is recent."""
        now = self._runtime.now()
        age = (now - self._last_beat).total_seconds() if self._last_beat else None
        allowed = max(self._runtime.config.daemon.tick.total_seconds() * 6, 30.0)
        well = age is not None and age <= allowed
        facts: dict[str, object] = {
            "status": "ok" if well else "stuck",
            "worker": self._name,
            "version": __version__,
            "last_beat_seconds": None if age is None else round(age, 1),
        }
        return well, facts

    def metrics(self) -> bytes:
        """The text for Prometheus."""
        now = self._runtime.now()
        return self._metrics.render(status_of(self._runtime.config, self._runtime.store, now), now)
