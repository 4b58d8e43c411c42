"""A real `transformers` classifier, tiny and of random weights, in a folder."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from atbalss.errors import ModelError
from nlp.loading import load_scorer
from nlp.score import Label, UnscoredReason

WORDS = ["[PAD]", "[UNK]", "labi", "slikti", "ļoti", "ēdiens"]
TEXTS = ["ļoti garšīgs ēdiens", "ļoti slikti", "ēdiens " * 400 + "ļoti", "labi, ļoti garšīgi"]


@pytest.fixture
def folder(tmp_path):
    return build(tmp_path / "trial", ["negative", "neutral", "positive"])


def build(path, labels):
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(path)
    raw = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(path)
    return path


def p_of(score):
    assert score.p is not None
    return score.p


def test_a_folder_judges_like_its_model_and_in_order(folder):
    scorer = load_scorer(str(folder), ["lv"])
    scores = scorer.score(TEXTS, ["lv"] * 4)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    ids = torch.tensor([[4, 3]])
    with torch.inference_mode():
        expected = torch.softmax(model(ids).logits, dim=1)[0].tolist()
    found = p_of(scores[1])
    assert [found.neg, found.neu, found.pos] == pytest.approx(expected, abs=1e-5)
    alone = [scorer.score([text], ["lv"])[0] for text in TEXTS]
    assert [p_of(score).neg for score in alone] == pytest.approx(
        [p_of(score).neg for score in scores], abs=1e-4
    )
    assert {score.model for score in scores} == {"trial"}


def test_labels_in_another_order_and_joined_by_a_map(tmp_path):
    folder = build(tmp_path / "stars", ["1", "2", "3"])
    labels = {"1": Label.NEG, "2": Label.NEG, "3": Label.POS}
    (score,) = load_scorer(str(folder), ["lv"], labels=labels).score([TEXTS[0]])
    p = p_of(score)
    assert p.neu == 0.0
    assert p.neg + p.pos == pytest.approx(1.0)


def test_numbered_labels_without_a_map_are_refused(tmp_path):
    folder = build(tmp_path / "numbered", ["LABEL_0", "LABEL_1", "LABEL_2"])
    with pytest.raises(ModelError, match="LABEL_0, LABEL_1, LABEL_2"):
        load_scorer(str(folder), ["lv"])


def test_two_labels_without_a_map_are_refused(tmp_path):
    folder = build(tmp_path / "two", ["negative", "positive"])
    with pytest.raises(ModelError, match="not negative, neutral, positive"):
        load_scorer(str(folder), ["lv"])


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_scorer(str(tmp_path), ["lv"])


def test_what_cannot_be_judged_does_not_reach_the_model(folder):
    scores = load_scorer(str(folder), ["lv"]).score(["👍", "", "ļoti labi"])
    assert [score.reason for score in scores] == [UnscoredReason.NO_LETTERS, UnscoredReason.EMPTY, None]
