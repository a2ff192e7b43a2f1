"""The filling of a rebuild's tables: a process that fails fails it all, none is left, and no lot is written twice."""

import asyncio
import multiprocessing

import asyncpg
import pytest
from aiokafka import TopicPartition

from log_writer import LogWriter, now
from mitodoke.chassis.clock import SystemClock
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.readmodel import bulk, store
from mitodoke.readmodel.pool import SCHEMA, Connection
from mitodoke.readmodel.rows import Changes
from mitodoke.services.projection.filling import FillingError, Work, fill
from projecting import Projecting
from read_model import ask, until

PARTITIONS = 6


def _work(of: Projecting, dsn: str) -> Work:
    partitions = [TopicPartition(of.topics.drives, number) for number in range(PARTITIONS)]
    return Work(of.bootstrap, of.topics.reference, dsn, SCHEMA, SCHEMA, partitions)


async def test_a_process_that_dies_fails_the_filling_and_no_other_is_left(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    filling = asyncio.create_task(
        fill(_work(projecting, projecting.dsn), SystemClock(), 2, lambda done, of: None)
    )

    async def two_are_there() -> bool:
        return len(multiprocessing.active_children()) == 2

    await until(two_are_there, "two processes have been started")
    multiprocessing.active_children()[0].kill()
    with pytest.raises(FillingError, match="ended with -9"):
        await filling
    assert multiprocessing.active_children() == []


async def test_what_a_process_cannot_reach_is_said_by_the_filling(
    log: LogWriter, projecting: Projecting, unused_tcp_port: int
) -> None:
    await log.world()
    nowhere = f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing"
    with pytest.raises(FillingError, match="Kafka or PostgreSQL does not answer"):
        await fill(_work(projecting, nowhere), SystemClock(), 2, lambda done, of: None)
    assert multiprocessing.active_children() == []


async def test_a_lot_whose_commit_was_not_heard_of_is_written_once(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    await log.facts(
        DriveEnrolled(serial="ZK80001", occurred_at=now()), DriveEnrolled(serial="ZK80001", occurred_at=now())
    )
    write, written = bulk.write, 0

    async def cut_off(connection: Connection, partition: int, changes: Changes) -> None:
        nonlocal written
        await write(connection, partition, changes)
        written += 1
        if written == 1:
            await connection.execute("commit")
            raise asyncpg.ConnectionDoesNotExistError("cut off after the commit")

    monkeypatch.setattr(bulk, "write", cut_off)
    connection = await asyncpg.connect(projecting.dsn, server_settings={"search_path": SCHEMA})
    await store.ensure_progress(connection, PARTITIONS)
    await connection.close()
    told: list[tuple[int, int]] = []
    await fill(_work(projecting, projecting.dsn), SystemClock(), 1, lambda done, of: told.append((done, of)))
    assert told == [(2, 2)], "the bar counts messages"
    assert written == 1
    assert await ask(projecting.dsn, "select count(*) from fact") == 2
    assert await ask(projecting.dsn, "select sum(next_offset)::int from progress where partition >= 0") == 2
