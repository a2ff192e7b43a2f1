"""How soon each service serves, what memory it takes by then, and how long the command line and the demo take."""

import asyncio
import os
import sys
import time

import psutil

from bench.corner import corner
from bench.figures import Count, Figure, Finding, at_most
from bench.machine import ROOT
from bench.own_process import module, printed
from bench.plan import Plan
from mitodoke_local import Backends, System
from mitodoke_local.system import SERVICES


async def measure(backends: Backends, plan: Plan) -> Finding:
    """Each service by itself on running backends; `mitodoke --help`; the demo once, in its own folder."""
    names = (*SERVICES[:1], "projection") if plan.quick else SERVICES
    seconds: dict[str, list[float]] = {name: [] for name in names}
    memory: dict[str, list[float]] = {name: [] for name in names}
    helped: list[float] = []
    async with corner(backends) as place:
        for _ in plan.repeated("starting"):
            with System.start(
                backends, services=(), database=place.dsn, topic_namespace=place.namespace
            ) as system:
                for name in names:
                    started = time.perf_counter()
                    process = await asyncio.to_thread(system.start_another, name)
                    seconds[name].append(time.perf_counter() - started)
                    memory[name].append(psutil.Process(system.child(process).pid).memory_info().rss / 1e6)
                    system.stop(process)
            # The first one fills the caches of the disk, and is what nobody waits for twice.
            for number in range(2 if plan.quick else 4):
                started = time.perf_counter()
                said = await printed(module("mitodoke.cli", "--help"))
                if number:
                    helped.append(time.perf_counter() - started)
    demo = () if plan.quick else (Figure("make demo, warm cache", "s", (await _demo(),), at_most(60)),)
    return Finding(
        "starting",
        "until it serves, and what it weighs then",
        (
            *(Figure(f"{name} serves", "s", tuple(of), at_most(3)) for name, of in seconds.items()),
            *(Figure(f"{name} weighs", "MB", tuple(of), at_most(120)) for name, of in memory.items()),
            Figure("mitodoke --help", "s", tuple(helped), at_most(0.3)),
            *demo,
        ),
        (Count("helps that name the commands", int("rebuild" in said), 1),),
    )


async def _demo() -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mitodoke_demo",
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(600):
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if code:
        raise RuntimeError(f"The demo ended with {code}; run `make demo` to see why")
    return time.perf_counter() - started
