"""`model`: which model judges, how good it is, and one that is adapted to corrections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from atbalss.cli.common import configured, out, warn
from atbalss.errors import ConfigError, ModelError
from atbalss.exits import Exit

if TYPE_CHECKING:
    from atbalss.adapting import Progress
    from nlp.adapting import Adaptation, Outcome
    from nlp.corrections import Corrections
    from nlp.model_folder import ModelCard

__all__ = ["register"]

SHOWN_PROBLEMS = 10

_FIGURES = {
    "macro_f1": "sentiment",
    "needs_reply_f1": "needs reply",
    "aspects_micro_f1": "aspects",
}
_RESULTS = {
    "adapted": "adapted",
    "few": "left as it is: too few corrections",
    "alike": "left as it is: all corrections say the same",
    "no_gain": "left as it is: other corrections would not be judged better",
    "harmful": "refused: our development texts would be judged worse",
}


def register(app: typer.Typer) -> None:
    """Add the command's own commands."""
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Show the model, or adapt it to your corrections."
    )
    group.command(epilog="Example: atbalss model adapt --feedback corrections.csv")(adapt)
    group.command(epilog="Example: atbalss model show")(show)
    group.command(epilog="Example: atbalss model original")(original)
    app.add_typer(group, name="model", epilog="Example: atbalss model show")


def adapt(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Option("--feedback", help="A .csv or .jsonl file of corrected rows; may be repeated."),
    ],
) -> None:
    """Adapt the model to corrected labels; refused when our own development texts would be judged worse."""
    from atbalss.adapting import adapt_model, own_base, read_feedback
    from atbalss.pipeline.runtime import utc_now
    from nlp.adapting import too_little

    config = configured(context)
    own_base(config)
    feedback = read_feedback(files)
    _say_problems(feedback.corrections)
    names = ", ".join(str(path) for path in files)
    reason = too_little(feedback.corrections.examples)
    if reason is not None:
        _say_read(feedback.corrections)
        raise ConfigError(
            f"--feedback {names}", reason, "correct more rows, also some that were judged right"
        )
    with _bars() as progress:
        made = adapt_model(config, feedback, utc_now(), progress)
    _say_read(made.corrections)
    _say_outcomes(made.adaptation)
    if made.card is None:
        raise ModelError(f"--feedback {names}", *_refusal(made.adaptation.outcomes))
    _say_development(made.adaptation)
    out.print(
        f"From now on {made.card.title} judges; restart the daemon if it runs. "
        "Posts that are already judged keep their scores. To go back: atbalss model original",
        markup=False,
        soft_wrap=True,
    )


def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show which model judges, and how good it is in each language on our development texts."""
    from nlp.adapted import ADAPTED, base_folder, in_use

    config = configured(context)
    used = in_use(config.model.name, config.var)
    folder = base_folder(used.name)
    card = _card(folder) if folder is not None else None
    if as_json:
        found: dict[str, Any] = {**asdict(used), "name": card.title if card else used.name}
        found["folder"] = str(folder) if folder else None
        found["card"] = asdict(card) if card else None
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    facts = [("model", card.title if card else used.name)]
    if card is not None:
        facts += [("made", card.date), ("languages", ", ".join(card.languages)), ("folder", str(folder))]
        told = card.data.get(ADAPTED)
        if told:
            facts.insert(1, ("adapted", f"from {told['from']}, to {told['corrections']} corrections"))
    for name, value in facts:
        out.print(f"{name:<10} {value}", markup=False, soft_wrap=True)
    if used.outdated:
        warn.print(
            "An adapted model is left aside: it was made from another model. Run atbalss model adapt again, "
            "or atbalss model original to remove it.",
            soft_wrap=True,
        )
    if card is None:
        out.print("It brings no figures with it.")
    elif card.dev:
        out.print(_figures_table(card.dev))


def original(context: typer.Context) -> None:
    """Go back to the configured model: remove the adapted one."""
    from nlp.adapted import remove_adapted

    config = configured(context)
    if remove_adapted(config.var):
        out.print(
            f"The adapted model is removed: {config.model.name} judges from now on; restart the daemon if it runs.",
            markup=False,
            soft_wrap=True,
        )
    else:
        out.print(f"There is no adapted model: {config.model.name} judges.", markup=False, soft_wrap=True)


def _card(folder: Path) -> ModelCard:
    from nlp.model_folder import read_card

    return read_card(folder)


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=warn) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(title: str, done: int, total: int) -> None:
            if title not in tasks:
                tasks[title] = bars.add_task(title, total=total)
            bars.update(tasks[title], completed=done)

        yield progress


def _say_problems(corrections: Corrections) -> None:
    """Name the rows that cannot be read; then nothing is done at all."""
    problems = corrections.problems
    for problem in problems[:SHOWN_PROBLEMS]:
        warn.print(f"atbalss: {problem.where}: {problem.reason}", markup=False, soft_wrap=True)
    if len(problems) > SHOWN_PROBLEMS:
        warn.print(f"atbalss: ... and {len(problems) - SHOWN_PROBLEMS} more rows", markup=False)
    if problems:
        raise typer.Exit(Exit.WRONG)


def _say_read(corrections: Corrections) -> None:
    out.print(f"Read {len(corrections.examples)} corrections.", markup=False)
    for reason, count in corrections.passed_over.items():
        out.print(f"Passed over {count}: {reason}.", markup=False)


def _say_outcomes(adaptation: Adaptation) -> None:
    table = Table(
        title="Your corrections, each judged without having been learned from", title_justify="left"
    )
    for heading in ("head", "corrections", "F1 before", "F1 after", "result"):
        table.add_column(heading, overflow="fold")
    for one in adaptation.outcomes:
        tried = one.verdict not in ("few", "alike")
        figures = (f"{one.before:.3f}", f"{one.after:.3f}") if tried else ("", "")
        table.add_row(one.head.replace("_", " "), str(one.corrections), *figures, _RESULTS[one.verdict])
    out.print(table)


def _say_development(adaptation: Adaptation) -> None:
    table = Table(title="Our development texts, F1 before and after", title_justify="left")
    for heading in ("language", "texts", *_FIGURES.values()):
        table.add_column(heading)
    for lang, before in adaptation.before.items():
        after = adaptation.after[lang]
        pairs = (f"{before[name]:.3f} {after[name]:.3f}" for name in _FIGURES)
        table.add_row(lang, str(before["n"]), *pairs)
    out.print(table)


def _refusal(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """Why nothing was changed, and what to do."""
    falls = [
        f"{_FIGURES[fall.figure]} in {fall.lang} from {fall.before:.3f} to {fall.after:.3f}"
        for one in outcomes
        for fall in one.falls
    ]
    if falls:
        return (
            f"refused, nothing was changed: F1 on our development texts would fall: {', '.join(falls)}",
            "look for rows whose answers contradict the definitions of the labels",
        )
    return (
        "refused, nothing was changed: corrections that were held out would not be judged better",
        "correct more rows of the kind that is judged wrong",
    )


def _figures_table(dev: Mapping[str, Mapping[str, float]]) -> Table:
    """All figures of the card, whatever they are called."""
    names = list(dict.fromkeys(name for figures in dev.values() for name in figures))
    table = Table(title="On our development texts", title_justify="left")
    for heading in ("language", *(name.replace("_", " ") for name in names)):
        table.add_column(heading)
    for lang, figures in dev.items():
        table.add_row(lang, *(f"{figures[name]:g}" if name in figures else "" for name in names))
    return table
