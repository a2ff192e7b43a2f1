"""A fresh corner of the real broker and database for one measurement: topics, tables and a small world of parties."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import astuple, dataclass, replace
from datetime import datetime

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bench.machine import ROOT
from log_writer import LogWriter
from mitodoke.eventlog.recorder import Recorder
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics, create_topics
from mitodoke.lifecycle.reference import Reference
from mitodoke.readmodel.migrations import migrate
from mitodoke_local import Backends

POLICY = ROOT / "deploy/policies/jp-local-government-servers.yaml"
"""The ready policy under which everything here is judged."""
PARTITIONS = 6
CONTRACT_OF_ALL = "K-1"


@dataclass(frozen=True, slots=True)
class Corner:
    """Where one measurement takes place. `log` writes facts as the services do."""

    backends: Backends
    namespace: str
    topics: Topics
    dsn: str
    log: LogWriter

    async def facts_in_log(self) -> int:
        """How many messages the drives topic holds."""
        partitions = [TopicPartition(self.topics.drives, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.backends.kafka)
        await consumer.start()
        try:
            return sum((await consumer.end_offsets(partitions)).values())
        finally:
            await consumer.stop()

    async def reference(self, *, recorded_at: datetime | None = None) -> Reference:
        """The parties, the policy and the contract, as whoever judges reads them from the log.

        With `recorded_at` as if they had been recorded then: whoever is judged in the past must have them.
        """
        async with self._follower() as follower:
            if recorded_at is None:
                return follower.reference
            earlier = Reference()
            for _, fact in follower.facts_from(0):
                earlier.append(replace(fact, recorded_at=recorded_at))
            return earlier

    async def judged_by_all_that_was_agreed(self) -> None:
        """Say so of the drives in the tables, or a worker judges each of them anew before it does anything else."""
        async with self._follower() as follower, self.connected() as connection:
            end = follower.next_offset
            await connection.execute(
                """insert into progress (partition, next_offset, reference_offset, reference_message)
                   select number, 0, $2, $3 from generate_series(0, $1 - 1) as number""",
                PARTITIONS,
                end,
                follower.fingerprint_before(end),
            )

    @contextlib.asynccontextmanager
    async def recording(self) -> AsyncIterator[Recorder]:
        """The recorder of the services, connected."""
        recorder = Recorder(self.backends.kafka, self.topics.drives)
        try:
            async with _running(recorder):
                yield recorder
        finally:
            await recorder.stop()

    @contextlib.asynccontextmanager
    async def _follower(self) -> AsyncIterator[ReferenceFollower]:
        follower = ReferenceFollower(self.backends.kafka, self.topics.reference)
        async with _running(follower):
            yield follower

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection that sees the read model's tables."""
        connection = await asyncpg.connect(
            self.dsn, server_settings={"search_path": "custody", "timezone": "UTC", "jit": "off"}
        )
        try:
            yield connection
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def _running(part: Recorder | ReferenceFollower) -> AsyncIterator[None]:
    """Run it as a service does, from when it is ready."""
    running = asyncio.create_task(part.run())
    try:
        async with asyncio.timeout(60):
            while not part.ready:  # noqa: ASYNC110  # it sets no event
                await asyncio.sleep(0.02)
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def corner(backends: Backends, *, document: str | None = None) -> AsyncIterator[Corner]:
    """Topics, tables, and a contract K-1 with a party in each role under `document` (by itself the ready policy).

    All of it goes afterwards: a broker with many topics is a slow one.
    """
    namespace = f"b{uuid.uuid4().hex[:12]}"
    topics = Topics.named(namespace)
    await create_topics(backends.kafka, topics)
    dsn = backends.database.create_database(namespace)
    try:
        connection = await asyncpg.connect(dsn)
        try:
            await migrate(connection)
        finally:
            await connection.close()
        producer = AIOKafkaProducer(
            bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True, max_batch_size=256 * 1024
        )
        await producer.start()
        try:
            log = LogWriter(producer, topics)
            await log.world(document=document or POLICY.read_text(encoding="utf-8"))
            yield Corner(backends, namespace, topics, dsn, log)
        finally:
            await producer.stop()
    finally:
        backends.database.drop_database(namespace)
        admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
        await admin.start()
        try:
            await admin.delete_topics(list(astuple(topics)))
        finally:
            await admin.close()
