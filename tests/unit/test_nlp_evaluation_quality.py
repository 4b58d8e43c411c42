from __future__ import annotations

import json

import pytest

from nlp.evaluation.lessons import Lessons
from nlp.evaluation.quality import Material, main, measure
from nlp.evaluation.report import of_sets, report
from nlp.evaluation.retyped import Retyped
from nlp.evaluation.sets import LabelledSet, Row
from nlp.training.examples import PUBLIC_CAPS
from tests.answering import Answer, Answering

ROWS = [
    {"text": "Ļoti slikti", "label": "neg", "lang": "lv", "agreement": 0.9},
    {"text": "Paldies, garšīgi", "label": "pos", "lang": "lv", "agreement": 0.5},
    {"text": "Pasūtījums atnāca vakar", "label": "pos", "lang": "lv", "agreement": 0.7},
    {"text": "🛶🛶🛶", "label": "pos", "lang": "lv", "agreement": 1.0},
    {"text": "vai rīt?", "lang": "lv", "complaint": 0},
]


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


@pytest.fixture
def data(tmp_path):
    write(tmp_path / "eval/lv_fntm.jsonl", ROWS)
    write(tmp_path / "eval/et_valence.jsonl", [{"text": "Väga hea toit", "label": "pos", "lang": "et"}])
    rows = [
        {"text": text, "complaint": value, "lang": "en"}
        for text, value in (("Terrible, shame", 1), ("Good and friendly", 0))
    ]
    write(tmp_path / "eval/en_complaints.jsonl", rows)
    for name in PUBLIC_CAPS:
        write(tmp_path / f"train/{name}.jsonl", [{"text": "ĻOTI slikti!", "label": "neg", "lang": "lv"}] * 20)
    write(tmp_path / "lexicons/hy_translit_map.json", [])
    (tmp_path / "lexicons/hy_translit_map.json").write_text(json.dumps({"ա": {"a": 1.0}, "բ": {"b": 1.0}}))
    return tmp_path


def test_some_sets_alone_need_nothing_but_their_files(data, capsys):
    command = ["--data", str(data), "--model", "tiny", "--set", "lv_fntm", "--set", "lv_fntm@0.6"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "| lv_fntm | 4 | 0.750 / 0.333 |" in printed
    assert "| lv_fntm@0.6 | 3 | 0.667 / 0.500 |" in printed
    assert "own_lv" not in printed


def test_what_is_missing_is_named(data, capsys):
    assert main(["--data", str(data), "--model", "tiny", "--set", "absent"]) == 2
    assert "set absent: cannot be read" in capsys.readouterr().err
    (data / "lexicons/hy_translit_map.json").unlink()
    assert main(["--data", str(data), "--model", "tiny", "--without-baselines"]) == 2
    assert "hy_translit_map.json" in capsys.readouterr().err


def test_the_whole_report_is_the_same_each_time_and_has_all_parts(data, tmp_path, capsys):
    out, errors = tmp_path / "docs/quality.md", tmp_path / "read"
    command = [
        "--data",
        str(data),
        "--model",
        "tiny",
        "--without-baselines",
        "--out",
        str(out),
        "--errors",
        str(errors),
    ]
    assert main(command) == 0
    assert capsys.readouterr().out == ""
    text = out.read_text("utf-8")
    # One of its rows is also in train/, in capitals.
    assert "| lv_fntm | 3 | 0.667 / 0.500 |" in text
    assert "| lv_fntm | 3 | 1 | native tweets" in text
    assert "`et_valence`: of 1 texts" in text
    assert "| label neg | 2 | 1.000 |" in text
    for lang in ("lv", "lt", "hy", "ru", "en"):
        assert f"| own_{lang} |" in text
        assert f"## own_{lang}: label" in (errors / "errors.md").read_text("utf-8")
    for part in ("irony", "1 word", "51 words and more", "reviews", "lv old style", "hy in Latin letters"):
        assert f"\n| {part} |" in text
    # The tiny scorer says nothing of replies, and no baseline was asked for.
    assert "Replies and aspects" not in text
    assert "n-grams" not in text
    assert main(["--data", str(data), "--model", "tiny", "--without-baselines"]) == 0
    assert capsys.readouterr().out == text


def test_a_report_that_cannot_be_written_is_told(data, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    out = str(tmp_path / "file" / "quality.md")
    assert main(["--data", str(data), "--model", "tiny", "--without-baselines", "--out", out]) == 2
    assert "cannot be written" in capsys.readouterr().err


def own(number: int, label: str, needs_reply: bool) -> Row:
    return Row(
        f"own {number}",
        "lv",
        label,
        needs_reply=needs_reply,
        aspects=frozenset({"food"}),
        tags=frozenset({"irony"}),
        platform="chat",
    )


SET = LabelledSet("lv_fntm", tuple(Row(f"text {n}", "lv", "neg" if n % 2 else "pos") for n in range(20)))
OWN = LabelledSet("own_lv", tuple(own(n, "neg" if n % 2 else "pos", n % 2 == 1) for n in range(20)))
TYPED = LabelledSet("lv typed", tuple(Row(row.text.upper(), "lv", row.label) for row in OWN.rows))
ANSWERS = {
    # One label of twenty is wrong; the language of every tenth is not recognised.
    **{
        row.text: Answer((row.label or "") if n != 3 else "pos", 0.9, only_told=n % 10 == 0)
        for n, row in enumerate(SET.rows)
    },
    **{
        row.text: Answer(row.label or "", 0.8, 0.9 if row.needs_reply else 0.1, ("food",)) for row in OWN.rows
    },
    **{row.text: Answer("pos", 0.7, 0.1, only_told=True) for row in TYPED.rows},
}


@pytest.fixture
def measured():
    material = Material(Lessons([], []), [SET], None, [OWN], [Retyped("lv typed", OWN, TYPED)])
    return measure(material, Answering(ANSWERS))


def test_a_set_whose_language_is_not_found_is_measured_again_with_it_told(measured):
    lines = [line for line in of_sets([*measured.sets, *measured.told]).splitlines() if "lv_fntm" in line]
    assert [line.split(" | ")[2] for line in lines] == ["0.900 / 0.056", "1.000 / 0.050"]
    assert [title for title, _, _ in measured.retyped] == ["lv typed", "lv typed, language told"]


def test_baselines_are_measured_on_the_rows_that_the_model_judged(measured):
    ngrams = {(row.text, row.lang): "neg" for row in (*SET.rows, *OWN.rows)}
    text = report(measured, [SET, OWN], {"AFINN": ngrams, "n-grams": ngrams})
    # 18 rows are judged: 10 neg, of which one was taken for pos, and 8 pos. Always neg: F1 20/28 and 0.
    line = next(line for line in text.splitlines() if line.startswith("| lv_fntm | 18 |"))
    assert line.startswith("| lv_fntm | 18 | 0.944 | 0.357 | 0.357 | 0.357 | +58.7 [")
    assert "lead over n-grams, points [95 %]" in text


def test_the_other_heads_and_the_other_ways_of_typing_have_their_tables(measured):
    text = report(measured, [SET, OWN], {})
    assert "| own_lv | 20 | 10 | 1.000 | 1.000 | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |" in text
    assert "| food | 20 | 1.000 | 1.000 | 1.000 |" in text
    assert "| irony | 20 | 10 / 0 / 10 | 1.000 | 1.000 | 1.000 | 10 | 1.000 |" in text
    typed = [line for line in text.splitlines() if line.startswith("| lv typed")]
    # Nothing is judged, so nothing is right; told, all are pos: F1 0 and 2/3.
    assert typed[0].startswith(
        "| lv typed | 20 | 1.000 | 0.000 | 1.000 | 0.000 | -100.0 [-100.0, -100.0] | 0.000 |"
    )
    assert typed[1].startswith("| lv typed, language told | 20 | 1.000 | 1.000 | 1.000 | 0.333 | -66.7 [")
