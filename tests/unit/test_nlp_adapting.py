from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
import torch

from atbalss.errors import ModelError
from atbalss.pipeline.score import judged_text as text_of_post
from nlp.adaptable import ADAPTABLE, Embedded
from nlp.adapted import adapted_folder, base_folder, in_use, remove_adapted, write_adapted
from nlp.adapting import FEWEST, LARGEST_FALL, Verdict, adapt, replay_examples, too_little
from nlp.calibration import Calibration
from nlp.corrections import judged_text, read_corrections, understood
from nlp.heads import Heads
from nlp.language import TOLD_APART, detect
from nlp.loading import load_scorer
from nlp.model_folder import CARD, TENSORS, TOKENIZER, digest_of, read_card, write_card
from nlp.refit import STRENGTHS, Frame, Kind, Rows, anchors, changes, folds_of, held_out
from nlp.score import Label, Score, UnscoredReason
from nlp.tiny import TinyScorer
from nlp.training.examples import Example
from nlp.training.own_texts import ASPECTS, LABELS
from store.tables import Mention
from tests.small_model import write_small_model

FIVE = ("lv", "lt", "hy", "ru", "en")

# ----------------------------------------------------------------------------------------------- corrected rows


def read(*rows):
    return read_corrections((f"rows.csv:{number}", row) for number, row in enumerate(rows, 2))


def answers(row):
    """What is read from one row with a Latvian text: label, needs-reply, aspects."""
    (example,) = read({"text": "Kurjers neatbrauca", "lang": "lv", "label": "neg", **row}).examples
    return example.label, example.needs_reply, example.aspects


@pytest.mark.parametrize("said", ["pos", " Pos ", "positive", "POSITIVE"])
def test_a_label_may_be_written_out(said):
    assert answers({"label": said})[0] == "pos"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *[
            (yes, True)
            for yes in (True, 1, 1.0, "1", "true", "TRUE", "yes", "Jā", "taip", "այո", "да", "1,0")
        ],
        *[(no, False) for no in (False, 0, 0.0, "0", "false", "no", "nē", "ne", "ոչ", "нет")],
        # The model's own probability, as it was exported, is nobody's answer.
        *[(own, None) for own in (0.83, "0.83", "0,83", "", None)],
    ],
)
def test_needs_reply_is_yes_or_no_and_a_probability_is_no_answer(said, meant):
    assert answers({"needs_reply": said})[1] is meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("delivery staff", {"delivery", "staff"}),
        ("Delivery, staff;price", {"delivery", "staff", "price"}),
        (["food"], {"food"}),
        ("none", set()),
        ("", None),
        ([], None),
        (None, None),
    ],
)
def test_aspects_are_a_list_or_words_and_an_empty_field_tells_nothing(said, meant):
    assert answers({"aspects": said})[2] == meant


@pytest.mark.parametrize(
    "row",
    [
        {"label": "SECRET"},
        {"label": "neg", "needs_reply": "SECRET"},
        {"label": "neg", "needs_reply": 3},
        {"label": "neg", "aspects": "SECRET"},
        {"label": "neg", "aspects": {"SECRET": 1}},
        {"label": "neg", "text": ["SECRET"]},
        {"label": 5},
    ],
)
def test_a_row_that_is_wrong_is_named_by_its_place_and_not_quoted(row):
    found = read({"text": "Labi", "label": "pos"}, {"text": "Kurjers neatbrauca", **row})
    (problem,) = found.problems
    assert problem.where == "rows.csv:3"
    assert problem.reason
    assert "SECRET" not in problem.reason


def test_a_row_without_the_field_text_is_wrong_and_so_is_one_that_cannot_be_read():
    found = read({"txt": "Labi", "label": "pos"}, "is no JSON object")
    assert [problem.where for problem in found.problems] == ["rows.csv:2", "rows.csv:3"]


def test_rows_that_teach_nothing_are_passed_over_and_counted():
    found = read(
        {"text": "", "label": "pos"},
        {"text": "Labi bija", "label": ""},
        {"text": "Labi bija", "label": "unscored", "needs_reply": "0.4"},
        {"text": "Labi bija", "label": "pos"},
    )
    assert len(found.examples) == 1
    assert found.problems == ()
    assert sorted(found.passed_over.values()) == [1, 2]


def test_what_the_model_cannot_judge_teaches_it_nothing_and_its_languages_count():
    found = read(
        {"text": "Labi bija", "label": "pos"},
        {"text": "👍", "label": "pos"},
        {"text": "Шестой день жду посылку", "label": "neg", "lang": "und"},
        {"text": "Toit oli väga maitsev", "label": "pos"},
    )
    kept = understood(found, FIVE, detect, TinyScorer(FIVE))
    assert [(one.lang, one.label) for one in kept.examples] == [("lv", "pos"), ("ru", "neg")]
    assert kept.passed_over == {"not judged, no letters": 1, "not judged, unsupported language": 1}


def test_of_a_text_that_stands_there_twice_the_later_row_counts():
    found = read(
        {"text": "Labi  bija", "lang": "lv", "label": "pos"},
        {"text": "Labi bija", "lang": "lv", "label": "neg"},
    )
    assert [example.label for example in found.examples] == ["neg"]
    assert sum(found.passed_over.values()) == 1


class Knowing:
    """A scorer that finds the language of romanised texts, and says little of them."""

    name = "knowing-1"

    def __init__(self):
        self.asked = []

    def score(self, texts, hints=None):
        self.asked += texts
        return [Score("hy", Label.UNSCORED, self.name, UnscoredReason.LOW_MARGIN) for _ in texts]


def test_a_scorer_that_knows_more_languages_than_the_detector_is_asked_where_that_one_is_lost():
    found = read(
        {"text": "shat lav er, shnorhakalutyun", "label": "pos"}, {"text": "Ļoti labi bija", "label": "pos"}
    )
    scorer = Knowing()
    assert [one.lang for one in understood(found, FIVE, detect, scorer).examples] == ["hy", "lv"]
    assert scorer.asked == ["shat lav er, shnorhakalutyun"]


@pytest.mark.parametrize(("told", "lang"), [("LT", "lt"), ("und", "other"), ("", "other"), ("de", "other")])
def test_a_language_that_a_row_tells_is_a_hint_if_we_know_it(told, lang):
    assert [one.lang for one in read({"text": "Ok", "label": "pos", "lang": told}).examples] == [lang]


@pytest.mark.parametrize(
    ("title", "text"), [("", "Labi"), ("Virsraksts", "Labi"), ("Labi", "Labi bija"), ("Labi", "")]
)
def test_a_row_is_read_as_the_post_that_it_was(title, text):
    post = Mention(title=title or None, text=text)  # type: ignore[call-arg]  # the rest does not matter
    assert judged_text(title, text) == text_of_post(post)


# ------------------------------------------------------------------------------------------------------- refits


def drawn(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rows_of(count, kind=Kind.ONE_OF, seed=1):
    columns = Frame.of(drawn(count, 6, seed=seed)).columns(drawn(count, 6, seed=seed))
    targets = torch.zeros(count, 3, dtype=torch.float64)
    targets[torch.arange(count), columns[:, :3].argmax(1)] = 1.0
    return Rows(columns, drawn(count, 3, seed=seed + 50) * 0.1, targets)


def anchor_of(rows, kind=Kind.ONE_OF):
    return anchors(kind, rows.columns, rows.before)


def test_a_change_of_columns_is_the_same_change_of_the_head():
    vectors = drawn(40, 6).float() * 3 + 5
    weight, bias, change = drawn(3, 6, seed=2).float(), drawn(3, seed=3).float(), drawn(7, 3, seed=4)
    frame = Frame.of(vectors)
    fresh_weight, fresh_bias = frame.changed(weight, bias, change)
    expected = vectors @ weight.T + bias + (frame.columns(vectors) @ change).float()
    assert torch.allclose(vectors @ fresh_weight.T + fresh_bias, expected, atol=1e-4)
    assert fresh_weight.dtype == weight.dtype


@pytest.mark.parametrize("kind", Kind)
def test_the_weaker_the_penalty_the_farther_the_head_goes(kind):
    found = changes(kind, rows_of(60), anchor_of(rows_of(60, seed=9), kind))
    lengths = [float(change.norm()) for change in found]
    assert len(lengths) == len(STRENGTHS)
    assert lengths == sorted(lengths)
    assert lengths[0] < 0.1 * lengths[-1]


@pytest.mark.parametrize("kind", Kind)
def test_rows_that_are_judged_right_already_change_nothing(kind):
    rows = rows_of(60)
    assert all(
        float(change.norm()) < 1e-4 for change in changes(kind, anchor_of(rows, kind), anchor_of(rows, kind))
    )


def test_what_a_row_says_has_no_part_in_how_it_is_judged_held_out():
    rows, anchor = rows_of(30), anchor_of(rows_of(20, seed=9))
    folds = folds_of(rows.targets.argmax(1).tolist(), 5, random.Random(1))
    other = Rows(rows.columns, rows.before, rows.targets.clone())
    other.targets[folds[2]] = other.targets[folds[2]].roll(1, dims=1)
    first, second = held_out(Kind.ONE_OF, rows, anchor, folds), held_out(Kind.ONE_OF, other, anchor, folds)
    for one, two in zip(first, second, strict=True):
        assert torch.equal(one[folds[2]], two[folds[2]])
    assert not torch.allclose(first[-1][folds[0]], second[-1][folds[0]])


def test_folds_part_the_rows_and_each_has_its_share_of_every_answer():
    said = ["neg"] * 20 + ["pos"] * 10
    folds = folds_of(said, 5, random.Random(3))
    assert sorted(place for fold in folds for place in fold) == list(range(30))
    assert all([said[place] for place in fold].count("pos") == 2 for fold in folds)
    assert folds == folds_of(said, 5, random.Random(3))
    assert folds != folds_of(said, 5, random.Random(4))


# --------------------------------------------------------------------------------- what becomes of the heads

WIDTH = 12
CALIBRATION = Calibration({"any": 1.5, "hy": 0.8}, 0.05, (1.2, -0.1), dict.fromkeys(ASPECTS, 0.4))
OUTPUTS = {"sentiment": 3, "needs_reply": 1, "aspects": len(ASPECTS), "language": len(TOLD_APART)}


def heads():
    """Heads that find the label in the first three numbers of a vector, and whether to reply in the first."""
    tensors = {}
    for head, outputs in OUTPUTS.items():
        tensors[f"head.{head}.weight"] = torch.zeros(outputs, WIDTH)
        tensors[f"head.{head}.bias"] = torch.zeros(outputs)
    tensors["head.sentiment.weight"][:, :3] = 3 * torch.eye(3)
    tensors["head.needs_reply.weight"][0, 0] = 4.0
    tensors["head.needs_reply.bias"][0] = -2.0
    tensors["head.aspects.weight"][0, 4] = 2.0
    tensors["head.aspects.bias"][:] = -2.0
    return tensors


def world(count, seed, *, places=(0, 1, 2), turned=0, langs=("lv", "hy")):
    """Texts whose label shows in the numbers at `places`, named as another one by `turned` steps."""
    chance = random.Random(seed)
    vectors = drawn(count, WIDTH, seed=seed).float() * 0.2
    examples = []
    for number in range(count):
        label = chance.randrange(3)
        vectors[number, places[label]] += 1.0
        named = LABELS[(label + turned) % 3]
        examples.append(
            Example(
                f"{seed} {number}",
                langs[number % len(langs)],
                "x",
                named,
                named == "neg",
                frozenset(("price",)),
            )
        )
    return Embedded(examples, vectors)


def only(embedded, **missing):
    """The same texts with some answers left out."""
    return Embedded([replace(example, **missing) for example in embedded.examples], embedded.vectors)


NO_REPLY = {"needs_reply": None, "aspects": None}


def tried(feedback, seed=1):
    return adapt(heads(), CALIBRATION, feedback, world(200, 20), world(300, 21), random.Random(seed))


def right(tensors, embedded):
    judged = Heads({**heads(), **tensors}, CALIBRATION).judge(
        embedded.vectors, [example.lang for example in embedded.examples]
    )
    return sum(one.p.label == example.label for one, example in zip(judged, embedded.examples, strict=True))


def test_a_way_of_speaking_that_the_model_did_not_know_is_learned_and_nothing_else_forgotten():
    found = tried(only(world(80, 5, places=(6, 7, 8)), **NO_REPLY))
    sentiment = found.outcomes[0]
    assert found.accepted
    assert sentiment.verdict is Verdict.ADAPTED
    assert sentiment.after > sentiment.before + 0.2
    fresh = world(200, 6, places=(6, 7, 8))
    assert right(found.tensors, fresh) > right({}, fresh) + 60
    for lang, figures in found.before.items():
        assert found.after[lang]["macro_f1"] >= figures["macro_f1"] - LARGEST_FALL
    assert set(found.tensors) == {"head.sentiment.weight", "head.sentiment.bias"}


def test_corrections_that_contradict_what_the_model_learned_are_refused_with_both_figures():
    found = tried(only(world(150, 5, turned=1), **NO_REPLY))
    (sentiment, *_) = found.outcomes
    assert sentiment.verdict is Verdict.HARMFUL
    assert sentiment.after > sentiment.before
    assert not found.accepted
    assert found.tensors == {}
    assert found.after == found.before
    assert all(fall.before - fall.after > LARGEST_FALL for fall in sentiment.falls)
    assert {fall.lang for fall in sentiment.falls} == {"lv", "hy"}


def test_harm_to_one_head_refuses_the_others_too():
    good = only(world(80, 5, places=(6, 7, 8)), **NO_REPLY)
    bad = only(world(150, 9), label=None, aspects=None)
    turned = [Example(one.text, one.lang, "x", None, not one.needs_reply, None) for one in bad.examples]
    found = tried(Embedded([*good.examples, *turned], torch.cat([good.vectors, bad.vectors])))
    assert [one.verdict for one in found.outcomes[:2]] == [Verdict.ADAPTED, Verdict.HARMFUL]
    assert not found.accepted


def test_corrections_that_are_right_already_teach_nothing():
    found = tried(world(100, 5))
    assert found.outcomes[0].verdict is Verdict.NO_GAIN
    assert not found.accepted


def test_a_head_without_enough_or_with_equal_corrections_is_left_alone():
    few = tried(only(world(FEWEST - 1, 5), **NO_REPLY)).outcomes
    assert [one.verdict for one in few] == [Verdict.FEW] * 3
    assert [one.corrections for one in few] == [FEWEST - 1, 0, 0]
    alike = tried(only(world(40, 5), label="neg", needs_reply=True)).outcomes
    assert [one.verdict for one in alike] == [Verdict.ALIKE] * 3


def test_aspects_are_learned_where_they_are_told():
    feedback = world(120, 5)
    feedback.vectors[::2, 10] += 2.0
    named = [
        Example(one.text, one.lang, "x", None, None, frozenset(("food",) if number % 2 == 0 else ()))
        for number, one in enumerate(feedback.examples)
    ]
    found = tried(Embedded(named, feedback.vectors))
    aspects = found.outcomes[2]
    assert (aspects.verdict, aspects.corrections) == (Verdict.ADAPTED, 120)
    assert aspects.after > aspects.before
    assert set(found.tensors) == {"head.aspects.weight", "head.aspects.bias"}


def test_the_same_corrections_give_the_same_heads_and_the_old_ones_stay():
    feedback = only(world(80, 5, places=(6, 7, 8)), **NO_REPLY)
    before = heads()
    first = adapt(before, CALIBRATION, feedback, world(200, 20), world(300, 21), random.Random(1))
    second = tried(feedback)
    assert all(torch.equal(first.tensors[name], second.tensors[name]) for name in first.tensors)
    assert all(torch.equal(before[name], tensor) for name, tensor in heads().items())


def test_what_is_minimised_is_what_is_answered():
    embedded = world(30, 5)
    langs = [example.lang for example in embedded.examples]
    judged = Heads(heads(), CALIBRATION).judge(embedded.vectors, langs)
    by_name = {kind.name: kind(heads(), CALIBRATION, Frame.of(embedded.vectors)) for kind in ADAPTABLE}
    shares = by_name["sentiment"].calibrated(embedded)[1].softmax(1)
    assert [one.p.neg for one in judged] == pytest.approx(shares[:, 0].tolist())
    replies = by_name["needs_reply"].calibrated(embedded)[1].sigmoid()
    assert [one.needs_reply for one in judged] == pytest.approx(replies[:, 0].tolist())


def test_too_little_is_told_before_anything_is_computed():
    assert too_little([]) is not None
    few, alike = world(FEWEST - 1, 5).examples, only(world(60, 5), label="pos").examples
    assert str(FEWEST) in str(too_little(few))
    assert "same label" in str(too_little(alike))
    assert too_little(world(60, 5).examples) is None
    assert too_little(only(world(60, 5), label=None).examples) is None


def test_half_of_the_replayed_texts_speak_the_language_of_the_corrections():
    own = [Example(str(number), FIVE[number % 5], "own") for number in range(1000)]
    chosen = replay_examples(own, {"hy"}, random.Random(1), most=200)
    assert len(chosen) == len({one.text for one in chosen}) == 200
    assert sum(one.lang == "hy" for one in chosen) == 100
    assert chosen == replay_examples(own, {"hy"}, random.Random(1), most=200)
    assert len(replay_examples(own[:30], {"hy"}, random.Random(1), most=200)) == 30


# --------------------------------------------------------------------------------------------------- the folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("models") / "small")


def zeros():
    return {"head.sentiment.weight": torch.zeros(3, 64), "head.sentiment.bias": torch.tensor([0.0, 0.0, 5.0])}


def write(var, base, heads=None, **told):
    return write_adapted(
        var, base, heads or zeros(), date="2026-12-01", told=told, dev={"lv": {"macro_f1": 0.5}}
    )


def digests(folder):
    return {path.name: digest_of(path) for path in folder.iterdir()}


def test_an_adapted_model_is_a_whole_model_of_its_own_name_and_the_original_is_as_it_was(small, tmp_path):
    before = digests(small)
    card = write(tmp_path, small, corrections=40)
    folder = adapted_folder(tmp_path)
    assert {path.name for path in folder.parent.iterdir()} == {"adapted"}
    assert read_card(folder) == card
    assert card.title.startswith("small-1+adapted.")
    assert card.data["adapted"]["from"] == "small-1"
    assert card.data["adapted"]["corrections"] == 40
    assert (card.date, card.dev) == ("2026-12-01", {"lv": {"macro_f1": 0.5}})
    (score,) = load_scorer(str(folder), FIVE).score(["Labi bija, paldies"], ["lv"])
    assert (score.label, score.model) == ("pos", card.title)
    assert digests(small) == before


def test_other_heads_have_another_name_and_take_the_place_of_the_first(small, tmp_path):
    first = write(tmp_path, small)
    rest = adapted_folder(tmp_path).with_name(".adapted.new")
    rest.mkdir()
    (rest / "half").write_text("what a process left that died")
    second = write(tmp_path, small, {"head.sentiment.bias": torch.ones(3)})
    assert first.title != second.title
    assert read_card(adapted_folder(tmp_path)) == second
    assert {path.name for path in adapted_folder(tmp_path).parent.iterdir()} == {"adapted"}


def test_a_folder_that_cannot_be_written_is_told_and_leaves_nothing(small, tmp_path):
    (tmp_path / "model").write_text("a file is in the way")
    with pytest.raises(ModelError, match="cannot be written"):
        write(tmp_path, small)
    assert in_use(str(small), tmp_path).adapted is False


def test_the_adapted_model_is_used_until_it_is_removed(small, tmp_path):
    assert in_use(str(small), tmp_path).name == str(small)
    write(tmp_path, small)
    used = in_use(str(small), tmp_path)
    assert (used.name, used.adapted) == (str(adapted_folder(tmp_path)), True)
    assert remove_adapted(tmp_path) is True
    assert in_use(str(small), tmp_path).name == str(small)
    assert remove_adapted(tmp_path) is False


def test_an_adapted_model_of_another_model_is_left_aside(small, tmp_path):
    write(tmp_path, small)
    other = write_small_model(tmp_path / "other", seed=4)
    used = in_use(str(other), tmp_path)
    assert (used.name, used.adapted, used.outdated) == (str(other), False, True)


@pytest.mark.parametrize("name", ["tiny", "owner/name", "no such folder"])
def test_models_of_other_kinds_are_used_as_they_are(small, tmp_path, name):
    write(tmp_path, small)
    assert in_use(name, tmp_path).name == name
    assert base_folder(name) is None


@pytest.mark.parametrize("file", [TENSORS, TOKENIZER, CARD])
def test_a_damaged_adapted_model_is_refused_and_not_replaced_in_silence(small, tmp_path, file):
    write(tmp_path, small)
    path = adapted_folder(tmp_path) / file
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ModelError, match="adapted"):
        in_use(str(small), tmp_path)


def test_a_card_of_other_making_in_that_place_is_not_taken_for_an_adapted_model(small, tmp_path):
    write(tmp_path, small)
    folder = adapted_folder(tmp_path)
    raw = json.loads((folder / CARD).read_text())
    raw["data"] = {}
    (folder / CARD).write_text(json.dumps(raw))
    assert in_use(str(small), tmp_path).outdated
    write_card(folder, read_card(small))
