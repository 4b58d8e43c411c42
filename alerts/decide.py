"""Whether a post deserves an alert: a pure decision with its reason and every input that led to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from alerts.keywords import found_keyword
from alerts.rules import Rule
from atbalss.duration import say_duration

__all__ = ["AlertDecision", "Check", "Facts", "Reason", "RuleTrace", "say", "should_alert"]


class Reason(StrEnum):
    """Why a post was alerted, or why not. The rule keys come in the order in which a rule tries them."""

    ALERT = "alert"
    # Decided before any rule is tried.
    BASELINE = "baseline"
    ALREADY_ALERTED = "already_alerted"
    NO_RULES = "no_rules"
    # The key at which the rule that came farthest stopped.
    BRAND = "brands"
    SOURCE = "sources"
    KIND = "kinds"
    LANGUAGE = "languages"
    LABEL = "labels"
    STARS = "stars"
    KEYWORD = "keywords"
    CONFIDENCE = "min_confidence"
    NEEDS_REPLY = "min_needs_reply"
    AGE = "max_age"
    ANSWERED = "answered"
    # Decided after a rule held.
    SILENCED = "silenced"
    DUPLICATE = "duplicate"
    STORM = "storm"


_SAID = {
    Reason.ALERT: "a rule holds",
    Reason.BASELINE: "was there before the first collection",
    Reason.ALREADY_ALERTED: "an alert was sent before the edit",
    Reason.NO_RULES: "no rule is configured",
    Reason.BRAND: "no rule for this brand",
    Reason.SOURCE: "no rule for this source",
    Reason.KIND: "no rule for this kind of post",
    Reason.LANGUAGE: "no rule for this language",
    Reason.LABEL: "not negative (no rule asks for this label)",
    Reason.STARS: "stars outside of the rule's bounds",
    Reason.KEYWORD: "keywords do not fit",
    Reason.CONFIDENCE: "the model is not sure enough",
    Reason.NEEDS_REPLY: "no public reply expected",
    Reason.AGE: "too old",
    Reason.ANSWERED: "already answered by the owner",
    Reason.SILENCED: "alerts of the brand are silenced",
    Reason.DUPLICATE: "the same text was alerted before",
    Reason.STORM: "told as part of a storm",
}


_ORDER = tuple(Reason)


def say(reason: str) -> str:
    """A reason in words; an unknown one as it is."""
    return _SAID[Reason(reason)] if reason in Reason.__members__.values() else reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that may decide about a post. `age` is None when the source gives no time."""

    brand: str
    source: str
    kind: str
    text: str
    lang: str
    label: str
    confidence: float | None
    stars: float | None
    needs_reply: float | None
    age: timedelta | None
    answered: bool
    baseline: bool
    already_alerted: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One key of a rule: what it asked for, what the post has, and whether they fit."""

    reason: Reason
    asked: str
    found: str
    holds: bool
    skipped: bool = False
    """The post has nothing to compare, and the key does not count then."""

    @property
    def label(self) -> str:
        """What was found, a label in full."""
        return {"neg": "negative", "neu": "neutral", "pos": "positive"}.get(self.found, self.found)


_SENTENCES = {
    Reason.LABEL: "judged {0.label}",
    Reason.STARS: "rated {0.found} of 5 (the rule takes {0.asked})",
    Reason.KEYWORD: "keywords: {0.found}",
    Reason.CONFIDENCE: "{0.found} sure (the rule asks for {0.asked})",
    Reason.NEEDS_REPLY: "needs a reply with probability {0.found} (the rule asks for {0.asked})",
}
"""What a person wants to know of a rule that holds; brands, sources, age and the like go without saying."""


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """How far a rule came: all checks that were made, the last one being the one that failed, if one did."""

    rule: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether every key of the rule holds."""
        return all(check.holds for check in self.checks)

    @property
    def said(self) -> str:
        """What decided, in words for the person who gets the alert; a rule without conditions takes every post."""
        return (
            ", ".join(_SENTENCES[check.reason].format(check) for check in self._telling) or "takes every post"
        )

    @property
    def _telling(self) -> tuple[Check, ...]:
        applied = (check for check in self.checks if not check.skipped)
        return tuple(check for check in applied if check.reason in _SENTENCES)


@dataclass(frozen=True, slots=True)
class AlertDecision:
    """The decision, its reason, the rules that hold, who is told (empty: everybody), and all traces."""

    reason: Reason
    rules: tuple[str, ...]
    channels: tuple[str, ...]
    traces: tuple[RuleTrace, ...]

    @property
    def alert(self) -> bool:
        """Whether people are to be told."""
        return self.reason is Reason.ALERT


def should_alert(facts: Facts, rules: Sequence[Rule]) -> AlertDecision:
    """Decide about one post.

    When no rule holds, the reason is the key at which the rule that came farthest stopped.
    """
    traces = tuple(RuleTrace(rule.name, tuple(_until_failure(facts, rule))) for rule in rules)
    held = [rule for rule, trace in zip(rules, traces, strict=True) if trace.holds]
    names = tuple(rule.name for rule in held)
    if facts.baseline:
        return AlertDecision(Reason.BASELINE, names, (), traces)
    if facts.already_alerted:
        return AlertDecision(Reason.ALREADY_ALERTED, names, (), traces)
    if not rules:
        return AlertDecision(Reason.NO_RULES, (), (), ())
    if not held:
        # By the place of the key, not by the number of checks: a rule checks only the keys that it has.
        farthest = max((trace.checks[-1].reason for trace in traces), key=_ORDER.index)
        return AlertDecision(farthest, (), (), traces)
    return AlertDecision(Reason.ALERT, names, _channels(held), traces)


def _channels(rules: Sequence[Rule]) -> tuple[str, ...]:
    """All channels of all rules, each once; one rule that tells everybody tells everybody."""
    if any(not rule.channels for rule in rules):
        return ()
    return tuple(dict.fromkeys(channel for rule in rules for channel in rule.channels))


def _until_failure(facts: Facts, rule: Rule) -> Iterator[Check]:
    for check in _checks(facts, rule):
        yield check
        if not check.holds:
            return


def _checks(facts: Facts, rule: Rule) -> Iterator[Check]:
    yield from _one_of(Reason.BRAND, rule.brands, facts.brand)
    yield from _one_of(Reason.SOURCE, rule.sources, facts.source)
    yield from _one_of(Reason.KIND, rule.kinds, facts.kind)
    yield from _one_of(Reason.LANGUAGE, rule.languages, facts.lang)
    yield from _one_of(Reason.LABEL, rule.labels, facts.label)
    if rule.max_stars is not None or rule.min_stars is not None:
        low, high = rule.min_stars or 1, rule.max_stars or 5
        found = "no stars" if facts.stars is None else f"{facts.stars:g}"
        holds = facts.stars is not None and low <= facts.stars <= high
        yield Check(Reason.STARS, f"{low:g} to {high:g}", found, holds)
    if rule.keywords_any:
        any_word = found_keyword(facts.text, rule.keywords_any)
        yield Check(
            Reason.KEYWORD,
            f"any of {', '.join(rule.keywords_any)}",
            any_word or "none of them",
            any_word is not None,
        )
    if rule.keywords_none:
        no_word = found_keyword(facts.text, rule.keywords_none)
        yield Check(
            Reason.KEYWORD,
            f"none of {', '.join(rule.keywords_none)}",
            no_word or "none of the unwanted ones",
            no_word is None,
        )
    yield from _at_least(Reason.CONFIDENCE, rule.min_confidence, facts.confidence)
    if rule.min_needs_reply is not None and facts.needs_reply is None:
        asked = f"at least {rule.min_needs_reply:.0%}"
        yield Check(Reason.NEEDS_REPLY, asked, "not judged by this model, so not applied", True, skipped=True)
    else:
        yield from _at_least(Reason.NEEDS_REPLY, rule.min_needs_reply, facts.needs_reply)
    age = "unknown, so not applied" if facts.age is None else _say_age(facts.age)
    yield Check(
        Reason.AGE,
        f"at most {say_duration(rule.max_age)}",
        age,
        facts.age is None or facts.age <= rule.max_age,
        skipped=facts.age is None,
    )
    yield Check(
        Reason.ANSWERED,
        "answered or not" if rule.include_answered else "not answered by the owner",
        "answered" if facts.answered else "not answered",
        rule.include_answered or not facts.answered,
    )


def _one_of(reason: Reason, asked: Sequence[str], found: str) -> Iterator[Check]:
    if asked:
        yield Check(reason, f"one of {', '.join(asked)}", found, found in asked)


def _at_least(reason: Reason, asked: float | None, found: float | None) -> Iterator[Check]:
    if asked is not None:
        said = "none" if found is None else f"{found:.0%}"
        yield Check(reason, f"at least {asked:.0%}", said, found is not None and found >= asked)


def _say_age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
