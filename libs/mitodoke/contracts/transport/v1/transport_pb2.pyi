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

class DriveDispatched(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "shipment_id", "carrier_party_id", "to_party_id", "crew", "seal_id", "route", "eta", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    TO_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    CREW_FIELD_NUMBER: _ClassVar[int]
    SEAL_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    ETA_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    shipment_id: str
    carrier_party_id: str
    to_party_id: str
    crew: _containers.RepeatedScalarFieldContainer[str]
    seal_id: str
    route: str
    eta: _timestamp_pb2.Timestamp
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., shipment_id: _Optional[str] = ..., carrier_party_id: _Optional[str] = ..., to_party_id: _Optional[str] = ..., crew: _Optional[_Iterable[str]] = ..., seal_id: _Optional[str] = ..., route: _Optional[str] = ..., eta: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., place: _Optional[str] = ...) -> None: ...

class CustodyTransferred(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "from_party_id", "to_party_id", "shipment_id", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    FROM_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    TO_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    from_party_id: str
    to_party_id: str
    shipment_id: str
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., from_party_id: _Optional[str] = ..., to_party_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...

class DriveDelivered(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "shipment_id", "seal_id_found", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEAL_ID_FOUND_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    shipment_id: str
    seal_id_found: str
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., shipment_id: _Optional[str] = ..., seal_id_found: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...
