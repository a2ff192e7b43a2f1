"""A rebuild of the read model from the first fact: facts a second, and memory on the way.

The log has the reports of ten years in their order. The live tables are made first, by the projection, and swapped at
the end; the rebuild is the command that people run. Beside it a worker keeps the live tables, and drives are reported
all the while.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import psutil

from bench.chains import LEASED, Lot, facts_of, in_order_of_time, lots, reports, serial
from bench.corner import CONTRACT_OF_ALL, Corner, corner
from bench.figures import Count, Curve, Figure, Finding, at_least, percentile
from bench.own_process import module
from bench.plan import Plan
from bench.projection import APPENDED_WITHIN_SECONDS, SEED, projected, tell_log
from bench.table_rows import ensure_room
from mitodoke_local import Backends, System

TEN_MILLION_IN_15_MINUTES = 10_000_000 / 900
REPORT_EVERY_SECONDS = 0.5
LOOK_SECONDS = 0.02
FIRST_REPORTED = 5_000_000_000
REPORTED = Lot(0, FIRST_REPORTED, (LEASED,) * 50, datetime(2030, 4, 2, 1, tzinfo=UTC), CONTRACT_OF_ALL)
"""What is reported meanwhile: drives that nothing else speaks of."""


async def measure(backends: Backends, plan: Plan) -> Finding:
    """At a thousandth of the plan's drives and at a tenth, once each."""
    sizes = [150, 300] if plan.quick else [max(1000, plan.drives // 1000), max(2000, plan.drives // 10)]
    live: list[tuple[float, float]] = []
    rates: list[tuple[float, float]] = []
    largest: list[tuple[float, float]] = []
    counts: list[Count] = []
    waited: list[float] = []
    weights: list[tuple[float, float]] = []
    # The log, the live tables and the new ones, and the lots on the way.
    ensure_room(backends.folder.path, 4 * sizes[-1])
    for drives in sizes:
        made = list(lots(SEED, drives))
        facts = facts_of(made)
        async with corner(backends) as place:
            with plan.progress(f"{drives:,} drives into the log", facts) as advance:
                await tell_log(place, in_order_of_time(made), advance)
            with plan.progress("the same into the live tables", facts):
                taken, _ = await projected(place, facts, 2)
            live.append((facts, facts / taken))
            with plan.progress(f"rebuild of {facts:,} facts", facts):
                async with _reported_meanwhile(place) as waited:
                    seconds, weights = await _rebuilt(place)
            all_told = facts + len(waited) * len(REPORTED.fates)
            async with place.connected() as connection:
                counts.append(
                    Count("facts rebuilt", await connection.fetchval("select count(*) from fact"), all_told)
                )
        rates.append((facts, facts / seconds))
        largest.append((facts, max(mb for _, mb in weights)))
    return Finding(
        "rebuilding",
        "from the first fact, by mitodoke rebuild, start and swap included",
        (
            Figure(
                f"rebuild of {int(rates[-1][0]):,} facts",
                "facts/s",
                (rates[-1][1],),
                at_least(round(TEN_MILLION_IN_15_MINUTES)),
            ),
            Figure("memory at most", "MB", (largest[-1][1],)),
            Figure("the same by two live workers", "facts/s", (live[-1][1],)),
            Figure("reported meanwhile: visible after, p50", "s", (percentile(waited, 0.5),)),
            Figure("reported meanwhile: visible after, p99", "s", (percentile(waited, 0.99),)),
        ),
        tuple(counts),
        (
            Curve("rebuild", "facts", "facts/s", tuple(rates)),
            Curve("two live workers", "facts", "facts/s", tuple(live)),
            Curve("memory at most", "facts", "MB", tuple(largest)),
            Curve("memory of the last", "s", "MB", tuple(weights), logarithmic=False),
        ),
        (
            "The bar is that of 10 million facts in 15 minutes. Memory is of all processes of the command together.",
        ),
    )


@contextlib.asynccontextmanager
async def _reported_meanwhile(place: Corner) -> AsyncIterator[list[float]]:
    """Drives are reported to a live projection, lot after lot; seconds from the answer until each could be read."""
    waited: list[float] = []
    ended = asyncio.Event()

    async def report() -> None:
        async with place.recording() as recorder, place.connected() as connection:
            while not ended.is_set():
                lot = replace(
                    REPORTED, number=len(waited), first=len(waited) * len(REPORTED.fates) + FIRST_REPORTED
                )
                [enrolled] = reports([lot])
                await recorder.record(enrolled.events(datetime.now(UTC)), APPENDED_WITHIN_SECONDS)
                answered = time.perf_counter()
                while not await _is_there(connection, serial(enrolled.numbers[-1])):  # noqa: ASYNC110  # rows set no event
                    await asyncio.sleep(LOOK_SECONDS)
                waited.append(time.perf_counter() - answered)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), REPORT_EVERY_SECONDS)

    with System.start(
        place.backends, services=("projection",), database=place.dsn, topic_namespace=place.namespace
    ):
        reporting = asyncio.create_task(report())
        try:
            yield waited
        finally:
            ended.set()
            await reporting


async def _is_there(connection: asyncpg.Connection, name: str) -> bool:
    return bool(await connection.fetchval("select exists (select from drive where serial = $1)", name))


async def _rebuilt(place: Corner) -> tuple[float, list[tuple[float, float]]]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MITODOKE_KAFKA": place.backends.kafka,
        "MITODOKE_DATABASE": place.dsn,
        "MITODOKE_LISTEN": "127.0.0.1:0",
        "MITODOKE_DEV_SECRET": "none",
        "MITODOKE_TOPIC_NAMESPACE": place.namespace,
    }
    weights: list[tuple[float, float]] = []
    with tempfile.TemporaryFile() as words:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *module("mitodoke.cli", "rebuild"), stdout=words, stderr=words, env=environment
        )
        try:
            seen = psutil.Process(process.pid)
            while process.returncode is None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    held = sum(p.memory_info().rss for p in (seen, *seen.children(recursive=True)))
                    weights.append((time.perf_counter() - started, held / 1e6))
                await asyncio.sleep(0.2)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        seconds = time.perf_counter() - started
        if process.returncode:
            words.seek(0)
            raise RuntimeError(
                f"mitodoke rebuild ended with {process.returncode}:\n{words.read().decode()[-4000:]}"
            )
    return seconds, [(at, mb) for at, mb in weights if mb]
