"""Guards the identity of the thing: is this a drive that we know, and is this its own number?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DriveDestroyed, DriveEnrolled, DriveReturned, Fact
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.serials import suspicion
from mitodoke.lifecycle.workings import anywhere

ENDS = frozenset({DriveReturned.kind, DriveDestroyed.kind})
"""After these a drive is no longer alive under its contract, whatever is still owed."""

LIVING = anywhere(DriveEnrolled.kind, *ENDS)


def unknown_drive(case: Case) -> Iterator[Finding]:
    """A fact about a drive that was never enrolled under its contract; mended by the enrolment.

    Source: ISO/IEC 27001:2022 A.5.9 (inventory of assets): what is not in the inventory is not watched.
    """
    enrolled_at = case.first_known(DriveEnrolled.kind)
    if enrolled_at is not None and enrolled_at <= case.first_known_at:
        return
    if facts := case.facts:
        first = min(facts, key=lambda f: (f.known_at, f.event_id))
        yield Finding(
            subject="",
            known_at=first.known_at,
            message=f"{first.kind} was reported by {first.party} for a drive not enrolled under {first.contract}",
            party=first.party,
            mended_at=enrolled_at,
        )


def suspect_serial(case: Case) -> Iterator[Finding]:
    """A number that is a USB bridge's or a virtual disk's, so that several drives may share it.

    Source: NIST SP 800-88 rev. 1, section 4.8: a certificate names the serial number of the media itself.
    """
    of = suspicion(case.serial)
    if of is not None:
        first = min(case.facts, key=lambda f: (f.known_at, f.event_id))
        yield Finding(
            subject="",
            known_at=first.known_at,
            message=f"{case.serial} looks like the number of {of}, not of a drive; read the label of the drive itself",
            party=first.party,
        )


def alive_twice(case: Case) -> Iterator[Finding]:
    """A drive is enrolled under a contract while it is alive under another: two share a number, or a paper is untrue.

    It is over under a contract once it was returned or destroyed there; mended when that is told late.
    Source: ISO/IEC 27001:2022 A.5.9 (inventory of assets): what stands in it twice cannot be accounted for.
    """
    enrolments = case.of(DriveEnrolled)
    if not enrolments or case.is_under_one_contract:
        return
    before = case.of_drive(_alive_before, LIVING).found.get(enrolments[0].event_id)
    if before is None:
        return
    enrolled, other = enrolments[0], before.enrolled
    known_at = max(enrolled.known_at, other.known_at)
    if before.ended_at is None or before.ended_at > known_at:
        yield Finding(
            subject=other.contract,
            known_at=known_at,
            message=f"{enrolled.party} enrolled it under {enrolled.contract} while it was alive"
            f" under {other.contract}, where {other.party} had enrolled it",
            party=enrolled.party,
            mended_at=before.ended_at,
        )


@dataclass(frozen=True, slots=True)
class _Life:
    """An enrolment, and when it was first known that it was over under that contract."""

    enrolled: DriveEnrolled
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Lives:
    """Before each enrolment, the last one under another contract."""

    found: dict[UUID, _Life]
    recent: dict[str, _Life]
    """Of two contracts at most: whichever comes next, the last one under another is among them."""


def _alive_before(facts: Sequence[Fact], before: _Lives | None) -> _Lives:
    found, recent = dict[UUID, _Life](), dict[str, _Life]()
    if before is not None:
        found, recent = dict(before.found), dict(before.recent)
    for fact in facts:
        life = recent.get(fact.contract)
        if isinstance(fact, DriveEnrolled):
            recent.pop(fact.contract, None)
            if recent:
                found[fact.event_id] = list(recent.values())[-1]
            recent[fact.contract] = _Life(fact)
            if len(recent) > 2:
                del recent[next(iter(recent))]
        elif fact.kind in ENDS and life is not None:
            known_at = fact.known_at if life.ended_at is None else min(life.ended_at, fact.known_at)
            recent[fact.contract] = _Life(life.enrolled, known_at)
    return _Lives(found, recent)


RULES = (
    Rule("unknown_drive", Severity.MAJOR, "ISO/IEC 27001:2022 A.5.9", unknown_drive),
    Rule("alive_twice", Severity.MAJOR, "ISO/IEC 27001:2022 A.5.9", alive_twice),
    Rule("suspect_serial", Severity.WARNING, "NIST SP 800-88 rev. 1, 4.8", suspect_serial),
)
