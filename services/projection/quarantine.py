"""What waits in quarantine, and the two ways out of it: taken up again, or discarded by a person who says why.

Either way the events of that drive are taken up in the order of the log, in one transaction behind the fence of
their partition, so that a running worker notices and forgets what it remembered of the drive. The decision is appended
to the reference log before that transaction ends: what the tables abide by, tables built anew abide by too.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
from aiokafka import ConsumerRecord

from mitodoke.chassis.clock import Clock
from mitodoke.contracts.reference.v1.reference_pb2 import QuarantineDecided, QuarantinedEvent
from mitodoke.eventlog.cloudevents import Envelope, decision_event, decode_fact, timestamp_of
from mitodoke.eventlog.kept_text import raw_of
from mitodoke.eventlog.payloads import milliseconds_of_moment
from mitodoke.eventlog.recorder import LogUnavailable, OutcomeUnknown, QueueFull, Recorder
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.same_log import fingerprint
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.reference import Reference
from mitodoke.readmodel import bulk, store
from mitodoke.readmodel.pool import HANGS_AT_MOST, Connection, open_pool
from mitodoke.services.projection.ledger import Ledger

REFERENCE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.05

ANSWER_SECONDS: Final = HANGS_AT_MOST.total_seconds() * 0.4
"""How long Kafka may take to answer in the middle of a transaction, which asks it twice. PostgreSQL ends one that hangs
for longer than HANGS_AT_MOST, and until it ends nobody else writes the partition."""

BROKEN_OFF: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What ends a transaction without a word of whether it was committed."""


class QuarantineError(Exception):
    """It cannot be done, or may not have been; the message says why, what stands now, and what to do."""


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

    Raises QuarantineError when none waits, nobody or no reason is named, or it is not known to be done.
    """
    async with _at_hand(bootstrap, dsn, topics) as (connection, follower, recorder):
        held = await waiting(connection, serial)
        if not held:
            raise QuarantineError(
                f"No event of {serial} waits in quarantine; `mitodoke quarantine list` shows all"
            )
        return await _decide(connection, follower, recorder, topics, clock, held, None, by, why)


async def discard(
    bootstrap: str, dsn: str, topics: Topics, clock: Clock, partition: int, offset: int, *, by: str, why: str
) -> Decided:
    """Let the event count for nothing, for ever, and take up what waited behind it.

    The event stays in the log. Raises QuarantineError when no such event waits, nobody or no reason is named, or it is
    not known to be done.
    """
    async with _at_hand(bootstrap, dsn, topics) as (connection, follower, recorder):
        everything = await waiting(connection)
        event = next((e for e in everything if (e.partition, e.offset) == (partition, offset)), None)
        if event is None:
            raise QuarantineError(
                f"No event waits at {partition}/{offset}; `mitodoke quarantine list` shows where the events are"
            )
        held = [e for e in everything if e.serial == event.serial]
        return await _decide(connection, follower, recorder, topics, clock, held, event, by, why)


@contextlib.asynccontextmanager
async def _at_hand(
    bootstrap: str, dsn: str, topics: Topics
) -> AsyncIterator[tuple[Connection, ReferenceFollower, Recorder]]:
    follower = ReferenceFollower(bootstrap, topics.reference)
    recorder = Recorder(bootstrap, topics.reference)
    running = [asyncio.create_task(follower.run()), asyncio.create_task(recorder.run())]
    try:
        async with asyncio.timeout(REFERENCE_SECONDS):
            while not (follower.ready and recorder.ready):
                if follower.failure is not None:
                    raise QuarantineError(follower.failure)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        async with await open_pool(dsn) as pool, pool.acquire() as connection:
            yield connection, follower, recorder
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await recorder.stop()


async def take_up(
    connection: Connection,
    topic: str,
    reference: Reference,
    clock: Clock,
    partition: int,
    serial: str,
    *,
    discarded: frozenset[tuple[int, bytes | None]] = frozenset(),
) -> dict[int, Waiting]:
    """Take up all events of a drive in their order, but for those discarded now or before; what waits still, by offset.

    Within a transaction, behind the fence of the partition.
    """
    held = await waiting(connection, serial)
    if not held:
        return {}
    discarded |= await store.discarded(connection, partition, held[0].offset, held[-1].offset + 1)
    counted = await _counted(connection, held)
    await connection.execute("delete from quarantine where serial = $1", serial)
    states = await store.load(connection, [serial], decode_fact)
    ledger = Ledger(partition, states, reference, clock.now(), discarded=discarded, judged=judge)
    for event in held:
        if event.offset not in counted:
            ledger.take(as_read(topic, event))
    await bulk.write(connection, partition, ledger.changes())
    still = {e.offset: e for e in await waiting(connection, serial)}
    if not still:
        # Where every event of it was discarded, nothing else says that the drive is free.
        await connection.execute("update drive set parked = false where serial = $1", serial)
    return still


async def _counted(connection: Connection, held: Sequence[Waiting]) -> set[int]:
    """Where the judgement failed at a turning point, the drive waits on a fact that counts already."""
    rows = await connection.fetch(
        'select "offset" from fact where partition = $1 and "offset" = any($2)',
        held[0].partition,
        [event.offset for event in held],
    )
    return {row["offset"] for row in rows}


async def _decide(
    connection: Connection,
    follower: ReferenceFollower,
    recorder: Recorder,
    topics: Topics,
    clock: Clock,
    held: Sequence[Waiting],
    discarded: Waiting | None,
    by: str,
    why: str,
) -> Decided:
    if not why.strip() or not by.strip():
        raise QuarantineError("Say who decides and why: both are kept for the auditor")
    # Most of what there is to wait for is waited for before anybody else has to.
    await follower.read_to_end(REFERENCE_SECONDS)
    appended: int | None = None
    no_receipt: QuarantineError | None = None
    try:
        async with connection.transaction():
            still = await _carry_out(connection, follower, topics, clock, held, discarded)
            decision = _decision(topics, clock, held, discarded, still, by, why)
            try:
                appended = await _appended(recorder, decision)
            except QuarantineError as error:
                # Kept: where PostgreSQL has broken off meanwhile, the end of the transaction says that instead.
                no_receipt = error
                raise
            await store.write_decisions(connection, {appended: decision})
    except BROKEN_OFF as error:
        if no_receipt is not None:
            raise no_receipt from None
        if appended is None:
            raise
        raise QuarantineError(_in_the_log_alone(held[0].serial, error)) from error
    taken_up = sum(e is not discarded and e.offset not in still for e in held)
    return Decided(taken_up, tuple(still.values()))


async def _carry_out(
    connection: Connection,
    follower: ReferenceFollower,
    topics: Topics,
    clock: Clock,
    held: Sequence[Waiting],
    discarded: Waiting | None,
) -> dict[int, Waiting]:
    """Take up what is held, but for what is discarded, behind the fence; what waits still, by offset."""
    serial, partition = held[0].serial, held[0].partition
    # The fence, without moving on: a worker that writes this partition meanwhile waits, and then forgets.
    next_offset = await connection.fetchval(
        "select next_offset from progress where partition = $1 for update", partition
    )
    # Behind the lock: by no less of the reference log than any worker has judged this partition by.
    await follower.read_to_end(ANSWER_SECONDS)
    await store.fence(connection, partition, start=next_offset, end=next_offset, knows=follower.next_offset)
    now_held = await waiting(connection, serial)
    if [e.offset for e in now_held] != [e.offset for e in held]:
        raise QuarantineError(f"More has come to wait of {serial} just now; look again, and decide again")
    if discarded is not None and discarded.offset in await _counted(connection, held):
        raise QuarantineError(
            f"The fact at {discarded.place} is sound and counts; the judgement of {serial} failed after it. "
            "Take it up again with a version that can judge it: `mitodoke quarantine retry`"
        )
    now_discarded = (
        frozenset()
        if discarded is None
        else frozenset({(discarded.offset, fingerprint(as_read(topics.drives, discarded)))})
    )
    return await take_up(
        connection, topics.drives, follower.reference, clock, partition, serial, discarded=now_discarded
    )


def _decision(
    topics: Topics,
    clock: Clock,
    held: Sequence[Waiting],
    discarded: Waiting | None,
    still: Mapping[int, Waiting],
    by: str,
    why: str,
) -> QuarantineDecided:
    return QuarantineDecided(
        serial=held[0].serial,
        decided_by=by,
        why=why,
        decided_at=timestamp_of(clock.now()),
        events=[
            QuarantinedEvent(
                partition=e.partition,
                offset=e.offset,
                fingerprint=fingerprint(as_read(topics.drives, e)),
                discarded=e is discarded,
                error=e.error,
                error_after=still[e.offset].error if e.offset in still else "",
            )
            for e in held
        ],
    )


def _in_the_log_alone(serial: str, error: BaseException) -> str:
    """What to say when the decision was appended, and PostgreSQL did not say that it has what follows from it."""
    return (
        f"The decision stands in the log, and PostgreSQL broke off before it said that it took it in ({error!r}). "
        f"The projection carries it out as soon as it runs and reads it, and until then the events of {serial} wait: "
        "look at `mitodoke quarantine list` in a minute, and decide again only about what waits there still"
    )


async def _appended(recorder: Recorder, decision: QuarantineDecided) -> int:
    """Where the decision stands in the reference log. Raises QuarantineError, and the transaction is then undone."""
    envelope = Envelope(service="quarantine", party="", request_id=str(uuid.uuid4()))
    try:
        (receipt,) = await recorder.record([decision_event(decision, envelope)], ANSWER_SECONDS)
    except (LogUnavailable, QueueFull) as error:
        raise QuarantineError(
            f"The decision could not be recorded, and nothing was changed: {error}"
        ) from None
    except OutcomeUnknown:
        raise QuarantineError(
            f"The log did not say within {ANSWER_SECONDS:g} s whether it has the decision. If it has, the projection "
            "carries it out when it reads it: look at `mitodoke quarantine decisions` in a minute, and decide again "
            "only if it is not there"
        ) from None
    return receipt.offset


def as_read(topic: str, event: Waiting) -> ConsumerRecord:
    """The message of an event that waits, with all by which it was judged when it was read from the log."""
    return ConsumerRecord(
        topic=topic,
        partition=event.partition,
        offset=event.offset,
        timestamp=milliseconds_of_moment(event.recorded_at),
        timestamp_type=1,
        key=raw_of(event.serial),
        value=event.payload,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(event.payload),
        headers=tuple(
            ((raw_of(name) or b"").decode(errors="replace"), raw_of(value))
            for name, value in event.headers.items()
        ),
    )
