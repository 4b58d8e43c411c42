from __future__ import annotations

import pytest

from nlp.evaluation.scored import Memory, Scored, scored
from nlp.evaluation.sets import LabelledSet, Row
from nlp.evaluation.worst import worst
from tests.answering import Answer, Answering

ROWS = (
    Row("a", "lv", "neg", needs_reply=True, aspects=frozenset({"staff"}), tags=frozenset({"irony"})),
    Row("b", "lv", "neg", needs_reply=True, aspects=frozenset({"price", "food"})),
    Row("c", "lv", "pos", needs_reply=False, aspects=frozenset()),
    Row("d", "lv", "pos", needs_reply=True, aspects=frozenset({"food"})),
)
ANSWERS = {
    "a": Answer("neg", 0.9, 0.7, ("staff",)),
    "b": Answer("pos", 0.6, 0.2, ("food", "staff")),
    "c": Answer("pos", 0.8, 0.5, ()),
    "d": Answer(only_told=True),
}


@pytest.fixture
def part():
    return scored(Answering(ANSWERS), LabelledSet("trial", ROWS))


def test_labels_are_measured_on_the_rows_that_were_judged(part):
    found = part.sentiment()
    assert (found.n, found.coverage, found.accuracy) == (4, 0.75, pytest.approx(2 / 3))
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
    # Counting the unjudged row as a miss of pos: one hit, two there, two given.
    assert part.macro_f1_of_all() == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert part.labels == ("neg", "pos")


def test_confidence_is_compared_with_what_is_right(part):
    assert part.risk_at(0.5) == 0.0
    assert part.risk_at(0.75) == pytest.approx(1 / 3)
    assert part.risk_at(1.0) is None
    assert part.aurc() == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert part.calibration_error() == pytest.approx((0.1 + 0.2 + 0.6) / 3)


def test_a_row_that_was_not_judged_needs_no_reply_and_names_nothing(part):
    needed = part.needs_reply()
    # Told for a and, wrongly, for c at the very threshold; missed for b and the unjudged d.
    assert needed.precision == 0.5
    assert needed.recall == pytest.approx(1 / 3)
    assert part.aspects() == pytest.approx(2 * 2 / (4 + 3))
    assert part.aspect("food").recall == 0.5


def test_a_model_without_that_head_is_known():
    silent = scored(Answering({"a": Answer("neg")}), LabelledSet("trial", ROWS[:1]))
    assert not silent.tells_needs_reply


def test_a_part_keeps_rows_and_scores_together(part):
    kept = part.where(lambda row: "food" in row.aspects)
    assert [row.text for row in kept.rows] == ["b", "d"]
    assert kept.given == ["pos", None]
    assert [row.text for row in part.judged().rows] == ["a", "b", "c"]


def test_groups_are_known_only_where_a_set_has_them():
    assert Scored("x", ROWS, ()).groups is None
    grouped = (Row("a", "lv", "neg", group=3), Row("b", "lv", "neg", group=3), Row("c", "lv", "neg"))
    groups = Scored("x", grouped, ()).groups
    assert groups is not None
    assert groups[0] == groups[1] != groups[2]


def test_a_language_is_told_only_when_asked_to():
    scorer = Answering(ANSWERS)
    rows = LabelledSet("trial", ROWS[3:])
    assert scored(scorer, rows).given == [None]
    scorer.answers = {"d": Answer("pos", only_told=True)}
    assert scored(scorer, rows).given == [None]
    assert scored(scorer, rows, told=True).given == ["pos"]
    assert scorer.asked == [("d", None), ("d", None), ("d", "lv")]


def test_a_text_is_asked_about_once_for_each_language_told():
    scorer = Answering(ANSWERS)
    heard: list[int] = []
    memory = Memory(scorer, heard.append)
    first = memory.score(["a", "b", "a"])
    assert memory.score(["b", "c"], ["lv", None])[1].label == "pos"
    assert memory.score(["c", "a"])[1] == first[0] == first[2]
    assert scorer.asked == [("a", None), ("b", None), ("b", "lv"), ("c", None)]
    assert heard == [2, 2]
    assert memory.name == "answering-1"


def test_the_worst_errors_are_the_surest_ones(part):
    rows = (*ROWS, Row("e\nf", "lv", "neu", needs_reply=False, aspects=frozenset()))
    answers = {**ANSWERS, "e\nf": Answer("neg", 0.7, 0.9)}
    text = worst([scored(Answering(answers), LabelledSet("own_lv", rows))])
    labels, replies = text.split("## own_lv: needs a reply")
    assert labels.index("**neu**, given neg (neg 0.70") < labels.index("**neg**, given pos")
    assert "  > e\n  > f\n" in labels
    assert "  > a\n" not in labels
    assert replies.index("**no**, given 0.90; neu") < replies.index("**yes**, given 0.20; neg")
    assert "given 0.70" not in replies
    few = worst([scored(Answering(answers), LabelledSet("own_lv", rows))], most=1)
    assert few.count("\n- ") == 2
