"""Runs the whole system at full load and says whether the memory of each process stays flat.

    make soak                 half an hour
    make soak MINUTES=120
    make soak QUICK=1         less than a minute; proves that it runs and counts right, says nothing of memory

The table, the figures and the curves go to docs/benchmarks/. Exit code 1 when a process of Mitodoke grows, or when the
tables do not hold exactly what was answered OK. Kafka and PostgreSQL are shown beside, and not judged: their settings
bound them.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.chart import curves_chart
from bench.figures import Curve
from bench.machine import ROOT, described
from bench.own_process import module, printed
from log_writer import LogWriter
from mitodoke.contracts.reference.v1.reference_pb2 import PartyRegistered
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends, System
from mitodoke_local.system import SERVICES
from real_backends import real_backends
from soak.memory import MIB, Memory, sample

FOLDER: Final = ROOT / "docs" / "benchmarks"
CATCH_UP_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how hard, and how often is looked."""

    seconds: float
    callers: int = 16
    items: int = 250
    sample_every: float = 5.0


QUICK: Final = Plan(seconds=5, callers=3, items=20, sample_every=0.5)


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of a run."""

    plan: Plan
    machine: dict[str, str]
    memories: list[Memory]
    seconds: float
    answered: int
    in_tables: int
    drives: int
    quarantined: int

    @property
    def wrong(self) -> list[str]:
        """What does not add up."""
        found = []
        if self.in_tables != self.answered:
            found.append(
                f"{self.answered:,} facts were answered OK, and {self.in_tables:,} stand in the tables"
            )
        if self.quarantined:
            found.append(f"{self.quarantined:,} events wait in quarantine")
        return found

    @property
    def growing(self) -> list[str]:
        """The processes that must be flat, and are not."""
        return [memory.name for memory in self.memories if memory.must_be_flat and not memory.flat]


async def soak(backends: Backends, plan: Plan, folder: Path, tell: Progress | None = None) -> Soaked:
    """Run the whole system under load; the callers go on until the time is over, and the projection then catches up."""
    machine = described()
    with System.start(backends, folder=folder) as system:
        await _world(backends.kafka, Topics.named(system.topic_namespace))
        pids = {name: system.child(name).pid for name in SERVICES}
        pids |= {"kafka": backends.broker.child.pid, "postgresql": backends.database.child.pid}
        memories = [Memory(name, name in SERVICES) for name in pids]
        task = tell.add_task("Soaking", total=plan.seconds) if tell else None
        began = time.monotonic()
        order = (str(system.running_file), str(plan.seconds), str(plan.callers), str(plan.items))
        loading = asyncio.create_task(printed(module("soak.load", *order), limit=plan.seconds + 300))
        while not loading.done():
            at = time.monotonic() - began
            await asyncio.to_thread(sample, memories, pids, at)
            if tell and task is not None:
                tell.update(task, completed=min(at, plan.seconds))
            await asyncio.wait([loading], timeout=plan.sample_every)
        seconds = time.monotonic() - began
        answered = answer(loading.result())
        in_tables, drives, quarantined = await _counted(system.database, answered)
    return Soaked(plan, machine, memories, seconds, answered, in_tables, drives, quarantined)


def answer(said: str) -> int:
    """How many facts were answered OK: the last line of what the load said. Whatever it said besides is shown."""
    *besides, last = said.splitlines()
    for line in besides:
        print(f"The load said: {line}", file=sys.stderr)
    return int(last)


async def _world(kafka: str, topics: Topics) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        log = LogWriter(producer, topics)
        for party in ("carrier", "sanitiser", "destroyer"):
            await log.reference(PartyRegistered(party_id=party, name=party))
        await log.world()
    finally:
        await producer.stop()


async def _counted(database: str, answered: int) -> tuple[int, int, int]:
    """Facts, drives and quarantined events in the tables, once all that was answered is there or time is over."""
    connection = await asyncpg.connect(database, server_settings={"search_path": "custody"})
    try:
        ends = time.monotonic() + CATCH_UP_SECONDS
        while time.monotonic() < ends:
            read = await connection.fetchval("select sum(next_offset) from progress where partition >= 0")
            if (read or 0) >= answered:
                break
            await asyncio.sleep(0.5)
        row = await connection.fetchrow(
            """select (select count(*) from fact), (select count(*) from drive),
                   (select count(*) from quarantine)"""
        )
        assert row is not None
        return row[0], row[1], row[2]
    finally:
        await connection.close()


def as_page(soaked: Soaked) -> str:
    """The result as Markdown."""
    lines = [
        "# Soak",
        "",
        f"`make soak MINUTES={soaked.plan.seconds / 60:g}`: the whole system at full load for "
        f"{soaked.seconds / 60:.1f} minutes. {soaked.answered:,} facts about {soaked.drives:,} drives were answered OK "
        f"({soaked.answered / soaked.seconds:,.0f} a second), {soaked.in_tables:,} stand in the tables, "
        f"{soaked.quarantined:,} in quarantine.",
        "",
        "Memory is what a process holds alone (USS); for Kafka and PostgreSQL with their shared pages, each counted "
        "once (PSS), and not judged, since their own settings bound them. The first third of the run is warming up; "
        "growth is the slope of the rest.",
        "",
        "| process | median, MiB | largest, MiB | growth, MiB an hour | |",
        "|---|---:|---:|---:|---|",
    ]
    for memory in soaked.memories:
        verdict = ("flat" if memory.flat else "**grows**") if memory.must_be_flat else ""
        lines.append(
            f"| {memory.name} | {memory.median / MIB:,.0f} | {max(size for _, size in memory.samples) / MIB:,.0f} "
            f"| {memory.growth_an_hour / MIB:+,.1f} | {verdict} |"
        )
    lines += ["", "![Memory over time](soak.svg)", "", "| on | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in soaked.machine.items()]
    return "\n".join(lines) + "\n"


def as_json(soaked: Soaked) -> str:
    """The result with every sample."""
    content = {
        "machine": soaked.machine,
        "seconds": soaked.seconds,
        "answered": soaked.answered,
        "in_tables": soaked.in_tables,
        "quarantined": soaked.quarantined,
        "memory": [
            {
                "process": memory.name,
                "median": memory.median,
                "growth_an_hour": memory.growth_an_hour,
                "flat": memory.flat if memory.must_be_flat else None,
                "samples": [[round(at, 1), size] for at, size in memory.samples],
            }
            for memory in soaked.memories
        ],
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def as_chart(soaked: Soaked) -> str:
    """The memory of every process over time, as SVG."""
    curves = [
        Curve(
            memory.name,
            "minutes",
            "MiB",
            tuple((at / 60, size / MIB) for at, size in memory.samples),
            logarithmic=False,
        )
        for memory in soaked.memories
    ]
    return curves_chart("Memory at full load", curves)


def write(soaked: Soaked, folder: Path = FOLDER) -> list[Path]:
    """Write page, figures and chart; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "soak.md", folder / "soak.json", folder / "soak.svg"]
    for file, content in zip(files, (as_page(soaked), as_json(soaked), as_chart(soaked)), strict=True):
        file.write_text(content, encoding="utf-8")
    return files


def main() -> int:
    """Soak, and say how it went; 1 when something grows or does not add up."""
    parser = argparse.ArgumentParser(prog="soak", description="Run at full load and watch the memory.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--quick", action="store_true", help="less than a minute; memory is not judged")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the results go")
    given = parser.parse_args()
    plan = QUICK if given.quick else Plan(seconds=given.minutes * 60)
    console = Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with real_backends() as backends, Progress(*columns, console=Console(stderr=True)) as progress:
        soaked = asyncio.run(soak(backends, plan, backends.folder.path, progress))
    console.print(as_page(soaked), markup=False)
    if not given.quick:
        for file in write(soaked, given.folder):
            console.print(f"written: {file}", markup=False)
    failed = soaked.wrong + (
        [] if given.quick else [f"the memory of {name} grows" for name in soaked.growing]
    )
    for sentence in failed:
        console.print(f"FAILED: {sentence}", style="bold red", markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
