"""From rows to a digest: everything that the page prints is counted here, and nothing is read or timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from alerts.digest import measures, quotes
from alerts.digest.data import (
    Answers,
    Csat,
    Digest,
    DigestRow,
    Measure,
    Quote,
    Sight,
    SourceRow,
    SourceSight,
    SurveyRow,
    Tally,
    Week,
    WeekPoint,
)
from alerts.digest.week import contains, previous

__all__ = ["TREND_WEEKS", "digest_of", "history_start"]

TREND_WEEKS = 8
"""Bars of the trend, the reported week included: two months show a direction and fit a telephone."""

_SIGHTS = (Sight.NEVER, Sight.DOWN, Sight.QUIET, Sight.SEEN)


def history_start(week: Week) -> datetime:
    """From when on the rows have to be read for the trend of a week's digest."""
    return _trend_weeks(week)[0].start


def digest_of(
    brand: str,
    week: Week,
    rows: Sequence[DigestRow],
    surveys: Sequence[SurveyRow],
    sources: Sequence[SourceRow],
    now: datetime,
    *,
    previous_at: datetime | None = None,
) -> Digest:
    """Count one brand's week.

    `rows` are the mentions published or collected from `history_start(week)` on, and those that still wait
    for a reply, however old. `surveys` reach as far back. Rows published after the week are left out.
    `previous_at` is when the digest of the week before was made: what it had counted already is not late.
    """
    known = list({row.mention_id: row for row in rows if row.at < week.end}.values())
    counted = [row for row in known if not row.folded]
    own = [row for row in counted if contains(week, row.at)]
    before = previous(week)
    trend = _trend(week, counted, surveys)
    started = any(point.week == before for point in trend)
    last = [row for row in counted if contains(before, row.at)] if started else []
    tally, tally_before = _tally(own), _tally(last)

    def quoted(chosen: Iterable[DigestRow]) -> tuple[Quote, ...]:
        return tuple(quotes.quote_of(row, now) for row in chosen)

    def survey_measure(kind: str, formula: Callable[[Sequence[int]], float | None]) -> Measure:
        this, that = _survey(surveys, kind, week), _survey(surveys, kind, before)
        return Measure(formula(this), len(this), formula(that), len(that))

    return Digest(
        brand=brand,
        week=week,
        made_at=now,
        tally=tally,
        before=tally_before if started else None,
        folded=sum(row.folded and contains(week, row.at) for row in known),
        unscored=_reasons(own),
        by_source=_by(own, lambda row: row.source),
        by_lang=_by(own, lambda row: row.lang),
        satisfaction=Measure(
            tally.satisfaction, tally.scored, tally_before.satisfaction, tally_before.scored
        ),
        negative_share=Measure(_negative(tally), tally.scored, _negative(tally_before), tally_before.scored),
        csat=_csat(own, last, surveys, week),
        nps=survey_measure("nps", measures.nps),
        ces=survey_measure("ces", measures.ces),
        stars=_stars_measure(own, last),
        trend=trend,
        waiting=quoted(quotes.waiting(counted)),
        answers=_answers(known, own, week),
        negative_quotes=quoted(quotes.telling(own, "neg")),
        positive_quotes=quoted(quotes.telling(own, "pos")),
        disagreements=quoted(quotes.disagreeing(own)),
        late=quoted(_late(counted, week, before, previous_at)),
        sources=_sights(sources, week, now),
    )


def _tally(rows: Sequence[DigestRow]) -> Tally:
    labels = Counter(row.label for row in rows)
    signals = [row.satisfaction for row in rows if row.label != "unscored" and row.satisfaction is not None]
    return Tally(
        neg=labels["neg"],
        neu=labels["neu"],
        pos=labels["pos"],
        unscored=labels["unscored"],
        satisfaction=measures.average(signals),
    )


def _negative(tally: Tally) -> float | None:
    return 100 * tally.neg / tally.scored if tally.scored else None


def _by(rows: Sequence[DigestRow], key: Callable[[DigestRow], str]) -> tuple[tuple[str, Tally], ...]:
    """A tally for each key, the most frequent one first."""
    groups: dict[str, list[DigestRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return tuple(
        (name, _tally(group)) for name, group in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))
    )


def _reasons(rows: Sequence[DigestRow]) -> tuple[tuple[str, int], ...]:
    reasons = Counter(row.reason or "not_yet" for row in rows if row.label == "unscored")
    return tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def _stars(rows: Iterable[DigestRow]) -> list[float]:
    low, high = measures.SCALES["stars"]
    return [row.stars for row in rows if row.stars is not None and low <= row.stars <= high]


def _stars_measure(own: Sequence[DigestRow], last: Sequence[DigestRow]) -> Measure:
    this, that = _stars(own), _stars(last)
    return Measure(measures.average(this), len(this), measures.average(that), len(that))


def _survey(surveys: Iterable[SurveyRow], kind: str, week: Week) -> list[int]:
    low, high = measures.SCALES[kind]
    return [s.value for s in surveys if s.kind == kind and contains(week, s.at) and low <= s.value <= high]


def _csat(
    own: Sequence[DigestRow], last: Sequence[DigestRow], surveys: Sequence[SurveyRow], week: Week
) -> Csat:
    asked, stars = _survey(surveys, "csat", week), _stars(own)
    this = [*asked, *stars]
    that = [*_survey(surveys, "csat", previous(week)), *_stars(last)]
    return Csat(
        measure=Measure(measures.csat(this), len(this), measures.csat(that), len(that)),
        satisfied=sum(map(measures.is_satisfied, this)),
        from_surveys=len(asked),
        from_stars=len(stars),
    )


def _trend_weeks(week: Week) -> list[Week]:
    weeks = [week]
    while len(weeks) < TREND_WEEKS:
        weeks.append(previous(weeks[-1]))
    return weeks[::-1]


def _trend(week: Week, counted: Sequence[DigestRow], surveys: Sequence[SurveyRow]) -> tuple[WeekPoint, ...]:
    """The last weeks; those before the first post or answer are absent, since nobody looked then."""
    moments = (*(row.at for row in counted), *(answer.at for answer in surveys))
    first = min(moments, default=week.start)
    points = []
    for each in _trend_weeks(week):
        if each.end <= first and each != week:
            continue
        inside = [row for row in counted if contains(each, row.at)]
        answers = [*_survey(surveys, "csat", each), *_stars(inside)]
        points.append(WeekPoint(each, _tally(inside), measures.csat(answers), len(answers)))
    return tuple(points)


def _answers(known: Sequence[DigestRow], own: Sequence[DigestRow], week: Week) -> Answers:
    times = [
        max((row.answered_at - row.at).total_seconds(), 0.0)
        for row in known
        if row.answered_at is not None and contains(week, row.answered_at)
    ]
    asked = [row for row in own if row.due or (row.alerted and row.answered_at is not None)]
    return Answers(
        given=len(times),
        median=timedelta(seconds=median(times)) if times else None,
        due=len(asked),
        due_answered=sum(row.answered_at is not None for row in asked),
    )


def _late(
    counted: Sequence[DigestRow], week: Week, before: Week, previous_at: datetime | None
) -> list[DigestRow]:
    """Rows published before the week and collected in it, oldest first.

    A row of the week before that was collected on this week's Monday, but in time for that week's digest,
    is not late: that digest has counted it.
    """

    def is_late(row: DigestRow) -> bool:
        if row.at >= week.start or not contains(week, row.collected_at):
            return False
        in_time = previous_at is not None and row.collected_at < previous_at
        return not (in_time and contains(before, row.at))

    return sorted(filter(is_late, counted), key=lambda row: (row.at, row.mention_id))


def _sights(sources: Sequence[SourceRow], week: Week, now: datetime) -> tuple[SourceSight, ...]:
    """What could be seen of each source, the blindest first."""
    sights = [_sight(source, week, min(week.end, now)) for source in sources]
    return tuple(sorted(sights, key=lambda s: (_SIGHTS.index(s.sight), -s.down_for, s.source)))


def _sight(source: SourceRow, week: Week, end_seen: datetime) -> SourceSight:
    inside = tuple(
        (max(start, week.start), min(end, end_seen), reason)
        for start, end, reason in sorted(source.down)
        if start < min(end, end_seen) and end > week.start
    )
    if source.last_success is None:
        sight = Sight.NEVER
    elif inside:
        sight = Sight.DOWN
    else:
        sight = Sight.SEEN if source.collected else Sight.QUIET
    return SourceSight(
        source=source.source,
        kind=source.kind,
        sight=sight,
        status=source.status,
        note=source.note,
        last_success=source.last_success,
        down=inside,
        down_for=_covered(inside),
        blind=source.blind,
        collected=source.collected,
    )


def _covered(spans: Iterable[tuple[datetime, datetime, str]]) -> timedelta:
    """The time that ordered spans cover; where they overlap it counts once."""
    total, reached = timedelta(), None
    for start, end, _ in spans:
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total
