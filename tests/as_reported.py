"""Facts as they stand in the log: the message of each, and what the log says beside it; the other way than reading."""

import functools
import re
from typing import Any, Final

from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import Envelope, Event, drive_events, reference_event, timestamp_of
from mitodoke.eventlog.payloads import DRIVE_PAYLOADS
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.reference import (
    BEGINNING,
    END,
    Approval,
    ContractAmended,
    ContractRegistered,
    PolicyPublished,
    ReferenceFact,
    ShipmentClosed,
)
from mitodoke.policyfile import write_policy

_COMMON: Final = frozenset(Fact.__dataclass_fields__)
_NAMES: Final = {
    "shipment": "shipment_id",
    "to_party": "to_party_id",
    "from_party": "from_party_id",
    "seal": "seal_id",
    "seal_found": "seal_id_found",
    "witness_party": "witness_party_id",
    "witness": "witness_id",
    "certificate": "certificate_id",
    "wipe": "wipe_event_id",
    "retracted": "event_id",
    "flag": "flag_id",
    "passed": "result",
    "accepted": "result",
    "full": "coverage",
}
_NAMES_OF: Final = {
    FactKind.DRIVE_RELEASED: {"shipment": "lot_id"},
    FactKind.DRIVE_RETURNED: {"shipment": "lot_id"},
    FactKind.DRIVE_DISPATCHED: {"carrier": "carrier_party_id"},
    FactKind.EXPORT_APPROVED: {"carrier": "carrier_id"},
    FactKind.DATA_EXPORTED: {"carrier": "carrier_id"},
}
_WORDS: Final = {
    "passed": {True: "PASSED", False: "FAILED"},
    "accepted": {True: "ACCEPTED", False: "REJECTED"},
    "full": {True: "FULL", False: "SAMPLE"},
}


def event_of(fact: Fact) -> Event:
    """The event of the fact, under the fact's own id."""
    message = DRIVE_PAYLOADS[fact.kind].message(
        serial=fact.serial, occurred_at=timestamp_of(fact.occurred_at), evidence=[
            {"purpose": purpose, "sha256": "0" * 64} for purpose in fact.evidence
        ]
    )  # fmt: skip
    for name in fact.__dataclass_fields__.keys() - _COMMON:
        value = getattr(fact, name)
        if value not in (None, "", ()):
            _set(message, _NAMES_OF.get(fact.kind, {}).get(name) or _NAMES.get(name, name), name, value)
    (event,) = drive_events([message], [fact.serial], envelope_of(fact))
    said = [
        ("ce_id", str(fact.event_id).encode()) if name == "ce_id" else (name, value)
        for name, value in event.headers
    ]
    return event._replace(event_id=str(fact.event_id), headers=said)


def envelope_of(fact: Fact) -> Envelope:
    """What the call said that reported the fact."""
    return Envelope(
        service="test",
        party=fact.party,
        request_id=str(fact.event_id),
        contract=fact.contract,
        operator=fact.operator,
        backfilled=fact.backfilled,
    )


def _set(message: Any, field: str, name: str, value: Any) -> None:
    described = message.DESCRIPTOR.fields_by_name[field]
    if described.enum_type is not None:
        word = str(_WORDS[name][value] if name in _WORDS else value).upper()
        (number,) = (v.number for v in described.enum_type.values if re.fullmatch(f".*_{word}", v.name))
        setattr(message, field, number)
    elif described.message_type is not None:
        getattr(message, field).CopyFrom(timestamp_of(value))
    elif isinstance(value, tuple):
        getattr(message, field).extend(value)
    else:
        setattr(message, field, value if isinstance(value, float) else str(value))


def reference_event_of(fact: ReferenceFact) -> Event:
    """The event of a reference fact; of a policy, with its document written out."""
    envelope = Envelope(
        service="test",
        party=fact.party,
        request_id=str(fact.event_id),
        backfilled_from=fact.backfilled_from,
    )
    return reference_event(_reference_message(fact), fact.known_at, envelope)


@functools.singledispatch
def _reference_message(fact: ReferenceFact) -> Any:
    raise TypeError(f"no test has needed a {type(fact).__name__} in the log yet")


@_reference_message.register
def _(fact: PolicyPublished) -> Any:
    return reference_pb2.PolicyPublished(
        policy_id=fact.policy.id, version=fact.policy.version, document=write_policy(fact.policy)
    )


@_reference_message.register
def _(fact: ContractRegistered) -> Any:
    return reference_pb2.ContractRegistered(
        contract_id=fact.contract_id,
        owner_party_id=fact.owner,
        policy_id=fact.policy_id,
        policy_version=fact.policy_version,
        approvals=map(_approval, fact.approvals),
    )


@_reference_message.register
def _(fact: ContractAmended) -> Any:
    return reference_pb2.ContractAmended(
        contract_id=fact.contract_id,
        policy_id=fact.policy_id,
        policy_version=fact.policy_version,
        approvals=map(_approval, fact.approvals),
    )


@_reference_message.register
def _(fact: ShipmentClosed) -> Any:
    return reference_pb2.ShipmentClosed(shipment_id=fact.shipment, contract_id=fact.contract_id)


def _approval(held: Approval) -> reference_pb2.Approval:
    said = reference_pb2.Approval(party_id=held.party, role=_role(held.role))
    if held.valid_from != BEGINNING:
        said.valid_from.CopyFrom(timestamp_of(held.valid_from))
    if held.valid_until != END:
        said.valid_until.CopyFrom(timestamp_of(held.valid_until))
    return said


def _role(role: Role) -> Any:
    return reference_pb2.Role.Value(f"ROLE_{role.name}")
