"""What goes in and out by hand: `import`, `export`, `purge`, `erase`."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from store.engine import open_store
from store.tables import Mention
from tests.command_line import CONFIG, CommandLine

TWO_BRANDS = (
    CONFIG + '\n[[brands]]\nid = "cafe"\nname = "Kavinė"\nzone = "Europe/Vilnius"\nlanguages = ["lt"]\n'
)
RECENTLY = (datetime.now(UTC) - timedelta(hours=3)).isoformat()


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd):
    command = CommandLine(tmp_path, monkeypatch, capfd)
    command.configure()
    return command


def posts(cli, *options):
    assert cli("export", "--output", "all.jsonl", *options).code == 0
    return [json.loads(line) for line in (cli.folder / "all.jsonl").read_text("utf-8").splitlines()]


def said(new, edited=0, known=0, wrong=0, old=0, retention="730d"):
    too_old = f"; {old} older than the retention of {retention}, not stored" if old else ""
    return (
        f"Imported {new} new posts, {edited} edited; {known} were known or must not be stored; "
        f"{wrong} rows could not be read{too_old}.\n"
    )


def test_a_spreadsheet_of_a_baltic_windows_is_read(cli):
    text = """Nr;Atsauksme;Vērtējums;Datums
1;Gaidīju stundu, ēdiens auksts!;1,5;18.11.2026
2;Ļoti garšīgi;5;19.11.2026
"""
    (cli.folder / "export.csv").write_bytes(text.encode("windows-1257"))
    result = cli("import", "export.csv")
    assert (result.code, result.out, result.err) == (0, said(2), "")
    found = posts(cli)
    assert [row["text"] for row in found] == ["Gaidīju stundu, ēdiens auksts!", "Ļoti garšīgi"]
    assert [row["stars"] for row in found] == [1.5, 5]
    assert {row["source"] for row in found} == {"import"}
    assert {row["brand"] for row in found} == {"shop"}


def test_fields_that_nobody_knows_do_not_disturb(cli):
    cli.write(
        "posts.jsonl",
        {"id": "a", "text": "Slikti!", "stars": 1, "mood": {"deep": [1, 2]}, "campaign": None},
        {"id": "b", "text": "Labi!", "stars": 5, "extra": "x"},
    )
    assert cli("import", "posts.jsonl").out == said(2)


def test_the_same_file_again_changes_nothing(cli):
    cli.write("posts.jsonl", *({"id": str(n), "text": f"Teksts {n}"} for n in range(1200)))
    assert cli("import", "posts.jsonl").out == said(1200)
    assert cli("import", "posts.jsonl").out == said(0, known=1200)
    cli.write("posts.jsonl", *({"id": str(n), "text": f"Teksts {n}"} for n in range(1201)))
    assert cli("import", "posts.jsonl").out == said(1, known=1200)
    assert len(posts(cli)) == 1201


def test_files_that_both_number_their_rows_do_not_overwrite_each_other(cli):
    cli.write("shop.jsonl", {"id": 1, "text": "Slikti!"}, {"id": 2, "text": "Labi!"})
    cli.write("phone.jsonl", {"id": 1, "text": "Nepaceļ!"}, {"id": 2, "text": "Laipni!"})
    assert cli("import", "shop.jsonl", "phone.jsonl").out == said(4)
    assert {row["external_id"]: row["text"] for row in posts(cli)} == {
        "shop/shop/1": "Slikti!",
        "shop/shop/2": "Labi!",
        "shop/phone/1": "Nepaceļ!",
        "shop/phone/2": "Laipni!",
    }
    assert cli("import", "shop.jsonl", "phone.jsonl").out == said(0, known=4)


def test_ids_that_are_unique_over_all_files_mean_the_same_post_in_each(cli):
    cli.write("january.jsonl", {"id": "a", "text": "Slikti!"})
    cli.write("february.jsonl", {"id": "a", "text": "Salaboja."}, {"id": "b", "text": "Labi!"})
    files = ("january.jsonl", "february.jsonl")
    assert cli("import", *files, "--id-scope", "source").out == said(2, edited=1)
    assert {row["external_id"]: row["text"] for row in posts(cli)} == {
        "shop/a": "Salaboja.",
        "shop/b": "Labi!",
    }


def test_the_same_rows_of_two_brands_are_posts_of_both(cli):
    cli.configure(TWO_BRANDS)
    cli.write("posts.jsonl", {"id": "1", "text": "Gerai!"}, {"text": "Labi!"})
    assert cli("import", "posts.jsonl", "--brand", "shop").out == said(2)
    cli.write("posts.jsonl", {"id": "1", "text": "Blogai!"}, {"text": "Labi!"})
    assert cli("import", "posts.jsonl", "--brand", "cafe").out == said(2)
    assert [row["text"] for row in posts(cli, "--brand", "shop")] == ["Gerai!", "Labi!"]
    assert [row["text"] for row in posts(cli, "--brand", "cafe")] == ["Blogai!", "Labi!"]


def test_another_text_under_an_id_is_an_edit(cli):
    cli.write("posts.jsonl", {"id": "1", "text": "Slikti!"})
    cli("import", "posts.jsonl")
    cli.write("posts.jsonl", {"id": "1", "text": "Slikti, bet salaboja."})
    assert cli("import", "posts.jsonl").out == said(0, edited=1)
    assert [row["text"] for row in posts(cli)] == ["Slikti, bet salaboja."]


def test_rows_that_cannot_be_read_are_named_and_the_others_are_stored(cli):
    cli.write(
        "posts.jsonl",
        {"id": "1", "text": "Labi!"},
        "{nonsense",
        {"id": "2", "mood": "bad"},
        {"id": "3", "text": "Slikti!", "stars": "seven of five"},
        {"id": "4", "text": "Slikti!"},
    )
    result = cli("import", "posts.jsonl", "--errors", "errors.csv")
    assert result.code == 1
    assert said(2, wrong=3).strip() in result.out
    with (cli.folder / "errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == [2, 3, 4]
    assert all(row["file"].endswith("posts.jsonl") and row["reason"] for row in rows)
    # What is wrong is said without the text of the post.
    assert "Slikti" not in result.err + (cli.folder / "errors.csv").read_text("utf-8")
    assert [row["external_id"] for row in posts(cli)] == ["shop/posts/1", "shop/posts/4"]


def test_many_problems_are_counted_and_only_the_first_are_shown(cli):
    cli.write("posts.jsonl", *["{nonsense"] * 30)
    result = cli("import", "posts.jsonl")
    assert result.code == 1
    assert "... and 20 more" in result.err
    assert len(result.err.splitlines()) == 11


def test_an_import_alerts_nobody_unless_asked(cli):
    cli.write("posts.jsonl", {"id": "1", "text": "Slikti!", "stars": 1, "date": RECENTLY})
    cli("import", "posts.jsonl")
    cli("score")
    assert "delivered 0 notices" in cli("alerts").out
    cli.write("more.jsonl", {"id": "2", "text": "Ļoti slikti!", "stars": 1, "date": RECENTLY})
    cli("import", "more.jsonl", "--alert")
    cli("score")
    assert "delivered 1 notices" in cli("alerts").out


def test_the_brand_is_asked_for_when_there_are_several(cli):
    cli.configure(TWO_BRANDS)
    cli.write("posts.jsonl", {"id": "1", "text": "Blogai!"}, {"id": "2", "text": "Gerai!", "brand": "shop"})
    result = cli("import", "posts.jsonl")
    assert result.code == 2
    assert "use one of: shop, cafe" in result.err
    assert cli("import", "posts.jsonl", "--brand", "nobody").code == 2
    assert cli("import", "posts.jsonl", "--brand", "cafe").out == said(2)
    assert {row["external_id"]: row["brand"] for row in posts(cli)} == {
        "cafe/posts/1": "cafe",
        "shop/posts/2": "shop",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such.jsonl",),
        ("posts.jsonl", "no-such.jsonl"),
        ("posts.jsonl", "--encoding", "klingon"),
        ("posts.jsonl", "--timezone", "Europe/Rigga"),
        ("posts.jsonl", "--stars-max", "0"),
        ("posts.jsonl", "--stars-max", "nan"),
        ("posts.jsonl", "--stars-max", "inf"),
        ("posts.jsonl", "--source", "reviews"),
        ("posts.jsonl", "--source", ""),
        ("posts.jsonl", "--source", "Google reviews"),
    ],
    ids=" ".join,
)
def test_a_wrong_option_stores_nothing(cli, arguments):
    cli.write("posts.jsonl", {"id": "1", "text": "Labi!"})
    result = cli("import", *arguments)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert next((one for one in arguments if one.startswith("--")), "no-such.jsonl") in result.err
    assert posts(cli) == []


def test_a_file_that_is_not_what_its_ending_says_is_a_failure(cli):
    (cli.folder / "posts.xlsx").write_bytes(b"this is no workbook")
    result = cli("import", "posts.xlsx")
    assert result.code in (1, 2)
    assert "posts.xlsx" in result.err


def test_an_export_shows_scores_and_decisions(cli):
    cli.write(
        "posts.jsonl", {"id": "1", "text": "Slikti!", "stars": 1, "date": RECENTLY, "author": "Jānis Kalniņš"}
    )
    cli("import", "posts.jsonl", "--alert")
    assert posts(cli)[0]["label"] is None
    cli("score")
    cli("alerts")
    (row,) = posts(cli)
    assert (row["lang"], row["label"], row["decision"], row["alert"]) == ("lv", "neg", "alert", 1)
    # A pseudonym, as names are not kept.
    assert row["author"].startswith("J. K. #")


def test_cells_of_a_spreadsheet_are_never_formulas(cli):
    texts = ["=HYPERLINK(1)", "+371 20000000", "-5 un vēl", "@janis", "\t=1+1", "Labi = slikti"]
    cli.write("posts.jsonl", *({"id": f"={n}", "text": text} for n, text in enumerate(texts)))
    cli("import", "posts.jsonl")
    assert cli("export", "--output", "all.csv").out == "Wrote 6 posts: all.csv\n"
    with (cli.folder / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))] == []
    assert [cell for cell in cells if cell.startswith("-") and not cell[1:2].isdecimal()] == []
    assert rows[0]["text"].lstrip("'") == "=HYPERLINK(1)"
    assert rows[-1]["text"] == "Labi = slikti"
    # JSON needs no such care: there the text is as it was.
    assert posts(cli)[0]["text"] == "=HYPERLINK(1)"


def test_an_export_can_be_limited(cli):
    cli.configure(TWO_BRANDS)
    cli.write("shop.jsonl", {"id": "1", "text": "Labi!"})
    cli.write("cafe.jsonl", {"id": "2", "text": "Gerai!"})
    cli("import", "shop.jsonl", "--brand", "shop")
    cli("import", "cafe.jsonl", "--brand", "cafe")
    assert [row["external_id"] for row in posts(cli, "--brand", "cafe")] == ["cafe/cafe/2"]
    assert len(posts(cli, "--since", "2020-01-01")) == 2
    assert posts(cli, "--since", "2100-01-01") == []
    assert cli("export", "--output", "all.jsonl", "--since", "yesterday").code == 2
    assert cli("export", "--output", "all.jsonl", "--brand", "nobody").code == 2


def test_an_export_to_another_ending_or_nowhere_is_refused(cli):
    for target in ("all.xlsx", "no/such/folder/all.csv"):
        result = cli("export", "--output", target)
        assert result.code == 2
        assert target in result.err
        assert not (cli.folder / target).exists()


def test_what_is_past_its_retention_is_not_stored(cli):
    long_ago = (datetime.now(UTC) - timedelta(days=3000)).isoformat()
    cli.write("posts.jsonl", {"id": "1", "text": "Sen!", "date": long_ago}, {"id": "2", "text": "Nesen!"})
    result = cli("import", "posts.jsonl", "--errors", "errors.csv")
    assert result.code == 1
    assert said(1, old=1) in result.out
    assert result.err == "posts.jsonl:1: older than the retention of 730d, not stored\n"
    with (cli.folder / "errors.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["file"], row["line"]) for row in csv.DictReader(file)] == [("posts.jsonl", "1")]
    assert [row["external_id"] for row in posts(cli)] == ["shop/posts/2"]


def test_a_row_that_is_unreadable_and_one_that_is_too_old_are_told_apart_in_their_order(cli):
    long_ago = (datetime.now(UTC) - timedelta(days=3000)).isoformat()
    cli.configure(TWO_BRANDS)
    cli.write(
        "posts.jsonl",
        {"id": "1", "text": "Sen!", "date": long_ago},
        "{nonsense",
        {"id": "3", "text": "Labi!", "brand": "nobody"},
        {"id": "4", "text": "Labi!"},
    )
    result = cli("import", "posts.jsonl", "--brand", "shop")
    assert (result.code, result.out) == (1, said(1, wrong=2, old=1))
    assert [line.partition(": ")[0] for line in result.err.splitlines()] == [
        "posts.jsonl:1",
        "posts.jsonl:2",
        "posts.jsonl:3",
    ]


def test_what_was_collected_too_long_ago_is_purged_and_does_not_come_back(cli):
    then = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    rows = [{"id": "old", "text": "Slikti!", "date": then}, {"id": "new", "text": "Labi!", "date": RECENTLY}]
    cli.write("posts.jsonl", *rows)
    cli("import", "posts.jsonl")
    store = open_store(f"sqlite:///{cli.folder / 'var' / 'atbalss.db'}")
    with store.write() as session:
        collected = datetime.fromisoformat(then)
        session.exec(
            update(Mention).where(col(Mention.external_id) == "shop/posts/old").values(collected_at=collected)
        )
    store.close()
    assert cli("purge", "--dry-run").out == "0 posts would be deleted.\n"
    cli.configure('[retention]\nposts = "30d"\n' + CONFIG)
    assert cli("purge", "--dry-run").out.splitlines()[-1] == "1 posts would be deleted."
    assert len(posts(cli)) == 2
    assert cli("purge").out == "Deleted 1 posts and 0 alerts.\n"
    assert [row["external_id"] for row in posts(cli)] == ["shop/posts/new"]
    assert cli("import", "posts.jsonl").out == said(0, known=1, old=1, retention="30d")


@pytest.fixture
def written(cli):
    cli.write(
        "posts.jsonl",
        {"id": "1", "text": "Slikti!", "stars": 1, "author": "Jānis Kalniņš", "date": RECENTLY},
        {"id": "2", "text": "Labi!", "stars": 5, "author": "jānis kalniņš", "date": RECENTLY},
        {"id": "3", "text": "Normāli.", "stars": 3, "author": "Anna Liepa", "date": RECENTLY},
    )
    cli("import", "posts.jsonl", "--alert")
    cli("score")
    cli("alerts")
    return cli


def test_one_person_is_erased_and_stays_erased(written):
    erased = written("erase", "Jānis Kalniņš", "--yes")
    assert erased.out.startswith("Deleted 2 posts and 1 alerts of one person.\n")
    assert [row["external_id"] for row in posts(written)] == ["shop/posts/3"]
    assert written("import", "posts.jsonl").out == said(0, known=3)
    assert [row["external_id"] for row in posts(written)] == ["shop/posts/3"]
    assert written("erase", "Jānis Kalniņš", "--yes").out == "Nothing is stored of this person.\n"


def test_whoever_wrote_a_mention_can_be_erased(written):
    assert written("erase", "--mention", "2", "--yes").code == 0
    assert [row["external_id"] for row in posts(written)] == ["shop/posts/3"]


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 3), ("y\n", 0, 1), ("", 1, 3)])
def test_erasing_asks_first(written, monkeypatch, answer, code, left):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert written("erase", "Jānis Kalniņš").code == code
    assert len(posts(written)) == left


def test_erasing_needs_exactly_one_person(written):
    assert written("erase", "--yes").code == 2
    assert written("erase", "Jānis Kalniņš", "--mention", "1", "--yes").code == 2
    assert written("erase", "Nobody", "--yes").out == "Nothing is stored of this person.\n"
    assert written("erase", "--mention", "99", "--yes").out == "Nothing is stored of this person.\n"
    assert len(posts(written)) == 3


@pytest.mark.parametrize("number", ["99999999999999999999", "0", "-1"])
def test_a_number_that_no_row_can_have_is_refused(written, number):
    for command in (("erase", "--yes", f"--mention={number}"), ("alerts", "resend", "--", number)):
        result = written(*command)
        assert (result.code, result.out) == (2, "")
        assert number in result.err
        assert len(result.err.splitlines()) == 1
    assert len(posts(written)) == 3
