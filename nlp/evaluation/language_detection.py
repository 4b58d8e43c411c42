"""Compares language detectors on labelled texts: how often right, how often wrong, how fast, how big.

    python -m nlp.evaluation.language_detection --data FOLDER [--most 400]

FOLDER holds `train/` and `eval/`. Each detector chooses among our languages in Latin letters and their
neighbours; "ours" is `nlp.language.detect` with five configured languages, and `hint` the same with the right
language as the source's claim. Each detector runs in a process of its own, so that memory can be told apart.
A detector whose package is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import resource
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from nlp.language import NEIGHBOURS, UNDETERMINED, detect
from nlp.normalise import normalise, words_only

__all__ = ["CONFIGURED", "DETECTORS", "Sample", "main", "samples_of"]

CONFIGURED = ("lv", "lt", "hy", "ru", "en")
_AMONG = NEIGHBOURS | set(CONFIGURED)
_SEED = 11

# Title -> file below --data, language of its rows that is wanted (None for all), and the right answer.
_SETS: Mapping[str, tuple[str, str | None, str]] = {
    "lv tweets": ("train/lv_ltec", None, "lv"),
    "lv politics": ("train/lv_tomsbuls", None, "lv"),
    "lt reviews": ("eval/lt_vaikai_synth", None, "lt"),
    "en tweets": ("train/multi_xlmt", "en", "en"),
    "en customers": ("eval/en_complaints", None, "en"),
    "ru tweets": ("eval/ru_sentirueval2016", None, "ru"),
    "hy": ("eval/hy_nigkal_sent", None, "hy"),
    "et news": ("eval/et_valence", None, "et"),
    "pl subtitles": ("train/pl_xed_proj", None, "pl"),
    "hy in Latin letters": ("eval/hy_translit_silver", None, UNDETERMINED),
}
_BARE = frozenset({"lv tweets", "lt reviews"})
_SHORT = frozenset({"lv tweets", "lt reviews", "en tweets"})
_SOUNDS = "a b v g d e zh z i y k l m n o p r s t u f h c ch sh sch - y - e yu ya e"
_CYRILLIC = dict(zip("абвгдежзийклмнопрстуфхцчшщъыьэюяё", _SOUNDS.replace("-", "").split(" "), strict=True))

Detector = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Sample:
    """Texts of one kind and their language; `und` where no configured language would be right."""

    title: str
    lang: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Measured:
    right: float
    wrong: float


@dataclass(frozen=True, slots=True)
class _Result:
    name: str
    by_sample: Mapping[str, _Measured]
    texts_per_second: float
    megabytes: float
    load_seconds: float


def samples_of(folder: Path, most: int) -> list[Sample]:
    """The labelled samples, at most `most` texts each, with undiacritised, short and romanised variants."""
    chance = random.Random(_SEED)  # noqa: S311 # the same texts each time, nothing secret
    found: list[Sample] = []
    for title, (name, only, lang) in _SETS.items():
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        texts = [words_only(normalise(row["text"])) for row in rows if only in (None, row["lang"])]
        texts = [text for text in texts if sum(map(str.isalpha, text)) >= 2]
        texts = chance.sample(texts, min(most, len(texts)))
        found.append(Sample(title, lang, tuple(texts)))
        if title in _BARE:
            found.append(Sample(f"{title}, no diacritics", lang, tuple(map(_bare, texts))))
        if title in _SHORT:
            found.append(Sample(f"{title}, 3 words", lang, tuple(_first(text, 3) for text in texts)))
            found.append(Sample(f"{title}, 1 word", lang, tuple(_longest(text) for text in texts)))
        if title == "ru tweets":
            found.append(Sample("ru in Latin letters", UNDETERMINED, tuple(map(_romanised, texts))))
    return found


def _bare(text: str) -> str:
    marks = unicodedata.normalize("NFD", text)
    return "".join(character for character in marks if not unicodedata.combining(character))


def _first(text: str, count: int) -> str:
    return " ".join([word for word in text.split() if any(map(str.isalpha, word))][:count])


def _longest(text: str) -> str:
    return max((word for word in text.split() if not word.startswith("#")), key=len, default=text)


def _romanised(text: str) -> str:
    return "".join(_CYRILLIC.get(letter, letter) for letter in text.lower())


def _ours() -> Detector:
    return lambda text, _: detect(text, CONFIGURED).lang


def _ours_hinted() -> Detector:
    return lambda text, right: detect(text, CONFIGURED, right).lang


def _lingua(low: bool) -> Callable[[], Detector]:
    def make() -> Detector:
        lingua = importlib.import_module("lingua")
        codes = [lingua.IsoCode639_1.from_str(lang) for lang in sorted(_AMONG)]
        builder = lingua.LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
        detector = (builder.with_low_accuracy_mode() if low else builder).build()

        def ask(text: str, _: str) -> str:
            language = detector.detect_language_of(text)
            return UNDETERMINED if language is None else str(language.iso_code_639_1.name.lower())

        return ask

    return make


def _langid() -> Detector:
    langid = importlib.import_module("py3langid.langid")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted(_AMONG))
    return lambda text, _: str(identifier.classify(text)[0])


DETECTORS: Mapping[str, Callable[[], Detector]] = {
    "lingua": _lingua(low=False),
    "lingua, trigrams": _lingua(low=True),
    "py3langid": _langid,
    "ours": _ours,
    "ours, hint": _ours_hinted,
}


def _measure(name: str, samples: Sequence[Sample]) -> _Result | None:
    before = _megabytes()
    start = time.perf_counter()
    try:
        detector = DETECTORS[name]()
    except ImportError:
        return None
    detector("Labdien, kas te ir?", "lv")
    loaded = time.perf_counter()
    by_sample = {}
    for sample in samples:
        # A text in no configured language is right when it is given to none of them.
        answers = [detector(text, sample.lang) for text in sample.texts]
        configured = [answer if answer in CONFIGURED else UNDETERMINED for answer in answers]
        goal = sample.lang if sample.lang in CONFIGURED else UNDETERMINED
        right = sum(answer == goal for answer in configured)
        wrong = sum(answer not in (goal, UNDETERMINED) for answer in configured)
        by_sample[sample.title] = _Measured(right / len(answers), wrong / len(answers))
    count = sum(len(sample.texts) for sample in samples)
    speed = count / (time.perf_counter() - loaded)
    return _Result(name, by_sample, speed, _megabytes() - before, loaded - start)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints a Markdown table, right / wrong per sample; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluation.language_detection")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/ and eval/")
    parser.add_argument("--most", type=int, default=400, help="texts of each sample")
    given = parser.parse_args(arguments)
    samples = samples_of(given.data, given.most)
    results = []
    for name in DETECTORS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            result = process.submit(_measure, name, samples).result()
        if result is not None:
            results.append(result)
    write = sys.stdout.write
    write("| sample | n | " + " | ".join(result.name for result in results) + " |\n")
    write("|---|---|" + "---|" * len(results) + "\n")
    for sample in samples:
        cells = [result.by_sample[sample.title] for result in results]
        shown = " | ".join(f"{100 * cell.right:.1f} / {100 * cell.wrong:.1f}" for cell in cells)
        write(f"| {sample.title} | {len(sample.texts)} | {shown} |\n")
    for title, values in (
        ("texts a second", [f"{result.texts_per_second:.0f}" for result in results]),
        ("memory, MB", [f"{result.megabytes:.0f}" for result in results]),
        ("first answer, s", [f"{result.load_seconds:.2f}" for result in results]),
    ):
        write(f"| {title} | | " + " | ".join(values) + " |\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
