"""What an alert rule can ask for: typed keys, all of which must hold.

Rules are tried in the order of the configuration; the first one that holds gives the alert its name, and the
channels of all rules that hold are told.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from atbalss.duration import Duration, parse_duration

__all__ = ["Rule", "StormPolicy"]

# Nothing but spaces would be found in every text.
Keyword = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Rule(BaseModel):
    """One `[[rules]]` table. Every key that is given must hold for the rule to fire."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="The rule's own name, shown in alerts and by `explain`.")
    brands: tuple[str, ...] = Field(default=(), description="Only these brands; empty: all.")
    sources: tuple[str, ...] = Field(default=(), description="Only these sources; empty: all.")
    kinds: tuple[Literal["review", "comment", "survey", "mail", "news"], ...] = Field(
        default=(), description="Only these kinds of posts; empty: all."
    )
    languages: tuple[str, ...] = Field(default=(), description="Only these languages; empty: all.")
    labels: tuple[Literal["neg", "neu", "pos", "unscored"], ...] = Field(
        default=(), description="The model's label is one of these; empty: any."
    )
    min_confidence: float | None = Field(
        default=None, ge=0, le=1, description="The model is at least this sure of its label (0-1)."
    )
    max_stars: float | None = Field(
        default=None, ge=1, le=5, description="At most this many stars; a post without stars does not match."
    )
    min_stars: float | None = Field(
        default=None, ge=1, le=5, description="At least this many stars; a post without stars does not match."
    )
    min_needs_reply: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The model thinks with at least this probability that a public reply is expected; "
        "not applied while the model does not judge it.",
    )
    keywords_any: tuple[Keyword, ...] = Field(
        default=(),
        description="At least one of these words or phrases; `kurjer*` also finds its endings; "
        "capitals and diacritics do not matter.",
    )
    keywords_none: tuple[Keyword, ...] = Field(
        default=(), description="None of these words or phrases; written like keywords_any."
    )
    max_age: Duration = Field(
        default=parse_duration("7d"), description="The post is at most this old when it is decided."
    )
    include_answered: bool = Field(
        default=False, description="Also alert about posts that the owner has already answered."
    )
    channels: tuple[str, ...] = Field(default=(), description="Who is told; empty: all channels.")

    @model_validator(mode="after")
    def _stars_in_order(self) -> Rule:
        if self.min_stars is not None and self.max_stars is not None and self.min_stars > self.max_stars:
            raise ValueError("min_stars is above max_stars: no post can match")
        return self


class StormPolicy(BaseModel):
    """The `[storm]` table: when many complaints at once are told as one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    posts: int = Field(
        default=5,
        ge=2,
        description="This many posts that deserve an alert, published within `within`, are a storm.",
    )
    within: Duration = Field(
        default=parse_duration("1h"), description="The time within which they were published."
    )
