"""What the projection does inside its transaction: the fence, the loading of records, the writing in bulk."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from mitodoke.contracts.reference.v1.reference_pb2 import QuarantineDecided
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.record import Record, by_occurrence
from mitodoke.lifecycle.reference import (
    END,
    ContractAmended,
    ContractRegistered,
    PartyRegistered,
    PolicyPublished,
    Reference,
    ReferenceFact,
    ShipmentClosed,
)
from mitodoke.lifecycle.verdict import Flag, FlagState, ObligationState, Owed, Resolution
from mitodoke.readmodel.drive_state import DriveState, ObligationKey, StoredFlag
from mitodoke.readmodel.pool import Connection
from mitodoke.readmodel.rows import RANK, SEVERITY, Changes, ShipmentRow

T = TypeVar("T")

Decoder = Callable[..., Fact]
"""`decode_fact` of the event log, handed in: `(kind, payload, *, event_id, serial, …) -> Fact`."""

REFERENCE = -1
"""The row of `progress` that stands for the reference log."""

SWAP_LOCK = 0x6D69746F
"""Held shared by every writer and alone by the swap of a rebuild, so that no transaction spans the swap."""


async def ensure_progress(connection: Connection, partitions: int) -> None:
    """Make the rows that the fence needs; those that are there stay."""
    await connection.executemany(
        "insert into progress (partition, next_offset) values ($1, 0) on conflict do nothing",
        [(p,) for p in (REFERENCE, *range(partitions))],
    )


async def progress(connection: Connection, partition: int) -> tuple[int, int]:
    """The next offset of the partition, and how far reference facts were applied to it."""
    row = await connection.fetchrow(
        "select next_offset, reference_offset from progress where partition = $1", partition
    )
    if row is None:
        raise LookupError(f"partition {partition} has no row in progress: the topic has grown since set-up")
    return row["next_offset"], row["reference_offset"]


async def positions(connection: Connection) -> dict[int, int]:
    """The next offset of each partition of the drives topic."""
    rows = await connection.fetch("select partition, next_offset from progress where partition >= 0")
    return {row["partition"]: row["next_offset"] for row in rows}


async def last_messages(connection: Connection) -> dict[int, tuple[int, bytes | None]]:
    """How far each partition was read, and the fingerprint of its last message; those of which nothing was read not."""
    rows = await connection.fetch(
        "select partition, next_offset, last_message from progress where next_offset > 0"
    )
    return {row["partition"]: (row["next_offset"], row["last_message"]) for row in rows}


async def last_reference_messages(connection: Connection) -> set[tuple[int, bytes | None]]:
    """How far the reference log was taken in, and the fingerprint of the last message of that, wherever it is noted."""
    rows = await connection.fetch(
        """select reference_offset as until, reference_message as message from progress where reference_offset > 0
           union select next_offset, last_message from progress where partition = $1 and next_offset > 0""",
        REFERENCE,
    )
    return {(row["until"], row["message"]) for row in rows}


async def fence(
    connection: Connection,
    partition: int,
    *,
    start: int,
    end: int,
    knows: int,
    last_message: bytes | None = None,
) -> int | None:
    """Claim the offsets from `start` to before `end`, within a transaction that writes drives.

    `last_message` is the fingerprint of the message before `end`, where there are messages to claim, and `knows` up to
    before which offset of the reference log who claims them judges by. The answer is the partition's new version: one
    more than the last, unless someone else wrote in between.
    None when another has moved on, or has judged the partition by more of the reference log: what would be written
    without that would never be judged by it. Then nothing may be written.
    """
    await connection.execute("select pg_advisory_xact_lock_shared($1)", SWAP_LOCK)
    version: int | None = await connection.fetchval(
        """update progress set next_offset = $3, version = version + 1, last_message = coalesce($4, last_message)
           where partition = $1 and next_offset = $2 and reference_offset <= $5 returning version""",
        partition,
        start,
        end,
        last_message,
        knows,
    )
    return version


async def note_read_through(connection: Connection, positions: Iterable[tuple[int, int, datetime]]) -> None:
    """Say of each (partition, next offset, moment) that every drive is judged up to the moment; it only grows.

    A partition that another worker has moved on is left as it is.
    """
    await connection.executemany(
        """update progress set read_through = greatest(read_through, $3)
           where partition = $1 and next_offset = $2""",
        positions,
    )


async def load(connection: Connection, serials: Sequence[str], decode: Decoder) -> dict[str, DriveState]:
    """The states of the drives that the tables know; who is not in the answer is new."""
    facts: dict[str, list[Fact]] = {}
    for row in await connection.fetch("select * from fact where serial = any($1)", serials):
        facts.setdefault(row["serial"], []).append(fact_of(row, decode))
    parked = {
        row["serial"]
        for row in await connection.fetch(
            "select distinct serial from quarantine where serial = any($1)", serials
        )
    }
    flags: dict[str, dict[Any, StoredFlag]] = {}
    for row in await connection.fetch("select * from flag where serial = any($1)", serials):
        stored = stored_flag_of(row)
        flags.setdefault(row["serial"], {})[stored.flag.flag_id] = stored
    obligations: dict[str, dict[ObligationKey, Owed]] = {}
    # Drives that travelled together owe the same: what differs is the serial, which comes first.
    alike: dict[tuple[Any, ...], tuple[ObligationKey, Owed]] = {}
    for row in await connection.fetch("select * from obligation where serial = any($1)", serials):
        serial, *owes = row
        held = alike.get(terms := tuple(owes))
        if held is None:
            owed = owed_of(row)
            held = alike[terms] = ObligationKey(owed.cycle, owed.obligation, owed.subject), owed
        obligations.setdefault(serial, {})[held[0]] = held[1]
    states = {serial: DriveState(Record(serial), parked=True) for serial in parked}
    for row in await connection.fetch(
        "select serial, judged_at, turns_at from drive where serial = any($1)", serials
    ):
        serial = row["serial"]
        states[serial] = DriveState(
            Record(serial, tuple(sorted(facts[serial], key=by_occurrence))),
            flags.get(serial, {}),
            obligations.get(serial, {}),
            row["judged_at"],
            row["turns_at"],
            serial in parked,
        )
    return states


async def discarded(
    connection: Connection, partition: int, start: int, end: int
) -> frozenset[tuple[int, bytes | None]]:
    """The events at the offsets from `start` to before `end` that somebody has discarded: offset and fingerprint.

    A fingerprint that is not known, None, stands for whatever event is there.
    """
    rows = await connection.fetch(
        """select "offset", fingerprint from quarantine_decision
           where partition = $1 and "offset" >= $2 and "offset" < $3 and decision = 'discarded'""",
        partition,
        start,
        end,
    )
    return frozenset((row["offset"], row["fingerprint"]) for row in rows)


async def write_decisions(connection: Connection, decisions: Mapping[int, QuarantineDecided]) -> None:
    """Show decisions about events in quarantine, each by its offset in the reference log; those shown already stay."""
    await connection.executemany(
        """insert into quarantine_decision (reference_offset, partition, "offset", fingerprint, serial, decision,
               decided_by, why, decided_at, error, error_after)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing""",
        [
            (
                at,
                event.partition,
                event.offset,
                event.fingerprint,
                decision.serial,
                "discarded" if event.discarded else "retried",
                decision.decided_by,
                decision.why,
                decision.decided_at.ToDatetime(UTC),
                event.error,
                event.error_after,
            )
            for at, decision in sorted(decisions.items())
            for event in decision.events
        ],
    )


async def parked_though_discarded(connection: Connection, partition: int) -> list[str]:
    """The drives of the partition of which an event waits that somebody has discarded."""
    rows = await connection.fetch(
        """select distinct q.serial from quarantine q join quarantine_decision d using (partition, "offset")
           where partition = $1 and d.decision = 'discarded'
               and (d.fingerprint is null or d.fingerprint
                   = int8send((extract(epoch from q.recorded_at) * 1000)::bigint) || sha256(q.payload))
               and not exists (select from fact f where f.partition = $1 and f."offset" = q."offset")
           order by q.serial""",
        partition,
    )
    return [row["serial"] for row in rows]


async def due_serials(connection: Connection, partition: int, until: datetime, limit: int) -> list[str]:
    """The drives of the partition whose verdict turns by that moment, the earliest first."""
    rows = await connection.fetch(
        """select serial from drive where partition = $1 and turns_at <= $2 and not parked
           order by turns_at, serial limit $3""",
        partition,
        until,
        limit,
    )
    return [row["serial"] for row in rows]


async def set_turning_points(
    connection: Connection,
    partition: int,
    news: Iterable[tuple[int, ReferenceFact]],
    reference: Reference,
    *,
    after: timedelta,
    next_offset: int,
    last_message: bytes | None,
) -> set[str]:
    """Let each drive that a new reference fact concerns be judged again when the fact counts: one UPDATE a fact.

    `after` is by how much a reference fact counts later than it was recorded; `last_message` the fingerprint of
    the message before `next_offset`. The answer is the drives that were judged as of then or later already: each is
    judged again as of when it was, and what is remembered of it is no longer so.
    """
    judged_already: set[str] = set()
    for _, fact in news:
        contracts, shipments = reference.concerns(fact)
        for table, column, names in (
            ("drive_contract", "contract", contracts),
            ("shipment", "shipment", shipments),
        ):
            if names:
                rows = await connection.fetch(
                    f"""with concerned as (
                            update drive set turns_at = least(turns_at, greatest($3, judged_at)) from {table} named
                            where named.{column} = any($2) and named.partition = $1 and drive.serial = named.serial
                            returning drive.serial, judged_at)
                        select serial from concerned where judged_at >= $3""",
                    partition,
                    list(names),
                    fact.recorded_at + after,
                )
                judged_already.update(row["serial"] for row in rows)
    await connection.execute(
        "update progress set reference_offset = $2, reference_message = $3 where partition = $1",
        partition,
        next_offset,
        last_message,
    )
    return judged_already


async def write_reference(
    connection: Connection, news: Sequence[tuple[int, ReferenceFact]], reference: Reference
) -> None:
    """Show parties, contracts and closures as the reference log now has them."""
    contracts = set[str]()
    for _, fact in news:
        match fact:
            case PartyRegistered():
                await connection.execute(
                    """insert into party values ($1, $2)
                       on conflict (party_id) do update set name = excluded.name""",
                    fact.party_id,
                    fact.name,
                )
            case ContractRegistered() | ContractAmended() | PolicyPublished():
                contracts |= reference.concerns(fact)[0]
            case ShipmentClosed():
                await connection.execute(
                    "insert into shipment_closure values ($1, $2, $3, $4) on conflict do nothing",
                    fact.shipment,
                    fact.contract_id,
                    fact.party,
                    fact.known_at,
                )
            case _:
                pass
    for contract_id in sorted(contracts):
        contract = reference.contract(contract_id, END)
        if contract is None:
            continue
        published = reference.policy(contract.policy_id, contract.policy_version, END)
        await connection.execute(
            """insert into contract values ($1, $2, $3, $4, $5, $6)
               on conflict (contract_id) do update set title = excluded.title, owner = excluded.owner,
               policy_id = excluded.policy_id, policy_version = excluded.policy_version,
               timezone = excluded.timezone""",
            contract_id,
            contract.title,
            contract.owner,
            contract.policy_id,
            contract.policy_version,
            published.policy.timezone.key if published else "UTC",
        )
        await connection.executemany(
            "insert into contract_party values ($1, $2) on conflict do nothing",
            [
                (contract_id, party)
                for party in sorted({contract.owner, *(a.party for a in contract.approvals)})
            ],
        )


async def write(connection: Connection, partition: int, changes: Changes) -> None:
    """Write everything in bulk: COPY for what is new, one statement a table for what changes.

    Nobody else writes these rows behind the fence, so that what `changes` does not know is not there.
    """
    known = changes.known
    if changes.facts:
        await connection.copy_records_to_table("fact", records=changes.facts, columns=_FACT)
    new, changed = _parted(
        changes.drives, lambda row: row.serial in known and bool(known[row.serial].record.facts)
    )
    if new:
        await connection.copy_records_to_table("drive", records=new, columns=_DRIVE)
    if changed:
        await connection.execute(_CHANGE_DRIVES, *_columns(changed))
    if changes.drive_contracts:
        pairs = sorted(changes.drive_contracts)
        await connection.execute(
            """insert into drive_contract (contract, serial, partition)
               select c, s, $3 from unnest($1::text[], $2::text[]) as t (c, s) on conflict do nothing""",
            *_columns(pairs),
            partition,
        )
    if changes.gone_obligations:
        gone = [(serial, *key) for serial, key in sorted(changes.gone_obligations)]
        await connection.execute(
            """delete from obligation o using unnest($1::text[], $2::text[], $3::text[], $4::text[])
               as gone (serial, cycle, obligation, subject)
               where (o.serial, o.cycle, o.obligation, o.subject)
                   = (gone.serial, gone.cycle, gone.obligation, gone.subject)""",
            *_columns(gone),
        )
    await _write_obligations(connection, changes)
    await _write_flags(connection, changes)
    if changes.history:
        await connection.copy_records_to_table("flag_history", records=changes.history)
    if changes.shipments:
        await _write_shipments(connection, changes.shipments)
    if changes.quarantine:
        await connection.copy_records_to_table("quarantine", records=changes.quarantine)
    if changes.stuck:
        await connection.executemany(
            """insert into quarantine (partition, "offset", serial, error, headers, payload, recorded_at)
               select partition, "offset", serial, $2, '{}', payload, recorded_at from fact
               where serial = $1 order by "offset" desc limit 1""",
            sorted(changes.stuck.items()),
        )
    if changes.outbox:
        await connection.copy_records_to_table(
            "outbox", records=changes.outbox, columns=["partition", "key", "value"]
        )


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _parted(rows: Iterable[T], is_known: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    """The rows that are new, and those that the tables have already."""
    parted: tuple[list[T], list[T]] = [], []
    for row in rows:
        parted[is_known(row)].append(row)
    return parted


_FACT = (
    "partition", "offset", "event_id", "kind", "serial", "contract", "party", "operator", "occurred_at",
    "recorded_at", "backfilled", "payload",
)  # fmt: skip

_DRIVE = (
    "serial", "partition", "contract", "holder", "holder_since", "destroyed", "facts", "judged_at", "turns_at",
    "parked",
)  # fmt: skip

# Upserts, though the rows are there: they find each by its index, whatever the planner thinks of the table's size.
_CHANGE_DRIVES = """
    insert into drive (serial, partition, contract, holder, holder_since, destroyed, facts, judged_at, turns_at, parked)
    select * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::bool[], $7::int[],
        $8::timestamptz[], $9::timestamptz[], $10::bool[])
    on conflict (serial) do update set contract = excluded.contract, holder = excluded.holder,
        holder_since = excluded.holder_since, destroyed = excluded.destroyed, facts = excluded.facts,
        judged_at = excluded.judged_at, turns_at = excluded.turns_at, parked = excluded.parked"""

_OBLIGATION = (
    "serial", "cycle", "obligation", "subject", "contract", "state", "after", "expect", "owed_by", "parties",
    "opened_at", "due_at", "decided_at", "met_at",
)  # fmt: skip

_CHANGE_OBLIGATIONS = """
    insert into obligation (serial, cycle, obligation, subject, contract, state, after, expect, owed_by, parties,
        opened_at, due_at, decided_at, met_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[])
    on conflict (serial, cycle, obligation, subject) do update set contract = excluded.contract,
        state = excluded.state, after = excluded.after, expect = excluded.expect, owed_by = excluded.owed_by,
        parties = excluded.parties, opened_at = excluded.opened_at, due_at = excluded.due_at,
        decided_at = excluded.decided_at, met_at = excluded.met_at"""

_FLAG = (
    "flag_id", "serial", "contract", "cycle", "kind", "subject", "severity", "party", "message", "raised_at",
    "evident_at", "detected_at", "state", "resolved_at", "resolution", "sequence",
)  # fmt: skip

_CHANGE_FLAGS = """
    insert into flag (flag_id, serial, contract, cycle, kind, subject, severity, party, message, raised_at, evident_at,
        detected_at, state, resolved_at, resolution, sequence)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
        $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[],
        $14::timestamptz[], $15::text[], $16::int[])
    on conflict (flag_id) do update set cycle = excluded.cycle, severity = excluded.severity, party = excluded.party,
        message = excluded.message, raised_at = excluded.raised_at, evident_at = excluded.evident_at,
        state = excluded.state, resolved_at = excluded.resolved_at, resolution = excluded.resolution,
        sequence = excluded.sequence"""


async def _write_obligations(connection: Connection, changes: Changes) -> None:
    known = changes.known
    new, changed = _parted(
        changes.obligations.items(),
        lambda item: item[0][0] in known and item[0][1] in known[item[0][0]].obligations,
    )
    if new:
        rows = [_obligation_row(serial, owed) for (serial, _), owed in new]
        await connection.copy_records_to_table("obligation", records=rows, columns=_OBLIGATION)
    if changed:
        rows = [_obligation_row(serial, owed) for (serial, _), owed in changed]
        await connection.execute(_CHANGE_OBLIGATIONS, *_columns(rows))


def _obligation_row(serial: str, owed: Owed) -> tuple[Any, ...]:
    return (
        serial,
        owed.cycle,
        owed.obligation,
        owed.subject,
        owed.contract,
        owed.state.value,
        owed.after.value,
        owed.expect.value,
        owed.owed_by.value,
        ",".join(owed.parties),
        owed.opened_at,
        owed.due_at,
        owed.decided_at,
        owed.met_at,
    )


async def _write_flags(connection: Connection, changes: Changes) -> None:
    known = changes.known
    new, changed = _parted(
        changes.flags.items(), lambda item: item[1][0] in known and item[0] in known[item[1][0]].flags
    )
    if new:
        rows = [_flag_row(serial, stored) for _, (serial, stored) in new]
        await connection.copy_records_to_table("flag", records=rows, columns=_FLAG)
    if changed:
        rows = [_flag_row(serial, stored) for _, (serial, stored) in changed]
        await connection.execute(_CHANGE_FLAGS, *_columns(rows))


def _flag_row(serial: str, stored: StoredFlag) -> tuple[Any, ...]:
    flag = stored.flag
    return (
        flag.flag_id,
        serial,
        flag.contract,
        flag.cycle,
        flag.kind,
        flag.subject,
        RANK[flag.severity],
        flag.party,
        flag.message,
        flag.raised_at,
        flag.evident_at,
        stored.detected_at,
        flag.state.value,
        flag.resolved_at,
        flag.resolution.value if flag.resolution else None,
        stored.sequence,
    )


async def _write_shipments(connection: Connection, shipments: list[ShipmentRow]) -> None:
    await connection.execute(
        """insert into shipment (shipment, serial, partition, contract, sent_at, received_at)
           select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[])
           on conflict (shipment, serial) do update set contract = excluded.contract,
               sent_at = excluded.sent_at, received_at = excluded.received_at""",
        *_columns(shipments),
    )


# Looked up by the hundred thousand, and a dict is five times as quick as the enumeration.
_KIND = {kind.value: kind for kind in FactKind}
_FLAG_STATE = {state.value: state for state in FlagState}


def fact_of(row: Any, decode: Decoder) -> Fact:
    """The fact of a row of `fact`."""
    return decode(
        _KIND[row["kind"]],
        row["payload"],
        event_id=row["event_id"],
        serial=row["serial"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        party=row["party"],
        operator=row["operator"],
        contract=row["contract"],
        backfilled=row["backfilled"],
    )


def stored_flag_of(row: Any) -> StoredFlag:
    """The flag of a row of `flag`."""
    flag = Flag(
        flag_id=row["flag_id"],
        contract=row["contract"],
        cycle=row["cycle"],
        kind=row["kind"],
        subject=row["subject"],
        severity=SEVERITY[row["severity"]],
        party=row["party"],
        message=row["message"],
        raised_at=row["raised_at"],
        evident_at=row["evident_at"],
        state=_FLAG_STATE[row["state"]],
        resolved_at=row["resolved_at"],
        resolution=Resolution(row["resolution"]) if row["resolution"] else None,
    )
    return StoredFlag(flag, row["detected_at"], row["sequence"])


def owed_of(row: Any) -> Owed:
    """The obligation of a row of `obligation`."""
    return Owed(
        obligation=row["obligation"],
        contract=row["contract"],
        cycle=row["cycle"],
        subject=row["subject"],
        state=ObligationState(row["state"]),
        after=_KIND[row["after"]],
        expect=_KIND[row["expect"]],
        owed_by=Role(row["owed_by"]),
        parties=tuple(row["parties"].split(",")) if row["parties"] else (),
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        decided_at=row["decided_at"],
        met_at=row["met_at"],
    )
