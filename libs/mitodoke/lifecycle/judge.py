"""The judgement: one pure function that decides.

The projection, the advisories, the pages' past days and the rebuild all call this one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Final, NamedTuple
from uuid import UUID

from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.durations import LATEST
from mitodoke.lifecycle.facts import DriveDestroyed, Fact, FlagAcknowledged, FlagWaived
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Awaited, Finding, Rule
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.obligations import INSTANT, owed
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
    the_one_more,
)

EVERYTHING: Final[frozenset[Read]] = frozenset(Whole) - {Whole.CYCLE}
"""What, besides its facts, is another in every drive."""


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
    if workings.reference_until is not None:
        turns.append(workings.reference_until)
    return Verdict(as_of, tuple(obligations), tuple(flags), min(turns, default=None), workings)


def _worked_out(
    serial: str, stood: Standing, reference: Reference, as_of: datetime, last: Workings | None
) -> Workings:
    """Every piece of the judgement: as it was where nothing that it looked at has changed, else found anew."""
    news = _news(stood, last)
    latest, of_drive = news.latest, news.of_drive
    destructions = last.destructions if last is not None else ()
    if last is None or ANYWHERE[DriveDestroyed.kind] in (of_drive if latest is None else news.looked_at):
        destructions = tuple(fact for fact in stood.facts if fact.kind is DriveDestroyed.kind)
        of_drive.add(Whole.DESTRUCTIONS)
    if last is None or len(last.stood.contracts) != len(stood.contracts):
        of_drive.add(Whole.CONTRACTS)
    same_reference = last is not None and _says_the_same(reference, last, as_of)
    told_of: frozenset[Read] | None = None
    destroyed = Earliest(destructions)
    shared = dict(last.shared) if last is not None else {}
    policies_known = reference.policies_known()
    cycles: dict[str, CycleWorkings] = {}
    for cycle in stood.cycles:
        name = cycle.name
        new: Collection[Read] = news.of_cycle.get(name, ())
        may_matter = news.looked_at if name == news.name else news.looked_at[:1]
        held = last.cycles.get(name) if last is not None else None
        if held is not None and same_reference:
            contract, published = held.contract, held.published
        else:
            contract, published = _agreement(cycle.contract, reference, as_of)
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
            new = told_of
            if name != news.name or len(cycle.facts) > 1:
                new, may_matter = told_of.union(cycle.by_kind, (Whole.CYCLE,)), ()
        asked = may_be_moved = 0
        if held is not None:
            asked = _looking_at(held, (*of_drive, *new))
            for number in _numbers(held.waiting & ~asked):
                piece = held.pieces[number]
                in_time = piece.until is None or as_of < piece.until
                if not in_time or not (
                    same_reference or _closed_alike(piece, reference, as_of, cycle.contract)
                ):
                    asked |= 1 << number
            may_be_moved = _looking_at(held, may_matter) & ~asked
            if not asked and not may_be_moved:
                cycles[name] = held
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
        if held is None:
            cycles[name] = _from_nothing(case, policies_known)
        else:
            if latest is not None and may_be_moved:
                asked |= _moved(case, held, may_be_moved, latest)
            cycles[name] = _again(case, held, asked)
    if (
        last is not None
        and same_reference
        and stood.contracts is last.stood.contracts
        and stood.shipments is last.stood.shipments
    ):
        until = last.reference_until
    else:
        until = reference.next_change(stood.contracts, stood.shipments, as_of)
    return Workings(stood, destructions, shared, cycles, reference.held, until)


def _agreement(
    contract_id: str, reference: Reference, as_of: datetime
) -> tuple[Contract | None, PolicyPublished | None]:
    contract = reference.contract(contract_id, as_of)
    if contract is None:
        return None, None
    return contract, reference.policy(contract.policy_id, contract.policy_version, as_of)


def _says_the_same(reference: Reference, last: Workings, as_of: datetime) -> bool:
    """Whether it says of the same contracts and shipments what it said then."""
    return last.reference == reference.held and (last.reference_until is None or as_of < last.reference_until)


class _News(NamedTuple):
    """What is no longer as it was, of each cycle by its name, and of the drive."""

    of_cycle: Mapping[str, Collection[Read]]
    of_drive: set[Read]
    name: str = ""
    """The cycle of `latest`."""
    latest: Fact | None = None
    """What alone is new besides, if that is one fact and later than all others of the drive."""
    looked_at: tuple[Read, ...] = ()
    """What is another by `latest`: of the drive, and of its cycle."""


def _news(stood: Standing, last: Workings | None) -> _News:
    gone = {cycle.name: cycle for cycle in last.stood.cycles} if last is not None else {}
    others: list[tuple[Cycle | None, Cycle]] = []
    for cycle in stood.cycles:
        was = gone.pop(cycle.name, None)
        if was is not cycle:
            others.append((was, cycle))
    if len(others) == 1 and not gone:
        [(was, cycle)] = others
        fact = the_one_more(was, cycle)
        if fact is not None and fact is stood.facts[-1]:
            first = () if was is not None and was.first_known_at == cycle.first_known_at else (Whole.FIRST,)
            looked_at = ANYWHERE[fact.kind], fact.kind, Whole.CYCLE
            return _News({cycle.name: first}, set(), cycle.name, fact, looked_at)
    of_cycle: dict[str, set[Read]] = {}
    of_drive: set[Read] = set()
    for was, cycle in others:
        kinds = changed(was, cycle)
        of_drive.update(map(ANYWHERE.__getitem__, kinds))
        if kinds:
            of_cycle[cycle.name] = {*kinds, Whole.CYCLE}
            if was is None or was.first_known_at != cycle.first_known_at:
                of_cycle[cycle.name].add(Whole.FIRST)
    for cycle in gone.values():
        of_drive.update(map(ANYWHERE.__getitem__, cycle.by_kind))
    return _News(of_cycle, of_drive)


def _looking_at(held: CycleWorkings, what: Iterable[Read]) -> int:
    """The pieces, by their bits, that have looked at some of it."""
    looking, readers = 0, held.readers
    for read in what:
        looking |= readers.get(read, 0)
    return looking


def _moved(case: Case, held: CycleWorkings, looking: int, fact: Fact) -> int:
    """Of the pieces that look at the one fact that is new, those whose answer it may change."""
    first = len(held.pieces) - len(CATALOGUE)
    for number in _numbers(looking >> first << first):
        moved_by = CATALOGUE[number - first].moved_by
        if moved_by is not None and not moved_by(fact, case, held.pieces[number].findings):
            looking ^= 1 << number
    case.forget()
    return looking


@lru_cache(maxsize=4096)
def _numbers(bits: int) -> tuple[int, ...]:
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def _untold(contract: Contract, published: PolicyPublished, reference: Reference) -> CycleWorkings:
    """The judgement of a drive of which nothing was told: what most rules say of most drives."""
    nothing = Cycle(contract.contract_id, contract.contract_id, (), {}, END, END)
    case = Case("", nothing, (), Earliest(()), 1, contract, published, reference, END, {}, Told())
    return _from_nothing(case, reference.policies_known())


def _from_nothing(case: Case, policies_known: int) -> CycleWorkings:
    """All pieces, obligations before rules."""
    pieces = [
        *(_owed(case, obligation) for obligation in _obligations(case)),
        *(_found(case, rule) for rule in CATALOGUE),
    ]
    return _together(
        case, policies_known, pieces, {}, 0, [(n, None, piece) for n, piece in enumerate(pieces)]
    )


def _obligations(case: Case) -> tuple[Obligation, ...]:
    return case.published.policy.obligations if case.published is not None else ()


def _again(case: Case, held: CycleWorkings, asked: int) -> CycleWorkings:
    """What was held, with the pieces that are asked anew, by their bits."""
    owes = _obligations(case)
    others: list[tuple[int, Piece | None, Piece]] = []
    for number in _numbers(asked):
        before = held.pieces[number]
        if number < len(owes):
            piece = _owed(case, owes[number], before)
        else:
            piece = _found(case, CATALOGUE[number - len(owes)], before)
        if piece is not before:
            others.append((number, before, piece))
    if not others and held.told is case.told:
        return held
    pieces = list(held.pieces)
    for number, _, piece in others:
        pieces[number] = piece
    return _together(case, held.policies_known, pieces, held.readers, held.waiting, others)


def _closed_alike(of: Piece, reference: Reference, as_of: datetime, contract: str) -> bool:
    """Whether the shipments that it asked for are closed, or not, as they were."""
    return all(reference.closure(shipment, as_of, contract) is closed for shipment, closed in of.closures)


def _together(
    case: Case,
    policies_known: int,
    pieces: Sequence[Piece],
    readers: Readers,
    waiting: int,
    others: Sequence[tuple[int, Piece | None, Piece]],
) -> CycleWorkings:
    """What the pieces of one cycle come to; `readers` and `waiting` are those of before the `others` among them."""
    obligations: list[Owed] = []
    flags: list[Flag] = []
    grows: Growth = {}
    owes = len(pieces) - len(CATALOGUE)
    for piece in pieces[:owes]:
        for debt in piece.answer:
            obligations.append(debt.owed)
            if debt.breach is not None:
                flags.append(debt.breach)
                if debt.grows:
                    grows[debt.breach.flag_id] = debt.grows
    for piece in pieces[owes:]:
        if piece.answer:
            flags += piece.answer
    for number, _, piece in others:
        waiting &= ~(1 << number)
        if piece.until is not None or piece.closures:
            waiting |= 1 << number
    until = [pieces[number].until for number in _numbers(waiting)]
    return CycleWorkings(
        case.contract,
        case.published,
        policies_known,
        case.told,
        tuple(pieces),
        _readers(readers, others),
        waiting,
        min((moment for moment in until if moment is not None), default=None),
        tuple(obligations),
        tuple(flags),
        grows,
    )


def _readers(held: Readers, others: Iterable[tuple[int, Piece | None, Piece]]) -> Readers:
    """The readers with other pieces, each in the place of the one before."""
    readers = held
    for number, was, piece in others:
        if was is not None and was.reads is piece.reads:
            continue
        if readers is held:
            readers = dict(held)
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

    Only the contract's owner waives; its owner and its lessor acknowledge. Nobody talks their own debt away. They must
    stand in that role when their word becomes known: when it was said is their own claim.
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
    return any(contract.approved(fact.party, role, fact.known_at) for role in roles)
