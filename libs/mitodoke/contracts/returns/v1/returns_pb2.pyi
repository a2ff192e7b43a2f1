import datetime

from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mitodoke.contracts.custody.v1 import report_pb2 as _report_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DriveReleased(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "lot_id", "to_party_id", "seal_id", "attended_by", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    TO_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    SEAL_ID_FIELD_NUMBER: _ClassVar[int]
    ATTENDED_BY_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    lot_id: str
    to_party_id: str
    seal_id: str
    attended_by: _containers.RepeatedScalarFieldContainer[str]
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., lot_id: _Optional[str] = ..., to_party_id: _Optional[str] = ..., seal_id: _Optional[str] = ..., attended_by: _Optional[_Iterable[str]] = ..., place: _Optional[str] = ...) -> None: ...

class DriveRemoved(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "enclosure", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    ENCLOSURE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    enclosure: str
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., enclosure: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...

class DriveReturned(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "lot_id", "from_party_id", "seal_id_found", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    SEAL_ID_FOUND_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    lot_id: str
    from_party_id: str
    seal_id_found: str
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., lot_id: _Optional[str] = ..., from_party_id: _Optional[str] = ..., seal_id_found: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...
