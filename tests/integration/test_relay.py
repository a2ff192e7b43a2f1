"""What the tables say of flags reaches the flags topic: all of it, in order, whoever is frozen or takes over."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.producer.sender import Sender

from log_writer import LogWriter, now
from mitodoke.chassis.clock import SystemClock
from mitodoke.contracts.custody.v1 import flag_pb2
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.projection.rebuild import rebuild
from mitodoke.services.projection.relay import Relay
from mitodoke.services.projection.worker import Worker
from projecting import Projecting
from read_model import ask, until

OPEN, RESOLVED = flag_pb2.FLAG_STATE_OPEN, flag_pb2.FLAG_STATE_RESOLVED


class Frozen:
    """The first batch for the flags topic that is about to leave a producer waits until it is thawed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, topics: Topics) -> None:
        self.holds = asyncio.Event()
        self.gone = asyncio.Event()
        self._thawed = asyncio.Event()
        send = Sender._send_produce_req

        async def held(sender: Any, node: int, batches: Mapping[TopicPartition, Any]) -> None:
            first = not self.holds.is_set() and any(each.topic == topics.flags for each in batches)
            if first:
                self.holds.set()
                await self._thawed.wait()
            await send(sender, node, batches)
            if first:
                self.gone.set()

        monkeypatch.setattr(Sender, "_send_produce_req", held)

    def thaw(self) -> None:
        self._thawed.set()


async def _emptied(projecting: Projecting) -> None:
    async def emptied() -> bool:
        return bool(await ask(projecting.dsn, "select count(*) = 0 from outbox"))

    await until(emptied, "the outbox is empty")


async def _published(projecting: Projecting) -> list[flag_pb2.FlagChanged]:
    """Everything that whoever reads the topic is given."""
    partition = TopicPartition(projecting.topics.flags, 0)
    changes: list[flag_pb2.FlagChanged] = []
    async with AIOKafkaConsumer(
        bootstrap_servers=projecting.bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                changes += (flag_pb2.FlagChanged.FromString(record.value) for record in records)
    return changes


@contextlib.asynccontextmanager
async def _relay_that_believes_it_leads(projecting: Projecting) -> AsyncIterator[None]:
    """As of a worker that was frozen: nobody has told it that its partitions are another's."""
    async with await open_pool(projecting.dsn) as pool:
        follower = ReferenceFollower(projecting.bootstrap, projecting.topics.reference)
        worker = Worker(projecting.bootstrap, projecting.topics, pool, follower, SystemClock())
        worker.leads = True
        running = asyncio.create_task(Relay(projecting.bootstrap, projecting.topics, pool, worker).run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_every_change_of_a_flag_reaches_the_flags_topic_in_order(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    async with projecting.worker(relay=True):
        await projecting.caught_up()
        await _emptied(projecting)
    changes = await _published(projecting)
    assert [(c.flag.kind, c.sequence, c.flag.state) for c in changes] == [
        ("unknown_drive", 1, OPEN),
        ("unknown_drive", 2, RESOLVED),
    ]


async def test_of_two_workers_one_publishes_what_both_wrote_and_the_other_takes_over(
    log: LogWriter, projecting: Projecting
) -> None:
    serials = [f"ZK8000{n}" for n in range(8)]
    await log.world()
    async with projecting.worker(relay=True) as second:
        async with projecting.worker(relay=True) as first:

            async def shared() -> bool:
                return first.ready and second.ready and first.leads != second.leads

            await until(shared, "both work, and one of them leads")
            await log.facts(*(DriveReturned(serial=s, occurred_at=now()) for s in serials))
            await projecting.caught_up()
            await _emptied(projecting)
        await log.facts(*(DriveEnrolled(serial=s, occurred_at=now()) for s in serials))
        await projecting.caught_up()
        await _emptied(projecting)
        assert second.leads
    changes = await _published(projecting)
    assert {
        serial: [(c.sequence, c.flag.state) for c in changes if c.flag.serial == serial] for serial in serials
    } == {serial: [(1, OPEN), (2, RESOLVED)] for serial in serials}


async def test_nothing_of_a_frozen_relay_comes_after_what_its_successor_published(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    async with projecting.worker():
        await projecting.caught_up()
    frozen = Frozen(monkeypatch, projecting.topics)
    async with _relay_that_believes_it_leads(projecting):
        await frozen.holds.wait()
        await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
        async with projecting.worker(relay=True):
            await projecting.caught_up()
            await _emptied(projecting)
        frozen.thaw()
        await frozen.gone.wait()
        changes = await _published(projecting)
    assert [(c.sequence, c.flag.state) for c in changes] == [(1, OPEN), (2, RESOLVED)]


async def test_a_rebuild_that_takes_the_tables_place_meanwhile_costs_no_change(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    async with projecting.worker(relay=True):
        await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
        await projecting.caught_up()
        await _emptied(projecting)
        frozen = Frozen(monkeypatch, projecting.topics)
        await log.facts(DriveReturned(serial="ZK80002", occurred_at=now()))
        await frozen.holds.wait()
        # Under the ids of the new table it stands where the one that is held stood in the old.
        await log.facts(DriveReturned(serial="ZK80003", occurred_at=now()))
        await projecting.caught_up()
        await rebuild(
            projecting.bootstrap,
            projecting.dsn,
            projecting.topics,
            SystemClock(),
            tell=lambda read, end: None,
        )
        frozen.thaw()
        await _emptied(projecting)
    assert {c.flag.serial for c in await _published(projecting)} == {"ZK80001", "ZK80002", "ZK80003"}


@pytest.mark.parametrize(("publish_all", "again"), [(False, []), (True, [(2, RESOLVED), (1, OPEN)])])
async def test_a_rebuild_publishes_every_flag_as_it_stands_when_told_to(
    log: LogWriter, projecting: Projecting, publish_all: bool, again: list[tuple[int, int]]
) -> None:
    """As when the flags topic was lost: to those who watch, what stood open would otherwise never be told."""
    await log.world()
    async with projecting.worker(relay=True):
        await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
        await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
        await log.facts(DriveReturned(serial="ZK80002", occurred_at=now()))
        await projecting.caught_up()
        await _emptied(projecting)
        before = len(await _published(projecting))
        rebuilt = await rebuild(
            projecting.bootstrap,
            projecting.dsn,
            projecting.topics,
            SystemClock(),
            tell=lambda read, end: None,
            publish_all_flags=publish_all,
        )
        await _emptied(projecting)
    told = sorted((await _published(projecting))[before:], key=lambda change: change.flag.serial)
    assert [(change.sequence, change.flag.state) for change in told] == again
    assert rebuilt.changed_flags == 0


async def test_a_flag_that_a_rebuild_no_longer_has_is_published_as_taken_back(
    log: LogWriter, projecting: Projecting
) -> None:
    """As after an upgrade by which flags have other names: whoever watches would see it open for ever."""
    await log.world()
    async with projecting.worker(relay=True):
        await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
        await projecting.caught_up()
        await _emptied(projecting)
        former = uuid.uuid4()
        for table in ("flag", "flag_history"):
            columns = await ask(
                projecting.dsn,
                """select string_agg(format('%I', column_name), ', ') from information_schema.columns
                   where table_schema = 'custody' and table_name = $1 and column_name <> 'flag_id'""",
                table,
            )
            copied = f"insert into {table} (flag_id, {columns}) select $1::uuid, {columns} from {table}"
            await ask(projecting.dsn, copied, former)
        rebuilt = await rebuild(
            projecting.bootstrap,
            projecting.dsn,
            projecting.topics,
            SystemClock(),
            tell=lambda read, end: None,
        )
        await _emptied(projecting)
    last = (await _published(projecting))[-1]
    assert (last.flag.flag_id, last.sequence, last.flag.state) == (str(former), 2, RESOLVED)
    assert last.flag.serial == "ZK80001"
    assert rebuilt.changed_flags == 1
