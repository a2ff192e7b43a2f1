"""A rebuild of the read model from the first fact: facts a second, and memory on the way.

The live tables are made first, by the projection, and swapped at the end; the rebuild is the command that people run.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
import time

import psutil

from bench.chains import facts_of, lots
from bench.corner import Corner, corner
from bench.figures import Count, Curve, Figure, Finding, at_least
from bench.own_process import module
from bench.plan import Plan
from bench.projection import SEED, projected, tell_log
from mitodoke_local import Backends

TEN_MILLION_IN_15_MINUTES = 10_000_000 / 900


async def measure(backends: Backends, plan: Plan) -> Finding:
    """At a fortieth of the plan's drives and at a tenth, once each."""
    sizes = [150, 300] if plan.quick else [max(1000, plan.drives // 40), max(2000, plan.drives // 10)]
    rates: list[tuple[float, float]] = []
    largest: list[tuple[float, float]] = []
    counts: list[Count] = []
    weights: list[tuple[float, float]] = []
    for drives in sizes:
        made = list(lots(SEED, drives))
        facts = facts_of(made)
        async with corner(backends) as place:
            with plan.progress(f"{drives:,} drives into the log", facts) as advance:
                await tell_log(place, made, advance)
            await projected(place, facts, 1)
            with plan.progress(f"rebuild of {facts:,} facts", facts):
                seconds, weights = await _rebuilt(place)
            async with place.connected() as connection:
                counts.append(
                    Count("facts rebuilt", await connection.fetchval("select count(*) from fact"), facts)
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
        ),
        tuple(counts),
        (
            Curve("rebuild", "facts", "facts/s", tuple(rates)),
            Curve("memory at most", "facts", "MB", tuple(largest)),
            Curve("memory of the last", "s", "MB", tuple(weights), logarithmic=False),
        ),
        (
            "The bar is that of 10 million facts in 15 minutes. Memory is of all processes of the command together.",
        ),
    )


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
