"""Where the time of the projection goes: one worker in this process, and a profiler that looks at it.

    PYTHONPATH=deploy/local:tests python -m bench.profile_projection PROFILE [drives [at hand]]

A PROFILE that ends in .svg becomes a flame graph (Gregg, 2016), by py-spy, which looks a hundred times a second from
outside and slows nothing. Any other is what `python -m pstats PROFILE` reads, by cProfile, which counts every call and
slows what it looks at: for speed run the benchmark. With few drives `at hand` most are read from the tables each time,
as where there are very many.
"""

import asyncio
import contextlib
import cProfile
import gc
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.chains import facts_of, lots, reports
from bench.corner import corner
from bench.flame import flame_chart, read_stacks
from bench.projection import SEED, tell_log
from mitodoke.services.projection import COLLECT_AFTER
from projecting import Projecting
from real_backends import real_backends

ATTACHES_WITHIN_SECONDS = 30.0


async def main(profile: Path, drives: int = 5_000, at_hand: int = 50_000) -> None:
    """Project so many drives with so many kept at hand, and write the profile."""
    looked_at = _sampled(profile) if profile.suffix == ".svg" else _counted(profile)
    with real_backends() as backends:
        async with corner(backends) as place:
            made = list(lots(SEED, drives))
            await tell_log(place, reports(made))
            projecting = Projecting(backends.kafka, place.topics, place.dsn)
            async with looked_at:
                started = time.perf_counter()
                async with projecting.worker(alone=True, cached_drives=at_hand):
                    await projecting.caught_up()
                seconds = time.perf_counter() - started
            print(f"{facts_of(made):,} facts of {drives:,} drives in {seconds:.1f} s; written: {profile}")


@contextlib.asynccontextmanager
async def _counted(profile: Path) -> AsyncIterator[None]:
    profiler = cProfile.Profile()
    profiler.enable()
    yield
    profiler.disable()
    profiler.dump_stats(profile)


@contextlib.asynccontextmanager
async def _sampled(profile: Path) -> AsyncIterator[None]:
    """Raises RuntimeError when py-spy may not look into this process, as where only root may."""
    beside = Path(sys.executable).with_name("py-spy")
    stacks = profile.with_suffix(".stacks")
    looking = await asyncio.create_subprocess_exec(
        beside if beside.exists() else shutil.which("py-spy") or "py-spy",
        *("record", "--pid", str(os.getpid()), "--output", stacks, "--format", "raw", "--gil"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert looking.stdout is not None
    words = b""
    try:
        async with asyncio.timeout(ATTACHES_WITHIN_SECONDS):
            while b"Sampling process" not in words:
                more = await looking.stdout.read(1000)
                if not more:
                    raise RuntimeError(f"py-spy cannot look into this process:\n{words.decode()}")
                words += more
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            looking.send_signal(signal.SIGINT)
        await looking.communicate()
    _draw(stacks, profile)


def _draw(stacks: Path, profile: Path) -> None:
    root = read_stacks(stacks.read_text(encoding="utf-8"))
    stacks.unlink()
    title = f"The projection, one worker: {root.samples:,} samples"
    profile.write_text(flame_chart(title, root), encoding="utf-8")


if __name__ == "__main__":
    gc.set_threshold(*COLLECT_AFTER)
    asyncio.run(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
