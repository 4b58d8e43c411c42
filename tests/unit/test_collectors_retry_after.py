"""How long a source asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.retry_after import nothing_remains, retry_after

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
IN_90_SECONDS = int(NOW.timestamp()) + 90


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "Mon, 05 Jan 2026 09:01:30 GMT"}, 90),
        ({"Retry-After": "Monday, 05-Jan-26 09:01:30 GMT"}, 90),
        ({"Retry-After": "Mon Jan  5 09:01:30 2026"}, 90),
        ({"Retry-After": "Mon, 05 Jan 2026 08:00:00 GMT"}, 0),
        ({"X-RateLimit-Reset": str(IN_90_SECONDS)}, 90),
        ({"X-RateLimit-Reset": str(IN_90_SECONDS * 1000)}, 90),
        ({"x-rate-limit-reset": str(IN_90_SECONDS)}, 90),
        ({"X-RateLimit-Reset": "2026-01-05T09:01:30.000000Z"}, 90),
        ({"X-RateLimit-Reset": "2026-01-05T11:01:30+02:00"}, 90),
        ({"X-Ratelimit-Reset": "534.0"}, 534),
        ({"RateLimit-Reset": "30"}, 30),
        ({"RateLimit-Reset": str(IN_90_SECONDS)}, 90),
        ({"RateLimit": '"default";r=0;t=45'}, 45),
        ({"RateLimit": "limit=100, remaining=0, reset=50"}, 50),
        ({"Retry-After": "5", "X-RateLimit-Reset": "500"}, 5),
        ({"Retry-After": "soon", "RateLimit-Reset": "30"}, 30),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_every_form_of_the_wish_to_wait_is_understood(headers, seconds):
    assert retry_after(headers, NOW, status=429) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    "remaining",
    [
        {"X-RateLimit-Remaining": "0"},
        {"x-rate-limit-remaining": "0"},
        {"X-Ratelimit-Remaining": "0.0"},
        {"RateLimit-Remaining": "0"},
        {"RateLimit": '"burst";r=0;t=60'},
        {"RateLimit": "limit=9, remaining=0, reset=60"},
    ],
)
def test_a_reset_time_counts_once_nothing_remains(remaining):
    headers = {"X-RateLimit-Reset": "60", **remaining}
    assert nothing_remains(headers)
    assert retry_after(headers, NOW, status=200) == 60


def test_a_reset_time_alone_asks_for_nothing():
    headers = {"X-RateLimit-Remaining": "299", "X-RateLimit-Reset": "2026-01-05T09:05:00Z"}
    assert not nothing_remains(headers)
    assert retry_after(headers, NOW, status=200) is None
    assert retry_after({"RateLimit": '"default";r=50;t=30'}, NOW) is None


def test_retry_after_counts_with_any_status():
    assert retry_after({"Retry-After": "30"}, NOW, status=503) == 30


HEADER = st.sampled_from(
    ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Remaining", "RateLimit-Reset", "RateLimit"]
)


@given(headers=st.dictionaries(HEADER, st.text(max_size=40)), status=st.integers(100, 599))
def test_no_header_makes_it_fail_or_go_back_in_time(headers, status):
    wait = retry_after(headers, NOW, status=status)
    assert wait is None or wait >= 0
