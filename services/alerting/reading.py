"""What is wrong now, by the read model, and whether it knows less than it did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

from mitodoke.lifecycle.verdict import FlagState
from mitodoke.readmodel import queries
from mitodoke.readmodel.pool import Connection
from mitodoke.readmodel.queries import FlagOf, Parked
from mitodoke.readmodel.rows import RANK

PAGE: Final = 2000
"""Rows of one query."""

ReadThrough: TypeAlias = Mapping[int, datetime | None]
"""The moment up to which each partition was read and judged; None where nothing of it was."""


Wrong: TypeAlias = dict[UUID | str, FlagOf | Parked]
"""The open flags by their ids, and the parked drives by serial."""


class Reading(NamedTuple):
    """What is wrong, and how far the tables that say so have read the log."""

    wrong: Wrong
    read_through: ReadThrough


async def read(pool: asyncpg.Pool) -> Reading:
    """All flags that are open and all drives that are parked, as of one moment."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        positions = await queries.positions(connection)
        return Reading(
            await _open_flags(connection) | await _parked(connection),
            {each.partition: _known(each.read_through) for each in positions},
        )


async def _open_flags(connection: Connection) -> Wrong:
    found: Wrong = {}
    after = None
    while True:
        page, _ = await queries.flags(connection, states=(FlagState.OPEN,), after=after, limit=PAGE)
        found.update((flag.stored.flag.flag_id, flag) for flag in page)
        if len(page) < PAGE:
            return found
        last = page[-1].stored.flag
        after = (RANK[last.severity], last.raised_at, last.flag_id)


async def _parked(connection: Connection) -> Wrong:
    found: Wrong = {}
    after = None
    while True:
        page, _ = await queries.parked(connection, after=after, limit=PAGE)
        found.update((drive.serial, drive) for drive in page)
        if len(page) < PAGE:
            return found
        after = page[-1].serial


def _known(read_through: datetime) -> datetime | None:
    # PostgreSQL's -infinity is the year 1 of no time zone.
    return read_through if read_through.year > 1 else None


def is_behind(now: ReadThrough, before: ReadThrough) -> bool:
    """Whether tables that are read through to `now` may lack something that was known when they were to `before`.

    So do tables of which a partition was not read yet. A partition that is no more has left its drives to others.
    """
    if not now:
        return True
    for partition, at in now.items():
        was = before.get(partition)
        if at is None or (was is not None and at < was):
            return True
    return False


def earliest(read_through: ReadThrough) -> datetime | None:
    """Up to when all of it was read and judged; None where that is not known."""
    moments = [at for at in read_through.values() if at is not None]
    return min(moments) if moments and len(moments) == len(read_through) else None
