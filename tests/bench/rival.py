"""What ours is measured against: an XLM-RoBERTa-base classifier in `transformers.pipeline`, the size that others use.

Its weights are random, which costs the same time as learnt ones. Its vocabulary has the size of the real one; texts are
cut by our own tokenizer, which is the real one's without the pieces that our languages do not need, so that both
models see the same pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

__all__ = ["Rival", "write_rival"]

_BATCH = 32
_BEGIN, _PAD, _END, _UNKNOWN = range(4)
_BEGIN_MARK, _END_MARK = "BEGIN", "END"


def write_rival(folder: Path, tokenizer: Path) -> None:
    """Write a model and its tokenizer into `folder`, as if they had been downloaded."""
    import torch
    from transformers import (
        PreTrainedTokenizerFast,
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
        logging,
    )

    logging.disable_progress_bar()
    torch.manual_seed(7)
    config = XLMRobertaConfig(
        vocab_size=250_002,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=_PAD,
    )
    config.num_labels = 3
    XLMRobertaForSequenceClassification(config).save_pretrained(folder)
    cutter = Tokenizer.from_file(str(tokenizer))
    begin, pad, end, unknown = (cutter.id_to_token(piece) for piece in (_BEGIN, _PAD, _END, _UNKNOWN))
    cutter.post_processor = TemplateProcessing(
        single=f"{_BEGIN_MARK} $A {_END_MARK}",
        special_tokens=[
            {"id": _BEGIN_MARK, "ids": [_BEGIN], "tokens": [begin]},
            {"id": _END_MARK, "ids": [_END], "tokens": [end]},
        ],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=cutter,
        bos_token=begin,
        eos_token=end,
        pad_token=pad,
        unk_token=unknown,
        model_max_length=512,
    ).save_pretrained(folder)


class Rival:
    """The pipeline over the model in a folder."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch
        from transformers import logging, pipeline

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        torch.set_num_threads(threads)
        self._pipeline: Any = pipeline("text-classification", model=str(folder), device="cpu")

    def score(self, texts: Sequence[str]) -> object:
        """Judge the texts, in batches of at most 32 padded to their longest."""
        return self._pipeline(list(texts), batch_size=min(_BATCH, len(texts)), truncation=True)
