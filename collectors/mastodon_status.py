"""A Mastodon status: what its JSON must hold, and the post that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from atbalss.errors import SourceChanged
from collectors.base import RowProblem
from collectors.html import plain_text
from collectors.post import Post, PostKind

__all__ = ["Status", "id_order", "read_statuses"]

_PUBLIC = frozenset({"public", "unlisted"})


class _Malformed(ValueError):
    """A field is missing or has another type; the message is its name."""


@dataclass(frozen=True, slots=True)
class Status:
    """A status as far as we read it. `parent_id` is the answered status' id on the same server."""

    id: str
    uri: str
    url: str | None
    html: str
    warning: str
    created_at: datetime
    edited_at: datetime | None
    language: str | None
    parent_id: str | None
    account: str
    account_name: str
    account_uri: str
    followers: int | None
    is_public: bool
    is_boost: bool

    def post(self) -> Post:
        """The post of a status, with its parent's id as this server calls it."""
        return Post(
            external_id=self.uri,
            kind=PostKind.COMMENT,
            text=plain_text(self.html),
            url=self.url or self.uri,
            title=self.warning.strip() or None,
            author=self.account_name.strip() or self.account,
            author_id=self.account_uri,
            language_hint=self.language,
            published_at=self.created_at,
            edited_at=self.edited_at,
            parent_id=self.parent_id,
            reach=self.followers,
        )


def id_order(status_id: str) -> tuple[int, str]:
    """Sorts ids by age: they are numbers in text, and a longer one is a later one."""
    return len(status_id), status_id


def read_statuses(data: Sequence[Any], source: str) -> tuple[list[str], list[Status], list[RowProblem]]:
    """Ids of all statuses, the readable ones, and a problem for each other one.

    Raises SourceChanged when an id is missing, as paging then cannot go on, or when none of them can be read.
    """
    ids: list[str] = []
    statuses: list[Status] = []
    problems: list[RowProblem] = []
    field = ""
    for item in data:
        if not isinstance(item, Mapping) or not isinstance(item.get("id"), str) or not item["id"]:
            raise _changed(source, "id")
        ids.append(item["id"])
        try:
            statuses.append(_status(item))
        except _Malformed as malformed:
            field = field or str(malformed)
            problems.append(RowProblem(f"status {item['id']}", f"field {malformed} is missing or malformed"))
    if problems and not statuses:
        raise _changed(source, field)
    return ids, statuses, problems


def _changed(source: str, field: str) -> SourceChanged:
    return SourceChanged(
        source,
        f"field {field} of a status is missing or malformed",
        "check that server is a Mastodon server; report it if it is",
    )


def _status(item: Mapping[str, Any]) -> Status:
    account = item.get("account")
    if not isinstance(account, Mapping):
        raise _Malformed("account")
    followers = account.get("followers_count")
    acct = _text(account, "acct", "account.")
    return Status(
        id=_text(item, "id"),
        uri=_text(item, "uri"),
        url=_optional(item, "url"),
        html=_text(item, "content", may_be_empty=True),
        warning=_optional(item, "spoiler_text") or "",
        created_at=_time(item, "created_at"),
        edited_at=None if item.get("edited_at") is None else _time(item, "edited_at"),
        language=_optional(item, "language"),
        parent_id=_optional(item, "in_reply_to_id"),
        account=acct,
        account_name=_optional(account, "display_name", "account.") or "",
        # Accounts have had `uri` since Mastodon 4.2, and other servers have none.
        account_uri=_optional(account, "uri", "account.") or _optional(account, "url", "account.") or acct,
        followers=followers if isinstance(followers, int) and followers >= 0 else None,
        is_public=_text(item, "visibility") in _PUBLIC,
        is_boost=item.get("reblog") is not None,
    )


def _text(item: Mapping[str, Any], name: str, prefix: str = "", *, may_be_empty: bool = False) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not (value or may_be_empty):
        raise _Malformed(prefix + name)
    return value


def _optional(item: Mapping[str, Any], name: str, prefix: str = "") -> str | None:
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise _Malformed(prefix + name)
    return value or None


def _time(item: Mapping[str, Any], name: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(_text(item, name))
    except ValueError:
        raise _Malformed(name) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
