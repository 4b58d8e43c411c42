"""What a run did, as tables for a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from alerts.decide import Reason, say
from atbalss.pipeline.collect import Collected
from atbalss.pipeline.once import RunResult
from atbalss.pipeline.runtime import Runtime
from store.identity import StoreDecision
from store.overview import decision_counts, score_counts

__all__ = ["collected_table", "print_summary"]

_UNSCORED = {
    "empty": "no text (rating only)",
    "no_letters": "no letters (emoji, digits)",
    "too_short": "too short",
    "unsupported_language": "a language that the model does not know",
    "low_margin": "the model is not sure",
}


def print_summary(runtime: Runtime, result: RunResult, console: Console) -> None:
    """What was collected now, and how everything that is stored was judged and decided."""
    with runtime.store.read() as session:
        scores = score_counts(session)
        decisions = decision_counts(session)
    if result.collected:
        console.print(collected_table(result.collected))
    else:
        console.print("Collected: no source is due.")
    console.print(_scores_table(scores))
    console.print(_decisions_table(decisions))
    alerts = sum(count for reason, count in decisions.items() if reason in (Reason.ALERT, Reason.STORM))
    console.print(
        f"This run: new posts {_new(result.collected)}, scored {result.scored}, decided {result.decided}, "
        f"notices delivered {result.delivered}. In all: posts {sum(scores.values())}, in alerts {alerts}."
    )


def _new(collected: Sequence[Collected]) -> int:
    return sum(one.decisions[StoreDecision.NEW] for one in collected)


def collected_table(results: Sequence[Collected]) -> Table:
    """One row for each source that was asked."""
    table = Table(title="Collected", title_justify="left")
    table.add_column("source", overflow="fold")
    table.add_column("answer")
    rows = [(one, _counts(one)) for one in sorted(results, key=lambda one: one.source)]
    # A column in which nothing happened says nothing, but for the first.
    shown = [name for name in _COLUMNS if name == "new" or any(counts[name] for _, counts in rows)]
    for name in shown:
        table.add_column(name, justify="right")
    for one, counts in rows:
        table.add_row(one.source, one.answer, *(str(counts[name]) if counts[name] else "·" for name in shown))
    return table


_COLUMNS: dict[str, tuple[StoreDecision, ...]] = {
    "new": (StoreDecision.NEW,),
    "edited": (StoreDecision.EDITED,),
    "replied": (StoreDecision.REPLIED,),
    "known": (StoreDecision.UNCHANGED, StoreDecision.STALE, StoreDecision.TOO_MANY_EDITS),
    "deleted": (StoreDecision.DELETED, StoreDecision.NEVER_SEEN),
    "not kept": (StoreDecision.ERASED_AUTHOR, StoreDecision.PAST_RETENTION, StoreDecision.OTHER_BRAND),
    "problems": (),
}


def _counts(one: Collected) -> dict[str, int]:
    counts = {name: sum(one.decisions[kind] for kind in kinds) for name, kinds in _COLUMNS.items()}
    return {**counts, "problems": len(one.problems)}


def _scores_table(scores: Counter[tuple[str, str, str | None]]) -> Table:
    by_lang: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    for (lang, label, reason), count in scores.items():
        by_lang[lang][label] += count
        if reason is not None:
            reasons[reason] += count
    table = Table(title="Scored, by language", title_justify="left", show_footer=True)
    labels = ("neg", "neu", "pos", "unscored")
    total: Counter[str] = sum(by_lang.values(), Counter())
    table.add_column("language", footer="all")
    for label in labels:
        table.add_column(label, justify="right", footer=str(total[label]))
    table.add_column("all", justify="right", footer=str(total.total()))
    for lang, counts in sorted(by_lang.items(), key=lambda item: -item[1].total()):
        table.add_row(lang, *(str(counts[label] or "·") for label in labels), str(counts.total()))
    if reasons:
        table.caption = "Unscored: " + "; ".join(
            f"{count} {_UNSCORED.get(reason, reason)}" for reason, count in reasons.most_common()
        )
        table.caption_justify = "left"
    return table


def _decisions_table(decisions: Counter[str]) -> Table:
    table = Table(title="Alerts, and why not", title_justify="left")
    table.add_column("decision")
    table.add_column("posts", justify="right")
    told = {Reason.ALERT: "alerted one by one", Reason.STORM: "alerted together, as a storm"}
    for reason, words in told.items():
        if decisions[reason]:
            table.add_row(words, str(decisions[reason]), style="bold")
    for reason_name, count in decisions.most_common():
        if reason_name not in told:
            table.add_row(f"not alerted: {say(reason_name)}", str(count))
    return table
