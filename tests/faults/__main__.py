"""Breaks the real system on purpose, under load, and looks whether any promise did not hold.

    make faults                            100,000 facts, seed 1
    make faults SEEDS=1,2,3,4,5 KILLS=4 FOLDER=docs/benchmarks    each process 20 times in all
    python -m faults --short               2,000 facts, a few faults
    python -m faults --join ONE OTHER …    no run: one report of those in these folders, into FOLDER

The same seed gives the same faults after as many facts, and the same callers. The report goes to FOLDER/faults.md and
faults.json; the exit code is 1 when anything was lost, double, or wrong otherwise.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.machine import described
from faults import disks, network, report, schedule
from faults.run import Plan, Result
from faults.runs import results
from mitodoke_local.system import SERVICES

SHORT = (
    ("kill -9", "leasing"),
    ("kill -9", "projection"),
    ("kill -9", "broker"),
    ("immediate stop", "PostgreSQL"),
    ("id with another body", ""),
    ("clock a day ahead", schedule.PARTNER),
    ("clock a day behind", schedule.PARTNER),
)


def main() -> int:
    """Run what is asked for; 1 when a promise did not hold."""
    given = _arguments()
    if given.join:
        print(f"written: {report.join(given.join, given.folder)}")
        return 0
    if not given.short:
        disks.with_mounts_of_its_own()
    console = Console(stderr=True, highlight=False)
    machine = described()
    command = shlex.join(["python", "-m", "faults", *sys.argv[1:]])
    left_out = () if given.short else _left_out()
    runs: list[tuple[Plan, Result]] = []
    for plan, result in results([_plan(seed, given) for seed in given.seeds], given.at_once, console):
        runs.append((plan, result))
        runs.sort(key=lambda run: run[0].seed)
        console.print(f"seed {plan.seed}: {report.verdict(result)}", markup=False)
        for violation in result.violations:
            console.print(f"  {violation}", style="red", markup=False)
        # Kept as they come: a later seed that cannot be run takes nothing away.
        file = report.write(given.folder, command, machine, [result for _, result in runs], left_out)
        console.print(f"written: {file}", markup=False)
    return 1 if any(result.violations for _, result in runs) else 0


def _left_out() -> list[str]:
    """What this machine does not allow, with the reason."""
    found = []
    if not network.can_be_broken():
        found.append(f"a broken network ({network.PROGRAM} is not here; scripts/tools.sh builds it)")
    if not disks.can_be_filled():
        found.append("a full disk (only root on Linux may mount a small one)")
    return found


def _plan(seed: int, given: argparse.Namespace) -> Plan:
    if given.short:
        # Run beside other tests, it asks whether all holds; how soon service is back is asked of the long run.
        return Plan(
            seed,
            2_000,
            SHORT,
            rate=250.0,
            callers=8,
            back_within=schedule.LIMIT,
            settles_within=240.0,
            ends_within=480.0,
        )
    services = tuple(service for service in SERVICES)
    processes = (*services, "projection-2")
    faults = schedule.everything(
        processes, given.kills, network=network.can_be_broken(), disks=disks.can_be_filled()
    )
    return Plan(seed, given.facts, faults, services=services, rate=given.rate)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def seeds(text: str) -> Sequence[int]:
        return [int(each) for each in text.split(",")]

    parser.add_argument("--seeds", "--seed", type=seeds, default=[1], help="one or more, as in 1,2,3")
    parser.add_argument("--facts", type=int, default=100_000, help="that callers tell at the least")
    parser.add_argument("--kills", type=int, default=3, help="of each process (default 3)")
    parser.add_argument("--rate", type=float, default=150.0, help="facts a second at the most (default 150)")
    parser.add_argument("--at-once", type=int, default=1, help="runs beside each other (default 1)")
    parser.add_argument("--short", action="store_true", help="2,000 facts and a few faults")
    parser.add_argument("--join", type=Path, nargs="+", help="no run: one report of those in these folders")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/faults"), help="where the report is written"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
