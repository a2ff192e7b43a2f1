"""CloudEvents 1.0 in Kafka's binary mode: how a fact stands in the log, and how it is read back.

The key is the canonical serial (for a reference fact: its party, contract, policy or shipment), the value
the fact's protobuf message exactly as it was reported, and everything else is in the headers.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from aiokafka import ConsumerRecord
from asyncpg.pgproto.pgproto import UUID as StoredUUID
from google.protobuf.message import DecodeError

from mitodoke.contracts.reference.v1.reference_pb2 import QuarantineDecided
from mitodoke.eventlog.kept_text import LONGEST_KEY, SIGN, kept
from mitodoke.eventlog.payloads import (
    DRIVE_PAYLOADS_BY_TYPE,
    REFERENCE_PAYLOADS_BY_TYPE,
    Said,
    Unreadable,
    decode_fact,
    details_json,
    moment,
    moment_of_milliseconds,
    parse_drive_fact,
    purposes,
    read_drive_fact,
    read_reference_fact,
    require_keepable,
    timestamp_of,
)
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.reference import ReferenceFact

__all__ = [
    "Envelope",
    "Event",
    "UndecodableEvent",
    "Unreadable",
    "decision_event",
    "decode_decision_event",
    "decode_drive_event",
    "decode_fact",
    "decode_reference_event",
    "details_json",
    "drive_events",
    "event_id",
    "moment",
    "reference_event",
    "timestamp_of",
]

EVENT_NAMESPACE: Final = UUID("6b1f3c52-0d8e-5d5a-9c0e-7a3f6d2b9e41")
"""Fixed for ever: the ids of all events are made in it."""


_CONTENT_TYPE = b"application/protobuf"
_DECISION_TYPE: Final = QuarantineDecided.DESCRIPTOR.full_name.encode()


class UndecodableEvent(ValueError):
    """A message of the log that is no fact; says where it stands and why it cannot be read."""

    def __init__(self, reason: str, *, topic: str, partition: int, offset: int) -> None:
        self.reason = reason
        self.topic = topic
        self.partition = partition
        self.offset = offset
        super().__init__(
            f"The event at offset {offset} of partition {partition} of {topic} cannot be read: {reason}"
        )


class Event(NamedTuple):
    """A message for the log."""

    event_id: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one call says of all its facts.

    `party` is for whom they are reported; `reported_by` the caller, where that is another by delegation.
    """

    service: str
    party: str
    request_id: str
    contract: str = ""
    operator: str = ""
    reported_by: str = ""
    backfilled: bool = False
    backfilled_from: datetime | None = None
    traceparent: str = ""


def event_id(party: str, request_id: str, position: int, key: str) -> str:
    """The UUID (version 5) of an event: the same for the same party, request, position and canonical serial."""
    return _uuid5(_hash_of_call(party, request_id), position, key.encode())


def _hash_of_call(party: str, request_id: str) -> "hashlib._Hash":
    return hashlib.sha1(EVENT_NAMESPACE.bytes + f"{party}/{request_id}/".encode(), usedforsecurity=False)


def _uuid5(hash_of_call: "hashlib._Hash", position: int, key: bytes) -> str:
    """What uuid.uuid5 gives, but what is the same for all events of a call is hashed only once."""
    hashed = hash_of_call.copy()
    hashed.update(b"%d/%b" % (position, key))
    digest = bytearray(hashed.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def drive_events(items: Sequence[Any], serials: Sequence[str], envelope: Envelope) -> list[Event]:
    """The events of one call: one for each item, which all are of one fact, with its canonical serial."""
    if not items:
        return []
    constant = _constant_headers(items[0].DESCRIPTOR.full_name, envelope)
    hash_of_call = _hash_of_call(envelope.party, envelope.request_id)
    # A bulk report often names one time for all of its drives.
    times: dict[tuple[int, int], tuple[str, bytes]] = {}
    events = []
    for position, (item, serial) in enumerate(zip(items, serials, strict=True)):
        key = serial.encode()
        identity = _uuid5(hash_of_call, position, key)
        at = item.occurred_at
        stamp = (at.seconds, at.nanos)
        time = times.get(stamp)
        if time is None:
            time = times[stamp] = ("ce_time", _rfc3339(moment(at)))
        headers = [("ce_id", identity.encode()), time, ("ce_subject", key), *constant]
        events.append(Event(identity, key, item.SerializeToString(), headers))
    return events


def reference_event(message: Any, occurred_at: datetime, envelope: Envelope) -> Event:
    """The event of one reference fact; `occurred_at` is when the service took the call, or when history counts from."""
    payload = REFERENCE_PAYLOADS_BY_TYPE[message.DESCRIPTOR.full_name]
    key: str = getattr(message, payload.key_field)
    identity = event_id(envelope.party, envelope.request_id, 0, key)
    headers = [
        ("ce_id", identity.encode()),
        ("ce_time", _rfc3339(occurred_at)),
        ("ce_subject", key.encode()),
        *_constant_headers(payload.type_name, envelope),
    ]
    return Event(identity, key.encode(), message.SerializeToString(), headers)


def decision_event(decision: QuarantineDecided, envelope: Envelope) -> Event:
    """The event of one decision about events in quarantine, for the reference log."""
    key = decision.serial.encode(errors="replace")
    identity = event_id(envelope.party, envelope.request_id, 0, decision.serial)
    headers = [
        ("ce_id", identity.encode()),
        ("ce_time", _rfc3339(moment(decision.decided_at))),
        ("ce_subject", key),
        *_constant_headers(decision.DESCRIPTOR.full_name, envelope),
    ]
    return Event(identity, key, decision.SerializeToString(), headers)


def _constant_headers(type_name: str, envelope: Envelope) -> list[tuple[str, bytes]]:
    headers = [
        *_standing_headers(
            type_name,
            envelope.service,
            envelope.party,
            envelope.contract,
            envelope.operator,
            envelope.reported_by,
        ),
        ("ce_requestid", envelope.request_id.encode()),
    ]
    if envelope.backfilled:
        headers.append(("ce_backfilled", b"true"))
    if envelope.traceparent:
        headers.append(("traceparent", envelope.traceparent.encode()))
    if envelope.backfilled_from is not None:
        headers.append(("ce_backfilledfrom", _rfc3339(envelope.backfilled_from)))
    headers.append(("content-type", _CONTENT_TYPE))
    return headers


@lru_cache(maxsize=1024)  # one party's people report much under few contracts
def _standing_headers(
    type_name: str, service: str, party: str, contract: str, operator: str, reported_by: str
) -> tuple[tuple[str, bytes], ...]:
    said = {
        "ce_specversion": "1.0",
        "ce_type": type_name,
        "ce_source": f"/mitodoke/{service}",
        "ce_partyid": party,
        "ce_contractid": contract,
        "ce_operatorid": operator,
        "ce_reportedby": reported_by,
    }
    return tuple((name, value.encode()) for name, value in said.items() if value)


def _rfc3339(at: datetime) -> bytes:
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z").encode()


def decode_drive_event(record: ConsumerRecord) -> Fact:
    """The fact that a message of the drives topic states. Raises UndecodableEvent with its place."""
    try:
        return _drive_fact(record)
    except Unreadable as error:
        raise _undecodable(record, str(error)) from None


def decode_reference_event(record: ConsumerRecord) -> ReferenceFact:
    """The fact that a message of the reference topic states. Raises UndecodableEvent with its place."""
    try:
        return _reference_fact(record)
    except Unreadable as error:
        raise _undecodable(record, str(error)) from None


def decode_decision_event(record: ConsumerRecord) -> QuarantineDecided | None:
    """The decision that a message of the reference topic states; None where it states a reference fact.

    Raises UndecodableEvent with its place.
    """
    if dict(record.headers).get("ce_type") != _DECISION_TYPE:
        return None
    try:
        return QuarantineDecided.FromString(record.value or b"")
    except DecodeError as error:
        raise _undecodable(record, f"its value is no QuarantineDecided: {error}") from None


def _undecodable(record: ConsumerRecord, reason: str) -> UndecodableEvent:
    return UndecodableEvent(reason, topic=record.topic, partition=record.partition, offset=record.offset)


def _drive_fact(record: ConsumerRecord) -> Fact:
    headers = dict(record.headers)
    # An empty value is kept as none is, and would be a fact of 1970 that says nothing.
    if record.key is None or not record.value:
        raise Unreadable("it has no key or no value")
    type_name = _text(headers, "ce_type")
    payload = DRIVE_PAYLOADS_BY_TYPE.get(type_name)
    if payload is None:
        raise Unreadable(f"its type {type_name!r} is no drive fact that this version knows")
    message = parse_drive_fact(payload, record.value)
    require_keepable(payload, message, record.value)
    try:
        occurred_at = moment(message.occurred_at)
    except OverflowError:
        raise Unreadable("its occurred_at is outside the years 1 to 9999") from None
    said: Said = {
        "event_id": _event_id_of(headers),
        "serial": _serial_of(record.key),
        "occurred_at": occurred_at,
        "recorded_at": moment_of_milliseconds(record.timestamp),
        "party": _text(headers, "ce_partyid"),
        "operator": _text(headers, "ce_operatorid", most=128),
        "contract": _text(headers, "ce_contractid"),
        "backfilled": "ce_backfilled" in headers,
        "evidence": purposes(message),
    }
    return read_drive_fact(payload, message, said)


def _reference_fact(record: ConsumerRecord) -> ReferenceFact:
    headers = dict(record.headers)
    if record.value is None:
        raise Unreadable("it has no value")
    type_name = _text(headers, "ce_type")
    payload = REFERENCE_PAYLOADS_BY_TYPE.get(type_name)
    if payload is None:
        raise Unreadable(f"its type {type_name!r} is no reference fact that this version knows")
    return read_reference_fact(
        payload,
        record.value,
        event_id=_event_id_of(headers),
        recorded_at=moment_of_milliseconds(record.timestamp),
        party=_text(headers, "ce_partyid"),
        backfilled_from=_time_of(headers, "ce_backfilledfrom") if "ce_backfilledfrom" in headers else None,
    )


def _serial_of(key: bytes) -> str:
    serial = kept(key)
    if SIGN in serial or not 0 < len(key) <= LONGEST_KEY:
        raise Unreadable(
            f"its key is no serial, which is UTF-8 of 1 to {LONGEST_KEY} bytes without control characters"
        )
    return serial


def _text(headers: dict[str, bytes], name: str, *, most: int = 64) -> str:
    value = headers.get(name)
    if value is None:
        raise Unreadable(f"its header {name} is missing")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"its header {name} is not UTF-8") from None
    if "\x00" in text or len(text) > most:
        raise Unreadable(f"its header {name} has the character U+0000, or more than {most} characters")
    return text


def _event_id_of(headers: dict[str, bytes]) -> UUID:
    text = _text(headers, "ce_id")
    try:
        # As the database driver gives it when the fact is read from the tables: a uuid.UUID, made and compared in C.
        return StoredUUID(text)
    except ValueError:
        raise Unreadable(f"its header ce_id {text!r} is not a UUID") from None


def _time_of(headers: dict[str, bytes], name: str) -> datetime:
    text = _text(headers, name)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"its header {name} {text!r} is not a time") from None
    if at.tzinfo is None:
        raise Unreadable(f"its header {name} {text!r} names no time zone")
    return at.astimezone(UTC)
