"""Our own training texts are what their guide says."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict

import pytest

from nlp.training.agreement import kappa, pairs
from nlp.training.own_texts import TEXTS, identity, is_dev, problems_of, read_texts

ROWS = list(read_texts())
WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFC", text).casefold())


def test_every_row_is_valid() -> None:
    wrong = [
        (row["lang"], row["writer"], row["text"][:40], found) for row in ROWS if (found := problems_of(row))
    ]
    assert wrong == []


def test_the_language_of_a_row_is_that_of_its_file() -> None:
    for path in TEXTS.glob("*.jsonl"):
        lang = path.stem.partition("_")[0]
        assert {row["lang"] for row in ROWS if f"{row['lang']}_{row['writer']}" == path.stem} == {lang}


def test_no_text_stands_twice() -> None:
    seen = Counter(" ".join(words(row["text"])) or row["text"] for row in ROWS)
    # One word says the same for many customers; anything longer has one author.
    assert [text for text, count in seen.items() if count > 1 and len(text.split()) > 3] == []


def test_no_two_texts_share_a_long_run_of_words() -> None:
    runs: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in ROWS:
        said = words(row["text"])
        for start in range(len(said) - 7):
            runs[tuple(said[start : start + 8])].add(identity(row["text"]))
    assert [" ".join(run) for run, texts in runs.items() if len(texts) > 1] == []


def test_no_development_text_is_also_trained_on() -> None:
    dev = {
        " ".join(words(row["text"])) for row in ROWS if is_dev(row["writer"]) and len(words(row["text"])) > 3
    }
    train = {" ".join(words(row["text"])) for row in ROWS if not is_dev(row["writer"])}
    assert dev & train == set()


@pytest.mark.parametrize("lang", ["lv", "lt", "hy", "ru", "en"])
def test_needs_reply_is_no_copy_of_the_label(lang: str) -> None:
    rows = [row for row in ROWS if row["lang"] == lang]
    share = {
        label: sum(row["needs_reply"] for row in rows if row["label"] == label)
        / sum(row["label"] == label for row in rows)
        for label in ("neg", "neu", "pos")
    }
    assert 0.5 < share["neg"] < 0.8
    assert 0.3 < share["neu"] < 0.6
    assert 0.05 < share["pos"] < 0.25


def test_kappa_is_one_for_equal_and_about_zero_for_independent_readings() -> None:
    assert kappa(["a", "b", "a"], ["a", "b", "a"]) == 1
    assert kappa(["a", "a", "b", "b"], ["a", "b", "a", "b"]) == 0
    # Cohen's own kind of example: 35 of 50 agree where 26 would by chance.
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert kappa(first, second) == pytest.approx(0.4)


def test_a_second_reading_speaks_of_texts_that_exist() -> None:
    lines = [
        line for path in (TEXTS / "second").glob("*.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    assert {json.loads(line)["id"] for line in lines} == {identity(row["text"]) for row, _, _ in pairs()}
    assert lines
