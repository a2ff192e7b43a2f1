"""The rules of shape that no type checker holds: the lifecycle is pure, and nothing claims a top-level name of ours."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import mitodoke.lifecycle

LIFECYCLE = sorted(Path(mitodoke.lifecycle.__file__).parent.rglob("*.py"))
ASKING_THE_TIME = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"}
IMPURE_MODULES = {"random", "secrets", "time", "os", "socket", "asyncio", "threading", "subprocess"}


def _imports(tree: ast.AST) -> set[str]:
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("file", LIFECYCLE, ids=lambda file: file.stem)
def test_the_lifecycle_imports_nothing_but_the_standard_library_and_never_asks_the_time(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for name in _imports(tree):
        if not name.startswith("mitodoke.lifecycle"):
            assert name.split(".")[0] in sys.stdlib_module_names - IMPURE_MODULES, name
    asked = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ASKING_THE_TIME
    }
    assert not asked


def test_nothing_installs_a_top_level_module_called_services() -> None:
    assert "mitodoke" not in packages_distributions().get("services", [])
    with pytest.raises(ModuleNotFoundError):
        __import__("services")
