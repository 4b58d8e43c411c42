"""Stage one: pages and their cursor are one transaction, and a source has three answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from atbalss.errors import (
    SourceAuthLost,
    SourceChanged,
    SourceGone,
    SourceThrottled,
    SourceUnavailable,
    StoreError,
)
from atbalss.pipeline import collect as stage
from atbalss.pipeline.collect import Answer, Collected
from atbalss.pipeline.runtime import Runtime
from collectors.base import Page, RowProblem
from collectors.post import SurveyAnswer, SurveyKind
from store.identity import StoreDecision
from store.mentions import take_in
from store.sources import claim_source, release_source, resume_sources
from store.tables import Alert, Delivery, DeliveryKind, Mention, SourceGap, SourceState
from store.tables import SurveyAnswer as StoredAnswer
from tests.clock import NOW, Clock
from tests.scripted import Scripted, collect, collected_post, page
from tests.world import World

SECRET = "MARKED POST TEXT"
DOWN = SourceUnavailable("source reviews", "did not answer", "it is tried again")
REFUSED = SourceAuthLost("source reviews", "refuses the token", "make a new token")


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    made.config = made.config.replace("alert_first_run = true\n", "")
    yield made
    made.close()


def runtime_of(world: World, *runs: object, window: timedelta | None = None) -> tuple[Runtime, Scripted]:
    runtime = world.runtime()
    scripted = Scripted([list(run) for run in runs], window=window)  # type: ignore[call-overload]  # steps
    runtime.collectors = {"reviews": scripted}
    return runtime, scripted


def state(runtime: Runtime) -> SourceState:
    with runtime.store.read() as session:
        return session.get_one(SourceState, "reviews")


def ids(runtime: Runtime) -> list[str]:
    with runtime.store.read() as session:
        return list(session.exec(select(Mention.external_id).order_by(col(Mention.id))))


def notices(runtime: Runtime) -> list[Delivery]:
    with runtime.store.read() as session:
        return list(session.exec(select(Delivery).where(Delivery.kind == DeliveryKind.OPS)))


def gaps(runtime: Runtime) -> list[SourceGap]:
    with runtime.store.read() as session:
        return list(session.exec(select(SourceGap).order_by(col(SourceGap.id))))


def again(world: World, runtime: Runtime) -> Collected:
    """Collect when it is due; a source that is paused is resumed, as a daemon does when it starts."""
    due = state(runtime).next_due
    if due is None:
        with runtime.store.write() as session:
            resume_sources(session, world.clock())
    elif due > world.clock():
        world.clock.now = due
    (result,) = collect(runtime)
    return result


# The cursor and the data


def test_posts_and_the_cursor_that_follows_them_are_stored(world: World) -> None:
    runtime, scripted = runtime_of(world, [page("1", "2"), page("3")], [page("4")])
    (result,) = collect(runtime)
    assert (result.answer, result.error) == (Answer.POSTS, None)
    assert result.decisions == {StoreDecision.NEW: 3}
    assert state(runtime).cursor == {"at": "3"}
    again(world, runtime)
    assert ids(runtime) == ["1", "2", "3", "4"]
    assert scripted.asked == [None, {"at": "3"}]
    assert state(runtime).posts == 4


def test_a_failure_between_pages_keeps_what_was_stored_and_its_cursor(world: World) -> None:
    runtime, scripted = runtime_of(world, [page("1", "2"), page("3"), DOWN], [page("4")])
    (result,) = collect(runtime)
    assert (result.answer, result.error) == (Answer.FAILED, DOWN)
    assert ids(runtime) == ["1", "2", "3"]
    assert state(runtime).cursor == {"at": "3"}
    again(world, runtime)
    assert scripted.asked[1] == {"at": "3"}
    assert ids(runtime) == ["1", "2", "3", "4"]


def test_a_page_that_is_rolled_back_leaves_posts_cursor_and_counts_untouched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, _ = runtime_of(world, [page("1"), page("2", "broken")])
    real = take_in

    def breaking(session, source, posts, *args, **kwargs):
        decisions = real(session, source, posts, *args, **kwargs)
        session.flush()
        if any(post.external_id == "broken" for post in posts):
            raise ValueError(SECRET)
        return decisions

    monkeypatch.setattr(stage, "take_in", breaking)
    with capture_logs() as logs:
        (result,) = collect(runtime)
    assert ids(runtime) == ["1"]
    assert state(runtime).cursor == {"at": "1"}
    assert state(runtime).posts == 1
    assert result.decisions == {StoreDecision.NEW: 1}
    assert result.answer is Answer.FAILED
    assert isinstance(result.error, SourceChanged)
    assert SECRET not in str(result.error)
    assert "collect.defect" in [log["action"] for log in logs]


def test_a_process_that_dies_between_pages_repeats_nothing_and_loses_nothing(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1"), page("2"), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        collect(runtime)
    heir, scripted = runtime_of(world, [page("3")])
    world.clock.forward(minutes=2, seconds=1)
    collect(heir)
    assert scripted.asked == [{"at": "2"}]
    assert ids(heir) == ["1", "2", "3"]


def overtaken(world: World, runtime: Runtime) -> Callable[[], None]:
    """The lease ends, and another process has the source."""

    def take() -> None:
        world.clock.forward(minutes=3)
        with runtime.store.write() as session:
            assert claim_source(session, "reviews", "another", world.clock(), timedelta(minutes=2))

    return take


def test_who_lost_the_lease_stores_nothing_more(world: World) -> None:
    runtime, scripted = runtime_of(world)
    scripted.runs.append([page("1"), overtaken(world, runtime), page("2")])
    (result,) = collect(runtime)
    assert result.answer is Answer.LOST
    assert ids(runtime) == ["1"]
    now = state(runtime)
    assert (now.cursor, now.lease, now.baseline_done) == ({"at": "1"}, "another", False)


def test_an_error_after_the_lease_was_lost_is_not_the_sources(world: World) -> None:
    runtime, scripted = runtime_of(world)
    scripted.runs.append([page("1"), overtaken(world, runtime), DOWN])
    (result,) = collect(runtime)
    assert (result.answer, result.error) == (Answer.LOST, None)
    now = state(runtime)
    assert (now.status, now.failures, now.lease) == ("ok", 0, "another")
    assert gaps(runtime) == []


def test_each_page_renews_the_lease(world: World) -> None:
    runtime, scripted = runtime_of(world)

    def a_minute() -> None:
        world.clock.forward(minutes=1)

    scripted.runs.append([step for number in range(5) for step in (page(str(number)), a_minute)])
    (result,) = collect(runtime)
    assert result.answer is Answer.POSTS
    assert ids(runtime) == ["0", "1", "2", "3", "4"]


def test_a_source_that_another_process_collects_is_left_alone(world: World) -> None:
    runtime, scripted = runtime_of(world, [page("1")])
    collect(runtime)
    with runtime.store.write() as session:
        claim_source(session, "reviews", "another", world.clock(), timedelta(minutes=2))
    (result,) = collect(runtime, "reviews")
    assert result.answer is Answer.BUSY
    assert len(scripted.asked) == 1
    with runtime.store.write() as session:
        release_source(session, "reviews", "another")
    assert collect(runtime, "reviews")[0].answer is Answer.EMPTY


def test_a_source_is_collected_when_it_is_due_and_not_before(world: World) -> None:
    runtime, scripted = runtime_of(world)
    collect(runtime)
    due = state(runtime).next_due
    assert due is not None
    assert timedelta(minutes=13) < due - NOW < timedelta(minutes=17)
    world.clock.now = due - timedelta(microseconds=1)
    assert collect(runtime) == []
    world.clock.now = due
    assert len(collect(runtime)) == 1
    assert len(scripted.asked) == 2


def test_a_source_that_asks_for_time_gets_it(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1", next_after=NOW + timedelta(hours=5))])
    collect(runtime)
    assert state(runtime).next_due == NOW + timedelta(hours=5)


# Three answers


def test_a_truly_empty_source_is_no_failure(world: World) -> None:
    runtime, _ = runtime_of(world, [], [Page((), {"at": "now"})])
    (result,) = collect(runtime)
    assert result.answer is Answer.EMPTY
    assert again(world, runtime).answer is Answer.EMPTY
    now = state(runtime)
    assert (now.status, now.failures, now.last_success, now.cursor) == ("ok", 0, world.clock(), {"at": "now"})
    assert gaps(runtime) == []


def test_rows_that_could_not_become_posts_are_handed_on(world: World) -> None:
    problem = RowProblem("row 7", "has no text")
    runtime, _ = runtime_of(world, [Page((collected_post("1"),), {"at": "1"}, (problem,))])
    (result,) = collect(runtime)
    assert result.problems == [problem]


def test_a_failing_source_waits_longer_each_time_and_its_gap_is_closed_when_it_is_back(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1")], [DOWN], [DOWN], [DOWN], [page("2")])
    collect(runtime)
    success = state(runtime).last_success
    for failures in (1, 2, 3):
        result = again(world, runtime)
        assert result.answer is Answer.FAILED
        now = state(runtime)
        assert (now.status, now.failures, now.last_success) == ("failing", failures, success)
        assert now.note == str(DOWN)
        assert now.next_due is not None
        (gap,) = gaps(runtime)
        assert (gap.kind, gap.started_at, gap.ended_at) == ("down", success, None)
    again(world, runtime)
    now = state(runtime)
    assert (now.status, now.failures, now.note) == ("ok", 0, None)
    assert [gap.ended_at for gap in gaps(runtime)] == [world.clock()]
    # A network that fails needs no person.
    assert notices(runtime) == []


def test_a_throttled_source_waits_as_long_as_it_asks(world: World) -> None:
    throttled = SourceThrottled("source reviews", "asks to wait", "it waits", retry_after=7200)
    runtime, _ = runtime_of(world, [throttled])
    collect(runtime)
    now = state(runtime)
    assert now.status == "throttled"
    assert now.next_due is not None
    assert now.next_due >= NOW + timedelta(hours=2)


def test_a_refused_token_pauses_the_source_at_the_second_time_and_is_told_once(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1")], *[[REFUSED]] * 5)
    collect(runtime)
    again(world, runtime)
    assert (state(runtime).status, len(notices(runtime))) == ("failing", 0)
    again(world, runtime)
    assert (state(runtime).status, state(runtime).next_due) == ("auth_lost", None)
    (told,) = notices(runtime)
    assert told.payload is not None
    assert told.payload["subject"] == "Source reviews"
    assert "make a new token" in told.payload["reason"]
    assert told.channel == "first"
    assert collect(runtime) == []
    # A daemon that starts tries again; what was told is not told again.
    for _ in range(2):
        again(world, runtime)
        assert state(runtime).status == "auth_lost"
    assert len(notices(runtime)) == 1


def test_networks_that_fail_between_refusals_do_not_count(world: World) -> None:
    runtime, _ = runtime_of(world, [DOWN], [DOWN], [DOWN], [REFUSED], [DOWN], [REFUSED])
    collect(runtime)
    statuses = [again(world, runtime) and state(runtime).status for _ in range(5)]
    assert statuses == ["failing", "failing", "failing", "failing", "auth_lost"]


@pytest.mark.parametrize("first", [[], [page("1")]])
def test_a_source_that_flaps_while_it_is_lost_is_told_once(world: World, first: list[Page]) -> None:
    runs = [[REFUSED], [REFUSED], [DOWN], [REFUSED], [DOWN], [REFUSED]]
    runtime, _ = runtime_of(world, *([first] if first else []), *runs)
    collect(runtime)
    for _ in range(len(runs) - (0 if first else 1)):
        again(world, runtime)
    assert state(runtime).status == "auth_lost"
    assert len(notices(runtime)) == 1


def test_a_source_that_was_mended_and_is_lost_again_is_told_again(world: World) -> None:
    runtime, _ = runtime_of(world, [REFUSED], [REFUSED], [page("1")], [REFUSED], [REFUSED])
    collect(runtime)
    again(world, runtime)
    again(world, runtime)
    assert (state(runtime).status, state(runtime).auth_failures) == ("ok", 0)
    again(world, runtime)
    again(world, runtime)
    assert len(notices(runtime)) == 2


def test_a_source_that_is_gone_is_paused_and_told(world: World) -> None:
    runtime, _ = runtime_of(world, [SourceGone("source reviews", "410", "remove it")])
    collect(runtime)
    assert (state(runtime).status, state(runtime).next_due) == ("gone", None)
    assert len(notices(runtime)) == 1


def silent(world: World) -> tuple[Runtime, Scripted]:
    """A source that had a post each hour until now."""
    posts = [collected_post(str(hour), published_at=NOW - timedelta(hours=hour)) for hour in range(1, 13)]
    runtime, scripted = runtime_of(world, [page(*posts)])
    collect(runtime)
    return runtime, scripted


def test_a_source_that_goes_quiet_is_told_once_until_it_speaks_again(world: World) -> None:
    runtime, scripted = silent(world)
    world.clock.forward(days=3)
    for _ in range(3):
        again(world, runtime)
        assert state(runtime).status == "quiet"
    assert len(notices(runtime)) == 1
    # A failure in between does not make it another silence.
    scripted.runs.append([DOWN])
    again(world, runtime)
    again(world, runtime)
    assert state(runtime).status == "quiet"
    assert len(notices(runtime)) == 1
    scripted.runs.append([page(collected_post("new", published_at=world.clock()))])
    again(world, runtime)
    assert state(runtime).status == "ok"
    world.clock.forward(days=30)
    again(world, runtime)
    assert len(notices(runtime)) == 2


def test_what_a_source_no_longer_shows_is_noted_as_blind(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1")], [DOWN], [page("2")], window=timedelta(days=7))
    collect(runtime)
    again(world, runtime)
    world.clock.now = NOW + timedelta(days=10)
    again(world, runtime)
    down, blind = gaps(runtime)
    assert (down.kind, down.ended_at) == ("down", world.clock())
    assert (blind.kind, blind.started_at, blind.ended_at) == ("blind", NOW, world.clock() - timedelta(days=7))


def test_a_defect_of_one_collector_does_not_stop_the_others(world: World) -> None:
    world.config += '\n[[sources]]\nid = "other"\nbrand = "shop"\ntype = "demo"\n'
    world.config += 'about = "kafija-krasts"\npart = "demo-news"\n'
    runtime, _ = runtime_of(world)
    broken = Scripted([[page("1"), ZeroDivisionError(SECRET)]])
    # The other one is still at work when the first one breaks.
    other = Scripted([[page("2"), lambda: None, page("3"), page("4")]])
    runtime.collectors = {"reviews": broken, "other": other}
    with capture_logs() as logs:
        results = {result.source: result for result in collect(runtime)}
    assert results["other"].answer is Answer.POSTS
    assert sorted(ids(runtime)) == ["1", "2", "3", "4"]
    assert results["reviews"].answer is Answer.FAILED
    now = state(runtime)
    assert now.note == "reviews: unexpected ZeroDivisionError; please report it"
    assert now.next_due is not None
    assert now.next_due > NOW
    assert SECRET not in str([log for log in logs if log["action"] != "collect.defect"])


def test_a_database_that_fails_is_not_the_sources_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, _ = runtime_of(world, [page("1")])

    def fails(*_: object, **__: object) -> None:
        raise StoreError("the database", "disk full", "make room")

    monkeypatch.setattr(stage, "take_in", fails)
    with pytest.raises(StoreError):
        collect(runtime)
    now = state(runtime)
    assert (now.status, now.failures, now.lease, now.next_due) == ("ok", 0, None, NOW)


# Baseline


def alerts_after(world: World, runtime: Runtime) -> int:
    world.judge(runtime)
    with runtime.store.read() as session:
        return len(session.exec(select(Alert)).all())


def test_the_first_run_is_a_baseline_and_later_posts_alert(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1"), page("2")], [page("3")])
    collect(runtime)
    assert alerts_after(world, runtime) == 0
    with runtime.store.read() as session:
        assert set(session.exec(select(Mention.decision))) == {"baseline"}
    again(world, runtime)
    assert alerts_after(world, runtime) == 1


def test_the_first_run_alerts_where_the_configuration_says_so(world: World) -> None:
    world.config = world.config.replace(
        'part = "demo-reviews"', 'part = "demo-reviews"\nalert_first_run = true'
    )
    runtime, _ = runtime_of(world, [page("1"), page("2")])
    collect(runtime)
    assert alerts_after(world, runtime) == 2


def test_a_first_run_that_was_cut_off_goes_on_as_a_baseline(world: World) -> None:
    runtime, _ = runtime_of(world, [page("1"), DOWN], [page("2")], [page("3")])
    collect(runtime)
    again(world, runtime)
    assert alerts_after(world, runtime) == 0
    again(world, runtime)
    assert alerts_after(world, runtime) == 1


def test_a_history_longer_than_one_collection_is_a_baseline_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "MAX_PAGES", 2)
    runtime, _ = runtime_of(world, [page("1"), page("2"), page("never asked")], [page("3")], [page("4")])
    collect(runtime)
    assert ids(runtime) == ["1", "2"]
    again(world, runtime)
    assert alerts_after(world, runtime) == 0
    again(world, runtime)
    assert alerts_after(world, runtime) == 1


# What becomes of a post on its way to the database


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("a\x00b", "ab"),
        ("  \n a \t ", "a"),
        ("e\u0301", "é"),
        ("half \ud83d a pair", "half \ufffd a pair"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("whole \ud83d\ude21 pair", "whole 😡 pair"),
        ("Շատ վատ 😡", "Շատ վատ 😡"),
        ("\x00", ""),
    ],
)
def test_a_text_that_databases_refuse_is_made_storable(world: World, given: str, stored: str) -> None:
    every = collected_post(
        f"id{given}",
        text=given,
        title=given,
        author=given,
        author_id=given,
        url=f"https://a.example/{given}",
        parent_id=given,
        language_hint=given,
        owner_reply=given,
    )
    runtime, _ = runtime_of(world, [page(every, at=given)], [page(every, at=given)])
    (result,) = collect(runtime)
    assert result.error is None
    with runtime.store.read() as session:
        mention = session.exec(select(Mention)).one()
    # A text without words besides NUL would be found again as itself.
    if given.strip("\x00"):
        assert mention.text == stored
    assert again(world, runtime).decisions == {StoreDecision.UNCHANGED: 1}


def test_an_author_is_stored_as_a_pseudonym(world: World) -> None:
    name = "Ludmila Secretova"
    posts = [collected_post("1", author=name), collected_post("2", author=name, author_id="id-7")]
    runtime, _ = runtime_of(world, [page(*posts)])
    collect(runtime)
    with runtime.store.read() as session:
        first, second = session.exec(select(Mention).order_by(col(Mention.id)))
    assert first.author_key == runtime.pseudonyms.key_of("demo", name)
    assert second.author_key == runtime.pseudonyms.key_of("demo", "id-7")
    assert "Secretova" not in str([first.author, second.author])


def test_a_survey_answer_and_a_brand_of_its_own_are_kept(world: World) -> None:
    world.config += '\n[[brands]]\nid = "cafe"\nname = "Kafejnīca"\nzone = "Europe/Riga"\n'
    answer = SurveyAnswer(SurveyKind.NPS, 3)
    runtime, _ = runtime_of(world, [page(collected_post("1", survey=answer, brand="cafe"))])
    collect(runtime)
    with runtime.store.read() as session:
        stored = session.exec(select(StoredAnswer)).one()
    assert (stored.brand, stored.kind, stored.value) == ("cafe", "nps", 3)


def test_no_text_and_no_author_is_logged(world: World) -> None:
    runtime, _ = runtime_of(world, [page(collected_post("1", text=SECRET, author="MARKED AUTHOR")), DOWN])
    with capture_logs() as logs:
        collect(runtime)
    assert [log["action"] for log in logs] == ["collect.failed", "collect.done"]
    assert "MARKED" not in str(logs)


def test_two_processes_collect_a_source_once(world: World) -> None:
    one, scripted = runtime_of(world, [page("1"), page("2")])
    other = world.runtime()
    other.collectors = one.collectors

    async def both() -> list[Collected]:
        found = await asyncio.gather(stage.collect_due(one), stage.collect_due(other))
        return [result for results in found for result in results]

    answers = [result.answer for result in asyncio.run(both())]
    assert answers.count(Answer.POSTS) == 1
    # Whoever comes when the other one is done does not ask the source again.
    assert scripted.asked == [None]
    assert ids(one) == ["1", "2"]


def old_posts() -> list[Page]:
    return [
        Page(
            tuple(collected_post(str(n), published_at=NOW - timedelta(days=20, hours=n)) for n in range(9)),
            {},
        )
    ]


def test_the_first_reading_of_a_quiet_past_alarms_nobody(world: World) -> None:
    runtime = world.runtime()
    runtime.collectors = {"reviews": Scripted([old_posts(), []])}
    collect(runtime)
    assert state(runtime).status == "ok"
    world.clock.forward(hours=1)
    collect(runtime)
    assert state(runtime).status == "quiet"


def test_a_source_whose_silence_says_nothing_is_never_quiet(world: World) -> None:
    runtime = world.runtime()
    runtime.collectors = {"reviews": Scripted([old_posts(), []], silence_tells=False)}
    collect(runtime)
    world.clock.forward(hours=1)
    collect(runtime)
    assert state(runtime).status == "ok"
