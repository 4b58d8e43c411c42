"""The stages: collected -> scored -> decided -> delivered -> reported.

Each stage is a function that takes its work from the tables under a lease and leaves a state behind, so that a crash
costs a lease, several processes may run one stage, and the same functions can later be tasks of a distributed
engine.
"""

from __future__ import annotations

__all__: list[str] = []
