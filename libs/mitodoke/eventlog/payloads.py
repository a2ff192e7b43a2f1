"""The values of the log: the protobuf message of each fact, read into the fact that the judgement knows.

One small function per fact, in one table by kind.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypedDict
from uuid import UUID

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.contracts.destruction.v1 import destruction_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.oversight.v1 import oversight_pb2
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1 import returns_pb2
from mitodoke.contracts.transport.v1 import transport_pb2
from mitodoke.contracts.wipe.v1 import wipe_pb2
from mitodoke.lifecycle import facts, reference
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.reference import Approval, Permission, ReferenceFact
from mitodoke.policyfile import calendar_for, read_policy

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

LONGEST_TEXT: Final = 512
"""Characters: no service takes a longer one. PostgreSQL keeps no text with U+0000, and finds nothing by a long one."""


class Unreadable(ValueError):
    """A value that cannot be a fact; the message says why."""


def moment(timestamp: Timestamp) -> datetime:
    """The aware UTC time of a protobuf timestamp; what is finer than a microsecond is cut off.

    Raises OverflowError outside the years 1 to 9999.
    """
    return _moment(timestamp.seconds, timestamp.nanos // 1000)


@lru_cache(maxsize=1024)  # drives of one lot are told of with one time
def _moment(seconds: int, microseconds: int) -> datetime:
    return _EPOCH + timedelta(0, seconds, microseconds)


@lru_cache(maxsize=1024)  # all records of a batch have one append time
def moment_of_milliseconds(milliseconds: int) -> datetime:
    """The aware UTC time of milliseconds since 1970, the resolution of the broker's append time."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds_of_moment(moment: datetime) -> int:
    """The milliseconds since 1970 of an aware time, as the broker writes its append time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def timestamp_of(at: datetime) -> Timestamp:
    """The protobuf timestamp of an aware time."""
    since = at - _EPOCH
    return Timestamp(seconds=since.days * 86400 + since.seconds, nanos=since.microseconds * 1000)


class Said(TypedDict):
    """What every drive fact says, from the headers, the record and the message."""

    event_id: UUID
    serial: str
    occurred_at: datetime
    recorded_at: datetime
    party: str
    operator: str
    contract: str
    backfilled: bool
    evidence: tuple[str, ...]


def _words(enum: EnumDescriptor) -> Mapping[int, str]:
    """The short word of each value: WIPE_METHOD_ATA_SECURE_ERASE is ata_secure_erase; 0 is empty."""
    unspecified = enum.values_by_number[0].name
    prefix = unspecified.removesuffix("UNSPECIFIED")
    words = {value.number: value.name.removeprefix(prefix).lower() for value in enum.values}
    return {**words, 0: ""}


_MEDIA = _words(leasing_pb2.MediaType.DESCRIPTOR)
_WIPE_METHOD = _words(wipe_pb2.WipeMethod.DESCRIPTOR)
_DESTRUCTION_METHOD = _words(destruction_pb2.DestructionMethod.DESCRIPTOR)
_INCIDENT_REPORT = _words(oversight_pb2.IncidentReport.DESCRIPTOR)
_ROLE = _words(reference_pb2.Role.DESCRIPTOR)
_PERMISSION = _words(reference_pb2.Permission.DESCRIPTOR)


def _uuid_or_none(text: str) -> UUID | None:
    return UUID(text) if text else None


def _drive_enrolled(m: leasing_pb2.DriveEnrolled, said: Said) -> Fact:
    return facts.DriveEnrolled(
        **said, enclosure=m.enclosure, media_type=_MEDIA[m.media_type], data_class=m.data_class
    )


def _lease_extended(m: leasing_pb2.LeaseExtended, said: Said) -> Fact:
    return facts.LeaseExtended(**said, until=moment(m.until))


def _lease_ended(m: leasing_pb2.LeaseEnded, said: Said) -> Fact:
    return facts.LeaseEnded(**said)


def _drive_released(m: returns_pb2.DriveReleased, said: Said) -> Fact:
    return facts.DriveReleased(
        **said,
        shipment=m.lot_id,
        to_party=m.to_party_id,
        seal=m.seal_id,
        attended_by=tuple(m.attended_by),
    )


def _drive_removed(m: returns_pb2.DriveRemoved, said: Said) -> Fact:
    return facts.DriveRemoved(**said, enclosure=m.enclosure)


def _drive_returned(m: returns_pb2.DriveReturned, said: Said) -> Fact:
    return facts.DriveReturned(
        **said, shipment=m.lot_id, from_party=m.from_party_id, seal_found=m.seal_id_found
    )


def _drive_initialised(m: wipe_pb2.DriveInitialised, said: Said) -> Fact:
    return facts.DriveInitialised(**said)


def _drive_wiped(m: wipe_pb2.DriveWiped, said: Said) -> Fact:
    return facts.DriveWiped(
        **said,
        method=_WIPE_METHOD[m.method],
        place=m.place,
        passed=m.result == wipe_pb2.WIPE_RESULT_PASSED,
    )


def _wipe_verified(m: wipe_pb2.WipeVerified, said: Said) -> Fact:
    return facts.WipeVerified(
        **said,
        wipe=_uuid_or_none(m.wipe_event_id),
        full=m.coverage == wipe_pb2.VERIFICATION_COVERAGE_FULL,
        accepted=m.result == wipe_pb2.VERIFICATION_RESULT_ACCEPTED,
    )


def _drive_dispatched(m: transport_pb2.DriveDispatched, said: Said) -> Fact:
    return facts.DriveDispatched(
        **said,
        shipment=m.shipment_id,
        carrier=m.carrier_party_id,
        to_party=m.to_party_id,
        crew=tuple(m.crew),
        seal=m.seal_id,
        eta=moment(m.eta) if m.HasField("eta") else None,
    )


def _custody_transferred(m: transport_pb2.CustodyTransferred, said: Said) -> Fact:
    return facts.CustodyTransferred(
        **said, from_party=m.from_party_id, to_party=m.to_party_id, shipment=m.shipment_id
    )


def _drive_delivered(m: transport_pb2.DriveDelivered, said: Said) -> Fact:
    return facts.DriveDelivered(**said, shipment=m.shipment_id, seal_found=m.seal_id_found)


def _drive_destroyed(m: destruction_pb2.DriveDestroyed, said: Said) -> Fact:
    return facts.DriveDestroyed(
        **said,
        method=_DESTRUCTION_METHOD[m.method],
        particle_size_mm=m.particle_size_mm,
        particle_area_mm2=m.particle_area_mm2,
        security_level=m.security_level,
        place=m.place,
        witness_party=m.witness_party_id,
        witness=m.witness_id,
    )


def _certificate_issued(m: destruction_pb2.CertificateIssued, said: Said) -> Fact:
    return facts.CertificateIssued(
        **said,
        certificate=m.certificate_id,
        method=_DESTRUCTION_METHOD[m.method],
        destroyed_at=moment(m.destroyed_at) if m.HasField("destroyed_at") else None,
        serial_on_certificate=m.serial_on_certificate,
    )


def _certificate_accepted(m: destruction_pb2.CertificateAccepted, said: Said) -> Fact:
    return facts.CertificateAccepted(**said, certificate=m.certificate_id)


def _drive_sighted(m: oversight_pb2.DriveSighted, said: Said) -> Fact:
    return facts.DriveSighted(**said, place=m.place)


def _drive_lost(m: oversight_pb2.DriveLost, said: Said) -> Fact:
    return facts.DriveLost(**said, place=m.place)


def _drive_recovered(m: oversight_pb2.DriveRecovered, said: Said) -> Fact:
    return facts.DriveRecovered(**said, place=m.place)


def _export_approved(m: oversight_pb2.ExportApproved, said: Said) -> Fact:
    return facts.ExportApproved(
        **said,
        purpose=m.purpose,
        medium=m.medium,
        carrier=m.carrier_id,
        return_by=moment(m.return_by) if m.HasField("return_by") else None,
    )


def _data_exported(m: oversight_pb2.DataExported, said: Said) -> Fact:
    return facts.DataExported(**said, purpose=m.purpose, carrier=m.carrier_id)


def _incident_reported(m: oversight_pb2.IncidentReported, said: Said) -> Fact:
    return facts.IncidentReported(**said, report=_INCIDENT_REPORT[m.report])


def _fact_retracted(m: oversight_pb2.FactRetracted, said: Said) -> Fact:
    return facts.FactRetracted(**said, retracted=UUID(m.event_id), reason=m.reason)


def _flag_acknowledged(m: oversight_pb2.FlagAcknowledged, said: Said) -> Fact:
    return facts.FlagAcknowledged(**said, flag=UUID(m.flag_id), reason=m.reason, until=moment(m.until))


def _flag_waived(m: oversight_pb2.FlagWaived, said: Said) -> Fact:
    return facts.FlagWaived(**said, flag=UUID(m.flag_id), reason=m.reason)


@dataclass(frozen=True, slots=True)
class DrivePayload:
    """How one kind of drive fact stands in the log."""

    kind: FactKind
    message: type[Any]
    read: Callable[[Any, Said], Fact]

    @property
    def type_name(self) -> str:
        """The protobuf full name, such as mitodoke.wipe.v1.DriveWiped."""
        name: str = self.message.DESCRIPTOR.full_name
        return name


DRIVE_PAYLOADS: Final[Mapping[FactKind, DrivePayload]] = {
    payload.kind: payload
    for payload in (
        DrivePayload(FactKind.DRIVE_ENROLLED, leasing_pb2.DriveEnrolled, _drive_enrolled),
        DrivePayload(FactKind.LEASE_EXTENDED, leasing_pb2.LeaseExtended, _lease_extended),
        DrivePayload(FactKind.LEASE_ENDED, leasing_pb2.LeaseEnded, _lease_ended),
        DrivePayload(FactKind.DRIVE_RELEASED, returns_pb2.DriveReleased, _drive_released),
        DrivePayload(FactKind.DRIVE_REMOVED, returns_pb2.DriveRemoved, _drive_removed),
        DrivePayload(FactKind.DRIVE_RETURNED, returns_pb2.DriveReturned, _drive_returned),
        DrivePayload(FactKind.DRIVE_INITIALISED, wipe_pb2.DriveInitialised, _drive_initialised),
        DrivePayload(FactKind.DRIVE_WIPED, wipe_pb2.DriveWiped, _drive_wiped),
        DrivePayload(FactKind.WIPE_VERIFIED, wipe_pb2.WipeVerified, _wipe_verified),
        DrivePayload(FactKind.DRIVE_DISPATCHED, transport_pb2.DriveDispatched, _drive_dispatched),
        DrivePayload(FactKind.CUSTODY_TRANSFERRED, transport_pb2.CustodyTransferred, _custody_transferred),
        DrivePayload(FactKind.DRIVE_DELIVERED, transport_pb2.DriveDelivered, _drive_delivered),
        DrivePayload(FactKind.DRIVE_DESTROYED, destruction_pb2.DriveDestroyed, _drive_destroyed),
        DrivePayload(FactKind.CERTIFICATE_ISSUED, destruction_pb2.CertificateIssued, _certificate_issued),
        DrivePayload(FactKind.CERTIFICATE_ACCEPTED, destruction_pb2.CertificateAccepted, _certificate_accepted),
        DrivePayload(FactKind.DRIVE_SIGHTED, oversight_pb2.DriveSighted, _drive_sighted),
        DrivePayload(FactKind.DRIVE_LOST, oversight_pb2.DriveLost, _drive_lost),
        DrivePayload(FactKind.DRIVE_RECOVERED, oversight_pb2.DriveRecovered, _drive_recovered),
        DrivePayload(FactKind.EXPORT_APPROVED, oversight_pb2.ExportApproved, _export_approved),
        DrivePayload(FactKind.DATA_EXPORTED, oversight_pb2.DataExported, _data_exported),
        DrivePayload(FactKind.INCIDENT_REPORTED, oversight_pb2.IncidentReported, _incident_reported),
        DrivePayload(FactKind.FACT_RETRACTED, oversight_pb2.FactRetracted, _fact_retracted),
        DrivePayload(FactKind.FLAG_ACKNOWLEDGED, oversight_pb2.FlagAcknowledged, _flag_acknowledged),
        DrivePayload(FactKind.FLAG_WAIVED, oversight_pb2.FlagWaived, _flag_waived),
    )
}  # fmt: skip
"""Every drive fact by its kind."""

DRIVE_PAYLOADS_BY_TYPE: Final[Mapping[str, DrivePayload]] = {
    payload.type_name: payload for payload in DRIVE_PAYLOADS.values()
}
"""Every drive fact by its protobuf full name."""


def parse_drive_fact(payload: DrivePayload, value: bytes) -> Any:
    """The protobuf message of a value. Raises Unreadable."""
    try:
        return payload.message.FromString(value)
    except DecodeError as error:
        raise Unreadable(f"its value is not a {payload.type_name}: {error}") from None


def require_keepable(payload: DrivePayload, message: Any, value: bytes) -> None:
    """Raises Unreadable when a text of the message, which was parsed from the value, cannot be kept."""
    # A text with U+0000 has the byte 0, and a long text is in a long value: few messages are searched.
    if b"\x00" in value or len(value) > LONGEST_TEXT:
        for text in _texts(message):
            if "\x00" in text or len(text) > LONGEST_TEXT:
                raise Unreadable(
                    f"its {payload.type_name} has a text with the character U+0000, or with more than {LONGEST_TEXT} "
                    "characters"
                )


def _texts(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        for each in value if field.is_repeated else (value,):
            if isinstance(each, str):
                yield each
            elif isinstance(each, Message):
                yield from _texts(each)


def read_drive_fact(payload: DrivePayload, message: Any, said: Said) -> Fact:
    """The fact that a parsed message states. Raises Unreadable when a field's value stands for nothing."""
    try:
        return payload.read(message, said)
    except KeyError as error:
        raise Unreadable(
            f"its {payload.type_name} has the value {error}, which this version does not know"
        ) from None
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"its {payload.type_name} has a field that cannot be read: {error}") from None


def purposes(message: Any) -> tuple[str, ...]:
    """What the evidence of a parsed message is for."""
    return tuple([each.purpose for each in message.evidence]) if message.evidence else ()


def decode_fact(
    kind: FactKind,
    payload: bytes,
    *,
    event_id: UUID,
    serial: str,
    occurred_at: datetime,
    recorded_at: datetime,
    party: str,
    operator: str,
    contract: str,
    backfilled: bool,
) -> Fact:
    """The fact whose value bytes and envelope are kept elsewhere, such as in the read model. Raises Unreadable."""
    table = DRIVE_PAYLOADS[kind]
    message = parse_drive_fact(table, payload)
    said = Said(
        event_id=event_id,
        serial=serial,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        party=party,
        operator=operator,
        contract=contract,
        backfilled=backfilled,
        evidence=purposes(message),
    )
    return read_drive_fact(table, message, said)


def details_json(kind: FactKind, payload: bytes) -> str:
    """A fact's own fields as JSON with the protos' field names, without serial and occurred_at.

    The word of an enum is its short form, such as crush. Raises Unreadable.
    """
    message: Message = parse_drive_fact(DRIVE_PAYLOADS[kind], payload)
    fields = MessageToDict(message, preserving_proto_field_name=True)
    for field, value in message.ListFields():
        if field.enum_type is not None:
            fields[field.name] = _words(field.enum_type).get(value, str(value))
    fields.pop("serial", None)
    fields.pop("occurred_at", None)
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)


class _SaidOfReference(TypedDict):
    """What every reference fact says."""

    event_id: UUID
    recorded_at: datetime
    party: str
    backfilled_from: datetime | None


def _party_registered(m: reference_pb2.PartyRegistered, said: _SaidOfReference) -> ReferenceFact:
    permissions = frozenset(Permission(_PERMISSION[each]) for each in m.permissions)
    return reference.PartyRegistered(**said, party_id=m.party_id, name=m.name, permissions=permissions)


def _party_suspended(m: reference_pb2.PartySuspended, said: _SaidOfReference) -> ReferenceFact:
    return reference.PartySuspended(**said, party_id=m.party_id, reason=m.reason)


def _delegation_granted(m: reference_pb2.DelegationGranted, said: _SaidOfReference) -> ReferenceFact:
    return reference.DelegationGranted(
        **said,
        from_party=m.from_party_id,
        to_party=m.to_party_id,
        valid_until=moment(m.valid_until) if m.HasField("valid_until") else None,
    )


def _approval(m: reference_pb2.Approval) -> Approval:
    return Approval(
        m.party_id,
        Role(_ROLE[m.role]),
        moment(m.valid_from) if m.HasField("valid_from") else reference.BEGINNING,
        moment(m.valid_until) if m.HasField("valid_until") else reference.END,
    )


def _contract_registered(m: reference_pb2.ContractRegistered, said: _SaidOfReference) -> ReferenceFact:
    return reference.ContractRegistered(
        **said,
        contract_id=m.contract_id,
        title=m.title,
        owner=m.owner_party_id,
        data_class=m.data_class,
        policy_id=m.policy_id,
        policy_version=m.policy_version,
        approvals=tuple(_approval(each) for each in m.approvals),
    )


def _contract_amended(m: reference_pb2.ContractAmended, said: _SaidOfReference) -> ReferenceFact:
    return reference.ContractAmended(
        **said,
        contract_id=m.contract_id,
        approvals=tuple(_approval(each) for each in m.approvals),
        policy_id=m.policy_id,
        policy_version=m.policy_version,
        reason=m.reason,
    )


def _policy_published(m: reference_pb2.PolicyPublished, said: _SaidOfReference) -> ReferenceFact:
    policy = read_policy(m.resolved_document or m.document)
    return reference.PolicyPublished(
        **said, policy=policy, calendar=calendar_for(policy.calendar), document=m.document
    )


def _shipment_closed(m: reference_pb2.ShipmentClosed, said: _SaidOfReference) -> ReferenceFact:
    return reference.ShipmentClosed(**said, shipment=m.shipment_id, contract_id=m.contract_id)


@dataclass(frozen=True, slots=True)
class ReferencePayload:
    """How one kind of reference fact stands in the log, and the field that is its key there."""

    message: type[Any]
    key_field: str
    read: Callable[[Any, _SaidOfReference], ReferenceFact]

    @property
    def type_name(self) -> str:
        """The protobuf full name, such as mitodoke.reference.v1.PolicyPublished."""
        name: str = self.message.DESCRIPTOR.full_name
        return name


REFERENCE_PAYLOADS_BY_TYPE: Final[Mapping[str, ReferencePayload]] = {
    payload.type_name: payload
    for payload in (
        ReferencePayload(reference_pb2.PartyRegistered, "party_id", _party_registered),
        ReferencePayload(reference_pb2.PartySuspended, "party_id", _party_suspended),
        ReferencePayload(reference_pb2.DelegationGranted, "from_party_id", _delegation_granted),
        ReferencePayload(reference_pb2.ContractRegistered, "contract_id", _contract_registered),
        ReferencePayload(reference_pb2.ContractAmended, "contract_id", _contract_amended),
        ReferencePayload(reference_pb2.PolicyPublished, "policy_id", _policy_published),
        ReferencePayload(reference_pb2.ShipmentClosed, "shipment_id", _shipment_closed),
    )
}
"""Every reference fact by its protobuf full name."""


def read_reference_fact(
    payload: ReferencePayload,
    value: bytes,
    *,
    event_id: UUID,
    recorded_at: datetime,
    party: str,
    backfilled_from: datetime | None,
) -> ReferenceFact:
    """The reference fact of a value. Raises Unreadable."""
    try:
        message = payload.message.FromString(value)
        said = _SaidOfReference(
            event_id=event_id, recorded_at=recorded_at, party=party, backfilled_from=backfilled_from
        )
        return payload.read(message, said)
    except DecodeError as error:
        raise Unreadable(f"its value is not a {payload.type_name}: {error}") from None
    except KeyError as error:
        raise Unreadable(
            f"its {payload.type_name} has the value {error}, which this version does not know"
        ) from None
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"its {payload.type_name} has a field that cannot be read: {error}") from None
