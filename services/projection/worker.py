"""The projection's worker: reads the log, judges, and writes the read model, each fact exactly once.

Kafka's consumer group shares the partitions out; PostgreSQL holds the truth about progress.
One batch of one partition is one database transaction.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from mitodoke.chassis.clock import Clock
from mitodoke.eventlog.clients import Consumer, Producer
from mitodoke.eventlog.closing import close_consumer
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.eventlog.payloads import moment_of_milliseconds
from mitodoke.eventlog.recorder import close_producer
from mitodoke.eventlog.reference_log import ReferenceFollower, ReferenceUnavailable
from mitodoke.eventlog.same_log import LastRead, SameLog, fingerprint, lost_messages, other_partitions
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.alike import Alike
from mitodoke.readmodel import bulk, store
from mitodoke.readmodel.drive_state import DriveState
from mitodoke.readmodel.pool import Connection
from mitodoke.services.projection.at_hand import AtHand
from mitodoke.services.projection.ledger import REFERENCE_COUNTS_AFTER, Ledger, serials_of
from mitodoke.services.projection.quarantine import take_up

_log = structlog.get_logger("mitodoke.projection")

GROUP: Final = "projection"
POLL_SECONDS: Final = 0.1
FRESH_SECONDS: Final = 0.01
"""How long to wait for what has come since the last fetch."""

BACK_OFF_SECONDS: Final = 0.5
REFERENCE_SECONDS: Final = 10.0
"""How long the reference log may take to be read to its end."""

SWEEP_AT_ONCE: Final = 2000
DUE_AT_ONCE: Final = 50_000
"""So many drives that are due are asked for at once, and judged so many (SWEEP_AT_ONCE) in a transaction."""

TICK_SECONDS: Final = 10.0
"""How long a tick may take. A producer that lost its place in a log that was cut short is replaced, not waited for."""

EXAMPLES: Final = 2000
"""So many verdicts are at hand for other drives to which the same happens. A lot's are asked for one after another."""

PARTITIONS_AT_ONCE: Final = 3
"""So many partitions are worked on side by side: one is judged while others wait for PostgreSQL. Each takes a
connection; those who ask questions use the same pool."""

PARTITION_BYTES: Final = 1 << 20
"""So much of one partition is fetched at once: of a backlog, each read then has something of every partition."""

APPEND_MARGIN: Final = timedelta(milliseconds=100)
"""How much earlier than the clock topic's newest message the drives topic counts as read.

An append takes its time before it can be read: a fact may carry an earlier time than a tick that was read first.
"""

PASSING: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    KafkaError,
    IllegalStateError,
    ReferenceUnavailable,
    OSError,
    TimeoutError,
)
"""Troubles of the database, the broker and the network: no poison. The worker backs off and starts at the fence."""


async def side_by_side(work: Iterable[Callable[[], Coroutine[Any, Any, None]]], at_most: int = 10) -> None:
    """Do all of it, so many at a time. What fails is raised when none is under way any more, the gravest first."""
    turns = asyncio.Semaphore(at_most)

    async def in_turn(each: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with turns:
            await each()

    ends = await asyncio.gather(*(in_turn(each) for each in work), return_exceptions=True)
    failed = [end for end in ends if end is not None]
    for error in sorted(failed, key=lambda end: isinstance(end, PASSING)):
        raise error


class Outrun(Exception):
    """Someone else has moved the partition on, or back, or knows more of the agreements; what was read is dropped."""


class Worker:
    """One worker of the projection; any number may run, here or elsewhere.

    With `alone` it reads every partition by itself, outside the consumer group, as a rebuild does.
    `cached_drives` and `cached_workings` bound what is at hand, and so the memory. `read_at_once` bounds what is read
    of all partitions before the next sweep, in messages; the sweep comes by every `sweep_every` seconds.
    """

    name = "projection"

    def __init__(
        self,
        bootstrap: str,
        topics: Topics,
        pool: asyncpg.Pool,
        follower: ReferenceFollower,
        clock: Clock,
        *,
        alone: bool = False,
        cached_drives: int = 50_000,
        cached_workings: int = 10_000,
        read_at_once: int = 12_000,
        sweep_every: float = 0.2,
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._pool = pool
        self._follower = follower
        self._clock = clock
        self._alone = alone
        self._at_hand = AtHand(cached_drives, cached_workings)
        self._alike = Alike(EXAMPLES)
        self._read_at_once = read_at_once
        self._sweep_every = sweep_every
        self._versions: dict[int, int] = {}
        self._read_through: dict[int, datetime] = {}
        self._settled: dict[int, int] = {}
        self._last_read: dict[int, LastRead] = {}
        self._shown = -1
        self._ready = False
        self._member = ""
        self.wrote = asyncio.Event()
        """Set whenever a transaction was committed: the relay looks at the outbox then."""
        self.leads = False
        """Whether the first partition is its own, so far as it knows: of the workers one, and it publishes."""

    @property
    def ready(self) -> bool:
        """Whether it reads and writes."""
        return self._ready

    async def start(self) -> None:
        """Nothing waits here: `run` connects, for as long as it takes."""

    async def stop(self) -> None:
        """Nothing is left to do after `run` is cancelled: what was not committed was not done."""

    async def run(self) -> None:
        """Project until cancelled. Raises LogMismatch when going on would falsify the tables."""
        while True:
            try:
                await self._project()
            except PASSING as error:
                self._ready = self.leads = False
                _log.warning("projection_waits", error=repr(error), retry_seconds=BACK_OFF_SECONDS)
                await asyncio.sleep(BACK_OFF_SECONDS)

    async def _project(self) -> None:
        self._forget_all()
        # Without it nothing can be judged: no use to join the group before.
        await self._follower.once_ready(REFERENCE_SECONDS)
        consumer = Consumer(
            bootstrap_servers=self._bootstrap,
            group_id=None if self._alone else f"{self._topics.drives}.{GROUP}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=6000,
            heartbeat_interval_ms=1500,
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=PARTITION_BYTES,
            # A topic that was away, and whose partitions nobody holds, is noticed by looking alone.
            metadata_max_age_ms=10_000,
        )
        producer = Producer(
            bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True, request_timeout_ms=10_000
        )
        async with contextlib.AsyncExitStack() as stack:
            # Not `stop`: what is left of a tick may never be answered, and an idempotent batch never expires. Side by
            # side, since each may take its seconds to close when the broker is gone.
            closing: list[Callable[[], Coroutine[Any, Any, None]]] = [
                lambda: close_producer(producer),
                lambda: self._leave(consumer),
            ]
            stack.push_async_callback(side_by_side, closing)
            await producer.start()
            await consumer.start()
            partitions = [
                TopicPartition(self._topics.drives, number)
                for number in sorted(await producer.partitions_for(self._topics.drives))
            ]
            async with self._pool.acquire() as connection:
                if ended := await store.end_who_hangs(connection):
                    _log.warning("hanging_sessions_ended", sessions=ended)
                if (read := await store.partitions(connection)) not in (0, len(partitions)):
                    raise other_partitions(self._topics.drives, read, len(partitions))
                await store.ensure_progress(connection, len(partitions))
            same_log = SameLog(self._bootstrap, partitions)
            closing.append(same_log.close)
            await same_log.start()
            await self._require_same_log(same_log, partitions)
            if self._alone:
                consumer.assign(partitions)
                for partition in partitions:
                    await self._seek_to_progress(consumer, partition)
            else:
                # Under the name it had: the group then need not wait until a member that was cut off has timed out.
                consumer._coordinator.member_id = self._member
                consumer.subscribe([self._topics.drives])
            swept_at = 0.0
            running = asyncio.get_running_loop()
            while True:
                batches = await self._read(consumer)
                assigned = consumer.assignment()
                if not assigned <= set(partitions):
                    raise other_partitions(
                        self._topics.drives, len(partitions), 1 + max(each.partition for each in assigned)
                    )
                self.leads = partitions[0] in assigned
                if batches:
                    await side_by_side(
                        [
                            # 0. These follow on what the tables were made from: no other log has taken its place.
                            partial(self._require_same_log_before, same_log, batches),
                            # 1. Know all reference facts that were recorded before these facts.
                            partial(self._follower.read_to_end, REFERENCE_SECONDS),
                        ]
                    )
                    await self._show_reference()
                # While one partition waits for PostgreSQL, another is judged.
                await side_by_side(
                    [
                        partial(
                            self._in_order,
                            consumer,
                            partition,
                            partial(self._apply, partition.partition, records),
                        )
                        for partition, records in batches.items()
                    ],
                    PARTITIONS_AT_ONCE,
                )
                if batches and not self._alone:
                    self._commit_for_lag_tools(consumer)
                if running.time() - swept_at >= self._sweep_every:
                    await self._sweep(consumer, producer, same_log)
                    swept_at = running.time()
                self._ready = True

    async def _read(self, consumer: Consumer) -> dict[TopicPartition, list[Any]]:
        """The next messages of each partition, as they are now.

        The consumer fetches one answer ahead: what lay ready is as old as the last batches took, and only now is
        fetched what has come meanwhile.
        """
        batches: dict[TopicPartition, list[Any]] = await consumer.getmany(max_records=self._read_at_once)
        left = self._read_at_once - sum(map(len, batches.values()))
        if left > 0:
            wait = FRESH_SECONDS if batches else POLL_SECONDS
            since = await consumer.getmany(timeout_ms=round(wait * 1000), max_records=left)
            for partition, records in since.items():
                batches.setdefault(partition, []).extend(records)
        return batches

    async def _leave(self, consumer: Consumer) -> None:
        """Close it, and keep the name under which the group may still know it."""
        if not self._alone and consumer._coordinator is not None:
            self._member = consumer._coordinator.member_id
        await close_consumer(consumer)

    async def _in_order(
        self,
        consumer: Consumer,
        partition: TopicPartition,
        work: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Do the work; where the fence stopped it, go on from where the tables are."""
        try:
            await work()
        except Outrun:
            self._forget(partition.partition)
            await self._seek_to_progress(consumer, partition)

    async def _seek_to_progress(self, consumer: Consumer, partition: TopicPartition) -> None:
        async with self._pool.acquire() as connection:
            next_offset, _ = await store.progress(connection, partition.partition)
        end = (await consumer.end_offsets([partition]))[partition]
        if next_offset > end:
            raise lost_messages(partition, next_offset, 0, end)
        _log.info("fence_moved", partition=partition.partition, next_offset=next_offset)
        if partition in consumer.assignment():
            consumer.seek(partition, next_offset)

    async def _require_same_log(self, same_log: SameLog, partitions: Sequence[TopicPartition]) -> None:
        """Raises LogMismatch when these partitions, or the reference log, are not what the tables were made from."""
        async with self._pool.acquire() as connection:
            read = await store.last_messages(connection)
            reference_read = await store.last_reference_messages(connection)
        await self._follower.read_to_end(REFERENCE_SECONDS)
        self._follower.require(reference_read)
        await same_log.check({p: LastRead(*read.get(p.partition, (0, None))) for p in partitions})

    async def _require_same_log_before(
        self, same_log: SameLog, batches: dict[TopicPartition, list[Any]]
    ) -> None:
        """Raises LogMismatch when what these messages follow on is not what was read."""
        at_hand = {
            partition: last
            for partition, records in batches.items()
            if (last := self._last_read.get(partition.partition)) and last.next_offset == records[0].offset
        }
        if at_hand:
            await same_log.check(at_hand)
        if others := [partition for partition in batches if partition not in at_hand]:
            await self._require_same_log(same_log, others)

    async def _apply(self, partition: int, records: Sequence[Any]) -> None:
        # All facts recorded before the last one have been read; more with its own time may follow.
        read_through = moment_of_milliseconds(records[-1].timestamp)
        last_read = LastRead(records[-1].offset + 1, fingerprint(records[-1]))
        async with self._pool.acquire() as connection, connection.transaction():
            # 2. The fence: two workers that both believe they own this partition cannot both write.
            claim = await self._fence(
                connection,
                partition,
                start=records[0].offset,
                end=last_read.next_offset,
                last_message=last_read.fingerprint,
            )
            await self._take_in_reference(connection, partition, claim.reference_offset)
            # 3. Load what is not at hand, fold and judge in memory, fact by fact.
            held = await self._held(connection, serials_of(records))
            discarded = await store.discarded(connection, partition, records[0].offset, last_read.next_offset)
            ledger = Ledger(
                partition,
                held,
                self._follower.reference,
                self._clock.now(),
                discarded=discarded,
                judged=self._alike.judge,
            )
            for record in records:
                ledger.take(record)
            # 4. Write everything in bulk.
            await bulk.write(connection, partition, ledger.changes())
        # 5. Committed: only now is it true, and may be remembered.
        self._remember(partition, claim.version, ledger.states)
        self._read_through[partition] = read_through
        self._last_read[partition] = last_read
        self.wrote.set()

    async def _fence(
        self,
        connection: Connection,
        partition: int,
        *,
        start: int,
        end: int,
        last_message: bytes | None = None,
    ) -> store.Claim:
        claim = await store.fence(
            connection,
            partition,
            start=start,
            end=end,
            knows=self._follower.next_offset,
            last_message=last_message,
        )
        if claim is None:
            raise Outrun
        if self._versions.get(partition) != claim.version - 1:
            # Someone else has written since: what we remember of this partition is no longer so.
            self._forget(partition)
        return claim

    async def _sweep(self, consumer: Consumer, producer: Producer, same_log: SameLog) -> None:
        """Judge the drives whose turning point has passed, up to where the log has been read and no further.

        The time is the broker's, learnt by an append, so that a wrong clock here accuses nobody; and where
        the log is not read to its end, the time is that of the last fact read.
        """
        async with asyncio.timeout(TICK_SECONDS):
            tick = await producer.send_and_wait(self._topics.clock, b"", key=GROUP.encode())
        now = moment_of_milliseconds(tick.timestamp) - APPEND_MARGIN
        assigned = sorted(consumer.assignment())
        if not assigned:
            return
        ends = await same_log.ends()
        await self._follower.read_to_end(REFERENCE_SECONDS)
        await self._show_reference()
        idle: list[tuple[int, int, datetime]] = []

        async def sweep(partition: TopicPartition) -> None:
            position = await consumer.position(partition)
            until = now if position >= ends[partition] else self._read_through.get(partition.partition)
            if until is None:
                return
            async with self._pool.acquire() as connection:
                next_offset, applied = await store.progress(connection, partition.partition)
                due = await store.due_serials(connection, partition.partition, until, 1)
            if self._settled.get(partition.partition) != len(self._follower.decisions):
                settle = partial(self._settle_decided, partition.partition, position)
                await self._in_order(consumer, partition, settle)
            if next_offset > ends[partition]:
                await self._seek_to_progress(consumer, partition)
            elif due or applied < self._follower.next_offset or next_offset != position:
                turn = partial(self._turn, partition.partition, position, until)
                await self._in_order(consumer, partition, turn)
            else:
                idle.append((partition.partition, position, until))

        await side_by_side([partial(sweep, partition) for partition in assigned], PARTITIONS_AT_ONCE)
        if idle:
            async with self._pool.acquire() as connection:
                await store.note_read_through(connection, idle)

    async def _settle_decided(self, partition: int, position: int) -> None:
        """Take up the drives of which an event still waits that was discarded, or retried and found sound.

        Whoever decided could not finish, or these tables are built anew and came by the event before the decision.
        """
        decisions = len(self._follower.decisions)
        async with self._pool.acquire() as connection, connection.transaction():
            waiting = await store.parked_though_decided(connection, partition, retried=True)
            if waiting:
                await self._fence(connection, partition, start=position, end=position)
                # Asked again behind the fence: whoever decided may just have finished.
                for serial in await store.parked_though_decided(connection, partition, retried=True):
                    await take_up(
                        connection,
                        self._topics.drives,
                        self._follower.reference,
                        self._clock,
                        partition,
                        serial,
                    )
        if waiting:
            self._forget(partition)
            self.wrote.set()
        self._settled[partition] = decisions

    async def _turn(self, partition: int, position: int, until: datetime) -> None:
        due, waiting = [""], list[str]()
        while due:
            async with self._pool.acquire() as connection, connection.transaction():
                claim = await self._fence(connection, partition, start=position, end=position)
                await self._take_in_reference(connection, partition, claim.reference_offset)
                if not waiting:
                    # Those at hand first: each of the others takes the place of one, perhaps of the next.
                    found = await store.due_serials(connection, partition, until, DUE_AT_ONCE)
                    waiting = sorted(found, key=self._at_hand.lacks)
                due, waiting = waiting[:SWEEP_AT_ONCE], waiting[SWEEP_AT_ONCE:]
                held = await self._held(connection, set(due))
                ledger = Ledger(
                    partition,
                    held,
                    self._follower.reference,
                    self._clock.now(),
                    judged=self._alike.judge,
                )
                for serial in due:
                    ledger.turn(serial, until)
                await bulk.write(connection, partition, ledger.changes())
                if not due:
                    await store.note_read_through(connection, [(partition, position, until)])
            self._remember(partition, claim.version, ledger.states)
            self.wrote.set()

    async def _take_in_reference(self, connection: Connection, partition: int, applied: int) -> None:
        end = self._follower.next_offset
        if applied < end:
            news = [(at, fact) for at, fact in self._follower.facts_from(applied) if at < end]
            judged_already = await store.set_turning_points(
                connection,
                partition,
                news,
                self._follower.reference,
                after=REFERENCE_COUNTS_AFTER,
                next_offset=end,
                last_message=self._follower.fingerprint_before(end),
            )
            # The two topics are two logs: what was recorded first in one may be seen later than what is in the other.
            self._at_hand.drop(judged_already)
            # Also where no drive of this partition was judged by then: the examples are of all partitions.
            for _, fact in news:
                self._alike.learn_of(fact.recorded_at + REFERENCE_COUNTS_AFTER)

    async def _show_reference(self) -> None:
        end = self._follower.next_offset
        if self._shown == end:
            return
        async with self._pool.acquire() as connection:
            start, _ = await store.progress(connection, store.REFERENCE)
            if start >= end:
                self._shown = end
                return
            async with connection.transaction():
                shown = self._follower.fingerprint_before(end)
                if await store.fence(
                    connection, store.REFERENCE, start=start, end=end, knows=end, last_message=shown
                ):
                    news = [(at, fact) for at, fact in self._follower.facts_from(start) if at < end]
                    await store.write_reference(connection, news, self._follower.reference)
                    decided = {at: d for at, d in self._follower.decisions.items() if start <= at < end}
                    await store.write_decisions(connection, decided)
                    self._shown = end

    async def _held(self, connection: Connection, serials: set[str]) -> dict[str, DriveState]:
        held = self._at_hand.of(serials)
        missing = sorted(serials - held.keys())
        if missing:
            held |= await store.load(connection, missing, decode_fact)
        return held

    def _remember(self, partition: int, version: int, states: dict[str, DriveState]) -> None:
        self._versions[partition] = version
        self._at_hand.keep(partition, states)

    def _forget(self, partition: int) -> None:
        self._at_hand.forget(partition)
        self._versions.pop(partition, None)
        self._settled.pop(partition, None)
        self._last_read.pop(partition, None)

    def _forget_all(self) -> None:
        self._at_hand.clear()
        self._alike = Alike(EXAMPLES)
        self._versions.clear()
        self._read_through.clear()
        self._settled.clear()
        self._last_read.clear()
        self._shown = -1

    def _commit_for_lag_tools(self, consumer: Consumer) -> None:
        """Tell the group where we are. Nothing rests on it: the fence decides."""
        task = asyncio.ensure_future(consumer.commit())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
