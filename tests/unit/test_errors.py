"""Every error of ours names its subject and remedy, survives a process boundary, and is permanent or transient."""

from __future__ import annotations

import inspect
import pickle

import pytest

from atbalss import errors
from atbalss.errors import AtbalssError, Permanent, SourceThrottled, Transient

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, AtbalssError) and kind.__name__ in errors.__all__
]
CONCRETE = [kind for kind in KINDS if kind.__name__ not in ("AtbalssError", "CollectError", "ChannelError")]


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_subject_reason_and_remedy(kind: type[AtbalssError]) -> None:
    assert str(kind("source x", "gave up", "try this")) == "source x: gave up; try this"
    assert str(kind("source x", "gave up")) == "source x: gave up"


@pytest.mark.parametrize("kind", CONCRETE)
def test_it_is_either_permanent_or_transient(kind: type[AtbalssError]) -> None:
    assert issubclass(kind, Permanent) != issubclass(kind, Transient)


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_sent_to_another_process(kind: type[AtbalssError]) -> None:
    error = kind("source x", "gave up", "try this")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(copy) is kind
    assert (copy.subject, copy.reason, copy.remedy) == ("source x", "gave up", "try this")


def test_the_wait_that_was_asked_for_travels_along() -> None:
    error = SourceThrottled("source x", "429", "wait", retry_after=12.5)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert copy.retry_after == 12.5
    assert SourceThrottled("source x", "429").retry_after is None


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    drawn = inspect.getdoc(errors) or ""
    for kind in CONCRETE:
        line = next(line for line in drawn.splitlines() if f" {kind.__name__} " in line)
        assert ("(Permanent)" in line) == issubclass(kind, Permanent)
        assert ("(Transient)" in line) == issubclass(kind, Transient)
