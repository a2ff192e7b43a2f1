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

class WipeMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WIPE_METHOD_UNSPECIFIED: _ClassVar[WipeMethod]
    WIPE_METHOD_OVERWRITE: _ClassVar[WipeMethod]
    WIPE_METHOD_ATA_SECURE_ERASE: _ClassVar[WipeMethod]
    WIPE_METHOD_BLOCK_ERASE: _ClassVar[WipeMethod]
    WIPE_METHOD_CRYPTOGRAPHIC_ERASE: _ClassVar[WipeMethod]
    WIPE_METHOD_DEGAUSS: _ClassVar[WipeMethod]

class WipeResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WIPE_RESULT_UNSPECIFIED: _ClassVar[WipeResult]
    WIPE_RESULT_PASSED: _ClassVar[WipeResult]
    WIPE_RESULT_FAILED: _ClassVar[WipeResult]

class VerificationCoverage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERIFICATION_COVERAGE_UNSPECIFIED: _ClassVar[VerificationCoverage]
    VERIFICATION_COVERAGE_FULL: _ClassVar[VerificationCoverage]
    VERIFICATION_COVERAGE_SAMPLE: _ClassVar[VerificationCoverage]

class VerificationResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERIFICATION_RESULT_UNSPECIFIED: _ClassVar[VerificationResult]
    VERIFICATION_RESULT_ACCEPTED: _ClassVar[VerificationResult]
    VERIFICATION_RESULT_REJECTED: _ClassVar[VerificationResult]
WIPE_METHOD_UNSPECIFIED: WipeMethod
WIPE_METHOD_OVERWRITE: WipeMethod
WIPE_METHOD_ATA_SECURE_ERASE: WipeMethod
WIPE_METHOD_BLOCK_ERASE: WipeMethod
WIPE_METHOD_CRYPTOGRAPHIC_ERASE: WipeMethod
WIPE_METHOD_DEGAUSS: WipeMethod
WIPE_RESULT_UNSPECIFIED: WipeResult
WIPE_RESULT_PASSED: WipeResult
WIPE_RESULT_FAILED: WipeResult
VERIFICATION_COVERAGE_UNSPECIFIED: VerificationCoverage
VERIFICATION_COVERAGE_FULL: VerificationCoverage
VERIFICATION_COVERAGE_SAMPLE: VerificationCoverage
VERIFICATION_RESULT_UNSPECIFIED: VerificationResult
VERIFICATION_RESULT_ACCEPTED: VerificationResult
VERIFICATION_RESULT_REJECTED: VerificationResult

class DriveInitialised(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "tool")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    tool: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., tool: _Optional[str] = ...) -> None: ...

class DriveWiped(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "method", "tool", "tool_version", "result", "place", "media_source", "confidentiality_before", "confidentiality_after", "destination", "operator_title", "operator_contact")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    TOOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    MEDIA_SOURCE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIALITY_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIALITY_AFTER_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_TITLE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_CONTACT_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    method: WipeMethod
    tool: str
    tool_version: str
    result: WipeResult
    place: str
    media_source: str
    confidentiality_before: str
    confidentiality_after: str
    destination: str
    operator_title: str
    operator_contact: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., method: _Optional[_Union[WipeMethod, str]] = ..., tool: _Optional[str] = ..., tool_version: _Optional[str] = ..., result: _Optional[_Union[WipeResult, str]] = ..., place: _Optional[str] = ..., media_source: _Optional[str] = ..., confidentiality_before: _Optional[str] = ..., confidentiality_after: _Optional[str] = ..., destination: _Optional[str] = ..., operator_title: _Optional[str] = ..., operator_contact: _Optional[str] = ...) -> None: ...

class WipeVerified(_message.Message):
    __slots__ = ("serial", "occurred_at", "evidence", "wipe_event_id", "coverage", "result", "verification_method", "tool", "verifier_title", "place")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    WIPE_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_METHOD_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_TITLE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    occurred_at: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[_report_pb2.Evidence]
    wipe_event_id: str
    coverage: VerificationCoverage
    result: VerificationResult
    verification_method: str
    tool: str
    verifier_title: str
    place: str
    def __init__(self, serial: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[_report_pb2.Evidence, _Mapping]]] = ..., wipe_event_id: _Optional[str] = ..., coverage: _Optional[_Union[VerificationCoverage, str]] = ..., result: _Optional[_Union[VerificationResult, str]] = ..., verification_method: _Optional[str] = ..., tool: _Optional[str] = ..., verifier_title: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...
