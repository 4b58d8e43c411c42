"""Our Mastodon server behaves as the vendor's API description and a vendor client expect."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from mastodon import Mastodon

from collectors.mastodon_status import read_statuses
from tests.servers.http import serve
from tests.servers.mastodon import FakeMastodon


@pytest.fixture
def server():
    fake = FakeMastodon()
    for number in range(95):
        fake.add(f"Atbalss {number}", tags=("atbalss", "riga") if number % 2 else ("atbalss",))
    with serve(fake.app) as address:
        yield fake, address


def shared_folder() -> Path:
    return Path(
        os.environ.get("ATBALSS_TEST_SHARED") or Path(__file__).resolve().parents[2] / ".." / "shared"
    )


def validator(path: str) -> jsonschema.Draft202012Validator:
    """Checks an answer of `path` against the vendor's OpenAPI description."""
    file = shared_folder() / "apis" / "specs" / "mastodon.json"
    if not file.is_file():
        pytest.skip(f"the vendor's API description is not here ({file.name})")
    spec = json.loads(file.read_text(encoding="utf-8"))
    content = spec["paths"][path]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": spec["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", ["hashtag-tl", "pagination"])
def test_recorded_answers_of_a_real_server_are_read(name):
    file = shared_folder() / "apis" / "examples" / f"mastodon-{name}.json"
    if not file.is_file():
        pytest.skip(f"the recorded answers are not here ({file.name})")
    bodies = [call["body"] for call in json.loads(file.read_text(encoding="utf-8"))["interactions"]]
    pages = [body.get("statuses") if isinstance(body, dict) else body for body in bodies]
    lists = [page for page in pages if page and isinstance(page, list) and "content" in page[0]]
    assert lists
    for page in lists:
        ids, statuses, problems = read_statuses(page, "recorded")
        assert len(ids) == len(statuses)
        assert not problems
        assert all(status.post().external_id for status in statuses)


def client(address: str, token: str | None = None) -> Mastodon:
    return Mastodon(
        api_base_url=address,
        access_token=token,
        mastodon_version="4.3.0",
        version_check_mode="none",
        ratelimit_method="throw",
    )


def ids(page: Any) -> list[int]:
    return [int(status.id) for status in page]


def test_the_timeline_satisfies_the_vendors_description(server):
    fake, address = server
    check = validator("/api/v1/timelines/tag/{hashtag}")
    fake.edit(fake.statuses[-1]["id"], "Labots", minutes=200)
    answer = httpx.get(f"{address}/api/v1/timelines/tag/atbalss", params={"limit": 40})
    assert len(answer.json()) == 40
    check.validate(answer.json())


def test_the_search_satisfies_the_vendors_description(server):
    _, address = server
    check = validator("/api/v2/search")
    answer = httpx.get(f"{address}/api/v2/search", params={"q": "atbalss", "type": "statuses"})
    assert len(answer.json()["statuses"]) == 20
    check.validate(answer.json())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda status: status.pop("content"),
        lambda status: status.update(id=int(status["id"])),
        lambda status: status.update(created_at=None),
        lambda status: status["account"].pop("acct"),
        lambda status: status.update(visibility="everybody"),
    ],
)
def test_the_vendors_description_would_notice_a_wrong_answer(server, spoil):
    _, address = server
    check = validator("/api/v1/timelines/tag/{hashtag}")
    page = httpx.get(f"{address}/api/v1/timelines/tag/atbalss").json()
    spoil(page[3])
    with pytest.raises(jsonschema.ValidationError):
        check.validate(page)


def test_a_vendor_client_walks_back_through_all_pages(server):
    fake, address = server
    mastodon = client(address)
    page = mastodon.timeline_hashtag("atbalss", limit=40)
    walked = ids(page)
    while page := mastodon.fetch_next(page):
        walked += ids(page)
    assert walked == sorted((int(status["id"]) for status in fake.statuses), reverse=True)


def test_a_vendor_client_walks_forward_from_an_id(server):
    fake, address = server
    mastodon = client(address)
    known = [int(status["id"]) for status in fake.statuses]
    page = mastodon.timeline_hashtag("atbalss", min_id=known[9], limit=40)
    walked = sorted(ids(page))
    while page := mastodon.fetch_previous(page):
        walked += sorted(ids(page))
    assert walked == known[10:]


def test_a_vendor_client_searches(server):
    _, address = server
    found = client(address, "token").search_v2("Atbalss 9", result_type="statuses")
    assert {status.content for status in found.statuses} == {
        f"<p>Atbalss {n}</p>" for n in (9, 90, 91, 92, 93, 94)
    }


def test_a_vendor_client_understands_the_refusals(server):
    from mastodon.errors import MastodonUnauthorizedError

    fake, address = server
    fake.token = "right"
    with pytest.raises(MastodonUnauthorizedError):
        client(address, "wrong").timeline_hashtag("atbalss")
