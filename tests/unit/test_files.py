"""Files are written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from atbalss.errors import ConfigError
from atbalss.files import whole_file


def test_a_file_takes_its_place_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with whole_file(path, "--output") as file:
        file.write("jauns ✓\r\n")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == "jauns ✓\r\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_a_block_that_breaks_leaves_the_old_file_and_no_rest(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")

    def breaks() -> None:
        with whole_file(path, "--output") as file:
            file.write("half")
            raise error

    with pytest.raises(type(error)):
        breaks()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_named_with_its_option(tmp_path: Path) -> None:
    path = tmp_path / "no" / "out.csv"
    with (
        pytest.raises(ConfigError, match=r"^--output .*choose a folder that exists"),
        whole_file(path, "--output"),
    ):
        pass


def test_a_folder_in_the_files_place_is_named_with_its_option(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.mkdir()
    with pytest.raises(ConfigError, match=r"^--output "), whole_file(path, "--output"):
        pass
    assert list(tmp_path.iterdir()) == [path]
