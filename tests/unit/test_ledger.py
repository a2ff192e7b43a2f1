"""What the ledger of a batch says is to be written, and what it spares because the tables have it already."""

import gc
import uuid
import weakref
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from aiokafka import ConsumerRecord

from mitodoke.contracts.returns.v1.returns_pb2 import DriveReleased
from mitodoke.contracts.wipe.v1.wipe_pb2 import DriveInitialised
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke.eventlog.payloads import milliseconds_of_moment, timestamp_of
from mitodoke.lifecycle.alike import Alike
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import ObligationState, Owed, Verdict
from mitodoke.readmodel.drive_state import DriveState
from mitodoke.readmodel.rows import Changes
from mitodoke.services.projection.ledger import Judge, Ledger

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


def owing(*owed: Owed) -> Judge:
    """A judge to whom a drive owes one thing after another: the first by its first fact, and so on."""

    def judge_so(record: Record, reference: Reference, as_of: datetime, before: Verdict | None) -> Verdict:
        return Verdict(as_of, tuple(owed[len(record.facts) - 1 : len(record.facts)]), (), None)

    return judge_so


def owed(obligation: str, state: ObligationState = ObligationState.PENDING) -> Owed:
    return Owed(
        obligation=obligation,
        contract="K-1",
        cycle="K-1",
        subject="",
        state=state,
        after=FactKind.LEASE_ENDED,
        expect=FactKind.DRIVE_WIPED,
        owed_by=Role.LESSOR,
        parties=("lessor",),
        opened_at=TEN,
        due_at=TEN + MINUTE,
        decided_at=TEN + MINUTE,
    )


def what_is_owed(changes: Changes) -> tuple[list[str], list[str], list[str]]:
    """What is written as new, as changed and as gone."""
    return (
        [f"{serial} {o.obligation} {o.state}" for serial, o in changes.new_obligations],
        [f"{serial} {o.obligation} {o.state}" for serial, o in changes.changed_obligations],
        [f"{serial} {key.obligation}" for serial, key in changes.gone_obligations],
    )


def written_of(*owed_in_turn: Owed, before: int) -> tuple[list[str], list[str], list[str]]:
    """What a batch writes of what a drive owes after each of its facts, when the tables have the first few."""
    facts = [told(initialised(TEN + n * MINUTE), TEN + n * MINUTE) for n in range(len(owed_in_turn))]
    judged = owing(*owed_in_turn)
    first = Ledger(0, {}, Reference(), TEN, judged=judged)
    for fact in facts[:before]:
        first.take(fact)
    then = Ledger(0, first.states, Reference(), TEN, judged=judged)
    for fact in facts[before:]:
        then.take(fact)
    return what_is_owed(then.changes())


WIPE, MET = owed("wipe"), owed("wipe", ObligationState.MET)


def test_what_a_drive_owes_for_the_first_time_is_new() -> None:
    assert written_of(WIPE, before=0) == (["ZC1 wipe pending"], [], [])


def test_of_what_came_and_changed_in_one_batch_only_the_end_is_written() -> None:
    assert written_of(WIPE, MET, before=0) == (["ZC1 wipe met"], [], [])


def test_what_the_tables_have_otherwise_is_changed() -> None:
    assert written_of(WIPE, MET, before=1) == ([], ["ZC1 wipe met"], [])


def test_what_is_owed_no_longer_is_gone_and_what_came_instead_is_new() -> None:
    assert written_of(WIPE, owed("return"), before=1) == (["ZC1 return pending"], [], ["ZC1 wipe"])


def test_what_came_and_went_in_one_batch_is_not_written() -> None:
    assert written_of(WIPE, MET, owed("wipe"), before=1) == ([], [], [])
    assert written_of(WIPE, owed("return"), MET, before=2) == (["ZC1 wipe met"], [], ["ZC1 return"])


def test_a_batch_that_is_done_with_is_let_go_without_the_cyclic_collector() -> None:
    # Which comes rarely: a batch holds megabytes.
    gc.disable()
    try:
        of = Ledger(0, {}, Reference(), TEN, judged=Alike(10).judge)
        of.take(told(released(TEN), TEN))
        of.changes()
        held = weakref.ref(of)
        del of
        assert held() is None
    finally:
        gc.enable()
