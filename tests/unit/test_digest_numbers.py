"""What a digest counts, leaves out and chooses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.digest.data import Digest, DigestRow, Sight, SurveyRow
from alerts.digest.numbers import TREND_WEEKS, digest_of, history_start
from alerts.digest.week import following
from tests.digest_examples import NOW, WEEK, rich_digest, row, source

DAY = timedelta(days=1)


def counted(*rows: DigestRow, surveys=(), sources=(), history=(), **options) -> Digest:
    return digest_of("Brand", WEEK, [*history, *rows], surveys, sources, NOW, **options)


def ids(quotes) -> list[int]:
    return [quote.mention_id for quote in quotes]


def test_posts_are_counted_by_label_source_and_language() -> None:
    digest = counted(
        row(1, label="neg", source="b", lang="hy"),
        row(2, label="pos", source="a", lang="lv"),
        row(3, label="neu", source="b", lang="lv"),
        row(4, label="unscored", reason="too_short", source="b", lang="und"),
    )
    tally = digest.tally
    assert (tally.n, tally.scored, tally.neg, tally.neu, tally.pos, tally.unscored) == (4, 3, 1, 1, 1, 1)
    assert [(name, each.n, each.neg) for name, each in digest.by_source] == [("b", 3, 1), ("a", 1, 0)]
    assert [(name, each.n) for name, each in digest.by_lang] == [("lv", 2), ("hy", 1), ("und", 1)]


def test_the_week_is_half_open() -> None:
    inside = row(1, at=WEEK.start)
    before = row(2, at=WEEK.start - timedelta(microseconds=1), collected_at=WEEK.start - DAY)
    after = row(3, at=WEEK.end)
    assert counted(inside, before, after).tally.n == 1


def test_unscored_posts_keep_their_reasons_and_are_in_no_share() -> None:
    digest = counted(
        row(1, label="neg"),
        row(2, label="unscored", reason="too_short"),
        row(3, label="unscored", reason="too_short"),
        row(4, label="unscored", reason=None),
    )
    assert digest.unscored == (("too_short", 2), ("not_yet", 1))
    assert (digest.negative_share.value, digest.negative_share.n) == (100, 1)


def test_satisfaction_is_the_mean_of_the_judged_posts() -> None:
    digest = counted(
        row(1, satisfaction=2.0, label="neg"),
        row(2, satisfaction=5.0),
        row(3, label="unscored", satisfaction=None),
    )
    assert (digest.satisfaction.value, digest.satisfaction.n) == (3.5, 2)


def test_a_repetition_is_counted_apart_and_once() -> None:
    digest = counted(row(1, stars=1), row(2, stars=1, folded=True), row(3, folded=True, day=-1))
    assert (digest.tally.n, digest.folded, digest.stars.n) == (1, 1, 1)


def test_a_mention_that_comes_in_both_lists_is_counted_once() -> None:
    assert counted(row(1), history=[row(1)]).tally.n == 1


def test_csat_counts_stars_and_surveys_and_says_how_many_of_each() -> None:
    digest = counted(
        row(1, stars=5),
        row(2, stars=4),
        row(3, stars=3),
        row(4),
        surveys=[SurveyRow("csat", value, WEEK.start) for value in (1, 4)],
    )
    csat = digest.csat
    assert (csat.measure.value, csat.measure.n) == (60, 5)
    assert (csat.satisfied, csat.from_stars, csat.from_surveys) == (3, 3, 2)
    assert (digest.stars.value, digest.stars.n) == (4, 3)


@pytest.mark.parametrize(("kind", "value"), [("csat", 0), ("csat", 6), ("nps", 11), ("nps", -1), ("ces", 8)])
def test_an_answer_off_its_scale_is_not_counted(kind: str, value: int) -> None:
    digest = counted(surveys=[SurveyRow(kind, value, WEEK.start)])
    assert digest.csat.measure.n == digest.nps.n == digest.ces.n == 0
    assert digest.empty


def test_stars_off_their_scale_are_not_counted() -> None:
    assert counted(row(1, stars=0), row(2, stars=9.0)).stars.n == 0


def test_surveys_of_other_weeks_are_not_in_this_one() -> None:
    digest = counted(surveys=[SurveyRow("nps", 10, WEEK.end), SurveyRow("nps", 0, WEEK.start - DAY)])
    assert (digest.nps.value, digest.nps.n, digest.nps.before, digest.nps.n_before) == (None, 0, -100, 1)


def test_a_change_from_few_answers_is_thin() -> None:
    nine = [row(n) for n in range(9)]
    ten = [row(100 + n, day=-3) for n in range(10)]
    assert counted(*nine, history=ten).satisfaction.thin
    assert not counted(*nine, row(50), history=ten).satisfaction.thin


def test_weeks_before_the_first_post_are_absent_and_later_silent_ones_are_zero() -> None:
    digest = counted(row(1), history=[row(2, day=-15)])
    assert [point.tally.n for point in digest.trend] == [1, 0, 0, 1]
    assert digest.before is not None
    assert digest.before.n == 0


def test_the_first_week_has_nothing_to_compare_with() -> None:
    digest = counted(row(1))
    assert digest.before is None
    assert [point.week for point in digest.trend] == [WEEK]
    assert digest.satisfaction.before is None


def test_the_trend_shows_eight_weeks() -> None:
    old = [row(n, day=-7.0 * n) for n in range(1, 20)]
    digest = counted(row(100), history=old)
    assert len(digest.trend) == TREND_WEEKS
    assert digest.trend[0].week.start == history_start(WEEK)
    assert digest.trend[-1].week == WEEK


def test_waiting_posts_are_complaints_first_then_oldest_first() -> None:
    digest = counted(
        row(1, label="neu", due=True, day=0),
        row(2, label="neg", due=True, day=3),
        row(3, label="neg", due=True, day=1),
        row(4, label="neg", due=True, day=2, answered_at=NOW),
        row(5, label="neg", due=False),
        row(6, label="neg", due=True, folded=True),
        history=[row(7, label="neg", due=True, day=-20)],
    )
    assert ids(digest.waiting) == [7, 3, 2, 1]
    assert digest.waiting[1].age == NOW - (WEEK.start + DAY)


def test_replies_are_counted_in_the_week_in_which_they_were_given() -> None:
    digest = counted(
        row(1, due=True, day=1, answered_at=WEEK.start + DAY * 1.5),
        row(2, due=True, day=2, answered_at=WEEK.end + timedelta(hours=1)),
        row(3, due=True, day=3),
        row(4, day=1, answered_at=WEEK.start + DAY * 2),
        history=[row(5, day=-3, answered_at=WEEK.start + DAY)],
    )
    answers = digest.answers
    assert (answers.given, answers.median) == (3, DAY)
    assert (answers.due, answers.due_answered) == (3, 2)


def test_an_answered_post_that_is_no_longer_due_had_asked_for_its_reply() -> None:
    answered = row(1, alerted=True, due=False, answered_at=NOW)
    dismissed = row(2, alerted=True, due=False)
    answers = counted(answered, dismissed, row(3, alerted=True, due=True)).answers
    assert (answers.due, answers.due_answered) == (2, 1)


def test_a_gap_that_is_still_open_ends_now() -> None:
    now = WEEK.start + DAY
    gap = source("a", down=((WEEK.start + DAY / 2, WEEK.end, "503"), (now, WEEK.end, "503")))
    digest = digest_of("Brand", WEEK, [], [], [gap], now)
    assert digest.sources[0].down_for == DAY / 2


def test_a_reply_that_seems_older_than_its_post_took_no_time() -> None:
    assert counted(row(1, day=2, answered_at=WEEK.start + DAY)).answers.median == timedelta()


def test_without_a_reply_there_is_no_median() -> None:
    assert counted(row(1)).answers.median is None


def test_late_posts_are_listed_and_count_in_their_own_week() -> None:
    late = row(1, day=-2, collected_at=WEEK.start + DAY)
    digest = counted(row(2), late, row(3, day=-2))
    assert ids(digest.late) == [1]
    assert digest.tally.n == 1
    assert digest.before is not None
    assert digest.before.n == 2


def test_a_post_that_the_digest_of_the_week_before_counted_is_not_late() -> None:
    made = WEEK.start + timedelta(hours=9)
    before = row(1, day=-1, collected_at=made - timedelta(minutes=1))
    after = row(2, day=-1, collected_at=made)
    older = row(3, day=-9, collected_at=made - timedelta(minutes=1))
    assert ids(counted(before, after, older, previous_at=made).late) == [3, 2]
    assert ids(counted(before, after, older).late) == [3, 1, 2]


def test_stars_against_text_are_listed_and_not_quoted() -> None:
    digest = counted(
        row(1, label="neg", stars=5),
        row(2, label="pos", stars=2),
        row(3, label="pos", stars=1, day=1),
        row(4, label="neg", stars=4),
        row(5, label="pos", stars=3),
        row(6, label="neu", stars=5),
    )
    assert ids(digest.disagreements) == [3, 1, 2]
    assert (ids(digest.negative_quotes), ids(digest.positive_quotes)) == ([4], [5])


def test_quotes_differ_in_language_and_source() -> None:
    text = "A text of a length that can be read in one go without being cut."
    digest = counted(
        row(1, text=text, confidence=0.99),
        row(2, text=text, confidence=0.98),
        row(3, text=text, confidence=0.8, lang="hy", source="mastodon"),
        row(4, text=text, confidence=0.7, lang="lt"),
        row(5, text="Ok", confidence=1.0, lang="en", source="mailbox"),
    )
    assert ids(digest.positive_quotes) == [1, 3, 4]


def test_quotes_are_the_same_in_whatever_order_the_rows_come() -> None:
    rows = [row(n, text="The same long enough text of everybody, word by word.") for n in range(1, 9)]
    assert counted(*rows).positive_quotes == counted(*rows[::-1]).positive_quotes


def test_sources_are_listed_from_the_blindest_on() -> None:
    down = source("down", down=((WEEK.start - DAY, WEEK.start + DAY, "503"),))
    digest = counted(
        sources=[source("seen"), source("quiet", collected=0), source("never", last_success=None), down]
    )
    assert [(each.source, each.sight) for each in digest.sources] == [
        ("never", Sight.NEVER),
        ("down", Sight.DOWN),
        ("quiet", Sight.QUIET),
        ("seen", Sight.SEEN),
    ]


def test_a_gap_is_cut_to_the_week_and_overlaps_count_once() -> None:
    digest = counted(
        sources=[
            source(
                "a",
                down=(
                    (WEEK.end - DAY, WEEK.end + DAY, "503"),
                    (WEEK.start - DAY, WEEK.start + DAY, "timeout"),
                    (WEEK.start, WEEK.start + DAY / 2, "timeout"),
                    (WEEK.start - 2 * DAY, WEEK.start, "timeout"),
                ),
            )
        ]
    )
    assert digest.sources[0].down_for == 2 * DAY
    assert [span[:2] for span in digest.sources[0].down] == [
        (WEEK.start, WEEK.start + DAY),
        (WEEK.start, WEEK.start + DAY / 2),
        (WEEK.end - DAY, WEEK.end),
    ]


def test_a_week_without_anything_is_empty_and_not_charted() -> None:
    digest = counted(sources=[source("a", collected=0)])
    assert digest.empty
    assert not digest.charted
    assert (digest.csat.measure.value, digest.nps.value, digest.satisfaction.value) == (None, None, None)


def test_survey_answers_alone_make_a_week_that_is_not_empty() -> None:
    assert not counted(surveys=[SurveyRow("nps", 9, WEEK.start)]).empty


def test_the_example_week_adds_up() -> None:
    digest = rich_digest()
    for tallies in (digest.by_source, digest.by_lang):
        assert sum(tally.n for _, tally in tallies) == digest.tally.n
        assert sum(tally.neg for _, tally in tallies) == digest.tally.neg
    assert digest.trend[-1].tally == digest.tally
    assert digest.trend[-2].tally == digest.before
    assert sum(number for _, number in digest.unscored) == digest.tally.unscored


def test_the_next_weeks_digest_shows_these_numbers_as_the_week_before() -> None:
    rows = [row(n) for n in range(1, 13)]
    this = counted(*rows)
    next_one = digest_of("Brand", following(WEEK), rows, [], [], NOW + 7 * DAY)
    assert next_one.before == this.tally
