from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from mitodoke.contracts.custody.v1 import report_pb2 as _report_pb2
from mitodoke.contracts.returns.v1 import returns_pb2 as _returns_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReportDriveReleasedRequest(_message.Message):
    __slots__ = ("request_id", "contract_id", "operator_id", "on_behalf_of", "backfilled", "advisories", "items")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contract_id: str
    operator_id: str
    on_behalf_of: str
    backfilled: bool
    advisories: _report_pb2.AdvisoryWish
    items: _containers.RepeatedCompositeFieldContainer[_returns_pb2.DriveReleased]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_returns_pb2.DriveReleased, _Mapping]]] = ...) -> None: ...

class ReportDriveReleasedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportDriveRemovedRequest(_message.Message):
    __slots__ = ("request_id", "contract_id", "operator_id", "on_behalf_of", "backfilled", "advisories", "items")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contract_id: str
    operator_id: str
    on_behalf_of: str
    backfilled: bool
    advisories: _report_pb2.AdvisoryWish
    items: _containers.RepeatedCompositeFieldContainer[_returns_pb2.DriveRemoved]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_returns_pb2.DriveRemoved, _Mapping]]] = ...) -> None: ...

class ReportDriveRemovedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportDriveReturnedRequest(_message.Message):
    __slots__ = ("request_id", "contract_id", "operator_id", "on_behalf_of", "backfilled", "advisories", "items")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contract_id: str
    operator_id: str
    on_behalf_of: str
    backfilled: bool
    advisories: _report_pb2.AdvisoryWish
    items: _containers.RepeatedCompositeFieldContainer[_returns_pb2.DriveReturned]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_returns_pb2.DriveReturned, _Mapping]]] = ...) -> None: ...

class ReportDriveReturnedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...
