from __future__ import annotations

import numpy as np
import pytest

from atbalss.errors import ModelError
from nlp.training.base import BaseModel, read_base
from nlp.training.vocabulary import build_tokenizer, choose_pieces, full_tokenizer, unchanged

PIECES = {
    "<s>": 0.0,
    "<pad>": 0.0,
    "</s>": 0.0,
    "<unk>": 0.0,
    "▁que": -5.0,
    "ry": -5.0,
    ":": -3.0,
    "▁": -2.0,
    **dict.fromkeys("abcdelsn", -6.0),
    "▁labs": -7.0,
    "labs": -8.0,
    "▁slikts": -8.0,
    "▁nekad": -9.0,
    "ար": -4.0,
    "😀": -9.0,
    "的": -5.0,
    "<mask>": 0.0,
}


@pytest.fixture
def base():
    return BaseModel(
        width=32,
        layers=0,
        heads=1,
        inner=32,
        positions=8,
        epsilon=1e-12,
        begin=0,
        end=2,
        pad=1,
        unknown=3,
        pieces=list(PIECES),
        scores=np.array(list(PIECES.values()), np.float32),
        tensors={},
        word_scales=np.zeros((len(PIECES), 1), np.float16),
        word_nibbles=np.zeros((len(PIECES), 16), np.uint8),
    )


def names(base, kept):
    return {base.pieces[piece] for piece in kept}


def test_pieces_in_use_stay_and_other_scripts_go(base):
    kept = choose_pieces(base, {"lv": ["labs labs slikts"]}, {}, 23)
    assert {"▁labs", "▁slikts", "ար", "😀", "a", ":", "▁que"} <= names(base, kept)
    assert not {"的", "<mask>"} & names(base, kept)
    assert kept == sorted(kept)


def test_a_word_list_counts_like_texts(base):
    assert "▁nekad" not in names(base, choose_pieces(base, {"lv": ["labs slikts labs"]}, {}, 20))
    kept = choose_pieces(base, {}, {"lv": {"nekad": 1.0}}, 20)
    assert "▁nekad" in names(base, kept)


def test_texts_of_kept_pieces_are_cut_as_before(base):
    full = full_tokenizer(base)
    kept = choose_pieces(base, {"lv": ["labs"]}, {}, 21)
    pruned = build_tokenizer(base, kept)
    assert unchanged(full, pruned, kept, ["labs labs", "labs 😀"]) == 1.0
    without = [piece for piece in kept if base.pieces[piece] != "▁labs"]
    assert unchanged(full, build_tokenizer(base, without), without, ["labs", "ար"]) == 0.5


def test_a_mark_of_the_tokenizer_in_a_post_stays_text(base):
    ids = full_tokenizer(base).encode("labs </s>").ids
    assert ids.count(base.end) == 1
    assert ids[0] == base.begin
    assert ids[-1] == base.end


def test_another_file_is_not_taken_for_the_base_model(tmp_path):
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(ModelError, match="not an E5S1 file"):
        read_base(tmp_path / "other.bin")
