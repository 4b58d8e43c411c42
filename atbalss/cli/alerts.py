"""`alerts`: decide and deliver now, and care for what could not be delivered."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from atbalss.cli.common import brand_named, check_number, opened, out, say_time
from atbalss.duration import parse_duration
from atbalss.errors import ConfigError
from atbalss.exits import Exit

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command and its own commands."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    group.callback(epilog="Example: atbalss alerts")(alerts)
    group.command("list", epilog="Example: atbalss alerts list --dead")(list_deliveries)
    group.command("resend", epilog="Example: atbalss alerts resend --all")(resend)
    group.command("resume", epilog="Example: atbalss alerts resume slack-care")(resume)
    group.command("silence", epilog="Example: atbalss alerts silence my-shop --for 2h --reason inventory")(
        silence
    )
    app.add_typer(group, name="alerts")


def alerts(context: typer.Context) -> None:
    """Decide about scored posts and deliver what is in the outbox."""
    if context.invoked_subcommand is not None:
        return
    from atbalss.pipeline.decide import decide_batch
    from atbalss.pipeline.deliver import deliver_all
    from atbalss.status import status_of

    with opened(context) as runtime:
        decided = 0
        while handled := decide_batch(runtime):
            decided += handled
        sent = asyncio.run(deliver_all(runtime))
        channels = status_of(runtime.config, runtime.store, runtime.now()).channels
    out.print(f"Decided {decided} posts, delivered {sent} notices.")
    waiting = [channel for channel in channels if channel.counts.get("pending")]
    for channel in waiting:
        out.print(
            f"{channel.channel}: {channel.counts['pending']} notices wait; {channel.last_error or channel.note or ''}",
            markup=False,
            soft_wrap=True,
        )
    if waiting:
        raise typer.Exit(Exit.FAILED)


def list_deliveries(
    context: typer.Context,
    dead: Annotated[bool, typer.Option("--dead", help="Only what a channel refused for good.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many, the newest.", min=1)] = 50,
) -> None:
    """Show what was, is or could not be delivered."""
    from store.deliveries import recent_deliveries

    with opened(context) as runtime, runtime.store.read() as session:
        rows = recent_deliveries(session, limit, dead_only=dead)
    table = Table(title="Deliveries, the newest first", title_justify="left")
    for heading in ("id", "what", "brand", "channel", "state", "tries", "sent"):
        table.add_column(heading, no_wrap=heading in ("id", "state", "sent"), overflow="fold")
    table.add_column("last error", overflow="fold")
    for row in rows:
        table.add_row(
            str(row.id),
            row.kind,
            row.brand or "-",
            row.channel,
            row.state,
            str(row.attempts),
            say_time(row.sent_at),
            row.last_error or "",
        )
    out.print(table)


def resend(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(help="Ids from `alerts list --dead`.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
) -> None:
    """Put dead letters back into the outbox."""
    if bool(ids) == everything:
        raise ConfigError("alerts resend", "needs ids or --all", "see: atbalss alerts list --dead")
    for one in ids or ():
        check_number("alerts resend", one)
    from store.deliveries import send_again
    from store.retention import note

    with opened(context) as runtime, runtime.store.write() as session:
        count = send_again(session, ids if ids else None)
        note(session, "resend", "dead letters", {"count": count}, runtime.now())
    out.print(f"{count} notices wait for their channels again.")


def resume(
    context: typer.Context,
    channel: Annotated[str | None, typer.Argument(help="The channel; none: all.")] = None,
) -> None:
    """Let a paused or waiting channel be tried again now."""
    from store.deliveries import resume_channels

    with opened(context) as runtime:
        known = [one.name for one in runtime.config.channels]
        if channel is not None and channel not in known:
            raise ConfigError(channel, "there is no such channel", f"use one of: {', '.join(known)}")
        with runtime.store.write() as session:
            count = resume_channels(session, channel)
    out.print(f"{count} channels are tried again.")


def silence(
    context: typer.Context,
    brand: Annotated[str, typer.Argument(help="The brand's id.")],
    length: Annotated[str, typer.Option("--for", help="How long, such as 2h.")],
    reason: Annotated[str, typer.Option(help="Why; shown by explain.")],
) -> None:
    """Alert nobody about a brand for a while; posts are still stored, scored and reported."""
    from store.retention import note
    from store.tables import Silence

    try:
        span = parse_duration(length)
    except ValueError as error:
        raise ConfigError("--for", f"{length!r} is no duration", str(error)) from None
    with opened(context) as runtime:
        one = brand_named(runtime, brand)
        now = runtime.now()
        with runtime.store.write() as session:
            session.add(Silence(brand=one.id, starts_at=now, ends_at=now + span, reason=reason))
            note(session, "silence", one.id, {"for": length, "reason": reason}, now)
    out.print(f"{one.name}: nobody is alerted until {say_time(now + span, one.zone)}.", markup=False)
