"""The projection: facts read, judged and written a second, beside COPY of the very same rows.

The facts are in the log before the workers start. Each worker is a process of its own, and a gate (the lock that the
swap of a rebuild takes) holds them at their first batch until all of them stand there: connecting is not measured.
COPY writes the rows of `fact` that came of it, in transactions of as many rows as a batch may have, into a table with
the same indexes.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psutil

from bench.chains import STEPS, Report, facts_of, lots, reports
from bench.corner import Corner, corner
from bench.figures import Count, Figure, Finding, at_least, ratio
from bench.plan import Plan
from mitodoke.readmodel import store
from mitodoke_local import Backends, System

SEED = 20191127
ROWS_AT_ONCE = 2_000
ITEMS_A_CALL = 500
APPENDED_WITHIN_SECONDS = 60.0
DRIVES = 20_000
"""Of few drives a single large lot decides what is measured."""
TOKYO = ZoneInfo("Asia/Tokyo")


async def measure(backends: Backends, plan: Plan) -> Finding:
    """One worker, two, and COPY, repeated."""
    one: list[float] = []
    two: list[float] = []
    copies: list[float] = []
    memory: list[float] = []
    counts: list[Count] = []
    drives = plan.drives if plan.quick else DRIVES
    with plan.progress("projection", plan.repeats * 2) as advance:
        made = list(lots(SEED, drives))
        for _ in range(plan.repeats):
            for workers, rates in ((1, one), (2, two)):
                async with corner(backends) as place:
                    await tell_log(place, reports(made))
                    facts = facts_of(made)
                    seconds, used = await projected(place, facts, workers)
                    rates.append(facts / seconds)
                    counts.append(await _facts_in_tables(place, facts))
                    if workers == 1:
                        memory.append(used)
                        copies.append(facts / await copied(place))
                advance(1)
    one_figure = Figure("one worker", "facts/s", tuple(one), at_least(15_000))
    copy_figure = Figure("COPY of the same rows", "facts/s", tuple(copies))
    two_figure = Figure("two workers", "facts/s", tuple(two))
    return Finding(
        "projection",
        "read, judged and written",
        (
            one_figure,
            copy_figure,
            ratio("one worker, of COPY", one_figure, copy_figure, at_least(0.4)),
            two_figure,
            ratio("two workers, of one", two_figure, one_figure, at_least(1.6)),
            Figure("memory of one worker afterwards", "MB", tuple(memory)),
        ),
        tuple(counts),
        notes=(
            "Two workers share two cores with the broker and the database: no core is free for the second.",
        )
        if psutil.cpu_count() == 2
        else (),
    )


def working_hour(now: datetime) -> datetime:
    """The latest ten o'clock in Tokyo on a weekday: what is told then is judged alike at any hour of measuring."""
    at = now.astimezone(TOKYO).replace(hour=10, minute=0, second=0, microsecond=0)
    while at > now or at.weekday() > 4:
        at -= timedelta(days=1)
    return at.astimezone(UTC)


async def tell_log(
    place: Corner, told_of: Iterable[Report], told: Callable[[float], None] = lambda _: None
) -> None:
    """Append the reports; each step is said to have happened a minute after the one before it, whenever it is told.

    As the services do it: calls of at most 500 drives, through the recorder.
    """
    begin = working_hour(datetime.now(UTC))
    times = {step: begin + timedelta(minutes=number) for number, step in enumerate(STEPS)}
    async with place.recording() as recorder:
        under_way: asyncio.Task[object] | None = None
        for report in told_of:
            for call in report.calls(ITEMS_A_CALL):
                events = call.events(times[report.step])
                if under_way is not None:
                    await under_way
                under_way = asyncio.create_task(recorder.record(events, APPENDED_WITHIN_SECONDS))
                told(len(events))
        if under_way is not None:
            await under_way


async def projected(place: Corner, facts: int, workers: int) -> tuple[float, float]:
    """Seconds from the opening of the gate until so many facts are in the tables, and the MB of the largest worker."""
    async with place.connected() as gate, place.connected() as connection:
        await gate.execute("select pg_advisory_lock($1)", store.SWAP_LOCK)
        with System.start(
            place.backends,
            services=(),
            database=place.dsn,
            topic_namespace=place.namespace,
        ) as system:
            names = [system.start_another("projection", wait=False) for _ in range(workers)]
            await _standing_at_the_gate(connection, workers)
            started = time.perf_counter()
            await gate.execute("select pg_advisory_unlock($1)", store.SWAP_LOCK)
            while await _read(connection) < facts:
                await asyncio.sleep(0.02)
                for name in names:
                    if not system.child(name).running():
                        raise system.child(name).death()
            seconds = time.perf_counter() - started
            used = max(psutil.Process(system.child(name).pid).memory_info().rss for name in names)
    return seconds, used / 1e6


async def _standing_at_the_gate(connection: object, workers: int) -> None:
    async with asyncio.timeout(120):
        while True:
            waiting = await connection.fetchval(  # type: ignore[attr-defined]  # asyncpg's two kinds
                """select count(distinct pid) from pg_locks
                   where locktype = 'advisory' and not granted
                     and database = (select oid from pg_database where datname = current_database())"""
            )
            if waiting >= workers:
                return
            await asyncio.sleep(0.02)


async def _read(connection: object) -> int:
    read: int = await connection.fetchval(  # type: ignore[attr-defined]  # asyncpg's two kinds
        "select coalesce(sum(next_offset), 0) from progress where partition >= 0"
    )
    return read


async def copied(place: Corner) -> float:
    """Seconds that COPY takes for the rows of `fact`, into a table with the same indexes."""
    async with place.connected() as connection:
        rows = [tuple(row) for row in await connection.fetch("select * from fact")]
        await connection.execute("create table copied (like fact including all)")
        started = time.perf_counter()
        for first in range(0, len(rows), ROWS_AT_ONCE):
            await connection.copy_records_to_table("copied", records=rows[first : first + ROWS_AT_ONCE])
        return time.perf_counter() - started


async def _facts_in_tables(place: Corner, expected: int) -> Count:
    async with place.connected() as connection:
        return Count("facts in the tables", await connection.fetchval("select count(*) from fact"), expected)
