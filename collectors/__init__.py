"""Where posts come from: one module a kind of source, on one small framework."""

from __future__ import annotations

from collectors.base import Collector, Context, Cursor, Page, RowProblem, SourceFacts
from collectors.post import Post, PostKind, SurveyAnswer, SurveyKind

__all__ = [
    "Collector",
    "Context",
    "Cursor",
    "Page",
    "Post",
    "PostKind",
    "RowProblem",
    "SourceFacts",
    "SurveyAnswer",
    "SurveyKind",
]
