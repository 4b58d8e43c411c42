"""Rules against facts: every key, every reason, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.decide import AlertDecision, Facts, Reason, say, should_alert
from alerts.rules import Rule

FACTS = Facts(
    brand="shop",
    source="reviews",
    kind="review",
    text="Kurjers neatbrauca, ļoti slikti",
    lang="lv",
    label="neg",
    confidence=0.8,
    stars=2.0,
    needs_reply=0.7,
    age=timedelta(hours=5),
    answered=False,
    baseline=False,
    already_alerted=False,
)


def rule(name: str = "r", **keys: Any) -> Rule:
    return Rule(name=name, **keys)


def facts(**changes: Any) -> Facts:
    return replace(FACTS, **changes)


def decide(given_facts: Facts, *rules: Rule) -> AlertDecision:
    return should_alert(given_facts, rules)


# A rule's key, a value that the facts above have, one that they have not, and the reason that is given then.
KEYS: list[tuple[str, Any, Any, Reason]] = [
    ("brands", ["other", "shop"], ["other"], Reason.BRAND),
    ("sources", ["reviews"], ["comments"], Reason.SOURCE),
    ("kinds", ["review", "mail"], ["comment"], Reason.KIND),
    ("languages", ["lv"], ["lt", "hy"], Reason.LANGUAGE),
    ("labels", ["neg", "unscored"], ["pos"], Reason.LABEL),
    ("max_stars", 2, 1.9, Reason.STARS),
    ("min_stars", 2, 2.1, Reason.STARS),
    ("keywords_any", ["kurjer*", "nauda"], ["nauda"], Reason.KEYWORD),
    ("keywords_none", ["nauda"], ["nauda", "KURJERS"], Reason.KEYWORD),
    ("min_confidence", 0.8, 0.81, Reason.CONFIDENCE),
    ("min_needs_reply", 0.7, 0.71, Reason.NEEDS_REPLY),
    ("max_age", "5h", "17999s", Reason.AGE),
]


@pytest.mark.parametrize(("key", "fits", "_wrong", "_reason"), KEYS, ids=[key for key, *_ in KEYS])
def test_a_key_that_fits_lets_the_post_through(key: str, fits: Any, _wrong: Any, _reason: Reason) -> None:
    assert decide(FACTS, rule(**{key: fits})).reason is Reason.ALERT


@pytest.mark.parametrize(("key", "_fits", "wrong", "reason"), KEYS, ids=[key for key, *_ in KEYS])
def test_a_key_that_does_not_fit_is_the_reason(key: str, _fits: Any, wrong: Any, reason: Reason) -> None:
    decision = decide(FACTS, rule(**{key: wrong}))
    assert decision.reason is reason
    assert (decision.alert, decision.rules, decision.channels) == (False, (), ())
    failed = decision.traces[0].checks[-1]
    assert (failed.reason, failed.holds) == (reason, False)
    assert all(check.holds for check in decision.traces[0].checks[:-1])


def test_the_table_above_knows_every_key_of_a_rule() -> None:
    others = {"name", "channels", "include_answered"}
    assert {key for key, *_ in KEYS} == set(Rule.model_fields) - others


@pytest.mark.parametrize(
    ("changes", "keys", "reason"),
    [
        ({"stars": None}, {"max_stars": 5}, Reason.STARS),
        ({"stars": None}, {"min_stars": 1}, Reason.STARS),
        ({"stars": 1.0}, {"min_stars": 2, "max_stars": 4}, Reason.STARS),
        ({"confidence": None}, {"min_confidence": 0.0}, Reason.CONFIDENCE),
        ({"confidence": None, "label": "unscored"}, {"labels": ["unscored"]}, Reason.ALERT),
        ({"needs_reply": None}, {"min_needs_reply": 1.0}, Reason.ALERT),
        ({"age": None}, {"max_age": "1s"}, Reason.ALERT),
        ({"age": timedelta(hours=-3)}, {"max_age": "1s"}, Reason.ALERT),
        ({"age": timedelta(days=7)}, {}, Reason.ALERT),
        ({"age": timedelta(days=7, seconds=1)}, {}, Reason.AGE),
        ({"answered": True}, {}, Reason.ANSWERED),
        ({"answered": True}, {"include_answered": True}, Reason.ALERT),
        ({"text": ""}, {"keywords_any": ["x"]}, Reason.KEYWORD),
        ({"text": ""}, {"keywords_none": ["x"]}, Reason.ALERT),
        ({"baseline": True}, {}, Reason.BASELINE),
        ({"baseline": True, "already_alerted": True}, {}, Reason.BASELINE),
        ({"already_alerted": True}, {}, Reason.ALREADY_ALERTED),
    ],
)
def test_what_a_post_lacks_is_decided(changes: dict[str, Any], keys: dict[str, Any], reason: Reason) -> None:
    assert decide(facts(**changes), rule(**keys)).reason is reason


def test_without_rules_nothing_is_alerted() -> None:
    assert decide(FACTS).reason is Reason.NO_RULES
    assert decide(facts(baseline=True)).reason is Reason.BASELINE


def test_all_keys_of_one_rule_must_hold_and_one_rule_is_enough() -> None:
    both = rule("both", labels=["neg"], max_stars=1)
    assert decide(FACTS, both).reason is Reason.STARS
    assert decide(FACTS, both, rule("one", labels=["neg"])).rules == ("one",)


def test_the_names_of_all_rules_that_hold_come_in_the_order_of_the_configuration() -> None:
    decision = decide(FACTS, rule("b"), rule("no", labels=["pos"]), rule("a"))
    assert decision.rules == ("b", "a")
    assert [trace.rule for trace in decision.traces] == ["b", "no", "a"]


def test_the_reason_is_of_the_rule_that_came_farthest_however_few_keys_it_has() -> None:
    fussy = rule("fussy", brands=["shop"], sources=["reviews"], kinds=["review"], labels=["pos"])
    plain = rule("plain")
    for rules in ((fussy, plain), (plain, fussy)):
        assert decide(facts(answered=True), *rules).reason is Reason.ANSWERED
    assert decide(facts(answered=True), fussy).reason is Reason.LABEL


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        ([["a"]], ("a",)),
        ([["b", "a"], ["a", "c"]], ("b", "a", "c")),
        ([["a"], []], ()),
        ([[], []], ()),
    ],
)
def test_the_channels_of_all_rules_that_hold_are_told_once(
    channels: list[list[str]], told: tuple[str, ...]
) -> None:
    rules = [rule(str(number), channels=names) for number, names in enumerate(channels)]
    assert decide(FACTS, *rules, rule("silent", labels=["pos"], channels=["z"])).channels == told


def test_a_rule_that_holds_says_what_decided() -> None:
    held = rule(
        labels=["neg"], max_stars=2, keywords_any=["kurjer*"], min_confidence=0.5, min_needs_reply=0.5
    )
    said = decide(FACTS, held).traces[0].said
    assert said == (
        "judged negative, rated 2 of 5 (the rule takes 1 to 2), keywords: kurjer*, "
        "80% sure (the rule asks for at least 50%), needs a reply with probability 70% (the rule asks for at least 50%)"
    )
    assert decide(FACTS, rule()).traces[0].said == "takes every post"


def test_a_key_that_was_not_applied_is_not_said_to_have_decided() -> None:
    trace = decide(facts(needs_reply=None), rule(min_needs_reply=0.5)).traces[0]
    assert trace.said == "takes every post"
    assert [check.skipped for check in trace.checks if check.reason is Reason.NEEDS_REPLY] == [True]


def test_every_reason_has_words_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert len({say(reason) for reason in Reason}) == len(Reason)
    assert say("of another version") == "of another version"


@pytest.mark.parametrize(
    "keys",
    [
        {"min_stars": 4, "max_stars": 2},
        {"keywords_any": [""]},
        {"keywords_none": ["  "]},
        {"labels": ["angry"]},
        {"min_confidence": 1.1},
        {"max_stars": 0},
        {"max_star": 2},
    ],
)
def test_a_rule_that_means_nothing_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**keys)


OPTIONAL = {
    "labels": st.sampled_from([(), ("neg",), ("pos", "neu")]),
    "languages": st.sampled_from([(), ("lv",), ("hy",)]),
    "max_stars": st.sampled_from([None, 1, 3]),
    "min_confidence": st.sampled_from([None, 0.5, 0.9]),
    "include_answered": st.booleans(),
    "channels": st.sampled_from([(), ("a",), ("b",)]),
}


@given(
    st.lists(st.fixed_dictionaries(OPTIONAL), max_size=4),
    st.sampled_from(["neg", "neu", "pos", "unscored"]),
    st.sampled_from([None, 1.0, 2.5, 5.0]),
    st.sampled_from([None, 0.4, 0.95]),
    st.booleans(),
)
def test_a_post_is_alerted_exactly_when_a_rule_holds(
    keys: list[dict[str, Any]], label: str, stars: float | None, sure: float | None, answered: bool
) -> None:
    rules = [rule(str(number), **one) for number, one in enumerate(keys)]
    decision = decide(facts(label=label, stars=stars, confidence=sure, answered=answered), *rules)
    held = tuple(trace.rule for trace in decision.traces if trace.holds)
    assert decision.alert == bool(held)
    assert decision.rules == held
    assert len(decision.traces) == len(rules)
