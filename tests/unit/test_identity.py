"""What an incoming version of a post means, decided without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.identity import (
    SILENT_EDITS,
    Incoming,
    Known,
    StoreDecision,
    content_hash,
    fold_key,
    should_store,
)

T1 = datetime(2026, 11, 1, 12, tzinfo=UTC)
T2 = T1 + timedelta(hours=1)
SAME, OTHER = content_hash("same", None, None), content_hash("other", None, None)

KNOWN = Known(SAME, None, None, 0)
INCOMING = Incoming(SAME, None, None, deleted=False)

CASES = {
    "a new post": (INCOMING, None, StoreDecision.NEW),
    "the same again": (INCOMING, KNOWN, StoreDecision.UNCHANGED),
    "the same words with a later time": (replace(INCOMING, edited_at=T2), KNOWN, StoreDecision.UNCHANGED),
    "other words without times": (replace(INCOMING, content_hash=OTHER), KNOWN, StoreDecision.EDITED),
    "other words with a first edit time": (
        replace(INCOMING, content_hash=OTHER, edited_at=T1),
        KNOWN,
        StoreDecision.EDITED,
    ),
    "other words with a later time": (
        replace(INCOMING, content_hash=OTHER, edited_at=T2),
        replace(KNOWN, edited_at=T1),
        StoreDecision.EDITED,
    ),
    "other words with an earlier time": (
        replace(INCOMING, content_hash=OTHER, edited_at=T1),
        replace(KNOWN, edited_at=T2),
        StoreDecision.STALE,
    ),
    "other words without the time that was known": (
        replace(INCOMING, content_hash=OTHER),
        replace(KNOWN, edited_at=T2),
        StoreDecision.STALE,
    ),
    "the last silent edit": (
        replace(INCOMING, content_hash=OTHER),
        replace(KNOWN, silent_edits=SILENT_EDITS - 1),
        StoreDecision.EDITED,
    ),
    "one silent edit too many": (
        replace(INCOMING, content_hash=OTHER),
        replace(KNOWN, silent_edits=SILENT_EDITS),
        StoreDecision.TOO_MANY_EDITS,
    ),
    "a timed edit after too many silent ones": (
        replace(INCOMING, content_hash=OTHER, edited_at=T2),
        replace(KNOWN, silent_edits=SILENT_EDITS),
        StoreDecision.EDITED,
    ),
    "a reply after too many silent edits": (
        replace(INCOMING, content_hash=OTHER, owner_reply="Atvainojiet"),
        replace(KNOWN, silent_edits=SILENT_EDITS),
        StoreDecision.REPLIED,
    ),
    "a reply": (replace(INCOMING, owner_reply="Paldies"), KNOWN, StoreDecision.REPLIED),
    "the same reply again": (
        replace(INCOMING, owner_reply="Paldies"),
        replace(KNOWN, owner_reply="Paldies"),
        StoreDecision.UNCHANGED,
    ),
    "another reply": (
        replace(INCOMING, owner_reply="Atvainojiet"),
        replace(KNOWN, owner_reply="Paldies"),
        StoreDecision.REPLIED,
    ),
    "a version that does not carry the reply": (
        INCOMING,
        replace(KNOWN, owner_reply="Paldies"),
        StoreDecision.UNCHANGED,
    ),
    "a reply in a stale version": (
        replace(INCOMING, content_hash=OTHER, owner_reply="Paldies"),
        replace(KNOWN, edited_at=T2),
        StoreDecision.STALE,
    ),
    "a tombstone of a known post": (replace(INCOMING, deleted=True), KNOWN, StoreDecision.DELETED),
    "a tombstone of an unknown post": (replace(INCOMING, deleted=True), None, StoreDecision.NEVER_SEEN),
    "a new post of an erased author": (
        replace(INCOMING, erased_author=True),
        None,
        StoreDecision.ERASED_AUTHOR,
    ),
    "a new post past its retention": (
        replace(INCOMING, past_retention=True),
        None,
        StoreDecision.PAST_RETENTION,
    ),
    "a known post past its retention": (
        replace(INCOMING, past_retention=True),
        KNOWN,
        StoreDecision.UNCHANGED,
    ),
    "a version about another brand": (
        replace(INCOMING, content_hash=OTHER, owner_reply="Paldies", other_brand=True),
        KNOWN,
        StoreDecision.OTHER_BRAND,
    ),
    "a tombstone about another brand": (
        replace(INCOMING, deleted=True, other_brand=True),
        KNOWN,
        StoreDecision.OTHER_BRAND,
    ),
    "an erased author, past retention": (
        replace(INCOMING, erased_author=True, past_retention=True),
        None,
        StoreDecision.ERASED_AUTHOR,
    ),
}


@pytest.mark.parametrize(("incoming", "known", "decision"), CASES.values(), ids=CASES.keys())
def test_a_version_means(incoming: Incoming, known: Known | None, decision: StoreDecision) -> None:
    assert should_store(incoming, known) is decision


def test_the_table_above_knows_every_decision() -> None:
    assert {decision for _, _, decision in CASES.values()} == set(StoreDecision)


TIMES = st.sampled_from([None, T1, T2])
REPLIES = st.sampled_from([None, "Paldies", "Atvainojiet"])


@given(TIMES, TIMES, REPLIES, REPLIES, st.sampled_from([SAME, OTHER]), st.integers(0, 30))
def test_what_was_stored_is_unchanged_when_it_comes_again(
    edited: datetime | None,
    known_edited: datetime | None,
    reply: str | None,
    known_reply: str | None,
    words: str,
    silent: int,
) -> None:
    incoming = Incoming(words, edited, reply, deleted=False)
    known = Known(SAME, known_edited, known_reply, silent)
    decision = should_store(incoming, known)
    after = known
    if decision is StoreDecision.EDITED:
        after = Known(words, edited, reply or known_reply, silent + (edited == known_edited))
    elif decision is StoreDecision.REPLIED:
        after = replace(known, owner_reply=reply)
    assert should_store(incoming, after) in (
        StoreDecision.UNCHANGED,
        # What was refused stays refused.
        StoreDecision.STALE,
        StoreDecision.TOO_MANY_EDITS,
    )


def test_the_hash_names_text_title_stars_and_answer() -> None:
    hashes = {
        content_hash(text, title, stars, survey)
        for text, title, stars, survey in product(
            ("a", "b", ""), (None, "t"), (None, 1.0, 1.5), (None, ("nps", 1), ("ces", 1), ("nps", 10))
        )
    }
    assert len(hashes) == 3 * 2 * 3 * 4


def test_the_hash_does_not_depend_on_how_stars_are_written() -> None:
    assert content_hash("a", None, 4) == content_hash("a", None, 4.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kurjers neatbrauca, un neviens neatbild!", "kurjers NEATBRAUCA un... neviens neatbild"),
        ("Առաքումը շատ ուշացավ, գումարը չվերադարձրին։", "առաքումը շատ ուշացավ գումարը չվերադարձրին"),
        ("Ļoti slikta apkalpošana veikalā", "Ļoti slikta apkalpošana veikalā"),
        ("Ужасное обслуживание в магазине 😡😡", "ужасное обслуживание в магазине"),
    ],
)
def test_the_same_words_fold_whatever_their_form(one: str, other: str) -> None:
    assert fold_key(one) is not None
    assert fold_key(one) == fold_key(other)


@pytest.mark.parametrize(
    "text", ["", "Paldies!", "😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡", "!" * 100, "a b c d e f g h i"]
)
def test_a_short_text_is_never_folded(text: str) -> None:
    assert fold_key(text) is None


def test_other_words_do_not_fold() -> None:
    assert fold_key("Kurjers neatbrauca otro reizi") != fold_key("Kurjers neatbrauca trešo reizi")
    # Diacritics tell words apart: only a person may say that they do not.
    assert fold_key("Loti slikta apkalposana veikala") != fold_key("Ļoti slikta apkalpošana veikalā")


@given(st.text(max_size=80), st.sampled_from(["!", " ", "\n", "…", " 😡", ",,,"]))
def test_punctuation_around_a_text_does_not_matter(text: str, mark: str) -> None:
    assert fold_key(f"{mark}{text}{mark}") == fold_key(text)


@given(st.text(max_size=80))
def test_folding_takes_any_text(text: str) -> None:
    key = fold_key(text)
    assert key is None or len(key) == 32
