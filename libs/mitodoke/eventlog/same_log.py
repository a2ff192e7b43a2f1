"""Whether a log is still the one that was read: the last message read must stand where it stood.

A topic that was made anew, or restored from an older copy, has fewer messages than were read of it, or has others at
the same offsets. Its name, and the ids that the broker gives it, say nothing of that; a message does.
"""

import asyncio
import hashlib
import struct
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from mitodoke.eventlog.clients import Consumer
from mitodoke.eventlog.closing import close_consumer
from mitodoke.eventlog.payloads import moment_of_milliseconds

_LIMIT_SECONDS: Final = 30.0

_WHAT_TO_DO: Final = (
    "Nothing was changed. Restore a copy of the log that is not older than this, and start again; if this is the log "
    "to go by and what it lacks is lost, run `mitodoke rebuild --accept-this-log` "
    "(docs/operations/backup-and-restore.md says how to choose)"
)


class LogMismatch(Exception):
    """The log is not the one that was read; says where they differ and what to do."""


class LastRead(NamedTuple):
    """How far a partition was read: up to before `next_offset`, where the message before it has this fingerprint."""

    next_offset: int
    fingerprint: bytes | None
    """None where it is not known: then only the number of messages is compared."""


def fingerprint(record: ConsumerRecord) -> bytes:
    """What tells a message from every other that might stand at its offset: when it was appended, and its value."""
    return struct.pack(">q", record.timestamp) + hashlib.sha256(record.value or b"").digest()


def appended_at(fingerprint_of_message: bytes) -> datetime:
    """When the message of a fingerprint was appended."""
    return moment_of_milliseconds(struct.unpack_from(">q", fingerprint_of_message)[0])


def lost_messages(partition: TopicPartition, read: int, first: int, end: int) -> LogMismatch:
    """The log no longer holds all that was read of it."""
    return LogMismatch(
        f"Partition {partition.partition} of {partition.topic} was read up to offset {read}, but the log holds the "
        f"offsets from {first} to before {end}: it was made anew, was restored from an older copy, or has lost "
        f"messages. {_WHAT_TO_DO}"
    )


def other_message(partition: TopicPartition, offset: int, read: bytes, stands: bytes) -> LogMismatch:
    """The log has another message than was read at an offset."""
    return LogMismatch(
        f"At offset {offset} of partition {partition.partition} of {partition.topic} a message was read that was "
        f"recorded at {appended_at(read).isoformat()}, but the log has another there, recorded at "
        f"{appended_at(stands).isoformat()}: it was made anew, or restored from an older copy and has grown since. "
        f"{_WHAT_TO_DO}"
    )


def other_partitions(topic: str, read: int, stand: int) -> LogMismatch:
    """The log has another number of partitions than was read: the facts of one drive may stand in two of them."""
    return LogMismatch(
        f"The tables were made from {read} partitions of {topic}, which now has {stand}. Facts are placed by their "
        f"key over a fixed number of them, and drives are judged partition by partition. Nothing was changed. Stop the "
        f"recording services, and restore a copy of the log with {read} partitions "
        "(docs/operations/backup-and-restore.md)"
    )


class SameLog:
    """Looks into the log for the last messages read of some partitions, on a connection of its own."""

    def __init__(self, bootstrap: str, partitions: Iterable[TopicPartition]) -> None:
        self._partitions = list(partitions)
        self._consumer = Consumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=50,
            # One message is wanted of each; where its batch is larger, the broker gives it alone.
            max_partition_fetch_bytes=64 * 1024,
            request_timeout_ms=10_000,
        )

    async def __aenter__(self) -> "SameLog":
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        self._consumer.pause(*self._partitions)

    async def close(self) -> None:
        """Drop the connection, within a few seconds."""
        await close_consumer(self._consumer)

    async def ends(self) -> dict[TopicPartition, int]:
        """Where each partition ends now."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._partitions)
        return ends

    async def check(self, read: Mapping[TopicPartition, LastRead]) -> None:
        """Return when each partition still holds what was read last of it.

        Only a look that begins when messages are already here says anything of them: a topic is deleted and made anew
        in less than a second. Raises LogMismatch when one does not, and TimeoutError or KafkaError when the broker does
        not answer.
        """
        first, end = await asyncio.gather(
            self._consumer.beginning_offsets(list(read)), self._consumer.end_offsets(list(read))
        )
        for partition, last in read.items():
            # What comes before the last message read must be there as well: a rebuild needs it all.
            if last.next_offset > end[partition] or first[partition] > 0:
                raise lost_messages(partition, last.next_offset, first[partition], end[partition])
        known = {p: last for p, last in read.items() if last.fingerprint is not None and last.next_offset > 0}
        for partition, record in (await self._messages(known)).items():
            expected = known[partition].fingerprint or b""
            if (stands := fingerprint(record)) != expected:
                raise other_message(partition, record.offset, expected, stands)

    async def _messages(
        self, read: Mapping[TopicPartition, LastRead]
    ) -> dict[TopicPartition, ConsumerRecord]:
        found: dict[TopicPartition, Any] = {}
        for partition, last in read.items():
            self._consumer.seek(partition, last.next_offset - 1)
            self._consumer.resume(partition)
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                while missing := [partition for partition in read if partition not in found]:
                    # All that came is taken: aiokafka keeps an answer that was half read until the collector comes,
                    # which counts objects and not what they hold.
                    for partition, records in (
                        await self._consumer.getmany(*missing, timeout_ms=1000)
                    ).items():
                        found[partition] = records[0]
                        self._consumer.pause(partition)
        finally:
            self._consumer.pause(*read)
        return found
