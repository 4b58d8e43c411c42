from __future__ import annotations

import json

import pytest

from atbalss.errors import ModelError
from nlp.evaluation.language_detection import DETECTORS, samples_of
from nlp.evaluation.report import main, measure, read_set
from nlp.tiny import TinyScorer

ROWS = [
    {"text": "Ļoti slikti", "label": "neg", "lang": "lv", "agreement": 0.9},
    {"text": "Paldies, garšīgi", "label": "pos", "lang": "lv", "agreement": 0.5},
    {"text": "Pasūtījums atnāca vakar", "label": "pos", "lang": "lv", "agreement": 0.7},
    {"text": "👍", "label": "pos", "lang": "lv", "agreement": 1.0},
    {"text": "vai rīt?", "lang": "lv", "complaint": 0},
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "trial.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    (tmp_path / "unlabelled.jsonl").write_text(json.dumps({"text": "x", "lang": "lv"}), encoding="utf-8")
    return tmp_path


def test_a_set_is_its_labelled_rows(folder):
    assert read_set(folder, "trial").labels == ("neg", "pos", "pos", "pos")


def test_a_set_may_be_narrowed_to_rows_on_which_raters_agree(folder):
    assert read_set(folder, "trial@0.6").labels == ("neg", "pos", "pos")


@pytest.mark.parametrize("name", ["absent", "unlabelled", "trial@2"])
def test_a_set_without_rows_is_refused(folder, name):
    with pytest.raises(ModelError, match="set"):
        read_set(folder, name)


def test_measuring_counts_unscored_rows_as_not_covered(folder):
    figures, speed = measure(TinyScorer(["lv"]), read_set(folder, "trial"))
    assert (figures.n, figures.coverage) == (4, 0.75)
    assert figures.accuracy == pytest.approx(2 / 3)
    assert speed > 0


def test_the_command_prints_a_line_for_each_labelled_set(folder, capsys):
    assert main(["--data", str(folder), "--model", "tiny"]) == 0
    printed = capsys.readouterr().out
    assert "| trial | 4 | 0.750 | 0.667 |" in printed
    assert "unlabelled" not in printed


def test_the_command_names_what_is_missing(folder, capsys):
    assert main(["--data", str(folder), "--model", "tiny", "--set", "absent"]) == 2
    assert "absent" in capsys.readouterr().err


def test_language_samples_have_bare_short_and_romanised_variants(tmp_path):
    for name in (
        "train/lv_ltec",
        "train/lv_tomsbuls",
        "eval/lt_vaikai_synth",
        "train/multi_xlmt",
        "eval/en_complaints",
        "eval/ru_sentirueval2016",
        "eval/hy_nigkal_sent",
        "eval/et_valence",
        "train/pl_xed_proj",
        "eval/hy_translit_silver",
    ):
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        rows = [
            {"text": "@user Ļoti garda ščuka", "lang": "en"},
            {"text": "Очень вкусная щука", "lang": "en"},
        ]
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    samples = {sample.title: sample for sample in samples_of(tmp_path, 2)}
    assert "Loti garda scuka" in samples["lv tweets, no diacritics"].texts
    assert "Ļoti garda ščuka" in samples["lv tweets, 3 words"].texts
    assert "вкусная" in samples["en tweets, 1 word"].texts
    assert samples["ru in Latin letters"].lang == "und"
    assert "ochen vkusnaya schuka" in samples["ru in Latin letters"].texts


def test_our_detectors_answer_with_a_configured_language_or_none():
    ask = DETECTORS["ours, hint"]()
    assert ask("Ļoti garda ščuka", "lv") == "lv"
    assert ask("Очень вкусная щука", "lt") == "ru"
