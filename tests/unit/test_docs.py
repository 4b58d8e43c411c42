"""The docs cannot rot: whatever has a name that people meet stands in them, and whatever they print exists.

docs/configuration.md is compared with its generator in test_config_docs.py, the channels' pages with their settings in
test_channels_docs.py.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from alerts import outbox
from alerts.channels import registry as channels
from alerts.decide import Reason, say
from alerts.outbox import Verdict
from alerts.rules import Rule, StormPolicy
from atbalss import __version__
from atbalss.cli.app import app
from atbalss.config import loads
from atbalss.daemon import DRAIN_SECONDS, GOODBYE_SECONDS
from atbalss.exits import Exit
from atbalss.metrics import METRICS
from collectors import registry as sources
from collectors.base import SourceFacts
from collectors.health import SourceStatus
from store.tables import ChannelStatus, DeliveryState

ROOT = Path(__file__).parents[2]
PACKAGES = ("alerts", "atbalss", "collectors", "nlp", "store")
PAGES = sorted(
    path
    for folder in (ROOT, *(ROOT / name for name in ("docs", "deploy", "tests", *PACKAGES)))
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)
BY_HAND = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
"""The pages for people who use or mend Atbalss."""


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def rows(name: str, header: str = "") -> list[list[str]]:
    """The cells of each row of the tables of a page whose first heading is `header`, or of all its tables."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", page(name) + "\n", flags=re.MULTILINE):
        cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
        stripped = [[cell.strip() for cell in row] for row in cells]
        if not header or stripped[0][0] == header:
            found += stripped[2:]
    return found


def row_of(name: str, first: str, header: str = "") -> list[str]:
    """The one row that begins with this cell."""
    found = [cells for cells in rows(name, header) if cells[0] == first]
    assert len(found) == 1, f"{name} needs one row that begins with {first}"
    return found[0]


# ---------------------------------------------------------------------------------------------------- alerts


@pytest.mark.parametrize("key", [*Rule.model_fields, *StormPolicy.model_fields])
def test_every_key_of_rules_and_storms_is_explained(key: str) -> None:
    assert f"`{key}`" in page("docs/alerts.md")


@pytest.mark.parametrize("reason", Reason)
def test_every_decision_stands_in_the_table_in_its_own_words(reason: Reason) -> None:
    assert row_of("docs/alerts.md", f"`{reason}`", "decision")[1] == say(reason)


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_notice_is_explained(state: DeliveryState) -> None:
    assert row_of("docs/alerts.md", f"`{state}`", "state")[1]


def test_the_numbers_of_the_outbox_are_the_codes() -> None:
    text = page("docs/alerts.md")
    for said in (
        f"waits {outbox.FIRST_WAIT.seconds} seconds",
        f"up to {outbox.LONGEST_WAIT.seconds // 60} minutes",
        f"up to {outbox.LONGEST_ASKED.days * 24} hours",
        f"failed {outbox.GIVE_UP_ATTEMPTS} times",
    ):
        assert said in " ".join(text.split())


# ------------------------------------------------------------------------------------------------ operations


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_explained(metric: str) -> None:
    assert row_of("docs/operations.md", f"`{metric}`")[2]


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_explained(code: Exit) -> None:
    assert row_of("docs/operations.md", str(int(code)))[1] == code.name


@pytest.mark.parametrize("state", [*SourceStatus, "never collected"])
def test_every_state_of_a_source_is_explained(state: str) -> None:
    assert row_of("docs/operations.md", f"`{state}`", "state")[1]


@pytest.mark.parametrize("state", ChannelStatus)
def test_every_state_of_a_channel_is_explained(state: ChannelStatus) -> None:
    assert row_of("docs/operations.md", f"`{state}`", "state of a channel")[1]


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_of_the_outbox_is_named(verdict: Verdict) -> None:
    assert f"`{verdict}`" in page("docs/operations.md")


def test_the_drain_is_told_as_long_as_it_is() -> None:
    assert f"gets {DRAIN_SECONDS:g} seconds" in page("docs/operations.md")


def logged() -> set[str]:
    """Every `action` that the packages log, found in their syntax trees."""
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "log"
                ):
                    words = [word.value for word in node.keywords if word.arg == "action"]
                    assert words, f"{path}:{node.lineno} logs without an action"
                    assert isinstance(words[0], ast.Constant), (
                        f"{path}:{node.lineno}: an action is a fixed word"
                    )
                    found.add(str(words[0].value))
    return found


def test_every_log_action_is_explained_and_no_other() -> None:
    told = " ".join(cells[0] for cells in rows("docs/operations.md", "action"))
    assert set(re.findall(r"`([a-z_.]+)`", told)) == logged()


# ---------------------------------------------------------------------------------------------- command line

COMMAND: Any = get_command(app)


def commands(group: Any, words: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every command by its words, groups with their own meaning included."""
    found = {}
    for name, command in group.commands.items():
        found[" ".join((*words, name))] = command
        found |= commands(command, (*words, name)) if hasattr(command, "commands") else {}
    return found


COMMANDS = commands(COMMAND)


def options(command: Any) -> list[str]:
    return [flag for one in command.params if one.param_type_name == "option" for flag in one.opts]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_stands_in_the_table_with_all_its_options(words: str) -> None:
    named = re.compile(rf"`atbalss {words}(?: \[?[A-Z][^`]*)?`")
    (cells,) = [cells for cells in rows("docs/operations.md") if named.fullmatch(cells[0])]
    for flag in options(COMMANDS[words]):
        assert f"`{flag}" in cells[1], flag


def test_the_options_before_the_command_are_explained() -> None:
    text = page("docs/operations.md")
    for flag in (*options(COMMAND), "--help"):
        assert re.search(rf"^\|.*`{flag}`", text, flags=re.MULTILINE), flag


def wrong(words: list[str]) -> str | None:
    """What is wrong with the words after `atbalss`; None when the command line takes them."""
    command, given, rest, flags = COMMAND, 0, list(words), set()
    while rest:
        word = rest.pop(0)
        if word.startswith("-") and word != "-":
            flag = word.split("=")[0]
            known = [one for one in command.params if flag in one.opts]
            if not known and flag != "--help":
                return f"{command.name} has no option {flag}"
            flags.add(flag)
            if known and not known[0].is_flag and "=" not in word:
                if not rest:
                    return f"{flag} needs a value"
                rest.pop(0)
        elif word in getattr(command, "commands", {}):
            command = command.commands[word]
        elif hasattr(command, "commands"):
            return f"there is no command {word}"
        else:
            given += 1
    if "--help" in flags:
        return None
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    if given < sum(one.required for one in arguments):
        return f"{command.name} needs more arguments"
    if given > len(arguments) and all(one.nargs != -1 for one in arguments):
        return f"{command.name} takes fewer arguments"
    missing = [
        one
        for one in command.params
        if one.param_type_name == "option" and one.required and not flags & {*one.opts}
    ]
    return f"{command.name} needs {missing[0].opts[0]}" if missing else None


def printed(text: str) -> list[list[str]]:
    """The words after `atbalss` of every command in the shell blocks of a page."""
    found = []
    for kind, block in re.findall(r"```(sh|console)\n(.*?)```", text, flags=re.DOTALL):
        lines = block.replace("\\\n", " ").splitlines()
        for line in lines:
            if kind == "console" and not line.startswith("$ "):
                continue
            for part in line.removeprefix("$ ").split("&&"):
                words = shlex.split(part, comments=True)
                if words[:1] == ["sudo"]:
                    words = words[3:] if words[1:2] == ["-u"] else words[1:]
                if words[:2] in (["docker", "run"], ["docker", "exec"]):
                    # What follows the image, or the command in the container.
                    words = words[len(words) - 1 - words[::-1].index("atbalss") :]
                if words and words[0].rsplit("/", 1)[-1] == "atbalss":
                    found.append(words[1:])
    return found


@pytest.mark.parametrize("path", BY_HAND, ids=name_of)
def test_the_commands_in_shell_blocks_exist(path: Path) -> None:
    for words in printed(path.read_text(encoding="utf-8")):
        assert wrong(words) is None, f"atbalss {shlex.join(words)}: {wrong(words)}"


@pytest.mark.parametrize("path", BY_HAND, ids=name_of)
def test_the_commands_in_running_text_exist(path: Path) -> None:
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for inline in re.findall(r"`atbalss ([^`]*)`", prose):
        command = COMMAND
        for word in inline.split():
            if word in getattr(command, "commands", {}):
                command = command.commands[word]
            elif word.startswith("-"):
                assert word.split("=")[0] in [*options(command), "--help"], inline
            elif hasattr(command, "commands") and word.isalpha() and word.islower():
                pytest.fail(f"`atbalss {inline}`: there is no command {word}")


def test_the_test_of_commands_sees_the_tour_and_finds_mistakes() -> None:
    tour = [words[0] for words in printed(page("README.md"))]
    assert tour == ["init", "check", "import", "run", "explain", "digest", "status", "score"]
    assert ["status"] in printed(page("docs/operations.md"))
    for mistake in (
        "digset",
        "digest --wek x",
        "explain",
        "explain 1 2",
        "alerts silence x --for 2h",
        "digest --week",
    ):
        assert wrong(mistake.split()) is not None, mistake


# --------------------------------------------------------------------------------------- sources and channels

EXAMPLE_OF_DEMO = (
    '[[sources]]\nid = "d"\nbrand = "b"\ntype = "demo"\nabout = "kafija-krasts"\npart = "demo-news"\n'
)


def example(kind: str) -> str:
    """The source's example, from its own page."""
    if kind == "demo":
        return EXAMPLE_OF_DEMO
    (found, *_) = re.findall(r"```toml\n(.*?)```", page(f"docs/sources/{kind}.md"), flags=re.DOTALL)
    return str(found)


@pytest.fixture
def configured(tmp_path: Path) -> Any:
    """A function that reads a source's example as a configuration and makes its collector."""

    def build(kind: str) -> tuple[Any, SourceFacts]:
        text = example(kind)
        (table,) = tomllib.loads(text)["sources"]
        for key, value in table.items():
            if key.endswith("_file"):
                secret = tmp_path / value
                secret.parent.mkdir(exist_ok=True)
                secret.touch(mode=0o600)
                secret.write_text("secret")
        brand = f'[[brands]]\nid = "{table["brand"]}"\nname = "B"\nzone = "Europe/Riga"\n'
        config = loads(brand + text, path=tmp_path / "atbalss.toml", environment={})
        (source,) = config.sources
        return source, sources.load(kind).build(source.settings, source=source.id).facts

    return build


@pytest.mark.parametrize("kind", sources.KINDS)
def test_every_kind_of_source_stands_in_the_table_with_its_own_words(kind: str, configured: Any) -> None:
    source, facts = configured(kind)
    cells = row_of("docs/sources/README.md", f"`{kind}`")
    assert source.type == kind
    assert cells[2].startswith(facts.access)
    assert cells[4] == facts.misses
    assert cells[5] == (f"{facts.reply_limit} characters" if facts.reply_limit else "none")
    assert facts.window is None, (
        "say in docs/sources/README.md how far back it shows, and mend the page's last line"
    )


@pytest.mark.parametrize("kind", channels.KINDS)
def test_every_kind_of_channel_stands_in_the_table(kind: str) -> None:
    assert f"]({kind}.md)" in row_of("docs/channels/README.md", f"`{kind}`")[1]


# ------------------------------------------------------------------------------------------------ every page


def anchors(text: str) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    bare = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", bare, flags=re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_link_and_picture_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    targets += re.findall(r"^\[[^\]]+\]: (\S+)$", text, flags=re.MULTILINE)
    for target in targets:
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_names_a_machine_or_a_package_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (
        re.findall(
            r"/work/|/root/|/tmp/|\.\./shared|pythonhosted|pypi\.org|download\.pytorch|/simple\b", text
        )
        == []
    )


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    seen, open_pages = set(), [ROOT / "README.md"]
    while open_pages:
        path = open_pages.pop()
        seen.add(path)
        links = re.findall(r"\]\(([^)#\s]+\.md)[^)]*\)", path.read_text(encoding="utf-8"))
        found = {(path.parent / link).resolve() for link in links if "://" not in link}
        open_pages += [one for one in found if one not in seen and one.is_file()]
    assert set(BY_HAND) - seen == set()


def test_the_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert {picture.name for picture in pictures} == {"alert.png", "digest.png"}
    assert all(10_000 < picture.stat().st_size < 300_000 for picture in pictures)


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(page("pyproject.toml"))["project"]["version"]
    assert version == __version__
    assert re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", page("CHANGELOG.md"), flags=re.MULTILINE
    )


def test_the_service_waits_for_the_end_of_what_is_under_way() -> None:
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", page("deploy/atbalss.service"), flags=re.MULTILINE)
    assert int(seconds) > DRAIN_SECONDS + GOODBYE_SECONDS
    (docker,) = re.findall(r"--stop-timeout (\d+)", page("docs/operations.md"))
    assert docker == seconds


# ---------------------------------------------------------------------------------------------- what the model is

NOTICED = {
    "lv_ltec": "Latvian Twitter Eater Corpus",
    "lv_tomsbuls": "SA-Latvian-Tweets",
    "multi_xlmt": "XLM-T",
    "en_goemotions": "GoEmotions-pytorch",
    "ru_xed_proj": "XED",
    "pl_xed_proj": "XED",
    "et_xed_proj": "XED",
}
"""Which line of NOTICE each set of the training data has."""


def test_everything_that_the_model_was_made_from_stands_in_the_notice() -> None:
    data = json.loads(page("nlp/weights/first/model.json"))["data"]
    notice = page("NOTICE")
    for name in data["rows"]:
        assert NOTICED[name] in notice
    base, package = data["base"].split(", from ")
    assert base in notice
    assert package in notice


def test_the_readme_is_honest_about_languages_without_training_data() -> None:
    rows_of = json.loads(page("nlp/weights/first/model.json"))["data"]["rows"]
    learned = any(name.startswith(("lt", "hy")) for name in rows_of)
    assert ("**no** labelled Lithuanian or Armenian text" in " ".join(page("README.md").split())) != learned


@pytest.mark.parametrize("path", BY_HAND, ids=name_of)
def test_no_page_has_a_gap_to_fill(path: Path) -> None:
    assert re.findall(r"@[A-Za-z_]+@(?!\w)|TODO|FIXME|XXX", path.read_text(encoding="utf-8")) == []
