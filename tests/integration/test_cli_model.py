"""`atbalss model`: adapting to corrections, what is refused, which model judges afterwards, and the way back."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
import torch

from atbalss.adapting import read_feedback
from nlp.adapted import adapted_folder, write_adapted
from nlp.model_folder import CARD, digest_of, read_card
from nlp.training.own_texts import is_dev, read_texts
from tests.command_line import CONFIG, CommandLine
from tests.small_model import MARKS, write_small_model


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("models") / "steady", name="steady", steady=True)


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd, small):
    """A configuration whose model is the small one."""
    line = CommandLine(tmp_path, monkeypatch, capfd)
    use(line, small)
    return line


def use(cli, model):
    """Configure a model by its name or folder."""
    cli.configure(CONFIG.replace('name = "tiny"', f'name = "{model}"'))


def texts(count=60):
    """Texts of a customer whose people speak in marks that the model does not know, with what they mean."""
    said = ("Kurjers bija", "Zvanīju divreiz", "Pasūtījums ir", "Veikals te")
    return [
        (f"{MARKS[number % 2] * (9 + number % 9)} {said[number % 4]} {number}", ("pos", "neg")[number % 2])
        for number in range(count)
    ]


def rows(count=60, **more):
    return [{"text": text, "label": label, "lang": "lv", **more} for text, label in texts(count)]


def adapted(cli):
    """The card of the adapted model, None when there is none."""
    folder = adapted_folder(cli.folder / "var")
    return read_card(folder) if folder.exists() else None


def put(cli, base, bias=1.0):
    """Put a model there that was adapted from `base`, without learning; gives its card."""
    return write_adapted(
        cli.folder / "var",
        base,
        {"head.sentiment.bias": torch.tensor([0.0, 0.0, bias])},
        date="2026-12-01",
        told={"corrections": 60},
        dev={"hy": {"n": 320, "macro_f1": 0.5678}},
    )


def corrections(cli, name):
    """What is read of a file."""
    return read_feedback([cli.folder / name]).corrections


def labels(cli, *more):
    """How twenty new texts of the customer are judged, as (meant, given), and the models that judged."""
    new = [(text.replace("Kurjers", "Viņš") + " vēl", label) for text, label in texts(20)]
    found = cli("score", *more, *(text for text, _ in new)).rows
    given = [(label, row["label"]) for (_, label), row in zip(new, found, strict=True)]
    return given, {row["model"] for row in found}


def test_after_adapting_the_corrections_are_followed_until_the_original_is_wanted_back(cli, steady):
    use(cli, steady)
    before = {path.name: digest_of(path) for path in steady.iterdir()}
    cli.write("corrections.jsonl", *rows())
    wrong, models = labels(cli)
    assert models == {"steady-1"}
    result = cli("model", "adapt", "--feedback", "corrections.jsonl")
    assert result.code == 0, result.out + result.err
    card = adapted(cli)
    assert "Read 60 corrections." in result.out
    assert f"From now on {card.title} judges" in result.out
    assert card.data["adapted"]["feedback"] == [
        {"rows": 60, "sha256": digest_of(cli.folder / "corrections.jsonl")}
    ]
    given, models = labels(cli)
    assert models == {card.title}
    assert sum(a == b for a, b in given) >= 18 > sum(a == b for a, b in wrong)
    assert {path.name: digest_of(path) for path in steady.iterdir()} == before

    # Whatever was adapted before, it begins with the original: the same corrections, the same heads.
    cli.write("first.jsonl", *rows()[:30])
    cli.write("second.jsonl", *rows()[30:])
    again = cli("model", "adapt", "--feedback", "first.jsonl", "--feedback", "second.jsonl")
    assert again.code == 0, again.out + again.err
    assert adapted(cli).title == card.title
    assert [file["rows"] for file in adapted(cli).data["adapted"]["feedback"]] == [30, 30]

    assert cli("model", "original").code == 0
    assert adapted(cli) is None
    assert labels(cli) == (wrong, {"steady-1"})
    assert cli("model", "original").out.startswith("There is no adapted model")


def test_the_model_that_judges_is_shown_with_its_figures(cli, small):
    plain = cli("model", "show")
    assert plain.code == 0
    assert "small-1" in plain.out
    assert "0.4321" in plain.out
    card = put(cli, small)
    told = cli("model", "show").out
    assert card.title in told
    assert "from small-1, to 60 corrections" in told
    assert "0.5678" in told
    found = cli("model", "show", "--json").json
    assert (found["name"], found["adapted"], found["outdated"]) == (card.title, True, False)
    assert found["card"]["dev"]["hy"]["n"] == 320


def test_the_adapted_model_judges_wherever_no_other_is_named(cli, small):
    card = put(cli, small, bias=50.0)
    given, models = labels(cli)
    assert models == {card.title}
    assert {label for _, label in given} == {"pos"}
    assert labels(cli, "--model", str(small))[1] == {"small-1"}
    assert card.title in cli("check").out
    cli.write("reviews.jsonl", {"id": "1", "text": "Kurjers neatbrauca un neviens neatbild"})
    assert cli("run", "--once").code == 0
    assert cli("export", "--output", "out.jsonl").code == 0
    (row,) = [json.loads(line) for line in (cli.folder / "out.jsonl").read_text("utf-8").splitlines()]
    assert (row["label"], row["model"]) == ("pos", card.title)


def corrected(cli, path, labels):
    """Export what is stored to `path`, and give each row the label that was meant, in the order of the posts."""
    assert cli("export", "--output", path).code == 0
    if path.suffix == ".jsonl":
        table = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        cli.write(path.name, *({**row, "label": label} for row, label in zip(table, labels, strict=True)))
        return
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows({**row, "label": label} for row, label in zip(table, labels, strict=True))


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_an_exported_file_is_read_with_its_corrected_labels_and_nothing_of_the_models(cli, ending):
    # Some texts look like formulas: exported tables defuse them.
    kinds = ("", "=", "+", "-", "@", "'")
    meant = {f"{kinds[n % 6]}{text}": label for n, (text, label) in enumerate(texts())}
    cli.write("posts.jsonl", *({"id": str(n), "text": text, "lang": "lv"} for n, text in enumerate(meant)))
    assert cli("import", "posts.jsonl").code == 0
    assert cli("score").out == "Scored 60 posts.\n"
    corrected(cli, cli.folder / f"out{ending}", meant.values())
    found = corrections(cli, f"out{ending}")
    assert found.problems == ()
    assert {one.text: one.label for one in found.examples} == meant
    # The model's own probability and aspects are no answers, although the columns are there.
    assert {one.needs_reply for one in found.examples} == {None}
    assert {one.aspects for one in found.examples} == {None}


def test_a_corrected_export_is_learned_from(cli, steady):
    use(cli, steady)
    meant = dict(texts())
    cli.write("posts.jsonl", *({"id": str(n), "text": text, "lang": "lv"} for n, text in enumerate(meant)))
    assert cli("import", "posts.jsonl").code == 0
    assert cli("score").code == 0
    corrected(cli, cli.folder / "out.csv", meant.values())
    result = cli("model", "adapt", "--feedback", "out.csv")
    assert result.code == 0, result.out + result.err
    assert "Read 60 corrections." in result.out


def test_a_table_of_a_spreadsheet_is_read_with_its_delimiter_and_encoding(cli):
    lines = ["Text;Label;Lang", *(f"Ļoti šaurs ceļš {n};{label};lv" for n, (_, label) in enumerate(texts()))]
    (cli.folder / "table.csv").write_bytes("\r\n".join(lines).encode("windows-1257"))
    found = corrections(cli, "table.csv")
    assert len(found.examples) == 60
    assert all(one.text.startswith("Ļoti šaurs ceļš") for one in found.examples)
    assert found.problems == ()


def ours(count):
    """Latvian texts of our own with their labels."""
    found = [row for row in read_texts() if row["lang"] == "lv" and not is_dev(row["writer"])]
    return [(row["text"], row["label"]) for row in found[:count]]


def contradicting():
    """Texts of our own, each with another label."""
    turned = {"neg": "pos", "neu": "neg", "pos": "neg"}
    return [{"text": text, "label": turned[label], "lang": "lv"} for text, label in ours(400)]


def test_corrections_that_would_do_harm_are_refused_and_what_was_there_stays(cli, small):
    before = put(cli, small)
    harmful = contradicting()
    cli.write("bad.jsonl", *harmful)
    result = cli("model", "adapt", "--feedback", "bad.jsonl")
    assert result.code == 1, result.out
    error = result.err.splitlines()[-1]
    assert error.startswith("atbalss: --feedback bad.jsonl: refused, nothing was changed")
    assert "sentiment in " in error
    assert " from 0." in error
    assert " to 0." in error
    assert adapted(cli) == before
    assert harmful[0]["text"] not in result.out + result.err


def test_corrections_that_bring_nothing_are_refused(cli):
    # What the model says already is no correction.
    judged = cli("score", *(text for text, _ in ours(60))).rows
    known = [{"text": row["text"], "label": row["label"], "lang": "lv"} for row in judged]
    assert len({row["label"] for row in known}) > 1
    cli.write("known.jsonl", *known)
    result = cli("model", "adapt", "--feedback", "known.jsonl")
    assert result.code == 1
    assert "would not be judged better" in result.err
    assert adapted(cli) is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("few.jsonl", rows(12), "too few different corrections"),
        ("alike.jsonl", [{**row, "label": "pos"} for row in rows()], "the same label"),
        ("empty.jsonl", [], "holds no correction"),
        ("unscored.jsonl", [{**row, "label": "unscored"} for row in rows()], "holds no correction"),
        ("corrections.xlsx", rows(), "is neither .csv nor .jsonl"),
        ("zeros.csv", ["text,label", "a\0b,pos"], "zero bytes"),
        ("other.csv", ["review,label", "Labi,pos"], "has no column `text`"),
        ("missing.csv", None, "No such file"),
    ],
)
def test_feedback_that_cannot_be_used_is_wrong_input(cli, name, content, said):
    if content is not None:
        cli.write(name, *content)
    result = cli("model", "adapt", "--feedback", name)
    assert result.code == 2, result.out
    assert result.err.startswith(f"atbalss: --feedback {name}: ")
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert adapted(cli) is None


def test_what_the_model_cannot_judge_does_not_count_and_is_told(cli):
    foreign = [{"text": f"Toit oli väga maitsev {n}", "label": ("neg", "pos")[n % 2]} for n in range(30)]
    cli.write("rows.jsonl", *rows(12), *foreign, {"text": "", "label": "neg"}, {"text": "Labi"})
    result = cli("model", "adapt", "--feedback", "rows.jsonl")
    assert result.code == 2, result.out
    assert (
        "what the model can judge (12 of 42 corrections) has too few different corrections"
        in result.err.splitlines()[-1]
    )
    cli.write("rows.jsonl", *rows(12), {"text": "", "label": "neg"}, {"text": "Labi"})
    result = cli("model", "adapt", "--feedback", "rows.jsonl")
    assert "Passed over 1: without a text." in result.out
    assert "Passed over 1: without an answer of a person." in result.out


def test_every_wrong_row_is_named_with_its_line_and_none_is_quoted(cli):
    wrong = [{"text": f"SECRET {n}", "label": "SECRET"} for n in range(12)]
    cli.write("rows.jsonl", *rows(30), "{nonsense", "", *wrong)
    result = cli("model", "adapt", "--feedback", "rows.jsonl")
    assert result.code == 2
    lines = result.err.splitlines()
    assert lines[0] == "atbalss: rows.jsonl:31: is no JSON object"
    assert lines[1].startswith("atbalss: rows.jsonl:33: label: not one of neg, neu, pos")
    assert lines[-1] == "atbalss: ... and 3 more rows"
    assert "SECRET" not in result.out + result.err


def test_a_line_of_a_table_is_that_of_the_file(cli):
    table = ["text,label", '"Divas\nrindas",pos', "Labi,nope"]
    cli.write("rows.csv", *table)
    result = cli("model", "adapt", "--feedback", "rows.csv")
    assert result.code == 2
    assert result.err.startswith("atbalss: rows.csv:4: label")


def test_a_model_of_the_first_format_cannot_be_adapted(cli, small, tmp_path):
    old = shutil.copytree(small, tmp_path / "old")
    card = json.loads((old / CARD).read_text())
    del card["calibration"]
    (old / CARD).write_text(json.dumps({**card, "format": "atbalss-encoder-1", "temperature": 0.9}))
    use(cli, old)
    cli.write("corrections.jsonl", *rows())
    result = cli("model", "adapt", "--feedback", "corrections.jsonl")
    assert result.code == 2
    assert "is of the first format" in result.err


@pytest.mark.parametrize("name", ["tiny", "nobody-here/no-model"])
def test_a_model_of_another_kind_cannot_be_adapted_and_brings_no_figures(cli, name):
    use(cli, name)
    cli.write("corrections.jsonl", *rows())
    result = cli("model", "adapt", "--feedback", "corrections.jsonl")
    assert result.code == 2
    assert result.err.startswith(f"atbalss: [model] name {name}: cannot be adapted")
    assert len(result.err.splitlines()) == 1
    shown = cli("model", "show")
    assert shown.code == 0
    assert name in shown.out
    assert cli("model", "show", "--json").json["card"] is None


def test_an_adapted_model_works_by_its_own_path_and_is_not_adapted_onto_itself(cli, small):
    cli.write("corrections.jsonl", *rows())
    title = put(cli, small).title
    use(cli, "./var/model/adapted")
    assert labels(cli)[1] == {title}
    result = cli("model", "adapt", "--feedback", "corrections.jsonl")
    assert result.code == 2
    assert "is the adapted model itself" in result.err


def test_an_adapted_model_of_a_model_that_is_configured_no_more_is_left_aside_and_told(cli, small, tmp_path):
    put(cli, small)
    other = write_small_model(tmp_path / "other", name="other", seed=5)
    use(cli, other)
    assert labels(cli)[1] == {"other-1"}
    assert "model.outdated" in cli("--verbose", "score", "Labi").err
    shown = cli("model", "show")
    assert "other-1" in shown.out
    assert "left aside" in shown.err
    assert cli("model", "show", "--json").json["outdated"] is True
    # The cell of a table is narrow.
    assert "aside" in cli("check").out


def test_an_adapted_model_of_an_earlier_format_is_left_aside(cli, small, tmp_path):
    put(cli, small)
    card = adapted_folder(cli.folder / "var") / CARD
    raw = json.loads(card.read_text())
    del raw["calibration"]
    card.write_text(json.dumps({**raw, "format": "atbalss-encoder-1"}))
    use(cli, write_small_model(tmp_path / "other", name="other", seed=5))
    assert labels(cli)[1] == {"other-1"}


def test_a_damaged_adapted_model_is_an_error_until_the_original_is_wanted_back(cli, small):
    put(cli, small)
    (adapted_folder(cli.folder / "var") / CARD).write_text("{")
    for command in (("model", "show"), ("score", "Labi")):
        result = cli(*command)
        assert result.code == 1
        assert "model adapt again, or atbalss model original" in result.err
    assert cli("model", "original").code == 0
    assert cli("model", "show").code == 0
