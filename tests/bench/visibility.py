"""From the answer to a call until its facts are in the read model; and what steady load does to lag and memory.

Callers report by the clock, each drive another, and keep where their facts went in the log. Beside them the tables are
asked every few milliseconds how far they are. Both use the one clock that the processes of a machine share.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Sequence

import psutil

from bench.callers import Answered, Order, ordered
from bench.corner import Corner, corner
from bench.figures import Count, Curve, Figure, Finding, at_most, percentile
from bench.plan import Plan
from mitodoke_local import Backends, System

LOOK_SECONDS = 0.005
ITEMS = 20
HEAVY_ITEMS = 500
STEADY, HEAVY = 2_000, 10_000

Looks = list[tuple[float, dict[int, int]]]


async def measure(backends: Backends, plan: Plan) -> Finding:
    """At 2,000 facts a second, repeated; then at 10,000 for as many minutes as the plan says."""
    medians: list[float] = []
    slowest: list[float] = []
    counts: list[Count] = []
    steady, heavy = (200, 400) if plan.quick else (STEADY, HEAVY)
    seconds = 1.5 if plan.quick else 20.0
    for _ in plan.repeated("visibility"):
        answered, looks, _ = await _under_load(backends, steady, ITEMS, seconds, counts)
        latencies = visible_after(answered.receipts, looks)
        medians.append(percentile(latencies, 0.5) * 1000)
        slowest.append(percentile(latencies, 0.99) * 1000)
    with plan.progress(f"visibility at {heavy:,} facts a second", plan.minutes * 60) as advance:
        minutes = plan.minutes if not plan.quick else 2 / 60
        answered, looks, used = await _under_load(backends, heavy, HEAVY_ITEMS, minutes * 60, counts)
        advance(plan.minutes * 60)
    lag = _lag_over_time(answered.receipts, looks)
    while_called = [behind for at, behind in lag if at <= minutes * 60] or [0]
    return Finding(
        "visibility",
        f"from the answer until it can be read, {steady:,} facts a second",
        (
            Figure("answered until visible, p50", "ms", tuple(medians), at_most(50)),
            Figure("answered until visible, p99", "ms", tuple(slowest), at_most(250)),
            Figure(f"offered {heavy:,} facts/s: answered", "facts/s", (answered.facts / answered.seconds,)),
            # Bounded: at the end no more waits than comes in two seconds.
            Figure(
                f"offered {heavy:,} facts/s: lag at the end", "facts", (while_called[-1],), at_most(2 * heavy)
            ),
            Figure(f"offered {heavy:,} facts/s: most lag", "facts", (max(while_called),)),
            Figure(
                f"offered {heavy:,} facts/s: memory of the projection, last quarter of the first",
                "×",
                (_last_quarter_of_first([mb for _, mb in used["projection"]]),),
                at_most(1.1),
            ),
        ),
        tuple(counts),
        (
            Curve("lag", "s", "facts", tuple(lag), logarithmic=False),
            *(
                Curve(name, "s", "MB", tuple(points), logarithmic=False)
                for name, points in used.items()
                if len(points) > 1
            ),
        ),
        (
            f"{plan.minutes:g} minutes at {heavy:,} facts/s; the tables are asked every {LOOK_SECONDS * 1000:g} ms",
        ),
    )


async def _under_load(
    backends: Backends, rate: float, items: int, seconds: float, counts: list[Count]
) -> tuple[Answered, Looks, dict[str, list[tuple[float, float]]]]:
    async with corner(backends) as place:
        with System.start(
            backends,
            services=("leasing", "projection"),
            database=place.dsn,
            topic_namespace=place.namespace,
        ) as system:
            processes = {name: psutil.Process(system.child(name).pid) for name in ("leasing", "projection")}
            looks: Looks = []
            used: dict[str, list[tuple[float, float]]] = {name: [] for name in processes}
            looking = asyncio.create_task(_look(place, looks, processes, used))
            try:
                answered = await ordered(
                    Order(
                        system.address("leasing"),
                        system.dev_secret,
                        0,
                        items,
                        seconds,
                        rate=rate,
                        receipts=True,
                    )
                )
                await _caught_up(looks, answered, looking)
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
            async with place.connected() as connection:
                facts = await connection.fetchval("select count(*) from fact")
            counts.append(Count("facts in the tables", facts, answered.facts_in_all))
            return answered, looks, used


async def _look(
    place: Corner,
    looks: Looks,
    processes: dict[str, psutil.Process],
    used: dict[str, list[tuple[float, float]]],
) -> None:
    began = time.monotonic()
    weighed = 0.0
    async with place.connected() as connection:
        while True:
            rows = await connection.fetch("select partition, next_offset from progress where partition >= 0")
            now = time.monotonic()
            looks.append((now, {row["partition"]: row["next_offset"] for row in rows}))
            if now - weighed >= 0.25:
                weighed = now
                for name, process in processes.items():
                    used[name].append((now - began, process.memory_info().rss / 1e6))
            await asyncio.sleep(LOOK_SECONDS)


async def _caught_up(looks: Looks, answered: Answered, looking: "asyncio.Task[None]") -> None:
    ends: dict[int, int] = {}
    for _, partition, offset in answered.receipts:
        ends[partition] = max(offset + 1, ends.get(partition, 0))
    async with asyncio.timeout(1800):
        while not looks or any(looks[-1][1].get(partition, 0) < end for partition, end in ends.items()):
            if looking.done():
                looking.result()
            await asyncio.sleep(0.05)


def visible_after(receipts: Sequence[tuple[float, int, int]], looks: Looks) -> list[float]:
    """Seconds from each receipt until the first look that shows its last fact; 0 for what was there already."""
    times = [at for at, _ in looks]
    reached: dict[int, list[int]] = {}
    for _, partition, _ in receipts:
        if partition not in reached:
            reached[partition] = [ends.get(partition, 0) for _, ends in looks]
    latencies = []
    for answered_at, partition, offset in receipts:
        # Ends only grow, so the first look beyond the offset is found by halving.
        first = bisect_right(reached[partition], offset)
        latencies.append(max(0.0, times[first] - answered_at))
    return latencies


def _lag_over_time(receipts: Sequence[tuple[float, int, int]], looks: Looks) -> list[tuple[float, float]]:
    """Facts answered and not yet in the tables, a few hundred points; seconds from the first look."""
    ordered_receipts = sorted(receipts)
    ends: dict[int, int] = {}
    position = 0
    points = []
    for at, reached in looks[:: max(1, len(looks) // 300)]:
        while position < len(ordered_receipts) and ordered_receipts[position][0] <= at:
            _, partition, offset = ordered_receipts[position]
            ends[partition] = max(offset + 1, ends.get(partition, 0))
            position += 1
        behind = sum(max(0, end - reached.get(partition, 0)) for partition, end in ends.items())
        points.append((at - looks[0][0], float(behind)))
    return points


def _last_quarter_of_first(values: Sequence[float]) -> float:
    quarter = max(1, len(values) // 4)
    return (sum(values[-quarter:]) / quarter) / (sum(values[:quarter]) / quarter)
