"""Prints how often a model does what it must, as a table of kinds by languages.

    python -m tests.behaviour [--model shipped] [--failed KIND:LANG]

`--failed` prints the texts of one cell that did not pass instead of the table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from atbalss.errors import AtbalssError
from nlp.loading import SHIPPED, load_scorer
from tests.behaviour.cases import cases_of
from tests.behaviour.rates import rates_of, table_of
from tests.behaviour.rows import LANGUAGES

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.behaviour")
    parser.add_argument("--model", default=SHIPPED, help="as in the configuration: shipped, tiny, a folder")
    parser.add_argument(
        "--failed", metavar="KIND:LANG", help="print the texts of this cell that did not pass"
    )
    given = parser.parse_args(arguments)
    try:
        scorer = load_scorer(given.model, LANGUAGES)
    except AtbalssError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    rates = rates_of(scorer, [case for lang in LANGUAGES for case in cases_of(lang)])
    if given.failed is None:
        sys.stdout.write(f"{scorer.name}; behind a slash: cases with an unscored text, which do not pass\n\n")
        sys.stdout.write(table_of(rates) + "\n")
        return 0
    kind, _, lang = given.failed.partition(":")
    if (kind, lang) not in rates:
        sys.stderr.write(f"there are no tests of kind {kind} in {lang or 'no language'}\n")
        return 2
    for texts in rates[kind, lang].failed:
        sys.stdout.write("   ||   ".join(texts) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
