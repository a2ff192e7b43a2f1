"""Where the time of the projection goes: one worker in this process, under cProfile.

    PYTHONPATH=deploy/local:tests python -m bench.profile_projection PROFILE [drives]

Writes what `python -m pstats PROFILE` reads. A profiler slows what it looks at: for speed run the benchmark.
"""

import asyncio
import cProfile
import gc
import sys

from bench.chains import facts_of, lots
from bench.corner import corner
from bench.projection import SEED, tell_log
from mitodoke.services.projection import COLLECT_AFTER
from projecting import Projecting
from real_backends import real_backends


async def main(profile: str, drives: int) -> None:
    """Project so many drives and write the profile."""
    with real_backends() as backends:
        async with corner(backends) as place:
            made = list(lots(SEED, drives))
            await tell_log(place, made)
            profiler = cProfile.Profile()
            projecting = Projecting(backends.kafka, place.topics, place.dsn)
            async with projecting.worker(alone=True):
                profiler.enable()
                await projecting.caught_up()
                profiler.disable()
            profiler.dump_stats(profile)
            print(f"{facts_of(made):,} facts of {drives:,} drives; python -m pstats {profile}")


if __name__ == "__main__":
    gc.set_threshold(*COLLECT_AFTER)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5_000))
