"""The folder of an adapted model: where it lies, when it is used, how it is put there and taken away.

It lies among the files that Atbalss writes and is a whole model in our format. The model that it was made from is never
touched: without the folder that one is used again. Imports nothing heavy until a folder is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atbalss.errors import ModelError
from nlp.loading import SHIPPED, shipped_folder
from nlp.model_folder import CARD, TENSORS, TOKENIZER, ModelCard, digest_of, read_card, write_card

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ADAPTED", "InUse", "adapted_folder", "base_folder", "in_use", "remove_adapted", "write_adapted"]

ADAPTED = "adapted"
"""The folder's name, and under which name the card's `data` tells of the adaptation."""

_MADE_FROM = "made_from"
_AGAIN = "run atbalss model adapt again, or atbalss model original to do without it"


@dataclass(frozen=True, slots=True)
class InUse:
    """The model that judges, by a name that `nlp.loading` takes.

    `adapted` says whether it is the adapted one; `outdated` whether an adapted one is left aside because it was made
    from another model than the configured.
    """

    name: str
    adapted: bool = False
    outdated: bool = False


def adapted_folder(var: Path) -> Path:
    """Where the adapted model lies below `var`, the folder of what Atbalss writes."""
    return var / "model" / ADAPTED


def base_folder(name: str) -> Path | None:
    """The folder of the model of this name if it is one in our format, else None."""
    folder = shipped_folder() if name == SHIPPED else Path(name).expanduser()
    return folder if (folder / CARD).is_file() else None


def in_use(name: str, var: Path) -> InUse:
    """The adapted model if there is one that was made from the model `name`, else that model.

    Raises `ModelError` when one of the two is damaged: to use another one in silence would change judgements.
    """
    folder, base = adapted_folder(var), base_folder(name)
    if base is None or not folder.is_dir() or folder.resolve() == base.resolve():
        return InUse(name)
    # Before anything else is asked of it: one made from an earlier model may be of an earlier format.
    if _made_from(folder) != read_card(base).files:
        return InUse(name, outdated=True)
    try:
        read_card(folder)
    except ModelError as error:
        raise ModelError("the adapted model", error.reason, _AGAIN) from error
    return InUse(str(folder), adapted=True)


def _made_from(folder: Path) -> Any:
    """The digests of the model that the one in `folder` was adapted from; None when its card tells of none."""
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
        return card.get("data", {}).get(ADAPTED, {}).get(_MADE_FROM)
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError("the adapted model", f"{CARD} is not its card", _AGAIN) from error


def write_adapted(
    var: Path,
    base: Path,
    heads: Mapping[str, Tensor],
    *,
    date: str,
    told: Mapping[str, Any],
    dev: Mapping[str, Any],
) -> ModelCard:
    """Put the model in `base` with other tensors for its `heads` below `var`; returns its card.

    `told` is what the card says of the adaptation, `dev` are its figures. All files are complete before they take the
    place of an earlier adapted model; a process that dies in between leaves either that one or none, and then the
    model in `base` is used. Raises `ModelError` when the folder cannot be written.
    """
    from safetensors.torch import load_file, save

    folder = adapted_folder(var)
    new, old = folder.with_name(".adapted.new"), folder.with_name(".adapted.old")
    made_from = read_card(base)
    try:
        # What an earlier process left when it died.
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
        new.mkdir(parents=True)
        # Not save_file: it writes a file that nobody else may read, and the daemon may be another user.
        (new / TENSORS).write_bytes(save({**load_file(base / TENSORS), **heads}))
        shutil.copyfile(base / TOKENIZER, new / TOKENIZER)
        files = {name: digest_of(new / name) for name in (TENSORS, TOKENIZER)}
        card = replace(
            made_from,
            # Two adaptations must not have one name: it is kept beside every score.
            version=f"{made_from.version}+{ADAPTED}.{files[TENSORS][:8]}",
            date=date,
            files=files,
            data={**made_from.data, ADAPTED: {"from": made_from.title, _MADE_FROM: made_from.files, **told}},
            dev=dev,
        )
        write_card(new, card)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
        reason = f"cannot be written ({error.strerror})"
        raise ModelError(str(folder), reason, "check the rights and the free space of the disk") from error
    return card


def remove_adapted(var: Path) -> bool:
    """Remove the adapted model; False when there was none. Raises `ModelError` when it cannot be removed."""
    folder = adapted_folder(var)
    if not folder.exists():
        return False
    try:
        shutil.rmtree(folder)
    except OSError as error:
        reason = f"cannot be removed ({error.strerror})"
        raise ModelError(str(folder), reason, "remove the folder by hand") from error
    return True
