"""The bench's own parts: whose round counts, what a text of so many tokens is, what is printed."""

from __future__ import annotations

import random

import pytest
from tokenizers import Tokenizer

from nlp.loading import shipped_folder
from nlp.model_folder import TOKENIZER
from tests.bench.agreement import Agreement
from tests.bench.memory import Footprint, resident
from tests.bench.report import agreement_line, footprint_table, growth_table, speed_table
from tests.bench.samples import FRAME, development_texts, texts_of
from tests.bench.speed import Case, Pace, measure


class Clock:
    """A clock that only goes on when somebody works."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Worker:
    """A model that needs so many seconds a text, another number in each round of two calls."""

    def __init__(self, name, clock, seconds, journal):
        self.name, self.clock, self.seconds, self.journal = name, clock, seconds, journal
        # The first call is not measured and belongs to no round.
        self.calls = -1

    def __call__(self, texts):
        self.journal.append((self.name, len(texts)))
        self.clock.now += len(texts) * self.seconds[max(0, self.calls) // 2]
        self.calls += 1


def test_models_take_turns_and_the_best_round_of_each_counts():
    clock = Clock()
    journal: list[tuple[str, int]] = []
    judges = {
        "fast": Worker("fast", clock, (1.0, 0.5, 0.25), journal),
        "slow": Worker("slow", clock, (8.0, 4.0, 2.0), journal),
    }
    pace = measure(Case("short", ["a", "b", "c", "d"], 2), judges, rounds=3, clock=clock)
    # Unmeasured at first, then two calls of two texts each in turns.
    assert [name for name, _ in journal] == ["fast", "slow", *(["fast"] * 2 + ["slow"] * 2) * 3]
    assert {count for _, count in journal} == {2}
    assert pace.speeds == {"fast": 4.0, "slow": 0.5}
    assert pace.ratio("fast", "slow") == 8.0


@pytest.mark.parametrize("tokens", [16, 48, 128])
def test_texts_have_exactly_as_many_tokens_as_they_say(tokens):
    tokenizer = Tokenizer.from_file(str(shipped_folder() / TOKENIZER))
    made = texts_of(tokens, 10, development_texts(), tokenizer, random.Random(3))
    lengths = {len(tokenizer.encode(text, add_special_tokens=False).ids) + FRAME for text in made}
    assert lengths == {tokens}
    assert len(set(made)) == 10


def test_the_same_seed_gives_the_same_texts():
    tokenizer = Tokenizer.from_file(str(shipped_folder() / TOKENIZER))
    texts = development_texts()
    first, second = (texts_of(16, 5, texts, tokenizer, random.Random(3)) for _ in range(2))
    assert first == second


def test_what_is_printed_is_a_table():
    pace = Pace(Case("16 tokens", ["a"], 32), {"ours": 123.44, "theirs": 10.0})
    assert speed_table([pace], "ours", "theirs").splitlines() == [
        "| texts | at a time | ours, texts/s | theirs, texts/s | ratio |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| 16 tokens | 32 | 123.4 | 10.0 | 12.3 |",
    ]
    footprint = Footprint(1.23, 2.0, 400.0, 500.4, {10_000: 410.0})
    assert footprint_table({"ours": footprint}).splitlines()[-1] == "| ours | 1.2 | 2.0 | 400 | 500 |"
    assert growth_table(footprint).splitlines()[2:] == ["| 1 | 400 |", "| 10,000 | 410 |"]
    assert "99.52%" in agreement_line(Agreement(420, 0.99881, 0.99986, 0.9952))


def test_memory_is_counted_in_megabytes():
    before = resident()
    block = b"x" * 64_000_000
    assert 60 < resident() - before < 70
    assert len(block) == 64_000_000
