"""One post, as every collector returns it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Post", "PostKind", "SurveyAnswer", "SurveyKind"]


class PostKind(StrEnum):
    """What sort of text a post is; it decides how a reply looks and how the digest counts it."""

    REVIEW = "review"
    COMMENT = "comment"
    SURVEY = "survey"
    MAIL = "mail"
    NEWS = "news"


class SurveyKind(StrEnum):
    """The three survey scales."""

    CSAT = "csat"  # 1-5, 5 is best
    NPS = "nps"  # 0-10, 10 is best
    CES = "ces"  # 1-7, 1 is easiest


_SURVEY_RANGE = {SurveyKind.CSAT: (1, 5), SurveyKind.NPS: (0, 10), SurveyKind.CES: (1, 7)}


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """One answer on a survey's scale. Raises ValueError outside of the scale."""

    kind: SurveyKind
    value: int

    def __post_init__(self) -> None:
        low, high = _SURVEY_RANGE[self.kind]
        if not low <= self.value <= high:
            raise ValueError(f"{self.kind} answers go from {low} to {high}, not {self.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody wrote, in the source's own words and times.

    `external_id` is the source's own, stable id. `text` is plain text (never HTML), empty for a rating
    without words. `stars` are normalised to 1-5. Times are aware; `published_at` is None when the source
    does not say. `edited_at` tells a later version from an earlier one. `brand` is set only when one
    source serves several brands. `deleted` marks a tombstone: the source says that the post is gone.
    Raises ValueError for a naive time, an empty id or stars outside of 1-5.
    """

    external_id: str
    kind: PostKind
    text: str
    url: str | None = None
    title: str | None = None
    author: str | None = None
    author_id: str | None = None
    stars: float | None = None
    language_hint: str | None = None
    published_at: datetime | None = None
    edited_at: datetime | None = None
    parent_id: str | None = None
    owner_reply: str | None = None
    owner_replied_at: datetime | None = None
    reach: int | None = None
    survey: SurveyAnswer | None = None
    brand: str | None = None
    deleted: bool = False

    def __post_init__(self) -> None:
        if not self.external_id:
            raise ValueError("a post needs the source's own id")
        if self.stars is not None and not 1 <= self.stars <= 5:
            raise ValueError(f"stars go from 1 to 5, not {self.stars}")
        for field in ("published_at", "edited_at", "owner_replied_at"):
            value: datetime | None = getattr(self, field)
            if value is not None and value.tzinfo is None:
                raise ValueError(f"{field} has no time zone")
