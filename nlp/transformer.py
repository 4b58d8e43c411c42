"""The scorer of the shipped model: a folder with encoder, tokenizer, head and card. No network, no hub."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from atbalss.errors import ModelError
from nlp.encoder import Arithmetic, Encoder, Sizes
from nlp.heads import Heads
from nlp.judging import Detect, Judgement, judge
from nlp.language import UNDETERMINED, detect
from nlp.model_folder import TENSORS, TOKENIZER, ModelCard, read_card
from nlp.score import Score
from nlp.threads import allowed_threads

__all__ = ["MOST_WINDOWS", "WINDOW", "TransformerScorer", "windows_of"]

# A long text is read in windows of this many tokens, whose vectors are averaged by length. Reviews rarely
# exceed one; what follows the fourth (about 700 words) is not read, so that one essay cannot stall a batch.
WINDOW = 256
MOST_WINDOWS = 4
# Tokens in one pass: as many as keep the activations in the processor's cache.
_BATCH = 1024
# Texts are sorted and batched within blocks of this many, so that memory does not grow with the input.
_BLOCK = 1024
# How probable the head for languages must find one to name it.
_LEAST_SURE = 0.8
# Beyond this, characters cannot reach the last window: they are not even cut into tokens.
_MOST_CHARACTERS = WINDOW * MOST_WINDOWS * 16


class TransformerScorer:
    """Judges texts with a model's folder."""

    def __init__(
        self,
        folder: Path,
        languages: Sequence[str],
        *,
        arithmetic: Arithmetic | None = None,
        threads: int | None = None,
        detect: Detect = detect,
    ) -> None:
        """Load and check `folder`; raises `ModelError` when it is missing, damaged or of another format.

        `languages` are those to judge; a language that the model does not know is left unscored. `threads`
        are torch's for this process, by default what the cgroup allows.
        """
        self.card: ModelCard = read_card(folder)
        self._supported = frozenset(languages) & frozenset(self.card.languages)
        self._detect = detect
        torch.set_num_threads(threads or allowed_threads())
        chosen = arithmetic or Arithmetic.fastest()
        try:
            tensors = load_file(folder / TENSORS)
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            sizes = self.card.encoder
            self._encoder = Encoder(
                tensors,
                Sizes(
                    width=int(sizes["width"]),
                    layers=int(sizes["layers"]),
                    heads=int(sizes["heads"]),
                    positions=int(sizes["positions"]),
                    epsilon=sizes["epsilon"],
                ),
                chosen,
            )
            self._heads = Heads(tensors, self.card.calibration)
        except (SafetensorError, KeyError, OSError, RuntimeError) as error:
            raise ModelError(f"model {folder.name}", "does not fit its card", "restore the folder") from error
        if self.card.labels != ("neg", "neu", "pos"):
            raise ModelError(
                f"model {folder.name}", "has other labels than neg, neu, pos", "use another model"
            )

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self.card.title

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Score]:
        """Judge each text, in order; the same text gives the same score alone and among others."""
        return judge(
            texts,
            hints,
            model=self.name,
            supported=self._supported,
            detect=self._detect,
            classify=self._classify,
            identify=self._identify,
        )

    def embed(self, texts: Sequence[str]) -> Tensor:
        """[texts, width]: the encoder's vectors of normalised texts, before the head."""
        return embed(self._encoder, self._tokenizer, texts)

    def _identify(self, texts: Sequence[str]) -> list[str]:
        told = self._heads.languages(self.embed(texts)) or [(UNDETERMINED, 1.0)] * len(texts)
        return [
            lang if share >= _LEAST_SURE and lang in self._supported else UNDETERMINED for lang, share in told
        ]

    def _classify(self, texts: Sequence[str], langs: Sequence[str]) -> list[Judgement]:
        return self._heads.judge(self.embed(texts), langs)


def embed(encoder: Encoder, tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """[texts, width]: one vector a normalised text, with long texts read in windows."""
    vectors = torch.empty(len(texts), encoder.sizes.width)
    for start in range(0, len(texts), _BLOCK):
        part = [text[:_MOST_CHARACTERS] for text in texts[start : start + _BLOCK]]
        vectors[start : start + len(part)] = _embed_block(encoder, tokenizer, part)
    return vectors


def _embed_block(encoder: Encoder, tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    bare = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    frame = tokenizer.encode("").ids
    pieces = [
        (place, [*frame[:-1], *window, frame[-1]])
        for place, encoding in enumerate(bare)
        for window in windows_of(encoding.ids)
    ]
    pieces.sort(key=lambda piece: len(piece[1]))
    total = torch.zeros(len(texts), encoder.sizes.width)
    weights = torch.zeros(len(texts), 1)
    for batch in _batches(pieces):
        places = torch.tensor([place for place, _ in batch])
        lengths = torch.tensor([[float(len(ids))] for _, ids in batch])
        total.index_add_(0, places, encoder.pooled([ids for _, ids in batch]) * lengths)
        weights.index_add_(0, places, lengths)
    return total / weights


def windows_of(ids: Sequence[int]) -> list[list[int]]:
    """Equal cuts of at most `WINDOW` ids, at most `MOST_WINDOWS`; one, perhaps empty, for a short text."""
    kept = list(ids[: WINDOW * MOST_WINDOWS])
    count = max(1, -(-len(kept) // WINDOW))
    size = -(-len(kept) // count)
    return [kept[number * size : (number + 1) * size] for number in range(count)]


def _batches(pieces: Sequence[tuple[int, list[int]]]) -> Iterator[list[tuple[int, list[int]]]]:
    """Neighbours whose tokens add up to at most `_BATCH`, at least one."""
    batch: list[tuple[int, list[int]]] = []
    tokens = 0
    for piece in pieces:
        if batch and tokens + len(piece[1]) > _BATCH:
            yield batch
            batch, tokens = [], 0
        batch.append(piece)
        tokens += len(piece[1])
    if batch:
        yield batch
