"""Publishes flag changes from the outbox: each at least once, those of one flag in order."""

import asyncio
import contextlib
from typing import Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer

from mitodoke.eventlog.topics import Topics
from mitodoke.services.projection.worker import BACK_OFF_SECONDS, PASSING, Worker

_log = structlog.get_logger("mitodoke.projection")

AT_ONCE: Final = 1000
LOOK_AGAIN_SECONDS: Final = 1.0
"""The worker says when it wrote; this is for what an earlier process left behind."""


class Relay:
    """Takes rows from the outbox and deletes them once the broker has acknowledged them.

    Two relays may run: the rows are locked in order, so the second waits for the first.
    """

    name = "outbox relay"

    def __init__(self, bootstrap: str, topics: Topics, pool: asyncpg.Pool, worker: Worker) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._pool = pool
        self._wrote = worker.wrote

    @property
    def ready(self) -> bool:
        """The flags topic may lag; nobody needs to wait for it."""
        return True

    async def start(self) -> None:
        """Nothing waits here: `run` connects."""

    async def stop(self) -> None:
        """Nothing is left to do: what was not acknowledged is still in the outbox."""

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            try:
                await self._relay()
            except PASSING as error:
                _log.warning("outbox_waits", error=repr(error), retry_seconds=BACK_OFF_SECONDS)
                await asyncio.sleep(BACK_OFF_SECONDS)

    async def _relay(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        await producer.start()
        try:
            while True:
                self._wrote.clear()
                while await self._publish(producer):
                    pass
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                        await self._wrote.wait()
        finally:
            # An idempotent batch never expires by itself: a broker that is gone must not hold us here.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await producer.stop()

    async def _publish(self, producer: AIOKafkaProducer) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "select id, key, value from outbox order by id limit $1 for update", AT_ONCE
            )
            if not rows:
                return False
            sent = [
                await producer.send(self._topics.flags, row["value"], key=row["key"].encode()) for row in rows
            ]
            async with asyncio.timeout(30):
                await asyncio.gather(*sent)
            await connection.execute("delete from outbox where id = any($1)", [row["id"] for row in rows])
            return True
