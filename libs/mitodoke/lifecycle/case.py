"""What a rule is given to look at: one cycle of one drive, with its contract and policy as known."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any, TypeVar

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import Policy, Rules
from mitodoke.lifecycle.record import Cycle
from mitodoke.lifecycle.reference import Contract, PolicyPublished, Reference, ShipmentClosed
from mitodoke.lifecycle.workings import Anywhere, OfDrive, Piece, Read, Shared, Told, Whole, one_of_a_kind

F = TypeVar("F", bound=Fact)
T = TypeVar("T")

NO_RULES = Rules()


class Earliest:
    """Asked of facts in order of occurrence: by what had happened at a moment, when was the first of it known?"""

    __slots__ = ("_known", "_occurred")

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._occurred = [fact.occurred_at for fact in facts]
        self._known = list(accumulate((fact.known_at for fact in facts), min))

    def __len__(self) -> int:
        return len(self._occurred)

    @property
    def first(self) -> datetime:
        """When the first of the facts happened; there must be one."""
        return self._occurred[0]

    def count_by(self, moment: datetime) -> int:
        """How many of the facts had happened at the moment."""
        return bisect_right(self._occurred, moment)

    def known_of_those_by(self, moment: datetime) -> datetime | None:
        """When the first fact was known of those that had happened at the moment; None when none had."""
        count = self.count_by(moment)
        return self._known[count - 1] if count else None

    def known_of_those_before(self, moment: datetime) -> datetime | None:
        """The same, without those that happened at the moment itself."""
        count = bisect_left(self._occurred, moment)
        return self._known[count - 1] if count else None


@dataclass(slots=True)
class Case:
    """One cycle as it stood at `as_of`, which notes what is looked at.

    `drive` holds the facts of all cycles of the same drive, `destructions` those among them, and `contracts` counts
    the contracts under which they were told. Rules ask for
    facts by the methods alone: what they have not asked for, they cannot depend on.

    `contract` and `published` are None while they are not known; then no rule of a policy holds.
    """

    number: str
    cycle: Cycle
    drive: tuple[Fact, ...]
    destructions: Earliest
    contracts: int
    contract: Contract | None
    published: PolicyPublished | None
    reference: Reference
    as_of: datetime
    shared: Shared
    """What rules have found out of all facts of the drive, for all its cycles."""
    told: Told
    """What rules have found out of single facts."""
    reads: set[Read] = field(default_factory=set)
    closures: list[tuple[str, ShipmentClosed | None]] = field(default_factory=list)

    def piece(
        self,
        answer: tuple[object, ...],
        until: datetime | None,
        findings: tuple[Any, ...] = (),
        before: Piece | None = None,
    ) -> Piece:
        """The answer with what was looked at for it, `before` itself where it is the same; the next one begins anew."""
        reads = (
            before.reads if before is not None and before.reads == self.reads else one_of_a_kind(self.reads)
        )
        closures = tuple(self.closures) if self.closures else ()
        self.forget()
        if (
            before is not None
            and before.answer is answer
            and before.until == until
            and before.reads is reads
            and not closures
            and not before.closures
        ):
            return before
        return Piece(reads, closures, until, answer, findings)

    def forget(self) -> None:
        """The next piece begins anew, whatever has been looked at."""
        self.reads.clear()
        if self.closures:
            self.closures.clear()

    @property
    def rules(self) -> Rules:
        """The policy's rules; none while the policy is not known."""
        return self.published.policy.rules if self.published else NO_RULES

    @property
    def serial(self) -> str:
        """The canonical serial of the drive."""
        self.reads.add(Whole.SERIAL)
        return self.number

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts of the cycle, in order of occurrence."""
        self.reads.add(Whole.CYCLE)
        return self.cycle.facts

    @property
    def destroyed(self) -> Earliest:
        """The destructions of the drive in all its cycles."""
        self.reads.add(Whole.DESTRUCTIONS)
        return self.destructions

    @property
    def first_known_at(self) -> datetime:
        """When the first fact of the cycle was known."""
        self.reads.add(Whole.FIRST)
        return self.cycle.first_known_at

    @property
    def is_under_one_contract(self) -> bool:
        """Whether all that stands of the drive was told under the contract of this cycle."""
        self.reads.add(Whole.CONTRACTS)
        return self.contracts == 1

    def of(self, fact: type[F]) -> tuple[F, ...]:
        """The cycle's facts of that type, in order of occurrence."""
        kind = fact.kind
        self.reads.add(kind)
        return self.cycle.by_kind.get(kind, ())  # type: ignore[return-value]  # by_kind is keyed by the type's kind

    def of_kind(self, kind: FactKind) -> tuple[Fact, ...]:
        """The cycle's facts of that kind, in order of occurrence."""
        self.reads.add(kind)
        return self.cycle.by_kind.get(kind, ())

    def earliest(self, kind: FactKind) -> Earliest:
        """When the cycle's facts of that kind happened and were known; made anew only when they have changed."""
        return self.told.made(kind, self.of_kind(kind), Earliest)

    def of_each(
        self, find: Callable[[F, "Case"], T], facts: tuple[F, ...], asked: Hashable = None
    ) -> Sequence[T]:
        """What `find` makes of each of these facts by itself; it may ask the contract and the policy, and no facts.

        `asked` names the question where `find` alone does not: it is asked in several ways, or of several kinds.
        """
        return self.told.each(find if asked is None else asked, find, facts, self)

    def of_drive(self, find: OfDrive[T], looking_at: frozenset[Anywhere]) -> T:
        """What `find` makes of the facts of all cycles; it is asked once, however many cycles there are.

        It passes over all facts but those that it is `looking_at`. Where it has been asked before, it is given what
        it made of the first facts, and the facts after them.
        """
        self.reads |= looking_at
        facts, found = self.shared.get(find, ((), None))
        if facts is not self.drive:
            if not facts or self.drive[: len(facts)] != facts:
                facts, found = (), None
            found = find(self.drive[len(facts) :], found)  # type: ignore[arg-type]  # found by it
            self.shared[find] = self.drive, found
        return found  # type: ignore[return-value]  # it is what `find` gave

    def closure(self, shipment: str) -> ShipmentClosed | None:
        """The receiver's first word, under the contract of this cycle, that the shipment was all."""
        closed = self.reference.closure(shipment, self.as_of, self.cycle.contract)
        self.closures.append((shipment, closed))
        return closed

    def approved(self, party: str, roles: frozenset[Role], at: datetime) -> bool:
        """Whether the contract approves the party for one of the roles at that time."""
        contract = self.contract
        return contract is not None and contract.approved_for_any(party, roles, at)

    def asked_since(self, moment: datetime, asked: Callable[[Policy], object]) -> datetime:
        """From when, at `moment` or after it, the policy in force was known to ask for this as it does now."""
        contract, published = self.contract, self.published
        if contract is None or published is None:
            return moment
        in_force = max(contract.under_policy_since, published.known_at)
        if in_force <= moment:
            return moment
        # The contract came under this policy later; the one before may have asked for the same.
        moment = max(moment, contract.known_at)
        before = self.reference.contract(contract.contract_id, moment)
        was = before and self.reference.policy(before.policy_id, before.policy_version, moment)
        return moment if was and asked(was.policy) == asked(published.policy) else in_force

    def disapproved_since(
        self, moment: datetime, party: str, roles: frozenset[Role], at: datetime
    ) -> datetime:
        """From when, at `moment` or after it, the contract was known not to approve the party for a role at `at`."""
        contract = self.contract
        if contract is None or contract.changed_at <= moment:
            return moment
        moment = max(moment, contract.known_at)
        before = self.reference.contract(contract.contract_id, moment)
        approved = before is not None and before.approved_for_any(party, roles, at)
        return contract.changed_at if approved else moment

    def first_known(self, *kinds: FactKind) -> datetime | None:
        """When the first fact of one of these kinds was known."""
        return min((f.known_at for kind in kinds for f in self.of_kind(kind)), default=None)
