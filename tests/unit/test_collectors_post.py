"""What a post may hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.post import Post, PostKind, SurveyAnswer, SurveyKind

NAIVE = datetime(2026, 1, 5)  # noqa: DTZ001 - the very thing that is refused


def test_a_rating_without_words_is_a_post():
    post = Post(
        external_id="1", kind=PostKind.REVIEW, text="", stars=5, published_at=datetime(2026, 1, 5, tzinfo=UTC)
    )
    assert post.stars == 5


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"external_id": ""}, "own id"),
        ({"stars": 0.5}, "from 1 to 5"),
        ({"stars": 5.1}, "from 1 to 5"),
        ({"published_at": NAIVE}, "published_at has no time zone"),
        ({"edited_at": NAIVE}, "edited_at has no time zone"),
        ({"owner_replied_at": NAIVE}, "owner_replied_at has no time zone"),
    ],
)
def test_an_impossible_post_is_refused_without_repeating_its_text(wrong, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        Post(**{"external_id": "1", "kind": PostKind.REVIEW, "text": "SLEPENI", **wrong})
    assert "SLEPENI" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "low", "high"), [(SurveyKind.CSAT, 1, 5), (SurveyKind.NPS, 0, 10), (SurveyKind.CES, 1, 7)]
)
def test_a_survey_answer_is_on_its_scale(kind, low, high):
    assert SurveyAnswer(kind, low).value == low
    assert SurveyAnswer(kind, high).value == high
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"from {low} to {high}"):
            SurveyAnswer(kind, value)
