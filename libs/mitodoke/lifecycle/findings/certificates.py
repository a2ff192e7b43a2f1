"""Guards the papers: does each certificate have its deed, and do the reports of one thing agree?"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    CertificateIssued,
    DriveDelivered,
    DriveDestroyed,
    DriveEnrolled,
    DriveRemoved,
    Fact,
)
from mitodoke.lifecycle.findings.as_written import folded
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.serials import SerialError, canonical

SAME_DAY = timedelta(days=1)
"""Certificates and reports often bear a date alone: times less than this apart may be of the same deed."""


def certificate_without_destruction(case: Case) -> Iterator[Finding]:
    """A certificate for a drive of which no destruction was reported; mended when one is.

    Source: NIST SP 800-88 rev. 1, section 4.8: a certificate documents an action that was taken.
    """
    deed_at = case.first_known(DriveDestroyed.kind)
    papers: dict[str, CertificateIssued | CertificateAccepted] = {}
    reported: list[CertificateIssued | CertificateAccepted] = [
        *case.of(CertificateIssued),
        *case.of(CertificateAccepted),
    ]
    for paper in reported:
        held = papers.get(paper.certificate)
        if held is None or (paper.known_at, paper.event_id) < (held.known_at, held.event_id):
            papers[paper.certificate] = paper
    for certificate, paper in sorted(papers.items()):
        if deed_at is None or deed_at > paper.known_at:
            yield Finding(
                subject=certificate,
                known_at=paper.known_at,
                message=f"{paper.kind} was reported by {paper.party} for a drive that nobody had reported destroyed",
                party=paper.party,
                mended_at=deed_at,
            )


def _is_without_destruction(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    """Not when a certificate comes after the destruction was known."""
    if fact.kind is DriveDestroyed.kind:
        return True
    deed_at = case.first_known(DriveDestroyed.kind)
    return deed_at is None or deed_at > fact.known_at


def conflicting_facts(case: Case) -> Iterator[Finding]:
    """Two reports of the same thing cannot both be true: one of them is to be taken back.

    A certificate that names another serial number, method or day than the destruction, mended by the report of a
    destruction with which it agrees; two parties that report the destruction with another method, place or day;
    two parties that both say they received the same shipment; two enrolments in one lease that name another
    enclosure or medium, as of two drives that share a number; and a drive taken out of another enclosure than
    the one in which it was enrolled, mended by an enrolment in it.
    Source: NIST SP 800-88 rev. 1, section 4.8, and its appendix G: what a certificate must state.
    """
    yield from _certificates(case)
    yield from _destructions(case)
    yield from _deliveries(case)
    yield from _enrolments(case)
    yield from _removals(case)


def _may_conflict(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    """Not when it is the first that is told of its thing."""
    match fact:
        case DriveDelivered(shipment=shipment):
            return sum(delivery.shipment == shipment for delivery in case.of(DriveDelivered)) > 1
        case DriveEnrolled():
            return len(case.of(DriveEnrolled)) > 1 or bool(case.of(DriveRemoved))
        case DriveDestroyed():
            return len(case.of(DriveDestroyed)) > 1 or bool(case.of(CertificateIssued))
    return True


def _certificates(case: Case) -> Iterator[Finding]:
    deeds = case.of(DriveDestroyed)
    for paper in case.of(CertificateIssued):
        if not _names(paper, case.serial):
            yield _finding(
                paper,
                paper.known_at,
                f"certificate {paper.certificate} of {paper.party} names {paper.serial_on_certificate}",
            )
            continue
        agreed_at, contradicted = _compared(paper, deeds)
        if contradicted is None:
            continue
        known_at = max(paper.known_at, contradicted.known_at)
        if agreed_at is None or agreed_at > known_at:
            yield _finding(
                paper,
                known_at,
                f"certificate {paper.certificate} of {paper.party} states another method or day"
                f" than the destruction that {contradicted.party} reported",
                agreed_at,
            )


def _compared(
    paper: CertificateIssued, deeds: Sequence[DriveDestroyed]
) -> tuple[datetime | None, DriveDestroyed | None]:
    """When a destruction that the paper agrees with was known; and the one known first that it contradicts."""
    agreed_at: datetime | None = None
    contradicted: DriveDestroyed | None = None
    for deed in deeds:
        if _differ(paper.method, deed.method) or (
            paper.destroyed_at is not None and abs(paper.destroyed_at - deed.occurred_at) >= SAME_DAY
        ):
            if contradicted is None or _by_knowledge(deed) < _by_knowledge(contradicted):
                contradicted = deed
        elif agreed_at is None or deed.known_at < agreed_at:
            agreed_at = deed.known_at
    return agreed_at, contradicted


def _names(paper: CertificateIssued, serial: str) -> bool:
    if not paper.serial_on_certificate:
        return True
    try:
        return canonical(paper.serial_on_certificate) == serial
    except SerialError:
        return False


def _destructions(case: Case) -> Iterator[Finding]:
    first: DriveDestroyed | None = None
    second: DriveDestroyed | None = None
    for deed in sorted(case.of(DriveDestroyed), key=_by_knowledge):
        other = first if first is None or first.party != deed.party else second
        if other is not None and (
            _differ(deed.method, other.method)
            or _differ(deed.place, other.place)
            or abs(deed.occurred_at - other.occurred_at) >= SAME_DAY
        ):
            yield _finding(
                deed,
                deed.known_at,
                f"{deed.party} reports another method, place or day of its destruction than {other.party} had",
            )
        if first is None:
            first = deed
        elif second is None and deed.party != first.party:
            second = deed


def _deliveries(case: Case) -> Iterator[Finding]:
    received: dict[str, DriveDelivered] = {}
    for delivery in sorted(case.of(DriveDelivered), key=_by_knowledge):
        first = received.setdefault(delivery.shipment, delivery)
        if delivery.shipment and first.party != delivery.party:
            yield _finding(
                delivery,
                delivery.known_at,
                f"{delivery.party} reports that it received {delivery.shipment}, as {first.party} had",
            )


def _enrolments(case: Case) -> Iterator[Finding]:
    told = sorted(case.of(DriveEnrolled), key=_by_knowledge)
    for enrolled in told[1:]:
        first = told[0]
        if _differ(folded(enrolled.enclosure), folded(first.enclosure)) or _differ(
            enrolled.media_type, first.media_type
        ):
            yield _finding(
                enrolled,
                enrolled.known_at,
                f"{enrolled.party} enrols it in another enclosure or as another medium than {first.party} had",
            )


def _removals(case: Case) -> Iterator[Finding]:
    first_known: dict[str, datetime] = {}
    for enrolled in case.of(DriveEnrolled):
        if enclosure := folded(enrolled.enclosure):
            first_known[enclosure] = min(enrolled.known_at, first_known.get(enclosure, enrolled.known_at))
    # Whichever the drive was taken out of, the first of the others is one of these two.
    first_two = sorted(first_known.items(), key=lambda one: one[1])[:2]
    for removed in case.of(DriveRemoved):
        enclosure = folded(removed.enclosure)
        others = [known_at for other, known_at in first_two if other != enclosure]
        if not enclosure or not others:
            continue
        known_at, agreed_at = max(removed.known_at, others[0]), first_known.get(enclosure)
        if agreed_at is None or agreed_at > known_at:
            yield _finding(
                removed,
                known_at,
                f"{removed.party} took it out of {removed.enclosure}, and it was enrolled in another enclosure",
                agreed_at,
            )


def _finding(fact: Fact, known_at: datetime, message: str, mended_at: datetime | None = None) -> Finding:
    return Finding(fact.event_id, known_at, message, fact.party, mended_at)


def _differ(one: str, other: str) -> bool:
    """Whether both say something, and not the same."""
    return bool(one and other) and one.casefold() != other.casefold()


def _by_knowledge(fact: Fact) -> tuple[datetime, int]:
    return fact.known_at, fact.event_id.int


RULES = (
    Rule(
        "certificate_without_destruction",
        Severity.MAJOR,
        "NIST SP 800-88 rev. 1, 4.8",
        certificate_without_destruction,
        _is_without_destruction,
    ),
    Rule("conflicting_facts", Severity.MAJOR, "NIST SP 800-88 rev. 1, 4.8", conflicting_facts, _may_conflict),
)
