"""What is packed works without the repository: everything that the program reads travels with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("alerts", "atbalss", "collectors", "nlp", "store")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")


def _needs_setuptools() -> None:
    try:
        major = int(version("setuptools").split(".")[0])
    except PackageNotFoundError:
        major = 0
    if major < 77:
        pytest.skip("building without a network needs setuptools 77 or newer in this environment")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: building leaves files behind."""
    _needs_setuptools()
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-2000:]
    (found,) = target.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def packed(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_module_and_every_file_that_is_read_is_in_the_wheel(packed: set[str]) -> None:
    here = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert here - packed == set()


def test_the_wheel_holds_one_of_each_kind_of_file(packed: set[str]) -> None:
    assert packed >= {
        "alerts/channels/templates/base.html.j2",
        "alerts/digest/templates/digest.css",
        "alerts/replies/hy.toml",
        "atbalss/config/demo.toml",
        "atbalss/config/init.toml",
        "atbalss/py.typed",
        "collectors/demo/feed.jsonl",
        "nlp/weights/first/model.json",
        "nlp/weights/first/model.safetensors",
        "nlp/weights/first/tokenizer.json",
        "store/migrations/env.py",
        "store/migrations/versions/0001_the_first_schema.py",
    }


def test_the_wheel_carries_the_licence_and_the_notice(wheel: Path, packed: set[str]) -> None:
    distribution = "-".join(wheel.name.split("-")[:2])
    licences = f"{distribution}.dist-info/licenses"
    assert {f"{licences}/LICENSE", f"{licences}/NOTICE"} <= packed


def test_the_wheel_puts_nothing_else_on_the_path(packed: set[str]) -> None:
    assert {name.split("/")[0] for name in packed if ".dist-info/" not in name} == set(PACKAGES)


def test_the_unpacked_wheel_runs_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    script = tmp_path / "run.py"
    script.write_text("from atbalss.cli import main\nmain()\n")
    # -P: neither the script's folder nor the current one is searched; the unpacked wheel comes before the repository.
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-P", str(script)]

    def run(*words: str) -> str:
        done = subprocess.run(
            [*command, *words],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run("--version").strip() == f"atbalss {project['version']}"
    run("--demo", "collect")
    sources = json.loads(run("--demo", "status", "--json"))["sources"]
    assert all(source["posts"] for source in sources)
    assert {source["type"] for source in sources} == {"demo"}
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import atbalss, store; print(atbalss.__file__, store.__file__)"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert all(Path(path).is_relative_to(site) for path in where)


def test_the_installed_command_is_ours() -> None:
    (command,) = entry_points(group="console_scripts", name="atbalss")
    assert command.value == "atbalss.cli:main"
    script = Path(sys.executable).parent / "atbalss"
    if not script.exists():
        pytest.skip("the command is not installed beside this Python")
    done = subprocess.run([str(script), "--version"], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("atbalss ")


def test_the_service_is_a_valid_unit(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd is not installed")
    # The program and its user exist only where the service is installed.
    text = (ROOT / "deploy" / "atbalss.service").read_text(encoding="utf-8")
    unit = tmp_path / "atbalss.service"
    unit.write_text(
        text.replace("/opt/atbalss/.venv/bin/atbalss", "/bin/true").replace("User=atbalss", "User=root")
    )
    done = subprocess.run(
        [verify, "verify", str(unit)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
