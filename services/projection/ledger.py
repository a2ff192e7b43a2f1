"""The drives that one transaction touches, as they become while it works through the log.

Nothing here reads or writes: states come in, and what is to be written comes out. A batch that
is dropped is dropped with its ledger.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from aiokafka import ConsumerRecord

from mitodoke.eventlog.cloudevents import UndecodableEvent, decode_drive_event
from mitodoke.eventlog.kept_text import drive_named, kept
from mitodoke.eventlog.payloads import moment_of_milliseconds
from mitodoke.eventlog.same_log import fingerprint
from mitodoke.lifecycle.alike import Example, Like
from mitodoke.lifecycle.facts import DriveDelivered, DriveDispatched, DriveReleased, DriveReturned, Fact
from mitodoke.lifecycle.holder import holder
from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.record import ConflictingRepeatError, Record, Standing, fold, standing
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Flag, FlagState, Owed, Verdict
from mitodoke.lifecycle.workings import Workings
from mitodoke.readmodel.drive_state import DriveState, ObligationKey, StoredFlag, taken_back
from mitodoke.readmodel.rows import (
    RANK,
    Changes,
    DriveRow,
    FactRow,
    HistoryRow,
    OutboxRow,
    QuarantineRow,
    ShipmentRow,
)
from mitodoke.services.projection.flag_messages import flag_changed

INSTANT: Final = timedelta(microseconds=1)

REFERENCE_COUNTS_AFTER: Final = INSTANT
"""A reference fact counts for what comes after the moment it was recorded at, not for what shares it.

The broker's times have a millisecond's grain: of a fact and a reference fact of the same moment nobody can say
which came first, and a live run and a rebuild must not answer differently.
"""


def serials_of(records: Iterable[ConsumerRecord]) -> set[str]:
    """The drives that these messages are about, by their keys."""
    return {drive_named(record) for record in records}


def is_discarded(record: ConsumerRecord, discarded: frozenset[tuple[int, bytes | None]]) -> bool:
    """Whether a message is among those that were discarded, by offset and fingerprint (None for any)."""
    return (record.offset, None) in discarded or (record.offset, fingerprint(record)) in discarded


Judge: TypeAlias = Callable[[Record, Reference, datetime, Verdict | None], Verdict]
"""`judge`, or what says the same with less work."""

UNTOLD: Final = DriveState(Record(""))
"""A drive of which nothing is known."""

WAITS_BEHIND: Final = "an earlier event of this drive waits in quarantine"


class Ledger:
    """Takes the messages of one partition in order, and knows in the end what to write.

    `held` has the state of every drive that will be touched and is not new; `detected_at` is the
    worker's own time, and goes nowhere but into the column of that name. Messages that are `discarded`,
    by offset and fingerprint (None for any), count for nothing: a person has decided so. `judged` judges. With
    `published` false, changes of flags are not put into the outbox.
    """

    def __init__(
        self,
        partition: int,
        held: Mapping[str, DriveState],
        reference: Reference,
        detected_at: datetime,
        *,
        judged: Judge,
        discarded: frozenset[tuple[int, bytes | None]] = frozenset(),
        published: bool = True,
    ) -> None:
        self._partition = partition
        self._held = held
        # Drives of one lot ask the same, one after another.
        self._next_change = lru_cache(maxsize=1024)(reference.next_change)
        self._read_through = lru_cache(maxsize=1024)(reference.read_through)
        self._turns_alike: dict[Example, datetime | None] = {}
        self._detected_at = detected_at
        self._discarded = discarded
        self._judge = judged
        self._published = published
        self._changes = Changes(held)
        self.states: dict[str, DriveState] = {}
        """The drives that were touched, as they stand now."""

    def take(self, record: ConsumerRecord) -> None:
        """Take in the next message: fold its fact and judge its drive, or put it aside when that cannot be done.

        The drive's turning points up to the message come first, each in its order, so that what is written does
        not depend on when a sweep came by.
        """
        if self._discarded and is_discarded(record, self._discarded):
            return
        serial = drive_named(record)
        state = self._state(serial)
        if state.parked:
            self._set_aside(record, state, WAITS_BEHIND)
            return
        try:
            fact = decode_drive_event(record)
            folded = fold(state.record, fact)
        except (UndecodableEvent, ConflictingRepeatError) as error:
            # What had fallen due by then stands, whether or not a sweep came by before the drive was parked.
            until = max(state.judged_at, moment_of_milliseconds(record.timestamp))
            self._set_aside(record, self.turn(serial, until), str(error))
            return
        if len(folded.facts) == len(state.record.facts):
            # The same event again: a caller who did not hear our answer. The first in the log counts.
            return
        as_of = max(state.judged_at, fact.recorded_at)
        state = self.turn(serial, as_of)
        if state.parked:
            self._set_aside(record, state, WAITS_BEHIND)
            return
        try:
            verdict = self._verdict(folded, state.verdict, as_of)
        except Exception as error:
            # Whatever the judgement stumbles over, it is about this drive alone: the others go on.
            self._set_aside(record, state, f"the judgement failed: {error!r}")
            return
        self._changes.facts.append(
            FactRow(
                record.partition,
                record.offset,
                fact.event_id,
                fact.kind,
                serial,
                fact.contract,
                fact.party,
                fact.operator,
                fact.occurred_at,
                fact.recorded_at,
                fact.backfilled,
                record.value or b"",
            )
        )
        self._settle(state, folded, verdict)

    def turn(self, serial: str, until: datetime) -> DriveState:
        """Judge the drive at each of its turning points up to that moment, in order; says how it stands then."""
        state = self._state(serial)
        while not state.parked and (at := self._turns_at(state)) is not None and at <= until:
            try:
                verdict = self._verdict(state.record, state.verdict, at)
            except Exception as error:
                # No message to blame: the drive waits on its latest fact, and the others go on.
                self.states[serial] = state = state._replace(parked=True)
                self._changes.stuck[serial] = f"the judgement as of {at.isoformat()} failed: {error!r}"
            else:
                state = self._settle(state, state.record, verdict)
        return state

    def changes(self) -> Changes:
        """All that is to be written."""
        self._compare_obligations()
        for serial, state in self.states.items():
            if state.record.facts:
                self._summarise(serial, state)
        return self._changes

    def _state(self, serial: str) -> DriveState:
        return self.states.get(serial) or self._held.get(serial) or DriveState(Record(serial))

    def _turns_at(self, state: DriveState) -> datetime | None:
        """The next turning point, with the reference facts that have come since the drive was judged."""
        if not state.record.facts:
            return None
        like = _like(state)
        if like is not None and like in self._turns_alike:
            return self._turns_alike[like]
        contracts, shipments = _named_in(state)
        change = self._next_change(contracts, shipments, state.judged_at - REFERENCE_COUNTS_AFTER)
        turns_at = state.turns_at
        if change is not None:
            counts_at = change + REFERENCE_COUNTS_AFTER
            turns_at = counts_at if turns_at is None else min(counts_at, turns_at)
        if like is not None:
            self._turns_alike[like] = turns_at
        return turns_at

    def _verdict(self, record: Record, before: Verdict | None, as_of: datetime) -> Verdict:
        reference = self._read_through(as_of - REFERENCE_COUNTS_AFTER)
        return self._judge(record, reference, as_of, before)

    def _settle(self, state: DriveState, record: Record, verdict: Verdict) -> DriveState:
        """Compare the verdict with what is stored: the difference is what was raised and what was resolved."""
        serial = record.serial
        state = DriveState(
            record,
            self._flags(serial, state, verdict),
            _obligations(verdict),
            verdict.as_of,
            verdict.turns_at,
            verdict=verdict,
        )
        self.states[serial] = state
        return state

    def _compare_obligations(self) -> None:
        """Say what obligations are new, changed and gone, of drives alike once."""
        # By identity: what the drives owe is held until this ends.
        said: dict[tuple[int, int], _Difference] = {}
        for serial, state in self.states.items():
            before, now = self._held.get(serial, UNTOLD).obligations, state.obligations
            difference = said.get((id(before), id(now)))
            if difference is None:
                difference = said[id(before), id(now)] = _differing(before, now)
            self._changes.new_obligations += [(serial, owed) for owed in difference.new]
            self._changes.changed_obligations += [(serial, owed) for owed in difference.changed]
            self._changes.gone_obligations += [(serial, key) for key in difference.gone]

    def _flags(self, serial: str, state: DriveState, verdict: Verdict) -> Mapping[UUID, StoredFlag]:
        """The flags after this verdict: what it holds, and what it has taken back, which stays in the history."""
        stored = state.flags
        if state.verdict is not None and state.verdict.flags == verdict.flags:
            return stored
        flags = dict(stored)
        for flag in verdict.flags:
            held = stored.get(flag.flag_id)
            if held is None:
                # It was open before it was resolved, also where both became known at once.
                opened = flag
                if flag.state is not FlagState.OPEN or flag.resolved_at is not None:
                    opened = replace(flag, state=FlagState.OPEN, resolved_at=None, resolution=None)
                held = self._changed(serial, flags, opened, None, flag.evident_at)
            if held.flag is flag or held.flag == flag:
                continue
            if (held.flag.state, held.flag.severity, held.flag.resolution) == (
                flag.state,
                flag.severity,
                flag.resolution,
            ):
                self._keep(serial, flags, replace(held, flag=flag))
            else:
                self._changed(serial, flags, flag, held, flag.resolved_at or verdict.as_of)
        in_verdict = {flag.flag_id for flag in verdict.flags}
        for flag_id, held in stored.items():
            if flag_id not in in_verdict and held.flag.state is not FlagState.RESOLVED:
                now = taken_back(held, verdict.as_of).flag
                self._changed(serial, flags, now, held, verdict.as_of)
        return flags

    def _changed(
        self,
        serial: str,
        flags: dict[UUID, StoredFlag],
        flag: Flag,
        held: StoredFlag | None,
        changed_at: datetime,
    ) -> StoredFlag:
        sequence = held.sequence + 1 if held else 1
        stored = StoredFlag(flag, held.detected_at if held else self._detected_at, sequence)
        self._changes.history.append(
            HistoryRow(
                flag.flag_id,
                sequence,
                flag.state.value,
                RANK[flag.severity],
                flag.resolution.value if flag.resolution else None,
                changed_at,
            )
        )
        if self._published:
            message = flag_changed(serial, stored, changed_at)
            self._changes.outbox.append(
                OutboxRow(self._partition, message.flag.flag_id, message.SerializeToString())
            )
        return self._keep(serial, flags, stored)

    def _keep(self, serial: str, flags: dict[UUID, StoredFlag], stored: StoredFlag) -> StoredFlag:
        flags[stored.flag.flag_id] = stored
        self._changes.flags[stored.flag.flag_id] = (serial, stored)
        return stored

    def _set_aside(self, record: ConsumerRecord, state: DriveState, error: str) -> None:
        serial = state.record.serial
        self.states[serial] = state._replace(parked=True)
        self._changes.quarantine.append(
            QuarantineRow(
                record.partition,
                record.offset,
                serial,
                error,
                json.dumps({kept(name.encode()): kept(value) for name, value in record.headers}),
                record.value or b"",
                moment_of_milliseconds(record.timestamp),
            )
        )

    def _summarise(self, serial: str, state: DriveState) -> None:
        before = self._held.get(serial, UNTOLD)
        summary = _summary_of(state)
        self._changes.drives.append(
            DriveRow(
                serial,
                self._partition,
                summary.contract,
                summary.holder,
                summary.holder_since,
                summary.destroyed,
                len(state.record.facts),
                state.judged_at,
                self._turns_at(state),
                state.parked,
            )
        )
        if state.record.facts is not before.record.facts:
            for contract in _named_in(state)[0] - _named_in(before)[0]:
                self._changes.drive_contracts.add((contract, serial))
        if summary.manifest and summary.manifest != (before.record.facts and _summary_of(before).manifest):
            self._changes.shipments.extend(
                ShipmentRow(of.shipment, serial, self._partition, of.contract, of.sent_at, of.received_at)
                for of in summary.manifest
            )


class _Difference(NamedTuple):
    """What a drive owes otherwise than before."""

    new: tuple[Owed, ...]
    changed: tuple[Owed, ...]
    gone: tuple[ObligationKey, ...]


def _differing(before: Mapping[ObligationKey, Owed], now: Mapping[ObligationKey, Owed]) -> _Difference:
    if before is now:
        return _Difference((), (), ())
    return _Difference(
        tuple(owed for key, owed in now.items() if key not in before),
        tuple(owed for key, owed in now.items() if key in before and before[key] != owed),
        tuple(key for key in before if key not in now),
    )


class Passage(NamedTuple):
    """A drive that a fact names with a lot of its contract; with neither time, it does not stand on the manifest."""

    shipment: str
    contract: str
    sent_at: datetime | None = None
    received_at: datetime | None = None


class Summary(NamedTuple):
    """A drive in a line, without its name: the same for all drives to which the same has happened."""

    contract: str
    holder: str
    holder_since: datetime | None
    destroyed: bool
    manifest: tuple[Passage, ...]


def _like(state: DriveState) -> Example | None:
    """The example by which the drive, with all that is in its record, was judged."""
    workings = state.verdict.workings if state.verdict is not None else None
    if isinstance(workings, Like) and workings.facts is state.record.facts:
        return workings.example
    return None


def _stood(state: DriveState) -> Standing:
    workings = state.verdict.workings if state.verdict is not None else None
    return standing(state.record, state.judged_at, workings.stood if isinstance(workings, Workings) else None)


def _summary(record: Record, stood: Standing) -> Summary:
    held_by, since = holder(stood.facts)
    return Summary(
        stood.facts[-1].contract if stood.facts else record.facts[-1].contract,
        held_by,
        since,
        any(fact.kind is FactKind.DRIVE_DESTROYED for fact in stood.facts),
        tuple(_manifest(record.facts, stood.facts)),
    )


def _summary_by(example: Example) -> Summary:
    return _summary(example.record, example.stood)


def _summary_of(state: DriveState) -> Summary:
    like = _like(state)
    return like.once(_summary_by) if like is not None else _summary(state.record, _stood(state))


def _named(facts: Iterable[Fact]) -> tuple[frozenset[str], frozenset[str]]:
    """The contracts, and the lots and shipments, that the facts name."""
    return (
        frozenset(fact.contract for fact in facts),
        frozenset(getattr(fact, "shipment", "") for fact in facts) - {""},
    )


def _named_by(example: Example) -> tuple[frozenset[str], frozenset[str]]:
    return _named(example.record.facts)


def _named_in(state: DriveState) -> tuple[frozenset[str], frozenset[str]]:
    like = _like(state)
    return like.once(_named_by) if like is not None else _named(state.record.facts)


def _by_key(obligations: Sequence[Owed]) -> Mapping[ObligationKey, Owed]:
    return {ObligationKey(o.cycle, o.obligation, o.subject): o for o in obligations}


def _obligations(verdict: Verdict) -> Mapping[ObligationKey, Owed]:
    if isinstance(verdict.workings, Like):
        return verdict.workings.example.once(_owed_by)
    return _by_key(verdict.obligations)


def _owed_by(example: Example) -> Mapping[ObligationKey, Owed]:
    return _by_key(example.verdict.obligations)


def _manifest(facts: Iterable[Fact], stood: Iterable[Fact]) -> Iterable[Passage]:
    # A name is a lot's within one contract alone, as in the judgement: another owner may have given it too.
    rows: dict[tuple[str, str], Passage] = {}
    for fact in facts:
        shipment = getattr(fact, "shipment", "")
        if shipment:
            rows[shipment, fact.contract] = Passage(shipment, fact.contract)
    for fact in stood:
        match fact:
            case DriveReleased(shipment=shipment) | DriveDispatched(shipment=shipment) if shipment:
                row = rows[shipment, fact.contract]
                rows[shipment, fact.contract] = row._replace(
                    sent_at=min(row.sent_at or fact.occurred_at, fact.occurred_at)
                )
            case DriveReturned(shipment=shipment) | DriveDelivered(shipment=shipment) if shipment:
                row = rows[shipment, fact.contract]
                rows[shipment, fact.contract] = row._replace(
                    received_at=min(row.received_at or fact.occurred_at, fact.occurred_at)
                )
            case _:
                pass
    return rows.values()
