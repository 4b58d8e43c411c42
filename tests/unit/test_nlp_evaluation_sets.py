from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from atbalss.errors import ModelError
from nlp.evaluation.lessons import unseen
from nlp.evaluation.retyped import retyped
from nlp.evaluation.sets import (
    ABOUT,
    LabelledSet,
    Row,
    own_dev,
    own_file,
    read_complaints,
    read_set,
    set_names,
)
from nlp.training.examples import Example
from nlp.training.own_texts import LANGUAGES
from nlp.training.variants import in_latin

SHARED = Path(__file__).parents[3] / "shared" / "data" / "eval"
ROWS = [
    {"text": "Ļoti slikti", "label": "neg", "lang": "lv", "agreement": 0.9, "group": 4},
    {"text": "Paldies, garšīgi", "label": "pos", "lang": "lv", "agreement": 0.5},
    {"text": "Pasūtījums atnāca vakar", "label": "pos", "lang": "lv", "agreement": 0.7},
    {"text": "vai rīt?", "lang": "lv", "complaint": 0},
]


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "trial.jsonl", ROWS)
    write(tmp_path / "unlabelled.jsonl", [{"text": "x", "lang": "lv"}])
    return tmp_path


def test_a_set_is_its_labelled_rows(folder):
    rows = read_set(folder, "trial").rows
    assert [row.label for row in rows] == ["neg", "pos", "pos"]
    assert [row.group for row in rows] == [4, None, None]
    assert {row.needs_reply for row in rows} == {None}


def test_a_set_may_be_narrowed_to_rows_on_which_raters_agree(folder):
    assert [row.label for row in read_set(folder, "trial@0.6").rows] == ["neg", "pos"]


@pytest.mark.parametrize("name", ["absent", "unlabelled", "trial@2", "trial@most"])
def test_a_set_without_rows_is_refused(folder, name):
    with pytest.raises(ModelError, match=f"set {name.partition('@')[0]}"):
        read_set(folder, name)


def test_what_is_wrong_in_a_file_is_told_without_its_text(folder):
    (folder / "broken.jsonl").write_text('{"text": "secret", "label": "neg", "lang": "lv"}\nsecret\n')
    with pytest.raises(ModelError, match="line 2 is not a JSON object") as caught:
        read_set(folder, "broken")
    assert "secret" not in str(caught.value)
    write(folder / "bare.jsonl", [{"text": "secret", "label": "neg"}])
    with pytest.raises(ModelError, match="rows without 'lang'") as caught:
        read_set(folder, "bare")
    assert "secret" not in str(caught.value)


def test_sets_come_by_language_and_a_narrowed_one_after_its_whole(tmp_path):
    for name in ("en_b", "et_a", "lv_fntm", "hy_a", "lv_z"):
        write(tmp_path / f"{name}.jsonl", ROWS[:1])
    assert set_names(tmp_path) == ["lv_fntm", "lv_fntm@0.6", "lv_z", "hy_a", "en_b", "et_a"]


def test_a_folder_without_sets_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no labelled sets"):
        set_names(tmp_path)


def test_complaints_are_read_when_there_are_any(tmp_path):
    assert read_complaints(tmp_path) is None
    write(
        tmp_path / "en_complaints.jsonl",
        [{"text": "x", "lang": "en", "complaint": value} for value in (0, 1)],
    )
    found = read_complaints(tmp_path)
    assert found is not None
    assert [row.complaint for row in found.rows] == [False, True]


def test_our_development_texts_are_a_set_for_each_language_and_wholly_labelled():
    sets = own_dev()
    assert [one.name for one in sets] == [f"own_{lang}" for lang in LANGUAGES]
    for one in sets:
        for row in one.rows:
            assert one.name == f"own_{row.lang}"
            assert None not in (row.label, row.needs_reply, row.aspects)
            assert row.platform


def test_one_file_of_our_own_texts_is_read_alone(tmp_path):
    write(
        tmp_path / "lv_dev1.jsonl", [{**ROWS[0], "needs_reply": True, "aspects": ["food"], "tags": ["irony"]}]
    )
    (row,) = own_file(tmp_path / "lv_dev1.jsonl").rows
    assert (row.needs_reply, row.aspects, row.tags) == (True, frozenset({"food"}), frozenset({"irony"}))
    with pytest.raises(ModelError, match="cannot be read"):
        own_file(tmp_path / "lt_dev1.jsonl")


def test_every_set_that_we_know_has_its_origin_and_licence():
    if not SHARED.is_dir():
        pytest.skip(f"no labelled sets in {SHARED.parent.name}/{SHARED.name}")
    names = {name.partition("@")[0] for name in set_names(SHARED)}
    assert names < ABOUT.keys()
    for name in names:
        assert read_set(SHARED, name).rows


def test_rows_that_were_learned_measure_nothing():
    rows = LabelledSet(
        "a", tuple(Row(text, "en", "neg") for text in ("Too slow!", "too SLOW", "Too slow today"))
    )
    learned = [Example("@user Never again", "en", "x", "neg"), Example("too slow...", "en", "x", "neg")]
    (left,) = unseen([rows, LabelledSet("b", rows.rows[:1])], learned)
    assert [row.text for row in left.rows] == ["Too slow today"]
    assert (left.name, left.left_out) == ("a", 2)


def test_rows_without_letters_are_the_same_only_when_their_signs_are():
    rows = LabelledSet("a", (Row("👍", "en", "pos"), Row("👎", "en", "neg")))
    (left,) = unseen([rows], [Example("👎", "en", "x", "neg")])
    assert [row.text for row in left.rows] == ["👍"]


TABLE = {"լ": {"l": 1.0}, "ա": {"a": 0.5, "ah": 0.5}, "վ": {"v": 1.0}}


def test_rows_are_typed_in_every_way_that_their_language_has():
    lv = LabelledSet("own_lv", (Row("Ļoti garšīgi", "lv", "pos"), Row("Labi", "lv", "pos")))
    found = {pair.title: pair for pair in retyped(lv, TABLE, 7)}
    assert [row.text for row in found["lv without diacritics"].other.rows] == ["Loti garsigi"]
    assert [row.text for row in found["lv old style"].other.rows] == ["Ljoti garshiigi"]
    assert found["lv old style"].plain.rows == lv.rows[:1]
    assert found["lv old style"].other.rows[0].label == "pos"
    assert retyped(LabelledSet("own_en", (Row("Fine", "en", "pos"),)), TABLE, 7) == []


def test_a_text_is_romanised_alike_wherever_it_stands():
    texts = ["լավ", "ա", "ալա", "վալա", "ավա", "լալա"]
    rows = tuple(Row(text, "hy", "pos") for text in texts)

    def romanised(kept, seed):
        pairs = retyped(LabelledSet("own_hy", kept), TABLE, seed)
        return [row.text for row in next(pair for pair in pairs if "Latin" in pair.title).other.rows]

    assert romanised(rows, 7) == romanised(rows[::-1], 7)[::-1]
    assert romanised(rows, 7) != romanised(rows, 8)
    ways = {in_latin("լավ", TABLE, random.Random(seed)) for seed in range(20)}
    assert set(romanised(rows[:1], 7)) <= ways == {"lav", "lahv"}
