import datetime

from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mitodoke.contracts.reference.v1 import reference_pb2 as _reference_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Published(_message.Message):
    __slots__ = ("event_id", "offset", "recorded_at")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    offset: int
    recorded_at: _timestamp_pb2.Timestamp
    def __init__(self, event_id: _Optional[str] = ..., offset: _Optional[int] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RegisterPartyRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "party")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    party: _reference_pb2.PartyRegistered
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., party: _Optional[_Union[_reference_pb2.PartyRegistered, _Mapping]] = ...) -> None: ...

class RegisterPartyResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...

class SuspendPartyRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "suspension")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    SUSPENSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    suspension: _reference_pb2.PartySuspended
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., suspension: _Optional[_Union[_reference_pb2.PartySuspended, _Mapping]] = ...) -> None: ...

class SuspendPartyResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...

class GrantDelegationRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "delegation")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    DELEGATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    delegation: _reference_pb2.DelegationGranted
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delegation: _Optional[_Union[_reference_pb2.DelegationGranted, _Mapping]] = ...) -> None: ...

class GrantDelegationResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...

class RegisterContractRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "contract")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    contract: _reference_pb2.ContractRegistered
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., contract: _Optional[_Union[_reference_pb2.ContractRegistered, _Mapping]] = ...) -> None: ...

class RegisterContractResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...

class AmendContractRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "amendment")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    AMENDMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    amendment: _reference_pb2.ContractAmended
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., amendment: _Optional[_Union[_reference_pb2.ContractAmended, _Mapping]] = ...) -> None: ...

class AmendContractResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...

class PublishPolicyRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "policy")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    policy: _reference_pb2.PolicyPublished
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., policy: _Optional[_Union[_reference_pb2.PolicyPublished, _Mapping]] = ...) -> None: ...

class PublishPolicyResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...

class CloseShipmentRequest(_message.Message):
    __slots__ = ("request_id", "backfilled_from", "closure")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FROM_FIELD_NUMBER: _ClassVar[int]
    CLOSURE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    backfilled_from: _timestamp_pb2.Timestamp
    closure: _reference_pb2.ShipmentClosed
    def __init__(self, request_id: _Optional[str] = ..., backfilled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closure: _Optional[_Union[_reference_pb2.ShipmentClosed, _Mapping]] = ...) -> None: ...

class CloseShipmentResponse(_message.Message):
    __slots__ = ("published",)
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    published: Published
    def __init__(self, published: _Optional[_Union[Published, _Mapping]] = ...) -> None: ...
