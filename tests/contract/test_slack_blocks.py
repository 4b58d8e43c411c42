"""Every notice passes Slack's own models, at and around each limit, and no text of a stranger becomes markup."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from alerts.channels import slack
from alerts.channels.slack_message import (
    BLOCKS,
    BUTTON_URL,
    EXCERPT,
    FIELD_TEXT,
    HEADER,
    SECTION_TEXT,
    escape,
    payload,
)
from alerts.notice import DigestNotice, Notice, SuggestedReply
from tests.digest_examples import empty_digest, rich_digest
from tests.notices import NASTY, TEXTS, alert, mention, ops, storm
from tests.servers.slack import faults

NOTICES: dict[str, Notice] = {
    **{f"alert-{lang}": alert(lang) for lang in TEXTS},
    "alert-und": alert("und", text="", stars=None, author=None, url=None, published_at=None),
    "alert-nasty": alert("en", text=NASTY, author=NASTY, title=NASTY, source="a&b<c>"),
    "storm": storm(),
    "storm-large": storm(quotes=tuple(mention(mention_id=n) for n in range(60))),
    "ops": ops(),
    "digest": DigestNotice(event_id="digest-1", digest=rich_digest()),
    "digest-empty": DigestNotice(event_id="digest-2", digest=empty_digest()),
}


@pytest.mark.parametrize("name", NOTICES)
def test_it_is_accepted_by_the_vendors_models(name: str) -> None:
    message = payload(NOTICES[name])
    assert faults(message) == []
    assert message["metadata"]["event_payload"] == {"event_id": NOTICES[name].event_id}
    assert json.dumps(message)


@pytest.mark.parametrize("name", NOTICES)
def test_it_carries_the_event_id_in_its_last_block(name: str) -> None:
    last = payload(NOTICES[name])["blocks"][-1]
    assert last["elements"][0]["text"] == f"Event {NOTICES[name].event_id}"


def test_the_models_refuse_what_is_too_long() -> None:
    """The oracle itself: it must be able to say no."""
    section = {"type": "section", "text": {"type": "plain_text", "text": "x" * 3001, "emoji": False}}
    assert faults({"text": "x", "blocks": [section]})
    assert faults({"text": "x", "blocks": [section | {"text": {"type": "plain_text", "text": ""}}]})
    assert faults({"text": "x", "blocks": [{"type": "divider"}] * 51})
    assert faults({"text": "", "blocks": [{"type": "divider"}]})
    assert faults({"text": "x", "blocks": [{"type": "divider", "color": "red"}]})


LETTERS = {"latin": "a", "armenian": "ք", "emoji": "😀", "escaped": "&", "combining": "e\u0301"}


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS.keys())
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_a_text_around_the_limits_is_accepted_and_whole_characters_stay(letter: str, extra: int) -> None:
    for limit in (HEADER, EXCERPT, FIELD_TEXT, SECTION_TEXT):
        size = len(letter)
        words = letter * (limit // size + extra)
        notice = alert(
            "en", text=words, author=words, brand=words, why=(words,), url=f"https://x.test/?{words}"
        )
        message = payload(notice)
        assert faults(message) == []
        shown = _section_texts(message)[0].strip("“”")
        whole = escape(letter)
        assert shown.rstrip("…").replace(whole, "") == ""


@pytest.mark.parametrize(("extra", "cut"), [(-1, False), (0, False), (1, True)])
def test_an_excerpt_is_cut_only_above_its_limit(extra: int, cut: bool) -> None:
    shown = _section_texts(payload(alert("en", text="x" * (EXCERPT + extra))))[0]
    assert shown.endswith("…”") is cut
    assert len(shown) == min(EXCERPT + extra, EXCERPT) + 2


@pytest.mark.parametrize(("extra", "cut"), [(-1, False), (0, False), (1, True)])
def test_a_header_is_cut_only_above_its_limit(extra: int, cut: bool) -> None:
    room = HEADER - len(": negative review")
    header = payload(alert("en", brand="x" * (room + extra)))["blocks"][0]["text"]["text"]
    assert len(header) <= HEADER
    assert header.endswith("…") is cut


@pytest.mark.parametrize(("extra", "shown"), [(-1, True), (0, True), (1, False)])
def test_a_button_is_left_out_only_for_an_address_above_its_limit(extra: int, shown: bool) -> None:
    stem = "https://x.test/"
    url = stem + "y" * (BUTTON_URL - len(stem) + extra)
    blocks = payload(alert("en", url=url))["blocks"]
    assert any(block["type"] == "actions" for block in blocks) is shown


def test_a_message_has_never_more_blocks_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from alerts.digest import render

    for n in (BLOCKS - 2, BLOCKS - 1, BLOCKS, BLOCKS + 5):
        monkeypatch.setattr(render, "slack_blocks", lambda digest, n=n: [{"type": "divider"}] * n)
        message = payload(NOTICES["digest"])
        assert len(message["blocks"]) == min(n + 1, BLOCKS)
        assert message["blocks"][-1]["elements"][0]["text"] == "Event digest-1"


@pytest.mark.parametrize("text", ["<!channel>", "<@U1>", "<http://x|y>", "<#C1>", "&lt;!here&gt;", NASTY])
def test_a_strangers_text_never_works_as_markup(text: str) -> None:
    angry = alert("en", text=text, author=text, title=text)
    for notice in (angry, storm(quotes=(angry.mention,))):
        message = payload(notice)
        for kind, shown in _typed_texts(message["blocks"]):
            if "<" in shown:  # only our own link in a storm
                assert kind == "mrkdwn"
                assert shown.count("<") == 1
                assert "|open>" in shown
        assert "<" not in message["text"]
        assert ">" not in message["text"]
        assert message["mrkdwn"] is False


def test_what_a_stranger_wrote_is_plain_text_and_ours_is_not_linked() -> None:
    message = payload(alert("en", text=f"MARK {NASTY}", author=f"MARK {NASTY}", title="MARK"))
    marked = [(kind, shown) for kind, shown in _typed_texts(message["blocks"]) if "MARK" in shown]
    assert len(marked) == 2
    assert {kind for kind, _ in marked} == {"plain_text"}
    assert all(value["verbatim"] for value in _objects(message["blocks"]) if value["type"] == "mrkdwn")
    assert not any(value.get("emoji") for value in _objects(message["blocks"]))
    assert message["unfurl_links"] is False
    assert message["unfurl_media"] is False


def test_an_entity_is_never_cut_in_two() -> None:
    for n in range(12):
        notice = alert("en", why=("x" * (SECTION_TEXT - 60 + n) + "&" * 20,))
        text = next(shown for _, shown in _typed_texts(payload(notice)["blocks"]) if "Why" in shown)
        assert text.count("&") == text.count("&amp;")
        assert len(text) <= SECTION_TEXT


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://", "ftp://x.test", "https://x y"]
)
def test_only_a_web_address_becomes_a_button(url: str) -> None:
    assert not any(block["type"] == "actions" for block in payload(alert("en", url=url))["blocks"])


def test_an_empty_text_becomes_something_that_slack_accepts() -> None:
    notice = alert(
        "en", text="\u200b \x00", brand="\u202e", why=("",), reply=SuggestedReply("en", " "), rule=""
    )
    assert faults(payload(notice)) == []


def _shared_spec() -> dict[str, Any]:
    folder = Path(os.environ.get("ATBALSS_TEST_SHARED", Path(__file__).parents[2].parent / "shared"))
    path = folder / "apis" / "specs" / "slack-web.json"
    if not path.is_file():
        pytest.skip("Slack's published specification is not here (ATBALSS_TEST_SHARED)")
    spec: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return spec


def test_every_error_that_slack_publishes_has_a_verdict() -> None:
    spec = _shared_spec()
    published: set[str] = set()
    for path in ("/chat.postMessage", "/auth.test"):
        for operation in spec["paths"][path].values():
            schema = operation["responses"]["default"]["schema"]
            published |= set(schema["properties"]["error"]["enum"])
    known = slack.REFUSED | slack.UNACCEPTABLE | slack.THROTTLED | slack.UNAVAILABLE
    assert published <= known
    assert {"channel_not_found", "is_archived", "invalid_auth"} <= published & slack.REFUSED
    assert {"msg_too_long", "no_text"} <= published & slack.UNACCEPTABLE
    assert "rate_limited" in published & slack.THROTTLED


def test_the_arguments_are_those_that_slack_publishes() -> None:
    parameters = _shared_spec()["paths"]["/chat.postMessage"]["post"]["parameters"]
    published = {parameter["name"] for parameter in parameters}
    # `metadata` came after the published specification; the vendor's SDK has it.
    assert set(payload(alert())) - {"metadata"} <= published


def test_the_groups_of_errors_do_not_overlap() -> None:
    groups = [slack.REFUSED, slack.UNACCEPTABLE, slack.THROTTLED, slack.UNAVAILABLE]
    assert sum(map(len, groups)) == len(frozenset().union(*groups))


def _objects(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    stack: list[Any] = list(reversed(blocks))
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("type") in ("plain_text", "mrkdwn"):
                found.append(value)
            stack.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            stack.extend(reversed(value))
    return found


def _typed_texts(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(value["type"], value["text"]) for value in _objects(blocks)]


def _section_texts(message: dict[str, Any]) -> list[str]:
    return [
        block["text"]["text"] for block in message["blocks"] if block["type"] == "section" and "text" in block
    ]
