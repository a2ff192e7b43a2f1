"""Pages for the people who watch: what is wrong now, and the history of one drive. From the read model alone."""

import uvloop

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Config
from mitodoke.chassis.server import serve
from mitodoke.chassis.web import WebServer
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.dashboard.pages import application
from mitodoke.services.dashboard.reading import ReadModel


def run(config: Config) -> int:
    """Serve the pages until SIGTERM or SIGINT; the exit code."""
    return uvloop.run(_serve(config))


async def _serve(config: Config) -> int:
    clock = SystemClock()
    address = config.need_http()
    async with await open_pool(config.need_database()) as pool:
        pages = WebServer(application(ReadModel(pool), clock), address)
        return await serve(config, name="dashboard", parts=[pages], clock=clock)
