import datetime

from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Permission(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERMISSION_UNSPECIFIED: _ClassVar[Permission]
    PERMISSION_BACKFILL: _ClassVar[Permission]
    PERMISSION_ADMINISTER: _ClassVar[Permission]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_OWNER: _ClassVar[Role]
    ROLE_LESSOR: _ClassVar[Role]
    ROLE_SANITISER: _ClassVar[Role]
    ROLE_CARRIER: _ClassVar[Role]
    ROLE_DESTROYER: _ClassVar[Role]
PERMISSION_UNSPECIFIED: Permission
PERMISSION_BACKFILL: Permission
PERMISSION_ADMINISTER: Permission
ROLE_UNSPECIFIED: Role
ROLE_OWNER: Role
ROLE_LESSOR: Role
ROLE_SANITISER: Role
ROLE_CARRIER: Role
ROLE_DESTROYER: Role

class PartyRegistered(_message.Message):
    __slots__ = ("party_id", "name", "permissions")
    PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    party_id: str
    name: str
    permissions: _containers.RepeatedScalarFieldContainer[Permission]
    def __init__(self, party_id: _Optional[str] = ..., name: _Optional[str] = ..., permissions: _Optional[_Iterable[_Union[Permission, str]]] = ...) -> None: ...

class PartySuspended(_message.Message):
    __slots__ = ("party_id", "reason")
    PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    party_id: str
    reason: str
    def __init__(self, party_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DelegationGranted(_message.Message):
    __slots__ = ("from_party_id", "to_party_id", "valid_until")
    FROM_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    TO_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    from_party_id: str
    to_party_id: str
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, from_party_id: _Optional[str] = ..., to_party_id: _Optional[str] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("party_id", "role", "valid_from", "valid_until")
    PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    party_id: str
    role: Role
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, party_id: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ContractRegistered(_message.Message):
    __slots__ = ("contract_id", "title", "owner_party_id", "data_class", "policy_id", "policy_version", "approvals")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    OWNER_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_CLASS_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    title: str
    owner_party_id: str
    data_class: str
    policy_id: str
    policy_version: int
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    def __init__(self, contract_id: _Optional[str] = ..., title: _Optional[str] = ..., owner_party_id: _Optional[str] = ..., data_class: _Optional[str] = ..., policy_id: _Optional[str] = ..., policy_version: _Optional[int] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ...) -> None: ...

class ContractAmended(_message.Message):
    __slots__ = ("contract_id", "approvals", "policy_id", "policy_version", "reason")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    policy_id: str
    policy_version: int
    reason: str
    def __init__(self, contract_id: _Optional[str] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., policy_id: _Optional[str] = ..., policy_version: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class PolicyPublished(_message.Message):
    __slots__ = ("policy_id", "version", "document", "resolved_document")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    version: int
    document: str
    resolved_document: str
    def __init__(self, policy_id: _Optional[str] = ..., version: _Optional[int] = ..., document: _Optional[str] = ..., resolved_document: _Optional[str] = ...) -> None: ...

class ShipmentClosed(_message.Message):
    __slots__ = ("shipment_id", "contract_id")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    contract_id: str
    def __init__(self, shipment_id: _Optional[str] = ..., contract_id: _Optional[str] = ...) -> None: ...

class QuarantineDecided(_message.Message):
    __slots__ = ("serial", "decided_by", "why", "decided_at", "events")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    serial: str
    decided_by: str
    why: str
    decided_at: _timestamp_pb2.Timestamp
    events: _containers.RepeatedCompositeFieldContainer[QuarantinedEvent]
    def __init__(self, serial: _Optional[str] = ..., decided_by: _Optional[str] = ..., why: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., events: _Optional[_Iterable[_Union[QuarantinedEvent, _Mapping]]] = ...) -> None: ...

class QuarantinedEvent(_message.Message):
    __slots__ = ("partition", "offset", "fingerprint", "discarded", "error", "error_after")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    DISCARDED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ERROR_AFTER_FIELD_NUMBER: _ClassVar[int]
    partition: int
    offset: int
    fingerprint: bytes
    discarded: bool
    error: str
    error_after: str
    def __init__(self, partition: _Optional[int] = ..., offset: _Optional[int] = ..., fingerprint: _Optional[bytes] = ..., discarded: _Optional[bool] = ..., error: _Optional[str] = ..., error_after: _Optional[str] = ...) -> None: ...
