"""`import`, `export`, `purge`, `erase`: what goes in and out by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from atbalss.cli.common import brand_named, check_number, opened, out, warn
from atbalss.errors import ConfigError
from atbalss.exits import Exit

__all__ = ["register"]

SHOWN_PROBLEMS = 10


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import", epilog="Example: atbalss import reviews.csv --brand my-shop")(import_file)
    app.command(epilog="Example: atbalss export --output posts.jsonl --since 2026-11-01")(export)
    app.command(epilog="Example: atbalss purge --dry-run")(purge)
    app.command(epilog='Example: atbalss erase "Jānis Kalniņš"')(erase)


def import_file(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="CSV, JSONL or XLSX files.")],
    brand: Annotated[
        str | None, typer.Option("--brand", help="Whose posts these are; not needed with one brand.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="The source's name to store them under.")
    ] = "import",
    id_scope: Annotated[
        Literal["file", "source"],
        typer.Option("--id-scope", help="Among which rows an id is unique: of a file's name, or of all."),
    ] = "file",
    alert: Annotated[
        bool, typer.Option("--alert", help="Let the rules alert about them; without it they are a baseline.")
    ] = False,
    encoding: Annotated[str | None, typer.Option(help="The files' encoding; none: found out.")] = None,
    stars_max: Annotated[float, typer.Option(help="The best rating of the files' scale.")] = 5,
    timezone: Annotated[str, typer.Option(help="The zone of dates that name none.")] = "UTC",
    errors: Annotated[
        Path | None,
        typer.Option("--errors", help="Write a CSV of the rows that could not be read or are too old."),
    ] = None,
) -> None:
    """Store the rows of files as posts; the same file again changes nothing."""
    from atbalss.importing import ImportOptions, import_posts
    from collectors.file_import import error_report
    from collectors.file_settings import IdScope

    with opened(context) as runtime:
        if brand is None and len(runtime.config.brands) != 1:
            known = ", ".join(one.id for one in runtime.config.brands)
            raise ConfigError("--brand", "is missing and there are several", f"use one of: {known}")
        one = brand_named(runtime, brand) if brand else runtime.config.brands[0]
        options = ImportOptions(source, one.id, alert, encoding, stars_max, timezone, IdScope(id_scope))
        result = import_posts(runtime, files, options)
    out.print(result.said, markup=False, soft_wrap=True)
    if errors is not None:
        from atbalss.files import whole_file

        with whole_file(errors, "--errors") as file:
            error_report(result.problems, file)
        out.print(f"The rows that could not be read or are too old: {errors}", markup=False, soft_wrap=True)
    for problem in result.problems[:SHOWN_PROBLEMS]:
        warn.print(f"{problem.where}: {problem.reason}", markup=False, soft_wrap=True)
    if len(result.problems) > SHOWN_PROBLEMS:
        warn.print(f"... and {len(result.problems) - SHOWN_PROBLEMS} more; --errors FILE writes them all")
    if result.problems:
        raise typer.Exit(Exit.FAILED)


def export(
    context: typer.Context,
    target: Annotated[Path, typer.Option("--output", help="The .jsonl or .csv file to write.")],
    brand: Annotated[str | None, typer.Option("--brand", help="Only this brand.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Only posts collected from this day (UTC) on."),
    ] = None,
) -> None:
    """Write posts with their scores and decisions to a file."""
    from atbalss.exporting import export_posts

    with opened(context) as runtime:
        chosen_brand = brand_named(runtime, brand).id if brand else None
        count = export_posts(runtime, target, chosen_brand, since)
    out.print(f"Wrote {count} posts: {target}", markup=False, soft_wrap=True)


def purge(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Delete what is older than its retention; the daemon does the same every hour."""
    from atbalss.pipeline.keep import count_expired, purge_expired

    with opened(context) as runtime:
        if dry_run:
            expired = count_expired(runtime)
            for name, count in expired.items():
                out.print(f"{name}: {count} posts are too old", markup=False)
            out.print(f"{sum(expired.values())} posts would be deleted.")
            return
        gone = purge_expired(runtime)
    out.print(f"Deleted {gone.mentions} posts and {gone.alerts} alerts.")


def erase(
    context: typer.Context,
    author: Annotated[
        str | None, typer.Argument(help="The author's id or name, as the source shows it.")
    ] = None,
    mention: Annotated[
        int | None, typer.Option("--mention", help="Instead of a name: whoever wrote this mention.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete everything that one person wrote, at every source."""
    from atbalss.erasing import count_person, erase_person, keys_of

    if (author is None) == (mention is None):
        raise ConfigError(
            "erase", "needs an author or --mention", 'for example: atbalss erase "Jānis Kalniņš"'
        )
    if mention is not None:
        check_number("--mention", mention)
    with opened(context) as runtime:
        keys = keys_of(runtime, author, mention)
        count = count_person(runtime, keys)
        if count == 0:
            out.print("Nothing is stored of this person.")
            return
        if not yes and not typer.confirm(f"Delete {count} posts of this person for good?"):
            out.print("Nothing was deleted.")
            raise typer.Exit(Exit.FAILED)
        gone = erase_person(runtime, keys)
    out.print(f"Deleted {gone.mentions} posts and {gone.alerts} alerts of one person.")
    out.print(
        "What was sent or written before stays where it is: mails, Slack, files below var/outbox and var/digest."
    )
