"""`atbalss score`: the contract of its rows, its files, and its errors."""

from __future__ import annotations

import csv
import json

import pytest

from tests.command_line import CommandLine

FIELDS = {"lang", "label", "reason", "p", "satisfaction", "needs_reply", "model"}
TINY = ("--model", "tiny")
TEXTS = [
    "Kurjers kavējās, ļoti slikti!",
    "Labai ačiū, puikus aptarnavimas!",
    "Շատ վատ սպասարկում էր։",
    "Спасибо, всё отлично!",
    "The delivery was late and the box was broken.",
    "👍",
    "",
]


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd):
    """No atbalss.toml: the command works without."""
    return CommandLine(tmp_path, monkeypatch, capfd)


def test_each_text_gives_one_row_of_the_contract(cli):
    result = cli("score", *TINY, *TEXTS)
    assert result.code == 0
    assert [row["text"] for row in result.rows] == TEXTS
    for row in result.rows:
        assert set(row) == {"text", *FIELDS}
        assert row["label"] in ("neg", "neu", "pos", "unscored")
        assert row["needs_reply"] is None or 0 <= row["needs_reply"] <= 1
        if row["label"] == "unscored":
            assert row["reason"]
            assert row["p"] is None
            assert row["satisfaction"] is None
        else:
            assert row["reason"] is None
            assert set(row["p"]) == {"neg", "neu", "pos"}
            assert sum(row["p"].values()) == pytest.approx(1, abs=1e-4)
            assert 1 <= row["satisfaction"] <= 5
            assert row["p"][row["label"]] == max(row["p"].values())
    assert [row["label"] for row in result.rows[-2:]] == ["unscored", "unscored"]
    assert [row["lang"] for row in result.rows[:5]] == ["lv", "lt", "hy", "ru", "en"]
    assert [row["label"] for row in result.rows[:2]] == ["neg", "pos"]


def test_a_file_keeps_its_order_its_count_and_its_other_fields(cli):
    rows = [{"id": n, "text": TEXTS[n % len(TEXTS)], "tags": ["a", n], "label": "gold"} for n in range(600)]
    source = cli.write("in.jsonl", *rows)
    result = cli("score", *TINY, "--input", source, "--output", "out.jsonl")
    assert (result.code, result.out) == (0, "")
    assert "600" in result.err
    found = [json.loads(line) for line in (cli.folder / "out.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in found] == list(range(600))
    assert all(row["tags"] == ["a", row["id"]] and row["text"] == TEXTS[row["id"] % 7] for row in found)
    # The input's own field of that name is not lost and not taken for ours.
    assert all(row["input_label"] == "gold" and row["label"] != "gold" for row in found)


def test_csv_and_jsonl_give_the_same_judgements(cli):
    with (cli.folder / "in.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["id", "text"])
        writer.writeheader()
        writer.writerows({"id": str(n), "text": text} for n, text in enumerate(TEXTS))
    cli.write("in.jsonl", *({"id": str(n), "text": text} for n, text in enumerate(TEXTS)))
    assert cli("score", *TINY, "--input", "in.csv").rows == cli("score", *TINY, "--input", "in.jsonl").rows


def test_line_breaks_in_a_csv_field_stay(cli):
    (cli.folder / "in.csv").write_text('text,id\n"Slikti!\nĻoti slikti.",7\n', encoding="utf-8")
    assert cli("score", *TINY, "--input", "in.csv").rows[0]["text"] == "Slikti!\nĻoti slikti."


@pytest.mark.parametrize(
    ("name", "lines", "place"),
    [
        ("in.jsonl", ['{"text": "Labi"}', '{"txt": "Labi"}'], "in.jsonl:2"),
        ("in.jsonl", ['{"text": "Labi"}', '{"text": 5}'], "in.jsonl:2"),
        ("in.jsonl", ['{"text": "Labi"}', "", "{nonsense"], "in.jsonl:3"),
        ("in.jsonl", ['["Labi"]'], "in.jsonl:1"),
        ("in.csv", ["id,txt", "1,Labi"], "in.csv:2"),
        ("in.txt", ["Labi"], "--input in.txt"),
        ("missing.jsonl", None, "--input missing.jsonl"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_leaves_no_file(cli, name, lines, place):
    if lines is not None:
        cli.write(name, *lines)
    result = cli("score", *TINY, "--input", name, "--output", "out.jsonl")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"atbalss: {place}: ")
    assert len(result.err.splitlines()) == 1
    assert {path.name for path in cli.folder.iterdir()} <= {name}


def test_a_file_that_is_not_utf8_is_told(cli):
    (cli.folder / "in.jsonl").write_bytes('{"text": "Slikti, ļoti"}\n'.encode("windows-1257"))
    result = cli("score", *TINY, "--input", "in.jsonl", "--output", "out.jsonl")
    assert result.code == 2
    assert "is not UTF-8" in result.err
    assert not (cli.folder / "out.jsonl").exists()


def test_a_failed_run_leaves_an_earlier_output_as_it_was(cli):
    cli.write("out.jsonl", '{"old": 1}')
    cli.write("in.jsonl", '{"text": "Labi"}', "{nonsense")
    assert cli("score", *TINY, "--input", "in.jsonl", "--output", "out.jsonl").code == 2
    assert (cli.folder / "out.jsonl").read_text() == '{"old": 1}\n'


def test_texts_and_input_together_are_refused(cli):
    cli.write("in.jsonl", '{"text": "Labi"}')
    assert cli("score", *TINY, "Labi", "--input", "in.jsonl").code == 2


@pytest.mark.parametrize("option", [("--output", "out.jsonl"), TINY], ids=" ".join)
def test_an_option_for_texts_without_texts_is_refused(cli, option):
    cli.configure()
    result = cli("score", *option)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"atbalss: {option[0]}: ")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["out.csv", "out", "out.json"])
def test_an_output_with_another_ending_is_refused(cli, name):
    result = cli("score", *TINY, "Labi", "--output", name)
    assert result.code == 2
    assert result.err.startswith(f"atbalss: --output {name}: is not .jsonl; ")
    assert not (cli.folder / name).exists()


def test_an_output_of_newline_delimited_json_is_written(cli):
    assert cli("score", *TINY, "Labi", "--output", "out.ndjson").code == 0
    assert json.loads((cli.folder / "out.ndjson").read_text("utf-8"))["text"] == "Labi"


def test_halves_of_surrogate_pairs_are_judged_and_written_as_replaced(cli):
    # In a row, also beside the text; and an argument as Python gives one that is no UTF-8.
    cli.write("in.jsonl", '{"text": "\\ud83d Slikti!", "\\udc00": ["\\ud800"]}', '{"text": "\\ud83d\\ude00"}')
    assert cli("score", *TINY, "--input", "in.jsonl", "--output", "out.jsonl").code == 0
    found = [json.loads(line) for line in (cli.folder / "out.jsonl").read_text("utf-8").splitlines()]
    assert (found[0]["text"], found[0]["\ufffd"]) == ("\ufffd Slikti!", ["\ufffd"])
    assert found[1]["text"] == "😀"
    (row,) = cli("score", *TINY, "Slikti \udce7!").rows
    assert row["text"] == "Slikti \ufffd!"


def test_a_model_that_does_not_exist_is_a_failure_with_its_remedy(cli):
    result = cli("score", "--model", "no such model", "Labi")
    assert result.code in (1, 2)
    assert result.err.startswith("atbalss: ")
    assert len(result.err.splitlines()) == 1


def test_without_texts_it_judges_what_is_stored(cli):
    cli.configure()
    cli.write("reviews.jsonl", {"id": "1", "text": "Slikti!"}, {"id": "2", "text": "Labi!"})
    assert cli("collect").code == 0
    assert cli("score").out == "Scored 2 posts.\n"
    assert cli("score").out == "Scored 0 posts.\n"


def test_a_configuration_that_is_named_must_exist(cli):
    assert cli("--config", "mine.toml", "score", "Labi").code == 2
