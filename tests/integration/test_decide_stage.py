"""Stage three: one decision a post, one alert a problem, and every reason is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from alerts.decide import should_alert
from atbalss.explain import explanation_of
from atbalss.pipeline import decide as stage
from atbalss.pipeline.decide import decide_batch
from atbalss.pipeline.runtime import Runtime
from atbalss.pipeline.score import score_batch
from store.mentions import NewMention, claim
from store.tables import (
    Alert,
    AlertKind,
    AlertMention,
    Delivery,
    Mention,
    Role,
    Score,
    Silence,
    Stage,
    Task,
    TaskState,
)
from tests.clock import NOW, Clock
from tests.world import RecordingChannel, World, post

SAME = "Kurjers neatbrauca jau trešo reizi pēc kārtas, ļoti slikti"
SECRET = "MARKED POST TEXT"
LATER = '\n[[brands]]\nid = "cafe"\nname = "Kafejnīca"\nzone = "Europe/Riga"\n'


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    yield made
    made.close()


def bad(number: int, minutes: float = 30, text: str = "", **values: object) -> NewMention:
    """A complaint of so many minutes ago, in words of its own."""
    words = text or f"Sūdzība numur {number}: ļoti slikti, viss sabojāts"
    given: dict[str, object] = {"stars": 1.0, "published_at": NOW - timedelta(minutes=minutes), **values}
    return post(str(number), words, **given)


def two_channels(world: World) -> None:
    """Few stars are told to `boss`, complaints to `first`, and nothing to `rest`."""
    world.config = world.config.replace("max_stars = 2", 'max_stars = 2\nchannels = ["boss"]').replace(
        "min_confidence = 0.6", 'min_confidence = 0.6\nchannels = ["first"]'
    )
    world.config += (
        '\n[[channels]]\nname = "boss"\ntype = "console"\n[[channels]]\nname = "rest"\ntype = "console"\n'
    )


def alerts(runtime: Runtime) -> list[tuple[str, list[str]]]:
    """Each alert's kind, with the posts that belong to it and how."""
    with runtime.store.read() as session:
        found = []
        for alert in session.exec(select(Alert).order_by(col(Alert.id))):
            members = session.exec(
                select(Mention.external_id, AlertMention.role)
                .join(AlertMention, col(AlertMention.mention_id) == col(Mention.id))
                .where(AlertMention.alert_id == alert.id)
                .order_by(col(Mention.id))
            )
            found.append((alert.kind, [f"{name} {role}" for name, role in members]))
        return found


def reasons(runtime: Runtime) -> dict[str, str | None]:
    with runtime.store.read() as session:
        return {mention.external_id: mention.decision for mention in session.exec(select(Mention))}


def tasks(runtime: Runtime) -> dict[str, str]:
    with runtime.store.read() as session:
        rows = session.exec(select(Mention.external_id, Task.state).join(Task))
        return {name: state for name, state in rows}


def deliveries(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.store.read() as session:
        return [
            (row.channel, row.event_id) for row in session.exec(select(Delivery).order_by(col(Delivery.id)))
        ]


def test_a_complaint_becomes_an_alert_a_notice_and_a_due_reply(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1), post("2", "Ļoti labi, paldies!", stars=5, published_at=NOW))
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject"])]
    assert reasons(runtime) == {"1": "alert", "2": "stars"}
    assert tasks(runtime) == {"1": "open"}
    assert [channel for channel, _ in deliveries(runtime)] == ["first"]
    with runtime.store.read() as session:
        alert, task = session.exec(select(Alert)).one(), session.exec(select(Task)).one()
        mention = session.exec(select(Mention).where(Mention.external_id == "1")).one()
    assert alert.rule == "few stars"
    assert [why.split(":")[0] for why in alert.why] == ["few stars", "complaint"]
    assert task.due_at == NOW + timedelta(hours=24)
    assert mention.decision_detail is not None
    assert mention.decision_detail["rules"] == ["few stars", "complaint"]


def test_a_second_decision_about_the_same_words_is_never_made(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1))
    world.judge(runtime)
    assert decide_batch(runtime) == 0
    world.store_posts(runtime, bad(1))
    world.judge(runtime)
    assert len(alerts(runtime)) == 1


def test_an_edit_is_judged_again_and_alerts_at_most_once(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, post("1", "Ļoti labi, paldies!", stars=5, published_at=NOW))
    world.judge(runtime)
    assert alerts(runtime) == []
    world.store_posts(runtime, bad(1))
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject"])]
    for number in range(3):
        world.store_posts(runtime, bad(1, text=f"Joprojām ļoti slikti, {number}. reize"))
        world.judge(runtime)
    assert len(alerts(runtime)) == 1
    assert len(deliveries(runtime)) == 1
    assert reasons(runtime) == {"1": "already_alerted"}
    with runtime.store.read() as session:
        assert len(session.exec(select(Score)).all()) == 5


def test_an_edit_after_the_owners_reply_makes_a_reply_due_again(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1))
    world.judge(runtime)
    world.store_posts(runtime, bad(1, owner_reply="Atvainojiet!"))
    assert tasks(runtime) == {"1": "answered"}
    world.clock.forward(hours=1)
    world.store_posts(runtime, bad(1, text="Joprojām ļoti slikti", owner_reply="Atvainojiet!"))
    world.judge(runtime)
    assert tasks(runtime) == {"1": "open"}
    assert len(deliveries(runtime)) == 1
    with runtime.store.read() as session:
        task = session.exec(select(Task)).one()
    assert [event["state"] for event in task.history] == ["open", "answered", "open"]
    assert (task.due_at, task.closed_at) == (NOW + timedelta(hours=25), None)
    # An edit that is no complaint any more makes nothing due.
    world.store_posts(runtime, bad(1, text="Joprojām ļoti slikti", owner_reply="Tagad atrisināts"))
    world.store_posts(
        runtime, post("1", "Ļoti labi, paldies!", stars=5, owner_reply="Tagad atrisināts", published_at=NOW)
    )
    world.judge(runtime)
    assert tasks(runtime) == {"1": "answered"}


def test_an_answered_post_alerts_only_after_an_edit(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, owner_reply="Atvainojiet!"))
    world.judge(runtime)
    assert (alerts(runtime), reasons(runtime)) == ([], {"1": "answered"})
    world.store_posts(runtime, bad(1, text="Joprojām ļoti slikti", owner_reply="Atvainojiet!"))
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject"])]


def test_a_baseline_post_is_judged_and_never_alerted_though_its_reply_is_due(world: World) -> None:
    runtime = world.runtime()
    good = post("2", "Ļoti labi, paldies!", stars=5, published_at=NOW)
    world.store_posts(runtime, bad(1), good, bad(3, owner_reply="Atvainojiet!"), baseline=True)
    world.judge(runtime)
    assert (alerts(runtime), deliveries(runtime)) == ([], [])
    assert reasons(runtime) == {"1": "baseline", "2": "baseline", "3": "baseline"}
    assert tasks(runtime) == {"1": "open"}


def test_a_baseline_post_that_is_edited_into_a_complaint_is_alerted(world: World) -> None:
    runtime = world.runtime()
    good = post("1", "Ļoti labi, paldies!", stars=5, published_at=NOW)
    world.store_posts(runtime, good, baseline=True)
    world.judge(runtime)
    world.store_posts(runtime, bad(1))
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject"])]


def test_an_edit_while_the_baseline_is_still_read_is_no_news(world: World) -> None:
    runtime = world.runtime()
    good = post("1", "Ļoti labi, paldies!", stars=5, published_at=NOW)
    world.store_posts(runtime, good, baseline=True)
    world.store_posts(runtime, bad(1), baseline=True)
    world.judge(runtime)
    assert (alerts(runtime), reasons(runtime)) == ([], {"1": "baseline"})


def test_the_same_words_in_two_sources_are_one_alert(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME))
    world.judge(runtime)
    world.store_posts(runtime, bad(2, text=SAME.upper() + "!!!"), source="comments")
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject", "2 duplicate"])]
    assert reasons(runtime) == {"1": "alert", "2": "duplicate"}
    assert len(deliveries(runtime)) == 1


def test_the_same_words_in_one_batch_are_one_alert(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, *(bad(number, text=SAME) for number in range(8)))
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["0 subject", *(f"{number} duplicate" for number in range(1, 8))])]


def test_a_copy_is_due_for_a_reply_of_its_own(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME))
    world.store_posts(runtime, bad(2, text=SAME), source="comments")
    world.judge(runtime)
    assert reasons(runtime)["2"] == "duplicate"
    assert tasks(runtime) == {"1": "open", "2": "open"}


def test_a_copy_is_told_where_its_own_rule_says_and_nobody_hears_twice(world: World) -> None:
    two_channels(world)
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME, stars=None))
    world.judge(runtime)
    assert [channel for channel, _ in deliveries(runtime)] == ["first"]
    for number in (2, 3):
        world.store_posts(runtime, bad(number, text=SAME), source="comments")
        world.judge(runtime)
    assert [reasons(runtime)[number] for number in "123"] == ["alert", "duplicate", "duplicate"]
    assert [channel for channel, _ in deliveries(runtime)] == ["first", "boss"]
    assert len({event for _, event in deliveries(runtime)}) == 1


def test_copies_of_words_that_the_first_author_took_back_are_one_new_alert(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME))
    world.judge(runtime)
    world.store_posts(runtime, bad(1, text="Tagad pavisam citi vārdi, bet joprojām slikti"))
    world.judge(runtime)
    world.store_posts(runtime, bad(2, text=SAME), bad(3, text=SAME), source="comments")
    world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject"]), ("single", ["2 subject", "3 duplicate"])]
    assert reasons(runtime) == {"1": "already_alerted", "2": "alert", "3": "duplicate"}
    assert len(deliveries(runtime)) == 2
    # The words count as told from now on.
    world.clock.forward(days=7)
    world.store_posts(runtime, bad(4, text=SAME, published_at=world.clock()))
    world.judge(runtime)
    assert reasons(runtime)["4"] == "duplicate"


def test_the_same_words_are_a_new_problem_after_a_week(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME))
    world.judge(runtime)
    world.clock.forward(days=7)
    world.store_posts(runtime, bad(2, text=SAME, published_at=world.clock()))
    world.judge(runtime)
    assert reasons(runtime)["2"] == "duplicate"
    world.clock.forward(seconds=1)
    world.store_posts(runtime, bad(3, text=SAME, published_at=world.clock()))
    world.judge(runtime)
    assert reasons(runtime)["3"] == "alert"


def test_the_same_words_about_two_brands_are_two_problems(world: World) -> None:
    world.config += LATER
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME), bad(2, text=SAME, brand="cafe"))
    world.judge(runtime)
    assert len(alerts(runtime)) == 2


def test_words_that_did_not_alert_do_not_hide_those_that_would(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, text=SAME, owner_reply="Atvainojiet!"))
    world.judge(runtime)
    world.store_posts(runtime, bad(2, text=SAME))
    world.judge(runtime)
    assert reasons(runtime) == {"1": "answered", "2": "alert"}


def test_a_copy_is_told_when_the_first_post_was_deleted_before_anybody_was(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    world.store_posts(runtime, bad(1, text=SAME))
    world.store_posts(runtime, bad(2, text=SAME), source="comments")
    world.judge(runtime)
    world.store_posts(runtime, bad(1, deleted=True))
    assert world.deliver(runtime) == 1
    assert channel.sent[0].mention.source == "comments"  # type: ignore[union-attr]  # a single alert
    assert channel.sent[0].also_seen == 0  # type: ignore[union-attr]  # a single alert


def test_words_whose_only_post_was_deleted_can_alert_again(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    world.store_posts(runtime, bad(1, text=SAME))
    world.judge(runtime)
    world.store_posts(runtime, bad(1, deleted=True))
    assert world.deliver(runtime) == 0
    world.store_posts(runtime, bad(2, text=SAME))
    assert world.run(runtime) == 1


def test_a_post_that_comes_back_is_told_once_in_all(world: World) -> None:
    channel = RecordingChannel("first")
    runtime = world.runtime(channel)
    world.store_posts(runtime, bad(1, text=SAME))
    world.judge(runtime)
    # Deleted before it was told, and back again: told now.
    world.store_posts(runtime, bad(1, deleted=True))
    assert world.deliver(runtime) == 0
    world.store_posts(runtime, bad(1, text=SAME))
    assert world.run(runtime) == 1
    # Deleted after it was told, and back again: not a second time.
    world.store_posts(runtime, bad(1, deleted=True))
    world.store_posts(runtime, bad(1, text=SAME))
    assert world.run(runtime) == 0
    assert reasons(runtime) == {"1": "alert"}


def test_two_processes_fold_to_one_alert(world: World) -> None:
    one, other = world.runtime(), world.runtime()
    for source in ("reviews", "comments", "mail", "forum"):
        world.store_posts(one, *(bad(number, text=f"{SAME} {number}") for number in range(3)), source=source)
    while score_batch(one):
        pass
    together, errors = threading.Barrier(2), []

    def work(runtime: Runtime) -> None:
        try:
            together.wait()
            while decide_batch(runtime, 2):
                pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(runtime,)) for runtime in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = alerts(one)
    assert [kind for kind, _ in found] == ["single"] * 3
    assert [len(members) for _, members in found] == [4] * 3
    assert len(deliveries(one)) == 3


@pytest.mark.parametrize("batch", [1, 2, 200])
def test_two_processes_see_one_storm(world: World, batch: int) -> None:
    one, other = world.runtime(), world.runtime()
    world.store_posts(one, *(bad(number, minutes=number) for number in range(20)))
    while score_batch(one):
        pass
    together = threading.Barrier(2)

    def work(runtime: Runtime) -> None:
        together.wait()
        while decide_batch(runtime, batch):
            pass

    threads = [threading.Thread(target=work, args=(runtime,)) for runtime in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = alerts(one)
    storms = [members for kind, members in found if kind == AlertKind.STORM]
    assert len(storms) == 1
    assert len(storms[0]) + len(found) - 1 == 20
    assert len(found) - 1 < 5


# Storms


@pytest.mark.parametrize(("posts", "kinds"), [(4, ["single"] * 4), (5, ["storm"]), (12, ["storm"])])
def test_so_many_complaints_are_told_as_one(world: World, posts: int, kinds: list[str]) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, *(bad(number, minutes=number) for number in range(posts)))
    world.judge(runtime)
    found = alerts(runtime)
    assert [kind for kind, _ in found] == kinds
    assert len(deliveries(runtime)) == len(kinds)
    assert set(tasks(runtime).values()) == {TaskState.OPEN}
    assert len(tasks(runtime)) == posts
    assert set(reasons(runtime).values()) == {"storm" if kinds == ["storm"] else "alert"}


def test_a_storm_grows_over_batches_without_another_notice(world: World) -> None:
    runtime = world.runtime()
    for number in range(9):
        world.store_posts(runtime, bad(number, minutes=60 - number * 5))
        world.judge(runtime)
    found = alerts(runtime)
    # Four were told one by one; the fifth made the number full, and the others joined.
    assert [kind for kind, _ in found] == ["single"] * 4 + ["storm"]
    assert found[-1][1] == [f"{number} storm" for number in range(4, 9)]
    assert len(deliveries(runtime)) == 5
    with runtime.store.read() as session:
        storm = session.exec(select(Alert).where(Alert.kind == AlertKind.STORM)).one()
    assert (storm.first_at, storm.last_at) == (NOW - timedelta(minutes=60), NOW - timedelta(minutes=20))


def test_a_storm_that_lasts_goes_on_by_what_it_reaches(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, *(bad(number) for number in range(5)))
    world.judge(runtime)
    for hour in range(1, 5):
        world.clock.forward(hours=1)
        at = NOW - timedelta(minutes=30) + timedelta(hours=hour)
        world.store_posts(runtime, bad(10 + hour, published_at=at))
        world.judge(runtime)
    assert [(kind, len(members)) for kind, members in alerts(runtime)] == [("storm", 9)]


def test_a_second_storm_is_told_again(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, *(bad(number) for number in range(5)))
    world.judge(runtime)
    world.clock.forward(days=2)
    world.store_posts(runtime, *(bad(100 + number, published_at=world.clock()) for number in range(6)))
    world.judge(runtime)
    assert [(kind, len(members)) for kind, members in alerts(runtime)] == [("storm", 5), ("storm", 6)]
    assert len({event for _, event in deliveries(runtime)}) == 2


def test_a_late_storm_beside_one_of_the_same_instant_is_told_too(world: World) -> None:
    """Sources that only tell the day give many posts one time, and some of them come late."""
    runtime = world.runtime()
    midnight, yesterday = NOW - timedelta(hours=10), NOW - timedelta(hours=34)
    for first, day in ((0, yesterday), (10, midnight), (20, yesterday)):
        world.store_posts(runtime, *(bad(first + number, published_at=day) for number in range(5)))
        world.judge(runtime)
    assert sorted(reasons(runtime).values()) == ["storm"] * 15  # type: ignore[type-var]  # all are decided


def test_two_brands_have_storms_of_their_own(world: World) -> None:
    world.config += LATER
    runtime = world.runtime()
    world.store_posts(
        runtime,
        *(bad(number) for number in range(3)),
        *(bad(10 + number, brand="cafe") for number in range(5)),
    )
    world.judge(runtime)
    assert sorted(kind for kind, _ in alerts(runtime)) == ["single"] * 3 + ["storm"]


def test_a_storm_tells_everybody_whom_its_posts_would_tell(world: World) -> None:
    two_channels(world)
    runtime = world.runtime()
    neutral = "Pasūtījums numur {} bija sarkanā kastē uz galda"
    world.store_posts(
        runtime,
        *(bad(number, text=neutral.format(number)) for number in range(4)),
        bad(9, stars=None),
    )
    world.judge(runtime)
    assert [kind for kind, _ in alerts(runtime)] == ["storm"]
    assert {channel for channel, _ in deliveries(runtime)} == {"first", "boss"}


def test_a_post_that_joins_a_storm_is_told_where_its_own_rule_says(world: World) -> None:
    two_channels(world)
    runtime = world.runtime()
    world.store_posts(runtime, *(bad(number, stars=None) for number in range(5)))
    world.judge(runtime)
    assert [channel for channel, _ in deliveries(runtime)] == ["first"]
    for number in (8, 9):
        world.store_posts(runtime, bad(number))
        world.judge(runtime)
    assert [(kind, len(members)) for kind, members in alerts(runtime)] == [("storm", 7)]
    assert [channel for channel, _ in deliveries(runtime)] == ["first", "boss"]
    assert len({event for _, event in deliveries(runtime)}) == 1


# Silence, and what goes wrong


def test_a_silenced_brand_is_decided_and_not_told(world: World) -> None:
    runtime = world.runtime()
    with runtime.store.write() as session:
        session.add(
            Silence(brand="shop", starts_at=NOW, ends_at=NOW + timedelta(hours=1), reason="a known outage")
        )
    world.store_posts(runtime, bad(1, text=SAME))
    world.judge(runtime)
    assert (alerts(runtime), reasons(runtime), tasks(runtime)) == ([], {"1": "silenced"}, {"1": "open"})
    world.clock.forward(hours=1)
    world.store_posts(runtime, bad(2, text=SAME))
    world.judge(runtime)
    # What was silent did not use up the words.
    assert reasons(runtime)["2"] == "alert"


def test_a_brand_that_left_the_configuration_is_visible_and_loses_nothing(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, brand="cafe"), bad(2))
    with capture_logs() as logs:
        world.judge(runtime)
    assert alerts(runtime) == [("single", ["2 subject"])]
    with runtime.store.read() as session:
        waiting = session.exec(select(Mention).where(Mention.brand == "cafe")).one()
    assert (waiting.stage, waiting.failures, waiting.lease) == (Stage.SCORED, 1, None)
    assert waiting.last_error == (
        "brand cafe: has posts but is not configured; put its [[brands]] table back"
    )
    assert "decide.failed" in [log["action"] for log in logs]
    world.config += LATER
    world.clock.now = waiting.not_before
    mended = world.runtime()
    world.judge(mended)
    assert len(alerts(mended)) == 2


def test_a_post_that_breaks_its_batch_is_pushed_forward_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1), bad(2, text=f"BREAK {SECRET} slikti"), bad(3))
    real = should_alert

    def breaking(facts, rules):
        if "BREAK" in facts.text:
            raise ValueError(facts.text)
        return real(facts, rules)

    monkeypatch.setattr(stage, "should_alert", breaking)
    with capture_logs() as logs:
        world.judge(runtime)
    assert alerts(runtime) == [("single", ["1 subject"]), ("single", ["3 subject"])]
    with runtime.store.read() as session:
        broken = session.exec(select(Mention).where(Mention.external_id == "2")).one()
    assert (broken.stage, broken.failures) == (Stage.SCORED, 1)
    assert broken.last_error == "the decision failed: ValueError"
    assert SECRET not in str(logs)


def test_a_decision_is_whole_or_not_at_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1))
    while score_batch(runtime):
        pass

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stage, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            decide_batch(runtime)
    assert (alerts(runtime), deliveries(runtime), tasks(runtime)) == ([], [], {})
    assert decide_batch(runtime) == 0
    world.clock.forward(minutes=2, seconds=1)
    assert decide_batch(runtime) == 1
    assert len(alerts(runtime)) == 1


def test_a_decision_after_the_lease_was_lost_is_not_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, other = world.runtime(), world.runtime()
    world.store_posts(runtime, bad(1))
    while score_batch(runtime):
        pass
    real = stage._decide_brand

    def late(*args: object) -> None:
        world.clock.forward(minutes=3)
        with other.store.write() as session:
            claim(session, Stage.SCORED, "other", world.clock(), other.lease, 10)
        real(*args)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(stage, "_decide_brand", late)
    decide_batch(runtime)
    assert alerts(runtime) == []
    assert reasons(runtime) == {"1": None}


def test_why_a_post_did_not_alert_can_be_explained(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, bad(1, minutes=8 * 24 * 60))
    world.judge(runtime)
    explained = explanation_of(runtime, "reviews/1")
    assert explained is not None
    assert explained.then is not None
    assert (explained.then.reason, explained.then.said) == ("max_age", "too old")
    failed = [check for trace in explained.then.traces for check in trace["checks"] if not check["holds"]]
    assert {check["found"] for check in failed} == {"8.0 days"}


def test_a_duplicate_of_a_storm_belongs_to_it(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, *(bad(number) for number in range(5)))
    world.judge(runtime)
    first = "Sūdzība numur 0: ļoti slikti, viss sabojāts"
    world.store_posts(runtime, bad(9, text=first), source="comments")
    world.judge(runtime)
    ((kind, members),) = alerts(runtime)
    assert kind == "storm"
    assert members[-1] == f"9 {Role.DUPLICATE}"
