"""Runs on backends of their own, one after another or beside each other, with progress for a person."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from faults import schedule
from faults.disks import Disks, backends_on_small_disks
from faults.network import Network
from faults.run import Plan, Result, Tell, run
from real_backends import real_backends


def results(plans: Sequence[Plan], at_once: int, console: Console) -> Iterator[tuple[Plan, Result]]:
    """The runs as they end, so many beside each other, each then in a process of its own."""
    if at_once == 1:
        for plan in plans:
            yield plan, one_run(plan, console)
        return
    with ProcessPoolExecutor(at_once, get_context("spawn")) as processes:
        running = {processes.submit(_beside_others, plan): plan for plan in plans}
        try:
            for ended in as_completed(running):
                yield running[ended], ended.result()
        finally:
            # Who is interrupted does not want the seeds that have not begun.
            processes.shutdown(wait=False, cancel_futures=True)


def _beside_others(plan: Plan) -> Result:
    console = Console(stderr=True, highlight=False, force_terminal=False)
    return one_run(plan, console, f"seed {plan.seed}: ")


def one_run(plan: Plan, console: Console, prefix: str = "") -> Result:
    """One run on a broker and a database of its own, with progress for a person, each line after `prefix`."""
    columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    kinds = {kind for kind, _ in plan.faults}
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="mitodoke-faults-", ignore_cleanup_errors=True)
            )
        )
        small: Disks | None = None
        if schedule.FULL_DISK in kinds:
            backends, small = stack.enter_context(backends_on_small_disks())
        else:
            backends = stack.enter_context(real_backends())
        between: Network | None = None
        if kinds.intersection(schedule.NETWORK_FAULTS):
            between = stack.enter_context(Network.before(backends, folder / "logs" / "toxiproxy.log"))
        bars = stack.enter_context(Bars(*columns, console=console, transient=True))
        return asyncio.run(
            run(backends, plan, folder, _telling(bars, console, prefix), network=between, disks=small)
        )


def _telling(bars: Bars, console: Console, prefix: str) -> Tell:
    task = bars.add_task("starting", total=None)
    last = ""

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        bars.update(task, description=what, completed=done, total=of)
        if what != last and not console.is_terminal:
            console.print(f"{prefix}{done:>7} {what}", markup=False)
        last = what

    return tell
