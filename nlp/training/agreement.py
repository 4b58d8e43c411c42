"""How far two readers agree on our texts: Cohen's kappa for the label and for needs-reply.

    python -m nlp.training.agreement

Reads `nlp/training/texts/second/*.jsonl`: for each text that was read twice the two readings as they were before the
rows were settled, neither reader knowing the other's. Prints a table per language, with the rows of the
development writers apart, and how much the aspects overlap where both read by the present table of the guide.
Kappa: J. Cohen, A coefficient of agreement for nominal scales, 1960.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nlp.training.own_texts import TEXTS, identity, is_dev, read_texts

__all__ = ["kappa", "pairs"]


def kappa(first: Sequence[object], second: Sequence[object]) -> float:
    """Cohen's kappa of two readers over the same rows; 1.0 where both use one value throughout."""
    if len(first) != len(second) or not first:
        raise ValueError("two readings of the same rows, at least one")
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    ones, twos = Counter(first), Counter(second)
    expected = sum(ones[value] * twos[value] for value in ones) / (n * n)
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def pairs(folder: Path = TEXTS) -> Iterable[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Yield (row as it stands, first reading, second reading) for each text that was read twice."""
    twice = {
        row["id"]: row
        for path in sorted((folder / "second").glob("*.jsonl"))
        for row in map(json.loads, path.read_text("utf-8").splitlines())
    }
    for row in read_texts(folder):
        readings = twice.get(identity(row["text"]))
        if readings is not None:
            yield row, readings["first"], readings["second"]


def main() -> int:
    """Print the table."""
    groups: dict[tuple[str, str], list[tuple[dict[str, Any], dict[str, Any]]]] = defaultdict(list)
    for row, first, second in pairs():
        groups[row["lang"], "dev" if is_dev(row["writer"]) else "train"].append((first, second))
    print(
        f"{'language':<10}{'part':<7}{'n':>6}{'label':>9}{'kappa':>8}{'reply':>9}{'kappa':>8}{'aspects F1':>12}"
    )
    for (lang, part), readings in sorted(groups.items()):
        figures = [f"{lang:<10}{part:<7}{len(readings):>6}"]
        for field in ("label", "needs_reply"):
            one, two = [first[field] for first, _ in readings], [second[field] for _, second in readings]
            same = sum(a == b for a, b in zip(one, two, strict=True)) / len(readings)
            figures.append(f"{same:>9.1%}{kappa(one, two):>8.3f}")
        named = [(set(a["aspects"]), set(b["aspects"])) for a, b in readings if a["aspects"] is not None]
        total = sum(len(a) + len(b) for a, b in named)
        figures.append(f"{2 * sum(len(a & b) for a, b in named) / total:>12.3f}" if total else f"{'-':>12}")
        print("".join(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
