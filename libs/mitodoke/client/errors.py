"""A call that failed, in words for the person who made it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DETAILS: Final = "grpc-status-details-bin"

_ADVICE: Final = {
    grpc.StatusCode.UNAVAILABLE: "Is the system running? Send the same request, with the same request_id, again.",
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        "It may have been carried out. Send the same request, with the same request_id, again: it counts once."
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: "Send the same request again later, or smaller ones.",
    grpc.StatusCode.UNIMPLEMENTED: "The service does not know this call: is it of the same version as this client?",
}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request by its path, and what is wrong with it."""

    field: str
    description: str


class CallFailed(Exception):
    """A call was refused, or is not known to have been carried out.

    `reason` is stable and may be acted upon; it is empty when the answer came from no service of this system.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        sentence: str,
        *,
        reason: str = "",
        violations: tuple[FieldViolation, ...] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        self.code = code
        self.sentence = sentence
        self.reason = reason
        self.violations = violations
        self.retry_after = retry_after
        super().__init__(self._told())

    def _told(self) -> str:
        lines = [f"{self.sentence} ({self.reason or self.code.name})"]
        lines += [f"  {each.field}: {each.description}" for each in self.violations]
        if not self.reason and self.code in _ADVICE:
            lines.append(_ADVICE[self.code])
        return "\n".join(lines)


def failure_of(error: grpc.aio.AioRpcError) -> CallFailed:
    """What an error of gRPC says, with the details that a service of this system adds."""
    reason = ""
    violations: tuple[FieldViolation, ...] = ()
    retry_after: timedelta | None = None
    for detail in _details(error):
        info, bad, retry = (
            error_details_pb2.ErrorInfo(),
            error_details_pb2.BadRequest(),
            error_details_pb2.RetryInfo(),
        )
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad):
            violations = tuple(FieldViolation(each.field, each.description) for each in bad.field_violations)
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta()
    sentence = error.details() or "The service said nothing"
    return CallFailed(error.code(), sentence, reason=reason, violations=violations, retry_after=retry_after)


def _details(error: grpc.aio.AioRpcError) -> list[status_pb2.Status]:
    for name, value in error.trailing_metadata() or ():
        if name == _DETAILS and isinstance(value, bytes):
            try:
                return list(status_pb2.Status.FromString(value).details)
            except DecodeError:
                return []
    return []
