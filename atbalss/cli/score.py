"""`score`: judge texts or a file of texts; without either, judge what is stored and waits.

The fields of a row are a contract: `lang`, `label` (neg, neu, pos, unscored), `reason`, `p` {neg, neu, pos},
`satisfaction` (1-5), `needs_reply` (0-1 or null), `model`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atbalss.cli.common import chosen, configured, opened, out, warn
from atbalss.errors import ConfigError

if TYPE_CHECKING:
    from nlp.score import Score, Scorer

__all__ = ["FIELDS", "register", "row_of"]

FIELDS = ("lang", "label", "reason", "p", "satisfaction", "needs_reply", "model")
_BATCH = 256
_LONGEST_FIELD = 10_000_000
_OUTPUTS = (".jsonl", ".ndjson")
_SURROGATE = re.compile("[\ud800-\udfff]")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog='Example: atbalss score "Kurjers jau trešo reizi neatbrauca."')(score)


def score(
    context: typer.Context,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts to judge.")] = None,
    source: Annotated[
        Path | None, typer.Option("--input", help="A .jsonl or .csv file with a field `text` in each row.")
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", help="The .jsonl (or .ndjson) file to write; none: standard output."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Another model than the configured one.")
    ] = None,
) -> None:
    """Judge texts: one JSON row each. Without texts and --input, judge what is stored and waits."""
    if texts and source:
        raise ConfigError("--input", "stands beside texts", "give one of the two")
    if target is not None and target.suffix.lower() not in _OUTPUTS:
        raise ConfigError(f"--output {target}", "is not .jsonl", "name it so: one JSON row is written a line")
    if not texts and source is None:
        for option, value in (("--output", target), ("--model", model)):
            if value is not None:
                raise ConfigError(option, "needs texts or --input", "give one of them, or leave it out")
        _stored(context)
        return
    rows = _read(source) if source is not None else ({"text": text} for text in texts or ())
    scorer = _scorer(context, model)
    if target is None:
        for line in _judged(scorer, rows):
            typer.echo(line)
        return
    from atbalss.files import whole_file

    with whole_file(target, "--output") as file:
        count = 0
        for line in _judged(scorer, rows):
            file.write(line + "\n")
            count += 1
    warn.print(f"Judged {count} texts: {target}", markup=False, soft_wrap=True)


def _stored(context: typer.Context) -> None:
    from atbalss.pipeline.score import score_batch

    with opened(context) as runtime:
        total = 0
        while handled := score_batch(runtime):
            total += handled
    out.print(f"Scored {total} posts.")


def _scorer(context: typer.Context, model: str | None) -> Scorer:
    """The configured model, adapted if it was; the shipped one where no configuration was written or named."""
    from atbalss.config.model import ModelSettings
    from atbalss.pipeline.runtime import scorer_of

    options = chosen(context)
    settings, var = ModelSettings(), None
    if options.demo or options.config.exists() or str(options.config) != "atbalss.toml":
        config = configured(context)
        settings, var = config.model, config.var
    if model is not None:
        return scorer_of(settings.model_copy(update={"name": model}))
    return scorer_of(settings, var)


def _judged(scorer: Scorer, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        for row, score in zip(batch, scorer.score([row["text"] for row in batch]), strict=True):
            # JSON can escape half a surrogate pair, and an argument can hold a byte that is no text; neither can be
            # written.
            yield _SURROGATE.sub("\ufffd", json.dumps(row_of(row, score), ensure_ascii=False))


def row_of(row: dict[str, Any], score: Score) -> dict[str, Any]:
    """A row with its judgement. A field of the input that has a contract's name is kept as `input_NAME`."""
    kept = {f"input_{name}" if name in FIELDS else name: value for name, value in row.items()}
    p = score.p
    return {
        **kept,
        "lang": score.lang,
        "label": str(score.label),
        "reason": str(score.reason) if score.reason is not None else None,
        "p": {"neg": round(p.neg, 6), "neu": round(p.neu, 6), "pos": round(p.pos, 6)} if p else None,
        "satisfaction": round(score.satisfaction, 4) if score.satisfaction is not None else None,
        "needs_reply": round(score.needs_reply, 6) if score.needs_reply is not None else None,
        "model": score.model,
    }


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file. Raises ConfigError that names the line, before anything is written."""
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(
            f"--input {path}", "is neither .jsonl nor .csv", "convert it, or try atbalss import"
        )
    try:
        with path.open(encoding="utf-8-sig", newline="" if reader is _csv else None) as file:
            for number, row in reader(path, file):
                text = row.get("text")
                if (text is not None and not isinstance(text, str)) or "text" not in row:
                    raise ConfigError(
                        f"{path}:{number}", "has no field `text` with a text", "add it, or remove the row"
                    )
                yield {**row, "text": text or ""}
    except OSError as error:
        raise ConfigError(f"--input {path}", error.strerror or "cannot be read", "check the path") from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"--input {path}",
            "is not UTF-8",
            "save it as UTF-8, or use atbalss import, which finds encodings out",
        ) from None


def _jsonl(path: Path, file: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise ConfigError(f"{path}:{number}", "is not JSON", "mend or remove the line") from None
        if not isinstance(row, dict):
            raise ConfigError(f"{path}:{number}", "is no JSON object", 'write {"text": "…"}')
        yield number, row


def _csv(path: Path, file: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.DictReader(file)
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if name is not None}
    except csv.Error:
        raise ConfigError(f"{path}:{reader.line_num}", "is not CSV", "check its quotes") from None
