from __future__ import annotations

import dataclasses
import json

import pytest

from atbalss.errors import ModelError
from nlp.calibration import ANY, Calibration
from nlp.model_folder import CARD, TENSORS, TOKENIZER, ModelCard, digest_of, read_card, write_card

CALIBRATION = Calibration({ANY: 1.25, "lt": 0.9}, 0.08, (1.5, -0.25), {"price": 0.4, "food": 0.35})


@pytest.fixture
def folder(tmp_path):
    for name in (TENSORS, TOKENIZER):
        (tmp_path / name).write_bytes(name.encode())
    write_card(tmp_path, card_for(tmp_path))
    return tmp_path


def card_for(folder, **changes):
    card = ModelCard(
        name="trial",
        version="3",
        date="2026-01-31",
        languages=("lv", "lt"),
        labels=("neg", "neu", "pos"),
        calibration=CALIBRATION,
        encoder={"width": 8},
        files={name: digest_of(folder / name) for name in (TENSORS, TOKENIZER)},
    )
    return dataclasses.replace(card, **changes)


def test_a_card_comes_back_as_it_was_written(folder):
    assert read_card(folder) == card_for(folder)
    assert read_card(folder).title == "trial-3"


@pytest.mark.parametrize("name", [TENSORS, TOKENIZER])
def test_a_changed_file_is_refused_by_name(folder, name):
    (folder / name).write_bytes(b"other")
    with pytest.raises(ModelError, match=f"{name} is not the file") as caught:
        read_card(folder)
    assert caught.value.remedy


def test_a_missing_file_is_refused_by_name(folder):
    (folder / TENSORS).unlink()
    with pytest.raises(ModelError, match=f"{TENSORS} cannot be read"):
        read_card(folder)


def test_a_missing_or_broken_card_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(tmp_path)
    for text in ("{", "[]", '{"name": "x"}'):
        (tmp_path / CARD).write_text(text)
        with pytest.raises(ModelError, match="not a model's card"):
            read_card(tmp_path)


@pytest.mark.parametrize(
    "changes", [{"needs_reply": [1.0]}, {"needs_reply": ["one", "two"]}, {"heat": 1.0}, None]
)
def test_a_card_whose_calibration_is_not_one_is_refused(folder, changes):
    raw = json.loads((folder / CARD).read_text())
    if changes is None:
        del raw["calibration"]
    else:
        raw["calibration"].update(changes)
    (folder / CARD).write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="not a model's card"):
        read_card(folder)


def test_another_format_is_refused(folder):
    write_card(folder, card_for(folder, format="atbalss-encoder-9"))
    with pytest.raises(ModelError, match="atbalss-encoder-9"):
        read_card(folder)


def test_a_card_cannot_leave_a_file_out_or_name_one_outside_its_folder(folder):
    raw = json.loads((folder / CARD).read_text())
    files = dict(raw["files"])
    for changed in ({TENSORS: files[TENSORS]}, {**files, "../secret": "0"}):
        raw["files"] = changed
        (folder / CARD).write_text(json.dumps(raw))
        with pytest.raises(ModelError, match="does not name"):
            read_card(folder)
