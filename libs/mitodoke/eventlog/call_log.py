"""The access log: one message for each call, on a topic of its own. It never delays or fails a call."""

import asyncio
import contextlib
from collections import defaultdict, deque
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from mitodoke.contracts.custody.v1.call_pb2 import CallMade
from mitodoke.eventlog.clients import Producer
from mitodoke.eventlog.partitioning import partition_of

_log = structlog.get_logger("mitodoke.eventlog")

_CAPACITY: Final = 20_000
_GATHER_SECONDS: Final = 0.1
"""Calls are appended by the batch, as many as come in so long: each by itself would cost as much as the call."""
_BATCH_BYTES: Final = 128 * 1024
_RETRY_SECONDS: Final = 0.5
_FLUSH_SECONDS: Final = 3.0


class CallLog:
    """Takes messages at once and appends them when the broker will have them; drops, and counts, what is too much."""

    name = "call log"

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._waiting: deque[CallMade] = deque()
        self._something = asyncio.Event()
        self._dropped = 0
        self._producer: Producer | None = None

    @property
    def ready(self) -> bool:
        """Always: no call depends on it."""
        return True

    @property
    def dropped(self) -> int:
        """How many calls are not in the log because too many were waiting."""
        return self._dropped

    def note(self, call: CallMade) -> None:
        """Take one call; returns at once and raises nothing."""
        if len(self._waiting) >= _CAPACITY:
            if self._dropped % _CAPACITY == 0:
                _log.error("calls_dropped", dropped=self._dropped + 1, waiting=_CAPACITY)
            self._dropped += 1
            return
        self._waiting.append(call)
        self._something.set()

    async def start(self) -> None:
        """Nothing waits for the broker here."""

    async def run(self) -> None:
        """Append what is taken until cancelled."""
        while True:
            try:
                await self._append_for_ever()
            except (KafkaError, OSError) as error:
                _log.warning("call_log_unavailable", error=repr(error), retry_seconds=_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)

    async def stop(self) -> None:
        """Append what is still waiting, for up to three seconds."""
        producer = self._producer
        if producer is None:
            return
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._append_waiting(producer)
                await producer.stop()
        except (TimeoutError, KafkaError, OSError) as error:
            _log.error("calls_lost_at_the_end", calls=len(self._waiting), error=repr(error))
            await producer.client.close()

    async def _append_for_ever(self) -> None:
        producer = Producer(bootstrap_servers=self._bootstrap, acks=1, max_batch_size=_BATCH_BYTES)
        try:
            await producer.start()
            self._producer = producer
            while True:
                await self._something.wait()
                await asyncio.sleep(_GATHER_SECONDS)
                await self._append_waiting(producer)
        except (KafkaError, OSError):
            self._producer = None
            raise
        finally:
            # Once it is connected, `stop` closes it, when it has appended what still waits.
            if self._producer is None:
                with contextlib.suppress(KafkaError, OSError):
                    await producer.stop()

    async def _append_waiting(self, producer: Producer) -> None:
        """Hand over all that waits. A batch that fails afterwards is logged by the producer; nobody waits for it."""
        partitions = len(await producer.partitions_for(self._topic))
        shares: defaultdict[int, deque[CallMade]] = defaultdict(deque)
        for call in self._waiting:
            shares[partition_of(call.party_id.encode(), partitions)].append(call)
        self._waiting.clear()
        self._something.clear()
        try:
            for partition, calls in shares.items():
                while calls:
                    await self._append_batch(producer, partition, calls)
        except BaseException:
            # What was not handed over waits for the next producer.
            for calls in shares.values():
                self._waiting.extendleft(reversed(calls))
            self._something.set()
            raise

    async def _append_batch(self, producer: Producer, partition: int, calls: deque[CallMade]) -> None:
        """Hand over as many of the first calls as one batch holds."""
        batch = producer.create_batch()
        held = 0
        for call in calls:
            key = call.party_id.encode() or None
            if batch.append(timestamp=None, key=key, value=call.SerializeToString()) is None:
                break
            held += 1
        sent = await producer.send_batch(batch, self._topic, partition=partition)
        sent.add_done_callback(lambda each: each.cancelled() or each.exception())
        for _ in range(held):
            calls.popleft()
