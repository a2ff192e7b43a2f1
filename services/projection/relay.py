"""Publishes flag changes from the outbox: each at least once, those of one flag in order.

Of several workers one publishes, in transactions under one name (docs/adr/0019-one-relay-publishes.md).
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import asyncpg
import structlog

from mitodoke.eventlog.clients import Producer
from mitodoke.eventlog.recorder import close_producer
from mitodoke.eventlog.topics import Topics
from mitodoke.services.projection.watch import PARTITION
from mitodoke.services.projection.worker import BACK_OFF_SECONDS, PASSING, Worker

_log = structlog.get_logger("mitodoke.projection")

AT_ONCE: Final = 1000
BATCH_BYTES: Final = 1_000_000
"""Just under what a broker takes as one batch (`message.max.bytes`)."""

LOOK_AGAIN_SECONDS: Final = 0.1
"""The worker beside it says when it wrote; this is for what workers elsewhere wrote, or an earlier process left."""

ANSWERED_SECONDS: Final = 30.0
"""So long the broker may take to let it begin, and to take a batch for good."""

UNFINISHED_SECONDS: Final = 10.0
"""After so long of silence the broker gives up a transaction; until then nobody is given what came later."""


class Relay:
    """Takes rows from the outbox and deletes them once the broker has taken them for good.

    It publishes while its worker leads. Whoever begins under the name ends what another had under way under it, so
    that nothing of a relay that was frozen or cut off comes after what its successor published.
    """

    name = "outbox relay"

    def __init__(self, bootstrap: str, topics: Topics, pool: asyncpg.Pool, worker: Worker) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._pool = pool
        self._worker = worker

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
                if self._worker.leads:
                    await self._relay()
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            except PASSING as error:
                _log.warning("outbox_waits", error=repr(error), retry_seconds=BACK_OFF_SECONDS)
                await asyncio.sleep(BACK_OFF_SECONDS)

    async def _relay(self) -> None:
        producer = Producer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            transactional_id=f"{self._topics.flags}.relay",
            transaction_timeout_ms=round(UNFINISHED_SECONDS * 1000),
            max_batch_size=BATCH_BYTES,
        )
        try:
            async with asyncio.timeout(ANSWERED_SECONDS):
                await producer.start()
            while self._worker.leads:
                self._worker.wrote.clear()
                while await self._publish(producer):
                    pass
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                        await self._worker.wrote.wait()
        finally:
            await close_producer(producer)

    async def _publish(self, producer: Producer) -> bool:
        rows = await self._pool.fetch(
            "select tableoid, id, key, value from outbox order by id limit $1", AT_ONCE
        )
        if not rows:
            return False
        async with asyncio.timeout(ANSWERED_SECONDS):
            await producer.begin_transaction()
            sent = [
                await producer.send_batch(batch, self._topics.flags, partition=PARTITION)
                for batch in _batches(producer, rows)
            ]
            await asyncio.gather(*sent)
            await producer.commit_transaction()
        # A rebuild may have put another table in its place meanwhile, where the same ids are other changes.
        await self._pool.execute(
            "delete from outbox where tableoid = $1 and id = any($2)",
            rows[0]["tableoid"],
            [row["id"] for row in rows],
        )
        return True


def _batches(producer: Producer, rows: Sequence[asyncpg.Record]) -> Iterator[Any]:
    """The rows as batches, in their order; message by message costs five times the processor."""
    batch = producer.create_batch()
    for row in rows:
        while batch.append(key=row["key"].encode(), value=row["value"], timestamp=None) is None:
            yield batch
            batch = producer.create_batch()
    yield batch
