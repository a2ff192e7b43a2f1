"""The reports of the six recording services: one call for each kind of fact."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from mitodoke.client.calls import Calls, answer_type
from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.contracts.destruction.v1 import destruction_pb2, destruction_service_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2, leasing_service_pb2
from mitodoke.contracts.oversight.v1 import oversight_pb2, oversight_service_pb2
from mitodoke.contracts.returns.v1 import returns_pb2, returns_service_pb2
from mitodoke.contracts.transport.v1 import transport_pb2, transport_service_pb2
from mitodoke.contracts.wipe.v1 import wipe_pb2, wipe_service_pb2

Item = TypeVar("Item", bound=Message)

MOST_ITEMS: Final = 10_000
_MOST_BYTES: Final = 12 * 1024 * 1024
"""A service takes 16 MiB; the rest is room for the envelope."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report."""

    request_id: str
    """Send the same report with this again, and it counts once."""
    items: Sequence[report_pb2.Recorded]
    """One for each item, in their order: where it stands in the log, since when, and what is thought of it."""
    advisories_judged: bool
    """Whether each item's advisories were asked for and could be had."""


class Report(Generic[Item]):
    """The call that reports one kind of fact."""

    def __init__(self, calls: Calls, method: MethodDescriptor) -> None:
        self._calls = calls
        self._method = method
        self._request: type[Any] = GetMessageClass(method.input_type)

    async def __call__(
        self,
        *,
        contract: str,
        operator: str,
        items: Sequence[Item],
        request_id: str | None = None,
        on_behalf_of: str = "",
        backfilled: bool = False,
        advisories: bool = True,
    ) -> Reported:
        """Report that something happened to these drives; returns when all of it is in the log.

        More than 10,000 items go in several calls, each of which is recorded whole or not at all. The same
        `request_id` with the same items may be sent again after any failure, and counts once. Raises CallFailed.
        """
        request_id = request_id or str(uuid.uuid4())
        answers: list[Any] = []
        for number, part in enumerate(_parts(items)):
            request = self._request(
                request_id=_id_of_part(request_id, number),
                contract_id=contract,
                operator_id=operator,
                on_behalf_of=on_behalf_of,
                backfilled=backfilled,
                advisories=(
                    report_pb2.ADVISORY_WISH_UNSPECIFIED if advisories else report_pb2.ADVISORY_WISH_NONE
                ),
                items=part,
            )
            answers.append(await self._calls.call(self._method, request, answer_type(self._method)))
        return Reported(
            request_id,
            [item for answer in answers for item in answer.items],
            all(answer.advisories == report_pb2.ADVISORY_STATE_JUDGED for answer in answers),
        )


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in their order, in as few parts as the limits of a call allow; no items are one empty part."""
    start = size = 0
    for index, item in enumerate(items):
        weight = item.ByteSize() + 8
        if index - start == MOST_ITEMS or (index > start and size + weight > _MOST_BYTES):
            yield items[start:index]
            start, size = index, 0
        size += weight
    yield items[start:]


def _id_of_part(request_id: str, number: int) -> str:
    """The request id of each part follows from that of the whole, so that a repeat is the same requests."""
    return request_id if number == 0 else str(uuid.uuid5(uuid.UUID(request_id), str(number)))


def _method(service: ServiceDescriptor, fact: type[Message]) -> MethodDescriptor:
    return service.methods_by_name[f"Report{fact.DESCRIPTOR.name}"]


class Leasing:
    """Which drives a lease puts under watch, and when it ends."""

    def __init__(self, calls: Calls) -> None:
        of = leasing_service_pb2.DESCRIPTOR.services_by_name["LeasingService"]
        fact = leasing_pb2
        self.report_drive_enrolled = Report[leasing_pb2.DriveEnrolled](calls, _method(of, fact.DriveEnrolled))
        self.report_lease_extended = Report[leasing_pb2.LeaseExtended](calls, _method(of, fact.LeaseExtended))
        self.report_lease_ended = Report[leasing_pb2.LeaseEnded](calls, _method(of, fact.LeaseEnded))


class Returns:
    """Drives leave the owner and arrive at a receiver's dock."""

    def __init__(self, calls: Calls) -> None:
        of = returns_service_pb2.DESCRIPTOR.services_by_name["ReturnsService"]
        fact = returns_pb2
        self.report_drive_released = Report[returns_pb2.DriveReleased](calls, _method(of, fact.DriveReleased))
        self.report_drive_removed = Report[returns_pb2.DriveRemoved](calls, _method(of, fact.DriveRemoved))
        self.report_drive_returned = Report[returns_pb2.DriveReturned](calls, _method(of, fact.DriveReturned))


class Wipe:
    """What was done to the data, and who checked it."""

    def __init__(self, calls: Calls) -> None:
        of = wipe_service_pb2.DESCRIPTOR.services_by_name["WipeService"]
        fact = wipe_pb2
        self.report_drive_initialised = Report[wipe_pb2.DriveInitialised](
            calls, _method(of, fact.DriveInitialised)
        )
        self.report_drive_wiped = Report[wipe_pb2.DriveWiped](calls, _method(of, fact.DriveWiped))
        self.report_wipe_verified = Report[wipe_pb2.WipeVerified](calls, _method(of, fact.WipeVerified))


class Transport:
    """Drives travel, and change hands."""

    def __init__(self, calls: Calls) -> None:
        of = transport_service_pb2.DESCRIPTOR.services_by_name["TransportService"]
        fact = transport_pb2
        self.report_drive_dispatched = Report[transport_pb2.DriveDispatched](
            calls, _method(of, fact.DriveDispatched)
        )
        self.report_custody_transferred = Report[transport_pb2.CustodyTransferred](
            calls, _method(of, fact.CustodyTransferred)
        )
        self.report_drive_delivered = Report[transport_pb2.DriveDelivered](
            calls, _method(of, fact.DriveDelivered)
        )


class Destruction:
    """Drives end, and the papers say so."""

    def __init__(self, calls: Calls) -> None:
        of = destruction_service_pb2.DESCRIPTOR.services_by_name["DestructionService"]
        fact = destruction_pb2
        self.report_drive_destroyed = Report[destruction_pb2.DriveDestroyed](
            calls, _method(of, fact.DriveDestroyed)
        )
        self.report_certificate_issued = Report[destruction_pb2.CertificateIssued](
            calls, _method(of, fact.CertificateIssued)
        )
        self.report_certificate_accepted = Report[destruction_pb2.CertificateAccepted](
            calls, _method(of, fact.CertificateAccepted)
        )


class Oversight:
    """What is seen, lost and found outside the chain, what is approved, and what people say of flags and facts."""

    def __init__(self, calls: Calls) -> None:
        of = oversight_service_pb2.DESCRIPTOR.services_by_name["OversightService"]
        fact = oversight_pb2
        self.report_drive_sighted = Report[oversight_pb2.DriveSighted](calls, _method(of, fact.DriveSighted))
        self.report_drive_lost = Report[oversight_pb2.DriveLost](calls, _method(of, fact.DriveLost))
        self.report_drive_recovered = Report[oversight_pb2.DriveRecovered](
            calls, _method(of, fact.DriveRecovered)
        )
        self.report_export_approved = Report[oversight_pb2.ExportApproved](
            calls, _method(of, fact.ExportApproved)
        )
        self.report_data_exported = Report[oversight_pb2.DataExported](calls, _method(of, fact.DataExported))
        self.report_incident_reported = Report[oversight_pb2.IncidentReported](
            calls, _method(of, fact.IncidentReported)
        )
        self.report_fact_retracted = Report[oversight_pb2.FactRetracted](
            calls, _method(of, fact.FactRetracted)
        )
        self.report_flag_acknowledged = Report[oversight_pb2.FlagAcknowledged](
            calls, _method(of, fact.FlagAcknowledged)
        )
        self.report_flag_waived = Report[oversight_pb2.FlagWaived](calls, _method(of, fact.FlagWaived))
