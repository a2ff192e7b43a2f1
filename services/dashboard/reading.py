"""What the pages read: each page from one moment of the read model."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.lifecycle.durations import end_of_day
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.verdict import FlagState, Resolution
from mitodoke.readmodel import queries
from mitodoke.readmodel.pool import Connection
from mitodoke.readmodel.queries import DriveView, FlagOf, Parked, Total
from mitodoke.readmodel.rows import RANK, SEVERITY

ANSWER_SECONDS: Final = 10.0
"""How long a page waits for the read model."""

PARKED_SHOWN: Final = 5
"""So many parked drives are named beside the list of flags."""

Cursor = tuple[int, datetime, UUID]
"""The (severity rank, raised_at, flag id) of the last flag of the page before."""


class Unreachable(Exception):
    """The read model does not answer, or is not there yet."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as the pages name it."""

    contract_id: str
    title: str
    owner: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Filters:
    """Which flags are asked for. `day` is a local one, at whose end the list is shown."""

    contract: str = ""
    kind: str = ""
    least_severity: Severity = Severity.WARNING
    day: date | None = None

    @property
    def any(self) -> bool:
        """Whether there is a filter at all."""
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Triage:
    """One page of the list of flags. `as_of` is the end of the day that is shown; None for now.

    `parked` are the first of the drives that are parked now, `parked_total` in all.
    """

    flags: tuple[FlagOf, ...]
    total: Total
    after: Cursor | None
    """Where the next page starts; None on the last one."""
    contracts: dict[str, Contract]
    names: dict[str, str]
    zone: ZoneInfo
    as_of: datetime | None
    read_through: datetime | None
    parked: tuple[Parked, ...]
    parked_total: Total


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One row of a flag's life."""

    state: FlagState
    severity: Severity
    resolution: Resolution | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive with what its page names beside it. `view` is None when no fact names the serial."""

    view: DriveView | None
    contracts: dict[str, Contract]
    names: dict[str, str]
    lives: dict[UUID, tuple[FlagChange, ...]]
    read_through: datetime | None


class ReadModel:
    """The read model as the pages ask it. Every method raises Unreachable when it does not answer."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read_through(self) -> datetime | None:
        """How far the log has been read; None before anything was."""
        async with self._one_moment() as connection:
            return await queries.read_through(connection)

    async def triage(self, filters: Filters, after: Cursor | None, limit: int) -> Triage:
        """A page of the flags that stand open, or stood open at the end of a past day."""
        async with self._one_moment() as connection:
            contracts = await _contracts(connection)
            zone = _zone_for(filters.contract, contracts)
            as_of = end_of_day(filters.day, zone) if filters.day else None
            of_contracts = [filters.contract] if filters.contract else None
            flags, total = await queries.flags(
                connection,
                contracts=of_contracts,
                kind=filters.kind,
                least_severity=filters.least_severity,
                as_of=as_of,
                after=after,
                limit=limit + 1,
            )
            more, flags = len(flags) > limit, flags[:limit]
            last = flags[-1].stored.flag if more else None
            parked, parked_total = await queries.parked(
                connection, contracts=of_contracts, limit=PARKED_SHOWN
            )
            return Triage(
                tuple(flags),
                total,
                (RANK[last.severity], last.raised_at, last.flag_id) if last else None,
                contracts,
                await _names(connection, (f.stored.flag.party for f in flags)),
                zone,
                as_of,
                await queries.read_through(connection),
                tuple(parked),
                parked_total,
            )

    async def drive(self, serial: str) -> Drive:
        """A drive by its canonical serial."""
        async with self._one_moment() as connection:
            view = await queries.drive(connection, serial, decode_fact)
            read_through = await queries.read_through(connection)
            if view is None:
                return Drive(None, {}, {}, {}, read_through)
            contracts = await _contracts(connection)
            parties = [
                view.holder,
                *(contract.owner for contract in contracts.values()),
                *(at.fact.party for at in view.facts),
                *(stored.flag.party for stored in view.flags),
                *(party for owed in view.obligations for party in owed.parties),
            ]
            lives = await _lives(connection, [stored.flag.flag_id for stored in view.flags])
            return Drive(view, contracts, await _names(connection, parties), lives, read_through)

    @contextlib.asynccontextmanager
    async def _one_moment(self) -> AsyncIterator[Connection]:
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._pool.acquire() as connection,
                # All that a page shows, its freshness too, is as of one moment.
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield connection
        except _OUT_OF_REACH as error:
            raise Unreachable(repr(error)) from error


_OUT_OF_REACH = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


async def _contracts(connection: Connection) -> dict[str, Contract]:
    rows = await connection.fetch(
        "select contract_id, title, owner, timezone from contract order by contract_id"
    )
    return {
        row["contract_id"]: Contract(
            row["contract_id"], row["title"], row["owner"], ZoneInfo(row["timezone"])
        )
        for row in rows
    }


def _zone_for(contract: str, contracts: dict[str, Contract]) -> ZoneInfo:
    """The zone whose days are meant: the contract's, or the one that all contracts share; else UTC."""
    if contract in contracts:
        return contracts[contract].zone
    zones = {each.zone for each in contracts.values()}
    return zones.pop() if len(zones) == 1 else ZoneInfo("UTC")


async def _names(connection: Connection, parties: Iterable[str]) -> dict[str, str]:
    # The party of a breach may be several, with commas between them.
    return await queries.party_names(connection, {one for some in parties for one in some.split(",") if one})


async def _lives(connection: Connection, flags: list[UUID]) -> dict[UUID, tuple[FlagChange, ...]]:
    lives: dict[UUID, list[FlagChange]] = {}
    for row in await connection.fetch(
        """select flag_id, state, severity, resolution, changed_at from flag_history
           where flag_id = any($1) order by flag_id, sequence""",
        flags,
    ):
        lives.setdefault(row["flag_id"], []).append(
            FlagChange(
                FlagState(row["state"]),
                SEVERITY[row["severity"]],
                Resolution(row["resolution"]) if row["resolution"] else None,
                row["changed_at"],
            )
        )
    return {flag_id: tuple(changes) for flag_id, changes in lives.items()}
