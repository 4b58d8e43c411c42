"""Chooses which pieces of the base model's 250,000 are kept, and builds the tokenizer that knows only them.

A text keeps its exact token sequence when all pieces of its best segmentation are kept: dropping other pieces
only removes worse segmentations. So the pieces are ranked by how often the languages use them, in the training
texts and in word lists (package `wordfreq`) in the forms that people type: lower case, capitalised, in
capitals, and behind a sign such as # or (. All Armenian pieces, single letters, digits, signs and emoji stay.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from nlp.training.base import BaseModel

__all__ = [
    "PIECES",
    "PREFIX",
    "WEIGHTS",
    "WORDS",
    "build_tokenizer",
    "choose_pieces",
    "full_tokenizer",
    "unchanged",
    "word_lists",
]

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
# How much a language's use of a piece counts. The last five are not scored: a few of their words turn up in
# texts of the others, and later models learn to tell them apart.
WEIGHTS: Mapping[str, float] = {
    "lv": 1.0,
    "lt": 1.0,
    "ru": 1.0,
    "en": 1.0,
    "et": 0.2,
    "pl": 0.2,
    "uk": 0.02,
    "de": 0.02,
    "fi": 0.02,
}
_FORMS: Sequence[tuple[Callable[[str], str], float]] = (
    (str.lower, 1.0),
    (str.capitalize, 0.5),
    (str.upper, 0.1),
    (lambda word: "#" + word, 0.05),
    (lambda word: "(" + word.capitalize(), 0.05),
    (lambda word: "#" + word.upper(), 0.02),
)
_SPECIAL = 4
_SIGNS = ".,:;!?\"'()#@-…“”„«»*"
_STEP = 5_000

# Pieces that are used more seldom than this compete by the base model's own score with all others that are
# written in the letters of our languages.
RAREST = 3e-8
_LETTERS = frozenset(
    "▁abcdefghijklmnopqrstuvwxyzāčēģīķļņšūžąęėįųабвгдежзийклмнопрстуфхцчшщъыьэюяё"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZĀČĒĢĪĶĻŅŠŪŽĄĘĖĮŲАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁ"
)

# The base model was trained with this in front of every text.
PREFIX = "query:"


def full_tokenizer(base: BaseModel) -> Tokenizer:
    """The base model's own tokenizer, without the mark for masks, which is the last piece."""
    return build_tokenizer(base, range(len(base.pieces) - 1))


def build_tokenizer(base: BaseModel, kept: Sequence[int]) -> Tokenizer:
    """A tokenizer over the pieces `kept` (ascending, the four special ones first), ids in that order.

    It frames each text as the base model expects. The special pieces get names with a blank, which no
    normalised text can hold, so that a post with "</s>" in it stays a text.
    """
    names = {base.begin: "< begin >", base.pad: "< pad >", base.end: "< end >", base.unknown: "< unknown >"}
    entries = [(names.get(piece, base.pieces[piece]), float(base.scores[piece])) for piece in kept]
    tokenizer = Tokenizer(Unigram(entries, unk_id=base.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\t\n\f\r\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]"), " "),
            normalizers.Replace(Regex(r"[\u0000-\u001F\u007F-\u009F]"), ""),
            normalizers.NFKC(),
            normalizers.Replace(Regex(r" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    prefix = tokenizer.encode(PREFIX)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="BEGIN:0 $A:0 END:0",
        special_tokens=[
            {"id": "BEGIN", "ids": [base.begin, *prefix.ids], "tokens": [names[base.begin], *prefix.tokens]},
            {"id": "END", "ids": [base.end], "tokens": [names[base.end]]},
        ],
    )
    return tokenizer


def choose_pieces(
    base: BaseModel, texts: Mapping[str, Sequence[str]], words: Mapping[str, Mapping[str, float]], size: int
) -> list[int]:
    """The `size` pieces to keep, ascending.

    `texts` are normalised texts by language, `words` the frequency of each word by language; the words of
    the texts are added to them.
    """
    tokenizer = full_tokenizer(base)
    weight: defaultdict[int, float] = defaultdict(float)
    for lang, importance in WEIGHTS.items():
        said = texts.get(lang, ())
        own = Counter(word.strip(_SIGNS) for text in said for word in text.split())
        for shares in (
            _used(tokenizer, ((text, 1.0) for text in said)),
            _used(tokenizer, _forms(words.get(lang, {}))),
            _used(tokenizer, _forms(own)),
        ):
            for piece, share in shares.items():
                weight[piece] = max(weight[piece], importance * share)
    kept = {piece for piece in range(len(base.pieces) - 1) if _always(piece, base.pieces[piece])}
    kept.update(tokenizer.encode(PREFIX, add_special_tokens=False).ids)
    used = sorted((piece for piece in weight if weight[piece] >= RAREST), key=lambda p: (-weight[p], p))
    ours = [piece for piece, text in enumerate(base.pieces[:-1]) if set(text) <= _LETTERS]
    ours.sort(key=lambda piece: (-base.scores[piece], piece))
    for piece in (*used, *ours):
        if len(kept) >= size:
            break
        kept.add(piece)
    return sorted(kept)


def unchanged(full: Tokenizer, pruned: Tokenizer, kept: Sequence[int], texts: Sequence[str]) -> float:
    """The share of texts that both tokenizers cut into the same pieces."""
    same = 0
    for start in range(0, len(texts), _STEP):
        part = list(texts[start : start + _STEP])
        before, after = full.encode_batch_fast(part), pruned.encode_batch_fast(part)
        same += sum(a.ids == [kept[i] for i in b.ids] for a, b in zip(before, after, strict=True))
    return same / len(texts)


def word_lists() -> dict[str, dict[str, float]]:
    """Words and their frequencies by language, from the package `wordfreq`."""
    import wordfreq

    return {
        lang: {
            word: wordfreq.word_frequency(word, lang)
            for word in wordfreq.top_n_list(lang, most, wordlist="best")
        }
        for lang, most in WORDS.items()
    }


def _forms(words: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    for form, share in _FORMS:
        for word, frequency in words.items():
            yield form(word), frequency * share


def _used(tokenizer: Tokenizer, weighted: Iterable[tuple[str, float]]) -> dict[int, float]:
    """The share of each piece in the weighted texts."""
    counts: defaultdict[int, float] = defaultdict(float)
    items = list(weighted)
    for start in range(0, len(items), _STEP):
        part = items[start : start + _STEP]
        encoded = tokenizer.encode_batch_fast([text for text, _ in part], add_special_tokens=False)
        for (_, weight), encoding in zip(part, encoded, strict=True):
            for piece in encoding.ids:
                counts[piece] += weight
    total = sum(counts.values()) or 1
    return {piece: count / total for piece, count in counts.items()}


def _always(piece: int, text: str) -> bool:
    """Whether a piece stays whatever the counts: special, Armenian, without letters, or a single letter."""
    if piece < _SPECIAL:
        return True
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()}
    if not names or "ARMENIAN" in names:
        return True
    return names <= {"LATIN", "CYRILLIC"} and len(text.lstrip("▁")) == 1
