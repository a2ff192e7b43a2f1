"""The facts: immutable events that a party says have happened to one drive.

One frozen class per past-tense fact of the design's semantics, section 2. Times are aware
and in UTC. A fact carries what the judgement reads; the whole message stays in the log.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from mitodoke.lifecycle.kinds import FactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact says.

    `occurred_at` is the party's claim; `recorded_at` the broker's append time, which nobody
    can set. `serial` is canonical. `backfilled` marks imported history, for ever.
    """

    kind: ClassVar[FactKind]

    event_id: UUID
    serial: str
    occurred_at: datetime
    recorded_at: datetime
    party: str
    operator: str
    contract: str
    backfilled: bool = False
    evidence: tuple[str, ...] = ()
    """The purposes that evidence was given for, such as photo_before."""

    known_at: datetime = field(init=False, repr=False, compare=False)
    """When the judgement may count it: as recorded; for imported history as it happened."""

    def __post_init__(self) -> None:
        known_at = self.occurred_at if self.backfilled else self.recorded_at
        object.__setattr__(self, "known_at", known_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveEnrolled(Fact):
    """The drive came under a contract: from here on it is watched."""

    kind = FactKind.DRIVE_ENROLLED
    enclosure: str = ""
    media_type: str = ""
    data_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseExtended(Fact):
    """The lease goes on until another day."""

    kind = FactKind.LEASE_EXTENDED
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEnded(Fact):
    """The lease is over: the drive is to be returned."""

    kind = FactKind.LEASE_ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveReleased(Fact):
    """The drive left the owner, on the manifest `shipment` (the lot)."""

    kind = FactKind.DRIVE_RELEASED
    shipment: str = ""
    to_party: str = ""
    seal: str = ""
    attended_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveRemoved(Fact):
    """The drive was taken out of its enclosure."""

    kind = FactKind.DRIVE_REMOVED
    enclosure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveReturned(Fact):
    """The drive was scanned at the receiver's dock, from the manifest `shipment` (the lot)."""

    kind = FactKind.DRIVE_RETURNED
    shipment: str = ""
    from_party: str = ""
    seal_found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveInitialised(Fact):
    """The drive was formatted. This never counts as sanitised (the 2019 case)."""

    kind = FactKind.DRIVE_INITIALISED


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveWiped(Fact):
    """A sanitisation was carried out (NIST SP 800-88 rev. 1)."""

    kind = FactKind.DRIVE_WIPED
    method: str = ""
    place: str = ""
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WipeVerified(Fact):
    """A sanitisation was verified by another person."""

    kind = FactKind.WIPE_VERIFIED
    wipe: UUID | None = None
    full: bool
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveDispatched(Fact):
    """The drive left on a shipment; these facts are its manifest."""

    kind = FactKind.DRIVE_DISPATCHED
    shipment: str
    carrier: str = ""
    to_party: str = ""
    crew: tuple[str, ...] = ()
    seal: str = ""
    eta: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyTransferred(Fact):
    """The drive went from one party to another; each of the two reports it."""

    kind = FactKind.CUSTODY_TRANSFERRED
    from_party: str
    to_party: str
    shipment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveDelivered(Fact):
    """The drive of a shipment was scanned by its receiver."""

    kind = FactKind.DRIVE_DELIVERED
    shipment: str
    seal_found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveDestroyed(Fact):
    """The drive was physically destroyed (NIST SP 800-88 Destroy; ISO/IEC 21964)."""

    kind = FactKind.DRIVE_DESTROYED
    method: str = ""
    particle_size_mm: float = 0.0
    particle_area_mm2: float = 0.0
    security_level: str = ""
    place: str = ""
    witness_party: str = ""
    witness: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIssued(Fact):
    """The destroyer certified the destruction in writing. `serial_on_certificate` is as printed; "" for the same."""

    kind = FactKind.CERTIFICATE_ISSUED
    certificate: str
    method: str = ""
    destroyed_at: datetime | None = None
    serial_on_certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAccepted(Fact):
    """The owner accepted the certificate. Only this ends the chain."""

    kind = FactKind.CERTIFICATE_ACCEPTED
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveSighted(Fact):
    """The drive was seen where it should not be."""

    kind = FactKind.DRIVE_SIGHTED
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveLost(Fact):
    """The drive is missing, by the word of who held it."""

    kind = FactKind.DRIVE_LOST
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveRecovered(Fact):
    """The drive is back in known hands. This closes nothing that is owed."""

    kind = FactKind.DRIVE_RECOVERED
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportApproved(Fact):
    """The owner allowed data to be carried out on this medium."""

    kind = FactKind.EXPORT_APPROVED
    purpose: str
    medium: str = ""
    carrier: str = ""
    return_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataExported(Fact):
    """Data was copied to this medium."""

    kind = FactKind.DATA_EXPORTED
    purpose: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReported(Fact):
    """An incident with this drive was reported: to_owner, preliminary or final."""

    kind = FactKind.INCIDENT_REPORTED
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRetracted(Fact):
    """A fact is taken back by who reported it; both stay in the history."""

    kind = FactKind.FACT_RETRACTED
    retracted: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagAcknowledged(Fact):
    """Somebody has a flag in hand, until a time.

    It counts from who is the contract's owner or lessor when it becomes known, whatever time it names.
    """

    kind = FactKind.FLAG_ACKNOWLEDGED
    flag: UUID
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagWaived(Fact):
    """Somebody has decided that a flag asks for nothing more.

    It counts from who is the contract's owner when it becomes known, whatever time it names.
    """

    kind = FactKind.FLAG_WAIVED
    flag: UUID
    reason: str


FACTS: dict[FactKind, type[Fact]] = {fact.kind: fact for fact in Fact.__subclasses__()}
"""Every fact by its kind."""
