"""The judgement: one pure function that decides.

The projection, the advisories, the pages' past days and the rebuild all call this one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.durations import LATEST
from mitodoke.lifecycle.facts import DriveDestroyed, Fact, FlagAcknowledged, FlagWaived
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Awaited
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.obligations import INSTANT, owed
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import Record, Standing, standing
from mitodoke.lifecycle.reference import Contract, Reference
from mitodoke.lifecycle.verdict import (
    Flag,
    FlagState,
    ObligationState,
    Owed,
    Resolution,
    Verdict,
    flag_id,
)

Growth = dict[UUID, tuple[tuple[datetime, Severity], ...]]
"""What the breaches grow to, and from when on, by their flags."""


def judge(record: Record, reference: Reference, as_of: datetime) -> Verdict:
    """Everything that the drive is owed and everything that is wrong with it, as of that moment.

    Pure: no clock, no I/O, and no memory of earlier calls. Facts and reference facts that were
    not known at `as_of` do not count. Linear in the facts of the drive.
    """
    stood = standing(record, as_of)
    obligations: list[Owed] = []
    flags: list[Flag] = []
    grows: Growth = {}
    turns: list[datetime] = []
    for case in _cases(record.serial, stood, reference, as_of):
        for debt in owed(case):
            obligations.append(debt.owed)
            if debt.breach is not None:
                flags.append(debt.breach)
                if debt.grows:
                    grows[debt.breach.flag_id] = debt.grows
        for finding in _findings(case):
            if isinstance(finding, Flag):
                flags.append(finding)
            else:
                turns.append(finding.until)
    flags = _answered(flags, stood, reference, as_of, turns)
    if grows:
        flags = [_grown(flag, grows.get(flag.flag_id, ()), as_of, turns) for flag in flags]
    return Verdict(
        as_of, tuple(obligations), tuple(flags), _turns_at(stood, obligations, turns, reference, as_of)
    )


def _cases(serial: str, stood: Standing, reference: Reference, as_of: datetime) -> Iterator[Case]:
    destroyed = Earliest([fact for fact in stood.facts if fact.kind is DriveDestroyed.kind])
    shared: dict[Callable[[tuple[Fact, ...]], object], object] = {}
    for cycle in stood.cycles:
        contract = reference.contract(cycle.contract, as_of)
        published = None
        if contract is not None:
            published = reference.policy(contract.policy_id, contract.policy_version, as_of)
        yield Case(serial, cycle, stood.facts, destroyed, contract, published, reference, as_of, shared)


def _findings(case: Case) -> Iterator[Flag | Awaited]:
    for rule in CATALOGUE:
        for finding in rule.find(case):
            if isinstance(finding, Awaited):
                yield finding
                continue
            evident_at = finding.evident_at or finding.known_at
            mended_at = finding.mended_at
            yield Flag(
                flag_id=flag_id(case.serial, case.cycle.name, rule.id, finding.subject),
                contract=case.cycle.contract,
                cycle=case.cycle.name,
                kind=rule.id,
                subject=finding.subject,
                severity=rule.severity,
                party=finding.party,
                message=finding.message,
                raised_at=finding.known_at,
                evident_at=evident_at,
                resolved_at=mended_at and max(mended_at, evident_at),
                resolution=Resolution.CORRECTED if mended_at else None,
            )


def _answered(
    flags: list[Flag], stood: Standing, reference: Reference, as_of: datetime, turns: list[datetime]
) -> list[Flag]:
    """The flags with what people said of them; `turns` takes the moments at which an acknowledgement runs out.

    Only the contract's owner waives; its owner and its lessor acknowledge. Nobody talks their own debt away.
    """
    said: dict[UUID, list[FlagAcknowledged | FlagWaived]] = {}
    for fact in stood.corrections:
        if isinstance(fact, FlagAcknowledged | FlagWaived):
            said.setdefault(fact.flag, []).append(fact)
    answered: list[Flag] = []
    for flag in flags:
        about = said.get(flag.flag_id)
        contract = reference.contract(flag.contract, as_of) if about else None
        if about and contract is not None:
            flag = _waived(flag, about, contract, reference, as_of)
            until = _in_hand_until(about, contract)
            if flag.resolved_at is None and until is not None and until > as_of:
                flag = replace(flag, state=FlagState.ACKNOWLEDGED)
                turns.append(until)
        if flag.resolved_at is not None:
            flag = replace(flag, state=FlagState.RESOLVED)
        answered.append(flag)
    return answered


def _grown(
    flag: Flag, steps: Sequence[tuple[datetime, Severity]], as_of: datetime, turns: list[datetime]
) -> Flag:
    """The breach as grave as it had become by `as_of` or, if that was before, by when it was resolved."""
    until = flag.resolved_at or as_of
    severity = flag.severity
    for grows_at, grown in steps:
        if grows_at <= until:
            severity = max(severity, grown)
        elif flag.resolved_at is None:
            turns.append(grows_at)
    return flag if severity is flag.severity else replace(flag, severity=severity)


def _waived(
    flag: Flag,
    about: list[FlagAcknowledged | FlagWaived],
    contract: Contract,
    reference: Reference,
    as_of: datetime,
) -> Flag:
    told = [f for f in about if isinstance(f, FlagWaived) and _may(f, contract, Role.OWNER)]
    counts_at = _second_word_at(told, contract, reference, as_of)
    if counts_at is None:
        return flag
    waived_at = max(counts_at, flag.evident_at)
    if flag.resolved_at is not None and flag.resolved_at <= waived_at:
        return flag
    # What was waived stays so, though what was owed may come after all.
    return replace(flag, resolved_at=waived_at, resolution=Resolution.WAIVED)


def _second_word_at(
    told: list[FlagWaived], contract: Contract, reference: Reference, as_of: datetime
) -> datetime | None:
    """When enough people had waived it: one, or two where the policy in force at the last word asked for a second.

    Whose name nobody wrote down cannot be told from the other.
    """
    people: set[str] = set()
    for waiver in sorted(told, key=lambda f: (f.known_at, f.event_id)):
        people |= {waiver.operator} - {""}
        if len(people) > 1 or not _asks_second_person(waiver, contract, reference, as_of):
            return waiver.known_at
    return None


def _asks_second_person(
    waiver: FlagWaived, contract: Contract, reference: Reference, as_of: datetime
) -> bool:
    then = reference.contract(contract.contract_id, max(waiver.known_at, contract.known_at)) or contract
    published = reference.policy(then.policy_id, then.policy_version, as_of)
    return published is not None and published.policy.rules.waiver_second_person


def _in_hand_until(about: list[FlagAcknowledged | FlagWaived], contract: Contract) -> datetime | None:
    return max(
        (
            f.until
            for f in about
            if isinstance(f, FlagAcknowledged) and _may(f, contract, Role.OWNER, Role.LESSOR)
        ),
        default=None,
    )


def _may(fact: Fact, contract: Contract, *roles: Role) -> bool:
    return any(contract.approved(fact.party, role, fact.occurred_at) for role in roles)


def _turns_at(
    stood: Standing,
    obligations: list[Owed],
    turns: list[datetime],
    reference: Reference,
    as_of: datetime,
) -> datetime | None:
    moments = [
        debt.decided_at + INSTANT
        for debt in obligations
        if debt.state is ObligationState.PENDING and debt.decided_at < LATEST
    ]
    moments += turns
    if stood.next_known_at is not None:
        moments.append(stood.next_known_at)
    contracts = {cycle.contract for cycle in stood.cycles}
    shipments = {getattr(fact, "shipment", "") for fact in stood.facts} - {""}
    if (change := reference.next_change(contracts, shipments, as_of)) is not None:
        moments.append(change)
    return min(moments, default=None)
