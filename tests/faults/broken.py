"""Runs the suite against builds that are broken on purpose: it must go red in each, for what is broken in it.

    make faults-broken
    python -m faults.broken --only fence

Each build is a copy of the source with a small change in its text, put first on the path of the services; nothing in
the product can be switched off. First comes the build as it is, under the faults of all of them: it must stay green.
The result goes to FOLDER/faults-broken.md; the exit code is 1 when a build was not red for its own reason.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.machine import ROOT, described
from faults import report
from faults.checker import Violation
from faults.run import Plan
from faults.runs import one_run

FOLDER = Path("build/faults")


@dataclass(frozen=True)
class Edit:
    """In which file, the text as it stands there once, and what takes its place."""

    file: str
    text: str
    instead: str


@dataclass(frozen=True)
class Reason:
    """A violation that comes of what is broken: its kind, its promise, and a word that an example must have."""

    kind: str
    promise: str
    word: str = ""

    def seen(self, violations: Sequence[Violation]) -> int:
        """How often it was found."""
        return sum(
            each.times
            for each in violations
            if (each.kind, each.promise) == (self.kind, self.promise)
            and any(self.word in example for example in each.examples)
        )


@dataclass(frozen=True)
class Build:
    """One thing taken out. `faults` bring to light what is missing, as one of the `reasons`."""

    name: str
    edits: Sequence[Edit]
    faults: Sequence[tuple[str, str]]
    reasons: Sequence[Reason]
    facts: int = 3_000
    rate: float = 150.0


TWICE = Reason("double", "a fact is in the tables at most once")

BUILDS = {
    "fence": Build(
        "the fence removed",
        [
            # Progress still never goes back, or another guard would stop everything before anything is written.
            Edit(
                "libs/mitodoke/readmodel/store.py",
                """set next_offset = $3, version = version + 1, last_message = coalesce($4, last_message)
           where partition = $1 and next_offset = $2 and reference_offset <= $5
           returning""",
                """set next_offset = greatest(next_offset, $3), version = version + 1,
               last_message = case when $3 > next_offset then $4 else last_message end
           where partition = $1 and $2::bigint is not null and $5::bigint is not null
           returning""",
            ),
            Edit(
                "services/projection/worker.py",
                "if self._versions.get(partition) != claim.version - 1:",
                "if False:",
            ),
        ],
        [("freeze and thaw", "projection"), ("freeze and thaw", "projection-2")] * 3,
        [
            TWICE,
            Reason("lost", "a fact that was answered OK is in the tables"),
            Reason("other", "no process ends unasked", "UniqueViolation"),
            Reason("other", "an obligation is what the judgement gives"),
            Reason("other", "a flag is what the judgement gives for its drive's log"),
            Reason("other", "a flag's history is what the judgement gives, fact by fact"),
        ],
    ),
    "repeats": Build(
        "the skipping of repeats removed",
        [
            Edit(
                "services/projection/ledger.py",
                "if len(folded.facts) == len(state.record.facts):",
                "if False:",
            )
        ],
        [("kill -9", "leasing")],
        [TWICE],
    ),
    "offset": Build(
        "the offset committed before the write",
        [
            Edit(
                "services/projection/worker.py",
                "            # 3. Load what is not at hand, fold and judge in memory, fact by fact.",
                # Held open: a kill that meets a worker with nothing in hand loses nothing, and shows nothing.
                '            await connection.execute("commit; begin")\n            await asyncio.sleep(0.2)',
            )
        ],
        [("kill -9", "projection"), ("kill -9", "projection-2")] * 3,
        [Reason("lost", "a fact that was answered OK is in the tables")],
        facts=8_000,
        rate=500.0,
    ),
    "read-through": Build(
        "the read-through limit of the sweep removed",
        [
            Edit(
                "services/projection/worker.py",
                "until = now if position >= ends[partition] else self._read_through.get(partition.partition)",
                "until = now",
            ),
            # Else the whole backlog of so short a run is read at once, before the first sweep.
            Edit("services/projection/worker.py", "read_at_once: int = 12_000,", "read_at_once: int = 100,"),
        ],
        [("both workers away", "")] * 2,
        [Reason("accusation", "nobody is accused who had reported in time")],
    ),
}

SOUND = Build("nothing", [], [fault for build in BUILDS.values() for fault in build.faults], [])


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
        environment = {"PYTHONPATH": str(Path(folder) / "libs")}
        for edit in build.edits:
            file = Path(folder) / edit.file
            source = file.read_text(encoding="utf-8")
            if source.count(edit.text) != 1:
                raise NotThereError(
                    f"{edit.file} has {source.count(edit.text)} times, not once: {edit.text!r}. "
                    f"Say in {Path(__file__).relative_to(ROOT)} what is to be changed now"
                )
            file.write_text(source.replace(edit.text, edit.instead), encoding="utf-8")
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
    """What the suite says of a build, and whether that is what it is to say."""
    with built(build) as environment:
        plan = Plan(
            seed,
            build.facts,
            build.faults,
            rate=build.rate,
            environment=environment,
            rebuilds=1,
            settles_within=60.0,
            back_within=120.0,
            waits_at_most=60.0,
            ends_within=600.0,
        )
        result = one_run(plan, console)
    for_its_reason = [(reason, reason.seen(result.violations)) for reason in build.reasons]
    seen = [f"{reason.promise}: {times} times" for reason, times in for_its_reason if times]
    return {
        "name": build.name,
        "as_it_should": bool(seen) if build.edits else not result.violations,
        "reasons": seen,
        "facts": result.facts,
        "faults": Counter(each.name for each in result.injected),
        "seconds": round(result.seconds),
        **{kind: result.times(kind) for kind in ("lost", "double", "accusation", "other")},
        "violations": [str(each)[:300] for each in result.violations],
    }


def main() -> int:
    """Try each build; 1 when one was not red for its own reason, or the sound one not green."""
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
    builds = [BUILDS[key] for key in given.only] if given.only else [SOUND, *BUILDS.values()]
    for build in builds:
        row = tried(build, given.seed, console)
        rows.append(row)
        console.print(f"{row['name']}: {report.of_build(row)}", markup=False)
        for violation in row["violations"]:
            console.print(f"  {violation}", markup=False)
        # Kept as they come: a later build that cannot be run takes nothing away.
        file = report.write_broken(given.folder, machine, rows)
        console.print(f"written: {file}", markup=False)
    return 0 if all(row["as_it_should"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
