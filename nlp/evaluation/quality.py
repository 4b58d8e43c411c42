"""Measures a model on labelled sets and writes what was found as Markdown.

    python -m nlp.evaluation.quality --data FOLDER [--model shipped] [--out docs/quality.md] [--work var/evaluation]
    python -m nlp.evaluation.quality --data FOLDER --set NAME [--set NAME]

FOLDER holds `eval/<set>.jsonl` with `text`, `label` (neg, neu, pos) and `lang`, and for the rest of the report `train/`
and `lexicons/`. With --set only those sets are measured, and nothing else is needed: for your own labelled texts.
The same input gives the same report.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from atbalss.errors import AtbalssError, ModelError
from nlp.evaluation.lessons import Lessons, lessons_of, unseen
from nlp.evaluation.report import Measured, of_sets, report
from nlp.evaluation.retyped import Retyped, retyped
from nlp.evaluation.scored import Labels, Memory, Scored, scored
from nlp.evaluation.sets import LANGUAGES, LabelledSet, Row, own_dev, read_complaints, read_set, set_names
from nlp.evaluation.worst import worst
from nlp.loading import SHIPPED, load_scorer
from nlp.score import Scorer, UnscoredReason
from nlp.training.variants import read_romanisation

__all__ = ["Material", "main", "measure", "read_material"]

_SEED = 7
# With more rows than this share left unjudged for their language, a set is measured again with its language told.
_LOST_TO_LANGUAGE = 0.02


@dataclass(frozen=True, slots=True)
class Material:
    """All that is measured: other people's sets, their complaints, our own texts, and these typed in other ways.

    Rows that the shipped model has seen are left out.
    """

    lessons: Lessons
    sets: Sequence[LabelledSet]
    complaints: LabelledSet | None
    own: Sequence[LabelledSet]
    retyped: Sequence[Retyped]

    def labelled(self) -> Iterable[Row]:
        """Every row whose label a baseline is measured on."""
        return (row for one in (*self.sets, *self.own) for row in one.rows)


def read_material(data: Path) -> Material:
    """Everything in `data` and our own texts; raises `ModelError` when something is missing."""
    romanisation = read_romanisation(data / "lexicons" / "hy_translit_map.json")
    sets = [read_set(data / "eval", name) for name in set_names(data / "eval")]
    complaints = read_complaints(data / "eval")
    lessons = lessons_of(data, _SEED)
    seen = [*lessons.learn, *lessons.choose]
    own = unseen(own_dev(), lessons.learn)
    asked = unseen([complaints], seen) if complaints else []
    return Material(
        lessons=lessons,
        sets=unseen(sets, seen),
        complaints=next(iter(asked), None),
        own=own,
        retyped=[pair for one in own for pair in retyped(one, romanisation, _SEED)],
    )


def measure(material: Material, scorer: Scorer) -> Measured:
    """Score everything; where languages are not recognised a second time with the language told."""
    ours = [one for one in material.sets if any(row.lang in LANGUAGES for row in one.rows)]
    parts = {one.name: scored(scorer, one) for one in material.sets}
    return Measured(
        model=scorer.name,
        sets=[parts[one.name] for one in ours],
        told=[scored(scorer, one, told=True) for one in ours if _doubtful(parts[one.name])],
        foreign=[parts[one.name] for one in material.sets if one not in ours],
        complaints=None if material.complaints is None else scored(scorer, material.complaints),
        own=[scored(scorer, one) for one in material.own],
        retyped=[found for pair in material.retyped for found in _both(scorer, pair)],
    )


def _doubtful(part: Scored) -> bool:
    lost = sum(score.reason is UnscoredReason.UNSUPPORTED_LANGUAGE for score in part.scores)
    return lost > _LOST_TO_LANGUAGE * len(part.rows)


def _both(scorer: Scorer, pair: Retyped) -> Iterator[tuple[str, Scored, Scored]]:
    plain, other = scored(scorer, pair.plain), scored(scorer, pair.other)
    yield pair.title, plain, other
    if _doubtful(other):
        yield f"{pair.title}, language told", plain, scored(scorer, pair.other, told=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluation.quality")
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder that holds eval/, train/ and lexicons/")
    add("--set", action="append", dest="sets", metavar="NAME", help="only this set; may be repeated")
    add("--model", default=SHIPPED, help="as in the configuration")
    add("--out", type=Path, help="file for the report, instead of standard output")
    add("--errors", type=Path, help="folder for the worst errors on our own texts")
    add("--work", type=Path, default=Path("var/evaluation"), help="folder that keeps the baselines' answers")
    add("--without-baselines", action="store_true", help="leave out what takes minutes to learn")
    given = parser.parse_args(arguments)
    try:
        with _progress() as progress:
            text = _page(given, progress)
        if given.out is None:
            sys.stdout.write(text)
        else:
            _write(given.out, text)
    except AtbalssError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _page(given: argparse.Namespace, progress: Progress) -> str:
    step = progress.add_task("scoring", total=None)
    scorer = Memory(load_scorer(given.model, LANGUAGES), lambda count: progress.advance(step, count))
    if given.sets:
        return of_sets([scored(scorer, read_set(given.data / "eval", name)) for name in given.sets])
    material = read_material(given.data)
    baselines: Mapping[str, Labels] = {}
    if not given.without_baselines:
        baselines = _baselines(given, material, progress.console.print)
    measured = measure(material, scorer)
    if given.errors is not None:
        _write(given.errors / "errors.md", worst(measured.own))
    complaints = [material.complaints] if material.complaints else []
    return report(measured, [*material.own, *material.sets, *complaints], baselines)


def _baselines(
    given: argparse.Namespace, material: Material, say: Callable[[str], None]
) -> Mapping[str, Labels]:
    try:
        from nlp.evaluation.baselines import baseline_labels
    except ModuleNotFoundError as error:
        remedy = "install the group `training`, or give --without-baselines"
        raise ModelError(f"package {error.name}", "is not installed", remedy) from error
    lexicons = given.data / "lexicons"
    return baseline_labels(lexicons, material.lessons, given.work, material.labelled(), say)


def _progress() -> Progress:
    """On standard error, so that the report may go to standard output."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed} texts"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ModelError(f"file {path}", "cannot be written", "name another file") from error


if __name__ == "__main__":
    raise SystemExit(main())
