"""What the ledger of a batch says is to be written, and what it spares because the tables have it already."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from aiokafka import ConsumerRecord

from mitodoke.contracts.returns.v1.returns_pb2 import DriveReleased
from mitodoke.contracts.wipe.v1.wipe_pb2 import DriveInitialised
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke.eventlog.payloads import milliseconds_of_moment, timestamp_of
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.reference import Reference
from mitodoke.readmodel.drive_state import DriveState
from mitodoke.services.projection.ledger import Ledger

TEN = datetime(2019, 11, 27, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_offsets = count()


def told(
    item: Any, recorded_at: datetime, *, contract: str = "K-1", backfilled: bool = False
) -> ConsumerRecord:
    envelope = Envelope("test", "owner", str(uuid.uuid4()), contract, "op-1", backfilled=backfilled)
    [event] = drive_events([item], [item.serial], envelope)
    at = milliseconds_of_moment(recorded_at)
    return ConsumerRecord(
        "drives", 0, next(_offsets), at, 1, event.key, event.value, None, len(event.key), len(event.value),
        tuple(event.headers),
    )  # fmt: skip


def released(occurred_at: datetime, lot: str = "LOT-1") -> DriveReleased:
    return DriveReleased(serial="ZC1", occurred_at=timestamp_of(occurred_at), lot_id=lot)


def initialised(occurred_at: datetime) -> DriveInitialised:
    return DriveInitialised(serial="ZC1", occurred_at=timestamp_of(occurred_at))


def ledger(held: dict[str, DriveState]) -> Ledger:
    return Ledger(0, held, Reference(), TEN, judged=judge)


def after(*records: ConsumerRecord) -> dict[str, DriveState]:
    """The drives as the tables hold them when these messages have been written."""
    of = ledger({})
    for record in records:
        of.take(record)
    return of.states


def sent_at(of: Ledger) -> list[tuple[str, datetime | None]]:
    return [(row.shipment, row.sent_at) for row in of.changes().shipments]


def test_a_fact_that_names_a_lot_puts_the_drive_on_its_manifest() -> None:
    of = ledger({})
    of.take(told(released(TEN), TEN))
    assert sent_at(of) == [("LOT-1", TEN)]


def test_a_manifest_that_stands_already_is_not_written_again() -> None:
    of = ledger(after(told(released(TEN), TEN)))
    of.take(replace(told(initialised(TEN), TEN + MINUTE), headers=()))
    [drive] = of.changes().drives
    assert drive.parked
    assert sent_at(of) == []


def test_a_fact_that_leaves_the_manifest_as_it_was_does_not_write_it_again() -> None:
    of = ledger(after(told(released(TEN), TEN)))
    of.take(told(initialised(TEN), TEN + MINUTE))
    assert [drive.facts for drive in of.changes().drives] == [2]
    assert sent_at(of) == []


def test_a_fact_that_names_another_lot_writes_both() -> None:
    of = ledger(after(told(released(TEN), TEN)))
    of.take(told(released(TEN + MINUTE, "LOT-2"), TEN + MINUTE))
    assert sent_at(of) == [("LOT-1", TEN), ("LOT-2", TEN + MINUTE)]


def test_a_fact_of_before_that_becomes_known_later_puts_the_drive_on_its_manifest_then() -> None:
    # Imported history counts from when it happened, though the log holds it before.
    held = after(told(released(TEN + MINUTE), TEN, backfilled=True))
    assert held["ZC1"].turns_at == TEN + MINUTE
    of = ledger(held)
    of.turn("ZC1", TEN + MINUTE)
    assert sent_at(of) == [("LOT-1", TEN + MINUTE)]


def test_a_drive_is_written_down_under_a_contract_once() -> None:
    first = ledger({})
    first.take(told(released(TEN), TEN))
    assert first.changes().drive_contracts == {("K-1", "ZC1")}
    then = ledger(first.states)
    then.take(told(initialised(TEN + MINUTE), TEN + MINUTE))
    assert then.changes().drive_contracts == set()
    other = ledger(then.states)
    other.take(told(initialised(TEN + 2 * MINUTE), TEN + 2 * MINUTE, contract="K-2"))
    assert other.changes().drive_contracts == {("K-2", "ZC1")}
