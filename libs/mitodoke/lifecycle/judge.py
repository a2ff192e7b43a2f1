"""The judgement: one pure function that decides.

The projection, the advisories, the pages' past days and the rebuild all call this one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.durations import LATEST
from mitodoke.lifecycle.facts import DriveDestroyed, Fact, FlagAcknowledged, FlagWaived
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Awaited, Finding, Rule
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.obligations import INSTANT, Debt, owed
from mitodoke.lifecycle.policy import Obligation, Severity
from mitodoke.lifecycle.record import Cycle, Record, Standing, standing
from mitodoke.lifecycle.reference import END, Contract, PolicyPublished, Reference, ShipmentClosed
from mitodoke.lifecycle.verdict import (
    Flag,
    FlagState,
    ObligationState,
    Owed,
    Resolution,
    Verdict,
    flag_id,
)
from mitodoke.lifecycle.workings import (
    CycleWorkings,
    Growth,
    Piece,
    Read,
    Told,
    Whole,
    Workings,
    changed,
    one_of_a_kind,
)

EVERYTHING: Final = frozenset(Whole)
"""What is another in every drive."""


def judge(record: Record, reference: Reference, as_of: datetime, before: Verdict | None = None) -> Verdict:
    """Everything that the drive is owed and everything that is wrong with it, as of that moment.

    Pure: no clock, no I/O, and no memory of earlier calls. Facts and reference facts that were
    not known at `as_of` do not count. Linear in the facts of the drive. `before`, any verdict on the same
    drive by what was read of the same reference by then, saves work and changes nothing.
    """
    last = None
    if before is not None and before.as_of <= as_of and isinstance(before.workings, Workings):
        last = before.workings
    stood = standing(record, as_of, last.stood if last is not None else None)
    obligations: list[Owed] = []
    flags: list[Flag] = []
    grows: Growth = {}
    turns: list[datetime] = []
    workings = _worked_out(record.serial, stood, reference, as_of, last)
    for cycle in workings.cycles.values():
        if cycle.until is not None:
            turns.append(cycle.until)
        obligations += cycle.owed
        flags += cycle.flags
        grows |= cycle.grows
    if stood.corrections:
        flags = _answered(flags, stood, reference, as_of, turns)
    if grows:
        flags = [_grown(flag, grows.get(flag.flag_id, ()), as_of, turns) for flag in flags]
    if stood.next_known_at is not None:
        turns.append(stood.next_known_at)
    if (change := reference.next_change(stood.contracts, stood.shipments, as_of)) is not None:
        turns.append(change)
    return Verdict(as_of, tuple(obligations), tuple(flags), min(turns, default=None), workings)


def _worked_out(
    serial: str, stood: Standing, reference: Reference, as_of: datetime, last: Workings | None
) -> Workings:
    """Every piece of the judgement: as it was where nothing that it looked at has changed, else found anew."""
    news: set[Read] = set()
    if last is not None and last.stood is stood:
        destructions = last.destructions
    else:
        destructions = tuple(fact for fact in stood.facts if fact.kind is DriveDestroyed.kind)
        if last is not None and last.stood.facts != stood.facts:
            news.add(Whole.DRIVE)
        if last is not None and last.destructions != destructions:
            news.add(Whole.DESTRUCTIONS)
    destroyed = Earliest(destructions)
    shared = dict(last.shared) if last is not None else {}
    policies_known = reference.policies_known()
    cycles: dict[str, CycleWorkings] = {}
    for cycle in stood.cycles:
        contract = reference.contract(cycle.contract, as_of)
        published = None
        if contract is not None:
            published = reference.policy(contract.policy_id, contract.policy_version, as_of)
        name = cycle.name
        held = last.cycles.get(name) if last is not None else None
        if held is not None and not (
            held.contract is contract
            and held.published is published
            and held.policies_known == policies_known
        ):
            held = None
        told, of_cycle = held.told if held is not None else Told(), news
        if held is None and contract is not None and published is not None:
            held = reference.once(contract, published, partial(_untold, contract, published, reference))
            of_cycle = set(EVERYTHING)
        if held is not None:
            of_cycle = of_cycle | changed(held.cycle, cycle)
            if held.reads.isdisjoint(of_cycle) and _still_holds(held, reference, as_of, cycle.contract):
                cycles[name] = held if held.cycle is cycle else replace(held, cycle=cycle)
                continue
        case = Case(
            serial, cycle, stood.facts, destroyed, contract, published, reference, as_of, shared, told
        )
        cycles[name] = _together(case, policies_known, list(_pieces(case, held, of_cycle)))
    return Workings(stood, destructions, shared, cycles)


def _untold(contract: Contract, published: PolicyPublished, reference: Reference) -> CycleWorkings:
    """The judgement of a drive of which nothing was told: what most rules say of most drives."""
    nothing = Cycle(contract.contract_id, contract.contract_id, (), {}, END, END)
    case = Case("", nothing, (), Earliest(()), contract, published, reference, END, {}, Told())
    return _together(case, reference.policies_known(), list(_pieces(case, None, set())))


def _pieces(case: Case, held: CycleWorkings | None, news: set[Read]) -> Iterator[Piece]:
    owes = case.published.policy.obligations if case.published is not None else ()
    if held is None:
        for obligation in owes:
            yield _owed(case, obligation)
        for rule in CATALOGUE:
            yield _found(case, rule)
        return
    reference, as_of, contract = case.reference, case.as_of, case.cycle.contract
    for number, piece in enumerate(held.pieces):
        if piece.reads.isdisjoint(news) and _still_holds(piece, reference, as_of, contract):
            yield piece
        elif number < len(owes):
            yield _owed(case, owes[number])
        else:
            yield _found(case, CATALOGUE[number - len(owes)], piece)


def _still_holds(of: Piece | CycleWorkings, reference: Reference, as_of: datetime, contract: str) -> bool:
    """Whether neither silence nor the closure of a shipment has changed it."""
    return (of.until is None or as_of < of.until) and (
        not of.closures
        or all(reference.closure(shipment, as_of, contract) is closed for shipment, closed in of.closures)
    )


def _together(case: Case, policies_known: int, pieces: Sequence[Piece]) -> CycleWorkings:
    """What the pieces of one cycle come to."""
    reads: set[Read] = set()
    closures: list[tuple[str, ShipmentClosed | None]] = []
    obligations: list[Owed] = []
    flags: list[Flag] = []
    grows: Growth = {}
    until: datetime | None = None
    for piece in pieces:
        reads |= piece.reads
        closures += piece.closures
        if piece.until is not None and (until is None or piece.until < until):
            until = piece.until
        for answer in piece.answer:
            if isinstance(answer, Flag):
                flags.append(answer)
            elif isinstance(answer, Debt):
                obligations.append(answer.owed)
                if answer.breach is not None:
                    flags.append(answer.breach)
                    if answer.grows:
                        grows[answer.breach.flag_id] = answer.grows
    return CycleWorkings(
        case.cycle,
        case.contract,
        case.published,
        policies_known,
        case.told,
        tuple(pieces),
        one_of_a_kind(reads),
        tuple(closures),
        until,
        tuple(obligations),
        tuple(flags),
        grows,
    )


def _owed(case: Case, obligation: Obligation) -> Piece:
    debts = tuple(owed(case, obligation))
    until = min((decided for debt in debts if (decided := _decided(debt.owed)) is not None), default=None)
    return case.piece(debts, until)


def _decided(debt: Owed) -> datetime | None:
    """From when on silence alone makes a breach of it."""
    if debt.state is ObligationState.PENDING and debt.decided_at < LATEST:
        return debt.decided_at + INSTANT
    return None


def _found(case: Case, rule: Rule, before: Piece | None = None) -> Piece:
    held = dict(zip(before.findings, before.answer, strict=True)) if before is not None else {}
    findings: list[Finding] = []
    flags: list[object] = []
    until: datetime | None = None
    for finding in rule.find(case):
        if isinstance(finding, Awaited):
            until = finding.until if until is None else min(until, finding.until)
        else:
            findings.append(finding)
            flags.append(held.get(finding) or _flag(case, rule, finding))
    return case.piece(tuple(flags), until, tuple(findings))


def _flag(case: Case, rule: Rule, finding: Finding) -> Flag:
    evident_at = finding.evident_at or finding.known_at
    mended_at = finding.mended_at
    # A fact is the same fact in whichever cycle later reports put it.
    of = case.cycle.contract if isinstance(finding.subject, UUID) else case.cycle.name
    subject = str(finding.subject)
    return Flag(
        flag_id=flag_id(case.number, of, rule.id, subject),
        contract=case.cycle.contract,
        cycle=case.cycle.name,
        kind=rule.id,
        subject=subject,
        severity=rule.severity,
        party=finding.party,
        message=finding.message,
        raised_at=finding.known_at,
        evident_at=evident_at,
        state=FlagState.RESOLVED if mended_at else FlagState.OPEN,
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
        if flag.resolved_at is not None and flag.state is not FlagState.RESOLVED:
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
