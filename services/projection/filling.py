"""Fills the tables of a rebuild from the log as it is, in as many processes as share its partitions out."""

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final, NamedTuple

import asyncpg
import uvloop
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from mitodoke.chassis.clock import Clock, SystemClock
from mitodoke.eventlog.reference_log import ReferenceFollower, ReferenceUnavailable
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.projection.drive_by_drive import DriveByDrive, NoRoomError

LOOK_AGAIN_SECONDS: Final = 0.1
CONNECTED_SECONDS: Final = 30.0


DRIVES_IN_A_LOT: Final = 5_000
"""So many drives a process has in memory, and as many whose rows PostgreSQL takes in: some 100 MB."""


class FillingError(Exception):
    """A process that filled the tables failed; says why. The tables are of no use."""


class Work(NamedTuple):
    """Where to read, and where to write."""

    bootstrap: str
    reference_topic: str
    dsn: str
    schema: str
    noticed_in: str
    """The schema whose tables say when a flag was first noticed."""
    partitions: Sequence[TopicPartition]
    drives_in_a_lot: int = DRIVES_IN_A_LOT


async def fill(work: Work, clock: Clock, processes: int, tell: Callable[[int, int], None]) -> None:
    """Fill the empty tables of a schema from some partitions, up to where each ends now.

    `tell` is called with the messages judged and to be judged. One process is this one; of several, none is left
    running. Raises FillingError.
    """
    shares = [share for first in range(processes) if (share := work.partitions[first::processes])]
    if len(shares) < 2:
        await _fill_here(work, clock, tell)
        return
    spawn = multiprocessing.get_context("spawn")
    told = dict.fromkeys(range(len(shares)), (0, 0))
    running = []
    try:
        for share in shares:
            hears, says = spawn.Pipe(duplex=False)
            process = spawn.Process(
                target=_fill_there,
                args=(work._replace(partitions=share), gc.get_threshold(), says),
                daemon=True,
            )
            process.start()
            says.close()
            running.append((process, hears))
        under_way = True
        while under_way:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            # Asked before the last words are heard, so that none is missed.
            under_way = any(process.is_alive() for process, _ in running)
            for number, (process, hears) in enumerate(running):
                heard = _latest(hears)
                if isinstance(heard, str):
                    raise FillingError(heard)
                if heard is not None:
                    told[number] = heard
                    tell(sum(done for done, _ in told.values()), sum(of for _, of in told.values()))
                if process.exitcode:
                    raise FillingError(
                        f"A process that judged the log ended with {process.exitcode}; what it said stands above. "
                        "Run this again once that is mended"
                    )
    finally:
        for process, hears in running:
            process.kill()
            process.join()
            hears.close()


def _latest(hears: Connection) -> tuple[int, int] | str | None:
    heard = None
    try:
        while hears.poll():
            heard = hears.recv()
    except EOFError:
        # It has ended, well or not: its exit code says which.
        pass
    return heard


def _fill_there(work: Work, collect_after: tuple[int, int, int], says: Connection) -> None:
    """What another process does: it says how far it is, or why it cannot go on."""
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    # A person's Ctrl-C is for the command, which then ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*collect_after)
    try:
        uvloop.run(_fill_here(work, SystemClock(), lambda done, of: says.send((done, of))))
    except FillingError as error:
        says.send(str(error))


def _end_with(parent: BaseProcess | None) -> None:
    """Of a command that was killed nothing may go on: the next one makes the tables anew, under the same names."""
    if parent is not None:
        parent.join()
        os._exit(1)


async def _fill_here(work: Work, clock: Clock, tell: Callable[[int, int], None]) -> None:
    follower = ReferenceFollower(work.bootstrap, work.reference_topic)
    following = asyncio.create_task(follower.run())
    try:
        async with await open_pool(work.dsn, schema=work.schema) as pool:
            await follower.once_ready(CONNECTED_SECONDS)
            filling = DriveByDrive(
                work.bootstrap,
                work.partitions,
                pool,
                follower,
                clock,
                work.noticed_in,
                work.drives_in_a_lot,
                tell,
            )
            await filling.run()
    except (NoRoomError, ReferenceUnavailable) as error:
        raise FillingError(str(error)) from None
    except (KafkaError, asyncpg.PostgresError, OSError) as error:
        raise FillingError(
            f"Kafka or PostgreSQL does not answer: {error!r}; check that both run, then run this again"
        ) from None
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
