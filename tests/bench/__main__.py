"""Measures how fast it all is, each thing beside its reference, and says which bars are met and which are missed.

    make bench                        all of it, on a quiet machine
    make bench ONLY=recording,queries
    make bench ONLY=queries DRIVES=10000000
    make bench QUICK=1                seconds; proves that everything runs, measures nothing to be believed

Each benchmark gets a Kafka and a PostgreSQL of its own with production settings, in a temporary folder. The results
are written to docs/benchmarks/, and compared with the last ones there.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from pathlib import Path

from rich.console import Console

from bench import kept
from bench.chart import bars_chart, curves_chart
from bench.figures import Curve, Finding
from bench.machine import described
from bench.plan import QUICK, Plan
from bench.suite import BENCHMARKS
from bench.table import show
from real_backends import real_backends


def main() -> int:
    """Measure what is asked for; 1 when something was miscounted or failed. A missed bar is no failure."""
    given = _arguments()
    console = Console(highlight=False)
    progress = Console(stderr=True, highlight=False)
    plan = (
        Plan(True, QUICK.repeats, QUICK.drives, QUICK.minutes, progress)
        if given.quick
        else Plan(False, given.repeats, given.drives, given.minutes, progress)
    )
    last, machine = kept.last(), described()
    findings, wrong = [], []
    for name in given.only or BENCHMARKS:
        started = time.monotonic()
        progress.print(f"{name}: {BENCHMARKS[name].__module__}", markup=False)
        try:
            finding = _measured(name, plan)
        except Exception as error:
            # The others go on: a night of measuring should not be lost for one.
            wrong.append(f"{name}: {type(error).__name__}, as told above")
            progress.print_exception(width=110)
            continue
        progress.print(f"{name}: {time.monotonic() - started:.0f} s", markup=False)
        wrong += [f"{name}: {sentence}" for sentence in finding.miscounted()]
        findings.append(finding)
    show(console, findings, last, machine)
    if findings and not given.quick:
        _keep(findings, machine, given.folder, console)
    for sentence in wrong:
        console.print(f"FAILED: {sentence}", style="bold red", markup=False)
    return 1 if wrong else 0


def _measured(name: str, plan: Plan) -> Finding:
    with real_backends() as backends:
        return asyncio.run(BENCHMARKS[name](backends, plan))


def _keep(findings: list[Finding], machine: dict[str, str], folder: Path, console: Console) -> None:
    console.print(f"written: {kept.write(findings, machine, folder / 'results')}", markup=False)
    everything: dict[str, Finding] = {}
    for file in sorted((folder / "results").glob("*.json")):
        with contextlib.suppress(KeyError, ValueError):
            everything |= {finding.benchmark: finding for finding in kept.read(file)[1]}
    (folder / "bars.svg").write_text(bars_chart(list(everything.values())), encoding="utf-8")
    for finding in findings:
        axes: dict[tuple[str, str, bool], list[Curve]] = {}
        for curve in finding.curves:
            axes.setdefault((curve.x, curve.y, curve.logarithmic), []).append(curve)
        for number, curves in enumerate(axes.values(), start=1):
            file = folder / f"{finding.benchmark}{'' if number == 1 else f'-{number}'}.svg"
            file.write_text(curves_chart(finding.title, curves), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def names(text: str) -> list[str]:
        given = [name for name in text.split(",") if name]
        if unknown := [name for name in given if name not in BENCHMARKS]:
            raise argparse.ArgumentTypeError(f"no {unknown[0]}; there are {', '.join(BENCHMARKS)}")
        return given

    parser.add_argument("--only", type=names, help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="prove in seconds that everything runs")
    parser.add_argument("--repeats", type=int, default=3, help="of which the median is told (default 3)")
    parser.add_argument("--drives", type=int, default=100_000, help="how far curves go (default 100000)")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long steady load lasts (default 1)")
    parser.add_argument("--folder", type=Path, default=kept.FOLDER, help="where results are written")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
