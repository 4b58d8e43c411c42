"""How far two readers agree on our texts: Cohen's kappa for the label and for needs-reply.

    python -m nlp.training.agreement

Reads `nlp/training/texts/*.jsonl` (the first labels) and `nlp/training/texts/second/*.jsonl` (those of a second
reader, who saw neither the first labels nor the writers' tags). Prints a table per language, with the rows of the
development writers apart, and how often the aspects overlap.
Kappa: J. Cohen, A coefficient of agreement for nominal scales, 1960.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nlp.training.own_texts import TEXTS, identity, read_texts

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


def pairs(folder: Path = TEXTS) -> Iterable[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield (writer, first row, second reading) for each text that was read twice."""
    second = {
        row["id"]: row
        for path in sorted((folder / "second").glob("*.jsonl"))
        for row in map(json.loads, path.read_text("utf-8").splitlines())
    }
    for row in read_texts(folder):
        again = second.get(identity(row["text"]))
        if again is not None:
            yield row["writer"], row, again


def main() -> int:
    """Print the table."""
    groups: dict[tuple[str, str], list[tuple[dict[str, Any], dict[str, Any]]]] = defaultdict(list)
    for writer, first, second in pairs():
        part = "dev" if writer.startswith("dev") else "train"
        groups[first["lang"], part].append((first, second))
    print(
        f"{'language':<10}{'part':<7}{'n':>6}{'label':>9}{'kappa':>8}{'reply':>9}{'kappa':>8}{'aspects F1':>12}"
    )
    for (lang, part), rows in sorted(groups.items()):
        figures = [f"{lang:<10}{part:<7}{len(rows):>6}"]
        for field in ("label", "needs_reply"):
            one, two = [first[field] for first, _ in rows], [second[field] for _, second in rows]
            same = sum(a == b for a, b in zip(one, two, strict=True)) / len(rows)
            figures.append(f"{same:>9.1%}{kappa(one, two):>8.3f}")
        both = sum(len(set(first["aspects"]) & set(second["aspects"])) for first, second in rows)
        all_ = sum(len(first["aspects"]) + len(second["aspects"]) for first, second in rows)
        figures.append(f"{2 * both / all_ if all_ else 1:>12.3f}")
        print("".join(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
