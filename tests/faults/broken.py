"""Runs the suite against builds that are broken on purpose: it must go red in each.

    make faults-broken
    python -m faults.broken --only fence

Each build is a copy of the source with one small change in its text, put first on the path of the services; nothing in
the product can be switched off. The result goes to FOLDER/faults-broken.md; the exit code is 1 when a build passed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.machine import ROOT, described
from faults import report
from faults.__main__ import one_run
from faults.run import Plan

FOLDER = Path("build/faults")


@dataclass(frozen=True)
class Build:
    """One thing taken out: in which file, the text as it stands there once, and what takes its place.

    `faults` bring to light what is missing.
    """

    name: str
    file: str
    text: str
    instead: str
    faults: Sequence[tuple[str, str]]
    facts: int = 3_000


BUILDS = {
    "fence": Build(
        "the fence removed",
        "libs/mitodoke/readmodel/store.py",
        "where partition = $1 and next_offset = $2 returning version",
        "where partition = $1 and $2::bigint is not null returning version",
        [("freeze and thaw", "projection"), ("freeze and thaw", "projection-2")] * 2,
    ),
    "repeats": Build(
        "the skipping of repeats removed",
        "services/projection/ledger.py",
        "if len(folded.facts) == len(state.record.facts):",
        "if False:",
        [("kill -9", "leasing")],
    ),
    "offset": Build(
        "the offset committed before the write",
        "services/projection/worker.py",
        "            # 3. Load what is not at hand, fold and judge in memory, fact by fact.",
        '            await connection.execute("commit; begin")',
        [("kill -9", "projection"), ("kill -9", "projection-2")] * 5,
    ),
    "read-through": Build(
        "the read-through limit of the sweep removed",
        "services/projection/worker.py",
        "until = now if position >= ends[partition] else self._read_through.get(partition.partition)",
        "until = now",
        [("both workers away", "")] * 2,
    ),
}


class NotThereError(Exception):
    """The text to change is not there exactly once; says which, and where to mend it."""


@contextmanager
def built(build: Build) -> Iterator[dict[str, str]]:
    """The environment in which services run the broken build. Raises NotThereError."""
    with tempfile.TemporaryDirectory(prefix="mitodoke-broken-") as folder:
        for part in ("libs", "services"):
            shutil.copytree(
                ROOT / part,
                Path(folder) / part,
                symlinks=True,
                ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
            )
        file = Path(folder) / build.file
        source = file.read_text(encoding="utf-8")
        if source.count(build.text) != 1:
            raise NotThereError(
                f"{build.file} has {source.count(build.text)} times, not once: {build.text!r}. "
                f"Say in {Path(__file__).relative_to(ROOT)} what is to be changed now"
            )
        file.write_text(source.replace(build.text, build.instead), encoding="utf-8")
        environment = {"PYTHONPATH": str(Path(folder) / "libs")}
        _require_first(environment, file, Path(folder))
        yield environment


def _require_first(environment: dict[str, str], file: Path, folder: Path) -> None:
    """The services would import the broken file and not the sound one."""
    module = "mitodoke." + ".".join(
        file.relative_to(folder).with_suffix("").parts[1 if "services" not in file.parts else 0 :]
    ).removeprefix("mitodoke.")
    said = subprocess.run(
        [sys.executable, "-c", f"import {module} as m; print(m.__file__)"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if not Path(said).resolve().is_relative_to(folder.resolve()):
        raise NotThereError(f"the services would import {said} and not the broken build in {folder}")


def tried(build: Build, seed: int, console: Console) -> dict[str, Any]:
    """What the suite says of a broken build."""
    with built(build) as environment:
        plan = Plan(
            seed,
            build.facts,
            build.faults,
            rate=250.0,
            environment=environment,
            rebuilds=1,
            settles_within=90.0,
            back_within=120.0,
        )
        result = one_run(plan, console)
    first = str(result.violations[-1])[:300] if result.violations else ""
    return {
        "name": build.name,
        "red": bool(result.violations),
        **{kind: result.times(kind) for kind in ("lost", "double", "accusation", "other")},
        "first": first,
        "violations": [str(each)[:600] for each in result.violations],
    }


def main() -> int:
    """Try each build; 1 when the suite passed one of them."""
    parser = argparse.ArgumentParser(
        prog="python -m faults.broken",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=BUILDS, action="append", help="may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the result is written")
    given = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    machine = described()
    rows = []
    for key in given.only or BUILDS:
        row = tried(BUILDS[key], given.seed, console)
        rows.append(row)
        console.print(f"{row['name']}: {'red' if row['red'] else 'GREEN'}: {row['first']}", markup=False)
        # Kept as they come: a later build that cannot be run takes nothing away.
        file = report.write_broken(given.folder, machine, rows)
        console.print(f"written: {file}", markup=False)
    return 0 if all(row["red"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
