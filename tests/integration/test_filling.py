"""The processes that share out the filling of a rebuild's tables: one that fails fails it all, and none is left."""

import asyncio
import multiprocessing

import pytest
from aiokafka import TopicPartition

from log_writer import LogWriter
from mitodoke.chassis.clock import SystemClock
from mitodoke.readmodel.pool import SCHEMA
from mitodoke.services.projection.filling import FillingError, Work, fill
from projecting import Projecting
from read_model import until


def _work(of: Projecting, dsn: str) -> Work:
    partitions = [TopicPartition(of.topics.drives, number) for number in range(2)]
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
