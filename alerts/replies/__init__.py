"""Drafts of public replies in the author's language."""

from __future__ import annotations

from alerts.replies.suggest import LANGUAGES, Situation, situation_of, suggest

__all__ = ["LANGUAGES", "Situation", "situation_of", "suggest"]
