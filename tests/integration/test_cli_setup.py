"""Help, `init`, `check`, and how the command line says what is wrong."""

from __future__ import annotations

import tomllib

import pytest
import typer.main

from atbalss import __version__
from atbalss.cli.app import app
from tests.command_line import CONFIG, CommandLine


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd):
    return CommandLine(tmp_path, monkeypatch, capfd)


def commands(group=None, prefix=()):
    """Every command with its path, such as ("alerts", "list")."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        yield (*prefix, name)
        if hasattr(command, "commands"):
            yield from commands(command, (*prefix, name))


NAMES = sorted(commands())


def test_all_commands_are_there():
    top = {name for name, *more in NAMES if not more}
    assert top == {
        *("init", "check", "run", "demo", "collect", "import", "score", "alerts"),
        *("digest", "explain", "status", "export", "purge", "erase"),
        "model",
    }
    nested = {"list", "resend", "resume", "silence", "adapt", "original", "show"}
    assert {name[1] for name in NAMES if len(name) == 2} == nested


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_the_help_of_a_command_has_an_example_of_that_command(cli, name):
    result = cli(*name, "--help")
    assert result.code == 0
    _, _, example = " ".join(result.out.split()).rpartition("Example: atbalss ")
    words = [word for word in example.split() if not word.startswith("--") and not word.endswith(".toml")]
    assert tuple(words[: len(name)]) == name


def test_no_arguments_show_the_help(cli):
    result = cli()
    assert "Usage: atbalss" in result.out + result.err


def test_the_version_is_printed(cli):
    assert cli("--version").out == f"atbalss {__version__}\n"


def test_an_unknown_option_is_wrong_input(cli):
    assert cli("status", "--jsn").code == 2
    assert cli("nonsense").code == 2


def test_init_writes_a_configuration_that_works_as_it_is(cli):
    result = cli("init")
    assert result.code == 0
    assert "atbalss.toml" in result.out
    tomllib.loads((cli.folder / "atbalss.toml").read_text(encoding="utf-8"))
    status = cli("status", "--json")
    assert status.code == 0
    assert status.json["sources"][0]["source"] == "example-files"


def test_init_never_overwrites_unless_told(cli):
    cli.configure("# mine\n")
    result = cli("init")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        "atbalss: atbalss.toml: is there already; replace it with --force, or choose --config"
    ]
    assert (cli.folder / "atbalss.toml").read_text(encoding="utf-8") == "# mine\n"
    assert cli("init", "--force").code == 0
    assert (cli.folder / "atbalss.toml").read_text(encoding="utf-8") != "# mine\n"


def test_init_writes_where_config_says(cli):
    assert cli("--config", "other.toml", "init").code == 0
    assert (cli.folder / "other.toml").exists()
    assert not (cli.folder / "atbalss.toml").exists()
    assert cli("--config", "no/such/folder.toml", "init").code == 2


def test_a_missing_configuration_names_the_way_out(cli):
    result = cli("status")
    assert result.code == 2
    assert result.err.splitlines() == [
        "atbalss: atbalss.toml: there is no such file; run `atbalss init` to write one, or name yours with --config"
    ]


def test_each_problem_of_a_configuration_is_one_line(cli):
    cli.configure(
        CONFIG.replace("Europe/Riga", "Europe/Rigga").replace("max_stars", "max_star")
        + 'url = "${NO_WHERE}"\n'
    )
    for command in (("check",), ("status",), ("run", "--once"), ("alerts",)):
        result = cli(*command)
        assert (result.code, result.out) == (2, "")
        lines = result.err.splitlines()
        assert len(lines) == 3
        assert all(line.startswith("atbalss: ") and ".toml:" in line and "; " in line for line in lines)


def test_check_tries_everything_and_changes_nothing(cli):
    cli.configure()
    cli.write("reviews.jsonl", {"id": "1", "text": "Slikti!", "stars": 1})
    before = set(cli.folder.rglob("*"))
    result = cli("check")
    assert result.code == 0, result.out
    for name in ("database", "tiny", "reviews", "console"):
        assert name in result.out
    assert "FAILED" not in result.out
    assert set(cli.folder.rglob("*")) == before
    assert cli("status", "--json").json["sources"][0]["posts"] == 0


def test_check_says_which_part_fails_and_why(cli):
    cli.configure(CONFIG.replace('path = "reviews.jsonl"', 'path = "elsewhere/reviews.jsonl"'))
    result = cli("check")
    assert result.code == 1
    line = next(line for line in result.out.splitlines() if "reviews" in line)
    assert "FAILED" in line
    assert "there is no such file" in line
    assert "1 of these failed." in result.out


def test_a_database_that_cannot_be_opened_is_a_failure_in_one_line(cli):
    cli.configure('[database]\nurl = "postgresql://nobody:hidden-word@127.0.0.1:1/none"\n' + CONFIG)
    result = cli("status")
    assert (result.code, result.out) == (1, "")
    assert len(result.err.splitlines()) == 1
    assert "hidden-word" not in result.err
    checked = cli("check")
    assert checked.code == 1
    assert "hidden-word" not in checked.out + checked.err
