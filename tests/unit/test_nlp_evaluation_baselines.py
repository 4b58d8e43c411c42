from __future__ import annotations

import json

import numpy as np
import pytest

from atbalss.errors import ModelError
from nlp.evaluation.lessons import Lessons
from nlp.evaluation.lexicon import Lexicon, read_lexicon
from nlp.evaluation.sets import Row
from nlp.training.examples import Example


def test_a_lexicon_counts_words_and_the_longest_sequence_of_them():
    lexicon = Lexicon({"good": 0.6, "not good": -0.4, "Waste": -0.2, "can't stand": -0.6})
    assert lexicon.label("A GOOD one") == "pos"
    assert lexicon.label("not good, not good at all; what a waste") == "neg"
    assert lexicon.label("I can't stand it, good") == "neu"
    assert lexicon.label("goods") == "neu"
    assert Lexicon({}).label("good") == "neu"


def test_what_rounding_leaves_of_a_sum_is_no_opinion():
    assert Lexicon({"a": 0.3, "b": -0.1, "c": -0.2}).label("a b c") == "neu"


def test_armenian_signs_inside_a_word_do_not_hide_it():
    assert Lexicon({"վատ": -0.6}).label("Շատ վա՜տ էր") == "neg"


def test_a_lexicon_is_read_from_lines_of_words_and_strength(tmp_path):
    path = tmp_path / "lv_afinn_mt.tsv"
    path.write_text("ļoti slikti\t-0.600\nlabi\t0.400\n\n- !\t0.2\n", "utf-8")
    lexicon = read_lexicon(path)
    assert lexicon.label("Ļoti slikti, lai gan labi") == "neg"
    with pytest.raises(ModelError, match="lt_afinn_mt"):
        read_lexicon(tmp_path / "lt_afinn_mt.tsv")


GOOD = ("lielisks serviss", "garšīga kūka", "jauka apkalpošana", "lieliska kafija", "garšīgi un jauki")
BAD = ("briesmīgs serviss", "auksta zupa", "rupja apkalpošana", "briesmīga kafija", "auksti un rupji")
PLAIN = (
    "vai strādājat rīt",
    "vai ir brīvs galds",
    "vai rīt atvērts",
    "vai galds rīt ir",
    "vai jūs strādājat",
)


def examples(part: slice) -> list[Example]:
    return [
        Example(text, "lv", "own", label)
        for label, texts in (("pos", GOOD), ("neg", BAD), ("neu", PLAIN))
        for text in texts[part]
    ]


LESSONS = Lessons(examples(slice(0, 4)), examples(slice(4, 5)))


def test_ngrams_learn_from_parts_of_words():
    pytest.importorskip("sklearn")
    from nlp.evaluation.baselines import ngrams

    found = ngrams(LESSONS, ["garšīgas kūkas", "briesmīgā zupā", "vai strādājat"])
    assert found == ["pos", "neg", "neu"]


def test_a_linear_head_learns_from_vectors():
    pytest.importorskip("sklearn")
    from nlp.evaluation.baselines import linear

    def vectors(texts):
        words = ("liel", "garš", "jauk", "briesm", "aukst", "rupj", "vai")
        return np.array([[float(word in text) for word in words] for text in texts])

    assert linear(LESSONS, ["jauki", "auksts", "vai te"], vectors) == ["pos", "neg", "neu"]


@pytest.fixture
def lexicons(tmp_path):
    folder = tmp_path / "lexicons"
    folder.mkdir()
    for lang in ("lv", "lt", "hy", "ru", "en"):
        (folder / f"{lang}_afinn_mt.tsv").write_text("kauns\t-0.6\n" if lang == "lv" else "kauns\t0.6\n")
    return folder


def test_answers_are_kept_until_rows_or_texts_change(lexicons, tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    from nlp.evaluation import baselines

    def small(base, say):
        say("vectors")
        return lambda texts: np.array([[len(text), "vai" in text, text.count("i")] for text in texts], float)

    # The untrained encoder is 118 MB and takes minutes; what is done with its vectors is the same.
    monkeypatch.setattr(baselines, "locate_base", lambda: None)
    monkeypatch.setattr(baselines, "read_base", lambda _: None)
    monkeypatch.setattr(baselines, "_untrained", small)
    rows = [Row("kauns", "lv"), Row("kauns", "lt"), Row("kauns", "et"), Row("vai kauns", "lv")]
    work = tmp_path / "work"
    heard: list[str] = []

    def ask(lessons, rows):
        heard.clear()
        return baselines.baseline_labels(lexicons, lessons, work, rows, heard.append)

    first = ask(LESSONS, rows)
    assert list(first) == ["AFINN", "n-grams", "linear head"]
    assert [first["AFINN"][row.text, row.lang] for row in rows] == ["neg", "pos", "neu", "neg"]
    assert len(first["n-grams"]) == 4
    assert heard == ["n-grams: fitting", "vectors"]
    assert ask(LESSONS, rows) == first
    assert heard == []
    ask(LESSONS, rows[:3])
    assert len(heard) == 2
    ask(Lessons(LESSONS.learn[1:], LESSONS.choose), rows[:3])
    assert len(heard) == 2
    (work / "n-grams.json").write_text("{")
    ask(Lessons(LESSONS.learn[1:], LESSONS.choose), rows[:3])
    assert heard == ["n-grams: fitting"]
    assert sorted(path.name for path in work.iterdir()) == ["linear-head.json", "n-grams.json"]
    assert set(json.loads((work / "n-grams.json").read_text())["labels"]) <= {"neg", "neu", "pos"}
