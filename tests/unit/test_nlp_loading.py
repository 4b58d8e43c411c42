from __future__ import annotations

import subprocess
import sys

import pytest

from atbalss.errors import ModelError
from nlp.hugging_face import label_map
from nlp.loading import load_scorer
from nlp.score import Label
from nlp.tiny import TinyScorer

HEAVY = ("torch", "transformers", "tokenizers", "py3langid", "numpy", "safetensors")


@pytest.mark.parametrize("module", ["nlp", "nlp.loading", "nlp.tiny", "nlp.language", "nlp.judging"])
def test_importing_it_imports_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loading_and_asking_the_tiny_scorer_imports_nothing_heavy():
    code = (
        "import sys; from nlp.loading import load_scorer; load_scorer('tiny', ['lv']).score(['Slikti!']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tiny_is_loaded_by_name():
    assert isinstance(load_scorer("tiny", ["lv"]), TinyScorer)


def test_a_name_that_is_nothing_is_refused_with_the_choices():
    with pytest.raises(ModelError, match="no such folder") as caught:
        load_scorer("no such thing", ["lv"])
    assert "shipped" in caught.value.remedy


def test_a_hub_id_that_is_not_cached_is_refused_without_the_network():
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_scorer("nobody-here/no-model", ["lv"])


def test_a_download_needs_a_pinned_revision():
    with pytest.raises(ModelError, match="no revision"):
        load_scorer("nobody-here/no-model", ["lv"], allow_download=True)


@pytest.mark.parametrize(
    "names", [{0: "Negative", 1: "neutral", 2: "POSITIVE"}, {2: "pos", 1: "neu", 0: "neg"}]
)
def test_names_that_say_it_need_no_map(names):
    assert label_map("m", names, None) == [Label.NEG, Label.NEU, Label.POS]


@pytest.mark.parametrize(
    "names",
    [
        {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"},
        {0: "negative", 1: "positive"},
        {0: "negative", 1: "neutral", 2: "positive", 3: "neu"},
    ],
)
def test_names_that_do_not_say_it_are_refused(names):
    with pytest.raises(ModelError, match=r"(?s)are not negative, neutral, positive.*map"):
        label_map("m", names, None)


def test_a_map_may_join_stars_and_may_lack_neutral():
    stars = {number: f"{number + 1} stars" for number in range(5)}
    to_ours = dict(zip(stars.values(), ("neg", "neg", "neu", "pos", "pos"), strict=True))
    labels = {name: Label(label) for name, label in to_ours.items()}
    assert label_map("m", stars, labels) == [Label(label) for label in to_ours.values()]
    two = {0: "LABEL_0", 1: "LABEL_1"}
    assert label_map("m", two, {"LABEL_0": Label.POS, "LABEL_1": Label.NEG}) == [Label.POS, Label.NEG]


@pytest.mark.parametrize(
    "labels",
    [
        {"LABEL_0": Label.NEG},
        {"LABEL_0": Label.NEG, "LABEL_1": Label.NEU},
        {"LABEL_0": Label.NEG, "LABEL_1": Label.UNSCORED},
    ],
)
def test_a_map_that_is_incomplete_is_refused(labels):
    with pytest.raises(ModelError, match="map of labels"):
        label_map("m", {0: "LABEL_0", 1: "LABEL_1"}, labels)
