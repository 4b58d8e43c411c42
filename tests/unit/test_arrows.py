"""The arrows between the packages and the sources of time and chance, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("atbalss", "collectors", "nlp", "store", "alerts")
LEAVES = ("atbalss.errors", "atbalss.duration")
MAY_IMPORT = {
    "collectors": ("collectors", *LEAVES),
    "nlp": ("nlp", *LEAVES),
    "store": ("store", *LEAVES),
    "alerts": ("alerts", "store", *LEAVES),
    "atbalss": OURS,
}
MODULES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))

# The only places that name the machine's clock, its sleep or its chance: the wiring, and the defaults of
# parameters that every caller of ours fills in. Commands that make or measure a model have nobody above them.
EFFECTS = {
    "atbalss/daemon.py": {"time.perf_counter"},
    "atbalss/pipeline/runtime.py": {"datetime.now", "asyncio.sleep", "random.SystemRandom"},
    "collectors/base.py": {"datetime.now", "asyncio.sleep", "random.Random"},
    "collectors/http.py": {"asyncio.sleep", "time.monotonic", "random.Random"},
    "collectors/limits.py": {"asyncio.sleep", "time.monotonic"},
    "store/engine.py": {"time.sleep"},
}
COMMANDS = ("nlp/training/", "nlp/evaluation/")

CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {
        "time",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "sleep",
        "localtime",
        "gmtime",
        "ctime",
    },
    "asyncio": {"sleep"},
}


def imported(tree: ast.AST) -> Iterator[str]:
    """The full names of modules that are imported anywhere in a module, also late and for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            # `from atbalss import errors` names a module too.
            yield from (f"{node.module}.{name.name}" for name in node.names if node.module in OURS)


def is_of(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def effects(tree: ast.Module) -> set[str]:
    """The sources of time and chance that a module names, such as `datetime.now`."""
    called = {
        name.asname or name.name: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "random", "asyncio"):
            forbidden = CLOCKS.get(node.module, set())
            found |= {
                f"{node.module}.{name.name}"
                for name in node.names
                if name.name in forbidden or (node.module == "random" and name.name != "Random")
            }
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        base = called.get(node.value.id, node.value.id)
        if node.attr in CLOCKS.get(base, set()):
            found.add(f"{base}.{node.attr}")
        if base == "random" and node.value.id in called and not _is_parameter(node, parents):
            found |= _chance(node, parents[node])
    return found


def _is_parameter(node: ast.Attribute, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether the name before the dot is a parameter of a function around it."""
    assert isinstance(node.value, ast.Name)
    child: ast.AST = node
    while child in parents:
        around = parents[child]
        # Defaults and annotations stand outside of the function's own names.
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef) and child in around.body:
            names = {argument.arg for argument in [*around.args.args, *around.args.kwonlyargs]}
            if node.value.id in names:
                return True
        child = around
    return False


def _chance(node: ast.Attribute, parent: ast.AST) -> set[str]:
    """A generator without a seed, or a function of the module's own hidden generator."""
    name = f"random.{node.attr}"
    if node.attr not in ("Random", "SystemRandom"):
        return {name}
    unseeded = isinstance(parent, ast.Call) and parent.func is node and not parent.args
    factory = isinstance(parent, ast.keyword) and parent.arg == "default_factory"
    return {name} if unseeded or factory else set()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("package", OURS)
def test_a_package_imports_only_what_its_arrow_allows(package):
    wrong = {
        f"{shown(path)} imports {module}"
        for path in MODULES
        if path.is_relative_to(ROOT / package)
        for module in imported(parsed(path))
        if is_of(module, OURS)
        and not is_of(module, MAY_IMPORT[package])
        # The package's own name comes from `from atbalss import errors`, whose full name is checked as well.
        and not (module == "atbalss" and package != "atbalss")
    }
    assert wrong == set()


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_imports_nothing_of_ours(leaf):
    path = ROOT / f"{leaf.replace('.', '/')}.py"
    assert [module for module in imported(parsed(path)) if is_of(module, OURS)] == []


def test_the_root_package_imports_nothing_so_that_a_leaf_stays_a_leaf():
    assert [module for module in imported(parsed(ROOT / "atbalss/__init__.py")) if is_of(module, OURS)] == []


def test_nothing_of_ours_imports_the_tests():
    assert [
        shown(path) for path in MODULES for module in imported(parsed(path)) if is_of(module, ("tests",))
    ] == []


def test_clock_sleep_and_chance_are_parameters_below_the_wiring():
    found = {
        shown(path): names
        for path in MODULES
        if not shown(path).startswith(COMMANDS) and (names := effects(parsed(path)))
    }
    assert found == EFFECTS


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from datetime import datetime\nx = datetime.now()", {"datetime.now"}),
        ("import time as t\nt.sleep(1)", {"time.sleep"}),
        ("from asyncio import sleep", {"asyncio.sleep"}),
        ("import random\nx = random.choice([1])", {"random.choice"}),
        ("import random\nx = random.Random()", {"random.Random"}),
        ("import random\nx = random.Random(7)", set()),
        ("import random\ndef f(random: random.Random):\n    return random.random()", set()),
        ("import random\ndef f(x=random.random()):\n    return x", {"random.random"}),
        ("from random import shuffle", {"random.shuffle"}),
    ],
)
def test_the_search_for_clocks_finds_what_it_should(code, found):
    assert effects(ast.parse(code)) == found


@pytest.mark.parametrize(
    "package",
    sorted({path.parent for path in MODULES if path.parent.name != "versions"}),
    ids=lambda path: shown(path),
)
def test_a_package_has_an_init_that_lists_all(package):
    tree = parsed(package / "__init__.py")
    lists = [
        node
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name) and target.id == "__all__"
    ]
    assert len(lists) == 1
    # Nothing else happens there: a docstring, imports, names.
    allowed = (ast.Expr, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    assert all(isinstance(node, allowed) for node in tree.body)
