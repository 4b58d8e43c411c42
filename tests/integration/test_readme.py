"""The tour of the README, walked: each command works, and each line that is printed there is printed.

Numbers, times and folders may differ; words may not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"


@dataclass
class Step:
    """A command, and the lines that the README shows of its answer."""

    command: str
    shown: list[str] = field(default_factory=list)


def steps(text: str) -> list[Step]:
    """The commands of the console blocks in order; a here-document belongs to its command."""
    found: list[Step] = []
    end = ""
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for line in block.splitlines():
            if end:
                found[-1].command += f"\n{line}"
                end = "" if line == end else end
            elif line.startswith("$ "):
                found.append(Step(line.removeprefix("$ ")))
                here = re.search(r"<<'(\w+)'$", line)
                end = here[1] if here else ""
            elif line.strip() != "...":
                found[-1].shown.append(line)
    return found


def words(line: str, folder: Path) -> str:
    """A line without what differs from run to run: frames, spaces, numbers, the folder and what is left out."""
    line = line.split(" ...")[0].replace(str(folder), "FOLDER").replace("/home/you/tour", "FOLDER")
    line = re.sub(r"[─-╿]", " ", line)
    return " ".join(re.sub(r"\d+", "0", line).split())


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, so that no table breaks its lines."""
    made = Path(tempfile.mkdtemp(prefix="tour"))
    yield made
    shutil.rmtree(made)


def test_the_tour_works_and_prints_what_the_readme_shows(folder: Path) -> None:
    found = steps(README.read_text(encoding="utf-8"))
    assert len(found) > 8
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "120", "TERM": "dumb", "LANG": "C.UTF-8"}
    for step in found:
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{step.command}\n{done.stderr}"
        printed = [words(line, folder) for line in done.stdout.splitlines()]
        for line in step.shown:
            said = words(line, folder)
            assert any(one.startswith(said) for one in printed), f"{step.command} does not print: {line}"
