"""The words of the chain of custody: the kinds of fact about a drive, and the roles that parties stand in."""

from __future__ import annotations

import enum


class FactKind(enum.StrEnum):
    """What a party may say has happened to one drive. The value is the fact's name in protos and policies."""

    DRIVE_ENROLLED = "DriveEnrolled"
    LEASE_EXTENDED = "LeaseExtended"
    LEASE_ENDED = "LeaseEnded"

    DRIVE_RELEASED = "DriveReleased"
    DRIVE_REMOVED = "DriveRemoved"
    DRIVE_RETURNED = "DriveReturned"

    DRIVE_INITIALISED = "DriveInitialised"
    DRIVE_WIPED = "DriveWiped"
    WIPE_VERIFIED = "WipeVerified"

    DRIVE_DISPATCHED = "DriveDispatched"
    CUSTODY_TRANSFERRED = "CustodyTransferred"
    DRIVE_DELIVERED = "DriveDelivered"

    DRIVE_DESTROYED = "DriveDestroyed"
    CERTIFICATE_ISSUED = "CertificateIssued"
    CERTIFICATE_ACCEPTED = "CertificateAccepted"

    DRIVE_SIGHTED = "DriveSighted"
    DRIVE_LOST = "DriveLost"
    DRIVE_RECOVERED = "DriveRecovered"
    EXPORT_APPROVED = "ExportApproved"
    DATA_EXPORTED = "DataExported"
    INCIDENT_REPORTED = "IncidentReported"
    FACT_RETRACTED = "FactRetracted"
    FLAG_ACKNOWLEDGED = "FlagAcknowledged"
    FLAG_WAIVED = "FlagWaived"

    # An enum's own hash is a call of Python at each look into a set or a dict; the word's is kept with it.
    __hash__ = str.__hash__


class Role(enum.StrEnum):
    """What a contract approves a party for. Who reports a fact and who owes one are named by role."""

    OWNER = "owner"
    LESSOR = "lessor"
    SANITISER = "sanitiser"
    CARRIER = "carrier"
    DESTROYER = "destroyer"

    __hash__ = str.__hash__


CARRIES_ETA: frozenset[FactKind] = frozenset({FactKind.DRIVE_DISPATCHED})
"""Facts that state an estimated time of arrival."""

CARRIES_RETURN: frozenset[FactKind] = frozenset({FactKind.EXPORT_APPROVED})
"""Facts that state a time by which a medium must be back."""

INCIDENT_REPORTS: tuple[str, ...] = ("to_owner", "preliminary", "final")
"""The reports that one incident asks for, in their order: to the owner, then twice to the regulator."""

NAMES_A_LOT: frozenset[FactKind] = frozenset({FactKind.DRIVE_RELEASED, FactKind.DRIVE_RETURNED})
"""Facts that name the lot in which the drive was released."""

NAMES_A_SHIPMENT: frozenset[FactKind] = frozenset(
    {FactKind.DRIVE_DISPATCHED, FactKind.CUSTODY_TRANSFERRED, FactKind.DRIVE_DELIVERED}
)
"""Facts that name the shipment in which the drive travels."""

ARRIVALS: frozenset[FactKind] = frozenset({FactKind.DRIVE_RETURNED, FactKind.DRIVE_DELIVERED})
"""What the closure of a shipment brings forward: the scans of those who receive it."""

AFTER_THE_END: frozenset[FactKind] = frozenset(
    {FactKind.CERTIFICATE_ISSUED, FactKind.CERTIFICATE_ACCEPTED, FactKind.INCIDENT_REPORTED}
)
"""The only facts, corrections aside, that may rightly come about once a drive is destroyed."""

CORRECTIONS: frozenset[FactKind] = frozenset(
    {FactKind.FACT_RETRACTED, FactKind.FLAG_ACKNOWLEDGED, FactKind.FLAG_WAIVED}
)
"""Facts about other facts and about flags. They happen to the history, not to the drive: nobody owes one."""
