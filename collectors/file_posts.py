"""Rows of a file to posts, with an identity that survives the next export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import blake2b

from collectors.file_columns import Column
from collectors.file_values import Cell, as_date, as_language, as_link, as_stars, as_survey, as_text
from collectors.post import Post, PostKind, SurveyAnswer, SurveyKind
from collectors.seen import Seen, content_key

__all__ = ["Reading", "RowReader"]

_REMEMBERED_IDS = 200_000
_SURVEY_COLUMNS = {
    Column.CSAT: SurveyKind.CSAT,
    Column.NPS: SurveyKind.NPS,
    Column.CES: SurveyKind.CES,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are meant."""

    zone: tzinfo
    kind: PostKind | None = None
    stars_low: float = 1
    stars_high: float = 5
    date_format: str | None = None


class RowReader:
    """Reads the rows of one file in their order.

    `scope` is the name under which its rows' own ids are unique, "" where they are so by themselves. It remembers
    a short digest of each row without an id, some 100 bytes a row, to number equal ones.
    """

    def __init__(self, reading: Reading, scope: str = "") -> None:
        self._reading = reading
        self._scope = scope
        self._equal_rows: Counter[bytes] = Counter()
        self._seen = Seen(_REMEMBERED_IDS)

    def posts(self, cells: Mapping[Column, Cell]) -> list[Post]:
        """Return the row's post; one more for each further survey answer in it.

        Raises ValueError with the reason why the row is none.
        """
        answers = _answers(cells)
        reading = self._reading
        post = Post(
            # Replaced below: the identity of a row without an id hangs on its values.
            external_id="?",
            kind=PostKind.COMMENT,
            text=as_text(cells.get(Column.TEXT)),
            url=as_link(cells.get(Column.URL)),
            title=as_text(cells.get(Column.TITLE)) or None,
            author=as_text(cells.get(Column.AUTHOR)) or None,
            stars=as_stars(cells.get(Column.STARS), low=reading.stars_low, high=reading.stars_high),
            language_hint=as_language(cells.get(Column.LANGUAGE)),
            published_at=as_date(cells.get(Column.DATE), zone=reading.zone, pattern=reading.date_format),
            owner_reply=as_text(cells.get(Column.REPLY)) or None,
            owner_replied_at=as_date(
                cells.get(Column.REPLIED), zone=reading.zone, pattern=reading.date_format
            ),
            survey=answers[0] if answers else None,
            brand=as_text(cells.get(Column.BRAND)) or None,
        )
        if not post.text and not post.title and post.stars is None and not answers:
            raise ValueError("has neither text nor stars nor a survey answer")
        own_id = as_text(cells.get(Column.ID))
        if own_id and self._scope:
            own_id = f"{self._scope}/{own_id}"
        post = replace(post, external_id=own_id or self._row_id(post), kind=reading.kind or _kind(post))
        if own_id and not self._seen.is_new(own_id, content_key(post)):
            raise ValueError("repeats an earlier row with the same id and content")
        further = [
            replace(
                post,
                external_id=f"{post.external_id}:{answer.kind}",
                text="",
                title=None,
                stars=None,
                owner_reply=None,
                owner_replied_at=None,
                survey=answer,
            )
            for answer in answers[1:]
        ]
        return [post, *further]

    def _row_id(self, post: Post) -> str:
        said: object = post.text or [post.title, post.stars, repr(post.survey)]
        written = post.published_at.isoformat() if post.published_at else None
        row = json.dumps([post.brand, post.author, written, said]).encode()
        key = blake2b(row, digest_size=10).digest()
        self._equal_rows[key] += 1
        number = self._equal_rows[key]
        return f"row-{key.hex()}" if number == 1 else f"row-{key.hex()}-{number}"


def _answers(cells: Mapping[Column, Cell]) -> list[SurveyAnswer]:
    found = [as_survey(cells.get(Column.SURVEY), cells.get(Column.ANSWER))]
    found += [as_survey(kind, cells.get(column)) for column, kind in _SURVEY_COLUMNS.items()]
    return [answer for answer in found if answer is not None]


def _kind(post: Post) -> PostKind:
    if post.survey is not None:
        return PostKind.SURVEY
    return PostKind.COMMENT if post.stars is None else PostKind.REVIEW
