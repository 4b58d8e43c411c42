from __future__ import annotations

import json

from nlp.evaluation.language_detection import DETECTORS, samples_of


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
