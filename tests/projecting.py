"""A projection that runs in a test's own loop, on the real broker and database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Config
from mitodoke.chassis.server import Running, running
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.projection import assembled
from mitodoke.services.projection.relay import Relay
from mitodoke.services.projection.worker import Worker
from read_model import ask, until


@contextlib.asynccontextmanager
async def projection_service(config: Config) -> AsyncIterator[Running]:
    """The whole service in this test's own loop: worker, relay and CustodyQuery over gRPC."""
    pool = await open_pool(config.need_database())
    rpc_services, parts = assembled(config, pool)
    try:
        async with running(config, name="projection", rpc_services=rpc_services, parts=parts) as service:
            yield service
    finally:
        pool.terminate()


class Projecting:
    """A projection that runs in this test's own loop, on the real broker and database."""

    def __init__(self, bootstrap: str, topics: Topics, dsn: str) -> None:
        self.bootstrap, self.topics, self.dsn = bootstrap, topics, dsn

    @contextlib.asynccontextmanager
    async def worker(
        self,
        *,
        alone: bool = False,
        relay: bool = False,
        cached_drives: int = 50_000,
        cached_workings: int = 10_000,
        read_at_once: int = 12_000,
        sweep_every: float = 0.2,
        follower: ReferenceFollower | None = None,
    ) -> AsyncIterator[Worker]:
        """A worker that runs; it goes by this `follower`, which somebody else runs, or by one of its own."""
        async with await open_pool(self.dsn) as pool:
            following = follower or ReferenceFollower(self.bootstrap, self.topics.reference)
            worker = Worker(
                self.bootstrap,
                self.topics,
                pool,
                following,
                SystemClock(),
                alone=alone,
                cached_drives=cached_drives,
                cached_workings=cached_workings,
                read_at_once=read_at_once,
                sweep_every=sweep_every,
            )
            tasks = [asyncio.create_task(worker.run())]
            if follower is None:
                tasks.append(asyncio.create_task(following.run()))
            if relay:
                outbox = Relay(self.bootstrap, self.topics, pool, worker)
                tasks.append(asyncio.create_task(outbox.run()))
            try:
                yield worker
                for task in tasks:
                    if task.done():
                        task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def caught_up(self, limit: float = 120) -> None:
        """Wait until everything that is in the log now is in the tables."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topics.drives, p) for p in range(6)]
            ends = await consumer.end_offsets(partitions)
            reference = TopicPartition(self.topics.reference, 0)
            reference_end = (await consumer.end_offsets([reference]))[reference]
        finally:
            await consumer.stop()
        total = sum(ends.values())

        async def read() -> bool:
            row = await ask(
                self.dsn,
                """select coalesce(sum(next_offset) filter (where partition >= 0), 0) >= $1
                       and coalesce(min(reference_offset) filter (where partition >= 0), 0) >= $2
                       and coalesce(max(next_offset) filter (where partition = -1), 0) >= $2 from progress""",
                total,
                reference_end,
            )
            return bool(row)

        await until(read, f"the projection reads {total} facts", limit=limit)

    async def settled(self, limit: float = 120) -> None:
        """Everything is read, and every turning point of now and the next seconds is judged: the tables stand still."""
        await self.caught_up(limit)
        moment = datetime.now(UTC)

        async def judged() -> bool:
            return bool(
                await ask(
                    self.dsn,
                    """select bool_and(isfinite(read_through) and read_through >= $1)
                           and not exists (select from drive where turns_at <= $1 + interval '10 s' and not parked)
                       from progress where partition >= 0""",
                    moment,
                )
            )

        await until(judged, "all turning points of these seconds are judged", limit=limit)

    async def flags(self, where: str = "true") -> list[dict[str, object]]:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": "custody"})
        try:
            rows = await connection.fetch(f"select * from flag where {where} order by serial, kind, subject")
            return [dict(row) for row in rows]
        finally:
            await connection.close()
