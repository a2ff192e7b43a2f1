"""Breaches: how long after its due time one can be seen, with few and with many obligations open, and all at once.

Drives whose obligations lie far ahead are loaded into the tables. Then some drives are told of in the log so that each
falls due by itself, a moment after the other; and last, very many are told of that all fall due in the same second.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg

from bench.chains import Fate, Lot, said, serial
from bench.corner import CONTRACT_OF_ALL, Corner, corner
from bench.figures import Count, Curve, Figure, Finding, at_most, percentile
from bench.plan import Plan
from bench.table_rows import Loader, ensure_room
from mitodoke_local import Backends, System

POLICY = """
policy: within-720-hours
version: 1
timezone: Asia/Tokyo
obligations:
  - {id: destruction, after: DriveReturned, expect: DriveDestroyed, within: 720h, owed_by: destroyer}
  - {id: certificate, after: DriveReturned, expect: CertificateAccepted, within: 2 months, owed_by: lessor}
"""
WITHIN = timedelta(hours=720)
BEGUN_AGO = timedelta(days=1)
ONLY_RETURNED = Fate("only returned", ("returned",), 0)
LEAD_SECONDS = 8.0
TOLD_A_SECOND = 1_500
"""So many drives a second are judged at least, so that all are before they fall due."""
LOOK_SECONDS = 0.02
COUNT_SECONDS = 0.25
"""Counting very many flags takes its time, and of a core that the worker could use."""


async def measure(backends: Backends, plan: Plan) -> Finding:
    """One after the other at each size of the plan; all at once with the largest number of drives, at most 100,000."""
    ensure_room(backends.folder.path, plan.drives)
    counts: list[Count] = []
    slowest: list[tuple[float, float]] = []
    figures: list[Figure] = []
    single = 40 if plan.quick else 1_000
    for drives in plan.sizes():
        async with corner(backends, document=POLICY) as place:
            with plan.progress(f"{drives:,} drives with open obligations", drives) as advance:
                await _loaded(place, drives, datetime.now(UTC) + WITHIN - BEGUN_AGO, advance)
            async with place.connected() as connection:
                opened = await connection.fetchval("select count(*) from obligation where state = 'pending'")
            counts.append(Count("obligations open", opened, 2 * drives))
            waited = await _one_after_the_other(place, drives, single)
            counts.append(Count("breaches raised one by one", len(waited), single))
            slowest.append((2 * drives, percentile(waited, 0.99)))
            name = f"seen after due, {2 * drives:,} obligations open"
            figures += [
                Figure(f"{name}, p50", "s", (percentile(waited, 0.5),)),
                Figure(f"{name}, p99", "s", (slowest[-1][1],), at_most(1)),
            ]
    together = min(plan.drives, 100_000)
    at_once: list[float] = []
    for _ in plan.repeated(f"{together:,} breaches at once"):
        async with corner(backends, document=POLICY) as place:
            seconds, flags = await _all_at_once(place, together)
            at_once.append(seconds)
            counts.append(Count("breaches raised at once", flags, together))
    return Finding(
        "breaches",
        "from the due time until it is in the tables",
        (*figures, Figure(f"{together:,} due in one second, all flagged", "s", tuple(at_once), at_most(15))),
        tuple(counts),
        (Curve("seen after due, p99", "open obligations", "s", tuple(slowest)),),
        (
            f"the tables are asked every {LOOK_SECONDS * 1000:g} ms; for all at once every {COUNT_SECONDS * 1000:g} ms",
        ),
    )


async def _loaded(
    place: Corner, drives: int, due: datetime, tell: Callable[[float], None] = lambda _: None
) -> None:
    """Drives of which each was returned, and is to be destroyed by `due`."""
    lot = Lot(1, 10_000_000, (ONLY_RETURNED,) * drives, due - WITHIN - timedelta(days=9), CONTRACT_OF_ALL)
    now = datetime.now(UTC)
    async with place.connected() as connection:
        await Loader(await place.reference(), now, recorded_after=timedelta(0)).load(
            connection, iter(_parts(lot)), tell
        )
    await place.judged_by_all_that_was_agreed()


def _parts(lot: Lot, size: int = 5_000) -> list[Lot]:
    return [
        Lot(lot.number + n, lot.first + at, lot.fates[at : at + size], lot.lease_ends, lot.contract)
        for n, at in enumerate(range(0, len(lot.fates), size))
    ]


async def _one_after_the_other(place: Corner, loaded: int, count: int) -> list[float]:
    """Seconds from the due time of each of so many drives until its breach is in the tables."""
    with _projection(place) as system:
        system.start_another("projection")
        first_due = datetime.now(UTC) + timedelta(seconds=LEAD_SECONDS)
        apart = timedelta(milliseconds=10)
        lot = Lot(0, 0, (ONLY_RETURNED,) * count, first_due, CONTRACT_OF_ALL)
        items = [said("returned", n, lot, first_due - WITHIN + n * apart) for n in range(count)]
        await place.log.facts(*items, party="lessor")
        due = {serial(n): (first_due + n * apart).timestamp() for n in range(count)}
        seen: dict[str, float] = {}
        async with place.connected() as connection, asyncio.timeout(600):
            while len(seen) < count:
                rows = await connection.fetch(
                    "select serial from flag where kind = 'overdue' and not (serial = any($1))", list(seen)
                )
                now = time.time()
                seen.update((row["serial"], now) for row in rows)
                await asyncio.sleep(LOOK_SECONDS)
    return [max(0.0, seen[name] - at) for name, at in due.items()]


async def _all_at_once(place: Corner, count: int) -> tuple[float, int]:
    """Seconds from the second in which so many drives fall due until the last is flagged, and how many are."""
    # They are told of and judged first, by the worker that is to notice.
    due = (datetime.now(UTC) + timedelta(seconds=20 + count / TOLD_A_SECOND)).replace(microsecond=0)
    lot = Lot(0, 0, (ONLY_RETURNED,) * count, due, CONTRACT_OF_ALL)
    with _projection(place) as system:
        system.start_another("projection")
        for first in range(0, count, 500):
            numbers = range(first, min(count, first + 500))
            await place.log.facts(*(said("returned", n, lot, due - WITHIN) for n in numbers), party="lessor")
        async with place.connected() as connection, asyncio.timeout(900):
            while await connection.fetchval("select count(*) from drive") < count:  # noqa: ASYNC110  # as below
                await asyncio.sleep(LOOK_SECONDS)
            if datetime.now(UTC) > due:
                raise RuntimeError("The drives fell due before all were judged: this run measured nothing")
            while await _overdue(connection) < count:  # noqa: ASYNC110  # rows in a database set no event
                await asyncio.sleep(COUNT_SECONDS)
            return time.time() - due.timestamp(), await _overdue(connection)


async def _overdue(connection: asyncpg.Connection) -> int:
    overdue: int = await connection.fetchval("select count(*) from flag where kind = 'overdue'")
    return overdue


def _projection(place: Corner):  # type: ignore[no-untyped-def]  # the runner's context manager
    return System.start(place.backends, services=(), database=place.dsn, topic_namespace=place.namespace)
