"""What waits in quarantine, and the two ways out of it: taken up again, or discarded by a person who says why.

Either way the events of that drive are taken up in the order of the log, in one transaction behind the fence of
their partition, so that a running worker notices and forgets what it remembered of the drive.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import ConsumerRecord

from mitodoke.chassis.clock import Clock
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.eventlog.payloads import milliseconds_of_moment
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel import store
from mitodoke.readmodel.pool import Connection, open_pool
from mitodoke.services.projection.ledger import Ledger

REFERENCE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.05


class QuarantineError(Exception):
    """It cannot be done, and nothing was changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in quarantine. The first of its drive is what went wrong; the others wait behind it."""

    partition: int
    offset: int
    serial: str
    error: str
    recorded_at: datetime
    headers: dict[str, str]
    payload: bytes

    @property
    def place(self) -> str:
        """Where it is in the log, as the commands take it: partition/offset."""
        return f"{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision: how many events were taken up, and which wait still."""

    taken_up: int
    waiting: tuple[Waiting, ...]


async def waiting(connection: Connection, serial: str | None = None) -> list[Waiting]:
    """What waits, of one drive or of all, in the order of the log."""
    rows = await connection.fetch(
        """select * from quarantine where $1::text is null or serial = $1 order by partition, "offset" """,
        serial,
    )
    return [
        Waiting(
            row["partition"],
            row["offset"],
            row["serial"],
            row["error"],
            row["recorded_at"],
            json.loads(row["headers"]),
            row["payload"],
        )
        for row in rows
    ]


async def retry(
    bootstrap: str, dsn: str, topics: Topics, clock: Clock, serial: str, *, by: str, why: str
) -> Decided:
    """Take up all events of the drive again.

    Raises QuarantineError when none waits, or nobody or no reason is named.
    """
    async with _at_hand(bootstrap, dsn, topics) as (connection, follower):
        held = await waiting(connection, serial)
        if not held:
            raise QuarantineError(
                f"No event of {serial} waits in quarantine; `mitodoke quarantine list` shows all"
            )
        return await _take_up(connection, follower, topics, clock, held, None, by, why)


async def discard(
    bootstrap: str, dsn: str, topics: Topics, clock: Clock, partition: int, offset: int, *, by: str, why: str
) -> Decided:
    """Let the event count for nothing, for ever, and take up what waited behind it.

    The event stays in the log. Raises QuarantineError when no such event waits, or nobody or no reason is named.
    """
    async with _at_hand(bootstrap, dsn, topics) as (connection, follower):
        everything = await waiting(connection)
        event = next((e for e in everything if (e.partition, e.offset) == (partition, offset)), None)
        if event is None:
            raise QuarantineError(
                f"No event waits at {partition}/{offset}; `mitodoke quarantine list` shows where the events are"
            )
        held = [e for e in everything if e.serial == event.serial]
        return await _take_up(connection, follower, topics, clock, held, event, by, why)


@contextlib.asynccontextmanager
async def _at_hand(
    bootstrap: str, dsn: str, topics: Topics
) -> AsyncIterator[tuple[Connection, ReferenceFollower]]:
    follower = ReferenceFollower(bootstrap, topics.reference)
    reading = asyncio.create_task(follower.run())
    try:
        async with asyncio.timeout(REFERENCE_SECONDS):
            while not follower.ready:
                if follower.failure is not None:
                    raise QuarantineError(follower.failure)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        async with await open_pool(dsn) as pool, pool.acquire() as connection:
            yield connection, follower
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _take_up(
    connection: Connection,
    follower: ReferenceFollower,
    topics: Topics,
    clock: Clock,
    held: Sequence[Waiting],
    discarded: Waiting | None,
    by: str,
    why: str,
) -> Decided:
    if not why.strip() or not by.strip():
        raise QuarantineError("Say who decides and why: both are kept for the auditor")
    serial, partition = held[0].serial, held[0].partition
    await follower.read_to_end(REFERENCE_SECONDS)
    async with connection.transaction():
        # The fence, without moving on: a worker that writes this partition meanwhile waits, and then forgets.
        next_offset = await connection.fetchval(
            "select next_offset from progress where partition = $1 for update", partition
        )
        await store.fence(connection, partition, start=next_offset, end=next_offset)
        now_held = await waiting(connection, serial)
        if [e.offset for e in now_held] != [e.offset for e in held]:
            raise QuarantineError(f"More has come to wait of {serial} just now; look again, and decide again")
        # Where the judgement failed at a turning point, the drive waits on a fact that counts already.
        counted = {
            row["offset"]
            for row in await connection.fetch(
                'select "offset" from fact where partition = $1 and "offset" = any($2)',
                partition,
                [event.offset for event in held],
            )
        }
        if discarded is not None and discarded.offset in counted:
            raise QuarantineError(
                f"The fact at {discarded.place} is sound and counts; the judgement of {serial} failed after it. "
                "Take it up again with a version that can judge it: `mitodoke quarantine retry`"
            )
        await connection.execute("delete from quarantine where serial = $1", serial)
        states = await store.load(connection, [serial], decode_fact)
        ledger = Ledger(partition, states, follower.reference, clock.now())
        for event in held:
            if event is not discarded and event.offset not in counted:
                ledger.take(_as_read(topics.drives, event))
        await store.write(connection, partition, ledger.changes())
        still = {e.offset: e for e in await waiting(connection, serial)}
        if not still:
            # Where every event of it was discarded, nothing else says that the drive is free.
            await connection.execute("update drive set parked = false where serial = $1", serial)
        decided = [
            (
                e.partition,
                e.offset,
                serial,
                "discarded" if e is discarded else "retried",
                by,
                why,
                clock.now(),
                e.error,
                still[e.offset].error if e.offset in still else "",
            )
            for e in held
        ]
        await connection.executemany(
            """insert into quarantine_decision
               (partition, "offset", serial, decision, decided_by, why, decided_at, error, error_after)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
            decided,
        )
    taken_up = sum(e is not discarded and e.offset not in still for e in held)
    return Decided(taken_up, tuple(still.values()))


def _as_read(topic: str, event: Waiting) -> ConsumerRecord:
    return ConsumerRecord(
        topic=topic,
        partition=event.partition,
        offset=event.offset,
        timestamp=milliseconds_of_moment(event.recorded_at),
        timestamp_type=1,
        key=event.serial.encode(),
        value=event.payload,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(event.payload),
        headers=tuple((name, value.encode()) for name, value in event.headers.items()),
    )
