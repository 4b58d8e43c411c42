"""Any sequence classifier of Hugging Face as a scorer: a folder, or an id that is in the local cache.

What it must have is three labels that mean negative, neutral and positive. Their names are understood when
they say so; anything else ("LABEL_0", stars) needs a map, because guessing wrong would turn praise and
complaints around without anybody noticing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from atbalss.errors import ModelError
from nlp.judging import Detect, Judgement, judge
from nlp.language import detect
from nlp.score import Label, Probabilities, Score
from nlp.threads import allowed_threads

__all__ = ["MOST_TOKENS", "HuggingFaceScorer", "label_map"]

# Longer texts are cut here, or where the model's own positions end.
MOST_TOKENS = 256
_BATCH_TOKENS = 2048
_ORDER = (Label.NEG, Label.NEU, Label.POS)
_KNOWN: Mapping[str, Label] = {
    "negative": Label.NEG,
    "neg": Label.NEG,
    "neutral": Label.NEU,
    "neu": Label.NEU,
    "positive": Label.POS,
    "pos": Label.POS,
}


class HuggingFaceScorer:
    """Judges texts with a `transformers` sequence classifier."""

    def __init__(
        self,
        model: str,
        languages: Sequence[str],
        *,
        labels: Mapping[str, Label] | None = None,
        allow_download: bool = False,
        revision: str | None = None,
        threads: int | None = None,
        detect: Detect = detect,
    ) -> None:
        """Load `model`, a folder or an id; raises `ModelError` when it is not there or its labels are unclear.

        An id is fetched only with `allow_download` and a pinned `revision` (a commit of the model).
        """
        local = Path(model).is_dir()
        if allow_download and not local and revision is None:
            remedy = "name the commit of the model that you have looked at"
            raise ModelError(f"model {model}", "may be downloaded but has no revision", remedy)
        torch.set_num_threads(threads or allowed_threads())
        options: dict[str, Any] = {"local_files_only": local or not allow_download}
        if revision is not None and not local:
            options["revision"] = revision
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model, **options)
            self._model = AutoModelForSequenceClassification.from_pretrained(model, **options).eval()
        except (OSError, ValueError) as error:
            remedy = "give a folder with config.json, weights and tokenizer, or allow the download of an id"
            raise ModelError(f"model {model}", "cannot be loaded", remedy) from error
        names = {int(key): str(name) for key, name in self._model.config.id2label.items()}
        self._targets = torch.tensor([_ORDER.index(label) for label in label_map(model, names, labels)])
        self._supported = frozenset(languages)
        self._detect = detect
        self._name = Path(model).name if local else f"{model}@{revision or 'cached'}"
        known = getattr(self._model.config, "max_position_embeddings", None)
        # Some architectures number positions from 2, so the last two cannot be used.
        self._most = MOST_TOKENS if known is None else min(MOST_TOKENS, known - 2)

    @property
    def name(self) -> str:
        """The folder's name, or the id and its revision."""
        return self._name

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Score]:
        """Judge each text, in order."""
        return judge(
            texts,
            hints,
            model=self.name,
            supported=self._supported,
            detect=self._detect,
            classify=self._classify,
        )

    @torch.inference_mode()
    def _classify(self, texts: Sequence[str], _langs: Sequence[str]) -> list[Judgement]:
        encoded = self._tokenizer(list(texts), truncation=True, max_length=self._most)["input_ids"]
        order = sorted(range(len(texts)), key=lambda place: len(encoded[place]))
        found = torch.zeros(len(texts), len(_ORDER), dtype=torch.float64)
        while order:
            batch = _batch_of(order, encoded)
            order = order[len(batch) :]
            padded = self._tokenizer.pad(
                {"input_ids": [encoded[place] for place in batch]}, return_tensors="pt"
            )
            shares = torch.softmax(self._model(**padded).logits.double(), dim=1)
            summed = torch.zeros(len(batch), len(_ORDER), dtype=torch.float64)
            found[torch.tensor(batch)] = summed.index_add_(1, self._targets, shares)
        return [Judgement(Probabilities(neg, neu, pos)) for neg, neu, pos in found.tolist()]


def label_map(model: str, names: Mapping[int, str], labels: Mapping[str, Label] | None) -> list[Label]:
    """Our label for each of the model's, by its number.

    Without `labels` the names must be negative, neutral and positive in some spelling. With it, every name
    must be in it, several may share a label (stars), and negative and positive must both be there. Raises
    `ModelError` otherwise.
    """
    subject = f"model {model}"
    ordered = [names[number] for number in sorted(names)]
    if labels is None:
        found = [_KNOWN.get(name.strip().lower()) for name in ordered]
        if None in found or set(found) != set(_ORDER) or len(found) != len(_ORDER):
            shown = ", ".join(ordered)
            remedy = "map each of them to neg, neu or pos in the configuration"
            raise ModelError(subject, f"its labels ({shown}) are not negative, neutral, positive", remedy)
        return [label for label in found if label is not None]
    missing = [name for name in ordered if name not in labels]
    if missing:
        remedy = "map each label of the model to neg, neu or pos"
        raise ModelError(subject, f"the map of labels lacks {', '.join(missing)}", remedy)
    mapped = [labels[name] for name in ordered]
    if not {Label.NEG, Label.POS} <= set(mapped) <= set(_ORDER):
        remedy = "map the labels to neg, neu and pos, at least to neg and pos"
        raise ModelError(subject, "the map of labels does not tell negative from positive", remedy)
    return mapped


def _batch_of(order: Sequence[int], encoded: Sequence[Sequence[int]]) -> list[int]:
    """The first places of `order` (sorted by length) whose padded tokens stay within the limit."""
    count = 1
    while count < len(order) and (count + 1) * len(encoded[order[count]]) <= _BATCH_TOKENS:
        count += 1
    return list(order[:count])
