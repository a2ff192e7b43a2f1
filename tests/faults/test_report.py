"""The report of the fault suite: seeds that were run apart make one, and two builds do not."""

import json
from pathlib import Path

import pytest

from faults import report
from faults.checker import Violation
from faults.run import Injected, Result


def ran(seed: int) -> Result:
    return Result(
        seed,
        facts=100,
        outcomes={"ok": 99, "unknown": 1},
        injected=[
            Injected("kill -9 broker", 1.5, 0.2, 3.0, 9.25),
            Injected("full disk", 2.0, 10.0, 0.0, None),
        ],
        violations=[Violation("lost", "every fact is there", 2, ("one", "other"))],
    )


def written(folder: Path, commit: str, *seeds: int) -> Path:
    machine = {"commit": commit, "python": "3.11"}
    report.write(folder, f"faults {seeds}", machine, [ran(seed) for seed in seeds], ["a full disk"])
    return folder


def test_reports_of_one_build_are_joined_with_their_seeds_in_order(tmp_path: Path) -> None:
    parts = [written(tmp_path / "late", "abc", 4, 5), written(tmp_path / "early", "abc", 1)]
    together = report.join(parts, tmp_path / "joined")
    whole = written(tmp_path / "whole", "abc", 1, 4, 5)
    joined, at_once = (
        json.loads(f.with_suffix(".json").read_text()) for f in (together, whole / "faults.md")
    )
    assert joined.pop("command") == "faults (4, 5)` and `faults (1,)"
    del at_once["command"]
    assert joined == at_once
    said, wanted = together.read_text(), (whole / "faults.md").read_text()
    assert said[said.index("## Service back") :] == wanted[wanted.index("## Service back") :]


def test_reports_of_two_builds_are_not_joined(tmp_path: Path) -> None:
    parts = [written(tmp_path / "one", "abc", 1), written(tmp_path / "other", "def", 2)]
    with pytest.raises(ValueError, match="several commits: abc, def"):
        report.join(parts, tmp_path / "joined")
