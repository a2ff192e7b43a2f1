"""Small worlds to judge: every fact and every agreement in one readable line.

A time is written as people write it, in Asia/Tokyo: `04-22` is nine in the morning of 22 April 2019,
`04-22 17:30` its own hour, `2014-03-01` another year, `end 06-22` the last moment of that day.
Unless `known` says otherwise, a fact is recorded when it happens.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from mitodoke.lifecycle.calendars import Calendar, WeekdayCalendar
from mitodoke.lifecycle.durations import end_of_day, parse_duration
from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    CertificateIssued,
    CustodyTransferred,
    DataExported,
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveEnrolled,
    DriveInitialised,
    DriveLost,
    DriveRecovered,
    DriveReleased,
    DriveRemoved,
    DriveReturned,
    DriveSighted,
    DriveWiped,
    ExportApproved,
    Fact,
    FactRetracted,
    FlagAcknowledged,
    FlagWaived,
    IncidentReported,
    LeaseEnded,
    LeaseExtended,
    WipeVerified,
)
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Escalation, Obligation, Per, Policy, Rules, Severity
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.reference import (
    BEGINNING,
    END,
    Approval,
    ContractAmended,
    ContractRegistered,
    PolicyPublished,
    Reference,
    ReferenceFact,
    ShipmentClosed,
)
from mitodoke.lifecycle.verdict import OVERDUE, Flag, FlagState, Owed, Resolution, Verdict, flag_id

F = TypeVar("F", bound=Fact)

TOKYO: Final = ZoneInfo("Asia/Tokyo")
INSTANT: Final = timedelta(microseconds=1)

OWNER = "prefecture"
LESSOR = "lessor"
SANITISER = "sanitiser"
CARRIER = "carrier"
DESTROYER = "recycler"
STRANGER = "broker"

CONTRACT = "K-2019"
DRIVE = "WMC4N0012345"
LOT = "LOT-1"

WARNING, MAJOR, CRITICAL = Severity.WARNING, Severity.MAJOR, Severity.CRITICAL
MET_LATE, CORRECTED, WAIVED = Resolution.MET_LATE, Resolution.CORRECTED, Resolution.WAIVED

_NAMES = UUID("3f7d4a52-3c0a-5bd0-8a53-6b0a3f5f2c11")

When: TypeAlias = str | datetime
"""A time as people write it, or one that is at hand."""


def at(when: When) -> datetime:
    """The moment, in UTC, that is written so (see the module)."""
    if isinstance(when, datetime):
        return when
    day, _, hour = when.removeprefix("end ").partition(" ")
    if day.count("-") == 1:
        day = f"2019-{day}"
    if when.startswith("end "):
        return end_of_day(date.fromisoformat(day), TOKYO)
    return datetime.fromisoformat(f"{day} {hour or '09:00'}").replace(tzinfo=TOKYO).astimezone(UTC)


def _perhaps_at(when: When | None) -> datetime | None:
    return None if when is None else at(when)


def named(name: str) -> UUID:
    """The event id of the fact of that name."""
    return uuid5(_NAMES, name)


def _says(kind: type[F], usual_party: str, **usual: Any) -> Callable[..., F]:
    def says(
        occurred: When,
        *,
        known: When | None = None,
        by: str = usual_party,
        contract: str = CONTRACT,
        name: str = "",
        backfilled: bool = False,
        serial: str = DRIVE,
        person: str = "operator",
        **fields: Any,
    ) -> F:
        fields = usual | fields
        for key in ("eta", "until", "return_by", "destroyed_at"):
            if isinstance(fields.get(key), str):
                fields[key] = at(fields[key])
        for key in ("retracted", "wipe"):
            if isinstance(fields.get(key), str):
                fields[key] = named(fields[key])
        identity = name or f"{kind.kind} {at(occurred)} {by} {person} {contract} {sorted(fields.items())}"
        return kind(
            event_id=named(identity),
            serial=serial,
            occurred_at=at(occurred),
            recorded_at=at(occurred if known is None else known),
            party=by,
            operator=person,
            contract=contract,
            backfilled=backfilled,
            **fields,
        )

    return says


enrolled = _says(DriveEnrolled, LESSOR)
lease_extended = _says(LeaseExtended, LESSOR)
lease_ended = _says(LeaseEnded, LESSOR)
released = _says(DriveReleased, OWNER, shipment=LOT)
removed = _says(DriveRemoved, LESSOR)
returned = _says(DriveReturned, LESSOR, shipment=LOT)
initialised = _says(DriveInitialised, OWNER)
wiped = _says(DriveWiped, SANITISER, method="overwrite", passed=True)
verified = _says(WipeVerified, OWNER, full=True, accepted=True)
dispatched = _says(DriveDispatched, LESSOR, shipment=LOT, carrier=CARRIER)
transferred = _says(CustodyTransferred, LESSOR, from_party=LESSOR, to_party=DESTROYER)
delivered = _says(DriveDelivered, DESTROYER, shipment=LOT)
destroyed = _says(DriveDestroyed, DESTROYER, method="shred", witness_party=OWNER)
certified = _says(CertificateIssued, DESTROYER, certificate="C-1")
accepted = _says(CertificateAccepted, OWNER, certificate="C-1")
sighted = _says(DriveSighted, "buyer", place="an auction")
lost = _says(DriveLost, LESSOR)
recovered = _says(DriveRecovered, OWNER)
export_approved = _says(ExportApproved, OWNER, purpose="benefits", medium="usb_flash", carrier=CARRIER)
exported = _says(DataExported, OWNER)
reported = _says(IncidentReported, OWNER, report="to_owner")
retracted = _says(FactRetracted, LESSOR, reason="scanned by mistake")
acknowledged = _says(FlagAcknowledged, OWNER, reason="in hand")
waived = _says(FlagWaived, OWNER, reason="accepted in writing")


def one_of_each(occurred: When, **how: Any) -> list[Fact]:
    """A fact of each kind that happens to a drive, each told so."""
    told: dict[str, Any] = {"occurred": occurred, **how}
    return [
        enrolled(**told),
        lease_extended(**told, until="09-30"),
        lease_ended(**told),
        released(**told, to_party=STRANGER),
        removed(**told),
        returned(**told),
        initialised(**told),
        wiped(**told),
        verified(**told),
        dispatched(**told),
        transferred(**told, to_party=STRANGER),
        delivered(**told),
        destroyed(**told),
        certified(**told),
        accepted(**told),
        sighted(**told),
        lost(**told),
        recovered(**told),
        export_approved(**told),
        exported(**told),
        reported(**told),
    ]


def owes(
    id: str,
    after: type[Fact],
    expect: type[Fact],
    within: str,
    owed_by: Role = Role.DESTROYER,
    per: Per = Per.CYCLE,
    severity: Severity = MAJOR,
    grows: Mapping[str, Severity] | None = None,
    report: str = "",
) -> Obligation:
    """An obligation in one line; its breach grows after so long to that severity."""
    steps = tuple(Escalation(parse_duration(after), grave) for after, grave in (grows or {}).items())
    return Obligation(
        id, after.kind, expect.kind, parse_duration(within), owed_by, per, severity, steps, report
    )


def policy(
    *obligations: Obligation,
    rules: Rules | None = None,
    grace: timedelta = timedelta(),
    version: int = 1,
    zone: ZoneInfo = TOKYO,
) -> Policy:
    """A policy `p` of Japan with these obligations and rules, and no grace unless it is said."""
    return Policy("p", version, zone, reporting_grace=grace, obligations=obligations, rules=rules or Rules())


def approval(
    party: str, role: Role, valid_from: When | None = None, valid_until: When | None = None
) -> Approval:
    """An approval, for ever unless it is said."""
    return Approval(party, role, _perhaps_at(valid_from) or BEGINNING, _perhaps_at(valid_until) or END)


CHAIN: Final = (
    approval(LESSOR, Role.LESSOR),
    approval(SANITISER, Role.SANITISER),
    approval(CARRIER, Role.CARRIER),
    approval(DESTROYER, Role.DESTROYER),
)
"""Everyone who is approved, each for its own role."""


def _reference_id(*what: object) -> UUID:
    return named(" ".join(map(str, what)))


def registered(
    contract: str = CONTRACT,
    known: When = "2014-03-01",
    *,
    owner: str = OWNER,
    approvals: tuple[Approval, ...] = CHAIN,
    version: int = 1,
    counts_from: When | None = None,
) -> ContractRegistered:
    """A contract between the prefecture and its chain under the policy `p`."""
    return ContractRegistered(
        event_id=_reference_id("registered", contract, at(known), owner),
        recorded_at=at(known),
        backfilled_from=_perhaps_at(counts_from),
        party=owner,
        contract_id=contract,
        owner=owner,
        policy_id="p",
        policy_version=version,
        approvals=approvals,
    )


def amended(
    known: When,
    *approvals: Approval,
    version: int = 0,
    contract: str = CONTRACT,
    counts_from: When | None = None,
) -> ContractAmended:
    """The contract with other approvals, or under another version of its policy."""
    return ContractAmended(
        event_id=_reference_id("amended", contract, at(known), approvals, version),
        recorded_at=at(known),
        backfilled_from=_perhaps_at(counts_from),
        party=OWNER,
        contract_id=contract,
        approvals=approvals,
        policy_id="p" if version else "",
        policy_version=version,
    )


def published(
    of: Policy,
    known: When = "2014-03-01",
    calendar: Calendar | None = None,
    counts_from: When | None = None,
) -> PolicyPublished:
    """A version of a policy, published."""
    return PolicyPublished(
        event_id=_reference_id("published", of.id, of.version, at(known)),
        recorded_at=at(known),
        backfilled_from=_perhaps_at(counts_from),
        party=OWNER,
        policy=of,
        calendar=calendar or WeekdayCalendar(),
    )


def closed(
    known: When, shipment: str = LOT, contract: str = CONTRACT, counts_from: When | None = None
) -> ShipmentClosed:
    """The receiver's word that this was all."""
    return ShipmentClosed(
        event_id=_reference_id("closed", shipment, contract, at(known)),
        recorded_at=at(known),
        backfilled_from=_perhaps_at(counts_from),
        party=LESSOR,
        shipment=shipment,
        contract_id=contract,
    )


def reference(*facts: ReferenceFact) -> Reference:
    """What the reference log says when it holds these facts, in the order of their recording."""
    log = Reference()
    for fact in sorted(facts, key=lambda f: f.recorded_at):
        log.append(fact)
    return log


def under(of: Policy | None = None, *more: ReferenceFact) -> Reference:
    """The usual contract under that policy, both known since 2014, and whatever else the log holds."""
    return reference(published(of or policy()), registered(), *more)


def moved_to(now: Policy, known: When, *, before: Policy) -> Reference:
    """The usual contract, put under the policy `now` at that time; until then it was under `before`."""
    return under(before, published(replace(now, version=2)), amended(known, version=2))


NOTHING_AGREED: Final = Reference()
"""A world in which no contract is known."""


def record(facts: Iterable[Fact], serial: str = DRIVE) -> Record:
    """The facts, folded in this order."""
    folded = Record(serial)
    for fact in facts:
        folded = fold(folded, fact)
    return folded


class Given:
    """What has been reported of one drive, in order of arrival."""

    def __init__(self, *facts: Fact, serial: str = DRIVE) -> None:
        self.facts = facts
        self.serial = serial

    def judged(self, agreed: Reference, as_of: When) -> Verdict:
        """The verdict on it."""
        return judge(record(self.facts, self.serial), agreed, at(as_of))


@dataclass(frozen=True)
class Says:
    """One flag as a table says it: its kind and subject, its times, who it is about and how grave it is."""

    kind: str
    raised: datetime
    severity: Severity
    party: str
    subject: str = ""
    evident: datetime | None = None
    resolved: datetime | None = None
    how: Resolution | None = None


def flag(
    kind: str,
    raised: When,
    severity: Severity,
    party: str = "",
    *,
    subject: str = "",
    evident: When | None = None,
    resolved: When | None = None,
    how: Resolution | None = None,
) -> Says:
    """A flag of a table; corrected, when it only says resolved.

    Evident when it is raised, unless it is said; what is overdue, an instant after: it was still on time when due.
    """
    if evident is None:
        evident = at(raised) + INSTANT if kind == OVERDUE else raised
    return Says(
        kind,
        at(raised),
        severity,
        party,
        subject,
        at(evident),
        _perhaps_at(resolved),
        how or (CORRECTED if resolved else None),
    )


class Flags(tuple[Says, ...]):
    """The flags that a table expects: all that there are of its kinds."""

    __slots__ = ()

    def __new__(cls, *flags: Says) -> "Flags":
        return super().__new__(cls, flags)


NO_FLAGS: Final = Flags()


@dataclass(frozen=True)
class Row:
    """A row of a table: given these facts under this agreement, as of then, these flags."""

    title: str
    given: Given
    agreed: Reference
    as_of: When
    flags: Flags

    def __str__(self) -> str:
        return self.title


def as_told(verdict: Verdict, *kinds: str) -> Flags:
    """The verdict's flags of these kinds (all, when none is named), as a table says them."""
    return Flags(
        *(
            Says(
                f.kind, f.raised_at, f.severity, f.party, f.subject, f.evident_at, f.resolved_at, f.resolution
            )
            for f in verdict.flags
            if not kinds or f.kind in kinds
        )
    )


def check(row: Row, *kinds: str) -> None:
    """Judge the row, and compare its flags of these kinds."""
    verdict = row.given.judged(row.agreed, row.as_of)
    assert as_told(verdict, *kinds) == row.flags
    for told in verdict.flags:
        assert (told.state is FlagState.RESOLVED) == (told.resolved_at is not None)


def flag_named(kind: str, subject: str = "", *, cycle: str = CONTRACT, serial: str = DRIVE) -> UUID:
    """The id of that trouble, now and for ever."""
    return flag_id(serial, cycle, kind, subject)


def the_flag(verdict: Verdict, kind: str) -> Flag:
    """The one flag of that kind."""
    (found,) = (f for f in verdict.flags if f.kind == kind)
    return found


def the_debt(verdict: Verdict, obligation: str) -> Owed:
    """The one obligation of that id."""
    (found,) = (o for o in verdict.obligations if o.obligation == obligation)
    return found
