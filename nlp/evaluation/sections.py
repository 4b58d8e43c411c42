"""The parts of the quality report: from scored sets to Markdown; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nlp.evaluation.markdown import NOTHING, figure, points, ranged, table
from nlp.evaluation.metrics import auc, binary, macro_f1, majority
from nlp.evaluation.scored import NEEDED, Labels, Scored
from nlp.evaluation.sets import ABOUT, LabelledSet, Row
from nlp.training.own_texts import ASPECTS, LABELS

__all__ = [
    "COVERAGES",
    "FEWEST",
    "about",
    "against_baselines",
    "aspects",
    "complaints",
    "foreign",
    "own_heads",
    "retyping",
    "risk",
    "sentiment",
    "slices",
]

COVERAGES = (0.8, 0.9, 0.95, 1.0)
FEWEST = 10
"""A part with fewer rows has no figures of its own."""

# Up to so many words.
_LENGTHS = (1, 3, 10, 25, 50)
_KINDS: Mapping[str, frozenset[str]] = {
    "reviews": frozenset({"google", "app_store", "marketplace", "survey"}),
    "social media": frozenset({"facebook", "instagram", "youtube", "tiktok", "twitter"}),
    "forums and comments on news": frozenset({"forum", "news_comment"}),
    "messages": frozenset({"email", "chat"}),
}


def about(sets: Sequence[LabelledSet]) -> str:
    """What each set is, where it comes from and on what terms."""
    known = [(found, ABOUT[found.name]) for found in sets if found.name in ABOUT]
    return table(
        ("set", "rows", "left out", "what it is", "origin", "licence"),
        (
            (found.name, len(found.rows), found.left_out, one.what, one.origin, one.licence)
            for found, one in known
        ),
    )


def sentiment(parts: Sequence[tuple[str, Scored]]) -> str:
    """How well the labels of each titled part are told."""

    def line(title: str, part: Scored) -> Sequence[str]:
        found = part.sentiment()
        return (
            title,
            str(found.n),
            f"{found.coverage:.3f} / {1 - found.accuracy:.3f}"
            if part.judged().rows
            else "0.000 / " + NOTHING,
            figure(part.risk_at(0.8)),
            figure(found.accuracy),
            ranged(found.macro_f1, part.macro_f1_interval()),
            figure(part.macro_f1_of_all()),
            figure(found.f1_neg),
            figure(part.calibration_error()),
        )

    return table(
        (
            *("set", "n", "coverage / risk", "risk at 0.8", "accuracy", "macro-F1 [95 %]", "of all rows"),
            *("F1 neg", "ECE"),
        ),
        (line(title, part) for title, part in parts),
    )


def against_baselines(parts: Sequence[Scored], baselines: Mapping[str, Labels], rival: str) -> str:
    """Macro-F1 of the model and of each baseline on the rows that the model judged; the lead over `rival`."""

    def line(part: Scored) -> Sequence[str]:
        judged = part.judged()
        labels = part.labels
        lazy = majority(judged.true, LABELS)
        given = {
            name: [answers[row.text, row.lang] for row in judged.rows] for name, answers in baselines.items()
        }
        ours = part.sentiment().macro_f1
        cells = [part.name, str(len(judged.rows)), figure(ours), figure(macro_f1(judged.true, lazy, labels))]
        cells += [figure(macro_f1(judged.true, answers, labels)) for answers in given.values()]
        if rival in given:
            lead = ours - macro_f1(judged.true, given[rival], labels)
            cells.append(points(lead, judged.lead_over(given[rival])))
        return cells

    lead = (f"lead over {rival}, points [95 %]",) if rival in baselines else ()
    return table(("set", "n", "model", "majority", *baselines, *lead), map(line, parts))


def foreign(part: Scored) -> str:
    """How many texts of a language that is not judged were judged nevertheless."""
    judged = part.judged()
    return (
        f"`{part.name}`: of {len(part.rows)} texts in a language that is not judged, "
        f"{100 * len(judged.rows) / len(part.rows):.1f} % were taken for another language and judged.\n\n"
    )


def complaints(part: Scored) -> str:
    """How the model's answers go with somebody else's notion of a complaint."""
    judged = part.judged()
    true = [bool(row.complaint) for row in judged.rows]
    negative = [score.p.neg if score.p else 0.0 for score in judged.scores]
    said = [label == "neg" for label in judged.given]
    measures: list[tuple[str, list[float], list[bool]]] = [("label neg", negative, said)]
    if judged.tells_needs_reply:
        needed = [score.needs_reply or 0.0 for score in judged.scores]
        measures.append(("needs a reply", needed, [value >= NEEDED for value in needed]))
    rows = []
    for title, values, answers in measures:
        found = binary(true, answers)
        rows.append(
            (title, len(true), *map(figure, (auc(true, values), found.precision, found.recall, found.f1)))
        )
    return table(("taken as a complaint", "n", "AUC", "precision", "recall", "F1"), rows)


def own_heads(parts: Sequence[tuple[str, Scored]]) -> str:
    """How well needs-reply and aspects are told."""

    def line(title: str, part: Scored) -> Sequence[str]:
        needed = part.needs_reply()
        return (
            title,
            str(len(part.rows)),
            str(sum(bool(row.needs_reply) for row in part.rows)),
            figure(needed.precision),
            figure(needed.recall),
            ranged(needed.f1, part.needs_reply_interval()),
            ranged(part.aspects(), part.aspects_interval()),
        )

    heads = (
        "set",
        "n",
        "need a reply",
        "precision",
        "recall",
        "needs-reply F1 [95 %]",
        "aspects micro-F1 [95 %]",
    )
    return table(heads, (line(title, part) for title, part in parts))


def aspects(part: Scored) -> str:
    """How well each aspect is told."""
    counts = {name: sum(name in (row.aspects or ()) for row in part.rows) for name in ASPECTS}
    rows = []
    for name, count in counts.items():
        found = part.aspect(name)
        rows.append((name, count, figure(found.precision), figure(found.recall), figure(found.f1)))
    return table(("aspect", "rows", "precision", "recall", "F1"), rows)


def slices(part: Scored) -> str:
    """How well tags, lengths and kinds of platform are told, of those with enough rows."""

    def tagged(tag: str) -> Callable[[Row], bool]:
        return lambda row: tag in row.tags

    def between(low: int, high: int | None) -> Callable[[Row], bool]:
        return lambda row: low <= len(row.text.split()) and (high is None or len(row.text.split()) <= high)

    def on(platforms: frozenset[str]) -> Callable[[Row], bool]:
        return lambda row: row.platform in platforms

    tags = sorted({tag for row in part.rows for tag in row.tags})
    lows = (1, *(limit + 1 for limit in _LENGTHS))
    lengths = [
        (
            f"{low} word"
            if low == high == 1
            else f"{low} to {high} words"
            if high
            else f"{low} words and more",
            between(low, high),
        )
        for low, high in zip(lows, (*_LENGTHS, None), strict=True)
    ]
    text = ""
    for title, choices in (
        ("tag", [(tag, tagged(tag)) for tag in tags]),
        ("length", lengths),
        ("platform", [(name, on(platforms)) for name, platforms in _KINDS.items()]),
    ):
        found = [(name, part.where(keep)) for name, keep in choices]
        text += table(
            (
                title,
                "n",
                "neg / neu / pos",
                "coverage",
                "accuracy",
                "macro-F1",
                "need a reply",
                "needs-reply F1",
            ),
            (_slice(name, rows) for name, rows in found if len(rows.rows) >= FEWEST),
        )
    return text


def _slice(name: str, part: Scored) -> Sequence[object]:
    found = part.sentiment()
    needed = sum(bool(row.needs_reply) for row in part.rows)
    return (
        name,
        found.n,
        " / ".join(str(part.true.count(label)) for label in LABELS),
        figure(found.coverage),
        figure(found.accuracy),
        figure(found.macro_f1),
        needed,
        figure(part.needs_reply().f1 if needed and part.tells_needs_reply else None),
    )


def retyping(pairs: Sequence[tuple[str, Scored, Scored]]) -> str:
    """What changes when the same rows are typed in another way; all rows count."""

    def line(title: str, plain: Scored, other: Scored) -> Sequence[str]:
        before, after = plain.macro_f1_of_all(), other.macro_f1_of_all()
        same = sum(a == b for a, b in zip(plain.given, other.given, strict=True)) / len(plain.rows)
        return (
            title,
            str(len(plain.rows)),
            figure(plain.sentiment().coverage),
            figure(other.sentiment().coverage),
            figure(before),
            figure(after),
            points(after - before, other.lead_over(plain.given)),
            figure(same),
            *(
                (figure(plain.needs_reply().f1), figure(other.needs_reply().f1))
                if plain.tells_needs_reply
                else (NOTHING, NOTHING)
            ),
        )

    return table(
        (
            *("typed", "n", "coverage plain", "typed so", "macro-F1 plain", "typed so"),
            *("difference, points [95 %]", "same label", "needs-reply F1 plain", "typed so"),
        ),
        (line(*pair) for pair in pairs),
    )


def risk(parts: Sequence[tuple[str, Scored]]) -> str:
    """The share of wrong labels when only the surest rows are answered."""
    return table(
        (
            "set",
            "n",
            *(f"risk at {coverage}" for coverage in COVERAGES),
            "coverage as shipped",
            "risk",
            "AURC",
        ),
        (
            (
                title,
                len(part.rows),
                *(figure(part.risk_at(coverage)) for coverage in COVERAGES),
                figure(part.sentiment().coverage),
                figure(1 - part.sentiment().accuracy),
                figure(part.aurc()),
            )
            for title, part in parts
        ),
    )
