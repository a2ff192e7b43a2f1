"""The reference facts: who the parties are, what they agreed, and which shipments are closed.

Reference facts are about no single drive. Each counts from when it was recorded; imported
history counts from the time it names (semantics, section 6). So what was known is asked with
two times: how much of the reference log has been read (`through`), and as of when (`as_of`).
"""

import enum
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import product
from typing import Final, TypeVar
from uuid import UUID

from mitodoke.lifecycle.calendars import Calendar
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Policy

T = TypeVar("T")

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)


class Permission(enum.StrEnum):
    """What a party may do beyond reporting for itself."""

    BACKFILL = "backfill"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFact:
    """What every reference fact says. `backfilled_from` is the time that imported history counts from."""

    event_id: UUID
    recorded_at: datetime
    party: str
    backfilled_from: datetime | None = None

    @property
    def known_at(self) -> datetime:
        """From when the judgement may count it."""
        return self.recorded_at if self.backfilled_from is None else self.backfilled_from


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRegistered(ReferenceFact):
    """A party became known, or its name and permissions changed."""

    party_id: str
    name: str
    permissions: frozenset[Permission] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartySuspended(ReferenceFact):
    """The party's reports are refused from now on, until it is registered again.

    A registration that is imported as history, from before the suspension, lifts nothing.
    """

    party_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationGranted(ReferenceFact):
    """One party may report for another, from `known_at` until before `valid_until`.

    Of what is said of the same two, what became known last counts alone: so a delegation is ended, or given longer.
    """

    from_party: str
    to_party: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A party may act in a role under a contract, from `valid_from` until before `valid_until`."""

    party: str
    role: Role
    valid_from: datetime = BEGINNING
    valid_until: datetime = END

    def covers(self, at: datetime) -> bool:
        """Whether it holds at that time."""
        return self.valid_from <= at < self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRegistered(ReferenceFact):
    """A contract was put under watch."""

    contract_id: str
    title: str = ""
    owner: str
    data_class: str = ""
    policy_id: str
    policy_version: int
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractAmended(ReferenceFact):
    """Approvals were added, changed or ended, or another policy came into force."""

    contract_id: str
    approvals: tuple[Approval, ...] = ()
    policy_id: str = ""
    policy_version: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPublished(ReferenceFact):
    """An immutable version of a policy, with the calendar that its business days are counted by."""

    policy: Policy
    calendar: Calendar
    document: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentClosed(ReferenceFact):
    """The receiver said: that was all."""

    shipment: str
    contract_id: str


@dataclass(frozen=True, slots=True)
class Party:
    """A party as known."""

    party_id: str
    name: str
    permissions: frozenset[Permission]
    suspended: str | None = None
    """Why its reports are refused; None while they are not."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as known: its owner, who is approved for what, and the policy in force.

    `known_at` is when it was registered, `under_policy_since` when the policy in force was named, and
    `changed_at` when it was last amended.
    """

    contract_id: str
    title: str
    owner: str
    data_class: str
    policy_id: str
    policy_version: int
    approvals: tuple[Approval, ...]
    known_at: datetime
    under_policy_since: datetime
    changed_at: datetime
    _approvals_of: Mapping[str, tuple[Approval, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of: dict[str, tuple[Approval, ...]] = {}
        for approval in self.approvals:
            of[approval.party] = (*of.get(approval.party, ()), approval)
        object.__setattr__(self, "_approvals_of", of)

    def approved(self, party: str, role: Role, at: datetime) -> bool:
        """Whether the party stood in that role at that time. The owner always stands in its own."""
        return self.approved_for_any(party, frozenset({role}), at)

    def approved_for_any(self, party: str, roles: frozenset[Role], at: datetime) -> bool:
        """Whether the party stood in one of the roles at that time. The owner always stands in its own."""
        if party == self.owner and Role.OWNER in roles:
            return True
        # A generator would cost as much again: this is asked two or three times of every fact.
        for approval in self._approvals_of.get(party, ()):  # noqa: SIM110
            if approval.role in roles and approval.covers(at):
                return True
        return False

    def in_role(self, role: Role, at: datetime) -> tuple[str, ...]:
        """The parties that stood in that role at that time."""
        standing = [a.party for a in self.approvals if a.role is role and a.covers(at)]
        if role is Role.OWNER and self.owner not in standing:
            standing.insert(0, self.owner)
        return tuple(standing)

    def has_party(self, party: str) -> bool:
        """Whether the contract names the party at all, at any time."""
        return party == self.owner or any(a.party == party for a in self.approvals)


def _amended(contract: Contract, change: ContractAmended) -> Contract:
    replaced = {(a.party, a.role) for a in change.approvals}
    kept = tuple(a for a in contract.approvals if (a.party, a.role) not in replaced)
    changed_at = max(contract.changed_at, change.known_at)
    return replace(
        contract,
        approvals=kept + change.approvals,
        policy_id=change.policy_id or contract.policy_id,
        policy_version=change.policy_version or contract.policy_version,
        under_policy_since=changed_at
        if change.policy_id or change.policy_version
        else contract.under_policy_since,
        changed_at=changed_at,
    )


def _folded_contract(facts: Iterable[ReferenceFact]) -> Contract | None:
    """The contract that a registration and its amendments give.

    The first registration of the log counts. Amendments follow one another as they became known:
    imported history never undoes what was agreed after it.
    """
    held = [f for f in facts if isinstance(f, ContractRegistered | ContractAmended)]
    first = next((f for f in held if isinstance(f, ContractRegistered)), None)
    if first is None:
        return None
    contract = Contract(
        first.contract_id,
        first.title,
        first.owner,
        first.data_class,
        first.policy_id,
        first.policy_version,
        first.approvals,
        known_at=first.known_at,
        under_policy_since=first.known_at,
        changed_at=first.known_at,
    )
    for fact in sorted(held, key=lambda f: f.known_at):
        if isinstance(fact, ContractAmended):
            contract = _amended(contract, fact)
    return contract


def _policies_named(facts: Iterable[ReferenceFact]) -> set[tuple[str, int]]:
    """Every policy that some of these facts could put a contract under; an amendment may name half of one."""
    named = [f for f in facts if isinstance(f, ContractRegistered | ContractAmended)]
    return set(product({f.policy_id for f in named} - {""}, {f.policy_version for f in named} - {0}))


def _moments(fact: ReferenceFact, through: datetime, after: datetime) -> list[datetime]:
    if fact.recorded_at > through:
        return []
    return [moment for moment in (fact.recorded_at, fact.known_at) if moment > after]


class _Thread:
    """The reference facts about one thing, in the order of the log unless sorted, with what all of them give."""

    __slots__ = ("_folds", "facts", "folded", "known_by", "recorded_by")

    def __init__(self) -> None:
        self.facts: list[ReferenceFact] = []
        self.recorded_by = BEGINNING
        self.known_by = BEGINNING
        self.folded: Contract | None = None
        self._folds: dict[tuple[UUID, ...], Contract | None] = {}

    def append(self, fact: ReferenceFact) -> None:
        self.facts.append(fact)
        self.recorded_by = max(self.recorded_by, fact.recorded_at)
        self.known_by = max(self.known_by, fact.known_at)

    def sort(self) -> None:
        """Put them in the order in which they became known: imported history never undoes what was said after it."""
        self.facts.sort(key=lambda fact: fact.known_at)

    def complete(self, through: datetime, as_of: datetime) -> bool:
        return self.known_by <= as_of and self.recorded_by <= through

    def moments(self, through: datetime, after: datetime) -> list[datetime]:
        if self.recorded_by <= after and self.known_by <= after:
            return []
        return [moment for fact in self.facts for moment in _moments(fact, through, after)]

    def visible(self, through: datetime, as_of: datetime) -> Iterator[ReferenceFact]:
        for fact in self.facts:
            if fact.recorded_at <= through and fact.known_at <= as_of:
                yield fact

    def last(self, through: datetime, as_of: datetime) -> ReferenceFact | None:
        for fact in reversed(self.facts):
            if fact.recorded_at <= through and fact.known_at <= as_of:
                return fact
        return None

    def fold(self, through: datetime, as_of: datetime) -> Contract | None:
        """The contract that the visible facts give: of the same facts the very same contract."""
        if self.complete(through, as_of):
            return self.folded
        visible = list(self.visible(through, as_of))
        names = tuple(fact.event_id for fact in visible)
        if len(names) == len(self.facts):
            return self.folded
        if names not in self._folds:
            self._folds[names] = _folded_contract(visible)
        return self._folds[names]


class Reference:
    """Everything the reference log says, answered as it was known.

    The one thing in `lifecycle` that grows: `append` adds the next fact of the log, and nothing
    is ever taken out. Every question says `as_of`; `read_through(moment)` narrows all questions
    to what the log held by then.
    """

    def __init__(self) -> None:
        self._through = END
        self._seen: set[UUID] = set()
        self._log = object()
        self._recorded_at: list[datetime] = []
        self._facts: list[ReferenceFact] = []
        self._parties: dict[str, _Thread] = defaultdict(_Thread)
        self._contracts: dict[str, _Thread] = defaultdict(_Thread)
        self._policies: dict[tuple[str, int], PolicyPublished] = {}
        self._published_at: list[datetime] = []
        self._closures: dict[str, _Thread] = defaultdict(_Thread)
        self._delegations: dict[tuple[str, str], _Thread] = defaultdict(_Thread)
        self._made: dict[str, tuple[Contract, PolicyPublished, int, object]] = {}
        self._policy_contracts: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._policies_of: dict[str, set[tuple[str, int]]] = {}

    def append(self, fact: ReferenceFact) -> bool:
        """Take in the next fact of the log; a repeat (the same event id) changes nothing and gives False."""
        if fact.event_id in self._seen:
            return False
        self._seen.add(fact.event_id)
        self._facts.append(fact)
        insort(self._recorded_at, fact.recorded_at)
        match fact:
            case PartyRegistered() | PartySuspended():
                thread = self._parties[fact.party_id]
                thread.append(fact)
                thread.sort()
            case ContractRegistered() | ContractAmended():
                thread = self._contracts[fact.contract_id]
                thread.append(fact)
                thread.folded = _folded_contract(thread.facts)
                self._policies_of[fact.contract_id] = _policies_named(thread.facts)
                for policy in self._policies_of[fact.contract_id]:
                    self._policy_contracts[policy].add(fact.contract_id)
            case PolicyPublished():
                self._policies.setdefault((fact.policy.id, fact.policy.version), fact)
                insort(self._published_at, fact.recorded_at)
            case ShipmentClosed():
                self._closures[fact.shipment].append(fact)
            case DelegationGranted():
                thread = self._delegations[fact.from_party, fact.to_party]
                thread.append(fact)
                thread.sort()
        return True

    def read_through(self, moment: datetime) -> "Reference":
        """The same reference, blind to what was recorded after the moment, and to what this one is blind to."""
        narrowed = object.__new__(Reference)
        narrowed.__dict__.update(self.__dict__)
        narrowed._through = min(moment, self._through)
        return narrowed

    @property
    def held(self) -> Hashable:
        """Equal for two references that are one log, of which the same was read and is not hidden."""
        # Of one log read so far, fewer facts are always among the more.
        return self._log, len(self._facts), bisect_right(self._recorded_at, self._through)

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[ReferenceFact]:
        """The facts taken in, in the order of the log."""
        return iter(self._facts)

    def contract(self, contract_id: str, as_of: datetime) -> Contract | None:
        """The contract as amended by then; None while it was not known."""
        thread = self._contracts.get(contract_id)
        return None if thread is None else thread.fold(self._through, as_of)

    def contracts_of(self, party: str, as_of: datetime) -> frozenset[str]:
        """The contracts that name the party."""
        known = ((contract_id, self.contract(contract_id, as_of)) for contract_id in self._contracts)
        return frozenset(contract_id for contract_id, c in known if c is not None and c.has_party(party))

    def policy(self, policy_id: str, version: int, as_of: datetime) -> PolicyPublished | None:
        """That version of the policy; None while it was not published."""
        published = self._policies.get((policy_id, version))
        if published is None or published.recorded_at > self._through or published.known_at > as_of:
            return None
        return published

    def versions(self, policy_id: str, as_of: datetime) -> tuple[int, ...]:
        """The versions of the policy that were published, the lowest first."""
        named = sorted(version for of, version in self._policies if of == policy_id)
        return tuple(version for version in named if self.policy(policy_id, version, as_of) is not None)

    def names_policy(self, contract_id: str, policy_id: str) -> bool:
        """Whether the contract has ever named the policy, in any version."""
        return any(policy_id == of for of, _ in self._policies_of.get(contract_id, ()))

    def once(self, contract: Contract, published: PolicyPublished, make: Callable[[], T]) -> T:
        """What `make` gives under this very contract and policy, made once for as long as no policy is added."""
        made = self._made.get(contract.contract_id)
        known = self.policies_known()
        if made is None or made[0] is not contract or made[1] is not published or made[2] != known:
            # One for each contract: who reads the log in its order never comes back to an older one.
            made = self._made[contract.contract_id] = contract, published, known, make()
        return made[3]  # type: ignore[return-value]  # it is what `make` gave

    def policies_known(self) -> int:
        """How many policies the log held by what has been read of it: where it is the same, they are."""
        return bisect_right(self._published_at, self._through)

    def closure(
        self, shipment: str, as_of: datetime, contract_id: str | None = None
    ) -> ShipmentClosed | None:
        """The receiver's first word that this was all; None while the shipment is open.

        With a contract, only what was said under that contract: two may use the same name for a shipment.
        """
        thread = self._closures.get(shipment)
        if thread is None:
            return None
        seen = [
            f
            for f in thread.visible(self._through, as_of)
            if isinstance(f, ShipmentClosed) and contract_id in (None, f.contract_id)
        ]
        return min(seen, key=lambda f: (f.known_at, f.event_id), default=None)

    def party(self, party_id: str, as_of: datetime) -> Party | None:
        """The party as last registered, suspended or not; None while it was not known.

        What was said last is what became known last: imported history stands where the time that it names puts it.
        """
        thread = self._parties.get(party_id)
        if thread is None:
            return None
        party: Party | None = None
        for fact in thread.visible(self._through, as_of):
            if isinstance(fact, PartyRegistered):
                party = Party(fact.party_id, fact.name, fact.permissions)
            elif isinstance(fact, PartySuspended) and party is not None:
                party = replace(party, suspended=fact.reason)
        return party

    def may_report_for(self, reporter: str, party: str, as_of: datetime) -> bool:
        """Whether `party` has let `reporter` report for it, and what it said last of that has not run out."""
        if reporter == party:
            return True
        thread = self._delegations.get((party, reporter))
        last = None if thread is None else thread.last(self._through, as_of)
        return isinstance(last, DelegationGranted) and (last.valid_until is None or as_of < last.valid_until)

    def next_change(
        self, contracts: Iterable[str], shipments: Iterable[str], after: datetime
    ) -> datetime | None:
        """When, next after that moment, something about these contracts and shipments was recorded or began to count.

        Imported history counts from before it was recorded. What the log holds only after `read_through` is not
        among it.
        """
        moments: list[datetime] = []
        for contract_id in contracts:
            if (thread := self._contracts.get(contract_id)) is not None:
                moments += thread.moments(self._through, after)
            for policy in self._policies_of.get(contract_id, ()):
                if (published := self._policies.get(policy)) is not None:
                    moments += _moments(published, self._through, after)
        for shipment in shipments:
            if (thread := self._closures.get(shipment)) is not None:
                moments += thread.moments(self._through, after)
        return min(moments, default=None)

    def concerns(self, fact: ReferenceFact) -> tuple[frozenset[str], frozenset[str]]:
        """The contracts and the shipments whose drives this fact may judge anew."""
        match fact:
            case ContractRegistered() | ContractAmended():
                return frozenset({fact.contract_id}), frozenset()
            case PolicyPublished(policy=policy):
                return frozenset(self._policy_contracts.get((policy.id, policy.version), ())), frozenset()
            case ShipmentClosed():
                return frozenset(), frozenset({fact.shipment})
            case _:
                return frozenset(), frozenset()
