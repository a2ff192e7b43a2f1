"""What pages, partners and alerts ask of the read model.

Every function takes a connection whose search path shows the tables. `contracts` limits an
answer to these contracts; None means all, for the system's own eyes. `as_of` shows a past day
as it would have stood: what was evident by then and not yet resolved.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.verdict import FlagState, ObligationState, Owed
from mitodoke.readmodel.drive_state import StoredFlag
from mitodoke.readmodel.from_rows import Decoder, fact_of, owed_of, stored_flag_of
from mitodoke.readmodel.pool import Connection
from mitodoke.readmodel.rows import RANK, SEVERITY

OPEN_FLAGS = (FlagState.OPEN, FlagState.ACKNOWLEDGED)
OPEN_OBLIGATIONS = (ObligationState.PENDING, ObligationState.OVERDUE)

MOST_COUNTED: Final = 10_000
"""Nobody works through more rows than this by their number, and to count on takes ever longer with more drives."""


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows there are: `count` of them, or more than that where `more`."""

    count: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class FlagOf:
    """A flag and the drive that it is about."""

    serial: str
    stored: StoredFlag


@dataclass(frozen=True, slots=True)
class OwedBy:
    """An obligation and the drive that it is about."""

    serial: str
    owed: Owed


@dataclass(frozen=True, slots=True)
class FactAt:
    """A fact, its message as it was reported, and its place in the log."""

    fact: Fact
    payload: bytes
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class DriveView:
    """One drive with everything that is known of it; facts in order of occurrence."""

    serial: str
    contract: str
    holder: str
    holder_since: datetime | None
    destroyed: bool
    parked: bool
    contracts: frozenset[str]
    facts: tuple[FactAt, ...]
    flags: tuple[StoredFlag, ...]
    obligations: tuple[Owed, ...]

    @property
    def record(self) -> Record:
        """The facts as the judgement takes them."""
        record = Record(self.serial)
        for at in self.facts:
            record = fold(record, at.fact)
        return record


@dataclass(frozen=True, slots=True)
class Parked:
    """A drive of which an event waits in quarantine, and later ones behind it: what is said of it may be out of date.

    `contract` is that of its latest fact that counts, and empty where none does. The event that was wrong is at
    `partition` and `offset`, was recorded at `since`, and is the first of `waiting`.
    """

    serial: str
    contract: str
    partition: int
    offset: int
    error: str
    since: datetime
    waiting: int


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A manifest of one contract against what arrived; serials in order."""

    shipment: str
    contract: str
    sent: int
    received: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContractView:
    """A contract in a line."""

    contract_id: str
    title: str
    owner: str
    policy_id: str
    policy_version: int
    timezone: str
    drives: int
    open_flags: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many drives something happened to on one local day; `what` is a fact's kind, or raised:KIND of flags."""

    day: str
    what: str
    party: str
    drives: int


class Position(NamedTuple):
    """How far a partition of the log was read, and up to when its drives are judged."""

    partition: int
    next_offset: int
    read_through: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """How many rows there are, or about how many."""

    count: int
    estimated: bool


HELD: Final = {
    "facts": "fact",
    "drives": "drive",
    "open_flags": "flag where state <> 'resolved'",
    "pending_obligations": "obligation where state = 'pending'",
    "quarantined": "quarantine",
    "outbox": "outbox",
}
"""What is counted of all that the tables hold, and from what."""


async def read_through(connection: Connection) -> datetime | None:
    """Every fact recorded before this moment is in every answer; None before anything was read."""
    moment: datetime | None = await connection.fetchval(
        "select min(read_through) from progress where partition >= 0 and isfinite(read_through)"
    )
    return moment


async def flags(
    connection: Connection,
    *,
    contracts: Collection[str] | None = None,
    states: Collection[FlagState] = OPEN_FLAGS,
    kind: str = "",
    subject: str = "",
    least_severity: Severity = Severity.WARNING,
    as_of: datetime | None = None,
    after: tuple[int, datetime, UUID] | None = None,
    limit: int = 100,
) -> tuple[list[FlagOf], Total]:
    """The gravest flags first, then the oldest, and how many there are in all, counted up to MOST_COUNTED.

    `after` is the (severity rank, raised_at, flag id) of the last flag of the page before. With
    `as_of`, `states` is not asked: the flags that stood open at that moment are meant, as grave as they were then.
    """
    where, arguments = _conditions(contracts)
    rows = counted = "flag"
    severity = "severity"
    if as_of is None:
        arguments.append([state.value for state in states])
        where.append(f"state = any(${len(arguments)})")
        if set(states) <= set(OPEN_FLAGS):
            # In words, or the indexes of open flags are not thought of once a plan is kept for all arguments.
            where.append("state <> 'resolved'")
    else:
        arguments.append(as_of)
        n = len(arguments)
        where.append(f"evident_at <= ${n} and (resolved_at is null or resolved_at > ${n})")
        rows, severity = _with_severity_then(n), "severity_then"
    for column, value in (("kind", kind), ("subject", subject)):
        if value:
            arguments.append(value)
            where.append(f"{column} = ${len(arguments)}")
    if RANK[least_severity] > 1:
        arguments.append(RANK[least_severity])
        where.append(f"{severity} >= ${len(arguments)}")
        counted = rows
    total = await _counted(connection, f"{counted} where {' and '.join(where)}", arguments)
    if after is not None:
        arguments.extend(after)
        n = len(arguments)
        where.append(f"(-{severity}, raised_at, flag_id) > (-${n - 2}::int, ${n - 1}, ${n})")
    arguments.append(limit)
    found = await connection.fetch(
        f"select * from {rows} where {' and '.join(where)} "
        f"order by {severity} desc, raised_at, flag_id limit ${len(arguments)}",
        *arguments,
    )
    stood = stored_flag_of if as_of is None else _as_it_stood
    return [FlagOf(row["serial"], stood(row)) for row in found], total


def _with_severity_then(n: int) -> str:
    """Flags beside how grave each was at the moment in argument `n`, by its history: `severity_then`."""
    # One look into the primary key of the history for each flag, and none where nothing followed its first change.
    # A flag that came to be evident earlier than its history begins was as grave as its first change says. Without
    # the `offset 0` PostgreSQL would look anew for each mention of the column.
    return f"""flag cross join lateral (
        select coalesce(
            (select h.severity from flag_history h
             where flag.sequence > 1 and h.flag_id = flag.flag_id and (h.changed_at <= ${n} or h.sequence = 1)
             order by h.sequence desc limit 1),
            flag.severity
        ) as severity_then offset 0
    ) as past"""


async def obligations(
    connection: Connection,
    *,
    contracts: Collection[str] | None = None,
    states: Collection[ObligationState] = OPEN_OBLIGATIONS,
    obligation: str = "",
    owed_by: str = "",
    as_of: datetime | None = None,
    after: tuple[datetime, str, str, str, str] | None = None,
    limit: int = 100,
) -> tuple[list[OwedBy], Total]:
    """What falls due first comes first, and how many there are in all, counted up to MOST_COUNTED.

    `owed_by` is a party; `after` the (due_at, serial, cycle, obligation, subject) of the last of the page before.
    With `as_of`, `states` is not asked: what was open at that moment is meant.
    """
    where, arguments = _conditions(contracts)
    if as_of is None:
        arguments.append([state.value for state in states])
        where.append(f"state = any(${len(arguments)})")
    else:
        arguments.append(as_of)
        n = len(arguments)
        where.append(f"opened_at <= ${n} and (met_at is null or met_at > ${n})")
    if obligation:
        arguments.append(obligation)
        where.append(f"obligation = ${len(arguments)}")
    if owed_by:
        arguments.append(owed_by)
        where.append(f"${len(arguments)} = any(string_to_array(parties, ','))")
    total = await _counted(connection, f"obligation where {' and '.join(where)}", arguments)
    if after is not None:
        arguments.extend(after)
        n = len(arguments)
        where.append(
            f"(due_at, serial, cycle, obligation, subject) > (${n - 4}, ${n - 3}, ${n - 2}, ${n - 1}, ${n})"
        )
    arguments.append(limit)
    rows = await connection.fetch(
        f"select * from obligation where {' and '.join(where)} "
        f"order by due_at, serial, cycle, obligation, subject limit ${len(arguments)}",
        *arguments,
    )
    return [OwedBy(row["serial"], _as_it_was_owed(owed_of(row), as_of)) for row in rows], total


def _as_it_stood(row: Any) -> StoredFlag:
    """The flag without what became of it later: it was asked for because it stood open then."""
    stored = stored_flag_of(row)
    flag = replace(stored.flag, severity=SEVERITY[row["severity_then"]])
    if flag.state is FlagState.RESOLVED:
        flag = replace(flag, state=FlagState.OPEN, resolved_at=None, resolution=None)
    return replace(stored, flag=flag)


def _as_it_was_owed(owed: Owed, as_of: datetime | None) -> Owed:
    if as_of is None:
        return owed
    state = ObligationState.OVERDUE if as_of > owed.decided_at else ObligationState.PENDING
    return replace(owed, state=state, met_at=None)


async def drive(connection: Connection, serial: str, decode: Decoder) -> DriveView | None:
    """One drive by its canonical serial; None when no fact names it. `decode` is the event log's `decode_fact`."""
    row = await connection.fetchrow("select * from drive where serial = $1", serial)
    parked = await connection.fetchval("select exists (select from quarantine where serial = $1)", serial)
    if row is None:
        if not parked:
            return None
        return DriveView(serial, "", "", None, False, True, frozenset(), (), (), ())
    facts = [
        FactAt(fact_of(r, decode), r["payload"], r["partition"], r["offset"])
        for r in await connection.fetch("select * from fact where serial = $1", serial)
    ]
    facts.sort(key=lambda at: (at.fact.occurred_at, at.fact.event_id))
    stored = [
        stored_flag_of(r)
        for r in await connection.fetch(
            "select * from flag where serial = $1 order by raised_at, flag_id", serial
        )
    ]
    owed = [
        owed_of(r)
        for r in await connection.fetch(
            "select * from obligation where serial = $1 order by due_at, cycle, obligation, subject", serial
        )
    ]
    return DriveView(
        serial,
        row["contract"],
        row["holder"],
        row["holder_since"],
        row["destroyed"],
        parked,
        frozenset(at.fact.contract for at in facts),
        tuple(facts),
        tuple(stored),
        tuple(owed),
    )


async def parked(
    connection: Connection,
    *,
    contracts: Collection[str] | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[list[Parked], Total]:
    """The parked drives by serial, and how many there are in all, counted up to MOST_COUNTED.

    `after` is the serial of the last of the page before. A drive of which no fact counts is under no contract.
    """
    where, arguments = ["true"], list[Any]()
    if contracts is not None:
        arguments.append(list(contracts))
        where.append("serial in (select serial from drive_contract where contract = any($1))")
    drives = f"(select distinct serial from quarantine where {' and '.join(where)}) as parked"
    total = await _counted(connection, drives, arguments)
    if after is not None:
        arguments.append(after)
        where.append(f"serial > ${len(arguments)}")
    arguments.append(limit)
    rows = await connection.fetch(
        f"""select distinct on (serial) serial, coalesce(drive.contract, ''), quarantine.partition, "offset", error,
                recorded_at, count(*) over (partition by serial)
            from quarantine left join drive using (serial)
            where {" and ".join(where)}
            order by serial, "offset" limit ${len(arguments)}""",
        *arguments,
    )
    return [Parked(*row) for row in rows], total


async def records(connection: Connection, serials: Sequence[str], decode: Decoder) -> dict[str, Record]:
    """The records of the drives that are known, for a judgement outside the projection."""
    found: dict[str, Record] = {}
    for row in await connection.fetch("select * from fact where serial = any($1)", serials):
        fact = fact_of(row, decode)
        found[fact.serial] = fold(found.get(fact.serial) or Record(fact.serial), fact)
    return found


async def enrolled_among(connection: Connection, contract_id: str, serials: Collection[str]) -> set[str]:
    """Those of the serials that were enrolled under the contract."""
    rows = await connection.fetch(
        "select distinct serial from fact where serial = any($2) and contract = $1 and kind = 'DriveEnrolled'",
        contract_id,
        list(serials),
    )
    return {row["serial"] for row in rows}


async def serials_of_contract(
    connection: Connection, contract_id: str, *, after: str = "", limit: int
) -> list[str]:
    """The next drives under the contract, by serial."""
    rows = await connection.fetch(
        "select serial from drive_contract where contract = $1 and serial > $2 order by serial limit $3",
        contract_id,
        after,
        limit,
    )
    return [row["serial"] for row in rows]


async def count_of_drives(connection: Connection, contract_id: str) -> int:
    """How many drives there are under the contract."""
    count: int = await connection.fetchval(
        "select count(*) from drive_contract where contract = $1", contract_id
    )
    return count


async def shipments(
    connection: Connection, shipment_id: str, contracts: Collection[str] | None = None
) -> list[ShipmentView]:
    """The lots or shipments of that name by contract, each of which may have one; empty when no fact names it."""
    asked = shipment_id, None if contracts is None else list(contracts)
    manifests: dict[str, list[Any]] = {}
    for row in await connection.fetch(
        """select contract, serial, sent_at, received_at from shipment
           where shipment = $1 and ($2::text[] is null or contract = any($2))
               and (sent_at is not null or received_at is not null) order by contract, serial""",
        *asked,
    ):
        manifests.setdefault(row["contract"], []).append(row)
    closures = await connection.fetch(
        """select contract, closed_at from shipment_closure
           where shipment = $1 and ($2::text[] is null or contract = any($2))""",
        *asked,
    )
    closed_at = {row["contract"]: row["closed_at"] for row in closures}
    return [
        ShipmentView(
            shipment_id,
            of,
            sum(row["sent_at"] is not None for row in rows),
            sum(row["received_at"] is not None for row in rows),
            tuple(row["serial"] for row in rows if row["received_at"] is None),
            tuple(row["serial"] for row in rows if row["sent_at"] is None),
            closed_at.get(of),
        )
        for of in sorted(manifests.keys() | closed_at.keys())
        for rows in (manifests.get(of, []),)
    ]


async def contract(connection: Connection, contract_id: str) -> ContractView | None:
    """A contract by its id; None when it is not registered."""
    row = await connection.fetchrow("select * from contract where contract_id = $1", contract_id)
    if row is None:
        return None
    return ContractView(
        contract_id,
        row["title"],
        row["owner"],
        row["policy_id"],
        row["policy_version"],
        row["timezone"],
        await connection.fetchval("select count(*) from drive_contract where contract = $1", contract_id),
        await connection.fetchval(
            "select count(*) from flag where contract = $1 and state <> 'resolved'", contract_id
        ),
    )


async def party_names(connection: Connection, parties: Collection[str]) -> dict[str, str]:
    """The names of the parties that are registered."""
    rows = await connection.fetch("select party_id, name from party where party_id = any($1)", list(parties))
    return {row["party_id"]: row["name"] for row in rows}


async def timeline(connection: Connection, contract_id: str, timezone: str) -> list[DayCount]:
    """What happened under the contract, a line for each local day, kind and party, in order."""
    rows = await connection.fetch(
        """select to_char(at, 'YYYY-MM-DD') as day, what, party, count(distinct serial) as drives
           from (
               select timezone($2, occurred_at) as at, kind as what, party, serial, 0 as part
               from fact where serial in (select serial from drive_contract where contract = $1)
                   and contract = $1
               union all
               select timezone($2, raised_at), 'raised:' || kind || case when kind = 'overdue' then ' ' || subject
                   else '' end, party, serial, 1
               from flag where contract = $1
           ) as happened
           group by day, part, what, party order by day, part, min(at), what, party""",
        contract_id,
        timezone,
    )
    return [DayCount(row["day"], row["what"], row["party"], row["drives"]) for row in rows]


async def positions(connection: Connection) -> list[Position]:
    """How far the projection is, by partition."""
    rows = await connection.fetch(
        "select partition, next_offset, read_through from progress where partition >= 0 order by partition"
    )
    return [Position(row["partition"], row["next_offset"], row["read_through"]) for row in rows]


async def held(connection: Connection) -> dict[str, Held]:
    """How much of each of HELD the tables hold: counted up to MOST_COUNTED, and estimated where there is more.

    The estimate is the one that PostgreSQL plans its queries by: as good as its last ANALYZE, which it does by itself.
    """
    return {name: await _about(connection, rows) for name, rows in HELD.items()}


async def _about(connection: Connection, rows: str) -> Held:
    counted = await _counted(connection, rows, ())
    if not counted.more:
        return Held(counted.count, estimated=False)
    [planned] = json.loads(await connection.fetchval(f"explain (format json) select from {rows}"))
    return Held(max(planned["Plan"]["Plan Rows"], MOST_COUNTED + 1), estimated=True)


async def _counted(connection: Connection, rows: str, arguments: Sequence[Any]) -> Total:
    counted: int = await connection.fetchval(
        f"select count(*) from (select from {rows} limit {MOST_COUNTED + 1}) as rows", *arguments
    )
    return Total(min(counted, MOST_COUNTED), counted > MOST_COUNTED)


def _conditions(contracts: Collection[str] | None) -> tuple[list[str], list[Any]]:
    if contracts is None:
        return ["true"], []
    if len(contracts) == 1:
        # Only of one contract does an index give the rows in order.
        return ["contract = $1"], list(contracts)
    return ["contract = any($1)"], [list(contracts)]
