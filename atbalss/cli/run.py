"""`run`, `demo` and `collect`: the main job."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from atbalss.cli.common import chosen, configured, opened, out, warn
from atbalss.errors import ConfigError
from atbalss.exits import Exit

if TYPE_CHECKING:
    from atbalss.pipeline.collect import Collected
    from atbalss.pipeline.runtime import Runtime

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: atbalss run --once")(run)
    app.command(epilog="Example: atbalss demo")(demo)
    app.command(epilog="Example: atbalss collect shop-reviews")(collect)


def run(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Run every stage once and stop, instead of as a daemon.")
    ] = False,
) -> None:
    """Collect, score, decide, deliver and report: as a daemon, or once."""
    if once:
        with opened(context) as runtime:
            _once(runtime, None)
        return
    from atbalss.daemon import Daemon
    from atbalss.logs import set_up_logs
    from atbalss.pipeline.runtime import Runtime

    config = configured(context)
    set_up_logs(config.daemon.log_format, "debug" if chosen(context).verbose else config.daemon.log_level)
    runtime = Runtime.open(config)
    try:
        asyncio.run(Daemon(runtime).run())
    finally:
        runtime.close()


def demo(context: typer.Context) -> None:
    """Run the main job once on the built-in feed, and write the weekly digest of each brand."""
    from atbalss.cli.digest import write_digest

    chosen(context).demo = True
    with opened(context) as runtime:
        # Every source, due or not: who runs the demo again wants to see that nothing comes twice.
        _once(runtime, [source.id for source in runtime.config.sources])
        for brand in runtime.config.brands:
            path = write_digest(runtime, brand, None, None)
            out.print(f"Weekly digest of {brand.name}: {path}", markup=False, soft_wrap=True)


def collect(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Collect these sources now, due or not; none: all that are due."),
    ] = None,
) -> None:
    """Collect posts and store them; nothing is scored or sent."""
    from atbalss.pipeline.collect import collect_due
    from atbalss.summary import collected_table

    with opened(context) as runtime:
        known = [source.id for source in runtime.config.sources]
        for name in sources or ():
            if name not in known:
                raise ConfigError(name, "there is no such source", f"use one of: {', '.join(known)}")
        results = asyncio.run(collect_due(runtime, sources or None))
        if not results:
            out.print("No source is due.")
            return
        out.print(collected_table(results))
        _say_failures(results)


def _once(runtime: Runtime, sources: Sequence[str] | None) -> None:
    """One run with a progress bar, a summary and an exit code."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from atbalss.pipeline.once import run_once
    from atbalss.summary import print_summary

    columns = (TextColumn("{task.description:<8}"), BarColumn(24), TextColumn("{task.fields[rows]} rows"))
    with Progress(*columns, TimeElapsedColumn(), console=warn, transient=False) as bars:
        counts: Counter[str] = Counter()
        tasks = {
            name: bars.add_task(name, total=None, rows=0)
            for name in ("collect", "score", "decide", "deliver")
        }

        def progress(stage: str, rows: int) -> None:
            counts[stage] += rows
            bars.update(tasks[stage], rows=counts[stage])

        result = asyncio.run(run_once(runtime, sources, progress))
        for task in tasks.values():
            bars.update(task, total=1, completed=1)
    print_summary(runtime, result, out)
    _say_failures(result.collected)


def _say_failures(results: Sequence[Collected]) -> None:
    """Name each source that failed and each row that could not be read; then the exit code says so."""
    failed = False
    for one in results:
        for problem in one.problems:
            warn.print(f"{one.source}: {problem.where}: {problem.reason}", markup=False, soft_wrap=True)
        if one.error is not None:
            failed = True
            warn.print(f"atbalss: {one.error}", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(Exit.FAILED)
