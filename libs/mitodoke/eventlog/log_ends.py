"""Where the drives topic ends now, for saying how far behind the read model is."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from mitodoke.eventlog.clients import Consumer

_log = structlog.get_logger("mitodoke.eventlog")

HOLDS_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 0.5


class LogEnds:
    """The end offset of each partition, asked at most a few times a second however many ask."""

    name = "log ends"

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._consumer: Consumer | None = None
        self._asking = asyncio.Lock()
        self._known: dict[int, int] = {}
        self._known_until = 0.0

    @property
    def ready(self) -> bool:
        """Answers that say nothing of a lag are better than none, so nobody waits for it."""
        return True

    async def start(self) -> None:
        """Nothing waits here: `run` connects."""

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        while True:
            consumer = Consumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
            try:
                await consumer.start()
                self._consumer = consumer
                await asyncio.Event().wait()
            except (KafkaError, OSError) as error:
                _log.warning("log_ends_unknown", error=repr(error), retry_seconds=RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self._consumer = None
                with contextlib.suppress(KafkaError):
                    await consumer.stop()

    async def stop(self) -> None:
        """Nothing is left to do after `run` is cancelled."""

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """The end offset of each partition, 0.25 s old at most; as last known while the broker is away."""
        loop = asyncio.get_running_loop()
        async with self._asking:
            if loop.time() < self._known_until or self._consumer is None:
                return self._known
            try:
                async with asyncio.timeout(2):
                    ends = await self._consumer.end_offsets(
                        [TopicPartition(self._topic, partition) for partition in partitions]
                    )
            except (KafkaError, TimeoutError) as error:
                _log.warning("log_ends_unknown", error=repr(error))
                return self._known
            self._known = {partition.partition: end for partition, end in ends.items()}
            self._known_until = loop.time() + HOLDS_SECONDS
            return self._known
