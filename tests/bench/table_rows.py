"""Read models of any size in minutes: what the projection would have written of drives made from a seed, by COPY.

Of each fate, and each day since its lease ended, one drive is really told, judged and brought up to the day by the
projection's own ledger. The rows that come of it are those of every other such drive but for serial, lot, contract and
ids. Where everything is long past, one drive stands for all, moved in time. Indexes are
taken off before and made afterwards, as one does for so many rows.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import asyncpg

from bench.chains import STEPS, Fate, Lot, happened, said, serial
from bench.corner import CONTRACT_OF_ALL, PARTITIONS
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke.eventlog.partitioning import partition_of
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.reference import Reference
from mitodoke.readmodel.rows import RANK, Changes
from mitodoke.services.projection.ledger import Ledger

LONG_PAST: Final = 400
"""After so many days nothing changes any more."""
A_QUIET_SUMMER: Final = datetime(2024, 6, 4, 1, tzinfo=UTC)
"""Where a lease ends then, no step falls on a public holiday of Japan."""
DRIVES_AT_ONCE: Final = 10_000
BYTES_A_DRIVE: Final = 6_000
"""What a drive takes on disk at most, with indexes and what is written ahead: about half of it stays."""
TABLES: Final = ("fact", "drive", "drive_contract", "obligation", "flag", "flag_history", "shipment")
_TEMPLATE: Final = 1_234_567
_TEMPLATE_LOT: Final = Lot(0, _TEMPLATE, (), A_QUIET_SUMMER, CONTRACT_OF_ALL)
_IDS: Final = uuid.UUID("5d1a0000-0000-4000-8000-000000000000").int


class NoRoom(Exception):
    """The disk would be full before the tables are; says how much is missing."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of the template drive, table by table, as tuples in the order of the columns."""

    lease_ends: datetime
    changes: Changes


def ensure_room(folder: Path, drives: int) -> None:
    """Raises NoRoom when so many drives do not fit on the disk of the folder."""
    needed, free = drives * BYTES_A_DRIVE, shutil.disk_usage(folder).free
    if needed > free:
        raise NoRoom(
            f"{drives:,} drives need up to {needed / 1e9:.0f} GB in {folder}, and {free / 1e9:.0f} GB are free; "
            "set TMPDIR to a larger disk, or ask for fewer DRIVES"
        )


class Loader:
    """Writes the rows of lots as they stand `now` into empty tables, judged under `reference`.

    Each fact was recorded so long after it happened.
    """

    def __init__(
        self, reference: Reference, now: datetime, *, recorded_after: timedelta = timedelta(hours=1)
    ) -> None:
        self._reference = reference
        self._now = now
        self._recorded_after = recorded_after
        self._judged: dict[tuple[str, int], _Rows] = {}
        self._offset = -1

    async def load(
        self, connection: asyncpg.Connection, lots: Iterator[Lot], tell: Callable[[float], None]
    ) -> dict[str, int]:
        """Load the lots and say how many rows each table got; `tell` is called with the drives done."""
        undo = await _without_indexes(connection)
        counts = dict.fromkeys(TABLES, 0)
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        waiting = 0
        for lot in lots:
            for n, fate in enumerate(lot.fates):
                self._add(rows, lot, lot.first + n, fate)
            waiting += len(lot.fates)
            if waiting >= DRIVES_AT_ONCE:
                await _copy(connection, rows, counts)
                tell(waiting)
                waiting = 0
        await _copy(connection, rows, counts)
        tell(waiting)
        await connection.execute("set maintenance_work_mem = '512MB'")
        for statement in undo:
            await connection.execute(statement)
        await connection.execute("vacuum analyze")
        return counts

    def _add(self, rows: dict[str, list[tuple[Any, ...]]], lot: Lot, number: int, fate: Fate) -> None:
        template = self._template(fate, lot)
        later = lot.lease_ends - template.lease_ends
        changes = template.changes
        name = serial(number)
        partition = partition_of(name.encode(), PARTITIONS)

        def moved(at: datetime | None) -> datetime | None:
            return at and at + later

        for row in changes.facts:
            self._offset -= 1
            rows["fact"].append(
                (
                    partition,
                    self._offset,
                    uuid.UUID(int=_IDS - self._offset),
                    row.kind,
                    name,
                    lot.contract,
                    row.party,
                    row.operator,
                    row.occurred_at + later,
                    row.recorded_at + later,
                    False,
                    _of_lot(row.payload, lot).replace(serial(_TEMPLATE).encode(), name.encode()),
                )
            )
        for drive in changes.drives:
            # Its turning points lie ahead: they are not moved.
            rows["drive"].append(
                (
                    name, partition, lot.contract, drive.holder, moved(drive.holder_since), drive.destroyed,
                    drive.facts, drive.judged_at, drive.turns_at, False,
                )
            )  # fmt: skip
        rows["drive_contract"].append((lot.contract, name, partition))
        for _, owed in changes.new_obligations:
            rows["obligation"].append(
                (
                    name, owed.cycle, owed.obligation, _named_in(owed.subject, lot), lot.contract,
                    owed.state.value, owed.after.value, owed.expect.value, owed.owed_by.value, ",".join(owed.parties),
                    owed.opened_at + later, owed.due_at + later, owed.decided_at + later, moved(owed.met_at),
                )
            )  # fmt: skip
        ids = {}
        for flag_id, (_, stored) in changes.flags.items():
            flag = stored.flag
            self._offset -= 1
            ids[flag_id] = uuid.UUID(int=_IDS - self._offset)
            rows["flag"].append(
                (
                    ids[flag_id], name, lot.contract, flag.cycle, flag.kind, flag.subject, RANK[flag.severity],
                    flag.party, flag.message, flag.raised_at + later, flag.evident_at + later,
                    flag.evident_at + later, flag.state.value, moved(flag.resolved_at),
                    flag.resolution.value if flag.resolution else None, stored.sequence,
                )
            )  # fmt: skip
        rows["flag_history"] += [
            (ids[row.flag_id], row.sequence, row.state, row.severity, row.resolution, row.changed_at + later)
            for row in changes.history
        ]
        rows["shipment"] += [
            (
                _named_in(row.shipment, lot),
                name,
                partition,
                lot.contract,
                moved(row.sent_at),
                moved(row.received_at),
            )
            for row in changes.shipments
        ]

    def _template(self, fate: Fate, lot: Lot) -> _Rows:
        assert self._now - A_QUIET_SUMMER > timedelta(days=LONG_PAST)
        age = min((self._now - lot.lease_ends).days, LONG_PAST)
        rows = self._judged.get((fate.name, age))
        if rows is None:
            ended = lot.lease_ends if age < LONG_PAST else A_QUIET_SUMMER
            rows = self._judged[fate.name, age] = self._told(fate, ended)
        return rows

    def _told(self, fate: Fate, lease_ends: datetime) -> _Rows:
        """Tell the template drive's facts one by one, and judge it now."""
        lot = replace(_TEMPLATE_LOT, fates=(fate,), lease_ends=lease_ends)
        ledger = Ledger(0, {}, self._reference, self._now, judged=judge)
        for offset, step in enumerate(fate.steps):
            at = happened(step, lot)
            recorded = at + self._recorded_after
            if recorded > self._now:
                break
            ledger.take(_record(step, lot, at, recorded, offset))
        ledger.turn(serial(_TEMPLATE), self._now)
        return _Rows(lease_ends, ledger.changes())


def _named_in(subject: str, lot: Lot) -> str:
    """The name of a lot or shipment of the template drive, as it is in that lot."""
    return _of_lot(subject.encode(), lot).decode()


def _of_lot(words: bytes, lot: Lot) -> bytes:
    """What says the lot or shipment of the template drive, for that lot: the names are all as long as each other."""
    words = words.replace(_TEMPLATE_LOT.id.encode(), lot.id.encode())
    return words.replace(_TEMPLATE_LOT.shipment.encode(), lot.shipment.encode())


def _record(step: str, lot: Lot, at: datetime, recorded: datetime, offset: int) -> Any:
    """A message of the log as it is read."""
    item = said(step, _TEMPLATE, lot, at)
    envelope = Envelope(
        "test", STEPS[step].party, str(uuid.UUID(int=offset)), lot.contract, STEPS[step].operator
    )
    [event] = drive_events([item], [item.serial], envelope)
    milliseconds = round(recorded.timestamp() * 1000)
    return SimpleNamespace(
        topic="t", partition=0, offset=offset, timestamp=milliseconds,
        key=event.key, value=event.value, headers=event.headers,
    )  # fmt: skip


async def _copy(
    connection: asyncpg.Connection, rows: dict[str, list[tuple[Any, ...]]], counts: dict[str, int]
) -> None:
    for table, of in rows.items():
        await connection.copy_records_to_table(table, records=of)
        counts[table] += len(of)
        of.clear()


async def _without_indexes(connection: asyncpg.Connection) -> Sequence[str]:
    """Take the indexes and keys of the tables off; the statements that make them again."""
    keys = await connection.fetch(
        """select conrelid::regclass::text as table, conname, pg_get_constraintdef(oid) as definition
           from pg_constraint where contype = 'p' and conrelid = any($1::regclass[])""",
        list(TABLES),
    )
    undo = [f"alter table {key['table']} add constraint {key['conname']} {key['definition']}" for key in keys]
    for key in keys:
        await connection.execute(f"alter table {key['table']} drop constraint {key['conname']}")
    indexes = await connection.fetch(
        "select indexname, indexdef from pg_indexes where schemaname = 'custody' and tablename = any($1)",
        list(TABLES),
    )
    for index in indexes:
        await connection.execute(f"drop index {index['indexname']}")
    return undo + [index["indexdef"] for index in indexes]
