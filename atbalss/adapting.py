"""Corrections of a customer in files, and the model that is adapted to them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atbalss.config import Config
from atbalss.errors import ConfigError
from collectors.encoding import choose_encoding
from collectors.file_rows import choose_delimiter, csv_rows
from nlp.corrections import Corrections, read_corrections, understood

if TYPE_CHECKING:
    from nlp.adapting import Adaptation
    from nlp.model_folder import ModelCard
    from nlp.training.examples import Example

__all__ = ["Adapted", "Feedback", "adapt_model", "own_base", "read_feedback"]

_TABLES, _LINES = (".csv",), (".jsonl", ".ndjson")
_CHUNK = 1 << 16
_SAMPLE_CHARACTERS = 1 << 16
# Before these `atbalss export` puts a quote, so that no spreadsheet runs a stranger's text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Texts between two steps of the progress bar.
_BATCH = 128
# Fixed: the same corrections give the same model.
_SEED = 7

Progress = Callable[[str, int, int], None]
"""Hears what is done, and with how many texts of how many."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """The corrections of all files together, and what the model's card keeps of each file."""

    corrections: Corrections
    files: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Adapted:
    """What became of the heads; `card` is that of the new model, None when it was refused.

    `corrections` are those that the model could learn from.
    """

    corrections: Corrections
    adaptation: Adaptation
    card: ModelCard | None


def own_base(config: Config) -> Path:
    """The folder of the configured model. Raises ConfigError when its heads cannot be adapted."""
    from nlp.adapted import adapted_folder, base_folder
    from nlp.model_folder import read_card

    name = config.model.name
    base = base_folder(name)
    if base is None:
        raise ConfigError(
            f"[model] name {name}",
            "cannot be adapted: it is no model in the format of Atbalss",
            'set it to "shipped", or to the folder of such a model',
        )
    if base.resolve() == adapted_folder(config.var).resolve():
        raise ConfigError(
            f"[model] name {name}",
            "is the adapted model itself",
            'set it to the model that was adapted, such as "shipped"; the adapted one is found by itself',
        )
    if not read_card(base).calibration.aspects:
        raise ConfigError(
            f"[model] name {name}",
            "cannot be adapted: it is of the first format, with one head",
            'use a newer model, such as "shipped"',
        )
    return base


def read_feedback(paths: Sequence[Path]) -> Feedback:
    """The corrections in `paths`. Raises ConfigError for a file that cannot be read at all."""
    from nlp.model_folder import digest_of

    rows = [(path, list(_rows(path))) for path in paths]
    corrections = read_corrections(row for _, found in rows for row in found)
    files = [{"rows": len(found), "sha256": digest_of(path)} for path, found in rows]
    return Feedback(corrections, files)


def adapt_model(config: Config, feedback: Feedback, now: datetime, progress: Progress) -> Adapted:
    """Adapt the configured model to the corrections, and put it where it is used unless it is refused.

    1. Find the languages. 2. Embed the corrections, some of our own texts and the development texts.
    3. Refit the heads. 4. Write the folder when some head gains and no development figure falls. Raises ConfigError
    for a model that cannot be adapted and for too few corrections that it can judge, ModelError for a damaged one.
    """
    import torch
    from safetensors.torch import load_file

    from nlp.adaptable import Embedded
    from nlp.adapted import write_adapted
    from nlp.adapting import adapt, replay_examples, too_little
    from nlp.evaluation.head_figures import figures_by_language
    from nlp.heads import Heads
    from nlp.language import detect
    from nlp.model_folder import TENSORS
    from nlp.training.examples import own_examples
    from nlp.transformer import TransformerScorer

    base = own_base(config)
    scorer = TransformerScorer(base, config.model.languages)

    def embedded(examples: Sequence[Example], title: str) -> Embedded:
        parts = _batches(examples, title, progress)
        return Embedded(examples, torch.cat([scorer.embed([one.text for one in part]) for part in parts]))

    languages = frozenset(config.model.languages) & frozenset(scorer.card.languages)
    corrections = understood(feedback.corrections, languages, detect, scorer)
    reason = too_little(corrections.examples)
    if reason is not None:
        kept, read = len(corrections.examples), len(feedback.corrections.examples)
        what = f"what the model can judge ({kept} of {read} corrections)"
        raise ConfigError("--feedback", f"{what} {reason}", "correct more rows in its languages")
    # Not for secrets: the same corrections must give the same model.
    chance = random.Random(_SEED)  # noqa: S311
    langs = {example.lang for example in corrections.examples}
    told = embedded(corrections.examples, "reading corrections")
    replay = embedded(replay_examples(own_examples(dev=False), langs, chance), "reading our own texts")
    dev = embedded(list(own_examples(dev=True)), "reading development texts")
    tensors, calibration = load_file(base / TENSORS), scorer.card.calibration
    found = adapt(tensors, calibration, told, replay, dev, chance)
    if not found.accepted:
        return Adapted(corrections, found, None)
    heads = Heads({**tensors, **found.tensors}, calibration)
    judged = heads.judge(dev.vectors, [example.lang for example in dev.examples])
    card = write_adapted(
        config.var,
        base,
        found.tensors,
        date=now.date().isoformat(),
        told={
            "corrections": len(told.examples),
            "feedback": list(feedback.files),
            "strengths": {one.head: one.strength for one in found.outcomes if one.strength is not None},
        },
        dev=figures_by_language(dev.examples, judged),
    )
    return Adapted(corrections, found, card)


def _batches(examples: Sequence[Example], title: str, progress: Progress) -> Iterator[Sequence[Example]]:
    """The examples in parts; `progress` hears when one is asked for, and of the end."""
    for start in range(0, len(examples), _BATCH):
        progress(title, start, len(examples))
        yield examples[start : start + _BATCH]
    progress(title, len(examples), len(examples))


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """Each row of a file with its place; a text instead of fields says why a row cannot be read."""
    ending = path.suffix.lower()
    if ending not in (*_TABLES, *_LINES):
        raise ConfigError(f"--feedback {path}", "is neither .csv nor .jsonl", "save it as one of the two")
    try:
        with path.open("rb") as raw:
            encoding = choose_encoding(iter(partial(raw.read, _CHUNK), b""))
        yield from (_table(path, encoding) if ending in _TABLES else _objects(path, encoding))
    except OSError as error:
        raise ConfigError(
            f"--feedback {path}", error.strerror or "cannot be read", "check the path"
        ) from None
    except ValueError as error:
        raise ConfigError(f"--feedback {path}", str(error), "save it as UTF-8") from None


def _objects(path: Path, encoding: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                found = None
            yield f"{path.name}:{number}", found if isinstance(found, dict) else "is no JSON object"


def _table(path: Path, encoding: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
        if len(sample) == _SAMPLE_CHARACTERS:
            sample = sample[: sample.rfind("\n") + 1]
        delimiter = choose_delimiter(sample)
        file.seek(0)
        for row in csv_rows(file, delimiter):
            headers = [header.strip().casefold() for header in row.headers]
            if row.headers and "text" not in headers:
                raise ConfigError(
                    f"--feedback {path}", "has no column `text`", "name its columns in its first row"
                )
            cells = dict(zip(headers, map(_unquoted, row.cells), strict=True))
            yield f"{path.name}:{row.line}", row.problem or cells


def _unquoted(cell: object) -> object:
    """The cell as it was before it was exported."""
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and cell[1:2] in _FORMULA else cell
