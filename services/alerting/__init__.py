"""Tells Alertmanager of every open flag and every parked drive; Alertmanager tells people."""

import uvloop

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Config
from mitodoke.chassis.parts import Part
from mitodoke.chassis.server import serve
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.alerting.poster import Nowhere, Poster


def run(config: Config) -> int:
    """Post alerts until SIGTERM or SIGINT; the exit code."""
    return uvloop.run(_serve(config))


async def _serve(config: Config) -> int:
    clock = SystemClock()
    async with await open_pool(config.need_database(), most=2) as pool:
        part: Part = Poster(pool, config.alertmanager, clock) if config.alertmanager else Nowhere()
        return await serve(config, name="alerting", parts=[part], clock=clock)
