"""The filling of a rebuild's tables: a process that fails fails it all, none is left, and no lot is written twice."""

import asyncio
import contextlib
import multiprocessing
import sys

import asyncpg
import psutil
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


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


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


async def test_the_processes_of_a_command_that_was_killed_end_with_it(
    log: LogWriter, projecting: Projecting
) -> None:
    """Nothing of it may write into the tables that the next command makes under the same names."""
    await log.world()
    work = _work(projecting, projecting.dsn)
    script = (
        "import asyncio; from mitodoke.chassis.clock import SystemClock; "
        "from mitodoke.services.projection.filling import Work, fill; from aiokafka import TopicPartition; "
        f"asyncio.run(fill({work!r}, SystemClock(), 2, lambda done, of: None))"
    )
    command = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    processes: list[psutil.Process] = []

    async def two_wait() -> bool:
        waiting = "select count(*) from pg_locks join pg_database d on d.oid = database where not granted"
        return bool(await ask(projecting.dsn, waiting + " and datname = current_database()") == 2)

    async def none_is_left() -> bool:
        return not any(map(_lives, processes))

    # They stand still before the tables, as somewhere in the middle.
    gate = await asyncpg.connect(projecting.dsn, server_settings={"search_path": SCHEMA})
    try:
        async with gate.transaction():
            await gate.execute("lock table quarantine_decision in access exclusive mode")
            await until(two_wait, "two processes wait for the table")
            processes = psutil.Process(command.pid).children()
            command.kill()
            await command.wait()
            await until(none_is_left, "they have ended too, sooner than they tire of waiting", limit=8)
    finally:
        await gate.close()
        for each in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()


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
