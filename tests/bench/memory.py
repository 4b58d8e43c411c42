"""Load time and memory of one model in a process of its own, and how its memory grows.

    python -m tests.bench.memory ours|theirs FOLDER THREADS [COUNT ...]

Prints one line of JSON: seconds until the model was ready, seconds until the first answer, resident megabytes then, and
after each COUNT of texts.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LANGUAGES", "Footprint", "footprint_of", "resident"]

LANGUAGES = ("lv", "lt", "hy", "ru", "en")
_TOGETHER = 32
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Footprint:
    """Seconds from the start of the imports until the model was loaded, and until the first text was judged.

    `resident` is what the process holds after the first text, in MB, `peak` the most it ever held; `grown` is what it
    held after so many texts.
    """

    loaded: float
    answered: float
    resident: float
    peak: float
    grown: dict[int, float]


def footprint_of(which: str, folder: Path, threads: int, counts: Sequence[int] = ()) -> Footprint:
    """Measure one model, "ours" or "theirs", in a fresh process."""
    command = [sys.executable, "-m", __name__, which, str(folder), str(threads), *map(str, counts)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the process that measures {which} failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Footprint(**{**found, "grown": {int(count): mb for count, mb in found["grown"].items()}})


def resident() -> float:
    """What this process holds in memory now, in MB; Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _run(which: str, folder: Path, threads: int, counts: Sequence[int]) -> Footprint:
    start = time.perf_counter()
    judge = _judge(which, folder, threads)
    loaded = time.perf_counter() - start
    judge(["Labdien! Vai jūs svētdien strādājat?"])
    answered = time.perf_counter() - start
    at_first = resident()
    grown: dict[int, float] = {}
    if counts:
        from tests.bench.samples import development_texts

        texts = [text for rows in development_texts().values() for text in rows]
        chance = random.Random(7)
        done = 0
        for count in sorted(counts):
            while done < count:
                judge(chance.sample(texts, _TOGETHER))
                done += _TOGETHER
            grown[count] = resident()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Footprint(loaded, answered, at_first, peak, grown)


def _judge(which: str, folder: Path, threads: int) -> Callable[[Sequence[str]], object]:
    """The imports are part of what is measured."""
    if which == "ours":
        from nlp.loading import load_scorer

        return load_scorer(str(folder), LANGUAGES, threads=threads).score
    from tests.bench.rival import Rival

    return Rival(folder, threads).score


def main() -> int:
    """The process that is measured."""
    which, folder, threads, *counts = sys.argv[1:]
    found = _run(which, Path(folder), int(threads), [int(count) for count in counts])
    sys.stdout.write(
        json.dumps(
            {
                "loaded": found.loaded,
                "answered": found.answered,
                "resident": found.resident,
                "peak": found.peak,
                "grown": found.grown,
            }
        )
        + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
