"""Random histories of one drive: two contracts, late, repeated, imported and retracted facts, changing agreements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from hypothesis import strategies as st

from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    DataExported,
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveLost,
    DriveReturned,
    DriveWiped,
    ExportApproved,
    Fact,
    IncidentReported,
    LeaseEnded,
)
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import (
    CustodyRule,
    DestructionMethod,
    DestructionRule,
    Per,
    Person,
    Rules,
    SanitisationLevel,
    Site,
    TransitRule,
    Weekday,
    WorkingHours,
)
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.reference import BEGINNING, Reference, ReferenceFact
from mitodoke.lifecycle.verdict import Verdict
from worlds import (
    CARRIER,
    CRITICAL,
    DESTROYER,
    LESSOR,
    MAJOR,
    OWNER,
    SANITISER,
    STRANGER,
    WARNING,
    accepted,
    acknowledged,
    amended,
    approval,
    at,
    certified,
    closed,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    export_approved,
    exported,
    initialised,
    lease_ended,
    lease_extended,
    lost,
    owes,
    policy,
    published,
    record,
    recovered,
    reference,
    registered,
    released,
    removed,
    reported,
    retracted,
    returned,
    sighted,
    transferred,
    verified,
    waived,
    wiped,
)

START = at("01-01")
DAYS = 120
CONTRACTS = ("K-1", "K-2")
SHIPMENTS = ("LOT-1", "LOT-2")
PARTIES = (OWNER, LESSOR, SANITISER, CARRIER, DESTROYER, STRANGER)
DELAYS = (timedelta(0), timedelta(hours=3), timedelta(hours=30), timedelta(days=40))
GRACE = timedelta(hours=24)

FULL = policy(
    owes("return", LeaseEnded, DriveReturned, "10bd", Role.LESSOR),
    owes("arrival", DriveDispatched, DriveDelivered, "eta+4h", Role.CARRIER, Per.SHIPMENT),
    owes("erasure", DriveReturned, DriveWiped, "30h", Role.SANITISER),
    owes("destruction", DriveReturned, DriveDestroyed, "15d", Role.DESTROYER),
    owes("certificate", DriveReturned, CertificateAccepted, "1 month", Role.LESSOR, severity=CRITICAL),
    owes(
        "after-use",
        DataExported,
        DriveWiped,
        "6h",
        Role.CARRIER,
        severity=WARNING,
        grows={"2h": MAJOR, "3d": CRITICAL},
    ),
    owes("back", ExportApproved, DriveReturned, "return_by", Role.CARRIER, grows={"20d": CRITICAL}),
    owes("told", DriveLost, IncidentReported, "1h", Role.CARRIER, report="to_owner"),
    owes("report", DriveLost, IncidentReported, "30d", Role.OWNER, report="final"),
    rules=Rules(
        sanitise_before_release=True,
        steps=(FactKind.DRIVE_RELEASED, FactKind.DRIVE_RETURNED, FactKind.DRIVE_DESTROYED),
        destruction=DestructionRule(
            methods=(DestructionMethod.SHRED,),
            witness=Role.OWNER,
            before_leaving=Site.LESSOR,
            particle={"hdd": "H-4", "ssd": "E-4"},
        ),
        minimum_method={
            "hdd": SanitisationLevel.PURGE,
            "flash": SanitisationLevel.PURGE,
            "open": SanitisationLevel.CLEAR,
            "secret": SanitisationLevel.DESTROY,
        },
        transit=TransitRule(seal_required=True, crew=2),
        separate_people=((Person.OPERATOR, Person.WITNESS), (Person.OPERATOR, Person.VERIFIER)),
        evidence={FactKind.DRIVE_DESTROYED: ("photo",)},
        working_hours=WorkingHours(tuple(Weekday)[:5], time(8), time(18)),
        late_report=timedelta(hours=24),
        custody=CustodyRule(timedelta(hours=5)),
        export_approval=True,
    ),
    grace=GRACE,
)
STRICT = replace(
    FULL,
    version=3,
    rules=replace(
        FULL.rules,
        steps=(
            FactKind.LEASE_ENDED,
            FactKind.DRIVE_WIPED,
            FactKind.WIPE_VERIFIED,
            FactKind.DRIVE_RELEASED,
            FactKind.DRIVE_RETURNED,
        ),
        destruction=DestructionRule(methods=(DestructionMethod.SHRED,), before_leaving=Site.OWNER),
        evidence={FactKind.DRIVE_WIPED: ("photo",)},
    ),
)
SPARE = policy(
    owes("arrival", DriveReturned, DriveDelivered, "2d", Role.CARRIER),
    owes("destruction", DriveReturned, DriveDestroyed, "40d", Role.DESTROYER),
    rules=Rules(waiver_second_person=True),
    version=2,
)

_PLAIN = (
    enrolled, enrolled, lease_extended, lease_ended, released, returned, returned, initialised, dispatched, delivered,
    transferred, destroyed, certified, accepted, sighted, lost, recovered, removed, export_approved, exported, reported,
)  # fmt: skip
_SHIPPED = (released, returned, dispatched, delivered)


@dataclass(frozen=True)
class History:
    """What was reported of one drive, what was agreed, and a few moments at which to look."""

    facts: tuple[Fact, ...]
    agreements: tuple[ReferenceFact, ...]
    moments: tuple[datetime, ...]

    @property
    def agreed(self) -> Reference:
        """The whole reference log."""
        return reference(*self.agreements)


def moments() -> st.SearchStrategy[datetime]:
    """A moment of the months in question, to the hour, so that many fall together."""
    return st.integers(0, DAYS * 24).map(lambda hours: START + timedelta(hours=hours))


@st.composite
def _reports(
    draw: st.DrawFn,
    delays: Sequence[timedelta],
    contracts: Sequence[str],
    imports: bool,
    hours: int = DAYS * 24,
) -> Fact:
    occurred = START + timedelta(hours=draw(st.integers(0, hours)))
    says = draw(st.sampled_from((*_PLAIN, wiped, verified)))
    fields: dict[str, object] = {}
    if says in _SHIPPED:
        fields["shipment"] = draw(st.sampled_from(SHIPMENTS))
    if says is dispatched and draw(st.booleans()):
        fields["eta"] = occurred + timedelta(hours=draw(st.integers(-5, 60)))
    if says is export_approved:
        fields["return_by"] = draw(
            st.none() | st.integers(-5, 60).map(lambda h: occurred + timedelta(hours=h))
        )
        fields["carrier"] = draw(st.sampled_from(("", CARRIER)))
    if says is exported:
        fields["carrier"] = draw(st.sampled_from(("", CARRIER, STRANGER)))
    if says is reported:
        fields["report"] = draw(st.sampled_from(("to_owner", "final")))
    if says is transferred:
        giver, taker = draw(st.sampled_from(((LESSOR, DESTROYER), (DESTROYER, LESSOR), (LESSOR, CARRIER))))
        fields |= {"from_party": giver, "to_party": taker, "by": draw(st.sampled_from((giver, taker)))}
    if says is certified:
        fields["serial_on_certificate"] = draw(st.sampled_from(("", "", "WMC4N0012346")))
        fields["method"] = draw(st.sampled_from(("", "shred", "melt")))
    if says is lease_extended:
        fields["until"] = occurred + timedelta(hours=draw(st.integers(1, hours)))
    if says in (wiped, destroyed):
        fields["evidence"] = draw(st.sampled_from(((), ("photo",))))
    if says is dispatched:
        fields["crew"] = draw(st.sampled_from((("one",), ("one", "two"))))
    if says is wiped:
        fields["passed"] = draw(st.booleans())
    if says is verified:
        fields["accepted"] = draw(st.booleans())
    if says is wiped:
        fields["method"] = draw(
            st.sampled_from(("overwrite", "degauss", "block_erase", "cryptographic_erase"))
        )
    if says is verified:
        fields["by"] = draw(st.sampled_from((OWNER, SANITISER)))
    if says in (enrolled, removed):
        fields["enclosure"] = draw(st.sampled_from(("", "A-1", "A-1", "a-1", "B-2")))
    if says is enrolled:
        fields["media_type"] = draw(st.sampled_from(("", "hdd", "ssd")))
        fields["data_class"] = draw(st.sampled_from(("", "open", "secret")))
    if says in (released, dispatched):
        fields["seal"] = draw(st.sampled_from(("", "A", "B")))
    if says in (returned, delivered):
        fields["seal_found"] = draw(st.sampled_from(("", "A", "B")))
    if says is destroyed:
        fields["method"] = draw(st.sampled_from(("shred", "crush")))
        fields["security_level"] = draw(st.sampled_from(("", "H-4")))
        fields["place"] = draw(st.sampled_from(("", OWNER, LESSOR)))
        fields["witness_party"] = draw(st.sampled_from((OWNER, DESTROYER)))
        fields["witness"] = draw(st.sampled_from(("operator", "w")))
    if draw(st.integers(0, 5)) == 0:
        fields["by"] = draw(st.sampled_from(PARTIES))
    contract = draw(st.sampled_from(contracts))
    known = occurred + draw(st.sampled_from(delays))
    imported = imports and draw(st.integers(0, 4)) == 0
    fact: Fact = says(occurred, known=known, contract=contract, backfilled=imported, **fields)
    return fact


@st.composite
def _corrections(draw: st.DrawFn, facts: Sequence[Fact], flags: Sequence[UUID]) -> Fact:
    occurred = draw(moments())
    by = draw(st.sampled_from((OWNER, OWNER, LESSOR, STRANGER)))
    contract = draw(st.sampled_from(CONTRACTS))
    known = occurred + draw(st.sampled_from(DELAYS))
    if not flags or draw(st.integers(0, 2)) == 0:
        of = draw(st.sampled_from(facts))
        own = draw(st.integers(0, 3)) > 0
        return retracted(
            occurred, known=known, by=of.party if own else by, contract=contract, retracted=of.event_id
        )
    flag = draw(st.sampled_from(flags))
    if draw(st.booleans()):
        person = draw(st.sampled_from(("operator", "another")))
        return waived(occurred, known=known, by=by, contract=contract, flag=flag, person=person)
    until = occurred + timedelta(hours=draw(st.integers(1, 900)))
    return acknowledged(occurred, known=known, by=by, contract=contract, flag=flag, until=until)


@st.composite
def _agreements(draw: st.DrawFn) -> tuple[ReferenceFact, ...]:
    log: list[ReferenceFact] = []
    for of in (FULL, SPARE):
        log.append(published(of, draw(st.one_of(st.just(BEGINNING), moments()))))
    for contract in CONTRACTS:
        if draw(st.integers(0, 5)):
            known = draw(st.one_of(st.just(BEGINNING), moments()))
            version = draw(st.sampled_from((1, 1, 2)))
            counts_from = draw(st.sampled_from((None, None, START))) if known > START else None
            log.append(registered(contract, known, version=version, counts_from=counts_from))
    for _ in range(draw(st.integers(0, 2))):
        contract, known = draw(st.sampled_from(CONTRACTS)), draw(moments())
        if draw(st.booleans()):
            log.append(amended(known, version=draw(st.sampled_from((1, 2))), contract=contract))
        else:
            party, role = draw(st.sampled_from(PARTIES)), draw(st.sampled_from(Role))
            held = approval(party, role, draw(st.none() | moments()), draw(st.none() | moments()))
            log.append(amended(known, held, contract=contract))
    for _ in range(draw(st.integers(0, 2))):
        known = draw(moments())
        counts_from = draw(st.sampled_from((None, None, START + timedelta(days=30))))
        if counts_from is not None and counts_from > known:
            counts_from = None
        log.append(
            closed(known, draw(st.sampled_from(SHIPMENTS)), draw(st.sampled_from(CONTRACTS)), counts_from)
        )
    return tuple(log)


def _each_once(facts: Sequence[Fact]) -> list[Fact]:
    return list({fact.event_id: fact for fact in facts}.values())


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Everything at once."""
    facts = draw(st.lists(_reports(DELAYS, CONTRACTS, imports=True), min_size=1, max_size=12))
    agreements = draw(_agreements())
    if draw(st.booleans()):
        raised = judge(record(_each_once(facts)), reference(*agreements), START + timedelta(days=DAYS))
        flags = [flag.flag_id for flag in raised.flags]
        facts += draw(st.lists(_corrections(facts, flags), max_size=4))
    unique = {fact.event_id: fact for fact in facts}
    repeated = draw(st.lists(st.sampled_from(list(unique.values())), max_size=3))
    facts = [
        *unique.values(),
        *(replace(f, recorded_at=f.recorded_at + timedelta(hours=7)) for f in repeated),
    ]
    return History(
        tuple(facts), draw(_agreements()), tuple(draw(st.lists(moments(), min_size=1, max_size=3)))
    )


@st.composite
def told_in_order(draw: st.DrawFn) -> History:
    """One contract that never changes, and reports that all take equally long and are never taken back."""
    delay = draw(st.sampled_from(DELAYS[:3]))
    facts = draw(st.lists(_reports((delay,), CONTRACTS[:1], imports=False), min_size=1, max_size=10))
    known = draw(st.one_of(st.just(BEGINNING), moments()))
    agreed = (published(FULL, BEGINNING), registered(CONTRACTS[0], known))
    return History(tuple(_each_once(facts)), agreed, tuple(draw(st.lists(moments(), min_size=1, max_size=3))))


@st.composite
def in_a_rush(draw: st.DrawFn) -> History:
    """Many reports of a few hours, so that many happen or are told at once, under every rule."""
    delays = draw(st.sampled_from((DELAYS[:1], DELAYS[:3])))
    reports = _reports(
        delays, draw(st.sampled_from((CONTRACTS[:1], CONTRACTS))), draw(st.booleans()), hours=24
    )
    facts = draw(st.lists(reports, min_size=5, max_size=25))
    of = draw(st.sampled_from((FULL, STRICT)))
    agreed: list[ReferenceFact] = [published(of, BEGINNING)]
    agreed += [registered(contract, BEGINNING, version=of.version) for contract in CONTRACTS]
    if draw(st.booleans()):
        agreed.append(
            closed(START + timedelta(hours=draw(st.integers(0, 40))), draw(st.sampled_from(SHIPMENTS)), "K-1")
        )
    return History(tuple(_each_once(facts)), tuple(agreed), (START,))


@st.composite
def leased_again(draw: st.DrawFn) -> History:
    """One drive under one contract again and again, told in any order, and in the end one report taken back."""
    facts: list[Fact] = []
    for number in range(draw(st.integers(1, 10))):
        says = draw(st.sampled_from((enrolled, enrolled, returned, returned, removed)))
        # Each recorded at a time of its own: of two at once nobody could say which was first.
        known = START + timedelta(days=DAYS, hours=draw(st.integers(0, 10_000)), minutes=number)
        facts.append(says(draw(moments()), known=known))
    of = draw(st.sampled_from(facts))
    facts.append(retracted(START + timedelta(days=DAYS + 500), retracted=of.event_id))
    return History(tuple(_each_once(facts)), (), ())


@st.composite
def answered_by_parties_that_come_and_go(draw: st.DrawFn) -> History:
    """A drive that is missing and overdue, what people say of it, and who of them is approved for which days."""
    facts: list[Fact] = [lost(START, contract="K-1"), returned(START, contract="K-1")]
    agreed: list[ReferenceFact] = [published(FULL, BEGINNING), registered("K-1", BEGINNING, approvals=())]
    for _ in range(draw(st.integers(1, 4))):
        role = draw(st.sampled_from((Role.OWNER, Role.LESSOR)))
        held = approval(draw(st.sampled_from((LESSOR, STRANGER))), role, draw(moments()), draw(moments()))
        agreed.append(amended(draw(st.just(BEGINNING) | moments()), held, contract="K-1"))
    raised = judge(record(facts), reference(*agreed), START + timedelta(days=DAYS))
    for _ in range(draw(st.integers(1, 4))):
        occurred, delay = draw(moments()), draw(st.sampled_from(DELAYS))
        about = {
            "known": occurred + delay,
            "by": draw(st.sampled_from((LESSOR, STRANGER))),
            "contract": "K-1",
            "flag": draw(st.sampled_from(raised.flags)).flag_id,
            "backfilled": draw(st.integers(0, 4)) == 0,
        }
        if draw(st.booleans()):
            facts.append(waived(occurred, **about))
        else:
            facts.append(acknowledged(occurred, until=occurred + 3 * timedelta(days=DAYS), **about))
    looked_at = draw(st.lists(moments(), min_size=1, max_size=3))
    return History(tuple(_each_once(facts)), tuple(agreed), tuple(looked_at))


def fact_by_fact(
    history: History,
    judged: Callable[[Record, Reference, datetime, Verdict | None], Verdict],
    until: datetime | None = None,
) -> None:
    """The drive as the projection meets it: by its facts and turning points, while the reference log grows.

    `judged` is given the verdict before; `until` says how far the turning points after the last fact are followed.
    """
    agreed = Reference()
    coming = sorted(history.agreements, key=lambda fact: fact.recorded_at)
    held = record(())
    verdict: Verdict | None = None

    def turn(by: datetime) -> None:
        nonlocal verdict
        while verdict is not None and verdict.turns_at is not None and verdict.turns_at <= by:
            verdict = judged(held, agreed.read_through(verdict.turns_at), verdict.turns_at, verdict)

    for fact in sorted(history.facts, key=lambda fact: fact.recorded_at):
        moment = fact.recorded_at if verdict is None else max(verdict.as_of, fact.recorded_at)
        while coming and coming[0].recorded_at <= moment:
            agreed.append(coming.pop(0))
        turn(moment)
        held = fold(held, fact)
        verdict = judged(held, agreed.read_through(moment), moment, verdict)
    if until is not None:
        turn(until)
