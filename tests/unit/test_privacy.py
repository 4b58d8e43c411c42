"""Authors as pseudonyms: the same person is recognised, and nobody can tell who it is."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from atbalss.config import Config, loads
from atbalss.errors import ConfigError
from atbalss.privacy import Pseudonyms, open_pseudonyms
from tests.world import CONFIG

PSEUDONYMS = Pseudonyms(b"k" * 32, keep_names=False)


def config(folder: Path, extra: str = "") -> Config:
    text = CONFIG.replace("{database}", f"sqlite:///{folder / 'atbalss.db'}") + extra
    return loads(text, path=folder / "atbalss.toml", environment={})


@pytest.mark.parametrize("name", ["JĀNIS  bērziņš".replace("  ", " "), " Jānis Bērziņš ", "Jānis Bērziņš"])
def test_one_person_has_one_key_however_the_name_is_written(name: str) -> None:
    assert PSEUDONYMS.key_of("feed", name) == PSEUDONYMS.key_of("feed", "Jānis Bērziņš")


def test_keys_differ_by_person_kind_of_source_and_installation() -> None:
    other = Pseudonyms(b"o" * 32, keep_names=False)
    keys = {
        PSEUDONYMS.key_of("feed", "Jānis"),
        PSEUDONYMS.key_of("feed", "Anna"),
        PSEUDONYMS.key_of("mastodon", "Jānis"),
        other.key_of("feed", "Jānis"),
    }
    assert len(keys) == 4
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("Jānis Bērziņš", "J. B. #abcd"),
        ("Արամ Պետրոսյան", "Ա. Պ. #abcd"),
        ("anna maria von der berg", "A. M. V. #abcd"),
        ("🐱 cat", "C. #abcd"),
        ("🐱", "#abcd"),
        ("", "#abcd"),
        (None, None),
    ],
)
def test_a_label_shows_initials_and_four_digits(author: str | None, shown: str | None) -> None:
    assert PSEUDONYMS.label_of(author, "abcdef0123") == shown


def test_a_label_never_holds_the_name() -> None:
    label = PSEUDONYMS.label_of("Ludmila Secretova", PSEUDONYMS.key_of("feed", "Ludmila Secretova"))
    assert label is not None
    assert "udmila" not in label
    assert "ecretova" not in label


def test_names_are_kept_only_when_the_configuration_says_so() -> None:
    assert Pseudonyms(b"k" * 32, keep_names=True).label_of("Jānis Bērziņš", "abcd") == "Jānis Bērziņš"


def test_the_key_is_made_once_beside_the_database_and_for_its_owner_only(tmp_path: Path) -> None:
    first = open_pseudonyms(config(tmp_path))
    path = tmp_path / "author.key"
    assert len(path.read_text().strip()) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_pseudonyms(config(tmp_path)) == first
    assert [file.name for file in tmp_path.iterdir()] == ["author.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    settings, together, found = config(tmp_path), threading.Barrier(8), []

    def start() -> None:
        together.wait()
        found.append(open_pseudonyms(settings).key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["author.key"]


def test_a_configured_key_needs_no_file(tmp_path: Path) -> None:
    opened = open_pseudonyms(config(tmp_path, '\n[privacy]\nauthor_key = "0123456789abcdef"\n'))
    assert opened.key == b"0123456789abcdef"
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_was_emptied_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "author.key").write_text("\n")
    with pytest.raises(ConfigError, match="holds no key; restore it from a backup"):
        open_pseudonyms(config(tmp_path))
    assert (tmp_path / "author.key").read_text() == "\n"


def test_a_key_that_cannot_be_read_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "author.key").mkdir()
    with pytest.raises(ConfigError, match=r"author\.key: .*make its folder writable"):
        open_pseudonyms(config(tmp_path))
