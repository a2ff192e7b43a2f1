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

class DestructionMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DESTRUCTION_METHOD_UNSPECIFIED: _ClassVar[DestructionMethod]
    DESTRUCTION_METHOD_SHRED: _ClassVar[DestructionMethod]
    DESTRUCTION_METHOD_CRUSH: _ClassVar[DestructionMethod]
    DESTRUCTION_METHOD_MELT: _ClassVar[DestructionMethod]
    DESTRUCTION_METHOD_DISINTEGRATE: _ClassVar[DestructionMethod]
    DESTRUCTION_METHOD_INCINERATE: _ClassVar[DestructionMethod]
DESTRUCTION_METHOD_UNSPECIFIED: DestructionMethod
DESTRUCTION_METHOD_SHRED: DestructionMethod
DESTRUCTION_METHOD_CRUSH: DestructionMethod
DESTRUCTION_METHOD_MELT: DestructionMethod
DESTRUCTION_METHOD_DISINTEGRATE: DestructionMethod
DESTRUCTION_METHOD_INCINERATE: DestructionMethod

class DriveDestroyed(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "method", "particle_size_mm", "place", "witness_party_id", "witness_id", "particle_area_mm2", "security_level")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PARTICLE_SIZE_MM_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    WITNESS_PARTY_ID_FIELD_NUMBER: _ClassVar[int]
    WITNESS_ID_FIELD_NUMBER: _ClassVar[int]
    PARTICLE_AREA_MM2_FIELD_NUMBER: _ClassVar[int]
    SECURITY_LEVEL_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    method: DestructionMethod
    particle_size_mm: float
    place: str
    witness_party_id: str
    witness_id: str
    particle_area_mm2: float
    security_level: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., method: _Optional[_Union[DestructionMethod, str]] = ..., particle_size_mm: _Optional[float] = ..., place: _Optional[str] = ..., witness_party_id: _Optional[str] = ..., witness_id: _Optional[str] = ..., particle_area_mm2: _Optional[float] = ..., security_level: _Optional[str] = ...) -> None: ...

class CertificateIssued(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "certificate_id", "method", "destroyed_at", "serial_on_certificate")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    DESTROYED_AT_FIELD_NUMBER: _ClassVar[int]
    SERIAL_ON_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    certificate_id: str
    method: DestructionMethod
    destroyed_at: _timestamp_pb2.Timestamp
    serial_on_certificate: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., certificate_id: _Optional[str] = ..., method: _Optional[_Union[DestructionMethod, str]] = ..., destroyed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., serial_on_certificate: _Optional[str] = ...) -> None: ...

class CertificateAccepted(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "certificate_id")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    certificate_id: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., certificate_id: _Optional[str] = ...) -> None: ...
