"""What a drive is owed: given these facts, as of then, this has become of it."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    CustodyTransferred,
    DataExported,
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveLost,
    DriveReleased,
    DriveReturned,
    DriveWiped,
    ExportApproved,
    Fact,
    IncidentReported,
    LeaseEnded,
    WipeVerified,
)
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Per, Severity
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import ObligationState, Resolution
from worlds import (
    CARRIER,
    CRITICAL,
    DESTROYER,
    INSTANT,
    LESSOR,
    MAJOR,
    MET_LATE,
    NO_FLAGS,
    OWNER,
    SANITISER,
    STRANGER,
    WAIVED,
    WARNING,
    Flags,
    Given,
    Row,
    Says,
    When,
    accepted,
    acknowledged,
    amended,
    approval,
    as_told,
    at,
    check,
    closed,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    export_approved,
    exported,
    flag,
    flag_named,
    lease_ended,
    lease_extended,
    lost,
    moved_to,
    named,
    owes,
    policy,
    published,
    record,
    recovered,
    reference,
    registered,
    reported,
    retracted,
    returned,
    sighted,
    the_debt,
    the_flag,
    transferred,
    under,
    verified,
    waived,
    wiped,
)

PENDING, MET = ObligationState.PENDING, ObligationState.MET
LATE, OVERDUE = ObligationState.MET_LATE, ObligationState.OVERDUE
GRACE = timedelta(hours=24)

BY_ITS_ARRIVAL = owes("arrival", DriveDispatched, DriveDelivered, "eta+4h", Role.CARRIER, Per.SHIPMENT)
DESTRUCTION = owes("destruction", DriveReturned, DriveDestroyed, "45d")
TEN_DAYS = under(policy(owes("destruction", DriveReturned, DriveDestroyed, "10d"), grace=GRACE))
"""Due at the end of 2 May when returned on 22 April; decided at the end of 3 May."""


@dataclass(frozen=True)
class Owed:
    """What a table says of one obligation. It is decided when it is due, unless the table says otherwise."""

    title: str
    given: Given
    agreed: Reference
    as_of: When
    state: ObligationState
    due: When
    decided: When | None = None
    met: When | None = None

    def __str__(self) -> str:
        return self.title


def overdue(
    evident: When, resolved: When | None = None, due: When = "end 05-02", subject: str = "destruction"
) -> Says:
    return flag(
        "overdue", due, MAJOR, DESTROYER, subject=subject, evident=evident, resolved=resolved,
        how=MET_LATE if resolved else None,
    )  # fmt: skip


STATES = [
    Owed(
        "pending from the moment on at which it is known",
        Given(returned("04-22")), TEN_DAYS, "04-22", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "pending at the last moment of its day",
        Given(returned("04-22")), TEN_DAYS, "end 05-02", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "pending while a report may still come within the grace",
        Given(returned("04-22")), TEN_DAYS, "end 05-03", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "overdue when the grace has run out",
        Given(returned("04-22")), TEN_DAYS, at("end 05-03") + INSTANT, OVERDUE, "end 05-02", "end 05-03",
    ),
    Owed(
        "met by what was done and told in time",
        Given(returned("04-22"), destroyed("05-01")), TEN_DAYS, "06-01", MET, "end 05-02", "end 05-03", "05-01",
    ),
    Owed(
        "met by what was done at the last moment",
        Given(returned("04-22"), destroyed("end 05-02")), TEN_DAYS, "06-01",
        MET, "end 05-02", "end 05-03", "end 05-02",
    ),
    Owed(
        "met by what was done in time and told at the end of the grace",
        Given(returned("04-22"), destroyed("05-02", known="end 05-03")), TEN_DAYS, "06-01",
        MET, "end 05-02", "end 05-03", "end 05-03",
    ),
    Owed(
        "met late by what was done in time and told an instant after the grace",
        Given(returned("04-22"), destroyed("05-02", known=at("end 05-03") + INSTANT)), TEN_DAYS, "06-01",
        LATE, "end 05-02", "end 05-03", at("end 05-03") + INSTANT,
    ),
    Owed(
        "met late by what was done an instant after it was due, though told within the grace",
        Given(returned("04-22"), destroyed(at("end 05-02") + INSTANT, known="05-03")), TEN_DAYS, "06-01",
        LATE, "end 05-02", "end 05-03", "05-03",
    ),
    Owed(
        "overdue until what was done late is told",
        Given(returned("04-22"), destroyed("05-04", known="05-06")), TEN_DAYS, "05-05",
        OVERDUE, "end 05-02", "end 05-03",
    ),
    Owed(
        "met by the one of two reports that was in time",
        Given(returned("04-22"), destroyed("05-01", known="05-02"), destroyed("05-05", by=LESSOR)), TEN_DAYS, "06-01",
        MET, "end 05-02", "end 05-03", "05-02",
    ),
    Owed(
        "of two that came too late the first that was told counts",
        Given(returned("04-22"), destroyed("05-10"), destroyed("05-12", by=LESSOR)), TEN_DAYS, "06-01",
        LATE, "end 05-02", "end 05-03", "05-10",
    ),
    Owed(
        "met by what happened before it was owed",
        Given(destroyed("04-20"), returned("04-22")), TEN_DAYS, "06-01",
        MET, "end 05-02", "end 05-03", "04-20",
    ),
    Owed(
        "counted from the first of two returns",
        Given(returned("04-25", shipment="LOT-2"), returned("04-22")), TEN_DAYS, "04-26",
        PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "counted from when it happened, however late that is told",
        Given(returned("04-22", known="04-30")), TEN_DAYS, "04-30", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "owed again when what met it was taken back",
        Given(returned("04-22"), destroyed("05-01", name="deed"), retracted("05-02", by=DESTROYER, retracted="deed")),
        TEN_DAYS, "05-03", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "not met by a sighting or a recovery",
        Given(returned("04-22"), sighted("04-30"), recovered("05-01")), TEN_DAYS, "06-01",
        OVERDUE, "end 05-02", "end 05-03",
    ),
    Owed(
        "not met by what was done under another contract",
        Given(returned("04-22"), destroyed("05-01", contract="K-OTHER")), TEN_DAYS, "06-01",
        OVERDUE, "end 05-02", "end 05-03",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", STATES, ids=str)
def test_what_is_owed_is(row: Owed) -> None:
    _check(row, "destruction")


def _check(row: Owed, obligation: str) -> None:
    debt = the_debt(row.given.judged(row.agreed, row.as_of), obligation)
    assert (debt.state, debt.due_at, debt.decided_at, debt.met_at) == (
        row.state,
        at(row.due),
        at(row.due if row.decided is None else row.decided),
        None if row.met is None else at(row.met),
    )


BREACHES = [
    Row(
        "nothing is flagged while it is pending, nor within the grace",
        Given(returned("04-22")), TEN_DAYS, "end 05-03",
        NO_FLAGS,
    ),
    Row(
        "a breach is raised at its due time, and evident when the grace has run out",
        Given(returned("04-22")), TEN_DAYS, "05-04",
        Flags(overdue(evident="05-04 00:00")),
    ),
    Row(
        "who reports within the grace is never accused: not while he has not",
        Given(returned("04-22"), destroyed("05-02", known="05-03 20:00")), TEN_DAYS, "05-03 19:59",
        NO_FLAGS,
    ),
    Row(
        "nor afterwards",
        Given(returned("04-22"), destroyed("05-02", known="05-03 20:00")), TEN_DAYS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "done late and told: evident, and resolved, when it is told",
        Given(returned("04-22"), destroyed("05-03", known="05-03 20:00")), TEN_DAYS, "06-01",
        Flags(overdue(evident="05-03 20:00", resolved="05-03 20:00")),
    ),
    Row(
        "done late and told at the last moment of the grace",
        Given(returned("04-22"), destroyed("05-03", known="end 05-03")), TEN_DAYS, "06-01",
        Flags(overdue(evident="end 05-03", resolved="end 05-03")),
    ),
    Row(
        "told too late: evident at the end of the grace, resolved when it is told",
        Given(returned("04-22"), destroyed("05-02", known="05-20")), TEN_DAYS, "06-01",
        Flags(overdue(evident="05-04 00:00", resolved="05-20")),
    ),
    Row(
        "what opened it was told after all was over: evident then",
        Given(returned("04-22", known="05-20")), TEN_DAYS, "06-01",
        Flags(overdue(evident="05-20")),
    ),
    Row(
        "and resolved then, if it had been done late meanwhile",
        Given(returned("04-22", known="05-20"), destroyed("05-10")), TEN_DAYS, "06-01",
        Flags(overdue(evident="05-20", resolved="05-20")),
    ),
    Row(
        "a recovery closes nothing that is owed",
        Given(returned("04-22"), recovered("12-05")), TEN_DAYS, "12-06",
        Flags(overdue(evident="05-04 00:00")),
    ),
    Row(
        "the parties are those that stood in the role when it came to be owed",
        Given(returned("04-22")),
        under(
            policy(owes("destruction", DriveReturned, DriveDestroyed, "10d")),
            amended("01-01", approval("another", Role.DESTROYER), approval(DESTROYER, Role.DESTROYER, None, "04-22")),
        ),
        "06-01",
        Flags(flag("overdue", "end 05-02", MAJOR, "another", subject="destruction")),
    ),
    Row(
        "two parties in the role are both named, and nobody when there is none",
        Given(returned("04-22")),
        under(
            policy(
                owes("certificate", DriveReturned, CertificateAccepted, "10d", Role.LESSOR, severity=CRITICAL),
                owes("erasure", DriveReturned, DriveWiped, "10d", Role.SANITISER),
            ),
            amended("01-01", approval("another", Role.LESSOR), approval("sanitiser", Role.SANITISER, "2030-01-01")),
        ),
        "06-01",
        Flags(
            flag("overdue", "end 05-02", CRITICAL, f"{LESSOR},another", subject="certificate"),
            flag("overdue", "end 05-02", MAJOR, "", subject="erasure"),
        ),
    ),
    Row(
        "a contract registered after all was over makes it evident then",
        Given(returned("04-22")),
        reference(published(policy(DESTRUCTION)), registered(known="07-01")), "08-01",
        Flags(overdue(evident="07-01", due="end 06-06")),
    ),
    Row(
        "so does a policy published then",
        Given(returned("04-22")),
        reference(registered(), published(policy(DESTRUCTION), known="07-01")), "08-01",
        Flags(overdue(evident="07-01", due="end 06-06")),
    ),
    Row(
        "so does an amendment that puts the contract under the policy",
        Given(returned("04-22")),
        under(policy(), published(policy(DESTRUCTION, version=2)), amended("07-01", version=2)), "08-01",
        Flags(overdue(evident="07-01", due="end 06-06")),
    ),
    Row(
        "a new version that asks for the same as the one before moves nothing",
        Given(returned("04-22")),
        under(policy(DESTRUCTION), published(policy(DESTRUCTION, version=2)), amended("07-01", version=2)), "08-01",
        Flags(overdue(evident="06-07 00:00", due="end 06-06")),
    ),
    Row(
        "one that gives less time is what it is measured by: evident when the contract is put under it",
        Given(returned("04-22")),
        moved_to(
            policy(owes("destruction", DriveReturned, DriveDestroyed, "10d")), "07-01", before=policy(DESTRUCTION)
        ),
        "08-01",
        Flags(overdue(evident="07-01")),
    ),
    Row(
        "the owner may owe something, too: at the last moment of the month it does not",
        Given(returned("04-22")), under(policy(owes("check", DriveReturned, WipeVerified, "1 month", Role.OWNER))),
        "end 05-22",
        NO_FLAGS,
    ),
    Row(
        "an instant later it does",
        Given(returned("04-22")), under(policy(owes("check", DriveReturned, WipeVerified, "1 month", Role.OWNER))),
        "05-23 00:00",
        Flags(flag("overdue", "end 05-22", MAJOR, OWNER, subject="check")),
    ),
    Row(
        "what is on its way has until four hours after its stated arrival",
        Given(dispatched("04-22", eta="04-22 15:00")), under(policy(BY_ITS_ARRIVAL)), "04-22 19:00",
        NO_FLAGS,
    ),
    Row(
        "and not an instant longer",
        Given(dispatched("04-22", eta="04-22 15:00")), under(policy(BY_ITS_ARRIVAL)), at("04-22 19:00") + INSTANT,
        Flags(flag("overdue", "04-22 19:00", MAJOR, CARRIER, subject="arrival/LOT-1")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", BREACHES, ids=str)
def test_a_breach_is_flagged(row: Row) -> None:
    check(row, "overdue")


def test_within_the_grace_nobody_is_accused_at_any_moment() -> None:
    given = Given(returned("04-22"), destroyed("05-02", known="05-03 20:00"))
    moment = at("04-22")
    while moment < at("05-06"):
        assert as_told(given.judged(TEN_DAYS, moment), "overdue") == NO_FLAGS
        moment += timedelta(minutes=59)


def within(length: str) -> Reference:
    return under(policy(owes("destruction", DriveReturned, DriveDestroyed, length)))


DUE = [
    Owed("hours run at once", Given(returned("04-22 17:30")), within("8h"), "04-22 18:00", PENDING, "04-23 01:30"),
    Owed("days end with their last", Given(returned("04-22 17:30")), within("2d"), "04-22 18:00", PENDING, "end 04-24"),
    Owed("months end with their last day", Given(returned("01-31")), within("1 month"), "02-01", PENDING, "end 02-28"),
    Owed("business days leave the weekend out", Given(returned("04-26")), within("1bd"), "04-26", PENDING, "end 04-29"),
    Owed(
        "a day is a day of the policy's zone: 22 April 23:30 UTC is the 23rd in Tokyo",
        Given(returned("04-23 08:30")), within("1d"), "04-23 09:00", PENDING, "end 04-24",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", DUE, ids=str)
def test_it_is_due_when_the_policy_says(row: Owed) -> None:
    _check(row, "destruction")


def by_eta(length: str) -> Reference:
    return under(
        policy(owes("arrival", DriveDispatched, DriveDelivered, length, Role.CARRIER, Per.SHIPMENT), grace=GRACE)
    )  # fmt: skip


ETA = [
    Owed(
        "four hours after the stated arrival",
        Given(dispatched("04-22", eta="04-22 15:00")), by_eta("eta+4h"), "04-22", PENDING, "04-22 19:00", "04-23 19:00",
    ),
    Owed(
        "at the stated arrival",
        Given(dispatched("04-22", eta="04-22 15:00")), by_eta("eta"), "04-22", PENDING, "04-22 15:00", "04-23 15:00",
    ),
    Owed(
        "an hour before the stated arrival",
        Given(dispatched("04-22", eta="04-22 15:00")), by_eta("eta-1h"), "04-22", PENDING, "04-22 14:00", "04-23 14:00",
    ),
    Owed(
        "a dispatch that states no arrival counts from its departure",
        Given(dispatched("04-22")), by_eta("eta+4h"), "04-22", PENDING, "04-22 13:00", "04-23 13:00",
    ),
    Owed(
        "what is due after the last moment that can be written is due then",
        Given(dispatched("04-22", eta="9999-12-31 08:00")), by_eta("eta+36h"), "04-22", PENDING,
        "end 9999-12-31", "end 9999-12-31",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ETA[:-1], ids=str)
def test_an_arrival_is_due_by_what_the_dispatch_stated(row: Owed) -> None:
    _check(row, "arrival")


def test_an_arrival_that_is_stated_for_the_end_of_time_is_never_overdue() -> None:
    verdict = ETA[-1].given.judged(by_eta("eta+36h"), "9999-12-01")
    assert the_debt(verdict, "arrival").state is PENDING
    assert verdict.turns_at is None


def test_each_shipment_is_owed_its_own_arrival() -> None:
    given = Given(
        dispatched("04-22", shipment="S-1", eta="04-22 12:00"),
        delivered("04-22 11:00", shipment="S-1"),
        dispatched("04-24", shipment="S-2", eta="04-24 12:00"),
    )
    verdict = given.judged(by_eta("eta+4h"), "05-01")
    assert [(o.subject, o.state) for o in verdict.obligations] == [("S-1", MET), ("S-2", OVERDUE)]
    assert as_told(verdict, "overdue") == Flags(
        flag(
            "overdue",
            "04-24 16:00",
            MAJOR,
            CARRIER,
            subject="arrival/S-2",
            evident=at("04-25 16:00") + INSTANT,
        )
    )


def test_a_shipment_without_a_name_is_owed_nothing_of_its_own() -> None:
    assert not Given(dispatched("04-22", shipment="")).judged(by_eta("eta+4h"), "05-01").obligations


def test_what_names_no_shipment_meets_nothing_that_is_owed_for_each() -> None:
    agreed = under(policy(owes("end", DriveDispatched, DriveDestroyed, "10d", per=Per.SHIPMENT)))
    given = Given(dispatched("04-22"), destroyed("04-25"))
    assert the_debt(given.judged(agreed, "06-01"), "end").state is OVERDUE


def test_what_opens_and_names_no_shipment_owes_nothing_for_each() -> None:
    agreed = under(policy(owes("end", DriveDestroyed, DriveDelivered, "10d", per=Per.SHIPMENT)))
    assert not Given(destroyed("04-25")).judged(agreed, "06-01").obligations


ARRIVAL = policy(
    owes("arrival", DriveDispatched, DriveDelivered, "10d", Role.CARRIER, Per.SHIPMENT),
    owes("handover", DriveDispatched, CustodyTransferred, "30d", Role.CARRIER, Per.SHIPMENT),
    grace=GRACE,
)
CLOSED = under(ARRIVAL, closed("04-25 17:00"))
"""The dock closes the lot on 25 April; the drives had until the end of 2 May."""

CLOSURES = [
    Owed(
        "before the dock closes there is time",
        Given(dispatched("04-22")), CLOSED, "04-25 16:59", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "at the closure nothing more is waited for",
        Given(dispatched("04-22")), CLOSED, "04-25 17:00", PENDING, "04-25 17:00",
    ),
    Owed(
        "an instant later it is missing",
        Given(dispatched("04-22")), CLOSED, at("04-25 17:00") + INSTANT, OVERDUE, "04-25 17:00",
    ),
    Owed(
        "scanned before the closure",
        Given(dispatched("04-22"), delivered("04-25 16:00")), CLOSED, "05-01",
        MET, "end 05-02", "end 05-03", "04-25 16:00",
    ),
    Owed(
        "scanned before the closure and told at its very moment",
        Given(dispatched("04-22"), delivered("04-25 16:00", known="04-25 17:00")), CLOSED, "05-01",
        MET, "end 05-02", "end 05-03", "04-25 17:00",
    ),
    Owed(
        "scanned after the closure, it was late",
        Given(dispatched("04-22"), delivered("04-26")), CLOSED, "05-01", LATE, "04-25 17:00", None, "04-26",
    ),
    Owed(
        "scanned before the closure and told after it, it was missing meanwhile",
        Given(dispatched("04-22"), delivered("04-25 16:00", known="04-25 18:00")), CLOSED, "05-01",
        LATE, "04-25 17:00", None, "04-25 18:00",
    ),
    Owed(
        "the closure of another shipment leaves it time",
        Given(dispatched("04-22", shipment="LOT-2")), CLOSED, "05-01", PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "so does that of a shipment of the same name under another contract",
        Given(dispatched("04-22")), under(ARRIVAL, closed("04-25 17:00", contract="K-OTHER")), "05-01",
        PENDING, "end 05-02", "end 05-03",
    ),
    Owed(
        "the first closure counts",
        Given(dispatched("04-22")), under(ARRIVAL, closed("04-25 17:00"), closed("04-27")), "05-01",
        OVERDUE, "04-25 17:00",
    ),
    Owed(
        "an imported closure counts from the time it names",
        Given(dispatched("04-22")), under(ARRIVAL, closed("2026-11-01", counts_from="04-25 17:00")), "05-01",
        OVERDUE, "04-25 17:00",
    ),
    Owed(
        "closed within the grace: due when it was due, and decided at once",
        Given(dispatched("04-22")), under(ARRIVAL, closed("05-03 10:00")), "05-03 10:01",
        OVERDUE, "end 05-02", "05-03 10:00",
    ),
    Owed(
        "closed after all was over, it changes nothing",
        Given(dispatched("04-22")), under(ARRIVAL, closed("05-20")), "06-01", OVERDUE, "end 05-02", "end 05-03",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", CLOSURES, ids=str)
def test_the_closure_of_a_shipment_brings_its_arrivals_forward(row: Owed) -> None:
    _check(row, "arrival")


def test_the_closure_of_a_shipment_brings_nothing_else_forward() -> None:
    debt = the_debt(Given(dispatched("04-22"), transferred("05-10")).judged(CLOSED, "05-01"), "handover")
    assert (debt.state, debt.due_at) == (PENDING, at("end 05-22"))


def test_the_18_missing_of_396_are_flagged_when_the_dock_says_that_was_all() -> None:
    shipment = [Given(dispatched("04-22", serial=f"WD{n:06}"), serial=f"WD{n:06}") for n in range(396)]
    scanned = [
        Given(*drive.facts, delivered("04-25 15:00", serial=drive.serial), serial=drive.serial)
        for drive in shipment[18:]
    ]
    verdicts = [drive.judged(CLOSED, "04-25 17:01") for drive in [*shipment[:18], *scanned]]
    missing = [as_told(verdict, "overdue") for verdict in verdicts if as_told(verdict, "overdue")]
    assert len(missing) == 18
    assert set(missing) == {Flags(flag("overdue", "04-25 17:00", MAJOR, CARRIER, subject="arrival/LOT-1"))}


CERTIFICATE = under(
    policy(
        owes("certificate", DriveReturned, CertificateAccepted, "10d", Role.LESSOR),
        owes("erasure", DriveReturned, DriveWiped, "10d", Role.SANITISER),
        owes("verification", DriveReturned, WipeVerified, "10d", Role.OWNER),
    ),
    amended("04-01", approval(STRANGER, Role.OWNER, "04-01", "05-01")),
)

WHAT_COUNTS = [
    ("certificate", "accepted by the owner", accepted("04-30"), MET),
    ("certificate", "accepted by the lessor in the owner's place", accepted("04-30", by=LESSOR), OVERDUE),
    (
        "certificate",
        "accepted by a party in the owner's role in its time",
        accepted("04-30", by=STRANGER),
        MET,
    ),
    ("certificate", "and after its time", accepted("05-01", by=STRANGER), OVERDUE),
    ("certificate", "accepted by who wrote it", accepted("04-30", by=DESTROYER), OVERDUE),
    ("erasure", "a wipe that passed", wiped("04-30"), MET),
    ("erasure", "a wipe that failed", wiped("04-30", passed=False), OVERDUE),
    ("verification", "a verification that accepted", verified("04-30"), MET),
    ("verification", "a verification that rejected", verified("04-30", accepted=False), OVERDUE),
]


@pytest.mark.parametrize(("obligation", "_", "fact", "state"), WHAT_COUNTS, ids=lambda v: str(v)[:50])
def test_an_obligation_is_met_only_by_what_counts(
    obligation: str, _: str, fact: DriveWiped | WipeVerified | CertificateAccepted, state: ObligationState
) -> None:
    assert the_debt(Given(returned("04-22"), fact).judged(CERTIFICATE, "06-01"), obligation).state is state


def test_a_failed_wipe_is_made_good_by_one_that_passed() -> None:
    given = Given(returned("04-22"), wiped("04-25", passed=False), wiped("04-26"))
    assert the_debt(given.judged(CERTIFICATE, "06-01"), "erasure").state is MET


KANAGAWA = under(
    policy(
        DESTRUCTION,
        owes("certificate", DriveReturned, CertificateAccepted, "2 months", Role.LESSOR, severity=CRITICAL),
    )
)


def imported() -> Given:
    imported_at = "2026-11-02"
    return Given(
        enrolled("2014-03-01", known=imported_at, backfilled=True),
        lease_ended("02-28", known=imported_at, backfilled=True),
        returned("04-22", known=imported_at, backfilled=True),
    )


def test_imported_history_is_judged_as_of_when_it_happened() -> None:
    verdict = imported().judged(KANAGAWA, "06-01")
    assert [(o.obligation, o.state, o.due_at) for o in verdict.obligations] == [
        ("destruction", PENDING, at("end 06-06")),
        ("certificate", PENDING, at("end 06-22")),
    ]
    assert as_told(verdict, "overdue") == NO_FLAGS


def test_the_certificate_of_kanagawa_was_missing_from_the_23rd_of_june_on() -> None:
    breach = flag("overdue", "end 06-22", CRITICAL, LESSOR, subject="certificate")
    assert breach not in as_told(imported().judged(KANAGAWA, "end 06-22"))
    assert breach in as_told(imported().judged(KANAGAWA, "06-23 00:00"))


def test_the_destruction_of_kanagawa_was_overdue_from_the_7th_of_june_on() -> None:
    breach = flag("overdue", "end 06-06", MAJOR, DESTROYER, subject="destruction")
    assert breach not in as_told(imported().judged(KANAGAWA, "end 06-06"))
    assert breach in as_told(imported().judged(KANAGAWA, "06-07 00:00"))


def test_live_reports_of_the_same_days_were_not_known_before_they_were_recorded() -> None:
    told_late = Given(returned("04-22", known="2026-11-02"))
    assert not told_late.judged(KANAGAWA, "12-27").obligations
    assert len(told_late.judged(KANAGAWA, "2026-11-02").flags) >= 2


def test_without_a_contract_or_its_policy_nothing_is_owed() -> None:
    for agreed in (Reference(), reference(registered()), reference(published(policy(DESTRUCTION)))):
        assert not Given(returned("04-22")).judged(agreed, "12-27").obligations


def test_what_was_never_begun_is_not_owed() -> None:
    assert not Given(enrolled("2014-03-01"), lease_ended("02-28")).judged(KANAGAWA, "12-27").obligations


LEASE = under(
    policy(
        owes("return", LeaseEnded, DriveReturned, "30d", Role.LESSOR),
        owes("release", LeaseEnded, DriveReleased, "30d", Role.OWNER),
    ),
)
ENDED = lease_ended("02-28")
"""Without an extension the drive is to be back by the end of 30 March."""


def extension(occurred: str, until: str, by: str = OWNER, known: str | None = None) -> Fact:
    return lease_extended(occurred, until=until, by=by, known=known)


DUE_AFTER_AN_EXTENSION = [
    ("a lease that ended counts from its end", [ENDED], "return", "end 03-30"),
    (
        "taken up again, from the end of the extension",
        [ENDED, extension("03-10", "08-31 18:00")], "return", "end 09-30",
    ),
    (
        "also where the extension was agreed the moment it ended",
        [ENDED, extension("02-28", "08-31 18:00")], "return", "end 09-30",
    ),
    (
        "an extension that was agreed before the end came to nothing: it ended all the same",
        [extension("02-27", "08-31 18:00"), ENDED], "return", "end 03-30",
    ),
    (
        "an extension until before the end extends nothing",
        [ENDED, extension("03-10", "02-28 09:00")], "return", "end 03-30",
    ),
    (
        "the longest counts", [ENDED, extension("03-10", "08-31 18:00"), extension("03-11", "05-31 18:00")],
        "return", "end 09-30",
    ),
    (
        "ended before the extension had run out, from that end",
        [ENDED, extension("03-10", "08-31 18:00"), lease_ended("06-30")], "return", "end 07-30",
    ),
    (
        "ended as the extension said, from there, whatever is told later",
        [ENDED, extension("03-10", "08-31 18:00"), lease_ended("09-02")], "return", "end 09-30",
    ),
    (
        "and extended once more",
        [ENDED, extension("03-10", "08-31 18:00"), lease_ended("06-30"), extension("07-01", "12-31 18:00")],
        "return", "end 2020-01-30",
    ),
    (
        "the lessor cannot put off the return that it owes",
        [ENDED, extension("03-10", "08-31 18:00", LESSOR)], "return", "end 03-30",
    ),
    (
        "but it can put off the release that the owner owes",
        [ENDED, extension("03-10", "08-31 18:00", LESSOR)], "release", "end 09-30",
    ),
    (
        "and not the owner, who owes it", [ENDED, extension("03-10", "08-31 18:00")], "release", "end 03-30",
    ),
    (
        "the word of a stranger extends nothing",
        [ENDED, extension("03-10", "08-31 18:00", STRANGER)], "return", "end 03-30",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "obligation", "due"),
    [row[1:] for row in DUE_AFTER_AN_EXTENSION],
    ids=[row[0] for row in DUE_AFTER_AN_EXTENSION],
)
def test_what_follows_the_end_of_a_lease_waits_for_its_extension(
    facts: list[Fact], obligation: str, due: str
) -> None:
    assert the_debt(Given(*facts).judged(LEASE, "2020-06-01"), obligation).due_at == at(due)


@pytest.mark.parametrize(
    ("facts", "opened"),
    [
        ([ENDED, extension("03-10", "02-28 09:00")], "02-28"),
        ([ENDED, extension("03-10", "08-31 18:00"), extension("03-11", "08-31 18:00")], "03-10"),
        ([ENDED, extension("03-10", "08-31 18:00"), lease_ended("08-31 18:00")], "03-10"),
        ([ENDED, extension("03-10", "08-31 18:00"), lease_ended("08-31 17:59")], "08-31 17:59"),
    ],
)
def test_it_is_owed_since_the_first_word_by_which_it_is_due(facts: list[Fact], opened: str) -> None:
    assert the_debt(Given(*facts).judged(LEASE, "2020-06-01"), "return").opened_at == at(opened)


def test_an_extension_that_is_told_late_takes_the_breach_back() -> None:
    given = Given(ENDED, extension("03-10", "08-31 18:00", known="04-10"))
    assert the_debt(given.judged(LEASE, "04-09"), "return").state is OVERDUE
    assert the_debt(given.judged(LEASE, "04-10"), "return").state is PENDING
    breaches = as_told(given.judged(LEASE, "04-09"), "overdue")
    assert [breach.subject for breach in breaches] == ["return", "release"]
    later = as_told(given.judged(LEASE, "10-01"), "overdue")
    assert flag("overdue", "end 09-30", MAJOR, LESSOR, subject="return") in later


def test_each_lease_of_a_drive_is_owed_its_own() -> None:
    agreed = under(policy(owes("return", LeaseEnded, DriveReturned, "30d", Role.LESSOR)))
    given = Given(
        enrolled("2014-03-01"), lease_ended("2018-03-01"), returned("2018-03-15"),
        enrolled("2018-04-01", name="again"), lease_ended("02-28"),
    )  # fmt: skip
    verdict = given.judged(agreed, "06-01")
    second = f"K-2019#{named('again')}"
    assert [(o.cycle, o.state) for o in verdict.obligations] == [("K-2019", MET), (second, OVERDUE)]
    assert [f.cycle for f in verdict.flags if f.kind == "overdue"] == [second]


def test_the_owner_owes_by_its_own_name() -> None:
    agreed = under(policy(owes("certificate", DriveReturned, CertificateAccepted, "10d", Role.OWNER)))
    debt = the_debt(Given(returned("04-22")).judged(agreed, "05-01"), "certificate")
    assert (debt.owed_by, debt.parties) == (Role.OWNER, (OWNER,))
    assert (debt.after, debt.expect, debt.subject) == (DriveReturned.kind, CertificateAccepted.kind, "")


def test_a_breach_says_what_was_owed_by_whom_and_by_when() -> None:
    verdict = Given(returned("04-22")).judged(KANAGAWA, "12-27")
    assert [f.message for f in verdict.flags if f.subject == "certificate"] == [
        "CertificateAccepted was owed by the lessor by 2019-06-22 23:59 JST, 2 months after DriveReturned"
    ]


GROWING = owes(
    "erasure",
    DriveReturned,
    DriveWiped,
    "6h",
    Role.SANITISER,
    severity=WARNING,
    grows={"12h": MAJOR, "2d": CRITICAL},
)
GROWS = under(policy(GROWING))
"""Returned on 22 April at nine: due at 15:00, graver after 03:00, and at its worst after the end of the 24th."""
GROWS_BY_BUSINESS_DAYS = under(
    policy(
        owes(
            "erasure", DriveReturned, DriveWiped, "6h", Role.SANITISER, severity=WARNING, grows={"2bd": MAJOR}
        )
    )
)


def grown(severity: Severity, resolved: When | None = None, how: Resolution = MET_LATE) -> Flags:
    return Flags(
        flag(
            "overdue", "04-22 15:00", severity, SANITISER, subject="erasure",
            resolved=resolved, how=how if resolved else None,
        )
    )  # fmt: skip


SEVERITIES = [
    Row("a breach is as grave as the policy says", Given(returned("04-22")), GROWS, "04-22 16:00", grown(WARNING)),
    Row("it is no graver at the last moment", Given(returned("04-22")), GROWS, "04-23 03:00", grown(WARNING)),
    Row(
        "it is graver an instant later",
        Given(returned("04-22")), GROWS, at("04-23 03:00") + INSTANT, grown(MAJOR),
    ),
    Row("days end with their last", Given(returned("04-22")), GROWS, "end 04-24", grown(MAJOR)),
    Row("then it is at its worst", Given(returned("04-22")), GROWS, "04-25 00:00", grown(CRITICAL)),
    Row("and stays so", Given(returned("04-22")), GROWS, "2020-01-01", grown(CRITICAL)),
    Row(
        "met late, it stays as grave as it had become",
        Given(returned("04-22"), wiped("04-23 03:00")), GROWS, "2020-01-01", grown(WARNING, "04-23 03:00"),
    ),
    Row(
        "what counts is when that was told",
        Given(returned("04-22"), wiped("04-22 16:00", known="04-24")), GROWS, "2020-01-01", grown(MAJOR, "04-24"),
    ),
    Row(
        "waived, it grows no more",
        Given(returned("04-22"), waived("04-24", flag=flag_named("overdue", "erasure"))), GROWS, "2020-01-01",
        grown(MAJOR, "04-24", WAIVED),
    ),
    Row(
        "acknowledged, it grows all the same",
        Given(returned("04-22"), acknowledged("04-22 16:00", flag=flag_named("overdue", "erasure"), until="06-01")),
        GROWS, "05-01",
        grown(CRITICAL),
    ),
    Row(
        "told when it was at its worst, it is so from the first moment on",
        Given(returned("04-22", known="05-01")), GROWS, "05-01",
        Flags(flag("overdue", "04-22 15:00", CRITICAL, SANITISER, subject="erasure", evident="05-01")),
    ),
    Row(
        "business days leave the weekend out: returned on a Friday it is no graver on Tuesday",
        Given(returned("04-26")), GROWS_BY_BUSINESS_DAYS, "end 04-30",
        Flags(flag("overdue", "04-26 15:00", WARNING, SANITISER, subject="erasure")),
    ),
    Row(
        "and is on Wednesday",
        Given(returned("04-26")), GROWS_BY_BUSINESS_DAYS, "05-01 00:00",
        Flags(flag("overdue", "04-26 15:00", MAJOR, SANITISER, subject="erasure")),
    ),
    Row(
        "a new version that changes only how grave it is moves no other time",
        Given(returned("04-22")),
        under(
            policy(GROWING), published(policy(replace(GROWING, escalate=()), version=2)), amended("04-26", version=2)
        ),
        "05-01",
        grown(WARNING),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", SEVERITIES, ids=str)
def test_a_breach_grows_graver_with_time(row: Row) -> None:
    check(row, "overdue")


def test_each_step_of_a_breach_is_a_turning_point() -> None:
    given, turns = Given(returned("04-22")), []
    verdict = given.judged(GROWS, "04-22")
    while verdict.turns_at:
        turns.append(verdict.turns_at)
        verdict = given.judged(GROWS, verdict.turns_at)
    assert turns == [at("04-22 15:00") + INSTANT, at("04-23 03:00") + INSTANT, at("04-25 00:00")]


def test_a_step_beyond_the_end_of_time_is_never_reached() -> None:
    agreed = under(policy(owes("erasure", DriveReturned, DriveWiped, "6h", grows={"1200 months": CRITICAL})))
    verdict = Given(returned("9950-04-22")).judged(agreed, "9951-01-01")
    assert verdict.turns_at is None


LOSS = under(
    policy(
        owes("told", DriveLost, IncidentReported, "1h", Role.CARRIER, report="to_owner"),
        owes("first", DriveLost, IncidentReported, "5d", Role.OWNER, report="preliminary"),
        owes("full", DriveLost, IncidentReported, "30d", Role.OWNER, report="final"),
    )
)

REPORTS = [
    ("the loss starts the clock of all three", Given(lost("06-22")), "06-22", (PENDING, PENDING, PENDING)),
    (
        "each report meets what asks for it",
        Given(lost("06-22"), reported("06-22 10:00"), reported("06-27", report="preliminary")),
        "06-28", (MET, MET, PENDING),
    ),
    (
        "the report to the owner is none to the regulator",
        Given(lost("06-22"), reported("06-22 10:00")), "06-28", (MET, OVERDUE, PENDING),
    ),
    (
        "nor is the first of the two the last",
        Given(lost("06-22"), reported("06-22 09:30"), reported("06-24", report="preliminary")),
        "08-01", (MET, MET, OVERDUE),
    ),
    ("a recovery stops no clock", Given(lost("06-22"), recovered("06-24")), "08-01", (OVERDUE, OVERDUE, OVERDUE)),
    ("an hour is over after an hour", Given(lost("06-22"), reported("06-22 10:01")), "06-23", (LATE, PENDING, PENDING)),
]  # fmt: skip


@pytest.mark.parametrize(("title", "given", "as_of", "states"), REPORTS, ids=[row[0] for row in REPORTS])
def test_each_report_of_an_incident_is_owed(
    title: str, given: Given, as_of: str, states: tuple[ObligationState, ...]
) -> None:
    verdict = given.judged(LOSS, as_of)
    assert tuple(the_debt(verdict, debt).state for debt in ("told", "first", "full")) == states


def test_an_obligation_that_names_no_report_is_met_by_any() -> None:
    agreed = under(policy(owes("told", DriveLost, IncidentReported, "1h")))
    assert (
        the_debt(Given(lost("06-22"), reported("06-22 10:00")).judged(agreed, "06-23"), "told").state is MET
    )


def back(length: str) -> Reference:
    return under(policy(owes("back", ExportApproved, DriveReturned, length, Role.CARRIER)))


RETURNS = [
    Owed(
        "by the time that the approval names",
        Given(export_approved("06-21", return_by="06-21 18:00")), back("return_by"), "06-21", PENDING, "06-21 18:00",
    ),
    Owed(
        "so many hours before it",
        Given(export_approved("06-21", return_by="06-21 18:00")), back("return_by-1h"), "06-21", PENDING, "06-21 17:00",
    ),
    Owed(
        "an approval that names none counts from itself",
        Given(export_approved("06-21")), back("return_by+2h"), "06-21", PENDING, "06-21 11:00",
    ),
    Owed(
        "back at the last moment",
        Given(export_approved("06-21", return_by="06-21 18:00"), returned("06-21 18:00")), back("return_by"), "06-23",
        MET, "06-21 18:00", None, "06-21 18:00",
    ),
    Owed(
        "back an instant later",
        Given(export_approved("06-21", return_by="06-21 18:00"), returned(at("06-21 18:00") + INSTANT)),
        back("return_by"), "06-23",
        LATE, "06-21 18:00", None, at("06-21 18:00") + INSTANT,
    ),
    Owed(
        "a return before the approval was of another use",
        Given(returned("06-20"), export_approved("06-21", return_by="06-21 18:00")), back("return_by"), "06-23",
        OVERDUE, "06-21 18:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", RETURNS, ids=str)
def test_a_medium_is_owed_back_by_the_time_of_its_approval(row: Owed) -> None:
    _check(row, "back")


AFTER_USE = under(policy(owes("erasure", DataExported, DriveWiped, "6h", Role.CARRIER)))

USES = [
    ("wiped after use", Given(exported("06-21"), wiped("06-21 14:00")), (MET,)),
    ("wiped at the last moment", Given(exported("06-21"), wiped("06-21 15:00")), (MET,)),
    ("wiped an instant later", Given(exported("06-21"), wiped(at("06-21 15:00") + INSTANT)), (LATE,)),
    ("wiped at its very moment", Given(exported("06-21"), wiped("06-21")), (MET,)),
    ("wiped before use only, as it should be too", Given(wiped("06-20"), exported("06-21")), (OVERDUE,)),
    ("not wiped", Given(exported("06-21")), (OVERDUE,)),
    (
        "each use is owed its own erasure",
        Given(exported("06-21"), wiped("06-21 14:00"), exported("06-22")), (MET, OVERDUE),
    ),
    (
        "the first one late, the second in time",
        Given(exported("06-21"), exported("06-22"), wiped("06-22 12:00")), (LATE, MET),
    ),
    (
        "a wipe that failed erases nothing",
        Given(exported("06-21"), wiped("06-21 14:00", passed=False)), (OVERDUE,),
    ),
    (
        "told late, it was late",
        Given(exported("06-21"), wiped("06-21 14:00", known="06-22")), (LATE,),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("title", "given", "states"), USES, ids=[row[0] for row in USES])
def test_each_use_of_a_medium_is_owed_an_erasure_after_it(
    title: str, given: Given, states: tuple[ObligationState, ...]
) -> None:
    assert tuple(o.state for o in given.judged(AFTER_USE, "07-01").obligations) == states


def test_the_debt_of_each_use_is_named_by_its_fact() -> None:
    verdict = Given(exported("06-21", name="use")).judged(AFTER_USE, "07-01")
    assert [o.subject for o in verdict.obligations] == [str(named("use"))]
    assert the_flag(verdict, "overdue").subject == f"erasure/{named('use')}"


def test_the_breaches_of_two_leases_both_grow() -> None:
    agreed = reference(
        published(policy(owes("destruction", DriveReturned, DriveDestroyed, "10d", grows={"2d": CRITICAL}))),
        registered("K-1"),
        registered("K-2"),
    )
    held = record([returned("04-22", contract="K-1"), returned("04-25", contract="K-2")])
    breaches = [flag for flag in judge(held, agreed, at("06-01")).flags if flag.kind == "overdue"]
    assert [(flag.contract, flag.severity) for flag in breaches] == [("K-1", CRITICAL), ("K-2", CRITICAL)]
