"""Starting a command costs no model: what is imported is seen in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "lingua", "safetensors", "sklearn", "matplotlib", "py3langid")

CONFIG = """
[[brands]]
id = "shop"
name = "Veikals"
zone = "Europe/Riga"

[[sources]]
id = "files"
brand = "shop"
type = "file"
path = "posts.jsonl"

[[sources]]
id = "reviews"
brand = "shop"
type = "demo"
about = "kafija-krasts"
part = "demo-reviews"
"""

# The command runs in the process itself; at its end the names of all modules stand in a file.
COMMAND = """
import json, sys
sys.argv = ["atbalss", *sys.argv[2:]]
report = open({report!r}, "w")
from atbalss.cli import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
json.dump({{"code": code, "modules": sorted(sys.modules)}}, report)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "atbalss.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "posts.jsonl").write_text('{"id": "1", "text": "Labi!"}\n', encoding="utf-8")
    return tmp_path


def modules_after(folder: Path, code: str, *arguments: str) -> tuple[int, set[str]]:
    report = folder / "modules.json"
    done = subprocess.run(
        [sys.executable, "-c", code.format(report=str(report)), "--", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert report.exists(), done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    return found["code"], set(found["modules"])


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if name in modules}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("status",),
        ("collect", "files", "reviews"),
        ("alerts",),
        ("import", "posts.jsonl"),
        ("purge", "--dry-run"),
    ],
    ids=" ".join,
)
def test_a_command_that_judges_nothing_imports_no_model(folder, arguments):
    code, modules = modules_after(folder, COMMAND, *arguments)
    assert code == 0
    assert heavy(modules) == set()


def test_help_imports_neither_collectors_nor_the_database_nor_the_channels(folder):
    code, modules = modules_after(folder, COMMAND, "--help")
    assert code == 0
    rooms = ("sqlalchemy", "sqlmodel", "httpx", "feedparser", "collectors", "store", "alerts", "nlp")
    assert {name for name in rooms if name in modules} == set()


def test_all_collectors_and_channels_are_imported_without_a_model(tmp_path):
    code = """
import json, sys
from importlib import import_module
from alerts.channels import registry as channels
from collectors import registry as collectors
for name in [*collectors.KINDS.values(), *channels.KINDS.values()]:
    import_module(name)
json.dump({{"code": 0, "modules": sorted(sys.modules)}}, open({report!r}, "w"))
"""
    _, modules = modules_after(tmp_path, code)
    assert "collectors.mastodon" in modules
    assert "alerts.channels.slack" in modules
    assert heavy(modules) == set()


def test_the_tiny_model_judges_without_torch(folder):
    code, modules = modules_after(folder, COMMAND, "score", "--model", "tiny", "Kurjers kavējās, slikti!")
    assert code == 0
    assert heavy(modules) - {"py3langid"} == set()
