"""What a batch changes, written in bulk: COPY for rows that are new, one statement a table for those that change.

What changed rows have in common goes to PostgreSQL once: drives of one lot are told the same, and the driver looks at
every element of an array.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from mitodoke.lifecycle.verdict import Owed
from mitodoke.readmodel.drive_state import StoredFlag
from mitodoke.readmodel.pool import Connection
from mitodoke.readmodel.rows import RANK, Changes, ShipmentRow

T = TypeVar("T")


async def write(connection: Connection, partition: int, changes: Changes) -> None:
    """Write all of it, within the transaction of the fence.

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
        await connection.execute(
            _CHANGE_DRIVES, partition, *_said_once([(row.serial, row[2:]) for row in changed])
        )
    if changes.drive_contracts:
        pairs = sorted(changes.drive_contracts)
        await connection.execute(
            """insert into drive_contract (contract, serial, partition)
               select c, s, $3 from unnest($1::text[], $2::text[]) as t (c, s) on conflict do nothing""",
            *_columns(pairs),
            partition,
        )
    if changes.gone_obligations:
        await connection.execute(
            """delete from obligation o using unnest($1::text[], $2::text[], $3::text[], $4::text[])
               as gone (serial, cycle, obligation, subject)
               where (o.serial, o.cycle, o.obligation, o.subject)
                   = (gone.serial, gone.cycle, gone.obligation, gone.subject)""",
            *_columns([(serial, *key) for serial, key in changes.gone_obligations]),
        )
    await _write_obligations(connection, changes)
    await _write_flags(connection, changes)
    if changes.history:
        await connection.copy_records_to_table("flag_history", records=changes.history)
    if changes.shipments:
        await _write_shipments(connection, partition, changes.shipments)
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


def _said_once(rows: Iterable[tuple[str, tuple[Hashable, ...]]]) -> list[list[Any]]:
    """Columns of the serials, and of the place, from 1, of what each is told; then of all that is told, each once."""
    serials, places = [], []
    told: dict[tuple[Hashable, ...], int] = {}
    for serial, what in rows:
        serials.append(serial)
        places.append(told.setdefault(what, len(told) + 1))
    return [serials, places, *_columns(list(told))]


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
    select serial, $1, contract, holder, holder_since, destroyed, facts, judged_at, turns_at, parked
    from unnest($2::text[], $3::int[]) as drive (serial, told)
    join unnest($4::text[], $5::text[], $6::timestamptz[], $7::bool[], $8::int[], $9::timestamptz[],
        $10::timestamptz[], $11::bool[]) with ordinality
        as what (contract, holder, holder_since, destroyed, facts, judged_at, turns_at, parked, told) using (told)
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
    select serial, cycle, obligation, subject, contract, state, after, expect, owed_by, parties,
        opened_at, due_at, decided_at, met_at
    from unnest($1::text[], $2::int[]) as drive (serial, told)
    join unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::text[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[]) with ordinality
        as what (cycle, obligation, subject, contract, state, after, expect, owed_by, parties, opened_at, due_at,
            decided_at, met_at, told) using (told)
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
    # Drives alike owe the very same.
    distinct = {id(owed): owed for _, owed in (*changes.new_obligations, *changes.changed_obligations)}
    columns = {key: _owed_columns(owed) for key, owed in distinct.items()}
    if changes.new_obligations:
        rows = [(serial, *columns[id(owed)]) for serial, owed in changes.new_obligations]
        await connection.copy_records_to_table("obligation", records=rows, columns=_OBLIGATION)
    if changes.changed_obligations:
        told = [(serial, columns[id(owed)]) for serial, owed in changes.changed_obligations]
        await connection.execute(_CHANGE_OBLIGATIONS, *_said_once(told))


def _owed_columns(owed: Owed) -> tuple[Any, ...]:
    return (
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


async def _write_shipments(connection: Connection, partition: int, shipments: list[ShipmentRow]) -> None:
    told = [(row.serial, (row.shipment, row.contract, row.sent_at, row.received_at)) for row in shipments]
    await connection.execute(
        """insert into shipment (shipment, serial, partition, contract, sent_at, received_at)
           select shipment, serial, $1, contract, sent_at, received_at
           from unnest($2::text[], $3::int[]) as drive (serial, told)
           join unnest($4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[]) with ordinality
               as what (shipment, contract, sent_at, received_at, told) using (told)
           on conflict (shipment, contract, serial) do update set
               sent_at = excluded.sent_at, received_at = excluded.received_at""",
        partition,
        *_said_once(told),
    )
