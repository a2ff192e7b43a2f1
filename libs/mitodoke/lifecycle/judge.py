"""The judgement: one pure function that decides.

The projection, the advisories, the pages' past days and the rebuild all call this one.
"""

from collections.abc import Collection, Sequence
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
from mitodoke.lifecycle.reference import END, Contract, PolicyPublished, Reference
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
    ANYWHERE,
    Anywhere,
    CycleWorkings,
    Growth,
    Piece,
    Read,
    Readers,
    Told,
    Whole,
    Workings,
    anywhere,
    changed,
)

EVERYTHING: Final[frozenset[Read]] = frozenset(Whole)
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
    news = _changed_in(stood, last)
    of_drive: set[Read] = {read for reads in news.values() for read in reads if isinstance(read, Anywhere)}
    destructions = last.destructions if last is not None else ()
    if last is None or ANYWHERE[DriveDestroyed.kind] in of_drive:
        destructions = tuple(fact for fact in stood.facts if fact.kind is DriveDestroyed.kind)
        of_drive.add(Whole.DESTRUCTIONS)
    if last is None or len(last.stood.contracts) != len(stood.contracts):
        of_drive.add(Whole.CONTRACTS)
    told_of: frozenset[Read] | None = None
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
        of_cycle: Collection[Read] = of_drive | news.get(name, NOTHING_NEW)
        held = last.cycles.get(name) if last is not None else None
        if held is not None and not (
            held.contract is contract
            and held.published is published
            and held.policies_known == policies_known
        ):
            held = None
        told = held.told if held is not None else Told()
        if held is None and contract is not None and published is not None:
            held = reference.once(contract, published, partial(_untold, contract, published, reference))
            if told_of is None:
                told_of = EVERYTHING.union(*{anywhere(*each.by_kind) for each in stood.cycles})
            of_cycle = told_of.union(cycle.by_kind)
        if held is not None:
            asked = _asked_anew(held, of_cycle, reference, as_of, cycle.contract)
            if not asked:
                cycles[name] = held if held.cycle is cycle else replace(held, cycle=cycle)
                continue
        case = Case(
            serial,
            cycle,
            stood.facts,
            destroyed,
            len(stood.contracts),
            contract,
            published,
            reference,
            as_of,
            shared,
            told,
        )
        cycles[name] = _together(case, policies_known, held, _anew(case, held, asked if held else 0))
    return Workings(stood, destructions, shared, cycles)


NOTHING_NEW: Final[frozenset[Read]] = frozenset()


def _changed_in(stood: Standing, last: Workings | None) -> dict[str, set[Read]]:
    """What of each cycle, by its name, is no longer as it was."""
    if last is not None and last.stood is stood:
        return {}
    before = {cycle.name: cycle for cycle in last.stood.cycles} if last is not None else {}
    news: dict[str, set[Read]] = {}
    for cycle in stood.cycles:
        held = before.pop(cycle.name, None)
        if held is not cycle:
            news[cycle.name] = changed(held, cycle)
    for name, cycle in before.items():
        news[name] = {ANYWHERE[kind] for kind in cycle.by_kind}
    return news


def _asked_anew(
    held: CycleWorkings, news: Collection[Read], reference: Reference, as_of: datetime, contract: str
) -> int:
    """The pieces, by their bits, that have looked at something that is new, or whose time has come."""
    asked, readers = 0, held.readers
    for read in news:
        asked |= readers.get(read, 0)
    waiting = held.waiting & ~asked
    while waiting:
        number = (waiting & -waiting).bit_length() - 1
        if not _still_holds(held.pieces[number], reference, as_of, contract):
            asked |= 1 << number
        waiting &= waiting - 1
    return asked


def _untold(contract: Contract, published: PolicyPublished, reference: Reference) -> CycleWorkings:
    """The judgement of a drive of which nothing was told: what most rules say of most drives."""
    nothing = Cycle(contract.contract_id, contract.contract_id, (), {}, END, END)
    case = Case("", nothing, (), Earliest(()), 1, contract, published, reference, END, {}, Told())
    return _together(case, reference.policies_known(), None, _anew(case, None, 0))


def _anew(case: Case, held: CycleWorkings | None, asked: int) -> list[Piece]:
    """All pieces, obligations before rules: those asked anew, by their bits, and the others as they were."""
    owes = case.published.policy.obligations if case.published is not None else ()
    if held is None:
        return [
            *(_owed(case, obligation) for obligation in owes),
            *(_found(case, rule) for rule in CATALOGUE),
        ]
    pieces = list(held.pieces)
    while asked:
        number = (asked & -asked).bit_length() - 1
        if number < len(owes):
            pieces[number] = _owed(case, owes[number], pieces[number])
        else:
            pieces[number] = _found(case, CATALOGUE[number - len(owes)], pieces[number])
        asked &= asked - 1
    return pieces


def _still_holds(of: Piece, reference: Reference, as_of: datetime, contract: str) -> bool:
    """Whether neither silence nor the closure of a shipment has changed it."""
    return (of.until is None or as_of < of.until) and (
        not of.closures
        or all(reference.closure(shipment, as_of, contract) is closed for shipment, closed in of.closures)
    )


def _together(
    case: Case, policies_known: int, held: CycleWorkings | None, pieces: Sequence[Piece]
) -> CycleWorkings:
    """What the pieces of one cycle come to."""
    obligations: list[Owed] = []
    flags: list[Flag] = []
    grows: Growth = {}
    until: datetime | None = None
    waiting, bit = 0, 1
    for piece in pieces:
        if piece.until is not None or piece.closures:
            waiting |= bit
            if piece.until is not None and (until is None or piece.until < until):
                until = piece.until
        bit <<= 1
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
        _readers(held, pieces),
        waiting,
        until,
        tuple(obligations),
        tuple(flags),
        grows,
    )


def _readers(held: CycleWorkings | None, pieces: Sequence[Piece]) -> Readers:
    before = held.pieces if held is not None else (None,) * len(pieces)
    readers = held.readers if held is not None else {}
    for number, (was, piece) in enumerate(zip(before, pieces, strict=True)):
        if was is piece or (was is not None and was.reads is piece.reads):
            continue
        if held is not None and readers is held.readers:
            readers = dict(readers)
        bit = 1 << number
        if was is not None:
            for read in was.reads - piece.reads:
                readers[read] &= ~bit
        for read in piece.reads:
            readers[read] = readers.get(read, 0) | bit
    return readers


def _owed(case: Case, obligation: Obligation, before: Piece | None = None) -> Piece:
    debts = tuple(owed(case, obligation))
    answer: tuple[object, ...] = before.answer if before is not None and before.answer == debts else debts
    until: datetime | None = None
    for debt in debts:
        decided = _decided(debt.owed)
        if decided is not None and (until is None or decided < until):
            until = decided
    return case.piece(answer, until, (), before)


def _decided(debt: Owed) -> datetime | None:
    """From when on silence alone makes a breach of it."""
    if debt.state is ObligationState.PENDING and debt.decided_at < LATEST:
        return debt.decided_at + INSTANT
    return None


def _found(case: Case, rule: Rule, before: Piece | None = None) -> Piece:
    findings: list[Finding] = []
    until: datetime | None = None
    for finding in rule.find(case):
        if isinstance(finding, Awaited):
            until = finding.until if until is None else min(until, finding.until)
        else:
            findings.append(finding)
    if before is None:
        return case.piece(tuple([_flag(case, rule, finding) for finding in findings]), until, tuple(findings))
    found = tuple(findings)
    if found == before.findings:
        return case.piece(before.answer, until, before.findings, before)
    held = dict(zip(before.findings, before.answer, strict=True)) if found else {}
    flags = tuple([held.get(finding) or _flag(case, rule, finding) for finding in found])
    return case.piece(flags, until, found, before)


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
