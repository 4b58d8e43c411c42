"""Behaviour tests of the model (Ribeiro et al. 2020, "CheckList"): what it must do and what must not matter to it.

`LANG.jsonl` hold sentences of customers, written for these tests, about the same situations in each language, so
that rates can be compared between languages. None of them is trained on or used to choose anything.
"""

from __future__ import annotations

from tests.behaviour.cases import DERIVED, KINDS, Case, cases_of
from tests.behaviour.rates import Rate, rates_of
from tests.behaviour.rows import LANGUAGES, Row, read_rows

__all__ = ["DERIVED", "KINDS", "LANGUAGES", "Case", "Rate", "Row", "cases_of", "rates_of", "read_rows"]
