"""What a model must beat: a word list, character n-grams, and a linear head on the untrained encoder.

Those that learn do so from the very rows that the shipped model learns from; the strength of their regularisation is
the best of a few on the development rows. Fitting takes minutes, so the labels are kept in a folder and read again as
long as rows and texts are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from atbalss.errors import ModelError
from nlp.encoder import Arithmetic, Encoder
from nlp.evaluation.lessons import Lessons
from nlp.evaluation.lexicon import read_lexicon
from nlp.evaluation.metrics import macro_f1
from nlp.evaluation.scored import Labels
from nlp.evaluation.sets import Row
from nlp.normalise import normalise
from nlp.threads import allowed_threads
from nlp.training.base import BaseModel, locate_base, read_base
from nlp.training.own_texts import LABELS, LANGUAGES
from nlp.training.packing import pack, sizes_of
from nlp.training.vocabulary import full_tokenizer
from nlp.transformer import embed

__all__ = ["LEXICON", "LINEAR", "NGRAMS", "Vectors", "baseline_labels", "linear", "ngrams"]

LEXICON = "AFINN"
NGRAMS = "n-grams"
LINEAR = "linear head"

# Parts of words of these many characters, and how many of the most frequent ones are counted.
_SIZES = (2, 5)
_MOST_FEATURES = 200_000
_NGRAM_STRENGTHS = (1.0, 4.0, 16.0)
_LINEAR_STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03)
_BLOCK = 512

Vectors = Callable[[Sequence[str]], npt.NDArray[np.float64]]
"""Normalised texts to [texts, features]."""


def baseline_labels(
    lexicons_in: Path, lessons: Lessons, work: Path, rows: Iterable[Row], say: Callable[[str], None]
) -> dict[str, Labels]:
    """What each baseline answers to `rows`, by its name.

    The answers of those that learn are kept in the folder `work`. Raises `ModelError` when a lexicon or the base
    model is missing.
    """
    keys = list(dict.fromkeys((row.text, row.lang) for row in rows))
    lexicons = {lang: read_lexicon(lexicons_in / f"{lang}_afinn_mt.tsv") for lang in LANGUAGES}
    by_list = [lexicons[lang].label(text) if lang in lexicons else "neu" for text, lang in keys]
    texts = [normalise(text) for text, _ in keys]

    def by_ngrams() -> list[str]:
        say(f"{NGRAMS}: fitting")
        return ngrams(lessons, texts)

    def by_linear_head() -> list[str]:
        return linear(lessons, texts, _untrained(read_base(locate_base()), say))

    found: dict[str, Labels] = {LEXICON: dict(zip(keys, by_list, strict=True))}
    for name, answer in ((NGRAMS, by_ngrams), (LINEAR, by_linear_head)):
        file = work / f"{name.replace(' ', '-')}.json"
        labels = _kept(file, [name, lessons.digest(), texts], answer)
        found[name] = dict(zip(keys, labels, strict=True))
    return found


def ngrams(lessons: Lessons, texts: Sequence[str]) -> list[str]:
    """Labels of normalised texts by logistic regression over TF-IDF of character n-grams within words."""
    counted = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=_SIZES,
        sublinear_tf=True,
        min_df=2,
        max_features=_MOST_FEATURES,
    )
    learned = counted.fit_transform([row.text for row in lessons.learn])
    chosen = counted.transform([row.text for row in lessons.choose])
    model = _fitted(lessons, learned, chosen, _NGRAM_STRENGTHS)
    return [str(label) for label in model.predict(counted.transform(texts))]


def linear(lessons: Lessons, texts: Sequence[str], vectors: Vectors) -> list[str]:
    """Labels of normalised texts by logistic regression over their vectors."""
    learned = vectors([row.text for row in lessons.learn])
    middle, spread = learned.mean(0), learned.std(0) + 1e-12
    chosen = vectors([row.text for row in lessons.choose])
    model = _fitted(lessons, (learned - middle) / spread, (chosen - middle) / spread, _LINEAR_STRENGTHS)
    return [str(label) for label in model.predict((vectors(texts) - middle) / spread)]


def _fitted(lessons: Lessons, learned: Any, chosen: Any, strengths: Sequence[float]) -> LogisticRegression:
    """The regression of the strength that is best on the rows to choose by."""
    right = [str(row.label) for row in lessons.choose]

    def model(strength: float) -> tuple[float, LogisticRegression]:
        fitted = LogisticRegression(C=strength, class_weight="balanced", max_iter=400)
        fitted.fit(learned, [row.label for row in lessons.learn])
        return macro_f1(right, list(fitted.predict(chosen)), LABELS), fitted

    return max(map(model, strengths), key=lambda pair: pair[0])[1]


def _untrained(base: BaseModel, say: Callable[[str], None]) -> Vectors:
    """The base model's encoder as it is shipped, in 8 bits, with its whole vocabulary and no training."""
    torch.set_num_threads(allowed_threads())
    tokenizer = full_tokenizer(base)
    encoder = Encoder(pack(base, range(tokenizer.get_vocab_size())), sizes_of(base), Arithmetic.fastest())

    def vectors(texts: Sequence[str]) -> npt.NDArray[np.float64]:
        parts = []
        for start in range(0, len(texts), _BLOCK):
            parts.append(embed(encoder, tokenizer, texts[start : start + _BLOCK]).double().numpy())
            say(f"{LINEAR}: {min(start + _BLOCK, len(texts))} of {len(texts)} vectors")
        return np.concatenate(parts)

    return vectors


def _kept(file: Path, named: object, answer: Callable[[], list[str]]) -> list[str]:
    """The labels in `file` when they answer what is `named`, else new ones, which are kept there."""
    digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    if kept.get("digest") == digest:
        return [str(label) for label in kept["labels"]]
    labels = answer()
    fresh = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"digest": digest, "labels": labels}), "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise ModelError(f"folder {file.parent}", "cannot be written", "give another by --work") from error
    return labels
