import datetime

from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mitodoke.contracts.custody.v1 import flag_pb2 as _flag_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ObligationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBLIGATION_STATE_UNSPECIFIED: _ClassVar[ObligationState]
    OBLIGATION_STATE_PENDING: _ClassVar[ObligationState]
    OBLIGATION_STATE_MET: _ClassVar[ObligationState]
    OBLIGATION_STATE_MET_LATE: _ClassVar[ObligationState]
    OBLIGATION_STATE_OVERDUE: _ClassVar[ObligationState]
OBLIGATION_STATE_UNSPECIFIED: ObligationState
OBLIGATION_STATE_PENDING: ObligationState
OBLIGATION_STATE_MET: ObligationState
OBLIGATION_STATE_MET_LATE: ObligationState
OBLIGATION_STATE_OVERDUE: ObligationState

class Freshness(_message.Message):
    __slots__ = ("read_through", "lag", "lag_unknown")
    READ_THROUGH_FIELD_NUMBER: _ClassVar[int]
    LAG_FIELD_NUMBER: _ClassVar[int]
    LAG_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    read_through: _timestamp_pb2.Timestamp
    lag: int
    lag_unknown: bool
    def __init__(self, read_through: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lag: _Optional[int] = ..., lag_unknown: _Optional[bool] = ...) -> None: ...

class Obligation(_message.Message):
    __slots__ = ("serial", "contract_id", "cycle", "obligation_id", "subject", "state", "after", "expect", "owed_by_role", "owed_by", "opened_at", "due_at", "met_at")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    CYCLE_FIELD_NUMBER: _ClassVar[int]
    OBLIGATION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    EXPECT_FIELD_NUMBER: _ClassVar[int]
    OWED_BY_ROLE_FIELD_NUMBER: _ClassVar[int]
    OWED_BY_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    MET_AT_FIELD_NUMBER: _ClassVar[int]
    serial: str
    contract_id: str
    cycle: str
    obligation_id: str
    subject: str
    state: ObligationState
    after: str
    expect: str
    owed_by_role: str
    owed_by: _containers.RepeatedScalarFieldContainer[str]
    opened_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    met_at: _timestamp_pb2.Timestamp
    def __init__(self, serial: _Optional[str] = ..., contract_id: _Optional[str] = ..., cycle: _Optional[str] = ..., obligation_id: _Optional[str] = ..., subject: _Optional[str] = ..., state: _Optional[_Union[ObligationState, str]] = ..., after: _Optional[str] = ..., expect: _Optional[str] = ..., owed_by_role: _Optional[str] = ..., owed_by: _Optional[_Iterable[str]] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., met_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Fact(_message.Message):
    __slots__ = ("event_id", "kind", "occurred_at", "recorded_at", "backfilled", "retracted", "party_id", "operator_id", "contract_id", "details", "partition", "offset")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FIELD_NUMBER: _ClassVar[int]
    RETRACTED_FIELD_NUMBER: _ClassVar[int]
    PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    kind: str
    occurred_at: _timestamp_pb2.Timestamp
    recorded_at: _timestamp_pb2.Timestamp
    backfilled: bool
    retracted: bool
    party_id: str
    operator_id: str
    contract_id: str
    details: str
    partition: int
    offset: int
    def __init__(self, event_id: _Optional[str] = ..., kind: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., backfilled: _Optional[bool] = ..., retracted: _Optional[bool] = ..., party_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., details: _Optional[str] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class Drive(_message.Message):
    __slots__ = ("serial", "contract_id", "owner_party_id", "owner_name", "holder_party_id", "holder_name", "holder_since", "destroyed", "facts", "obligations", "flags", "parked")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    HOLDER_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_NAME_FIELD_NUMBER: _ClassVar[int]
    HOLDER_SINCE_FIELD_NUMBER: _ClassVar[int]
    DESTROYED_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    PARKED_FIELD_NUMBER: _ClassVar[int]
    serial: str
    contract_id: str
    owner_party_id: str
    owner_name: str
    holder_party_id: str
    holder_name: str
    holder_since: _timestamp_pb2.Timestamp
    destroyed: bool
    facts: _containers.RepeatedCompositeFieldContainer[Fact]
    obligations: _containers.RepeatedCompositeFieldContainer[Obligation]
    flags: _containers.RepeatedCompositeFieldContainer[_flag_pb2.Flag]
    parked: bool
    def __init__(self, serial: _Optional[str] = ..., contract_id: _Optional[str] = ..., owner_party_id: _Optional[str] = ..., owner_name: _Optional[str] = ..., holder_party_id: _Optional[str] = ..., holder_name: _Optional[str] = ..., holder_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., destroyed: _Optional[bool] = ..., facts: _Optional[_Iterable[_Union[Fact, _Mapping]]] = ..., obligations: _Optional[_Iterable[_Union[Obligation, _Mapping]]] = ..., flags: _Optional[_Iterable[_Union[_flag_pb2.Flag, _Mapping]]] = ..., parked: _Optional[bool] = ...) -> None: ...

class GetDriveRequest(_message.Message):
    __slots__ = ("serial", "as_of")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    serial: str
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, serial: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetDriveResponse(_message.Message):
    __slots__ = ("drive", "freshness")
    DRIVE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    drive: Drive
    freshness: Freshness
    def __init__(self, drive: _Optional[_Union[Drive, _Mapping]] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ...) -> None: ...

class ListFlagsRequest(_message.Message):
    __slots__ = ("contract_id", "states", "kind", "subject", "least_severity", "as_of", "page_size", "page_token")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    LEAST_SEVERITY_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    states: _containers.RepeatedScalarFieldContainer[_flag_pb2.FlagState]
    kind: str
    subject: str
    least_severity: _flag_pb2.Severity
    as_of: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, contract_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_flag_pb2.FlagState, str]]] = ..., kind: _Optional[str] = ..., subject: _Optional[str] = ..., least_severity: _Optional[_Union[_flag_pb2.Severity, str]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListFlagsResponse(_message.Message):
    __slots__ = ("flags", "next_page_token", "total", "freshness", "more_than_total")
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    MORE_THAN_TOTAL_FIELD_NUMBER: _ClassVar[int]
    flags: _containers.RepeatedCompositeFieldContainer[_flag_pb2.Flag]
    next_page_token: str
    total: int
    freshness: Freshness
    more_than_total: bool
    def __init__(self, flags: _Optional[_Iterable[_Union[_flag_pb2.Flag, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total: _Optional[int] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ..., more_than_total: _Optional[bool] = ...) -> None: ...

class ListObligationsRequest(_message.Message):
    __slots__ = ("contract_id", "states", "mine", "as_of", "page_size", "page_token", "obligation_id")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    MINE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OBLIGATION_ID_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    states: _containers.RepeatedScalarFieldContainer[ObligationState]
    mine: bool
    as_of: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    obligation_id: str
    def __init__(self, contract_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[ObligationState, str]]] = ..., mine: _Optional[bool] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., obligation_id: _Optional[str] = ...) -> None: ...

class ListObligationsResponse(_message.Message):
    __slots__ = ("obligations", "next_page_token", "total", "freshness", "more_than_total")
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    MORE_THAN_TOTAL_FIELD_NUMBER: _ClassVar[int]
    obligations: _containers.RepeatedCompositeFieldContainer[Obligation]
    next_page_token: str
    total: int
    freshness: Freshness
    more_than_total: bool
    def __init__(self, obligations: _Optional[_Iterable[_Union[Obligation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total: _Optional[int] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ..., more_than_total: _Optional[bool] = ...) -> None: ...

class GetShipmentRequest(_message.Message):
    __slots__ = ("shipment_id", "contract_id")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    contract_id: str
    def __init__(self, shipment_id: _Optional[str] = ..., contract_id: _Optional[str] = ...) -> None: ...

class GetShipmentResponse(_message.Message):
    __slots__ = ("shipment_id", "contract_id", "sent", "received", "missing", "unexpected", "closed_at", "freshness", "perhaps_misread")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    UNEXPECTED_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    PERHAPS_MISREAD_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    contract_id: str
    sent: int
    received: int
    missing: _containers.RepeatedScalarFieldContainer[str]
    unexpected: _containers.RepeatedScalarFieldContainer[str]
    closed_at: _timestamp_pb2.Timestamp
    freshness: Freshness
    perhaps_misread: _containers.RepeatedCompositeFieldContainer[Misread]
    def __init__(self, shipment_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., sent: _Optional[int] = ..., received: _Optional[int] = ..., missing: _Optional[_Iterable[str]] = ..., unexpected: _Optional[_Iterable[str]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ..., perhaps_misread: _Optional[_Iterable[_Union[Misread, _Mapping]]] = ...) -> None: ...

class Misread(_message.Message):
    __slots__ = ("scanned", "on_manifest")
    SCANNED_FIELD_NUMBER: _ClassVar[int]
    ON_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    scanned: str
    on_manifest: str
    def __init__(self, scanned: _Optional[str] = ..., on_manifest: _Optional[str] = ...) -> None: ...

class GetContractRequest(_message.Message):
    __slots__ = ("contract_id",)
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    def __init__(self, contract_id: _Optional[str] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("party_id", "party_name", "role", "valid_from", "valid_until")
    PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    PARTY_NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    party_id: str
    party_name: str
    role: str
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, party_id: _Optional[str] = ..., party_name: _Optional[str] = ..., role: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetContractResponse(_message.Message):
    __slots__ = ("contract_id", "title", "owner_party_id", "owner_name", "policy_id", "policy_version", "approvals", "drives", "open_flags", "policy_document", "freshness", "timezone")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    OWNER_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    DRIVES_FIELD_NUMBER: _ClassVar[int]
    OPEN_FLAGS_FIELD_NUMBER: _ClassVar[int]
    POLICY_DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    title: str
    owner_party_id: str
    owner_name: str
    policy_id: str
    policy_version: int
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    drives: int
    open_flags: int
    policy_document: str
    freshness: Freshness
    timezone: str
    def __init__(self, contract_id: _Optional[str] = ..., title: _Optional[str] = ..., owner_party_id: _Optional[str] = ..., owner_name: _Optional[str] = ..., policy_id: _Optional[str] = ..., policy_version: _Optional[int] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., drives: _Optional[int] = ..., open_flags: _Optional[int] = ..., policy_document: _Optional[str] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ..., timezone: _Optional[str] = ...) -> None: ...

class GetTimelineRequest(_message.Message):
    __slots__ = ("contract_id",)
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    def __init__(self, contract_id: _Optional[str] = ...) -> None: ...

class TimelineEntry(_message.Message):
    __slots__ = ("day", "what", "party_id", "party_name", "drives")
    DAY_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    PARTY_NAME_FIELD_NUMBER: _ClassVar[int]
    DRIVES_FIELD_NUMBER: _ClassVar[int]
    day: str
    what: str
    party_id: str
    party_name: str
    drives: int
    def __init__(self, day: _Optional[str] = ..., what: _Optional[str] = ..., party_id: _Optional[str] = ..., party_name: _Optional[str] = ..., drives: _Optional[int] = ...) -> None: ...

class GetTimelineResponse(_message.Message):
    __slots__ = ("entries", "timezone", "freshness")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[TimelineEntry]
    timezone: str
    freshness: Freshness
    def __init__(self, entries: _Optional[_Iterable[_Union[TimelineEntry, _Mapping]]] = ..., timezone: _Optional[str] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PartitionStatus(_message.Message):
    __slots__ = ("partition", "next_offset", "end_offset", "read_through")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    READ_THROUGH_FIELD_NUMBER: _ClassVar[int]
    partition: int
    next_offset: int
    end_offset: int
    read_through: _timestamp_pb2.Timestamp
    def __init__(self, partition: _Optional[int] = ..., next_offset: _Optional[int] = ..., end_offset: _Optional[int] = ..., read_through: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("partitions", "facts", "drives", "open_flags", "pending_obligations", "quarantined", "outbox", "freshness", "estimated")
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    DRIVES_FIELD_NUMBER: _ClassVar[int]
    OPEN_FLAGS_FIELD_NUMBER: _ClassVar[int]
    PENDING_OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    partitions: _containers.RepeatedCompositeFieldContainer[PartitionStatus]
    facts: int
    drives: int
    open_flags: int
    pending_obligations: int
    quarantined: int
    outbox: int
    freshness: Freshness
    estimated: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, partitions: _Optional[_Iterable[_Union[PartitionStatus, _Mapping]]] = ..., facts: _Optional[int] = ..., drives: _Optional[int] = ..., open_flags: _Optional[int] = ..., pending_obligations: _Optional[int] = ..., quarantined: _Optional[int] = ..., outbox: _Optional[int] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ..., estimated: _Optional[_Iterable[str]] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("policy_id", "version")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    version: int
    def __init__(self, policy_id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class GetPolicyResponse(_message.Message):
    __slots__ = ("policy_id", "version", "document", "resolved_document", "published_by", "published_at", "versions")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_BY_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    version: int
    document: str
    resolved_document: str
    published_by: str
    published_at: _timestamp_pb2.Timestamp
    versions: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, policy_id: _Optional[str] = ..., version: _Optional[int] = ..., document: _Optional[str] = ..., resolved_document: _Optional[str] = ..., published_by: _Optional[str] = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., versions: _Optional[_Iterable[int]] = ...) -> None: ...

class TryPolicyRequest(_message.Message):
    __slots__ = ("contract_id", "document", "as_of", "most")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    document: str
    as_of: _timestamp_pb2.Timestamp
    most: int
    def __init__(self, contract_id: _Optional[str] = ..., document: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., most: _Optional[int] = ...) -> None: ...

class TriedFlags(_message.Message):
    __slots__ = ("kind", "subject", "severity", "would_stand", "stand")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    WOULD_STAND_FIELD_NUMBER: _ClassVar[int]
    STAND_FIELD_NUMBER: _ClassVar[int]
    kind: str
    subject: str
    severity: _flag_pb2.Severity
    would_stand: int
    stand: int
    def __init__(self, kind: _Optional[str] = ..., subject: _Optional[str] = ..., severity: _Optional[_Union[_flag_pb2.Severity, str]] = ..., would_stand: _Optional[int] = ..., stand: _Optional[int] = ...) -> None: ...

class TryPolicyResponse(_message.Message):
    __slots__ = ("drives", "flags", "newly", "freshness")
    DRIVES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    NEWLY_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    drives: int
    flags: _containers.RepeatedCompositeFieldContainer[TriedFlags]
    newly: _containers.RepeatedCompositeFieldContainer[_flag_pb2.Flag]
    freshness: Freshness
    def __init__(self, drives: _Optional[int] = ..., flags: _Optional[_Iterable[_Union[TriedFlags, _Mapping]]] = ..., newly: _Optional[_Iterable[_Union[_flag_pb2.Flag, _Mapping]]] = ..., freshness: _Optional[_Union[Freshness, _Mapping]] = ...) -> None: ...

class TryPolicyStepByStepRequest(_message.Message):
    __slots__ = ("trial",)
    TRIAL_FIELD_NUMBER: _ClassVar[int]
    trial: TryPolicyRequest
    def __init__(self, trial: _Optional[_Union[TryPolicyRequest, _Mapping]] = ...) -> None: ...

class TryPolicyStepByStepResponse(_message.Message):
    __slots__ = ("tried", "drives", "result")
    TRIED_FIELD_NUMBER: _ClassVar[int]
    DRIVES_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    tried: int
    drives: int
    result: TryPolicyResponse
    def __init__(self, tried: _Optional[int] = ..., drives: _Optional[int] = ..., result: _Optional[_Union[TryPolicyResponse, _Mapping]] = ...) -> None: ...

class WatchFlagsRequest(_message.Message):
    __slots__ = ("contract_id", "resume_token")
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    contract_id: str
    resume_token: str
    def __init__(self, contract_id: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchFlagsResponse(_message.Message):
    __slots__ = ("change", "resume_token")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    change: _flag_pb2.FlagChanged
    resume_token: str
    def __init__(self, change: _Optional[_Union[_flag_pb2.FlagChanged, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...
