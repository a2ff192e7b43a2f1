"""A log that is not the one it was: made anew, or restored from an older copy. It is refused, never carried on with."""

import asyncio
import gc
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from log_writer import LogWriter, now
from mitodoke.chassis.clock import SystemClock
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled, LeaseEnded
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke.eventlog.recorder import LogUnavailable, OutcomeUnknown, Recorder
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.same_log import LastRead, LogMismatch, SameLog
from mitodoke.eventlog.topics import TopicError, Topics, create_topics
from mitodoke.readmodel import store
from mitodoke.readmodel.migrations import migrate
from mitodoke.readmodel.pool import Connection, open_pool
from mitodoke.services.projection import rebuild as rebuilding
from mitodoke.services.projection.quarantine import discard
from mitodoke.services.projection.rebuild import RebuildError, Rebuilt, rebuild
from mitodoke.services.projection.worker import Worker
from mitodoke_local import Backends
from projecting import Projecting
from read_model import ask, contents, until
from real_backends import real_backends

SERIAL = "ZK80001"

# aiokafka drops a connection that was still being made when its client was closed, as happens when brokers go.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Of their own: their topics are deleted and their broker's data are replaced."""
    with real_backends() as running_backends:
        yield running_backends


async def _made_anew(backends: Backends, topics: Topics, name: str) -> None:
    """The topic of this name, deleted and made again, as by somebody who wanted to start afresh."""
    admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
    await admin.start()
    try:
        await admin.delete_topics([name])

        async def gone() -> bool:
            return name not in await admin.list_topics()

        await until(gone, "the topic is deleted", limit=60)
    finally:
        await admin.close()

    async def made() -> bool:
        try:
            await create_topics(backends.kafka, topics)
        except (TopicError, TopicAlreadyExistsError, KafkaError):
            return False
        return True

    await until(made, "the topic is made again", limit=60)


async def _enrol(log: LogWriter, count: int, serial: str = SERIAL) -> None:
    for _ in range(count):
        await log.facts(DriveEnrolled(serial=serial, occurred_at=now()))


@asynccontextmanager
async def _anew(backends: Backends, topics: Topics) -> AsyncIterator[LogWriter]:
    """A writer that knows nothing of what the log was before."""
    producer = AIOKafkaProducer(bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield LogWriter(producer, topics)
    finally:
        await producer.stop()


def _while_all_else_stands_still(work: Coroutine[None, None, None]) -> None:
    """Do it in a loop of its own, while whatever runs in this one neither reads nor writes."""
    doing = threading.Thread(target=asyncio.run, args=(work,))
    doing.start()
    doing.join()


async def _refused(projecting: Projecting) -> str:
    """What a worker that starts now says before it ends."""
    with pytest.raises(LogMismatch) as refused:
        async with projecting.worker() as worker:
            await _ended(worker)
    return str(refused.value)


async def _ended(worker: Worker) -> None:
    """Until the worker has ended by itself, which its context then raises."""
    async with asyncio.timeout(120):
        tasks = [t for t in asyncio.all_tasks() if getattr(t.get_coro(), "__qualname__", "") == "Worker.run"]
        # None is left of one that has ended before it was looked for.
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_topic_that_was_made_anew_is_refused(
    backends: Backends, topics: Topics, log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await _enrol(log, 3)
    async with projecting.worker():
        await projecting.settled()
    before = await contents(projecting.dsn)
    await _made_anew(backends, topics, topics.drives)
    said = await _refused(projecting)
    assert "was read up to offset 3, but the log holds the offsets from 0 to before 0" in said
    assert "mitodoke rebuild --accept-this-log" in said
    # As many messages again, and more: now only what stands there tells the logs apart.
    async with _anew(backends, topics) as writer:
        await _enrol(writer, 5)
    said = await _refused(projecting)
    assert "At offset 2 of partition" in said
    assert "the log has another there" in said
    assert await contents(projecting.dsn) == before


async def test_a_topic_that_is_given_more_partitions_is_refused_by_who_runs_and_by_who_starts(
    backends: Backends, topics: Topics, log: LogWriter, projecting: Projecting
) -> None:
    """From then on the facts of one drive stand in two partitions, and no worker sees them together."""
    await log.world()
    await _enrol(log, 3)
    with pytest.raises(LogMismatch, match="made from 6 partitions") as refused:
        async with projecting.worker() as worker:
            await projecting.settled()
            before = await contents(projecting.dsn)
            admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
            await admin.start()
            try:
                await admin.create_partitions({topics.drives: NewPartitions(8)})
            finally:
                await admin.close()
            await _ended(worker)
    assert "which now has 8" in str(refused.value)
    assert "which now has 8" in await _refused(projecting)
    assert await contents(projecting.dsn) == before


async def test_a_topic_that_is_made_anew_under_a_running_worker_stops_it(
    backends: Backends, topics: Topics, log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await _enrol(log, 2)
    with pytest.raises(LogMismatch):
        async with projecting.worker() as worker:
            await projecting.settled()
            before = await contents(projecting.dsn)
            await _made_anew(backends, topics, topics.drives)
            async with _anew(backends, topics) as writer:
                await _enrol(writer, 5)
            await _ended(worker)
    after = await contents(projecting.dsn)
    assert after["fact"] == before["fact"]


async def test_a_worker_that_did_not_see_that_its_topic_was_away_does_not_carry_on_with_another(
    backends: Backends, topics: Topics, log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await _enrol(log, 2)
    before: list[dict[str, Any]] = []

    async def written() -> bool:
        before[:] = (await contents(projecting.dsn))["fact"]
        return len(before) == 3

    async def made_anew() -> None:
        await _made_anew(backends, topics, topics.drives)
        async with _anew(backends, topics) as writer:
            await _enrol(writer, 5)

    with pytest.raises(LogMismatch):
        async with projecting.worker() as worker:
            await projecting.settled()
            # Whoever had just looked into the log might think that it cannot be another so soon.
            await _enrol(log, 1)
            await until(written, "the worker has looked into the log, and written")
            _while_all_else_stands_still(made_anew())
            await _ended(worker)
    assert (await contents(projecting.dsn))["fact"] == before


async def test_a_reference_log_that_was_made_anew_is_refused(
    backends: Backends, topics: Topics, log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await _enrol(log, 1)
    async with projecting.worker():
        await projecting.settled()
    read = await ask(projecting.dsn, "select next_offset from progress where partition = -1")
    await _made_anew(backends, topics, topics.reference)
    said = await _refused(projecting)
    assert f"custody.reference.v1 was read up to offset {read}" in said
    async with _anew(backends, topics) as writer:
        for number in range(read + 1):
            await writer.reference(reference_pb2.PartyRegistered(party_id=f"p{number}", name="another"))
    said = await _refused(projecting)
    assert f"At offset {read - 1} of partition 0" in said


async def test_a_follower_of_the_reference_log_that_becomes_another_stops_for_good(
    backends: Backends, topics: Topics, log: LogWriter
) -> None:
    await log.world()
    follower = ReferenceFollower(backends.kafka, topics.reference)
    following = asyncio.create_task(follower.run())

    async def ready() -> bool:
        return follower.ready

    await until(ready, "the follower has read the log", limit=60)
    # Whoever had just looked back might think that the log cannot be another so soon.
    await log.reference(reference_pb2.PartyRegistered(party_id="another", name="another"))
    await follower.read_to_end(10)
    read = follower.next_offset

    async def made_anew() -> None:
        await _made_anew(backends, topics, topics.reference)
        async with _anew(backends, topics) as writer:
            for number in range(read + 2):
                await writer.reference(reference_pb2.PartyRegistered(party_id=f"p{number}", name="another"))

    _while_all_else_stands_still(made_anew())

    async def stopped() -> bool:
        return follower.failure is not None

    await until(stopped, "the follower has noticed", limit=120)
    assert "rebuild --accept-this-log" in (follower.failure or "")
    assert follower.reference.party("p0", follower.as_of(SystemClock().now())) is None
    following.cancel()
    await asyncio.wait([following])


async def test_a_follower_reads_on_where_its_log_goes_on_in_another_file(
    backends: Backends, topics: Topics, log: LogWriter
) -> None:
    await log.world()
    admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
    await admin.start()
    try:
        # The broker gives what stands in one file, and begins another one millisecond after the last.
        one_file_a_message = {"segment.ms": "1", "message.timestamp.type": "LogAppendTime"}
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topics.reference, one_file_a_message)]
        )
    finally:
        await admin.close()
    follower = ReferenceFollower(backends.kafka, topics.reference)
    following = asyncio.create_task(follower.run())
    await follower.once_ready(60)
    for number in range(3):
        read = follower.next_offset
        await log.reference(reference_pb2.PartyRegistered(party_id=f"p{number}", name="another"))
        await follower.read_to_end(10)
        assert follower.next_offset == read + 1
    following.cancel()
    await asyncio.wait([following])


async def test_a_recorder_whose_log_goes_back_records_nothing_more(
    backends: Backends, topics: Topics
) -> None:
    recorder = Recorder(backends.kafka, topics.drives)
    recording = asyncio.create_task(recorder.run())

    async def ready() -> bool:
        return recorder.ready

    async def record(count: int) -> None:
        items = [DriveEnrolled(serial=SERIAL, occurred_at=now()) for _ in range(count)]
        envelope = Envelope("leasing", "lessor", str(uuid.uuid4()), "k", "op")
        await recorder.record(drive_events(items, [SERIAL] * count, envelope), 10)

    async def noticed() -> bool:
        with suppress(LogUnavailable, OutcomeUnknown):
            await record(1)
        return recorder.failure is not None

    try:
        await until(ready, "the recorder is connected", limit=60)
        await record(20)
        await _made_anew(backends, topics, topics.drives)
        await until(noticed, "the recorder has noticed", limit=120)
        with pytest.raises(LogUnavailable, match="made anew, was restored"):
            await record(1)
        assert not recorder.ready
    finally:
        recording.cancel()
        await asyncio.wait([recording])
        await recorder.stop()


async def _rebuild(of: Projecting, *, accept_this_log: bool = False) -> Rebuilt:
    return await rebuild(
        of.bootstrap,
        of.dsn,
        of.topics,
        SystemClock(),
        tell=lambda read, end: None,
        accept_this_log=accept_this_log,
    )


@pytest.mark.parametrize("grown_again", [0, 6], ids=["shorter", "grown past what was read"])
async def test_a_log_restored_from_an_older_copy_is_refused_until_a_person_accepts_it(
    backends: Backends,
    topics: Topics,
    log: LogWriter,
    projecting: Projecting,
    tmp_path: Path,
    grown_again: int,
) -> None:
    await log.world()
    await _enrol(log, 2)
    data, copy = backends.folder.path / "kafka", tmp_path / "copy"
    await log.producer.flush()
    await asyncio.to_thread(backends.broker.stop)
    await asyncio.to_thread(shutil.copytree, data, copy)
    await asyncio.to_thread(backends.broker.start)
    await _enrol(log, 3)
    await log.facts(LeaseEnded(serial="ZK80002", occurred_at=now()))
    async with projecting.worker():
        await projecting.settled()
    before = await contents(projecting.dsn)
    await asyncio.to_thread(backends.broker.stop)
    await asyncio.to_thread(shutil.rmtree, data)
    await asyncio.to_thread(shutil.copytree, copy, data)
    await asyncio.to_thread(backends.broker.start)
    async with _anew(backends, topics) as writer:
        await _enrol(writer, grown_again)
        await _enrol(writer, grown_again, "ZK80002")
    await _refused(projecting)
    with pytest.raises(RebuildError, match="accept-this-log"):
        await _rebuild(projecting)
    assert await contents(projecting.dsn) == before
    done = await _rebuild(projecting, accept_this_log=True)
    assert (done.facts, done.lost_facts) == (2 + 2 * grown_again, 4)
    lost = """select count(*) from custody_other_log.fact o
        where not exists (select from custody.fact f where f.event_id = o.event_id)"""
    assert await ask(projecting.dsn, lost) == 4
    with pytest.raises(RebuildError, match="custody_other_log holds"):
        await _rebuild(projecting, accept_this_log=True)
    async with projecting.worker(), _anew(backends, topics) as writer:
        await _enrol(writer, 1)
        await projecting.settled()
    assert await ask(projecting.dsn, "select count(*) from fact") == 3 + 2 * grown_again


async def test_a_rebuild_does_not_put_another_log_that_came_while_it_read_in_the_tables_place(
    backends: Backends,
    topics: Topics,
    log: LogWriter,
    projecting: Projecting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is built is of one piece then, only of the other log: only what the old tables had read tells."""
    await log.world()
    await _enrol(log, 3)
    async with projecting.worker():
        await projecting.settled()
    before = await contents(projecting.dsn)
    filled = rebuilding._filled

    async def filled_from_another(*of: Any) -> None:
        await _made_anew(backends, topics, topics.drives)
        async with _anew(backends, topics) as writer:
            await _enrol(writer, 5)
        await filled(*of)

    monkeypatch.setattr(rebuilding, "_filled", filled_from_another)
    with pytest.raises(RebuildError, match="became another while it was read; the old tables stay"):
        await _rebuild(projecting)
    assert await contents(projecting.dsn) == before


async def test_a_rebuild_whose_broker_is_away_just_before_the_tables_are_swapped_waits_for_it(
    backends: Backends, log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    await _enrol(log, 3)
    async with projecting.worker():
        await projecting.settled()
    asked = rebuilding._still_the_same_log
    answers: list[bool] = []

    async def asked_of_nobody(*of: Any) -> bool:
        if answers:
            return await asked(*of)
        await asyncio.to_thread(backends.broker.kill)
        answers.append(await asked(*of))
        await asyncio.to_thread(backends.broker.start)
        return answers[0]

    monkeypatch.setattr(rebuilding, "_still_the_same_log", asked_of_nobody)
    assert (await _rebuild(projecting)).facts == 3
    assert answers == [False]


async def test_a_rebuild_that_has_not_heard_yet_of_what_was_agreed_just_now_does_not_take_it_for_another_log(
    backends: Backends,
    topics: Topics,
    log: LogWriter,
    projecting: Projecting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await log.world()
    await _enrol(log, 3)
    async with projecting.worker():
        await projecting.settled()
    asked, read = rebuilding._still_the_same_log, store.last_reference_messages

    async def agreed_meanwhile() -> None:
        async with _anew(backends, topics) as writer, projecting.worker():
            await writer.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-1"))
            await projecting.settled()

    async def read_after(connection: Connection) -> set[tuple[int, bytes | None]]:
        # What the rebuild knows of the reference log is older than the tables then.
        monkeypatch.setattr(store, "last_reference_messages", read)
        _while_all_else_stands_still(agreed_meanwhile())
        return await read(connection)

    async def asked_meanwhile(*of: Any) -> bool:
        monkeypatch.setattr(rebuilding, "_still_the_same_log", asked)
        monkeypatch.setattr(store, "last_reference_messages", read_after)
        return await asked(*of)

    monkeypatch.setattr(rebuilding, "_still_the_same_log", asked_meanwhile)
    assert (await _rebuild(projecting)).facts == 3


async def test_tables_that_are_lost_entirely_come_back_from_the_log(
    log: LogWriter, projecting: Projecting, backends: Backends, namespace: str
) -> None:
    await log.world(within="1s")
    await _enrol(log, 3)
    await log.producer.send_and_wait(log.topics.drives, b"\xff", key=SERIAL.encode(), headers=[])
    await log.facts(LeaseEnded(serial=SERIAL, occurred_at=now()))
    async with projecting.worker():
        await projecting.settled()
        place = await ask(
            projecting.dsn, """select array[partition, "offset"] from quarantine order by "offset" limit 1"""
        )
        await discard(
            projecting.bootstrap,
            projecting.dsn,
            log.topics,
            SystemClock(),
            *place,
            by="sato",
            why="not a fact",
        )
        await projecting.settled()
    before = await contents(projecting.dsn)
    decided = await _decisions(projecting.dsn)
    assert len(decided) == 2
    backends.database.drop_database(namespace)
    dsn = backends.database.create_database(namespace)
    await _migrated(dsn)
    # The consumer group's offsets still say that everything was read.
    async with projecting.worker():
        await projecting.settled()
    for table, rows in (await contents(dsn)).items():
        assert rows == before[table], table
    assert await _decisions(dsn) == decided, "who decided what, when and why"


async def _decisions(dsn: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody"})
    try:
        rows = await connection.fetch(
            """select partition, "offset", serial, decision, decided_by, why, decided_at, error, error_after
               from quarantine_decision order by id"""
        )
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


async def _migrated(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await connection.close()


async def test_looking_into_the_log_keeps_nothing_of_it(
    topics: Topics, log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await _enrol(log, 3)
    async with projecting.worker():
        await projecting.settled()
    # What the broker gives with the message that is asked for.
    await _enrol(log, 5)
    async with await open_pool(projecting.dsn) as pool, pool.acquire() as connection:
        last = await store.last_messages(connection)
    read = {TopicPartition(topics.drives, at): LastRead(*known) for at, known in last.items() if at >= 0}
    gc.collect()
    gc.disable()
    try:
        async with SameLog(projecting.bootstrap, read) as same_log:
            for _ in range(20):
                await same_log.check(read)
            held = sum(isinstance(each, PartitionRecords) for each in gc.get_objects())
    finally:
        gc.enable()
    assert held <= len(read)
