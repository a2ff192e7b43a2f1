from mitodoke.contracts.buf.validate import validate_pb2 as _validate_pb2
from mitodoke.contracts.custody.v1 import report_pb2 as _report_pb2
from mitodoke.contracts.oversight.v1 import oversight_pb2 as _oversight_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReportDriveSightedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.DriveSighted]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.DriveSighted, _Mapping]]] = ...) -> None: ...

class ReportDriveSightedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportDriveLostRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.DriveLost]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.DriveLost, _Mapping]]] = ...) -> None: ...

class ReportDriveLostResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportDriveRecoveredRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.DriveRecovered]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.DriveRecovered, _Mapping]]] = ...) -> None: ...

class ReportDriveRecoveredResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportExportApprovedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.ExportApproved]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.ExportApproved, _Mapping]]] = ...) -> None: ...

class ReportExportApprovedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportDataExportedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.DataExported]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.DataExported, _Mapping]]] = ...) -> None: ...

class ReportDataExportedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportIncidentReportedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.IncidentReported]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.IncidentReported, _Mapping]]] = ...) -> None: ...

class ReportIncidentReportedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportFactRetractedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.FactRetracted]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.FactRetracted, _Mapping]]] = ...) -> None: ...

class ReportFactRetractedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportFlagAcknowledgedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.FlagAcknowledged]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.FlagAcknowledged, _Mapping]]] = ...) -> None: ...

class ReportFlagAcknowledgedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...

class ReportFlagWaivedRequest(_message.Message):
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
    items: _containers.RepeatedCompositeFieldContainer[_oversight_pb2.FlagWaived]
    def __init__(self, request_id: _Optional[str] = ..., contract_id: _Optional[str] = ..., operator_id: _Optional[str] = ..., on_behalf_of: _Optional[str] = ..., backfilled: _Optional[bool] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryWish, str]] = ..., items: _Optional[_Iterable[_Union[_oversight_pb2.FlagWaived, _Mapping]]] = ...) -> None: ...

class ReportFlagWaivedResponse(_message.Message):
    __slots__ = ("items", "advisories")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ADVISORIES_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_report_pb2.Recorded]
    advisories: _report_pb2.AdvisoryState
    def __init__(self, items: _Optional[_Iterable[_Union[_report_pb2.Recorded, _Mapping]]] = ..., advisories: _Optional[_Union[_report_pb2.AdvisoryState, str]] = ...) -> None: ...
