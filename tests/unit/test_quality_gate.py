"""The gate that keeps the shipped model from getting worse: it can fail, it cannot be talked round, and it holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from atbalss.errors import ModelError
from nlp.evaluation.gate import SLACK, Pinned, below, main, measure, raised, read_floors
from nlp.training.own_texts import LANGUAGES
from tests.answering import Answer, Answering

WORDS = {
    "lv": ("slikti", "labi"),
    "lt": ("blogai", "gerai"),
    "hy": ("վատ", "լավ"),
    "ru": ("ужасно", "вкусно"),
}


@pytest.fixture
def texts(tmp_path):
    """Ten rows a language, every other one a complaint about the food that needs a reply."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for lang in LANGUAGES:
        bad, good = WORDS.get(lang, ("terrible", "great"))
        rows = [
            {
                "text": f"{lang} {bad if number % 2 else good} {number}",
                "lang": lang,
                "label": "neg" if number % 2 else "pos",
                "needs_reply": number % 2 == 1,
                "aspects": ["food"] if number % 2 else [],
            }
            for number in range(10)
        ]
        (folder / f"{lang}_dev1.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return folder


def right(texts) -> dict[str, Answer]:
    rows = [json.loads(line) for path in texts.iterdir() for line in path.read_text("utf-8").splitlines()]
    return {
        row["text"]: Answer(row["label"], 0.9, 0.9 if row["needs_reply"] else 0.1, tuple(row["aspects"]))
        for row in rows
    }


def spoilt(texts, **how) -> Answering:
    """A scorer that is right but for the answers to two Lithuanian complaints."""
    answers = right(texts)
    for text in ("lt blogai 1", "lt blogai 3"):
        answers[text] = replace(answers[text], **how)
    return Answering(answers)


@pytest.fixture
def floors(texts):
    return raised({}, measure(Answering(right(texts)), texts))


def test_new_floors_are_just_below_what_was_measured(floors):
    assert list(floors) == list(LANGUAGES)
    assert floors["hy"].figures == pytest.approx(
        dict.fromkeys(("coverage", "sentiment", "needs_reply", "aspects"), 1 - SLACK)
    )


def test_the_same_model_passes(texts, floors):
    assert below(floors, measure(Answering(right(texts)), texts)) == []


@pytest.mark.parametrize(
    ("how", "names"),
    [
        ({"label": "pos"}, ["sentiment"]),
        ({"needs_reply": 0.2}, ["needs_reply"]),
        ({"aspects": ("price",)}, ["aspects"]),
        # Silence is no way past: the other heads count it as a miss, and coverage has its own floor.
        ({"only_told": True}, ["coverage", "needs_reply", "aspects"]),
    ],
)
def test_a_model_that_is_worse_in_one_language_and_head_falls_below(texts, floors, how, names):
    shortfalls = below(floors, measure(spoilt(texts, **how), texts))
    assert [(one.lang, one.name) for one in shortfalls] == [("lt", name) for name in names]
    assert all(one.found < one.floor == pytest.approx(0.99) for one in shortfalls)


def test_other_texts_are_refused_even_when_the_model_does_better_on_them(texts, floors):
    path = texts / "ru_dev1.jsonl"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    found = measure(Answering(right(texts)), texts)
    with pytest.raises(ModelError, match="language ru: its texts are not those"):
        below(floors, found)
    with pytest.raises(ModelError, match="--new-set"):
        raised(floors, found)


def test_a_language_without_floors_is_refused(texts, floors):
    del floors["en"]
    with pytest.raises(ModelError, match="language en: has no floors"):
        below(floors, measure(Answering(right(texts)), texts))


def test_no_floor_is_ever_lowered(texts, floors):
    worse = measure(spoilt(texts, needs_reply=0.2), texts)
    with pytest.raises(ModelError, match=r"language lt: needs_reply is 0\.7500, below its floor of 0\.990"):
        raised(floors, worse)
    # Nor does the word for new texts help while the texts are the old ones.
    with pytest.raises(ModelError, match="never lowered"):
        raised(floors, worse, new_set=True)


def test_a_figure_within_the_slack_keeps_its_floor_while_others_rise(texts):
    found = measure(Answering(right(texts)), texts)
    old = {
        lang: Pinned(pinned.sha256, {**pinned.figures, "sentiment": 0.995, "aspects": 0.3})
        for lang, pinned in found.items()
    }
    new = raised(old, found)["lv"].figures
    assert new["sentiment"] == 0.995
    assert new["aspects"] == pytest.approx(0.99)


def test_new_texts_give_their_language_new_floors_and_no_other(texts, floors):
    path = texts / "ru_dev1.jsonl"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    answers = right(texts)
    for text in answers:
        if text.startswith("ru"):
            answers[text] = replace(answers[text], needs_reply=0.1)
    found = measure(Answering(answers), texts)
    new = raised(floors, found, new_set=True)
    assert new["ru"].sha256 == found["ru"].sha256 != floors["ru"].sha256
    assert new["ru"].figures["needs_reply"] == 0.0
    assert {**new, "ru": None} == {**floors, "ru": None}


def test_the_command_sets_checks_and_refuses(texts, tmp_path, capsys):
    path = tmp_path / "floors.json"
    path.write_text("{}")

    def run(*arguments):
        code = main(["--model", "tiny", *arguments], path=path, texts=texts)
        return code, capsys.readouterr()

    assert run()[0] == 2
    code, shown = run("--raise")
    assert code == 0
    assert "All above their floors" in shown.out
    pinned = read_floors(path)
    assert pinned["lv"].figures["sentiment"] == pytest.approx(0.99)
    assert run()[0] == 0
    figures = {**pinned["lv"].figures, "sentiment": 1.0, "needs_reply": 0.5}
    raw = json.loads(path.read_text())
    raw["lv"]["figures"] = figures
    path.write_text(json.dumps(raw))
    before = path.read_text()
    code, shown = run()
    assert code == 1
    assert "Below its floor" in shown.out
    assert "| lv | needs_reply | 0.500 | 0.0000 |" in shown.out
    assert "sentiment" not in shown.out
    code, shown = run("--raise")
    assert code == 2
    assert "language lv: needs_reply is 0.0000, below its floor of 0.500" in shown.err
    assert path.read_text() == before
    (texts / "lv_dev1.jsonl").unlink()
    assert run()[0] == 2


@pytest.mark.parametrize("text", ["", "[]", '{"lv": 3}', '{"lv": {"sha256": "0"}}'])
def test_a_file_that_holds_no_floors_is_named(tmp_path, text):
    path = tmp_path / "floors.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"floors\.json: holds no floors"):
        read_floors(path)


def test_the_shipped_model_is_above_its_floors(capsys):
    code = main([])
    assert code == 0, capsys.readouterr()
