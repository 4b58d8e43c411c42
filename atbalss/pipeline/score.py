"""Stage two: scored. Each revision of a mention is judged once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from atbalss.pipeline.runtime import Runtime
from nlp.score import Score
from store.mentions import claim, fail, release
from store.scores import NewScore, save_score
from store.tables import Mention, Stage

__all__ = ["BATCH", "judged_text", "score_batch"]

log = structlog.get_logger()

BATCH = 128
"""Mentions of one claim: enough for batches of similar length, and few enough to be done within a lease."""


@dataclass(frozen=True, slots=True)
class _Work:
    mention_id: int
    revision: int
    text: str
    hint: str | None


def score_batch(runtime: Runtime, limit: int = BATCH) -> int:
    """Judge the oldest mentions that wait; gives how many were claimed (0: nothing waits).

    1. Load the model before anything is claimed: a broken one must not hold rows. 2. Claim by lease. 3. Judge
    outside of any transaction. 4. Store all judgements in one transaction; one whose mention was edited or taken
    over meanwhile is discarded. 5. A text that breaks the model is pushed forward alone, with its error.
    """
    scorer = runtime.scorer
    token = runtime.token()
    with runtime.store.write() as session:
        rows = claim(session, Stage.COLLECTED, token, runtime.now(), runtime.lease, limit)
        work = [_Work(row.id, row.revision, judged_text(row), row.language_hint) for row in rows]
    if not work:
        return 0
    try:
        scores: Sequence[Score | None] = scorer.score(
            [item.text for item in work], [item.hint for item in work]
        )
    except Exception:
        # One text may have broken the batch: find it, and do not lose the others.
        scores = [_alone(runtime, token, item) for item in work]
    stored = 0
    with runtime.store.write() as session:
        for item, score in zip(work, scores, strict=True):
            if score is not None:
                stored += save_score(
                    session, item.mention_id, item.revision, token, _row(score), runtime.now()
                )
        release(session, token)
    log.info("scored", action="score.done", claimed=len(work), stored=stored, model=scorer.name)
    return len(work)


def _alone(runtime: Runtime, token: str, item: _Work) -> Score | None:
    try:
        return runtime.scorer.score([item.text], [item.hint])[0]
    except Exception as error:
        # The message of an unknown error may quote the text: only its kind is kept.
        reason = f"the model failed: {type(error).__name__}"
        with runtime.store.write() as session:
            fail(session, item.mention_id, token, reason, runtime.now())
        log.error("a text broke the model", action="score.failed", mention=item.mention_id, reason=reason)
        return None


def judged_text(mention: Mention) -> str:
    """What the model reads: the title and the text, each once."""
    if mention.title and not mention.text.startswith(mention.title):
        return f"{mention.title}\n{mention.text}".strip()
    return mention.text


def _row(score: Score) -> NewScore:
    return NewScore(
        model=score.model,
        lang=score.lang,
        label=score.label,
        reason=score.reason,
        p=(score.p.neg, score.p.neu, score.p.pos) if score.p is not None else None,
        satisfaction=score.satisfaction,
        needs_reply=score.needs_reply,
        aspects=score.aspects,
    )
