"""`explain`: why a post was alerted, or why not, with every input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from atbalss.cli.common import opened, out, say_time
from atbalss.errors import ConfigError

if TYPE_CHECKING:
    from atbalss.explain import Explanation

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: atbalss explain 42")(explain)


def explain(
    context: typer.Context,
    mention: Annotated[str, typer.Argument(help="A mention's number, its address, or SOURCE/ID.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say why a post was alerted or not: every rule, every input, and what became of its notices."""
    from atbalss.explain import explanation_of

    with opened(context) as runtime:
        found = explanation_of(runtime, mention)
    if found is None:
        raise ConfigError(mention, "there is no such post", "give its number, its address, or SOURCE/ID")
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(found)


def _print(found: Explanation) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in found.facts:
        table.add_row(name, Text(value))
    out.print(table)
    for heading, decision in (("Decided then", found.then), ("By the rules of now", found.now)):
        if decision is None:
            continue
        out.print(f"\n{heading}: {decision.said}", style="bold", markup=False)
        for trace in decision.traces:
            _print_trace(trace)
    if found.deliveries:
        out.print("\nNotices", style="bold")
    for line in found.deliveries:
        sent = f", sent {say_time(line.sent_at)}" if line.sent_at else ""
        error = f"; {line.last_error}" if line.last_error else ""
        out.print(f"  {line.channel}: {line.state}{sent}, {line.attempts} attempts{error}", markup=False)


def _print_trace(trace: dict[str, Any]) -> None:
    checks = trace["checks"]
    holds = all(check["holds"] for check in checks)
    out.print(f"  rule {trace['rule']!r} {'holds' if holds else 'does not hold'}", markup=False)
    for check in checks:
        mark = "+" if check["holds"] else "-"
        out.print(f"    {mark} {check['reason']}: {check['found']} (asked: {check['asked']})", markup=False)
