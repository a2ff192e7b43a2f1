"""Breaks the real system on purpose, under load, and looks whether any promise did not hold.

    make faults                            100,000 facts, seed 1
    make faults SEEDS=1,2,3,4,5 FACTS=100000 KILLS=20 FOLDER=docs/benchmarks
    python -m faults --short               2,000 facts, a few faults

The same seed gives the same faults after as many facts, and the same callers. The report goes to FOLDER/faults.md and
faults.json; the exit code is 1 when anything was lost, double, or wrong otherwise.
"""

import argparse
import asyncio
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from bench.machine import described
from faults import report, schedule
from faults.run import Plan, Result, Tell, run
from mitodoke_local.system import SERVICES
from real_backends import real_backends

SHORT = (
    ("kill -9", "leasing"),
    ("kill -9", "projection"),
    ("kill -9", "broker"),
    ("immediate stop", "PostgreSQL"),
    ("id with another body", ""),
)


def main() -> int:
    """Run what is asked for; 1 when a promise did not hold."""
    given = _arguments()
    console = Console(stderr=True, highlight=False)
    machine = described()
    runs = []
    for seed in given.seeds:
        plan = _plan(seed, given)
        result = one_run(plan, console)
        runs.append((plan, result))
        console.print(f"seed {seed}: {report.verdict(result)}", markup=False)
        for violation in result.violations:
            console.print(f"  {violation}", style="red", markup=False)
    command = shlex.join(["python", "-m", "faults", *sys.argv[1:]])
    console.print(f"written: {report.write(given.folder, command, machine, runs)}", markup=False)
    return 1 if any(result.violations for _, result in runs) else 0


def one_run(plan: Plan, console: Console) -> Result:
    """One run on a broker and a database of its own, with progress for a person."""
    columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="mitodoke-faults-", ignore_cleanup_errors=True) as folder,
        real_backends() as backends,
        Bars(*columns, console=console, transient=True) as bars,
    ):
        return asyncio.run(run(backends, plan, Path(folder), _telling(bars, console)))


def _telling(bars: Bars, console: Console) -> Tell:
    task = bars.add_task("starting", total=None)
    last = ""

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        bars.update(task, description=what, completed=done, total=of)
        if what != last and not console.is_terminal:
            console.print(f"{done:>7} {what}", markup=False)
        last = what

    return tell


def _plan(seed: int, given: argparse.Namespace) -> Plan:
    if given.short:
        # Run beside other tests, it asks whether all holds; how soon service is back is asked of the long run.
        return Plan(seed, 2_000, SHORT, rate=250.0, callers=8, back_within=schedule.LIMIT)
    services = tuple(service for service in SERVICES)
    processes = (*services, "projection-2")
    return Plan(
        seed, given.facts, schedule.everything(processes, given.kills), services=services, rate=given.rate
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def seeds(text: str) -> Sequence[int]:
        return [int(each) for each in text.split(",")]

    parser.add_argument("--seeds", "--seed", type=seeds, default=[1], help="one or more, as in 1,2,3")
    parser.add_argument("--facts", type=int, default=100_000, help="that callers tell at the least")
    parser.add_argument("--kills", type=int, default=3, help="of each process (default 3)")
    parser.add_argument("--rate", type=float, default=400.0, help="facts a second at the most (default 400)")
    parser.add_argument("--short", action="store_true", help="2,000 facts and a few faults")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/faults"), help="where the report is written"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
