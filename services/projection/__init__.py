"""Judges every drive: reads the log, writes the read model, and answers questions about it."""

import gc

import asyncpg
import uvloop

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Config
from mitodoke.chassis.parts import Part
from mitodoke.chassis.rpc import RpcService
from mitodoke.chassis.server import serve
from mitodoke.eventlog.log_ends import LogEnds
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.projection.queries import CustodyQuery
from mitodoke.services.projection.relay import Relay
from mitodoke.services.projection.worker import Worker

COLLECT_AFTER = 500_000, 2, 500
"""Python's cyclic collector otherwise looks through a batch and the cached drives at every 700 new objects, and finds
nothing: projecting leaves hardly a circle behind, and answering a call six objects (docs/benchmarks/projection.md). It
looks at the younger ones every million, since memory swings by what it leaves until then."""


def run(config: Config) -> int:
    """Project and answer until SIGTERM or SIGINT; the exit code."""
    gc.set_threshold(*COLLECT_AFTER)
    return uvloop.run(_serve(config))


async def _serve(config: Config) -> int:
    async with await open_pool(config.need_database()) as pool:
        rpc_services, parts = assembled(config, pool)
        return await serve(config, name="projection", rpc_services=rpc_services, parts=parts)


def assembled(config: Config, pool: asyncpg.Pool) -> tuple[list[RpcService], list[Part]]:
    """The service of this process and the parts that it needs, for `serve` or `running`."""
    topics = Topics.named(config.topic_namespace)
    clock = SystemClock()
    follower = ReferenceFollower(config.kafka, topics.reference)
    ends = LogEnds(config.kafka, topics.drives)
    worker = Worker(config.kafka, topics, pool, follower, clock)
    relay = Relay(config.kafka, topics, pool, worker)
    query = CustodyQuery(config.kafka, topics, pool, follower, ends, clock, config.administrator)
    return [query.rpc_service()], [follower, worker, relay, ends]
