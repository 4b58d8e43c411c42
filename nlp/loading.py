"""The one way to a scorer: by the name that stands in the configuration. Imports nothing heavy until asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from atbalss.errors import ModelError
from nlp.model_folder import CARD
from nlp.score import Label, Scorer

__all__ = ["SHIPPED", "load_scorer", "shipped_folder"]

SHIPPED = "shipped"
TINY = "tiny"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def shipped_folder() -> Path:
    """The folder of the model that comes with the package."""
    return Path(__file__).parent / "weights" / "first"


def load_scorer(
    model: str,
    languages: Sequence[str],
    *,
    labels: Mapping[str, Label] | None = None,
    allow_download: bool = False,
    revision: str | None = None,
    threads: int | None = None,
) -> Scorer:
    """The scorer named `model`, for texts in `languages`.

    `model` is "shipped", "tiny" (fixed word lists, for tests of rules), a folder (ours, or one of Hugging
    Face's with a sequence classifier), or the id of a model on the Hugging Face hub. An id is looked up in the
    local cache; only `allow_download` together with a pinned `revision` lets it be fetched. `labels` maps the
    names of a foreign model's labels to ours. Raises `ModelError` when there is no such model.
    """
    if model == TINY:
        from nlp.tiny import TinyScorer

        return TinyScorer(languages)
    folder = shipped_folder() if model == SHIPPED else Path(model).expanduser()
    if model == SHIPPED or (folder / CARD).is_file():
        from nlp.transformer import TransformerScorer

        return TransformerScorer(folder, languages, threads=threads)
    if not folder.is_dir() and not _HUB_ID.fullmatch(model):
        remedy = 'use "shipped", "tiny", a folder or the id of a model'
        raise ModelError(f"model {model}", "there is no such folder", remedy)
    from nlp.hugging_face import HuggingFaceScorer

    return HuggingFaceScorer(
        str(folder) if folder.is_dir() else model,
        languages,
        labels=labels,
        allow_download=allow_download,
        revision=revision,
        threads=threads,
    )
