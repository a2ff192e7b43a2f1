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


UNNOTED = {"drive", "destructions", "number", "reads", "closures", "reference", "shared", "told"}
OF_ITS_CYCLE = {"facts", "by_kind", "of", "first_known_at"}


@pytest.mark.parametrize(
    "file", [f for f in LIFECYCLE if f.parent.name == "findings"], ids=lambda file: file.stem
)
def test_a_rule_looks_at_facts_only_where_it_is_noted(file: Path) -> None:
    """What a rule sees around `Case`'s methods would be remembered after it has changed (docs/adr/0011)."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id="case"), attr=name):
                assert name not in UNNOTED, f"line {node.lineno}: case.{name}"
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="case"), attr="cycle"), attr=name):
                assert name not in OF_ITS_CYCLE, f"line {node.lineno}: case.cycle.{name}"
            case _:
                pass


def test_nothing_installs_a_top_level_module_called_services() -> None:
    assert "mitodoke" not in packages_distributions().get("services", [])
    with pytest.raises(ModuleNotFoundError):
        __import__("services")
