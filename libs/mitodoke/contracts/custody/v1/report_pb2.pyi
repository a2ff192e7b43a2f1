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

class AdvisoryWish(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADVISORY_WISH_UNSPECIFIED: _ClassVar[AdvisoryWish]
    ADVISORY_WISH_NONE: _ClassVar[AdvisoryWish]

class AdvisoryState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADVISORY_STATE_UNSPECIFIED: _ClassVar[AdvisoryState]
    ADVISORY_STATE_JUDGED: _ClassVar[AdvisoryState]
    ADVISORY_STATE_UNAVAILABLE: _ClassVar[AdvisoryState]
    ADVISORY_STATE_NOT_ASKED: _ClassVar[AdvisoryState]
ADVISORY_WISH_UNSPECIFIED: AdvisoryWish
ADVISORY_WISH_NONE: AdvisoryWish
ADVISORY_STATE_UNSPECIFIED: AdvisoryState
ADVISORY_STATE_JUDGED: AdvisoryState
ADVISORY_STATE_UNAVAILABLE: AdvisoryState
ADVISORY_STATE_NOT_ASKED: AdvisoryState

class Evidence(_message.Message):
    __slots__ = ("purpose", "sha256")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    sha256: str
    def __init__(self, purpose: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class Recorded(_message.Message):
    __slots__ = ("event_id", "serial", "partition", "offset", "recorded_at", "advisories")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    serial: str
    partition: int
    offset: int
    recorded_at: _timestamp_pb2.Timestamp
    advisories: _containers.RepeatedCompositeFieldContainer[Advisory]
    def __init__(self, event_id: _Optional[str] = ..., serial: _Optional[str] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., advisories: _Optional[_Iterable[_Union[Advisory, _Mapping]]] = ...) -> None: ...

class Advisory(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
