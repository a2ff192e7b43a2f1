"""Builds the read model again from the first fact of the log, beside the live one, and takes its place.

The same code as the live run, in a schema of its own. The live tables answer until the swap,
and the live workers notice it at their fence.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog
from aiokafka import TopicPartition

from mitodoke.chassis.clock import Clock
from mitodoke.eventlog.reference_log import ReferenceFollower, ReferenceUnavailable
from mitodoke.eventlog.same_log import LastRead, LogMismatch, SameLog
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel import store
from mitodoke.readmodel.drive_state import taken_back
from mitodoke.readmodel.from_rows import stored_flag_of
from mitodoke.readmodel.migrations import migrate
from mitodoke.readmodel.pool import SCHEMA, Connection, open_pool
from mitodoke.services.projection.filling import DRIVES_IN_A_LOT, FillingError, Work, fill
from mitodoke.services.projection.flag_messages import flag_changed
from mitodoke.services.projection.worker import PASSING, Worker

_log = structlog.get_logger("mitodoke.projection")

REBUILT: Final = "custody_rebuild"
REPLACED: Final = "custody_replaced"
OTHER_LOG: Final = "custody_other_log"
LOOK_AGAIN_SECONDS: Final = 0.2
CONNECTED_SECONDS: Final = 30.0

VERSIONS_AHEAD: Final = 1_000_000
"""By how much the versions of the fence jump at the swap, so that no worker takes its memory for the new tables'."""


class RebuildError(Exception):
    """The rebuild cannot be done; nothing was changed, and the message says what to do."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild came to. `changed_flags` differ from the tables that were there before.

    `lost_facts` stand in the replaced tables alone, where the log is another than those were made from.
    """

    facts: int
    drives: int
    changed_flags: int
    lost_facts: int = 0


async def rebuild(
    bootstrap: str,
    dsn: str,
    topics: Topics,
    clock: Clock,
    *,
    tell: Callable[[int, int], None],
    accept_this_log: bool = False,
    publish_all_flags: bool = False,
    processes: int = 1,
    drives_in_a_lot: int = DRIVES_IN_A_LOT,
) -> Rebuilt:
    """Read the whole log into new tables and swap them in when they are as far as the live ones.

    `tell` is called with the offsets read and to be read; so many `processes` share the partitions out, and
    each takes so many drives at a time. May be run
    while the projection runs, and again after it was interrupted. Raises RebuildError when there is nothing to rebuild,
    another rebuild is under way, or the log is another than the live tables were made from. With `accept_this_log`
    the last is no error: the new tables are swapped in when they are as far as the log is now, and the old
    ones are kept in the schema `custody_other_log`, since they may hold facts that the log has lost. With
    `publish_all_flags` each flag goes to the flags topic as it stands, as when that topic was lost; without it those
    that differ from the live tables.
    """
    async with _one_at_a_time(dsn, accept_this_log), await open_pool(dsn, schema=REBUILT) as pool:
        follower = ReferenceFollower(bootstrap, topics.reference)
        worker = Worker(bootstrap, topics, pool, follower, clock, alone=True)
        running = [asyncio.create_task(follower.run())]
        try:
            target, partitions = await _target(bootstrap, topics, pool, follower, accept_this_log)
            async with pool.acquire() as connection:
                await store.ensure_progress(connection, len(partitions))
            work = Work(bootstrap, topics.reference, dsn, REBUILT, SCHEMA, partitions, drives_in_a_lot)
            await _filled(work, clock, processes, tell)
            running.append(asyncio.create_task(worker.run()))
            while True:
                for task in running:
                    if task.done():
                        task.result()
                if follower.failure is not None:
                    raise RebuildError(follower.failure)
                if worker.ready and await _caught_up(pool, target, tell):
                    # The worker must not write while the tables change their name.
                    await _stop(running[1])
                    if target is not None or await _still_the_same_log(bootstrap, partitions, pool, follower):
                        done = await _swap(pool, target, publish_all_flags)
                        if done is not None:
                            return done
                    running[1] = asyncio.create_task(worker.run())
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        except LogMismatch as error:
            raise RebuildError(
                f"The log became another while it was read; the old tables stay. {error}"
            ) from None
        finally:
            for task in running:
                await _stop(task)


async def _filled(work: Work, clock: Clock, processes: int, tell: Callable[[int, int], None]) -> None:
    try:
        await fill(work, clock, processes, tell)
    except FillingError as error:
        raise RebuildError(f"{error}. The old tables stay") from None


@dataclass(frozen=True, slots=True)
class _OtherLog:
    """How far the log reaches, where it is another than the live tables were made from."""

    ends: dict[int, int]
    reference_end: int


async def _target(
    bootstrap: str, topics: Topics, pool: asyncpg.Pool, follower: ReferenceFollower, accept_this_log: bool
) -> tuple[_OtherLog | None, list[TopicPartition]]:
    """How far to read if the log is another, None if the live tables say how far; and the partitions that they know.

    Raises RebuildError.
    """
    try:
        await follower.once_ready(CONNECTED_SECONDS)
    except ReferenceUnavailable as error:
        raise RebuildError(str(error)) from None
    async with pool.acquire() as connection:
        count = await connection.fetchval(f"select count(*) from {SCHEMA}.progress where partition >= 0")
    partitions = [TopicPartition(topics.drives, number) for number in range(count)]
    if not partitions:
        return None, partitions
    async with SameLog(bootstrap, partitions) as log:
        try:
            await _require_same_log(log, partitions, pool, follower)
        except ReferenceUnavailable as error:
            raise RebuildError(str(error)) from None
        except LogMismatch as error:
            if not accept_this_log:
                raise RebuildError(str(error)) from None
            ends = await log.ends()
            return _OtherLog({p.partition: end for p, end in ends.items()}, follower.next_offset), partitions
    return None, partitions


async def _require_same_log(
    log: SameLog, partitions: Sequence[TopicPartition], pool: asyncpg.Pool, follower: ReferenceFollower
) -> None:
    """Raises LogMismatch when the logs are not what the live tables were made from."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"set local search_path to {SCHEMA}")
        read = await store.last_messages(connection)
        reference_read = await store.last_reference_messages(connection)
    # What the live tables know of it was there before, and may not have come here yet.
    await follower.read_to_end(CONNECTED_SECONDS)
    follower.require(reference_read)
    await log.check({p: LastRead(*read.get(p.partition, (0, None))) for p in partitions})


async def _still_the_same_log(
    bootstrap: str, partitions: Sequence[TopicPartition], pool: asyncpg.Pool, follower: ReferenceFollower
) -> bool:
    """Whether one can see it now: a topic that was made anew while it was read is like any other to who reads it.

    Raises LogMismatch.
    """
    if not partitions:
        return True
    try:
        async with SameLog(bootstrap, partitions) as log:
            await _require_same_log(log, partitions, pool, follower)
    except PASSING as error:
        _log.warning("rebuild_waits", error=repr(error), retry_seconds=LOOK_AGAIN_SECONDS)
        return False
    return True


@contextlib.asynccontextmanager
async def _one_at_a_time(dsn: str, accept_this_log: bool) -> AsyncIterator[None]:
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", store.SWAP_LOCK + 1):
            raise RebuildError("Another rebuild is under way on this database; wait for it to end")
        if not await connection.fetchval("select to_regclass($1) is not null", f"{SCHEMA}.progress"):
            raise RebuildError(
                f"There are no tables in the schema {SCHEMA} of this database to rebuild; run `mitodoke setup` first"
            )
        if accept_this_log and await connection.fetchval("select to_regnamespace($1) is not null", OTHER_LOG):
            raise RebuildError(
                f"The schema {OTHER_LOG} holds the tables that an earlier rebuild replaced, and facts in it may stand "
                f"nowhere else. Keep it under another name (alter schema {OTHER_LOG} rename to …), then run this again"
            )
        # What an interrupted rebuild left behind.
        await connection.execute(f"drop schema if exists {REBUILT} cascade")
        await migrate(connection, schema=REBUILT)
        await connection.execute(
            f"""insert into {REBUILT}.quarantine_decision overriding system value
                select * from {SCHEMA}.quarantine_decision where reference_offset is null"""
        )
        await connection.execute(
            f"""select setval(pg_get_serial_sequence('{REBUILT}.quarantine_decision', 'id'),
                    (select coalesce(max(id), 0) + 1 from {REBUILT}.quarantine_decision), false)"""
        )
        yield
    finally:
        await connection.close()


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _caught_up(pool: asyncpg.Pool, target: _OtherLog | None, tell: Callable[[int, int], None]) -> bool:
    if target is not None:
        return await _read_to(pool, target, tell)
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            f"""select partition, r.next_offset, l.next_offset as live_offset,
                    r.reference_offset >= l.reference_offset and r.read_through >= l.read_through as judged
                from {SCHEMA}.progress l left join {REBUILT}.progress r using (partition)
                where partition >= 0"""
        )
        undecided = await _undecided(connection)
        waiting = [
            row
            for row in rows
            if await store.parked_though_decided(connection, row["partition"], retried=False)
        ]
    read = sum(row["next_offset"] or 0 for row in rows)
    tell(read, sum(row["live_offset"] for row in rows))
    judged = all(row["judged"] and row["next_offset"] >= row["live_offset"] for row in rows)
    return judged and not undecided and not waiting


async def _undecided(connection: Connection) -> bool:
    """Whether somebody decided about an event in quarantine, and the new tables do not know it yet."""
    undecided: bool = await connection.fetchval(
        f"""select exists (select reference_offset from {SCHEMA}.quarantine_decision
            except select reference_offset from {REBUILT}.quarantine_decision)"""
    )
    return undecided


async def _read_to(pool: asyncpg.Pool, target: _OtherLog, tell: Callable[[int, int], None]) -> bool:
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            f"""select partition, next_offset, reference_offset, isfinite(read_through) as judged
                from {REBUILT}.progress where partition >= 0"""
        )
    tell(sum(row["next_offset"] for row in rows), sum(target.ends.values()))
    return all(
        row["judged"]
        and row["next_offset"] >= target.ends[row["partition"]]
        and row["reference_offset"] >= target.reference_end
        for row in rows
    )


async def _swap(pool: asyncpg.Pool, target: _OtherLog | None, publish_all_flags: bool) -> Rebuilt | None:
    async with pool.acquire() as connection:
        async with connection.transaction():
            # However long a worker takes to end its transaction: what was built is not given up for that.
            await connection.execute("set local lock_timeout = 0")
            # Alone: every writer holds this lock shared, so none is between its fence and its commit.
            await connection.execute("select pg_advisory_xact_lock($1)", store.SWAP_LOCK)
            behind = target is None and await connection.fetchval(
                f"""select exists (select from {SCHEMA}.progress l left join {REBUILT}.progress r using (partition)
                    where r.next_offset is null or r.next_offset < l.next_offset)"""
            )
            if behind:
                return None
            if target is None and await _undecided(connection):
                return None
            changed = await _hand_over(connection, publish_all_flags)
            facts = await connection.fetchval(f"select count(*) from {REBUILT}.fact")
            drives = await connection.fetchval(f"select count(*) from {REBUILT}.drive")
            lost = await connection.fetchval(
                f"""select count(*) from {SCHEMA}.fact l
                    where $1 and not exists (select from {REBUILT}.fact r where r.event_id = l.event_id
                        and r.serial = l.serial)""",
                target is not None,
            )
            replaced = REPLACED if target is None else OTHER_LOG
            await connection.execute(f"drop schema if exists {REPLACED} cascade")
            await connection.execute(f"alter schema {SCHEMA} rename to {replaced}")
            await connection.execute(f"alter schema {REBUILT} rename to {SCHEMA}")
        await connection.execute(f"drop schema if exists {REPLACED} cascade")
    return Rebuilt(facts, drives, changed, lost)


async def _hand_over(connection: Connection, publish_all_flags: bool) -> int:
    """Take over from the live tables what the log does not say, and publish the flags; how many of them differ."""
    await connection.execute(
        f"""update {REBUILT}.flag r set detected_at = l.detected_at
            from {SCHEMA}.flag l where l.flag_id = r.flag_id and l.detected_at <> r.detected_at"""
    )
    await connection.execute(
        f"""update {REBUILT}.progress r set version = greatest(r.version, l.version) + {VERSIONS_AHEAD}
            from {SCHEMA}.progress l where l.partition = r.partition"""
    )
    await connection.execute(f"delete from {REBUILT}.outbox")
    await connection.execute(
        f"""insert into {REBUILT}.outbox (partition, key, value)
            select partition, key, value from {SCHEMA}.outbox order by id"""
    )
    published = await connection.fetch(
        f"""select r.*, d.partition, h.changed_at, l is distinct from r as differs from {REBUILT}.flag r
            join {REBUILT}.drive d using (serial)
            join {REBUILT}.flag_history h using (flag_id, sequence)
            left join {SCHEMA}.flag l using (flag_id)
            where $1 or l is distinct from r
            order by r.flag_id""",
        publish_all_flags,
    )
    # What no table holds any more would stand open on the topic for ever.
    gone = await connection.fetch(
        f"""select l.*, d.partition, coalesce(n.judged_at, d.judged_at) as changed_at from {SCHEMA}.flag l
            join {SCHEMA}.drive d using (serial)
            left join {REBUILT}.drive n using (serial)
            where l.state <> 'resolved' and not exists (select from {REBUILT}.flag r where r.flag_id = l.flag_id)
            order by l.flag_id"""
    )
    messages = [
        *((row, stored_flag_of(row)) for row in published),
        *((row, taken_back(stored_flag_of(row), row["changed_at"])) for row in gone),
    ]
    await connection.executemany(
        f"insert into {REBUILT}.outbox (partition, key, value) values ($1, $2, $3)",
        [
            (
                row["partition"],
                str(row["flag_id"]),
                flag_changed(row["serial"], stored, row["changed_at"]).SerializeToString(),
            )
            for row, stored in messages
        ],
    )
    return len(gone) + sum(bool(row["differs"]) for row in published)
