"""Where the drives topic ends now, for saying how far behind the read model is."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from mitodoke.eventlog.clients import Consumer

_log = structlog.get_logger("mitodoke.eventlog")

HOLDS_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 0.5

ANSWERED_SECONDS: Final = 2.0
FAILURE_HOLDS_SECONDS: Final = 2.0
WAITS_AT_MOST: Final = 0.5
"""So many seconds an answer waits for what is only said beside it."""


class Ends(NamedTuple):
    """The end offset of each partition, as last known. Those that are not `fresh` may have grown since."""

    offsets: Mapping[int, int]
    fresh: bool


class LogEnds:
    """The end offset of each partition, asked at most a few times a second however many ask."""

    name = "log ends"

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._consumer: Consumer | None = None
        self._question: asyncio.Task[None] | None = None
        self._holds_until = 0.0
        self._away = False
        self.known = Ends({}, fresh=False)
        """What was found out last."""

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
        """Drop the question that is under way."""
        if self._question is not None:
            self._question.cancel()
            await asyncio.wait([self._question])

    async def refresh(self) -> None:
        """Let `known` be 0.25 s old at most. Waits half a second for it, and not at all while the broker is away.

        All who come meanwhile wait for the same question.
        """
        question = self._question
        if question is None:
            if self._consumer is None or asyncio.get_running_loop().time() < self._holds_until:
                return
            question = self._question = asyncio.create_task(self._ask(self._consumer))
        if not self._away:
            done, _ = await asyncio.wait([question], timeout=WAITS_AT_MOST)
            if not done:
                self._is_away()
            elif not question.cancelled():
                question.result()

    async def _ask(self, consumer: Consumer) -> None:
        holds = FAILURE_HOLDS_SECONDS
        try:
            async with asyncio.timeout(ANSWERED_SECONDS):
                if not (partitions := consumer.partitions_for_topic(self._topic)):
                    # It reads nothing of the topic, and may have looked before there was one.
                    consumer._client.add_topic(self._topic)
                    await consumer._client.force_metadata_update()
                    partitions = consumer.partitions_for_topic(self._topic)
                if not partitions:
                    raise UnknownTopicOrPartitionError(self._topic)
                ends = await consumer.end_offsets([TopicPartition(self._topic, each) for each in partitions])
            self.known = Ends({partition.partition: end for partition, end in ends.items()}, fresh=True)
            self._away = False
            holds = HOLDS_SECONDS
        except (KafkaError, OSError, TimeoutError) as error:
            _log.warning("log_ends_unknown", error=repr(error), retry_seconds=holds)
            self._is_away()
        finally:
            self._holds_until = asyncio.get_running_loop().time() + holds
            self._question = None

    def _is_away(self) -> None:
        self._away = True
        self.known = self.known._replace(fresh=False)
