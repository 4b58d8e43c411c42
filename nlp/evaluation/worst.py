"""The worst mistakes of a model, for people to read: where it was surest and wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlp.evaluation.scored import NEEDED, Scored

__all__ = ["MOST", "worst"]

MOST = 15

# How wrong, what is right and what was given, and the text.
_Mistake = tuple[float, str, str]


def worst(parts: Sequence[Scored], most: int = MOST) -> str:
    """Markdown: of each part at most `most` labels and `most` replies that are wrong, the surest first."""
    text = "# Worst errors\n"
    for part in parts:
        for title, mistakes in (("label", _labels(part)), ("needs a reply", _replies(part))):
            text += f"\n## {part.name}: {title}\n\n"
            for _, said, written in sorted(mistakes, key=lambda mistake: (-mistake[0], mistake[2]))[:most]:
                text += f"- {said}\n{_quoted(written)}\n"
    return text


def _labels(part: Scored) -> Iterator[_Mistake]:
    for row, score in zip(part.rows, part.scores, strict=True):
        if score.p is not None and row.label != score.label.value:
            p = score.p
            tags = ", ".join(sorted(row.tags)) or "no tags"
            shares = f"neg {p.neg:.2f}, neu {p.neu:.2f}, pos {p.pos:.2f}"
            yield p.confidence, f"**{row.label}**, given {score.label.value} ({shares}); {tags}", row.text


def _replies(part: Scored) -> Iterator[_Mistake]:
    for row, score in zip(part.rows, part.scores, strict=True):
        given = score.needs_reply
        if given is not None and (given >= NEEDED) is not bool(row.needs_reply):
            right = "yes" if row.needs_reply else "no"
            yield abs(given - NEEDED), f"**{right}**, given {given:.2f}; {row.label}", row.text


def _quoted(text: str) -> str:
    return "".join(f"  > {line}\n" for line in text.splitlines())
