"""What the bench found, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench.agreement import Agreement
from tests.bench.memory import Footprint
from tests.bench.speed import Pace

__all__ = ["agreement_line", "footprint_table", "growth_table", "speed_table"]


def speed_table(paces: Sequence[Pace], ours: str, theirs: str) -> str:
    """Texts a second of both in each case, and their ratio."""
    head = ("texts", "at a time", f"{ours}, texts/s", f"{theirs}, texts/s", "ratio")
    rows = [
        (
            pace.case.name,
            str(pace.case.together),
            f"{pace.speeds[ours]:.1f}",
            f"{pace.speeds[theirs]:.1f}",
            f"{pace.ratio(ours, theirs):.1f}",
        )
        for pace in paces
    ]
    return _table(head, rows)


def footprint_table(footprints: Mapping[str, Footprint]) -> str:
    """Load time and memory of each model."""
    head = ("model", "loaded, s", "first answer, s", "resident, MB", "peak, MB")
    rows = [
        (
            name,
            f"{found.loaded:.1f}",
            f"{found.answered:.1f}",
            f"{found.resident:.0f}",
            f"{found.peak:.0f}",
        )
        for name, found in footprints.items()
    ]
    return _table(head, rows)


def growth_table(footprint: Footprint) -> str:
    """Memory after so many texts."""
    rows = [("1", f"{footprint.resident:.0f}")]
    rows += [(f"{count:,}", f"{mb:.0f}") for count, mb in footprint.grown.items()]
    return _table(("texts judged", "resident, MB"), rows)


def agreement_line(found: Agreement) -> str:
    """Both arithmetics over the same texts, in words."""
    return (
        f"8 bits against floats over {found.texts} texts: the same label in {found.same_label:.2%}, "
        f"cosine of the vectors {found.mean_cosine:.5f} on average, {found.least_cosine:.5f} at least."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))
