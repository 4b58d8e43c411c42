"""What the model learns from: the split holds, the caps hold, and a dev text is never trained on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from atbalss.errors import ModelError
from nlp.language import TOLD_APART
from nlp.training import train
from nlp.training.examples import (
    OWN,
    PUBLIC_CAPS,
    Example,
    own_examples,
    public_examples,
    without_copies,
)
from nlp.training.own_texts import read_texts
from tests.small_base import small_base

LABELS = ("neg", "neu", "pos")


def written(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def own_row(text: str, **changes: object) -> dict[str, object]:
    row = {"text": text, "lang": "lv", "label": "neg", "stars": 1, "needs_reply": True}
    return {**row, "aspects": ["price"], "tags": [], "domain": "shop", "platform": "google", **changes}


def public_folder(folder: Path, each: int = 400) -> Path:
    """Every public set with `each` rows of each label, in its language; the tweets also in German."""
    for name in PUBLIC_CAPS:
        lang = name[:2] if name[:2] != "mu" else "de"
        written(
            folder / f"{name}.jsonl",
            [
                {"text": f"{name} {label} teksts {number}", "label": label, "lang": lang}
                for label in LABELS
                for number in range(each)
            ],
        )
    return folder


def test_own_texts_come_normalised_with_their_answers(tmp_path: Path) -> None:
    written(tmp_path / "lv_a.jsonl", [own_row("@kads  skat. https://a.example", aspects=["price", "food"])])
    (found,) = own_examples(dev=False, folder=tmp_path)
    assert found == Example("@user skat. http", "lv", OWN, "neg", True, frozenset({"price", "food"}))


def test_own_texts_are_split_by_writer(tmp_path: Path) -> None:
    written(tmp_path / "lv_a.jsonl", [own_row("viens"), own_row("divi")])
    written(tmp_path / "lv_dev1.jsonl", [own_row("trīs")])
    assert [example.text for example in own_examples(dev=False, folder=tmp_path)] == ["viens", "divi"]
    assert [example.text for example in own_examples(dev=True, folder=tmp_path)] == ["trīs"]


def test_every_own_text_is_on_one_side() -> None:
    train_side, dev_side = list(own_examples(dev=False)), list(own_examples(dev=True))
    assert len(train_side) + len(dev_side) == sum(1 for _ in read_texts())
    longer = {example.key for example in dev_side if len(example.text.split()) > 3}
    assert longer
    assert not longer & {example.key for example in train_side}


def test_public_rows_have_a_label_and_nothing_else(tmp_path: Path) -> None:
    for example in public_examples(public_folder(tmp_path), 1, dev=False):
        assert example.needs_reply is None
        assert example.aspects is None
        assert example.label in LABELS
        assert example.lang in TOLD_APART
    german = [e for e in public_examples(tmp_path, 1, dev=False) if e.source == "multi_xlmt"]
    assert {example.lang for example in german} == {"other"}


def test_each_label_of_a_public_set_is_capped(tmp_path: Path) -> None:
    caps = {**dict.fromkeys(PUBLIC_CAPS, 50), "lv_ltec": 100_000, "pl_xed_proj": 0}
    found = public_examples(public_folder(tmp_path), 1, dev=False, caps=caps)
    counts = Counter((example.source, example.label) for example in found)
    for label in LABELS:
        assert counts["en_goemotions", label] == 50
        assert counts["pl_xed_proj", label] == 0
        assert 300 < counts["lv_ltec", label] < 400
    measured = public_examples(tmp_path, 1, dev=True, caps=caps)
    assert {
        count for _, count in Counter((e.source, e.label) for e in measured if e.lang == "en").items()
    } == {5}


def test_the_same_seed_draws_the_same_rows(tmp_path: Path) -> None:
    public_folder(tmp_path)
    assert public_examples(tmp_path, 1, dev=False) == public_examples(tmp_path, 1, dev=False)
    assert public_examples(tmp_path, 1, dev=False) != public_examples(tmp_path, 2, dev=False)


def test_which_side_a_public_row_is_on_depends_on_its_text_alone(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    public_folder(one)
    for path in one.iterdir():
        lines = path.read_text("utf-8").splitlines()
        rows = [{**json.loads(line), "label": "pos"} for line in reversed(lines)]
        written(other / path.name, rows)
    everything = dict.fromkeys(PUBLIC_CAPS, 100_000)
    sides = []
    for folder, seed in ((one, 1), (other, 2)):
        trained, measured = (
            {example.text for example in public_examples(folder, seed, dev=dev, caps=everything)}
            for dev in (False, True)
        )
        assert not trained & measured
        sides.append(trained)
    assert sides[0] == sides[1]


def test_of_copies_the_first_stays_in_its_place() -> None:
    first, second = Example("Paldies!", "lv", OWN, "pos"), Example("Paldies!", "lv", "lv_ltec", "neu")
    other = Example("Paldies", "lv", OWN, "pos")
    assert without_copies([first, other, second]) == [first, other]


@pytest.fixture
def material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> train.Material:
    """What training is given: our own texts as they are, public rows among which are dev texts of ours."""
    public_folder(tmp_path / "train", each=30)
    copies = [example for example in own_examples(dev=True) if example.lang == "lv"]
    written(
        tmp_path / "train" / "lv_ltec.jsonl",
        [{"text": example.text, "label": example.label, "lang": "lv"} for example in copies],
    )
    written(tmp_path / "lexicons" / "hy_translit_map.json", [{"ա": {"a": 1.0}}])
    # A base model as small as a test; the choice of pieces has its own tests.
    base = small_base()
    work = tmp_path / "work"
    work.mkdir()
    (work / "vocabulary.json").write_text(json.dumps(list(range(len(base.pieces) - 1))))
    monkeypatch.setattr(train, "locate_base", lambda: tmp_path)
    monkeypatch.setattr(train, "read_base", lambda _: base)
    return train.prepare(tmp_path, work, 7, lambda _: None)


def test_no_development_text_is_trained_on_not_even_as_a_public_row(material: train.Material) -> None:
    dev = {example.text for example in own_examples(dev=True)}
    assert len(material.examples) > 5000
    assert not [example for example in material.examples if example.text in dev]


def test_no_text_is_trained_on_twice_and_ours_come_first(material: train.Material) -> None:
    assert max(Counter(example.key for example in material.examples).values()) == 1
    ours = {example.text for example in own_examples(dev=False)}
    assert not [example for example in material.examples if example.text in ours and example.source != OWN]


def test_public_texts_are_normalised_and_those_without_a_letter_left_out(tmp_path: Path) -> None:
    for name in PUBLIC_CAPS:
        raw: list[dict[str, object]] = [
            {"text": f"@kads {name} {number}  https://a.example", "label": "neg", "lang": "lv"}
            for number in range(20)
        ]
        written(tmp_path / f"{name}.jsonl", [*raw, {"text": "😀", "label": "pos", "lang": "lv"}])
    found = public_examples(tmp_path, 7, dev=False)
    assert {example.label for example in found} == {"neg"}
    assert all(example.text.startswith(f"@user {example.source} ") for example in found)
    assert all(example.text.endswith(" http") for example in found)


def test_a_missing_public_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lv_ltec\.jsonl: is missing"):
        public_examples(tmp_path, 7, dev=False)
