"""The record of one drive: all its facts, folded into a set.

Partners report late and out of order, so a record knows no order of arrival: the same facts
folded in any order give the same record (semantics, section 3).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mitodoke.lifecycle.facts import DriveEnrolled, DriveReturned, Fact, FactRetracted
from mitodoke.lifecycle.kinds import CORRECTIONS, FactKind

A_WHOLE_CYCLE = frozenset({DriveEnrolled.kind, DriveReturned.kind})
"""Once these have happened under a contract, the next enrolment begins another cycle."""


class ConflictingRepeatError(ValueError):
    """An event id came again with another body: one of the two is not what its party reported."""


class Record(NamedTuple):
    """The facts of one drive, each once, in the order in which they are said to have happened."""

    serial: str
    facts: tuple[Fact, ...] = ()

    def holds(self, event_id: UUID) -> bool:
        """Whether the fact of that event is in the record."""
        return any(fact.event_id == event_id for fact in self.facts)


_ORDER = {kind: position for position, kind in enumerate(FactKind)}


def by_occurrence(fact: Fact) -> tuple[datetime, int, UUID]:
    """Sorts facts as they are said to have happened."""
    # Facts told with a date alone share their moment: among them the usual order of a chain decides.
    return fact.occurred_at, _ORDER[fact.kind], fact.event_id


def fold(record: Record, fact: Fact) -> Record:
    """The record with the fact in it; the very same record when it holds the fact already.

    A repeat is the same fact recorded again: it counts from when it was recorded first, whichever
    of the two is folded first.

    Raises:
        ConflictingRepeatError: the event id is held with another body.
    """
    facts = record.facts
    for position, held in enumerate(facts):
        if held.event_id == fact.event_id:
            if replace(fact, recorded_at=held.recorded_at) != held:
                raise ConflictingRepeatError(
                    f"event {fact.event_id} of drive {fact.serial} was recorded before with another body: "
                    "a request id was used for two different requests"
                )
            if fact.recorded_at >= held.recorded_at:
                return record
            return Record(record.serial, (*facts[:position], fact, *facts[position + 1 :]))
    if facts and fact.occurred_at > facts[-1].occurred_at:
        return Record(record.serial, (*facts, fact))
    return Record(record.serial, tuple(sorted((*facts, fact), key=by_occurrence)))


class Cycle(NamedTuple):
    """The facts of one drive under one contract, from its enrolment to its return.

    A drive enrolled again after a return starts a new cycle. `facts` stand in order of
    occurrence; `by_kind` holds the same facts, sorted the same.

    `name` tells it from the other cycles of the drive. It goes by what was recorded first, so that nothing told
    later, of an earlier lease or of this one, gives it another: `K-2014-1` has the fact that was recorded first
    under the contract, and any other is named by the first recorded of its own, `K-2014-1#` and the event's id.
    """

    contract: str
    name: str
    facts: tuple[Fact, ...]
    by_kind: dict[FactKind, tuple[Fact, ...]]
    first_known_at: datetime
    """When the first of the facts was known."""
    first_recorded_at: datetime
    """When the fact that names it was recorded."""


class Standing(NamedTuple):
    """A record as known at a moment: what stands, what was taken back, and what people said of flags."""

    facts: tuple[Fact, ...]
    retracted: frozenset[UUID]
    corrections: tuple[Fact, ...]
    cycles: tuple[Cycle, ...]
    next_known_at: datetime | None
    """When, after the moment, the next fact of the record becomes known."""
    of: tuple[Fact, ...] = ()
    """All facts of the record, known or not."""
    contracts: frozenset[str] = frozenset()
    """The contracts under which something stands."""
    shipments: frozenset[str] = frozenset()
    """The lots and shipments that what stands names."""


def standing(record: Record, as_of: datetime, before: Standing | None = None) -> Standing:
    """What of the record was known at `as_of`, without what was retracted by then.

    Only the party that reported a fact can take it back. A retraction is a fact too: taken back
    itself, what it had retracted stands again. `before`, the standing at an earlier moment of the same
    record or of what it was then, saves work and changes nothing.
    """
    if before is not None and (before.next_known_at is None or before.next_known_at > as_of):
        if before.of is record.facts:
            return before
        grown = _with_one_more(before, record, as_of)
        if grown is not None:
            return grown
    known = [fact for fact in record.facts if fact.known_at <= as_of]
    next_known_at = None
    if len(known) < len(record.facts):
        next_known_at = min(f.known_at for f in record.facts if f.known_at > as_of)
    retracted = _retracted(known)
    told = [fact for fact in known if fact.kind not in CORRECTIONS]
    facts = tuple(fact for fact in told if fact.event_id not in retracted)
    corrections = tuple(fact for fact in known if fact.kind in CORRECTIONS and fact.event_id not in retracted)
    return Standing(
        facts,
        retracted,
        corrections,
        _cycles(told, retracted),
        next_known_at,
        record.facts,
        frozenset(fact.contract for fact in facts),
        frozenset(getattr(fact, "shipment", "") for fact in facts) - {""},
    )


def _with_one_more(before: Standing, record: Record, as_of: datetime) -> Standing | None:
    """What stood, with the one fact that is new and the latest to have happened; None when it is not as simple."""
    fact = record.facts[-1]
    if (
        before.corrections
        or fact.kind in CORRECTIONS
        or fact.kind is DriveEnrolled.kind
        or fact.known_at > as_of
        or before.next_known_at is not None
        or record.facts[:-1] != before.of
    ):
        return None
    position = max((n for n, c in enumerate(before.cycles) if c.contract == fact.contract), default=None)
    if position is None:
        return None
    cycle = before.cycles[position]
    if fact.recorded_at < cycle.first_recorded_at:
        return None
    of_its_kind = (*cycle.by_kind.get(fact.kind, ()), fact)
    cycle = Cycle(
        cycle.contract,
        cycle.name,
        (*cycle.facts, fact),
        {**cycle.by_kind, fact.kind: of_its_kind},
        min(cycle.first_known_at, fact.known_at),
        cycle.first_recorded_at,
    )
    shipment = getattr(fact, "shipment", "")
    return Standing(
        (*before.facts, fact),
        before.retracted,
        before.corrections,
        (*before.cycles[:position], cycle, *before.cycles[position + 1 :]),
        None,
        record.facts,
        before.contracts,
        before.shipments if shipment in before.shipments or not shipment else before.shipments | {shipment},
    )


def _retracted(known: Iterable[Fact]) -> frozenset[UUID]:
    said = [fact for fact in known if isinstance(fact, FactRetracted)]
    if not said:
        return frozenset()
    party_of = {fact.event_id: fact.party for fact in known}
    against: dict[UUID, list[UUID]] = {}
    for fact in said:
        if party_of.get(fact.retracted) == fact.party:
            against.setdefault(fact.retracted, []).append(fact.event_id)
    # A retraction counts once all that was said against it is known not to. What goes round in a
    # circle, each taking the next one back, is never settled and never counts.
    undecided = {event_id: len(against.get(event_id, ())) for event_id in (f.event_id for f in said)}
    target_of = {event_id: target for target, events in against.items() for event_id in events}
    counting = [event_id for event_id, doubts in undecided.items() if not doubts]
    retracted: set[UUID] = set()
    while counting:
        target = target_of.get(counting.pop())
        if target is None or target in retracted:
            continue
        retracted.add(target)
        freed = target_of.get(target)
        if freed is not None and freed in undecided:
            undecided[freed] -= 1
            if not undecided[freed]:
                counting.append(freed)
    return frozenset(retracted)


class _Lease:
    """What becomes one cycle: the facts that stand, and which was recorded first of all that were told of it."""

    __slots__ = ("facts", "first", "kinds")

    def __init__(self, first: Fact) -> None:
        self.facts: list[Fact] = []
        self.kinds: set[FactKind] = set()
        self.first = first

    def told(self, fact: Fact, stands: bool) -> None:
        if fact.recorded_at < self.first.recorded_at:
            self.first = fact
        if stands:
            self.facts.append(fact)
            self.kinds.add(fact.kind)


def _cycles(told: Iterable[Fact], retracted: frozenset[UUID]) -> tuple[Cycle, ...]:
    by_contract: dict[str, list[_Lease]] = {}
    for fact in told:
        leases = by_contract.setdefault(fact.contract, [])
        stands = fact.event_id not in retracted
        if not leases or (fact.kind is DriveEnrolled.kind and leases[-1].kinds >= A_WHOLE_CYCLE):
            leases.append(_Lease(fact))
        elif stands and fact.kind is not DriveEnrolled.kind and len(leases) > 1 and not leases[-1].facts:
            # An enrolment that was taken back waits for the one that corrects it, so that its cycle keeps the name.
            # What comes instead belongs to the lease before.
            leases[-2].told(leases.pop().first, stands=False)
        leases[-1].told(fact, stands)
    return tuple(
        Cycle(
            contract,
            contract if lease is first else f"{contract}#{lease.first.event_id}",
            tuple(lease.facts),
            _by_kind(lease.facts),
            min(fact.known_at for fact in lease.facts),
            lease.first.recorded_at,
        )
        for contract, leases in sorted(by_contract.items())
        for first in (min(leases, key=_recorded_first),)
        for lease in leases
        if lease.facts
    )


def _recorded_first(lease: _Lease) -> datetime:
    return lease.first.recorded_at


def _by_kind(facts: Iterable[Fact]) -> dict[FactKind, tuple[Fact, ...]]:
    found: dict[FactKind, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.kind, []).append(fact)
    return {kind: tuple(held) for kind, held in found.items()}
