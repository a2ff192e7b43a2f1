"""What pages and partners ask of the read model, with ever more drives in it: p50 and p99 in the database.

The tables are loaded by COPY from seeded chains over ten years; every question is asked of drives, lots and contracts
drawn by chance, over one connection on the same machine, so that what is timed is the database and its answer.
"""

import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg

from bench.chains import lots, serial
from bench.corner import CONTRACT_OF_ALL, corner
from bench.figures import Count, Curve, Figure, Finding, at_most, percentile
from bench.plan import Plan
from bench.table_rows import Loader, ensure_room
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.readmodel import queries
from mitodoke_local import Backends

SEED = 20220621
CONTRACTS = 1_000
YEARS = 10
ASKED = 300

Question = Callable[[], Awaitable[object]]


async def measure(backends: Backends, plan: Plan) -> Finding:
    """At each size of the plan."""
    ensure_room(backends.folder.path, plan.drives)
    now = datetime.now(UTC)
    begin = (now - timedelta(days=365.25 * YEARS + 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    curves: dict[str, list[tuple[float, float]]] = {}
    figures: list[Figure] = []
    counts: list[Count] = []
    bytes_a_drive = 0.0
    loaded: list[tuple[float, float]] = []
    for drives in plan.sizes():
        async with corner(backends) as place:
            loader = Loader(await place.reference(recorded_at=begin - timedelta(days=3000)), now)
            made = lots(SEED, drives, begin=begin, years=YEARS, contracts=CONTRACTS)
            async with place.connected() as connection:
                started = time.perf_counter()
                with plan.progress(f"{drives:,} drives into the tables", drives) as advance:
                    written = await loader.load(connection, made, advance)
                loaded.append((drives, time.perf_counter() - started))
                counts.append(
                    Count("drives", await connection.fetchval("select count(*) from drive"), drives)
                )
                counts.append(
                    Count("facts", await connection.fetchval("select count(*) from fact"), written["fact"])
                )
                size = await connection.fetchval("select pg_database_size(current_database())")
                bytes_a_drive = size / drives
                figures = []
                with plan.progress(f"questions at {drives:,} drives", len(_NAMES)) as advance:
                    for name, question in _questions(connection, drives).items():
                        taken = await _asked(question, 20 if plan.quick else ASKED)
                        worst = percentile(taken, 0.99) * 1000
                        curves.setdefault(name, []).append((drives, worst))
                        figures += [
                            Figure(f"{name}, p50", "ms", (percentile(taken, 0.5) * 1000,)),
                            Figure(f"{name}, p99", "ms", (worst,), at_most(50)),
                        ]
                        advance(1)
    return Finding(
        "queries",
        f"in the database, at {plan.sizes()[-1]:,} drives",
        (*figures, Figure("database on disk", "bytes a drive", (bytes_a_drive,))),
        tuple(counts),
        (
            *(Curve(name, "drives", "p99 in ms", tuple(points)) for name, points in curves.items()),
            Curve("loading by COPY", "drives", "s", tuple(loaded)),
        ),
        (f"{ASKED} questions of each kind; {CONTRACTS:,} contracts",),
    )


_NAMES = (
    "triage queue, all",
    "triage queue, one contract",
    "drive page",
    "unknown serial",
    "obligations of a contract",
    "shipment",
    "contract",
    "status",
)


def _questions(connection: asyncpg.Connection, drives: int) -> dict[str, Question]:
    chance = random.Random(7)

    def contract() -> str:
        return f"K-{1 + chance.randrange(CONTRACTS)}"

    asked: tuple[Question, ...] = (
        lambda: queries.flags(connection),
        lambda: queries.flags(connection, contracts={contract()}),
        lambda: queries.drive(connection, serial(chance.randrange(drives)), decode_fact),
        lambda: queries.drive(connection, f"{serial(chance.randrange(drives))}X", decode_fact),
        lambda: queries.obligations(connection, contracts={contract()}),
        lambda: queries.shipments(connection, f"LOT-{chance.randrange(max(1, drives // 700)):06}"),
        lambda: queries.contract(connection, CONTRACT_OF_ALL),
        lambda: queries.held(connection),
    )
    return dict(zip(_NAMES, asked, strict=True))


async def _asked(question: Question, times: int) -> list[float]:
    for _ in range(5):
        await question()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await question()
        taken.append(time.perf_counter() - started)
        # What takes seconds each time is known after a few.
        if sum(taken) > 60:
            break
    return taken
