"""Posts with their scores and decisions, as a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from atbalss.errors import ConfigError
from atbalss.files import whole_file
from atbalss.pipeline.runtime import Runtime
from store.mentions import everything
from store.retention import note
from store.tables import AlertMention, Mention, Score

__all__ = ["export_posts"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_posts(runtime: Runtime, path: Path, brand: str | None, since: datetime | None) -> int:
    """Write one row for each post, oldest first; gives how many. Raises ConfigError for another ending."""
    ending = path.suffix.lower()
    if ending not in (".jsonl", ".csv"):
        raise ConfigError(f"--output {path}", "is neither .jsonl nor .csv", "choose one of the two")
    start = since.replace(tzinfo=UTC) if since else None
    count = 0
    with runtime.store.read() as session, whole_file(path, "--output") as file:
        rows = (_row(*found) for found in everything(session, brand, start))
        if ending == ".jsonl":
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        else:
            count = _write_csv(rows, csv.DictWriter(file, fieldnames=_COLUMNS))
    with runtime.store.write() as session:
        note(session, "export", brand or "all brands", {"posts": count}, runtime.now())
    return count


def _write_csv(rows: Iterator[dict[str, Any]], writer: csv.DictWriter[str]) -> int:
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
        count += 1
    return count


def _cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not run: a stranger's text may begin like a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return " ".join(value) if isinstance(value, list) else value


def _row(mention: Mention, score: Score | None, alert: AlertMention | None) -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "mention": mention.id,
        "brand": mention.brand,
        "source": mention.source,
        "external_id": mention.external_id,
        "kind": mention.kind,
        "url": mention.url,
        "title": mention.title,
        "text": mention.text,
        "stars": mention.stars,
        "author": mention.author,
        "published_at": time(mention.published_at),
        "collected_at": time(mention.collected_at),
        "edited_at": time(mention.edited_at),
        "owner_reply": mention.owner_reply,
        "owner_replied_at": time(mention.owner_replied_at),
        "lang": score.lang if score else None,
        "label": score.label if score else None,
        "reason": score.reason if score else None,
        "p_neg": score.p_neg if score else None,
        "p_neu": score.p_neu if score else None,
        "p_pos": score.p_pos if score else None,
        "satisfaction": score.satisfaction if score else None,
        "needs_reply": score.needs_reply if score else None,
        "aspects": score.aspects if score else [],
        "model": score.model if score else None,
        "decision": mention.decision,
        "alert": alert.alert_id if alert else None,
    }


_COLUMNS = tuple(
    _row(
        Mention(
            brand="",
            source="",
            external_id="",
            kind="",
            text="",
            content_hash="",
            collected_at=datetime.min.replace(tzinfo=UTC),
        ),
        None,
        None,
    )
)
