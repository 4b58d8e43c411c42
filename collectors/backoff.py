"""How long to wait before the next attempt: growing, jittered, capped."""

from __future__ import annotations

import random

__all__ = ["growing_delay"]


def growing_delay(attempt: int, *, base: float, cap: float, random: random.Random) -> float:
    """Seconds to wait after the failed attempt number `attempt` (1, 2, ...).

    Doubles from `base` up to `cap`; the upper half is random, so that sources which failed together do not
    come back together.
    """
    if attempt < 1:
        raise ValueError(f"attempts are counted from 1, not {attempt}")
    # 2.0**64 is far above any cap; without the bound a source that fails for years would overflow a float.
    full = min(cap, base * 2.0 ** min(attempt - 1, 64))
    return full * (0.5 + random.random() / 2)
