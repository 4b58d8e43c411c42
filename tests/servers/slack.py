"""A Slack that refuses what the real one refuses: limits and block types are judged by the vendor's own models."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

__all__ = ["Answer", "FakeSlack", "faults"]

MAX_BLOCKS = 50
MAX_TEXT = 40_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that the fake gives instead of its own."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FakeSlack:
    """Webhooks below /services/, and chat.postMessage and auth.test below /api/.

    `next` are answers to give first, in order; `messages` what was accepted; `requests` all that came in.
    """

    token: str = "xoxb-right"
    path: str = "/services/T0/B0/right"
    channels: tuple[str, ...] = ("C1", "#alerts")
    next: deque[Answer] = field(default_factory=deque)
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0

    def forget(self) -> None:
        """As if nothing had come in yet."""
        self.next.clear()
        self.messages.clear()
        self.requests = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/services/{rest:path}", self._webhook, methods=["POST"]),
                Route("/api/{method}", self._method, methods=["POST"]),
            ]
        )

    async def _webhook(self, request: Request) -> Response:
        self.requests += 1
        if self.next:
            return _given(self.next.popleft())
        if request.url.path != self.path:
            return PlainTextResponse("no_service", 404)
        message = await _json(request)
        if message is None or "metadata" in message or "channel" in message:
            return PlainTextResponse("invalid_payload", 400)
        if faults(message):
            return PlainTextResponse("invalid_blocks", 400)
        self.messages.append(message)
        return PlainTextResponse("ok")

    async def _method(self, request: Request) -> Response:
        self.requests += 1
        if self.next:
            return _given(self.next.popleft())
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        message = await _json(request)
        if message is None:
            return JSONResponse({"ok": False, "error": "invalid_post_type"})
        if request.path_params["method"] == "auth.test":
            return JSONResponse({"ok": True, "team": "Ozols", "user": "atbalss", "bot_id": "B1"})
        if message.get("channel") not in self.channels:
            return JSONResponse({"ok": False, "error": "channel_not_found"})
        if faults(message):
            return JSONResponse({"ok": False, "error": "invalid_blocks"})
        self.messages.append(message)
        ts = f"1503435956.{len(self.messages):06d}"
        return JSONResponse({"ok": True, "channel": "C1", "ts": ts, "message": {"text": message["text"]}})


def faults(message: dict[str, Any]) -> list[str]:
    """What Slack would not accept in this message, by the vendor's models and the documented limits."""
    found = []
    if not message.get("text") or len(message["text"]) > MAX_TEXT:
        found.append("no_text or msg_too_long")
    blocks = message.get("blocks", [])
    if len(blocks) > MAX_BLOCKS:
        found.append("too many blocks")
    for raw in blocks:
        try:
            parsed = Block.parse(raw)
            if parsed is None:
                found.append(f"unknown block {raw.get('type')}")
            elif parsed.to_dict() != raw:
                found.append(f"keys that Slack does not know in {raw.get('type')}")
        except SlackObjectFormationError as problem:
            found.append(str(problem))
    found.extend(f"text of {len(text)} characters" for text in _texts(blocks) if not 0 < len(text) <= 3000)
    found.extend("field of more than 2000" for text in _field_texts(blocks) if len(text) > 2000)
    metadata = message.get("metadata")
    if metadata is not None and Metadata(**metadata).to_dict() != metadata:
        found.append("metadata")
    return found


def _texts(blocks: list[dict[str, Any]]) -> list[str]:
    """The text of each text object, however deep."""
    found: list[str] = []
    stack: list[Any] = list(blocks)
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("type") in ("plain_text", "mrkdwn"):
                found.append(value["text"])
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found


def _field_texts(blocks: list[dict[str, Any]]) -> list[str]:
    return [field["text"] for block in blocks for field in block.get("fields", [])]


def _given(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers)


async def _json(request: Request) -> dict[str, Any] | None:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
