"""The quality report: everything that was measured, as one Markdown page; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from nlp.evaluation import sections
from nlp.evaluation.bootstrap import DRAWS
from nlp.evaluation.scored import NEEDED, Labels, Scored
from nlp.evaluation.sets import LabelledSet

__all__ = ["RIVAL", "Measured", "of_sets", "report"]

RIVAL = "n-grams"
"""The baseline that the model's lead is counted over."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Sets with a model's answers.

    `sets` are other people's, `told` those of them that were measured again with their language told, `foreign`
    those in a language that is not judged, `own` our development texts by language, `retyped` pairs of the same
    rows as they are and as typed in another way, by title.
    """

    model: str
    sets: Sequence[Scored]
    told: Sequence[Scored]
    foreign: Sequence[Scored]
    complaints: Scored | None
    own: Sequence[Scored]
    retyped: Sequence[tuple[str, Scored, Scored]]

    def titled(self) -> list[tuple[str, Scored]]:
        """Other people's sets, and after a set the same with its language told, if that was measured."""
        again = {part.name: part for part in self.told}
        pairs: list[tuple[str, Scored]] = []
        for part in self.sets:
            pairs.append((part.name, part))
            if part.name in again:
                pairs.append((f"{part.name}, language told", again[part.name]))
        return pairs


_READ = f"""\
Where nothing else is said the model finds the language itself. *coverage* is the share of rows that it
judges, *risk* the share of wrong labels among these, *risk at 0.8* the same when only the surest 80 % of
all rows are answered. Accuracy, F1 and ECE (expected calibration error, 15 bins) are those of the judged
rows; *of all rows* is macro-F1 with every row that is not judged counted as a miss. Macro-F1 is the mean
over the labels that a set has: where it has no neutral rows, a neutral answer is a miss. Brackets are 95 %
intervals from {DRAWS} draws of the rows, or of groups of near duplicates where a set has them.
"""

_MAJORITY = """\
Macro-F1 on the same rows, those that the model judged. *majority* always gives the most frequent label of
the set.
"""

_BASELINES = """\
*AFINN* is the sign of the sum of known words, in the language that the set states. *n-grams* is logistic
regression over TF-IDF of 2 to 5 characters within words, and *linear head* the same over the vectors of the
untrained encoder, as the first model was made; both learned from the rows that the model was trained on,
with balanced classes and the best of a few strengths of regularisation on the development rows.
"""

_OWN = """\
Our own development texts (`nlp/training/texts/*_dev*.jsonl`), by writers of whom nothing was trained on.
They did choose calibration and thresholds, so figures are a little too good; and they are written by
programs after the same guide as the training texts, so real posts are harder.
"""

_HEADS = f"""\
A reply is needed from a probability of {NEEDED} on. A row that is not judged counts as one that needs no
reply and names no aspect.
"""

_RETYPED = """\
The same rows as they are and typed in another way; rows that do not change are left out. All rows count:
one that is not judged is a miss.
"""

_RISK = """\
Wrong labels among the surest rows, as shares of all rows of the set; a cell is empty when the model judges
fewer. *AURC* is the mean over all coverages of the judged rows.
"""

_SETS = """\
*left out* are rows whose letters are those of a text that the model was trained on (in the sets of other
people also: by which anything was chosen); they measure nothing.
"""

_COMPLAINTS = """\
`en_complaints` says of tweets to businesses whether they complain. That is neither of our labels: a
complaint may be neutral in tone and need no reply. The best published F1, by a classifier trained on these
very tweets, is 0.79 (Preoţiuc-Pietro, Gaman, Aletras 2019, "Automatically Identifying Complaints in Social
Media").
"""


def of_sets(parts: Sequence[Scored]) -> str:
    """The table of some sets alone."""
    return sections.sentiment([(part.name, part) for part in parts])


def report(measured: Measured, sets: Sequence[LabelledSet], baselines: Mapping[str, Labels]) -> str:
    """The whole page; `sets` are all that it is about, `baselines` what others answer to their rows."""
    own = list(measured.own)
    everything = Scored(
        "own",
        tuple(chain.from_iterable(part.rows for part in own)),
        tuple(chain.from_iterable(part.scores for part in own)),
    )
    own_titled = [*((part.name, part) for part in own), ("all", everything)]
    told = [
        f"# Quality\n\nMade by `make evaluate DATA=folder`; the model is `{measured.model}`.\n\n{_READ}\n",
        "## Other people's texts\n\nNone of them was trained on, and no label of theirs chose anything.\n\n",
        sections.sentiment(measured.titled()),
        *map(sections.foreign, measured.foreign),
    ]
    if measured.complaints is not None:
        told += ["### Complaints\n\n", _COMPLAINTS, "\n", sections.complaints(measured.complaints)]
    told += ["## Our own texts\n\n", _OWN, "\n", sections.sentiment(own_titled)]
    if everything.tells_needs_reply:
        told += ["### Replies and aspects\n\n", _HEADS, "\n", sections.own_heads(own_titled)]
        told += [sections.aspects(everything)]
    told += ["### By kind of text\n\nAll languages together.\n\n", sections.slices(everything)]
    told += ["### Typed in another way\n\n", _RETYPED, "\n", sections.retyping(measured.retyped)]
    told += ["## Beside baselines\n\n", _MAJORITY, "\n"]
    told += [_BASELINES, "\n"] if baselines else []
    told += [sections.against_baselines([*measured.sets, *own], baselines, RIVAL)]
    told += ["## Saying nothing when unsure\n\n", _RISK, "\n"]
    told += [sections.risk([*own_titled, *((part.name, part) for part in measured.sets)])]
    told += ["## The sets\n\n", _SETS, "\n", sections.about(sets)]
    return "".join(told).rstrip("\n") + "\n"
