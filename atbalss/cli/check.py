"""`init` and `check`: write a configuration, and try it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from atbalss.cli.common import chosen, configured, out
from atbalss.errors import AtbalssError, ConfigError
from atbalss.exits import Exit

if TYPE_CHECKING:
    from atbalss.pipeline.runtime import Runtime

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: atbalss init")(init)
    app.command(epilog="Example: atbalss --config shop.toml check")(check)


def init(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
) -> None:
    """Write a commented configuration that works as it is."""
    from atbalss.config import init_text

    path = chosen(context).config
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(init_text())
    except FileExistsError:
        raise ConfigError(
            str(path), "is there already", "replace it with --force, or choose --config"
        ) from None
    except OSError as error:
        raise ConfigError(
            str(path), error.strerror or "cannot be written", "choose another --config"
        ) from None
    out.print(f"Wrote {path}. Edit it, then run: atbalss check", markup=False, soft_wrap=True)


def check(context: typer.Context) -> None:
    """Validate the configuration and try the database, the model, each source and each channel, changing nothing."""
    from atbalss.pipeline.runtime import Runtime
    from store.engine import open_store

    config = configured(context)
    table = Table(title=f"Checked {config.path}", title_justify="left")
    for heading in ("what", "name", "result", "found"):
        table.add_column(heading, overflow="fold")
    failures = 0

    def add(what: str, name: str, found: str, well: bool) -> None:
        table.add_row(what, name, "ok" if well else "FAILED", found, style=None if well else "bold")

    # Not Runtime.open: a check must not migrate.
    runtime = Runtime(config, open_store(config.database.url.get_secret_value()))
    try:
        for what, name, found, well in asyncio.run(_try_all(runtime)):
            add(what, name, found, well)
            failures += not well
    finally:
        runtime.close()
    out.print(table)
    if failures:
        out.print(f"{failures} of these failed.")
        raise typer.Exit(Exit.FAILED)


async def _try_all(runtime: Runtime) -> list[tuple[str, str, str, bool]]:
    from atbalss.pipeline.collect import open_context
    from collectors.http import open_http

    config = runtime.config
    rows = [
        await _try("database", runtime.store.place, lambda: _database(runtime)),
        await _try("model", config.model.name, lambda: _model(runtime)),
    ]
    async with open_http(
        config.http.client_settings(), now=runtime.now, sleep=runtime.sleep, random=runtime.random
    ) as http:
        context = open_context(runtime, http)
        for name, collector in runtime.collectors.items():
            rows.append(await _try("source", name, lambda one=collector: one.check(context)))  # type: ignore[misc]  # a default binds the loop's value
    for name, channel in runtime.channels.items():
        rows.append(await _try("channel", name, channel.check))
    return rows


async def _try(what: str, name: str, attempt: Callable[[], Awaitable[str]]) -> tuple[str, str, str, bool]:
    try:
        return what, name, await attempt(), True
    except AtbalssError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        return what, name, f"{error.reason}{remedy}", False


async def _database(runtime: Runtime) -> str:
    from store.schema import latest_version, reachable_version

    if runtime.store.is_missing:
        return "not there yet; the first run makes it"
    found = await asyncio.to_thread(reachable_version, runtime.store)
    if found is None:
        return f"empty; the first run creates schema {latest_version()}"
    if found == latest_version():
        return f"schema {found}"
    return f"schema {found}; the next run brings it to {latest_version()}"


async def _model(runtime: Runtime) -> str:
    from nlp.adapted import in_use

    scorer = await asyncio.to_thread(lambda: runtime.scorer)
    found = f"{scorer.name}, for {', '.join(runtime.config.model.languages)}"
    if in_use(runtime.config.model.name, runtime.config.var).outdated:
        found += "; an adapted model of another one is left aside: adapt again"
    return found
