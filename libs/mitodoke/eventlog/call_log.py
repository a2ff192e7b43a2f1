"""The access log: one message for each call, on a topic of its own. It never delays or fails a call."""

import asyncio
import contextlib
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from mitodoke.contracts.custody.v1.call_pb2 import CallMade

_log = structlog.get_logger("mitodoke.eventlog")

_CAPACITY: Final = 20_000
_RETRY_SECONDS: Final = 0.5
_FLUSH_SECONDS: Final = 3.0


class CallLog:
    """Takes messages at once and appends them when the broker will have them; drops, and counts, what is too much."""

    name = "call log"

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._waiting: asyncio.Queue[CallMade] = asyncio.Queue(_CAPACITY)
        self._dropped = 0
        self._producer: AIOKafkaProducer | None = None

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
        try:
            self._waiting.put_nowait(call)
        except asyncio.QueueFull:
            if self._dropped % _CAPACITY == 0:
                _log.error("calls_dropped", dropped=self._dropped + 1, waiting=_CAPACITY)
            self._dropped += 1

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
                while not self._waiting.empty():
                    await self._append(producer, self._waiting.get_nowait())
                await producer.stop()
        except (TimeoutError, KafkaError, OSError) as error:
            _log.error("calls_lost_at_the_end", calls=self._waiting.qsize(), error=repr(error))
            await producer.client.close()

    async def _append_for_ever(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, acks=1, linger_ms=20, max_batch_size=128 * 1024
        )
        try:
            await producer.start()
            self._producer = producer
            while True:
                await self._append(producer, await self._waiting.get())
        except (KafkaError, OSError):
            self._producer = None
            raise
        finally:
            # Once it is connected, `stop` closes it, when it has appended what still waits.
            if self._producer is None:
                with contextlib.suppress(KafkaError, OSError):
                    await producer.stop()

    async def _append(self, producer: AIOKafkaProducer, call: CallMade) -> None:
        key = call.party_id.encode() or None
        sent = await producer.send(self._topic, call.SerializeToString(), key)
        # An append that fails after the send was taken is logged by the producer; nobody waits for it.
        sent.add_done_callback(lambda each: each.cancelled() or each.exception())
