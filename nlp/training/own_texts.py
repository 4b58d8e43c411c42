"""Our own labelled texts: reading them, and what makes a row valid. `texts/GUIDE.md` says what the labels mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "ASPECTS",
    "DOMAINS",
    "FIELDS",
    "LABELS",
    "LANGUAGES",
    "PLATFORMS",
    "TAGS",
    "TEXTS",
    "identity",
    "is_dev",
    "problems_of",
    "read_texts",
]

TEXTS = Path(__file__).parent / "texts"

FIELDS = ("text", "lang", "label", "stars", "needs_reply", "aspects", "tags", "domain", "platform")
LANGUAGES = ("lv", "lt", "hy", "ru", "en")
LABELS = ("neg", "neu", "pos")
ASPECTS = (
    *("price", "delivery", "staff", "quality", "waiting_time", "product", "app_website", "returns_refund"),
    *("cleanliness", "food", "communication", "safety", "location", "other"),
)
TAGS = (
    *("implicit", "negation", "irony", "comparison", "mixed", "resolved", "question", "suggestion", "news"),
    *("advertisement", "spam", "third_person", "insult", "threat", "no_diacritics", "old_style"),
    *("translit_latin", "translit_cyrillic", "code_switch", "slang", "typos", "emoji", "one_word", "long"),
    *("thanks_but", "stars_disagree", "off_topic", "dialect"),
)
DOMAINS = (
    *("shop", "restaurant", "telecom", "bank", "clinic", "hotel", "transport", "grocery", "beauty"),
    *("public_service", "app", "courier", "other"),
)
PLATFORMS = (
    *("google", "facebook", "instagram", "youtube", "tiktok", "twitter", "forum", "survey", "email"),
    *("app_store", "marketplace", "news_comment", "chat"),
)


def identity(text: str) -> str:
    """Name a text: 12 hex digits, the same wherever it stands."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def is_dev(writer: str) -> bool:
    """Whether a writer's rows measure the model, and so may never train it."""
    return writer.startswith("dev")


def read_texts(folder: Path = TEXTS) -> Iterator[dict[str, Any]]:
    """Yield every row, with `writer` (of the file's name) beside its own fields."""
    for path in sorted(folder.glob("*.jsonl")):
        writer = path.stem.partition("_")[2]
        for line in path.read_text("utf-8").splitlines():
            yield {**json.loads(line), "writer": writer}


def problems_of(row: dict[str, Any]) -> list[str]:
    """What is wrong with a row; empty when it is valid."""
    found = []
    if tuple(key for key in row if key != "writer") != FIELDS:
        found.append(f"its fields are not {', '.join(FIELDS)}")
        return found
    for field, known in (
        ("lang", LANGUAGES),
        ("label", LABELS),
        ("domain", DOMAINS),
        ("platform", PLATFORMS),
    ):
        if row[field] not in known:
            found.append(f"{field} {row[field]!r} is not known")
    for field, choices in (("aspects", set(ASPECTS)), ("tags", set(TAGS))):
        found += [f"{field}: {value!r} is not known" for value in row[field] if value not in choices]
        if len(set(row[field])) != len(row[field]):
            found.append(f"{field} repeats a value")
    if not isinstance(row["needs_reply"], bool):
        found.append("needs_reply is neither true nor false")
    if row["stars"] is not None and row["stars"] not in (1, 2, 3, 4, 5):
        found.append("stars are not 1 to 5")
    if not row["text"].strip() or row["text"] != row["text"].strip():
        found.append("text is empty or has space around it")
    return found
