"""`digest`: a brand's week as a page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from atbalss.cli.common import brand_named, opened, out
from atbalss.errors import ConfigError

if TYPE_CHECKING:
    from alerts.digest.data import Week
    from atbalss.config import Brand
    from atbalss.pipeline.runtime import Runtime

__all__ = ["register", "write_digest"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: atbalss digest --brand my-shop --week 2026-W46")(digest)


def digest(
    context: typer.Context,
    brand: Annotated[str | None, typer.Option("--brand", help="Only this brand; none: all.")] = None,
    week: Annotated[
        str | None,
        typer.Option("--week", help="An ISO week such as 2026-W46, or `current`; none: the last full week."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="The folder to write to; none: var/digest.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print it as text as well.")] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Also put it into the outbox, unless it was sent before.")
    ] = False,
) -> None:
    """Write the weekly digest as an HTML page, and say where it is."""
    from alerts.digest.render import text as as_text
    from atbalss.pipeline.digest import make_run, week_digest

    with opened(context) as runtime:
        brands = [brand_named(runtime, brand)] if brand else list(runtime.config.brands)
        for one in brands:
            path = write_digest(runtime, one, week, folder)
            out.print(f"Weekly digest of {one.name}: {path}", markup=False, soft_wrap=True)
            chosen_week = _week(runtime, one, week)
            if text:
                with runtime.store.read() as session:
                    page = as_text(week_digest(runtime, session, one, chosen_week, runtime.now()))
                out.print(page, markup=False, soft_wrap=True)
            if send:
                made = make_run(runtime, one, chosen_week)
                out.print("Put into the outbox." if made else "It was sent before: not sent again.")


def write_digest(runtime: Runtime, brand: Brand, week: str | None, folder: Path | None) -> Path:
    """Write one brand's page and give its path."""
    from alerts.digest.render import html
    from atbalss.pipeline.digest import week_digest

    chosen_week = _week(runtime, brand, week)
    with runtime.store.read() as session:
        page = html(week_digest(runtime, session, brand, chosen_week, runtime.now()))
    target = folder or runtime.config.var / "digest"
    path = target / f"{brand.id}-{chosen_week.key}.html"
    try:
        target.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            str(target), error.strerror or "cannot be written", "choose another --out"
        ) from None
    return path


def _week(runtime: Runtime, brand: Brand, name: str | None) -> Week:
    """The week that was asked for. Raises ConfigError for another form."""
    from alerts.digest.week import previous, week_named, week_of

    if name is None:
        return previous(week_of(runtime.now(), brand.zone))
    if name == "current":
        return week_of(runtime.now(), brand.zone)
    try:
        week = week_named(name, brand.zone)
    except ValueError:
        raise ConfigError("--week", f"{name!r} is not an ISO week", "write it like 2026-W46") from None
    if week.start > runtime.now() + timedelta(days=1):
        raise ConfigError("--week", f"{name} has not begun", "choose an earlier week")
    return week
