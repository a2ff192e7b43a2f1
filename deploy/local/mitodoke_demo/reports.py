"""A case in the words of the contract: what its parties agreed, and the items of what they report."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.payloads import DRIVE_PAYLOADS
from mitodoke_demo.case import Case, CaseError, Happening, Party

_DEMO: Final = uuid.UUID("0c1f3f7e-3b0e-5d5a-9a2b-6f4b0f0d2019")


def party_of(party: Party) -> reference_pb2.PartyRegistered:
    """The party, allowed to import history."""
    return reference_pb2.PartyRegistered(
        party_id=party.party_id, name=party.name, permissions=[reference_pb2.PERMISSION_BACKFILL]
    )


def contract_of(case: Case) -> reference_pb2.ContractRegistered:
    """The contract of the case, under its policy."""
    contract = case.contract
    return reference_pb2.ContractRegistered(
        contract_id=contract.contract_id,
        title=contract.title,
        owner_party_id=contract.owner,
        data_class=contract.data_class,
        policy_id=case.policy.policy_id,
        policy_version=case.policy.version,
        approvals=[
            reference_pb2.Approval(party_id=each.party_id, role=f"ROLE_{each.role.upper()}")
            for each in contract.approvals
        ],
    )


def service_of(happening: Happening) -> str:
    """The service that takes reports of this kind of fact, such as wipe."""
    package: str = DRIVE_PAYLOADS[happening.kind].message.DESCRIPTOR.file.package
    return package.split(".")[1]


def report_of(happening: Happening) -> str:
    """The name of the client's call, such as report_drive_wiped."""
    return "report" + re.sub("([A-Z])", lambda capital: f"_{capital[1].lower()}", happening.kind)


def items_of(happening: Happening) -> list[Message]:
    """A fact for each drive. Raises CaseError for a field or a word that this kind of fact does not have."""
    made = DRIVE_PAYLOADS[happening.kind].message
    fields = made.DESCRIPTOR.fields_by_name
    details = {key: _detail(happening, fields, key, value) for key, value in happening.details.items()}
    at = Timestamp()
    at.FromDatetime(happening.at)
    return [made(serial=serial, occurred_at=at, **details) for serial in happening.serials]


def request_id(case: Case, *content: Message | str) -> str:
    """The same for the same content of the same case, so that a case replayed twice counts once."""
    digest = _DEMO
    for each in content:
        text = each if isinstance(each, str) else each.SerializeToString(deterministic=True).hex()
        digest = uuid.uuid5(digest, text)
    return str(uuid.uuid5(digest, f"{case.case_id} since {case.since.isoformat()}"))


def _detail(happening: Happening, fields: Mapping[str, Any], key: str, value: Any) -> Any:
    field = fields.get(key)
    if field is None:
        raise CaseError(
            f"A {happening.kind} on {happening.at:%Y-%m-%d} says {key}, which is none of its fields: "
            f"{', '.join(sorted(set(fields) - {'serial', 'occurred_at', 'evidence'}))}"
        )
    if field.enum_type is not None:
        return _of_enum(happening, field.enum_type, key, str(value))
    return str(value) if field.type == field.TYPE_STRING and not field.is_repeated else value


def _of_enum(happening: Happening, enum: EnumDescriptor, key: str, word: str) -> int:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = {value.name.removeprefix(prefix).lower(): value.number for value in enum.values if value.number}
    if word not in words:
        raise CaseError(
            f"A {happening.kind} on {happening.at:%Y-%m-%d} says {key}: {word}; write one of {', '.join(words)}"
        )
    return words[word]
