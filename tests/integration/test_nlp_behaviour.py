"""What the shipped model must do and what must not matter to it, in five languages.

`python -m tests.behaviour` prints the same rates as a table; tests/behaviour/ has the sentences.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlmodel import select

from nlp.loading import load_scorer
from nlp.score import Label, Probabilities, Scorer, UnscoredReason, satisfaction_of
from nlp.score import Score as Judged
from nlp.training.own_texts import read_texts
from store.tables import Mention, Score
from tests.behaviour import DERIVED, KINDS, LANGUAGES, Case, Rate, cases_of, rates_of, read_rows
from tests.behaviour.__main__ import main
from tests.behaviour.rates import table_of
from tests.behaviour.rows import WRITTEN
from tests.clock import Clock
from tests.world import CONFIG, World, post

# What the shipped model must reach, in the order of LANGUAGES; None is not yet decided.
FLOORS: Mapping[str, tuple[float | None, ...]] = {
    # kind: (lv, lt, hy, ru, en)
    "praise": (None, None, None, None, None),
    "complaint": (None, None, None, None, None),
    "question": (None, None, None, None, None),
    "insult": (None, None, None, None, None),
    "implicit": (None, None, None, None, None),
    "comparison": (None, None, None, None, None),
    "resolved": (None, None, None, None, None),
    "thanks_but": (None, None, None, None, None),
    "negation": (None, None, None, None, None),
    "names": (None, None, None, None, None),
    "emoji": (None, None, None, None, None),
    "emoji_agrees": (None, None, None, None, None),
    # The ways of typing that a language does not have are None for good.
    "no_diacritics": (None, None, None, None, None),
    "old_style": (None, None, None, None, None),
    "in_latin": (None, None, None, None, None),
    "in_cyrillic": (None, None, None, None, None),
    "lower_case": (None, None, None, None, None),
    "reply_praise": (None, None, None, None, None),
    "reply_complaint": (None, None, None, None, None),
    "reply_question": (None, None, None, None, None),
    "reply_insult": (None, None, None, None, None),
    "reply_resolved": (None, None, None, None, None),
}
CASES = [case for lang in LANGUAGES for case in cases_of(lang)]
CELLS = sorted({(case.kind, case.lang) for case in CASES})
WORD = re.compile(r"\w+")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return load_scorer("shipped", LANGUAGES)


@pytest.fixture(scope="module")
def rates(scorer: Scorer) -> Mapping[tuple[str, str], Rate]:
    return rates_of(scorer, CASES)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "lang"), CELLS)
def test_the_model_behaves(rates: Mapping[tuple[str, str], Rate], kind: str, lang: str) -> None:
    rate = rates[kind, lang]
    print(f"{kind} {lang}: {rate.passed} of {rate.cases}, {rate.unscored} with an unscored text")
    floor = FLOORS[kind][LANGUAGES.index(lang)]
    assert floor is None or rate.share >= floor, "\n".join("  ||  ".join(texts) for texts in rate.failed)


@pytest.mark.parametrize(
    "text", ["😡😡😡", "👍", "❤️ ❤️", "🤷‍♀️", "😍 5/5 !!!", "👏🏽👏🏽 https://a.example @kads"]
)
def test_emoji_alone_are_unscored(scorer: Scorer, text: str) -> None:
    (score,) = scorer.score([text], ["lv"])
    assert (score.label, score.reason, score.p) == (Label.UNSCORED, UnscoredReason.NO_LETTERS, None)


@pytest.fixture
def world(tmp_path: Path, sqlite_template: Path, clock: Clock) -> Iterator[World]:
    path = tmp_path / "atbalss.db"
    shutil.copyfile(sqlite_template, path)
    config = CONFIG.replace('name = "tiny"', 'name = "shipped"')
    made = World(tmp_path, f"sqlite:///{path}", clock, config)
    yield made
    made.close()


def test_stars_do_not_tell_the_model_what_to_say(world: World) -> None:
    runtime = world.runtime()
    texts = [row.text for row in read_rows("lv") if row.kind in ("praise", "complaint")][::6]
    for number, text in enumerate(texts):
        posts = [post(f"{number}-{stars}", text, stars=stars) for stars in (1, 5, None)]
        world.store_posts(runtime, *posts)
    world.judge(runtime)
    with runtime.store.read() as session:
        rows = session.exec(select(Mention.external_id, Score).join(Score)).all()
    found: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
    for name, score in rows:
        found[name.partition("-")[0]].append((score.label, score.p_neg, score.p_neu, score.p_pos))
    assert {len(scores) for scores in found.values()} == {3}
    assert len(found) == len(texts)
    assert {len(set(scores)) for scores in found.values()} == {1}


# What follows tests the tests.


def test_every_kind_has_enough_sentences_in_every_language() -> None:
    counts = Counter((row.kind, row.lang) for lang in LANGUAGES for row in read_rows(lang))
    assert set(counts) == {(kind, lang) for kind in WRITTEN for lang in LANGUAGES}
    assert all(count >= 25 for count in counts.values())
    assert set(FLOORS) == set(KINDS)
    assert set(KINDS) == {case.kind for case in CASES}
    assert set(DERIVED) == set(KINDS) - set(WRITTEN)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_are_whole_and_stand_once(lang: str) -> None:
    rows = read_rows(lang)
    texts = [text for row in rows for text in (row.text, row.other) if text is not None]
    assert [text for text, count in Counter(texts).items() if count > 1] == []
    assert [text for text in texts if text != text.strip() or "[" in text or "|" in text] == []
    assert [row.text for row in rows if (row.other is None) is (row.kind in ("negation", "names"))] == []
    assert {row.label for row in rows if row.kind == "negation"} == {"neg", "pos"}
    assert {row.label for row in rows if row.kind != "negation"} == {None}


def words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFC", text).casefold())


def test_no_sentence_shares_a_run_of_six_words_with_a_text_of_ours() -> None:
    ours = [
        words(text) for lang in LANGUAGES for row in read_rows(lang) for text in (row.text, row.other) if text
    ]
    runs = {tuple(said[start : start + 6]) for said in ours for start in range(len(said) - 5)}
    whole = {tuple(said) for said in ours if len(said) > 3}
    shared = set()
    for row in read_texts():
        said = words(row["text"])
        shared |= runs & {tuple(said[start : start + 6]) for start in range(len(said) - 5)}
        shared |= whole & {tuple(said)}
    assert shared == set()


class Told:
    """A scorer that answers from a table; what is not in it is unscored."""

    name = "told-1"

    def __init__(self, answers: Mapping[str, tuple[float, float, float]], needs_reply: float = 0.0) -> None:
        self.answers = answers
        self.needs_reply = needs_reply

    def score(self, texts, hints=None) -> list[Judged]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Judged:
        if text not in self.answers:
            return Judged("und", Label.UNSCORED, self.name, UnscoredReason.UNSUPPORTED_LANGUAGE)
        p = Probabilities(*self.answers[text])
        return Judged("lv", p.label, self.name, None, p, satisfaction_of(p), self.needs_reply)


NEG, NEU, POS = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)


def first(kind: str, lang: str = "lv") -> Case:
    return next(case for case in cases_of(lang) if case.kind == kind)


def share(case: Case, *answers: tuple[float, float, float], needs_reply: float = 0.0) -> float:
    told = Told(dict(zip(case.texts, answers, strict=False)), needs_reply)
    return rates_of(told, [case])[case.kind, case.lang].share


@pytest.mark.parametrize(
    ("kind", "answers", "passed"),
    [
        ("praise", [POS], True),
        ("praise", [NEU], False),
        ("praise", [], False),
        ("complaint", [NEG], True),
        ("question", [NEU], True),
        ("question", [NEG], False),
        ("thanks_but", [NEG], True),
        ("thanks_but", [NEU], True),
        ("thanks_but", [POS], False),
        ("thanks_but", [], False),
        # The first pair negates blame: anything but blame may follow.
        ("negation", [NEG, NEU], True),
        ("negation", [NEG, POS], True),
        ("negation", [NEG, NEG], False),
        ("negation", [NEU, POS], False),
        ("negation", [NEG], False),
        ("names", [POS, POS], True),
        ("names", [POS, (0.0, 0.0, 1.0)], True),
        ("names", [(0.4, 0.0, 0.6), (0.1, 0.0, 0.9)], False),
        ("names", [POS, NEU], False),
        ("names", [POS], False),
        # The first text has the happy sign.
        ("emoji", [POS, NEU], True),
        ("emoji", [NEU, POS], False),
        ("emoji", [POS, POS], False),
        ("emoji", [POS], False),
        ("no_diacritics", [NEU, NEU], True),
        ("no_diacritics", [POS, NEU], False),
        ("no_diacritics", [POS], False),
        ("no_diacritics", [], False),
    ],
)
def test_a_case_passes_when_its_scores_are_as_they_must_be(
    kind: str, answers: list[tuple[float, float, float]], passed: bool
) -> None:
    assert share(first(kind), *answers) == passed


def test_a_negated_praise_must_be_blame() -> None:
    case = [case for case in cases_of("lv") if case.kind == "negation"][-1]
    assert share(case, POS, NEG) == 1
    assert share(case, POS, NEU) == 0


@pytest.mark.parametrize(
    ("kind", "needed"), [("reply_praise", False), ("reply_complaint", True), ("reply_question", True)]
)
def test_a_reply_is_needed_from_one_half_on(kind: str, needed: bool) -> None:
    assert share(first(kind), NEU, needs_reply=0.5) == needed
    assert share(first(kind), NEU, needs_reply=0.49) != needed
    assert share(first(kind)) == 0


@pytest.mark.parametrize(
    ("kind", "lang", "plain", "typed"),
    [
        (
            "no_diacritics",
            "lt",
            "Cepelinai kaip pas močiutę, ačiū virėjai!",
            "Cepelinai kaip pas mociute, aciu virejai!",
        ),
        ("old_style", "lv", "Superīga zupa un smaidīga pavāre.", "Superiiga zupa un smaidiiga pavaare."),
        ("in_latin", "hy", "Մեծածախ վաճառո՞ւմ եք։", "mecacax vacharum eq?"),
        ("in_cyrillic", "hy", "Մեծածախ վաճառո՞ւմ եք։", "Мецацах вачарум ек?"),
        ("in_latin", "ru", "Уютно, чисто, вкусно", "Uyutno, chisto, vkusno"),
        ("lower_case", "en", "Cosy, clean, tasty", "cosy, clean, tasty"),
    ],
)
def test_the_same_sentence_as_somebody_else_types_it(kind: str, lang: str, plain: str, typed: str) -> None:
    assert (plain, typed) in [case.texts for case in cases_of(lang) if case.kind == kind]


def test_rates_count_what_passed_and_what_was_unscored() -> None:
    cases = [case for case in cases_of("lv") if case.kind == "praise"][:4]
    told = Told({cases[0].texts[0]: POS, cases[1].texts[0]: POS, cases[2].texts[0]: NEG})
    rates = rates_of(told, cases)
    assert rates == {("praise", "lv"): Rate(4, 2, 1, (cases[2].texts, cases[3].texts))}
    assert "| praise | 0.50 / 1 |  |  |  |  |" in table_of(rates).splitlines()


def test_the_command_prints_a_line_for_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "tiny"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("tiny-1; ")
    assert [line.split(" ")[1] for line in lines[4:]] == list(KINDS)


def test_the_command_prints_what_failed_in_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "tiny", "--failed", "implicit:lv"]) == 0
    assert "Bildē istabai bija logs." in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--model", "/no/such"], "/no/such"), (["--model", "tiny", "--failed", "old_style:en"], "old_style")],
)
def test_the_command_names_what_is_not_there(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert named in capsys.readouterr().err
