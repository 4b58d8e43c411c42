"""Stage two: every text is judged once, and one that breaks the model harms no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from atbalss.errors import ModelError
from atbalss.pipeline.runtime import Runtime
from atbalss.pipeline.score import judged_text, score_batch
from nlp.score import Score as Judged
from nlp.tiny import TinyScorer
from store.mentions import claim
from store.tables import Mention, Score, Stage
from tests.clock import NOW, Clock
from tests.world import World, post

SECRET = "MARKED POST TEXT"


@dataclass
class Fragile:
    """The tiny scorer, which breaks on a text with BREAK in it and tells what it is asked."""

    name: str = "fragile-1"
    asked: list[list[str]] = field(default_factory=list)
    during: list[object] = field(default_factory=list)

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[Judged]:
        self.asked.append(list(texts))
        for act in self.during:
            act()  # type: ignore[operator]  # functions without arguments
        for text in texts:
            if "BREAK" in text:
                raise ValueError(f"cannot read {text}")
        return TinyScorer(["lv", "ru", "en", "lt", "hy"]).score(texts, hints)


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    yield made
    made.close()


def mentions(runtime: Runtime) -> dict[str, Mention]:
    with runtime.store.read() as session:
        return {mention.external_id: mention for mention in session.exec(select(Mention))}


def scores(runtime: Runtime) -> list[Score]:
    with runtime.store.read() as session:
        return list(session.exec(select(Score).order_by(Score.mention_id)))  # type: ignore[arg-type]  # a column


def test_a_text_is_judged_once_with_the_models_name(world: World) -> None:
    runtime = world.runtime()
    world.store_posts(
        runtime, post("1", "Ļoti slikta apkalpošana, briesmīgi"), post("2", "Ļoti labi, paldies!")
    )
    assert score_batch(runtime) == 2
    assert score_batch(runtime) == 0
    negative, positive = scores(runtime)
    assert (negative.label, positive.label) == ("neg", "pos")
    assert negative.model == "tiny-1"
    assert negative.p_neg is not None
    assert {mention.stage for mention in mentions(runtime).values()} == {Stage.SCORED}


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), ("😡😡😡", "no_letters"), ("5/5 !!!", "no_letters")]
)
def test_a_text_that_cannot_be_judged_is_unscored_and_never_neutral(
    world: World, text: str, reason: str
) -> None:
    runtime = world.runtime()
    world.store_posts(runtime, post("1", text, stars=1))
    score_batch(runtime)
    (score,) = scores(runtime)
    assert (score.label, score.reason, score.p_neg, score.satisfaction) == ("unscored", reason, None, None)
    assert mentions(runtime)["1"].stage == Stage.SCORED


def test_a_text_that_breaks_the_model_is_pushed_forward_alone(world: World) -> None:
    runtime = world.runtime()
    runtime.scorer = Fragile()
    texts = ("slikti pirmais", f"BREAK {SECRET}", "slikti trešais")
    world.store_posts(runtime, *(post(str(number), text) for number, text in enumerate(texts)))
    with capture_logs() as logs:
        assert score_batch(runtime) == 3
    found = mentions(runtime)
    assert [found[name].stage for name in "012"] == [Stage.SCORED, Stage.COLLECTED, Stage.SCORED]
    broken = found["1"]
    assert (broken.failures, broken.last_error, broken.lease) == (1, "the model failed: ValueError", None)
    assert broken.not_before > NOW
    assert SECRET not in str(logs)
    assert [log["action"] for log in logs if log["log_level"] == "error"] == ["score.failed"]
    # It is not asked for again before its time, and then it is.
    assert score_batch(runtime) == 0
    world.clock.now = broken.not_before
    assert score_batch(runtime) == 1
    assert mentions(runtime)["1"].failures == 2


def test_a_text_that_is_mended_by_a_new_model_forgets_its_failures(world: World) -> None:
    runtime = world.runtime()
    runtime.scorer = Fragile()
    world.store_posts(runtime, post("1", "BREAK slikti"))
    score_batch(runtime)
    world.clock.forward(hours=1)
    later = world.runtime()
    assert score_batch(later) == 1
    mention = mentions(later)["1"]
    assert (mention.stage, mention.failures, mention.last_error) == (Stage.SCORED, 0, None)


def test_a_model_that_cannot_be_loaded_holds_no_rows(world: World) -> None:
    world.config = world.config.replace('name = "tiny"', 'name = "no such model"')
    runtime = world.runtime()
    world.store_posts(runtime, post("1", "slikti"))
    with pytest.raises(ModelError):
        score_batch(runtime)
    mention = mentions(runtime)["1"]
    assert (mention.lease, mention.stage, mention.failures) == (None, Stage.COLLECTED, 0)


def test_an_edit_during_the_judgement_discards_it(world: World) -> None:
    runtime, collector = world.runtime(), world.runtime()
    fragile = Fragile(during=[lambda: world.store_posts(collector, post("1", "tagad ļoti labi, paldies"))])
    runtime.scorer = fragile
    world.store_posts(runtime, post("1", "ļoti slikti"))
    score_batch(runtime)
    mention = mentions(runtime)["1"]
    assert (mention.revision, mention.stage) == (1, Stage.COLLECTED)
    assert scores(runtime) == []
    fragile.during.clear()
    assert score_batch(runtime) == 1
    (score,) = scores(runtime)
    assert (score.revision, score.label) == (1, "pos")


def test_a_post_that_is_deleted_during_the_judgement_is_no_error(world: World) -> None:
    runtime, collector = world.runtime(), world.runtime()
    runtime.scorer = Fragile(during=[lambda: world.store_posts(collector, post("1", "", deleted=True))])
    world.store_posts(runtime, post("1", "ļoti slikti"), post("2", "ļoti labi"))
    assert score_batch(runtime) == 2
    assert [score.label for score in scores(runtime)] == ["pos"]


def test_a_judgement_after_the_lease_was_lost_is_discarded(world: World) -> None:
    runtime, other = world.runtime(), world.runtime()

    def another_takes_over() -> None:
        world.clock.forward(minutes=3)
        with other.store.write() as session:
            assert len(claim(session, Stage.COLLECTED, "other", other.now(), other.lease, 10)) == 1

    runtime.scorer = Fragile(during=[another_takes_over])
    world.store_posts(runtime, post("1", "ļoti slikti"))
    score_batch(runtime)
    assert scores(runtime) == []
    assert mentions(runtime)["1"].lease == "other"


def test_a_process_that_dies_while_it_judges_costs_a_lease(world: World) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    runtime, heir = world.runtime(), world.runtime()
    runtime.scorer = Fragile(during=[die])
    world.store_posts(runtime, post("1", "ļoti slikti"))
    with pytest.raises(KeyboardInterrupt):
        score_batch(runtime)
    assert score_batch(heir) == 0
    world.clock.forward(minutes=2, seconds=1)
    assert score_batch(heir) == 1
    assert len(scores(heir)) == 1


def test_two_processes_judge_each_text_once(world: World) -> None:
    one, other = world.runtime(), world.runtime()
    one.scorer, other.scorer = Fragile(), Fragile()
    world.store_posts(one, *(post(str(number), f"slikti numur {number}") for number in range(20)))
    while score_batch(one, 3) + score_batch(other, 3):
        pass
    asked = [text for scorer in (one.scorer, other.scorer) for batch in scorer.asked for text in batch]
    assert len(asked) == len(set(asked)) == 20


@pytest.mark.parametrize(
    ("title", "text", "read"),
    [
        (None, "text", "text"),
        ("Title", "text", "Title\ntext"),
        ("Title", "Title and more", "Title and more"),
        ("Title", "", "Title"),
        ("", "text", "text"),
    ],
)
def test_title_and_text_are_read_once_each(title: str | None, text: str, read: str) -> None:
    mention = Mention(
        brand="b",
        source="s",
        external_id="1",
        kind="review",
        title=title,
        text=text,
        content_hash="",
        collected_at=NOW,
    )
    assert judged_text(mention) == read
