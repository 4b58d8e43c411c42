"""`status`: how everything is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from atbalss.cli.common import opened, out, say_time
from atbalss.exits import Exit

if TYPE_CHECKING:
    from atbalss.status import Status

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: atbalss status --json")(status)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show sources, channels, backlog, daemons and what needs a person; exit code 1 when something does."""
    from atbalss.status import status_of

    with opened(context) as runtime:
        found = status_of(runtime.config, runtime.store, runtime.now())
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(found)
    if found.trouble:
        raise typer.Exit(Exit.FAILED)


def _print(found: Status) -> None:
    backlog = found.backlog
    out.print(f"atbalss {found.version}, {found.database}, schema {found.schema}", markup=False)
    out.print(
        f"Posts: {backlog.unscored} wait for the model, {backlog.undecided} for a decision, "
        f"{backlog.decided} are decided. Replies due: {sum(found.tasks_open.values())}."
    )
    sources = Table(title="Sources", title_justify="left")
    for heading in ("source", "type", "state", "posts", "last success", "next"):
        sources.add_column(heading)
    for source in found.sources:
        sources.add_row(
            source.source,
            source.type,
            source.status,
            str(source.posts),
            say_time(source.last_success),
            say_time(source.next_due),
        )
    out.print(sources if found.sources else "No source is configured.")
    channels = Table(title="Channels", title_justify="left")
    for heading in ("channel", "type", "state", "waiting", "sent", "dead", "attempts", "again at"):
        channels.add_column(heading)
    for channel in found.channels:
        channels.add_row(
            channel.channel,
            channel.type,
            channel.status,
            *(str(channel.counts.get(state, 0)) for state in ("pending", "sent", "dead")),
            str(channel.attempts),
            say_time(channel.wait_until),
        )
    out.print(channels)
    for worker in found.workers[:5]:
        out.print(f"Daemon {worker.name}: {worker.state}, last seen {say_time(worker.seen_at)}", markup=False)
    for line in found.trouble:
        out.print(f"! {line}", style="bold", markup=False, soft_wrap=True)
