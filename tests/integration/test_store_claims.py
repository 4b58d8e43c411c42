"""Who holds a row: claims are disjoint, end with their lease, and a lost one changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from sqlmodel import select

from store.deliveries import (
    claim_channel,
    ensure_channels,
    release_channel,
    renew_channel,
    resume_channels,
)
from store.engine import Store, open_store
from store.mentions import claim, fail, load, release, take_in
from store.scores import NewScore, save_score, score_of
from store.sources import claim_source, due_sources, ensure_sources, release_source, renew_source
from store.tables import ChannelState, ChannelStatus, Mention, SourceState, Stage, Statement
from tests.clock import NOW
from tests.world import post

LEASE = timedelta(minutes=2)
LATER = NOW + LEASE + timedelta(microseconds=1)

SCORE = NewScore(
    model="m",
    lang="lv",
    label="neg",
    reason=None,
    p=(0.8, 0.1, 0.1),
    satisfaction=1.5,
    needs_reply=None,
    aspects=("staff",),
)


def fill(store: Store, count: int, text: str = "text {}") -> None:
    with store.write() as session:
        posts = [post(str(number), text.format(number)) for number in range(count)]
        take_in(session, "reviews", posts, NOW, baseline=False)


def taken(store: Store, token: str, *, at=NOW, limit: int = 100, stage: Stage = Stage.COLLECTED) -> list[int]:
    with store.write() as session:
        return [mention.id for mention in claim(session, stage, token, at, LEASE, limit)]


def at_once(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run `work` in so many threads that start together; gives their errors."""
    together, errors = threading.Barrier(count), []

    def start(number: int) -> None:
        together.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_the_oldest_rows_are_claimed_first_and_once(store: Store) -> None:
    fill(store, 5)
    first = taken(store, "a", limit=2)
    second = taken(store, "b", limit=2)
    assert first == sorted(first)
    assert second == sorted(second)
    assert max(first) < min(second)
    assert len(taken(store, "c")) == 1
    assert taken(store, "d") == []


def test_processes_that_claim_at_once_get_disjoint_rows(database_url: str, store: Store) -> None:
    fill(store, 120)
    got: dict[int, list[int]] = {}

    def work(number: int) -> None:
        own = open_store(database_url)
        try:
            got[number] = []
            while ids := taken(own, f"{number}-{len(got[number])}", limit=7):
                got[number] += ids
        finally:
            own.close()

    assert at_once(4, work) == []
    claimed = [mention_id for ids in got.values() for mention_id in ids]
    assert len(claimed) == len(set(claimed)) == 120


def test_rows_of_a_process_that_died_are_handed_over_when_the_lease_ends(store: Store) -> None:
    fill(store, 3)
    ids = taken(store, "dead")
    assert taken(store, "early", at=NOW + LEASE) == []
    assert taken(store, "heir", at=LATER) == ids
    with store.read() as session:
        assert load(session, "dead", ids) == []
        assert [mention.id for mention in load(session, "heir", ids)] == ids


def test_a_judgement_that_comes_after_the_lease_was_lost_is_discarded(store: Store) -> None:
    fill(store, 1)
    (mention_id,) = taken(store, "late")
    taken(store, "heir", at=LATER)
    with store.write() as session:
        assert not save_score(session, mention_id, 0, "late", SCORE, LATER)
    with store.write() as session:
        # Nor does one of another revision count, whoever brings it.
        assert not save_score(session, mention_id, 1, "heir", SCORE, LATER)
        assert save_score(session, mention_id, 0, "heir", SCORE, LATER)
        # Twice is once.
        assert not save_score(session, mention_id, 0, "heir", SCORE, LATER)
    with store.read() as session:
        score = score_of(session, mention_id, 0)
        mention = session.get_one(Mention, mention_id)
    assert score is not None
    assert (score.label, score.p_neg, score.aspects) == ("neg", 0.8, ["staff"])
    assert (mention.stage, mention.lease, mention.lease_until) == (Stage.SCORED, None, None)


def test_a_judgement_that_comes_late_but_before_anybody_else_counts(store: Store) -> None:
    fill(store, 1)
    (mention_id,) = taken(store, "slow")
    with store.write() as session:
        assert save_score(session, mention_id, 0, "slow", SCORE, LATER)


def test_a_judgement_of_words_that_were_edited_meanwhile_is_discarded(store: Store) -> None:
    fill(store, 1)
    (mention_id,) = taken(store, "a")
    with store.write() as session:
        take_in(session, "reviews", [post("0", "other words")], NOW, baseline=False)
    with store.write() as session:
        assert not save_score(session, mention_id, 0, "a", SCORE, NOW)
    assert taken(store, "b") == [mention_id]


def test_a_row_that_failed_waits_longer_each_time_and_does_not_hold_up_others(store: Store) -> None:
    fill(store, 2)
    now, waits = NOW, []
    for _ in range(14):
        first, *_ = taken(store, "a", at=now)
        with store.write() as session:
            assert fail(session, first, "a", "x" * 600, now)
            release(session, "a")
        with store.read() as session:
            mention = session.get_one(Mention, first)
        waits.append(mention.not_before - now)
        assert len(mention.last_error or "") == 500
        assert first not in taken(store, "other", at=now)
        with store.write() as session:
            release(session, "other")
        now = mention.not_before
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert waits[-1] == timedelta(hours=6)


def test_a_failure_of_a_row_that_is_no_longer_ours_is_not_noted(store: Store) -> None:
    fill(store, 1)
    (mention_id,) = taken(store, "late")
    taken(store, "heir", at=LATER)
    with store.write() as session:
        assert not fail(session, mention_id, "late", "x", LATER)
    with store.read() as session:
        assert session.get_one(Mention, mention_id).failures == 0


def test_rows_that_are_given_back_are_free_at_once(store: Store) -> None:
    fill(store, 2)
    ids = taken(store, "a")
    with store.write() as session:
        release(session, "somebody else")
    assert taken(store, "b") == []
    with store.write() as session:
        release(session, "a")
    assert taken(store, "b") == ids


def test_an_edit_that_meets_a_judgement_is_never_lost(database_url: str, store: Store) -> None:
    """Whoever comes second sees the other: the words of now are judged, or wait to be."""
    rounds = 12
    fill(store, rounds)
    ids = taken(store, "judge")

    def work(number: int) -> None:
        own = open_store(database_url)
        try:
            for place, mention_id in enumerate(ids):
                with own.write() as session:
                    if number == 0:
                        save_score(session, mention_id, 0, "judge", SCORE, NOW)
                    else:
                        edited = post(str(place), f"edited {place}")
                        take_in(session, "reviews", [edited], NOW, baseline=False)
        finally:
            own.close()

    assert at_once(2, work) == []
    with store.read() as session:
        for mention in session.exec(select(Mention)):
            assert (mention.revision, mention.stage) == (1, Stage.COLLECTED)


def test_an_edit_that_meets_a_decision_is_never_lost(database_url: str, store: Store) -> None:
    """The decider holds its row, so that the edit comes before it is loaded or after it was written."""
    fill(store, 1)
    (mention_id,) = taken(store, "judge")
    with store.write() as session:
        save_score(session, mention_id, 0, "judge", SCORE, NOW)
    taken(store, "decider", stage=Stage.SCORED)
    loaded, done = threading.Event(), threading.Event()

    def work(number: int) -> None:
        own = open_store(database_url)
        try:
            with own.write() as session:
                if number == 0:
                    (mention,) = load(session, "decider", [mention_id])
                    loaded.set()
                    # On SQLite the editor cannot even begin; on PostgreSQL it waits for the row.
                    done.wait(0.3)
                    mention.stage, mention.lease, mention.lease_until = Stage.DECIDED, None, None
                    session.add(mention)
                else:
                    loaded.wait()
                    take_in(session, "reviews", [post("0", "edited")], NOW, baseline=False)
            if number == 1:
                done.set()
        finally:
            own.close()

    if store.is_sqlite:
        work(0)
        work(1)
    else:
        assert at_once(2, work) == []
    with store.read() as session:
        mention = session.get_one(Mention, mention_id)
    assert (mention.text, mention.revision, mention.stage) == ("edited", 1, Stage.COLLECTED)


def test_sources_that_bring_the_same_words_at_once_are_all_stored(database_url: str, store: Store) -> None:
    def work(number: int) -> None:
        own = open_store(database_url)
        try:
            for place in range(10):
                with own.write() as session:
                    words = f"Tie paši vārdi daudzās vietās, {place}. reize"
                    take_in(session, f"source-{number}", [post(str(place), words)], NOW, baseline=False)
        finally:
            own.close()

    assert at_once(4, work) == []
    with store.read() as session:
        statements = session.exec(select(Statement)).all()
        assert len(session.exec(select(Mention)).all()) == 40
    assert [statement.seen for statement in statements] == [4] * 10


def test_processes_that_meet_sources_and_channels_first_at_once_agree(
    database_url: str, store: Store
) -> None:
    def work(_: int) -> None:
        own = open_store(database_url)
        try:
            with own.write() as session:
                ensure_sources(session, [(f"s{place}", "shop") for place in range(20)], NOW)
                ensure_channels(session, [f"c{place}" for place in range(20)])
        finally:
            own.close()

    assert at_once(4, work) == []
    with store.read() as session:
        assert len(session.exec(select(SourceState)).all()) == 20
        states = session.exec(select(ChannelState)).all()
    assert len(states) == 20
    assert {state.status for state in states} == {ChannelStatus.OK}


def test_one_process_collects_a_source_at_a_time(store: Store) -> None:
    with store.write() as session:
        ensure_sources(session, [("a", "shop"), ("b", "shop")], NOW)
        assert due_sources(session, ["a", "b", "gone"], NOW) == ["a", "b"]
        assert claim_source(session, "a", "one", NOW, LEASE)
        assert not claim_source(session, "a", "two", NOW, LEASE)
        assert due_sources(session, ["a", "b"], NOW) == ["b"]
        assert not claim_source(session, "b", "two", NOW - LEASE, LEASE, only_due=True)
        assert renew_source(session, "a", "one", LATER)
        assert not renew_source(session, "a", "two", LATER)
        assert not claim_source(session, "a", "two", LATER, LEASE)
        release_source(session, "a", "two")
        assert not claim_source(session, "a", "two", LATER, LEASE)
        release_source(session, "a", "one")
        assert claim_source(session, "a", "two", LATER, LEASE)
        assert not renew_source(session, "a", "one", LATER)


def test_one_process_sends_on_a_channel_at_a_time(store: Store) -> None:
    with store.write() as session:
        ensure_channels(session, ["a"])
        assert claim_channel(session, "a", "one", NOW, LEASE)
        assert claim_channel(session, "a", "two", NOW, LEASE) is None
        assert renew_channel(session, "a", "one", NOW + LEASE)
        heir = claim_channel(session, "a", "two", LATER, LEASE)
        assert heir is not None
        assert heir.lease == "two"
        assert not renew_channel(session, "a", "one", LATER)
        release_channel(session, "a", "one")
        assert claim_channel(session, "a", "three", LATER, LEASE) is None
        release_channel(session, "a", "two")
        assert claim_channel(session, "a", "three", LATER, LEASE)


def test_a_channel_that_waits_or_is_paused_is_not_claimed(store: Store) -> None:
    with store.write() as session:
        ensure_channels(session, ["a", "b"])
        waiting, paused = session.get_one(ChannelState, "a"), session.get_one(ChannelState, "b")
        waiting.status, waiting.wait_until = ChannelStatus.WAITING, NOW + timedelta(seconds=30)
        paused.status = ChannelStatus.PAUSED
    with store.write() as session:
        assert claim_channel(session, "a", "t", NOW, LEASE) is None
        assert claim_channel(session, "b", "t", NOW + timedelta(days=9), LEASE) is None
        assert claim_channel(session, "a", "t", NOW + timedelta(seconds=30), LEASE)
    with store.write() as session:
        assert resume_channels(session, "b") == 1
        assert claim_channel(session, "b", "t", NOW, LEASE)
        assert claim_channel(session, "unknown", "t", NOW, LEASE) is None
