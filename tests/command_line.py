"""The command line in the test's own process: arguments in, exit code and output out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from atbalss.cli import main

__all__ = ["CONFIG", "CommandLine", "Result"]

CONFIG = """
[model]
name = "tiny"

[digest]
enabled = false

[[brands]]
id = "shop"
name = "Veikals Asorti"
zone = "Europe/Riga"
languages = ["lv", "ru"]

[[sources]]
id = "reviews"
brand = "shop"
type = "file"
id_scope = "source"
path = "reviews.jsonl"
alert_first_run = true

[[rules]]
name = "few stars"
max_stars = 2

[[channels]]
name = "console"
type = "console"
folder = "var/outbox"
"""


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class CommandLine:
    """Runs `atbalss` in a folder; call it with the arguments."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.delenv("ATBALSS_CONFIG", raising=False)

    def write(self, name: str, *rows: dict[str, Any] | str) -> Path:
        """Write a file of lines, JSON objects or plain ones; gives its path."""
        path = self.folder / name
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    def configure(self, text: str = CONFIG) -> None:
        """Write atbalss.toml."""
        (self.folder / "atbalss.toml").write_text(text, encoding="utf-8")

    def __call__(self, *arguments: str | Path) -> Result:
        self._monkeypatch.setattr("sys.argv", ["atbalss", *map(str, arguments)])
        self._capfd.readouterr()
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            structlog.reset_defaults()
        out, err = self._capfd.readouterr()
        assert code is None or isinstance(code, int)
        assert "Traceback" not in out + err
        return Result(code or 0, out, err)
