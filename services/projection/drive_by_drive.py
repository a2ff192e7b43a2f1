"""Fills empty tables from a whole log, drive by drive: each is judged through all that it was told, and written once.

A worker follows the log as time goes by, and of more drives than it keeps at hand it reads each from the tables again
whenever there is news of it. In a rebuild nobody looks at the tables before the end. So the log is parted into lots of
drives first, those that were first heard of together, since these travel together and are judged alike; then one
lot after another is taken through its whole history. What does not fit into memory is parted in the same way by a
hybrid hash join (Shapiro, Join Processing in Database Systems with Large Main Memories, 1986).
"""

import asyncio
import marshal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
import structlog
from aiokafka import ConsumerRecord, TopicPartition

from mitodoke.chassis.clock import Clock
from mitodoke.eventlog.clients import Consumer
from mitodoke.eventlog.closing import close_consumer
from mitodoke.eventlog.payloads import moment_of_milliseconds
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.same_log import fingerprint
from mitodoke.lifecycle.alike import Alike
from mitodoke.readmodel import bulk, store
from mitodoke.readmodel.rows import Changes
from mitodoke.services.projection.ledger import REFERENCE_COUNTS_AFTER, Ledger
from mitodoke.services.projection.worker import (
    BACK_OFF_SECONDS,
    EXAMPLES,
    PASSING,
    side_by_side,
)

_log = structlog.get_logger("mitodoke.projection")

LOTS_AT_ONCE: Final = 2
"""While PostgreSQL takes in one lot, the next is judged."""

_MESSAGES_HELD_BACK: Final = 20_000
"""So many messages wait in memory before they go to the lots' files."""

_BREATHER: Final = 200
"""After so many messages whoever waits for PostgreSQL gets a turn."""


class NoRoomError(Exception):
    """The folder for temporary files does not hold the log; says how to go on."""


class Lots:
    """The messages of one partition, parted by drive into files of a folder; each lot in the order of the log."""

    def __init__(self, folder: Path, drives_in_a_lot: int) -> None:
        self._folder = folder
        self._drives_in_a_lot = drives_in_a_lot
        self._lot_of: dict[bytes | None, int] = {}
        self._waiting: dict[int, list[tuple[object, ...]]] = {}
        self._waits = 0

    def add(self, record: ConsumerRecord) -> None:
        """Put the next message to those of its drive. Raises NoRoomError."""
        lot = self._lot_of.setdefault(record.key, len(self._lot_of) // self._drives_in_a_lot)
        said = record.offset, record.timestamp, record.key, record.value, tuple(record.headers)
        self._waiting.setdefault(lot, []).append(said)
        self._waits += 1
        if self._waits >= _MESSAGES_HELD_BACK:
            self._put_away()

    def __iter__(self) -> Iterator[Callable[[TopicPartition], Iterator[ConsumerRecord]]]:
        """The lots, each to be read when it is its turn, and once: its file is gone then."""
        self._put_away()
        count = len(set(self._lot_of.values()))
        self._lot_of.clear()
        return (partial(self._read, lot) for lot in range(count))

    def _put_away(self) -> None:
        for lot, waiting in self._waiting.items():
            said = marshal.dumps(waiting)
            try:
                with self._file(lot).open("ab") as file:
                    file.write(len(said).to_bytes(8, "big") + said)
            except OSError as error:
                raise NoRoomError(
                    f"The messages of the log cannot be put aside in {self._folder}: {error.strerror}. Each process "
                    "of a rebuild needs as much room as the largest partition takes in the log; name a folder that has "
                    "it in TMPDIR and run this again"
                ) from None
        self._waiting.clear()
        self._waits = 0

    def _read(self, lot: int, partition: TopicPartition) -> Iterator[ConsumerRecord]:
        path = self._file(lot)
        with path.open("rb") as file:
            while length := file.read(8):
                for offset, timestamp, key, value, headers in marshal.loads(
                    file.read(int.from_bytes(length, "big"))
                ):
                    yield ConsumerRecord(
                        *partition,
                        offset,
                        timestamp,
                        0,
                        key,
                        value,
                        None,
                        len(key or b""),
                        len(value or b""),
                        headers,
                    )
        path.unlink()

    def _file(self, lot: int) -> Path:
        return self._folder / str(lot)


class DriveByDrive:
    """Fills the tables of `pool` from some partitions, up to where each ends now; they must hold nothing of them yet.

    The follower has read the reference log to its end. When a flag was first noticed, which the log does not say, is
    taken from the tables of the schema `noticed_in`. A lot has so many drives, all of which are in memory. `tell` is
    called with the messages judged and to be judged. As much room as the largest partition takes in the log is needed
    in the folder for temporary files.
    """

    def __init__(
        self,
        bootstrap: str,
        partitions: Sequence[TopicPartition],
        pool: asyncpg.Pool,
        follower: ReferenceFollower,
        clock: Clock,
        noticed_in: str,
        drives_in_a_lot: int,
        tell: Callable[[int, int], None],
    ) -> None:
        self._bootstrap = bootstrap
        self._partitions = partitions
        self._pool = pool
        self._follower = follower
        self._clock = clock
        self._tell = tell
        self._noticed_in = noticed_in
        self._drives_in_a_lot = drives_in_a_lot
        self._done = self._to_be_done = 0

    async def run(self) -> None:
        """Return when every drive is judged up to the last message of its partition, and `progress` says so.

        Troubles of PostgreSQL are waited for while a lot is written, and are raised between two partitions. Raises
        NoRoomError, and KafkaError when the broker is away as it begins.
        """
        consumer = Consumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=4 << 20,
        )
        await consumer.start()
        try:
            starts = await consumer.beginning_offsets(self._partitions)
            ends = await consumer.end_offsets(self._partitions)
            self._to_be_done = sum(ends.values()) - sum(starts.values())
            async with self._pool.acquire() as connection:
                await store.write_decisions(connection, self._follower.decisions)
            for partition, end in ends.items():
                if starts[partition] < end:
                    await self._fill(consumer, partition, starts[partition], end)
        finally:
            await close_consumer(consumer)

    async def _fill(self, consumer: Consumer, partition: TopicPartition, start: int, end: int) -> None:
        # What is recorded from here on concerns drives that the worker, who goes on, judges again.
        knows = self._follower.next_offset
        with tempfile.TemporaryDirectory(prefix="mitodoke-rebuild-") as folder:
            lots = Lots(Path(folder), self._drives_in_a_lot)
            consumer.assign([partition])
            consumer.seek(partition, start)
            last: ConsumerRecord | None = None
            while last is None or await consumer.position(partition) < end:
                for record in (await consumer.getmany(timeout_ms=1000)).get(partition, ()):
                    if record.offset < end:
                        lots.add(record)
                        last = record
            until = moment_of_milliseconds(last.timestamp)
            async with self._pool.acquire() as connection:
                discarded = await store.discarded(connection, partition.partition, start, end)
            alike = Alike(EXAMPLES)
            await side_by_side(
                (partial(self._take, partition, lot, until, discarded, alike) for lot in lots), LOTS_AT_ONCE
            )
        async with self._pool.acquire() as connection, connection.transaction():
            await store.fence(
                connection, partition.partition, start=0, end=end, knows=knows, last_message=fingerprint(last)
            )
            await store.set_turning_points(
                connection,
                partition.partition,
                (),
                self._follower.reference,
                after=REFERENCE_COUNTS_AFTER,
                next_offset=knows,
                last_message=self._follower.fingerprint_before(knows),
            )
            await store.note_read_through(connection, [(partition.partition, end, until)])

    async def _take(
        self,
        partition: TopicPartition,
        lot: Callable[[TopicPartition], Iterable[ConsumerRecord]],
        until: datetime,
        discarded: frozenset[tuple[int, bytes | None]],
        alike: Alike,
    ) -> None:
        """Take a lot of drives through all its messages, and on to that moment."""
        ledger = Ledger(
            partition.partition,
            {},
            self._follower.reference,
            self._clock.now(),
            discarded=discarded,
            judged=alike.judge,
            published=False,
        )
        messages = 0
        for messages, record in enumerate(lot(partition), 1):
            ledger.take(record)
            if messages % _BREATHER == 0:
                await asyncio.sleep(0)
        for position, serial in enumerate(list(ledger.states), 1):
            ledger.turn(serial, until)
            if position % _BREATHER == 0:
                await asyncio.sleep(0)
        await self._write(partition.partition, ledger.changes(), ledger.states)
        self._done += messages
        self._tell(self._done, self._to_be_done)

    async def _write(self, partition: int, changes: Changes, serials: Iterable[str]) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    noticed = await store.detected(connection, self._noticed_in, serials)
                    for flag_id in noticed.keys() & changes.flags.keys():
                        serial, stored = changes.flags[flag_id]
                        changes.flags[flag_id] = serial, replace(stored, detected_at=noticed[flag_id])
                    # Whether it was done shows when the connection broke just as it was.
                    if not await store.holds_any(connection, partition, _offsets(changes)):
                        await bulk.write(connection, partition, changes)
                return
            except PASSING as error:
                _log.warning("rebuild_waits", error=repr(error), retry_seconds=BACK_OFF_SECONDS)
                await asyncio.sleep(BACK_OFF_SECONDS)


def _offsets(changes: Changes) -> list[int]:
    return [row.offset for row in changes.facts[:1]] + [row.offset for row in changes.quarantine[:1]]
