"""A shipped model's folder: its card (`model.json`), and the check that every file is the one it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from atbalss.errors import ModelError
from nlp.calibration import ANY, Calibration

__all__ = ["CARD", "FORMAT", "TENSORS", "TOKENIZER", "ModelCard", "digest_of", "read_card", "write_card"]

CARD = "model.json"
TENSORS = "model.safetensors"
TOKENIZER = "tokenizer.json"
# The layout of the tensors; a program that knows another one refuses instead of giving wrong scores.
FORMAT = "atbalss-encoder-2"
# That of the first model: one head, one temperature.
_FIRST_FORMAT = "atbalss-encoder-1"
_NEEDED = frozenset({TENSORS, TOKENIZER})


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is and how good it is.

    `encoder` are the fields of `nlp.encoder.Sizes`; `files` are the SHA-256 of each file beside the card; `dev`
    are figures per language on the development rows.
    """

    name: str
    version: str
    date: str
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    calibration: Calibration
    encoder: Mapping[str, float]
    files: Mapping[str, str]
    data: Mapping[str, Any] = field(default_factory=dict)
    dev: Mapping[str, Any] = field(default_factory=dict)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    format: str = FORMAT

    @property
    def title(self) -> str:
        """Name and version, as kept beside every score."""
        return f"{self.name}-{self.version}"


def digest_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_card(folder: Path) -> ModelCard:
    """Read and check a model's folder; raises `ModelError` when a file is missing or another than named."""
    subject = f"model {folder.name}"
    try:
        raw = _present(json.loads((folder / CARD).read_text(encoding="utf-8")))
        card = ModelCard(
            **{
                **raw,
                "languages": tuple(raw["languages"]),
                "labels": tuple(raw["labels"]),
                "calibration": _calibration(raw["calibration"]),
            },
        )
    except OSError as error:
        raise ModelError(subject, f"{CARD} cannot be read", "name the folder of a model") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(subject, f"{CARD} is not a model's card", "restore the folder") from error
    if card.format != FORMAT:
        remedy = "use the version of Atbalss that the model was made for"
        raise ModelError(subject, f"has the format {card.format} instead of {FORMAT}", remedy)
    if not card.files.keys() >= _NEEDED or any(Path(name).name != name for name in card.files):
        raise ModelError(subject, f"{CARD} does not name the model's files", "restore the folder")
    for name, expected in card.files.items():
        try:
            found = digest_of(folder / name)
        except OSError as error:
            remedy = "restore the folder; a clone without large files needs them fetched"
            raise ModelError(subject, f"{name} cannot be read", remedy) from error
        if found != expected:
            remedy = f"restore the file, or write the new digest into {CARD} if you changed it on purpose"
            raise ModelError(subject, f"{name} is not the file that {CARD} names", remedy)
    return card


def _present(raw: Any) -> Any:
    """A card of the first format in the words of the present one."""
    if not isinstance(raw, dict) or raw.get("format") != _FIRST_FORMAT:
        return raw
    calibration = {"temperature": {ANY: raw.pop("temperature")}, "least_margin": 0.0, "aspects": {}}
    return {**raw, "format": FORMAT, "calibration": {**calibration, "needs_reply": (1.0, 0.0)}}


def _calibration(raw: Mapping[str, Any]) -> Calibration:
    factor, shift = raw["needs_reply"]
    return Calibration(**{**raw, "needs_reply": (float(factor), float(shift))})


def write_card(folder: Path, card: ModelCard) -> None:
    """Write the card into the folder."""
    text = json.dumps(asdict(card), ensure_ascii=False, indent=2)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
