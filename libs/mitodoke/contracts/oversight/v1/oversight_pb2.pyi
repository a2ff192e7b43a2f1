import datetime

from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mitodoke.contracts.custody.v1 import report_pb2 as _report_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IncidentReport(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCIDENT_REPORT_UNSPECIFIED: _ClassVar[IncidentReport]
    INCIDENT_REPORT_TO_OWNER: _ClassVar[IncidentReport]
    INCIDENT_REPORT_PRELIMINARY: _ClassVar[IncidentReport]
    INCIDENT_REPORT_FINAL: _ClassVar[IncidentReport]
INCIDENT_REPORT_UNSPECIFIED: IncidentReport
INCIDENT_REPORT_TO_OWNER: IncidentReport
INCIDENT_REPORT_PRELIMINARY: IncidentReport
INCIDENT_REPORT_FINAL: IncidentReport

class DriveSighted(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "place", "description", "seen_by")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SEEN_BY_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    place: str
    description: str
    seen_by: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., place: _Optional[str] = ..., description: _Optional[str] = ..., seen_by: _Optional[str] = ...) -> None: ...

class DriveLost(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "place", "circumstances")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    CIRCUMSTANCES_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    place: str
    circumstances: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., place: _Optional[str] = ..., circumstances: _Optional[str] = ...) -> None: ...

class DriveRecovered(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "place", "recovered_from")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    RECOVERED_FROM_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    place: str
    recovered_from: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., place: _Optional[str] = ..., recovered_from: _Optional[str] = ...) -> None: ...

class ExportApproved(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "purpose", "carrier_id", "return_by", "medium")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CARRIER_ID_FIELD_NUMBER: _ClassVar[int]
    RETURN_BY_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    purpose: str
    carrier_id: str
    return_by: _timestamp_pb2.Timestamp
    medium: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., purpose: _Optional[str] = ..., carrier_id: _Optional[str] = ..., return_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., medium: _Optional[str] = ...) -> None: ...

class DataExported(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "purpose", "place", "carrier_id")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    CARRIER_ID_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    purpose: str
    place: str
    carrier_id: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., purpose: _Optional[str] = ..., place: _Optional[str] = ..., carrier_id: _Optional[str] = ...) -> None: ...

class IncidentReported(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "report", "authority", "incident_id")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    report: IncidentReport
    authority: str
    incident_id: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., report: _Optional[_Union[IncidentReport, str]] = ..., authority: _Optional[str] = ..., incident_id: _Optional[str] = ...) -> None: ...

class FactRetracted(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "event_id", "reason")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    event_id: str
    reason: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., event_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class FlagAcknowledged(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "flag_id", "reason", "until")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    flag_id: str
    reason: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., flag_id: _Optional[str] = ..., reason: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FlagWaived(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "flag_id", "reason")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    flag_id: str
    reason: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., flag_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
