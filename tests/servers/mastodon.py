"""A Mastodon server that holds statuses in memory: hashtag timelines, search, tokens, limits and faults.

Kept honest by tests/contract/test_mastodon.py, which checks its answers against the vendor's description
and walks it with a vendor client.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["EPOCH", "FakeMastodon", "account"]

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)


class FakeMastodon:
    """`app` is the server, `address` where it runs, for whoever starts it.

    `hidden` ids are left out of answers, as those of blocked accounts are. `requests` logs (path,
    parameters); `faults` are taken instead of the next answers.
    """

    def __init__(self, *, token: str | None = None) -> None:
        self.token = token
        self.address = ""
        self.statuses: list[dict[str, Any]] = []
        self.requests: list[tuple[str, list[tuple[str, str]]]] = []
        self.faults: list[Response | Callable[[], Response]] = []
        self.hidden: set[str] = set()
        self.sends_links = True
        self.app = Starlette(
            routes=[
                Route("/api/v1/timelines/tag/{tag}", self._timeline),
                Route("/api/v2/search", self._search),
            ]
        )

    def add(
        self, text: str, *, tags: tuple[str, ...] = ("atbalss",), minutes: float | None = None, **changes: Any
    ) -> str:
        """Post `text` (HTML), `minutes` after the epoch or a minute after the last one; its id."""
        if minutes is None:
            minutes = len(self.statuses)
        created = EPOCH + timedelta(minutes=minutes)
        # As the real ones: milliseconds and a sequence number in one integer, written as text.
        number = str((int(created.timestamp() * 1000) << 16) + len(self.statuses))
        status = {
            "id": number,
            "created_at": _stamp(created),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "lv",
            "uri": f"https://social.example/users/anna/statuses/{number}",
            "url": f"https://social.example/@anna/{number}",
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            "edited_at": None,
            "content": f"<p>{text}</p>",
            "reblog": None,
            "account": account(),
            "media_attachments": [],
            "mentions": [],
            "tags": [{"name": tag, "url": f"https://social.example/tags/{tag}"} for tag in tags],
            "emojis": [],
            "card": None,
            "poll": None,
        } | changes
        self.statuses.append(status)
        return number

    def edit(self, status_id: str, text: str, *, minutes: float) -> None:
        """Change the text of a status."""
        [status] = [status for status in self.statuses if status["id"] == status_id]
        status["content"] = f"<p>{text}</p>"
        status["edited_at"] = _stamp(EPOCH + timedelta(minutes=minutes))

    async def _timeline(self, request: Request) -> Response:
        if (fault := self._fault(request)) is not None:
            return fault
        query = request.query_params
        any_of = {request.path_params["tag"], *query.getlist("any[]")}
        chosen = [
            status
            for status in self.statuses
            if any_of & _tags(status)
            and set(query.getlist("all[]")) <= _tags(status)
            and not set(query.getlist("none[]")) & _tags(status)
        ]
        page = self._cut(chosen, request, forward=True)
        shown = [status for status in page if status["id"] not in self.hidden]
        headers = self._limits()
        if page and self.sends_links:
            keep = [(k, v) for k, v in query.multi_items() if k not in ("min_id", "max_id", "since_id")]
            base = str(request.url.replace(query=""))
            older = urlencode([*keep, ("max_id", page[-1]["id"])])
            newer = urlencode([*keep, ("min_id", page[0]["id"])])
            headers["Link"] = f'<{base}?{older}>; rel="next", <{base}?{newer}>; rel="prev"'
        return JSONResponse(shown, headers=headers)

    async def _search(self, request: Request) -> Response:
        if (fault := self._fault(request)) is not None:
            return fault
        words = request.query_params["q"].lower()
        chosen = [status for status in self.statuses if words in status["content"].lower()]
        # The search's min_id is only a lower bound, and it gives no links.
        page = self._cut(chosen, request, forward=False)
        return JSONResponse({"accounts": [], "statuses": page, "hashtags": []}, headers=self._limits())

    def _cut(
        self, statuses: list[dict[str, Any]], request: Request, *, forward: bool
    ) -> list[dict[str, Any]]:
        query = request.query_params
        limit = min(int(query.get("limit", 20)), 40)
        chosen = sorted(statuses, key=lambda status: int(status["id"]), reverse=True)
        if "max_id" in query:
            chosen = [status for status in chosen if int(status["id"]) < int(query["max_id"])]
        if "min_id" in query:
            chosen = [status for status in chosen if int(status["id"]) > int(query["min_id"])]
            return chosen[-limit:] if forward and "max_id" not in query else chosen[:limit]
        return chosen[:limit]

    def _fault(self, request: Request) -> Response | None:
        self.requests.append((request.url.path, request.query_params.multi_items()))
        if self.faults:
            fault = self.faults.pop(0)
            return fault if isinstance(fault, Response) else fault()
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"error": "The access token is invalid"}, status_code=401)
        return None

    def _limits(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": "299",
            "X-RateLimit-Reset": "2026-11-22T21:00:00.374098Z",
        }


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _tags(status: dict[str, Any]) -> set[str]:
    return {tag["name"] for tag in status["tags"]}


def account(acct: str = "anna", display_name: str = "Anna Liepa") -> dict[str, Any]:
    """An account's JSON; `acct` is a name, with its server for those of other servers."""
    picture = "https://social.example/missing.png"
    return {
        "id": "117440810673731823",
        "username": acct.split("@")[0],
        "acct": acct,
        "display_name": display_name,
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": True,
        "group": False,
        "created_at": "2026-10-14T00:00:00.000Z",
        "note": "",
        "url": f"https://social.example/@{acct}",
        "uri": f"https://social.example/users/{acct}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": 120,
        "following_count": 7,
        "statuses_count": 3,
        "last_status_at": "2026-11-01",
        "emojis": [],
        "fields": [],
    }
