"""Posts in the database: known ones are recognised, edits make revisions, and nothing that went comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import SQLModel, col, func, select

from store.engine import Store
from store.identity import SILENT_EDITS, StoreDecision
from store.mentions import NewMention, find, take_in
from store.retention import count_author, erase_author, expired
from store.tables import (
    Audit,
    Mention,
    Revision,
    Score,
    Stage,
    Statement,
    SurveyAnswer,
    Task,
    TaskState,
)
from store.tasks import open_task
from tests.clock import NOW
from tests.world import post

LONG = "Kurjers neatbrauca jau trešo reizi pēc kārtas"
D = StoreDecision


def take(store: Store, *posts: NewMention, at: datetime = NOW, **values: Any) -> list[StoreDecision]:
    with store.write() as session:
        return take_in(session, "reviews", posts, at, **{"baseline": False, **values})


def write(store: Store, row: SQLModel) -> None:
    with store.write() as session:
        session.add(row)


def rows(store: Store, table: type[SQLModel]) -> list[Any]:
    with store.read() as session:
        return list(session.exec(select(table)))


def only(store: Store) -> Mention:
    (mention,) = rows(store, Mention)
    assert isinstance(mention, Mention)
    return mention


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The whole content of every table."""
    with store.engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(table.select())), key=str)
            for name, table in SQLModel.metadata.tables.items()
        }


def test_the_same_page_twice_writes_nothing(store: Store) -> None:
    page = [
        post("1", LONG, stars=1),
        post("2", "", stars=4),
        post("3", LONG, author_key="k", url="https://a"),
    ]
    assert take(store, *page) == [D.NEW] * 3
    before = everything(store)
    assert take(store, *page, at=NOW + timedelta(hours=1)) == [D.UNCHANGED] * 3
    assert everything(store) == before


def test_one_id_twice_on_a_page_is_one_post(store: Store) -> None:
    assert take(store, post("1", "a"), post("1", "a"), post("1", "b")) == [D.NEW, D.UNCHANGED, D.EDITED]
    assert only(store).text == "b"


def test_the_database_itself_refuses_a_second_row_of_one_post(store: Store) -> None:
    take(store, post("1", "a"))
    given = only(store).model_dump(exclude={"id"})
    with pytest.raises(IntegrityError):
        write(store, Mention(**given))
    # The same id at another source is another post.
    with store.write() as session:
        session.add(Mention(**{**given, "source": "comments"}))
    assert len(rows(store, Mention)) == 2


def test_an_edit_makes_a_revision_and_goes_through_all_stages_again(store: Store) -> None:
    take(store, post("1", LONG, stars=1, title="Slikti"))
    with store.write() as session:
        mention = session.exec(select(Mention)).one()
        mention.stage, mention.failures, mention.last_error = Stage.DECIDED, 3, "x"
        mention.lease, mention.lease_until = "token", NOW + timedelta(hours=1)
        mention.not_before = NOW + timedelta(hours=6)
        session.add(mention)
    later = NOW + timedelta(hours=1)
    assert take(store, post("1", "Tagad viss labi", stars=5, edited_at=later), at=later) == [D.EDITED]
    mention = only(store)
    assert (mention.text, mention.title, mention.stars, mention.revision) == ("Tagad viss labi", None, 5, 1)
    assert (mention.stage, mention.lease, mention.failures, mention.not_before) == (
        Stage.COLLECTED,
        None,
        0,
        later,
    )
    (old,) = rows(store, Revision)
    assert (old.number, old.text, old.title, old.stars, old.edited_at) == (0, LONG, "Slikti", 1, None)
    assert old.replaced_at == later


def test_a_source_that_changes_bytes_each_time_is_capped(store: Store) -> None:
    take(store, post("1", "v0"))
    decisions = [take(store, post("1", f"v{number}"))[0] for number in range(1, 40)]
    assert decisions == [D.EDITED] * SILENT_EDITS + [D.TOO_MANY_EDITS] * (39 - SILENT_EDITS)
    assert SILENT_EDITS == 24
    assert only(store).text == "v24"
    # An edit that the source vouches for with a time still counts.
    assert take(store, post("1", "real", edited_at=NOW)) == [D.EDITED]


def test_an_older_version_is_ignored(store: Store) -> None:
    take(store, post("1", "new words", edited_at=NOW))
    before = everything(store)
    assert take(store, post("1", "old words", edited_at=NOW - timedelta(days=1))) == [D.STALE]
    assert take(store, post("1", "old words")) == [D.STALE]
    assert everything(store) == before


def open_tasks(store: Store) -> None:
    with store.write() as session:
        open_task(session, only(store).id, "shop", NOW, NOW + timedelta(days=1), "rule")


def test_the_owners_reply_closes_the_task(store: Store) -> None:
    take(store, post("1", LONG))
    open_tasks(store)
    replied = NOW + timedelta(hours=2)
    reply = post("1", LONG, owner_reply="Atvainojiet!", owner_replied_at=replied)
    assert take(store, reply, at=NOW + timedelta(hours=3)) == [D.REPLIED]
    (task,) = rows(store, Task)
    assert (task.state, task.closed_at) == (TaskState.ANSWERED, NOW + timedelta(hours=3))
    assert [event["state"] for event in task.history] == ["open", "answered"]
    mention = only(store)
    assert (mention.owner_reply, mention.owner_replied_at) == ("Atvainojiet!", replied)
    # A reply is no edit: the words are not judged again.
    assert (mention.revision, rows(store, Revision)) == (0, [])


def test_an_edit_after_the_reply_is_marked_and_a_new_reply_settles_it(store: Store) -> None:
    take(store, post("1", LONG, owner_reply="Atvainojiet!"))
    take(store, post("1", "Joprojām nekas", owner_reply="Atvainojiet!"))
    assert only(store).edited_after_reply
    take(store, post("1", "Joprojām nekas", owner_reply="Tagad atrisināts"))
    assert not only(store).edited_after_reply


def test_an_edit_that_brings_its_reply_is_answered(store: Store) -> None:
    take(store, post("1", LONG))
    open_tasks(store)
    take(store, post("1", "Joprojām nekas", owner_reply="Atvainojiet!"))
    mention = only(store)
    assert (mention.revision, mention.edited_after_reply) == (1, False)
    assert rows(store, Task)[0].state == TaskState.ANSWERED


def test_a_reply_is_seen_even_where_edits_no_longer_are(store: Store) -> None:
    take(store, post("1", "v0"))
    for number in range(1, 30):
        take(store, post("1", f"v{number}"))
    open_tasks(store)
    assert take(store, post("1", "v31", owner_reply="Atvainojiet!")) == [D.REPLIED]
    assert only(store).text == "v24"
    assert rows(store, Task)[0].state == TaskState.ANSWERED


def test_a_tombstone_deletes_the_post_with_all_that_hangs_on_it(store: Store) -> None:
    take(store, post("1", LONG, survey=("nps", 2)), post("2", "cits"))
    take(store, post("1", LONG + " !", survey=("nps", 2)))
    open_tasks_of = [mention for mention in rows(store, Mention) if mention.external_id == "1"]
    with store.write() as session:
        open_task(session, open_tasks_of[0].id, "shop", NOW, NOW, "rule")
        session.add(
            Score(
                mention_id=open_tasks_of[0].id,
                revision=1,
                model="m",
                lang="lv",
                label="neg",
                aspects=[],
                scored_at=NOW,
            )
        )
    assert take(store, post("1", "", deleted=True), post("9", "", deleted=True)) == [D.DELETED, D.NEVER_SEEN]
    assert [mention.external_id for mention in rows(store, Mention)] == ["2"]
    for table in (Revision, Score, SurveyAnswer, Task, Statement):
        assert rows(store, table) == []


def test_words_that_another_post_still_says_outlive_a_tombstone(store: Store) -> None:
    take(store, post("1", LONG), post("2", LONG))
    take(store, post("1", "", deleted=True))
    assert len(rows(store, Statement)) == 1


def test_an_id_can_come_back_on_the_page_of_its_tombstone(store: Store) -> None:
    take(store, post("1", "a"))
    assert take(store, post("1", "", deleted=True), post("1", "b")) == [D.DELETED, D.NEW]
    assert only(store).text == "b"


@pytest.mark.parametrize(
    "other",
    [
        post("1", "b", stars=5, brand="cafe"),
        post("1", "a", owner_reply="Paldies!", brand="cafe"),
        post("1", "", deleted=True, brand="cafe"),
    ],
    ids=["edit", "reply", "tombstone"],
)
def test_a_post_is_never_changed_by_one_of_another_brand(store: Store, other: NewMention) -> None:
    take(store, post("1", "a"))
    before = everything(store)
    assert take(store, other, post("2", "c", brand="cafe")) == [D.OTHER_BRAND, D.NEW]
    after = everything(store)
    assert after.pop("mention")[:1] == before.pop("mention")
    assert after == before


def test_one_id_of_two_brands_on_a_page_is_the_first_ones(store: Store) -> None:
    assert take(store, post("1", "a"), post("1", "b", brand="cafe")) == [D.NEW, D.OTHER_BRAND]
    assert (only(store).brand, only(store).text) == ("shop", "a")


@pytest.mark.parametrize(
    ("published", "age"),
    [(-40, "old"), (-20, "new"), (None, "new"), (9, "new")],
)
def test_age_counts_from_when_a_post_was_published(store: Store, published: int | None, age: str) -> None:
    when = None if published is None else NOW + timedelta(days=published)
    take(store, post("1", "a", published_at=when))
    with store.write() as session:
        assert expired(session, "reviews", NOW - timedelta(days=30), ()) == (age == "old")
        # However late its source says it was published, a post is kept no longer than from its collection.
        assert expired(session, "reviews", NOW + timedelta(seconds=1), ()) == 1


def test_an_erased_author_does_not_come_back(store: Store) -> None:
    take(store, post("1", LONG, author_key="k1"), post("2", "x", author_key="k2"))
    with store.write() as session:
        assert erase_author(session, "k1", NOW).mentions == 1
    assert (
        take(store, post("1", LONG, author_key="k1"), post("3", "new", author_key="k1"))
        == [D.ERASED_AUTHOR] * 2
    )
    assert [mention.external_id for mention in rows(store, Mention)] == ["2"]
    with store.read() as session:
        assert count_author(session, "k1") == 0


def test_a_new_post_past_its_retention_is_not_stored(store: Store) -> None:
    oldest = NOW - timedelta(days=30)
    page = [
        post("old", "a", published_at=oldest - timedelta(seconds=1)),
        post("edge", "b", published_at=oldest),
        post("undated", "c"),
    ]
    assert take(store, *page, oldest=oldest) == [D.PAST_RETENTION, D.NEW, D.NEW]


def test_a_survey_answer_is_stored_and_corrected(store: Store) -> None:
    published = NOW - timedelta(days=2)
    take(store, post("1", "", survey=("nps", 3), published_at=published))
    (answer,) = rows(store, SurveyAnswer)
    assert (answer.kind, answer.value, answer.answered_at) == ("nps", 3, published)
    assert take(store, post("1", "", survey=("nps", 9), published_at=published)) == [D.EDITED]
    (answer,) = rows(store, SurveyAnswer)
    assert (answer.kind, answer.value, answer.answered_at) == ("nps", 9, published)


@pytest.mark.parametrize(
    "text",
    [
        "Շատ վատ սպասարկում, առաքումը ուշացավ 😡🇦🇲",
        "👨‍👩‍👧‍👦 ģimene ❤️‍🔥 ļoti žēl, bet…",
        "‏שלום‎ right-to-left",
        "tab\tline\nline\r\nquote ' \" \\ % $1 ; --",
        "x" * 200_000,
        "",
    ],
)
def test_a_text_comes_back_as_it_was(store: Store, text: str) -> None:
    take(store, post("ՙid/😡?&#'", text, title=text[:50], url="https://hy.example/կարծիք?x=😡"))
    mention = only(store)
    assert mention.text == text
    assert mention.title == text[:50]
    assert mention.external_id == "ՙid/😡?&#'"
    assert take(store, post("ՙid/😡?&#'", text, title=text[:50])) == [D.UNCHANGED]


def test_a_big_page_is_stored_whole(store: Store) -> None:
    page = [post(str(number), f"text {number}", author_key=f"k{number}") for number in range(1001)]
    assert take(store, *page) == [D.NEW] * 1001
    assert take(store, *reversed(page)) == [D.UNCHANGED] * 1001


def test_a_statement_counts_where_it_was_seen(store: Store) -> None:
    take(store, post("1", LONG), post("2", LONG.upper() + "!!!"), post("3", "short"))
    (statement,) = rows(store, Statement)
    assert statement.seen == 2
    take(store, post("1", "Pavisam citi vārdi, kurus neviens neteica"))
    with store.read() as session:
        assert session.exec(select(func.count()).select_from(Statement)).one() == 2


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 29, 0, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=timezone(timedelta(hours=3))),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=4, minutes=30))),
    ],
)
def test_an_instant_comes_back_as_the_same_instant_in_utc(store: Store, moment: datetime) -> None:
    take(store, post("1", "a", published_at=moment))
    found = only(store).published_at
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="without zone"):
        write(store, Audit(at=datetime(2026, 1, 1), action="a", subject="s", detail={}))  # noqa: DTZ001  the point
    with pytest.raises(StatementError, match="without zone"), store.read() as session:
        session.exec(select(Audit).where(Audit.at > datetime(2026, 1, 1))).all()  # noqa: DTZ001  the point


def test_instants_are_compared_as_instants(store: Store) -> None:
    riga = timezone(timedelta(hours=2))
    for number, moment in enumerate((NOW, NOW + timedelta(microseconds=1), NOW + timedelta(hours=1))):
        take(store, post(str(number), "a", published_at=moment.astimezone(riga)))
    with store.read() as session:
        later = select(Mention.external_id).where(col(Mention.published_at) > NOW.astimezone(riga))
        assert sorted(session.exec(later)) == ["1", "2"]


def test_the_database_keeps_links_whole(store: Store) -> None:
    with pytest.raises(IntegrityError):
        write(store, Revision(mention_id=12345, number=0, text="", replaced_at=NOW))


def test_a_block_that_fails_writes_nothing(store: Store) -> None:

    def breaks() -> None:
        with store.write() as session:
            take_in(session, "reviews", [post("1", "a")], NOW, baseline=False)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert rows(store, Mention) == []


def test_sqlite_waits_for_writers_and_survives_a_power_cut(store: Store) -> None:
    if not store.is_sqlite:
        pytest.skip("PostgreSQL has its own defaults")
    with store.engine.connect() as connection:
        pragmas = {
            name: connection.execute(sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize("name", ["id", "https://shop.example/1", "reviews/a/b"])
def test_a_post_is_found_by_number_address_and_identity(store: Store, name: str) -> None:
    take(store, post("a/b", "x", url="https://shop.example/1"), post("c", "y", url="https://shop.example/2"))
    wanted = next(mention for mention in rows(store, Mention) if mention.external_id == "a/b")
    with store.read() as session:
        found = find(session, str(wanted.id) if name == "id" else name)
    assert found is not None
    assert found.external_id == "a/b"


@pytest.mark.parametrize(
    "name", ["0", "99999999999999999999999", "reviews/none", "https://none.example", "reviews", "", "٣"]
)
def test_what_is_not_there_is_not_found(store: Store, name: str) -> None:
    with store.read() as session:
        assert find(session, name) is None
