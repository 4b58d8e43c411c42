"""The root command, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from atbalss import __version__
from atbalss.cli import (
    alerts,
    check,
    data,
    digest,
    explain,
    model,
    run,
    score,
    status,
)
from atbalss.cli.common import Chosen, warn
from atbalss.errors import AtbalssError, ConfigError
from atbalss.exits import Exit
from atbalss.logs import places

__all__ = ["app", "main"]

app = typer.Typer(
    name="atbalss",
    help="Collects what customers write, judges it, alerts where a public reply is expected, reports every week.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    epilog="Begin with: atbalss demo, then atbalss init. Exit codes: 0 done, 1 something failed, 2 wrong input.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"atbalss {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="ATBALSS_CONFIG", help="The configuration file.")
    ] = Path("atbalss.toml"),
    demo: Annotated[
        bool, typer.Option("--demo", help="Use the built-in demo configuration instead of a file.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print the log as well.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the options for the command."""
    context.obj = Chosen(config, demo, verbose)


check.register(app)
run.register(app)
score.register(app)
model.register(app)
alerts.register(app)
digest.register(app)
explain.register(app)
status.register(app)
data.register(app)


def main() -> None:
    """Run the command line; never shows a traceback for what a user can mend."""
    try:
        app(prog_name="atbalss")
    except ConfigError as error:
        for line in str(error).splitlines():
            warn.print(f"atbalss: {line}", markup=False, soft_wrap=True)
        sys.exit(Exit.WRONG)
    except AtbalssError as error:
        warn.print(f"atbalss: {error}", markup=False, soft_wrap=True)
        sys.exit(Exit.FAILED)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        # Its message and traceback may quote a post or an address with a key: only its kind and place are told.
        found = f"unexpected {type(error).__name__} at {', '.join(reversed(places(error)))}"
        warn.print(f"atbalss: {found}; please report it", markup=False, soft_wrap=True)
        sys.exit(Exit.FAILED)
