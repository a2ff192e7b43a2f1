"""Results on paper: one JSON file a run, and what the last run before it said of the same figures."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Bar, Count, Curve, Figure, Finding, Side
from bench.machine import ROOT

FOLDER = ROOT / "docs" / "benchmarks"
RESULTS = FOLDER / "results"


def write(findings: Sequence[Finding], machine: dict[str, str], folder: Path = RESULTS) -> Path:
    """Write a run down; the file is named for its date and commit."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = machine["date"][:16].replace(":", "").replace("-", "")
    file = folder / f"{stamp}-{machine['commit'].replace('+', '-changed')}.json"
    content = {"machine": machine, "findings": [_as_json(finding) for finding in findings]}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def read(file: Path) -> tuple[dict[str, str], list[Finding]]:
    """The machine and the findings of a run. Raises KeyError or ValueError for a file that is none."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return content["machine"], [_finding(each) for each in content["findings"]]


def last(folder: Path = RESULTS) -> dict[tuple[str, str], tuple[Figure, str]]:
    """The newest kept figure of each (benchmark, name), with the commit that it was measured on."""
    found: dict[tuple[str, str], tuple[Figure, str]] = {}
    for file in sorted(folder.glob("*.json")):
        machine, findings = read(file)
        for finding in findings:
            for figure in finding.figures:
                found[finding.benchmark, figure.name] = figure, machine["commit"]
    return found


def _as_json(finding: Finding) -> dict[str, Any]:
    plain = asdict(finding)
    for figure in plain["figures"]:
        if figure["bar"] is not None:
            figure["bar"]["side"] = figure["bar"]["side"].value
    return plain


def _finding(said: dict[str, Any]) -> Finding:
    return Finding(
        said["benchmark"],
        said["title"],
        tuple(
            Figure(
                each["name"],
                each["unit"],
                tuple(each["values"]),
                Bar(Side(each["bar"]["side"]), each["bar"]["limit"]) if each["bar"] else None,
            )
            for each in said["figures"]
        ),
        tuple(Count(**each) for each in said["counts"]),
        tuple(
            Curve(**{**each, "points": tuple((x, y) for x, y in each["points"])}) for each in said["curves"]
        ),
        tuple(said["notes"]),
    )
