"""The mutation run tells a change that a test notices from one that none does, and checks its explanations."""

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "mutation.py"


@pytest.fixture(scope="module")
def mutation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutation", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutation"] = module
    spec.loader.exec_module(module)
    return module


def run(work: Path, test: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "look_alikes.py", "--processes", "1", "--work", work, "--tests", test],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_the_table_of_look_alikes_notices_changes_that_a_test_without_assertion_does_not(
    tmp_path: Path,
) -> None:
    looking = run(tmp_path / "looking", "tests/unit/lifecycle/test_look_alikes.py")
    blind = run(tmp_path / "blind", "tests/mutation/notices_nothing.py")
    assert looking.returncode == 0, looking.stdout + looking.stderr
    assert _noticed(looking.stdout) == 100
    assert blind.returncode != 0
    assert "survivors without an explanation" in blind.stderr, blind.stdout + blind.stderr
    # A change that raises is noticed by whoever calls it.
    assert _noticed(blind.stdout) < 100


def _noticed(said: str) -> float:
    row = next(line for line in said.splitlines() if line.startswith("| look_alikes.py |"))
    return next(float(cell.strip(" %")) for cell in row.split("|") if cell.endswith("% "))


def test_a_survivor_without_explanation_and_an_explanation_without_survivor_are_named(
    mutation: ModuleType,
) -> None:
    explained, silent, killed, elsewhere = (
        mutation.Change(module, "rule", "a < b", became)
        for module, became in [
            ("serials.py", "a <= b"),
            ("serials.py", "a > b"),
            ("serials.py", "a != b"),
            ("holder.py", "a"),
        ]
    )
    tallies = {"serials.py": mutation.Tally(Counter(killed=1, survived=2), [explained, silent])}
    told = dict.fromkeys((explained, killed, elsewhere), "both are the same")
    assert mutation.verdict(tallies, told) == ([silent], [killed])


def test_the_page_is_of_what_is_kept_and_explained(mutation: ModuleType) -> None:
    told = mutation.explanations()
    assert mutation.REPORT.read_text() == mutation.report(told), "python scripts/mutation.py --page"


def test_an_explanation_of_a_module_that_is_gone_is_named(mutation: ModuleType) -> None:
    gone = mutation.Change("findings/gone.py", "rule", "a", "b")
    assert mutation.verdict({}, {gone: "was the same"}) == ([], [gone])
