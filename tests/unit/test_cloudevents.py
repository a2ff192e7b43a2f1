"""How facts stand in the log: every kind is read back as it was reported, and nothing else is read at all."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from mitodoke.contracts.destruction.v1 import destruction_pb2 as destruction
from mitodoke.contracts.leasing.v1 import leasing_pb2 as leasing
from mitodoke.contracts.oversight.v1 import oversight_pb2 as oversight
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1 import returns_pb2 as returns
from mitodoke.contracts.transport.v1 import transport_pb2 as transport
from mitodoke.contracts.wipe.v1 import wipe_pb2 as wipe
from mitodoke.eventlog.cloudevents import (
    EVENT_NAMESPACE,
    Envelope,
    Event,
    UndecodableEvent,
    decode_drive_event,
    decode_fact,
    decode_reference_event,
    details_json,
    drive_events,
    event_id,
    moment,
    reference_event,
    timestamp_of,
)
from mitodoke.eventlog.partitioning import partition_of
from mitodoke.eventlog.payloads import DRIVE_PAYLOADS, Unreadable
from mitodoke.lifecycle import facts, reference
from mitodoke.lifecycle.kinds import FactKind, Role

THEN = datetime(2019, 4, 22, 1, 2, 3, 456789, tzinfo=UTC)
LATER = THEN + timedelta(days=30)
RECORDED = datetime(2026, 11, 23, 0, 0, 0, 123000, tzinfo=UTC)
SOME_ID = uuid.UUID(int=7)
REQUEST = "6b1f3c52-0d8e-4d5a-9c0e-7a3f6d2b9e41"


def record_of(event: Event, **changes: Any) -> ConsumerRecord:
    said: dict[str, Any] = {
        "topic": "custody.drives.v1",
        "partition": 3,
        "offset": 42,
        "timestamp": 1795392000123,
        "timestamp_type": 1,
        "key": event.key,
        "value": event.value,
        "checksum": None,
        "serialized_key_size": 0,
        "serialized_value_size": 0,
        "headers": tuple(event.headers),
    }
    return ConsumerRecord(**{**said, **changes})


def event_of(item: Any, **envelope: Any) -> Event:
    said = {
        "service": "s",
        "party": "recycler",
        "request_id": REQUEST,
        "contract": "k-2019",
        "operator": "op-7",
    }
    [event] = drive_events([item], ["ABC1234"], Envelope(**{**said, **envelope}))
    return event


TABLE: list[tuple[Any, type[facts.Fact], dict[str, Any]]] = [
    (
        leasing.DriveEnrolled(
            enclosure="array-1", media_type=leasing.MEDIA_TYPE_USB_FLASH, data_class="my_number"
        ),
        facts.DriveEnrolled,
        {"enclosure": "array-1", "media_type": "usb_flash", "data_class": "my_number"},
    ),
    (leasing.DriveEnrolled(), facts.DriveEnrolled, {"enclosure": "", "media_type": "", "data_class": ""}),
    (leasing.LeaseExtended(until=timestamp_of(LATER)), facts.LeaseExtended, {"until": LATER}),
    (leasing.LeaseEnded(), facts.LeaseEnded, {}),
    (
        returns.DriveReleased(lot_id="lot-1", to_party_id="lessor", seal_id="s-1", attended_by=["a", "b"]),
        facts.DriveReleased,
        {"shipment": "lot-1", "to_party": "lessor", "seal": "s-1", "attended_by": ("a", "b")},
    ),
    (returns.DriveRemoved(enclosure="array-1"), facts.DriveRemoved, {"enclosure": "array-1"}),
    (
        returns.DriveReturned(lot_id="lot-1", from_party_id="owner", seal_id_found="s-1"),
        facts.DriveReturned,
        {"shipment": "lot-1", "from_party": "owner", "seal_found": "s-1"},
    ),
    (wipe.DriveInitialised(tool="format"), facts.DriveInitialised, {}),
    (
        wipe.DriveWiped(method=wipe.WIPE_METHOD_ATA_SECURE_ERASE, result=wipe.WIPE_RESULT_PASSED),
        facts.DriveWiped,
        {"method": "ata_secure_erase", "passed": True},
    ),
    (
        wipe.DriveWiped(method=wipe.WIPE_METHOD_OVERWRITE, result=wipe.WIPE_RESULT_FAILED),
        facts.DriveWiped,
        {"method": "overwrite", "passed": False},
    ),
    (
        wipe.WipeVerified(
            wipe_event_id=str(SOME_ID),
            coverage=wipe.VERIFICATION_COVERAGE_FULL,
            result=wipe.VERIFICATION_RESULT_REJECTED,
        ),
        facts.WipeVerified,
        {"wipe": SOME_ID, "full": True, "accepted": False},
    ),
    (
        wipe.WipeVerified(
            coverage=wipe.VERIFICATION_COVERAGE_SAMPLE, result=wipe.VERIFICATION_RESULT_ACCEPTED
        ),
        facts.WipeVerified,
        {"wipe": None, "full": False, "accepted": True},
    ),
    (
        transport.DriveDispatched(
            shipment_id="sh-1",
            carrier_party_id="carrier",
            to_party_id="plant",
            crew=["x", "y"],
            seal_id="s-1",
            eta=timestamp_of(LATER),
        ),
        facts.DriveDispatched,
        {
            "shipment": "sh-1",
            "carrier": "carrier",
            "to_party": "plant",
            "crew": ("x", "y"),
            "seal": "s-1",
            "eta": LATER,
        },
    ),
    (transport.DriveDispatched(shipment_id="sh-1"), facts.DriveDispatched, {"shipment": "sh-1", "eta": None}),
    (
        transport.CustodyTransferred(from_party_id="a", to_party_id="b", shipment_id="sh-1"),
        facts.CustodyTransferred,
        {"from_party": "a", "to_party": "b", "shipment": "sh-1"},
    ),
    (
        transport.DriveDelivered(shipment_id="sh-1", seal_id_found="s-2"),
        facts.DriveDelivered,
        {"shipment": "sh-1", "seal_found": "s-2"},
    ),
    (
        destruction.DriveDestroyed(
            method=destruction.DESTRUCTION_METHOD_SHRED,
            particle_size_mm=2.5,
            place="plant",
            witness_party_id="owner",
            witness_id="w-1",
        ),
        facts.DriveDestroyed,
        {
            "method": "shred",
            "particle_size_mm": 2.5,
            "place": "plant",
            "witness_party": "owner",
            "witness": "w-1",
        },
    ),
    (
        destruction.CertificateIssued(certificate_id="c-1", method=destruction.DESTRUCTION_METHOD_MELT),
        facts.CertificateIssued,
        {"certificate": "c-1", "method": "melt"},
    ),
    (
        destruction.CertificateAccepted(certificate_id="c-1"),
        facts.CertificateAccepted,
        {"certificate": "c-1"},
    ),
    (oversight.DriveSighted(place="auction", seen_by="buyer"), facts.DriveSighted, {"place": "auction"}),
    (oversight.DriveLost(place="bar"), facts.DriveLost, {"place": "bar"}),
    (oversight.DriveRecovered(place="office"), facts.DriveRecovered, {"place": "office"}),
    (
        oversight.ExportApproved(purpose="move", carrier_id="p-1", return_by=timestamp_of(LATER)),
        facts.ExportApproved,
        {"purpose": "move", "carrier": "p-1", "return_by": LATER},
    ),
    (oversight.DataExported(purpose="move"), facts.DataExported, {"purpose": "move"}),
    (
        oversight.IncidentReported(report=oversight.INCIDENT_REPORT_TO_OWNER),
        facts.IncidentReported,
        {"report": "to_owner"},
    ),
    (
        oversight.FactRetracted(event_id=str(SOME_ID), reason="typo"),
        facts.FactRetracted,
        {"retracted": SOME_ID, "reason": "typo"},
    ),
    (
        oversight.FlagAcknowledged(flag_id=str(SOME_ID), reason="in hand", until=timestamp_of(LATER)),
        facts.FlagAcknowledged,
        {"flag": SOME_ID, "reason": "in hand", "until": LATER},
    ),
    (
        oversight.FlagWaived(flag_id=str(SOME_ID), reason="agreed"),
        facts.FlagWaived,
        {"flag": SOME_ID, "reason": "agreed"},
    ),
]


def test_the_table_has_every_kind_of_fact() -> None:
    assert {fact.kind for _, fact, _ in TABLE} == set(FactKind) == set(DRIVE_PAYLOADS)


@pytest.mark.parametrize(
    ("item", "fact_type", "own"), TABLE, ids=lambda value: getattr(value, "__name__", "")
)
def test_every_fact_is_read_back_as_it_was_reported(
    item: Any, fact_type: type[facts.Fact], own: dict[str, Any]
) -> None:
    item.serial = "s/n: abc-1234"
    item.occurred_at.CopyFrom(timestamp_of(THEN))
    item.evidence.add(purpose="photo_before", sha256="0" * 64)
    event = event_of(item, backfilled=True)
    fact = decode_drive_event(record_of(event))
    expected = fact_type(
        event_id=uuid.UUID(event.event_id),
        serial="ABC1234",
        occurred_at=THEN,
        recorded_at=RECORDED,
        party="recycler",
        operator="op-7",
        contract="k-2019",
        backfilled=True,
        evidence=("photo_before",),
        **own,
    )
    assert fact == expected
    from_columns = decode_fact(
        fact.kind,
        event.value,
        event_id=fact.event_id,
        serial=fact.serial,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        party=fact.party,
        operator=fact.operator,
        contract=fact.contract,
        backfilled=fact.backfilled,
    )
    assert from_columns == fact
    details = json.loads(details_json(fact.kind, event.value))
    assert "serial" not in details
    assert "occurred_at" not in details
    assert details["evidence"][0]["purpose"] == "photo_before"
    assert not re.search(r"[A-Z]+_[A-Z]+", " ".join(str(value) for value in details.values()))


REFERENCE_TABLE: list[tuple[Any, type[reference.ReferenceFact], dict[str, Any], str]] = [
    (
        reference_pb2.PartyRegistered(
            party_id="p", name="P", permissions=[reference_pb2.PERMISSION_BACKFILL]
        ),
        reference.PartyRegistered,
        {"party_id": "p", "name": "P", "permissions": frozenset({reference.Permission.BACKFILL})},
        "p",
    ),
    (
        reference_pb2.PartySuspended(party_id="p", reason="why"),
        reference.PartySuspended,
        {"party_id": "p", "reason": "why"},
        "p",
    ),
    (
        reference_pb2.DelegationGranted(from_party_id="a", to_party_id="b", valid_until=timestamp_of(LATER)),
        reference.DelegationGranted,
        {"from_party": "a", "to_party": "b", "valid_until": LATER},
        "a",
    ),
    (
        reference_pb2.ContractRegistered(
            contract_id="k",
            title="T",
            owner_party_id="o",
            data_class="d",
            policy_id="p",
            policy_version=2,
            approvals=[
                reference_pb2.Approval(party_id="l", role=reference_pb2.ROLE_LESSOR),
                reference_pb2.Approval(
                    party_id="c",
                    role=reference_pb2.ROLE_CARRIER,
                    valid_from=timestamp_of(THEN),
                    valid_until=timestamp_of(LATER),
                ),
            ],
        ),
        reference.ContractRegistered,
        {
            "contract_id": "k",
            "title": "T",
            "owner": "o",
            "data_class": "d",
            "policy_id": "p",
            "policy_version": 2,
            "approvals": (
                reference.Approval("l", Role.LESSOR),
                reference.Approval("c", Role.CARRIER, THEN, LATER),
            ),
        },
        "k",
    ),
    (
        reference_pb2.ContractAmended(contract_id="k", reason="r"),
        reference.ContractAmended,
        {"contract_id": "k", "reason": "r"},
        "k",
    ),
    (
        reference_pb2.ShipmentClosed(shipment_id="lot-1", contract_id="k"),
        reference.ShipmentClosed,
        {"shipment": "lot-1", "contract_id": "k"},
        "lot-1",
    ),
]


@pytest.mark.parametrize(("backfilled_from"), [None, THEN])
@pytest.mark.parametrize(("message", "fact_type", "own", "key"), REFERENCE_TABLE)
def test_every_reference_fact_is_read_back_as_it_was_published(
    message: Any,
    fact_type: type[reference.ReferenceFact],
    own: dict[str, Any],
    key: str,
    backfilled_from: datetime | None,
) -> None:
    envelope = Envelope("oversight", "admin", REQUEST, backfilled_from=backfilled_from)
    event = reference_event(message, LATER, envelope)
    assert event.key == key.encode()
    assert decode_reference_event(record_of(event)) == fact_type(
        event_id=uuid.uuid5(EVENT_NAMESPACE, f"admin/{REQUEST}/0/{key}"),
        recorded_at=RECORDED,
        party="admin",
        backfilled_from=backfilled_from,
        **own,
    )


def test_a_policy_is_read_with_its_calendar() -> None:
    document = (
        "policy: p\nversion: 3\ntimezone: Asia/Tokyo\ncalendar: JP\nrules: {sanitise_before_release: true}\n"
    )
    message = reference_pb2.PolicyPublished(policy_id="p", version=3, document=document)
    fact = decode_reference_event(
        record_of(reference_event(message, THEN, Envelope("oversight", "a", REQUEST)))
    )
    assert isinstance(fact, reference.PolicyPublished)
    assert (fact.policy.id, fact.policy.version, fact.document) == ("p", 3, document)
    assert not fact.calendar.is_business_day(datetime(2026, 11, 23, tzinfo=UTC).date())


def test_the_event_id_is_a_uuid5_of_party_request_position_and_serial() -> None:
    assert event_id("p", REQUEST, 12, "ABC") == str(uuid.uuid5(EVENT_NAMESPACE, f"p/{REQUEST}/12/ABC"))


def test_who_reported_for_another_and_history_are_said_only_where_it_is_so() -> None:
    item = leasing.LeaseEnded(serial="a", occurred_at=timestamp_of(THEN))
    plain, marked = (
        dict(event_of(item).headers),
        dict(event_of(item, reported_by="lessor", backfilled=True, traceparent="00-x").headers),
    )
    assert set(marked) - set(plain) == {"ce_reportedby", "ce_backfilled", "traceparent"}
    assert (marked["ce_reportedby"], marked["ce_backfilled"]) == (b"lessor", b"true")
    assert plain["ce_time"] == b"2019-04-22T01:02:03.456789Z"


GOOD = event_of(leasing.LeaseEnded(serial="abc1234", occurred_at=timestamp_of(THEN)))


def without(name: str) -> tuple[tuple[str, bytes], ...]:
    return tuple(each for each in GOOD.headers if each[0] != name)


LOST = (*without("ce_type"), ("ce_type", b"mitodoke.oversight.v1.DriveLost"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": None}, "no key or no value"),
        ({"key": None}, "no key or no value"),
        ({"value": b""}, "no key or no value"),
        ({"key": b"\xff"}, "key is no serial"),
        ({"key": b"ABC\x00"}, "key is no serial"),
        ({"key": "ABC\N{REPLACEMENT CHARACTER}".encode()}, "key is no serial"),
        ({"key": b""}, "key is no serial"),
        ({"key": b"A" * 257}, "key is no serial"),
        ({"value": b"\xff\xff"}, "is not a mitodoke.leasing.v1.LeaseEnded"),
        ({"headers": ()}, "ce_type is missing"),
        ({"headers": without("ce_id")}, "ce_id is missing"),
        ({"headers": without("ce_partyid")}, "ce_partyid is missing"),
        ({"headers": (*without("ce_id"), ("ce_id", b"7"))}, "not a UUID"),
        ({"headers": (*without("ce_type"), ("ce_type", b"mitodoke.x.v9.Y"))}, "no drive fact"),
        ({"headers": (*without("ce_operatorid"), ("ce_operatorid", b"\xff"))}, "not UTF-8"),
        ({"headers": (*without("ce_operatorid"), ("ce_operatorid", None))}, "ce_operatorid is missing"),
        ({"headers": (*without("ce_operatorid"), ("ce_operatorid", b"a\x00"))}, r"U\+0000, or more than 128"),
        ({"headers": (*without("ce_contractid"), ("ce_contractid", b"K" * 65))}, r"U\+0000, or more than 64"),
        (
            {"value": leasing.LeaseEnded(serial="a\x00", occurred_at={"seconds": 1}).SerializeToString()},
            r"a text with the character U\+0000",
        ),
        (
            {
                "value": oversight.DriveLost(evidence=[{"purpose": "x" * 513}]).SerializeToString(),
                "headers": LOST,
            },
            "or with more than 512",
        ),
        (
            {"value": leasing.LeaseEnded(occurred_at={"seconds": 2**60}).SerializeToString()},
            "outside the years",
        ),
    ],
)
def test_what_is_no_fact_is_said_to_be_none_with_its_place(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UndecodableEvent, match=reason) as error:
        decode_drive_event(record_of(GOOD, **changes))
    assert "offset 42 of partition 3 of custody.drives.v1" in str(error.value)


def test_a_value_of_a_later_version_is_no_fact() -> None:
    later = wipe.DriveWiped(serial="a", occurred_at=timestamp_of(THEN), method=99)  # type: ignore[arg-type]
    with pytest.raises(UndecodableEvent, match="does not know"):
        decode_drive_event(record_of(event_of(later)))
    bad = oversight.FactRetracted(serial="a", occurred_at=timestamp_of(THEN), event_id="7")
    with pytest.raises(UndecodableEvent, match="cannot be read"):
        decode_drive_event(record_of(event_of(bad)))
    with pytest.raises(Unreadable):
        details_json(FactKind.DRIVE_LOST, b"\xff")


@pytest.mark.parametrize(
    "changes",
    [
        {"value": None},
        {"value": b"\xff"},
        {"headers": ()},
        {"headers": [("ce_type", b"mitodoke.reference.v1.PolicyPublished"), ("ce_id", b"7")]},
        {"headers": [("ce_type", b"mitodoke.leasing.v1.DriveEnrolled")]},
    ],
)
def test_what_is_no_reference_fact_is_said_to_be_none(changes: dict[str, Any]) -> None:
    message = reference_pb2.ShipmentClosed(shipment_id="lot-1", contract_id="k")
    event = reference_event(message, THEN, Envelope("oversight", "a", REQUEST))
    with pytest.raises(UndecodableEvent):
        decode_reference_event(record_of(event, **changes))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_the_way_through_a_timestamp(at: datetime) -> None:
    assert moment(timestamp_of(at)) == at


@given(st.binary(max_size=70), st.integers(1, 100))
def test_keys_go_where_other_clients_of_kafka_put_them(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions
