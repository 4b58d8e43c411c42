"""Language and sentiment: text in, score out, nothing remembered."""

from __future__ import annotations

from nlp.loading import load_scorer
from nlp.score import Label, Probabilities, Score, Scorer, UnscoredReason, satisfaction_of

__all__ = ["Label", "Probabilities", "Score", "Scorer", "UnscoredReason", "load_scorer", "satisfaction_of"]
