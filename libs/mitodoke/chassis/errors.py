"""The one typed error that crosses RPC, and how it is told by the google.rpc error model.

Reasons are stable: a client may act on them, so none ever changes its meaning.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

DOMAIN: Final = "mitodoke"
MOST_VIOLATIONS: Final = 20
"""So many field violations are listed; of the others only the number is said."""


class Reason(enum.StrEnum):
    """Why a call was refused or failed. Each has one gRPC status, in `STATUS`."""

    CREDENTIALS_MISSING = "CREDENTIALS_MISSING"
    """The call does not say who makes it."""
    CREDENTIALS_REFUSED = "CREDENTIALS_REFUSED"
    """What it says of its caller does not prove it."""

    MALFORMED_MESSAGE = "MALFORMED_MESSAGE"
    """The bytes are no message of this method, or hold text that is not UTF-8."""
    INVALID_FIELD = "INVALID_FIELD"
    """A field breaks a rule of the contract; each is named with its path."""
    SERIAL_REFUSED = "SERIAL_REFUSED"
    """A serial number is a placeholder or cannot be read."""
    TIME_IN_FUTURE = "TIME_IN_FUTURE"
    """Something is said to have happened more than five minutes from now."""
    POLICY_REFUSED = "POLICY_REFUSED"
    """A policy cannot be read or can never be met; every error is named with its line."""

    PARTY_UNKNOWN = "PARTY_UNKNOWN"
    """The calling party, or the one it reports for, is not registered."""
    PARTY_SUSPENDED = "PARTY_SUSPENDED"
    """The party's reports are refused until it is registered again."""
    DELEGATION_MISSING = "DELEGATION_MISSING"
    """The party has not let the caller report for it."""
    BACKFILL_NOT_PERMITTED = "BACKFILL_NOT_PERMITTED"
    """Importing history asks for a permission that the caller lacks."""
    NOT_ADMINISTRATOR = "NOT_ADMINISTRATOR"
    """Only an administrator may do this."""
    NOT_ON_CONTRACT = "NOT_ON_CONTRACT"
    """Only a party of the contract may do this."""

    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    """No such contract is registered, or it is not the caller's to see."""
    DRIVE_UNKNOWN = "DRIVE_UNKNOWN"
    """No fact of such a drive is known, or it is not the caller's to see."""
    SHIPMENT_UNKNOWN = "SHIPMENT_UNKNOWN"
    """No fact of such a shipment is known, or it is not the caller's to see."""

    POLICY_UNKNOWN = "POLICY_UNKNOWN"
    """No such policy is published, or it is not the caller's to see."""

    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    """The contract is there already."""
    VERSION_PUBLISHED = "VERSION_PUBLISHED"
    """This version of the policy is published with another text, which never changes."""
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    """The request id was used before, for something else."""
    REFERENCE_MISSING = "REFERENCE_MISSING"
    """What is named (a party, a policy, a contract) must be registered first."""

    QUEUE_FULL = "QUEUE_FULL"
    """More is waiting to be recorded than the service takes; try again after the delay given."""
    TOO_MANY_CALLS = "TOO_MANY_CALLS"
    """The service answers as many calls as it takes at once; try again after the delay given."""
    WATCHER_TOO_SLOW = "WATCHER_TOO_SLOW"
    """The stream was ended because its caller did not read; the metadata has the token to go on from."""
    LOG_UNAVAILABLE = "LOG_UNAVAILABLE"
    """The event log cannot be reached. Nothing of the call was recorded."""
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    """The log did not answer in time. The same request_id is safe to send again: it counts once."""
    READ_MODEL_UNAVAILABLE = "READ_MODEL_UNAVAILABLE"
    """The read model cannot be reached."""
    SERVICE_ENDING = "SERVICE_ENDING"
    """The service is being taken down; another takes the call."""
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """A fault of the service; the message has the number under which it is in the log."""


STATUS: Final[dict[Reason, grpc.StatusCode]] = {
    Reason.CREDENTIALS_MISSING: grpc.StatusCode.UNAUTHENTICATED,
    Reason.CREDENTIALS_REFUSED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.MALFORMED_MESSAGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.SERIAL_REFUSED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TIME_IN_FUTURE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.POLICY_REFUSED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.PARTY_UNKNOWN: grpc.StatusCode.PERMISSION_DENIED,
    Reason.PARTY_SUSPENDED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.DELEGATION_MISSING: grpc.StatusCode.PERMISSION_DENIED,
    Reason.BACKFILL_NOT_PERMITTED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.NOT_ADMINISTRATOR: grpc.StatusCode.PERMISSION_DENIED,
    Reason.NOT_ON_CONTRACT: grpc.StatusCode.PERMISSION_DENIED,
    Reason.CONTRACT_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Reason.DRIVE_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Reason.SHIPMENT_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Reason.POLICY_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Reason.ALREADY_REGISTERED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.VERSION_PUBLISHED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.REQUEST_ID_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.REFERENCE_MISSING: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.TOO_MANY_CALLS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.WATCHER_TOO_SLOW: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.LOG_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.OUTCOME_UNKNOWN: grpc.StatusCode.UNAVAILABLE,
    Reason.READ_MODEL_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.SERVICE_ENDING: grpc.StatusCode.UNAVAILABLE,
    Reason.INTERNAL_ERROR: grpc.StatusCode.INTERNAL,
}
"""The gRPC status of each reason."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of the request, by its path such as `items[3].serial`, and what is wrong with it."""

    field: str
    description: str


class Refusal(Exception):
    """A call is not carried out, or not known to be. `sentence` is for the person who made it."""

    def __init__(
        self,
        reason: Reason,
        sentence: str,
        *,
        violations: Sequence[Violation] = (),
        retry_after: timedelta | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        self.reason = reason
        self.sentence = sentence
        self.violations = tuple(violations)
        self.retry_after = retry_after
        self.metadata = metadata or {}
        super().__init__(f"{reason}: {sentence}")

    @property
    def status(self) -> grpc.StatusCode:
        """The gRPC status of its reason."""
        return STATUS[self.reason]


def refused_fields(reason: Reason, violations: Sequence[Violation]) -> Refusal:
    """A refusal for these fields; its sentence is what is wrong with the first, and how many more there are."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return Refusal(reason, f"{first.field}: {first.description}{more}", violations=violations)


def status_of(refusal: Refusal) -> status_pb2.Status:
    """The google.rpc.Status of a refusal: ErrorInfo always, BadRequest and RetryInfo where they apply."""
    code, _ = refusal.status.value
    info = error_details_pb2.ErrorInfo(reason=refusal.reason.value, domain=DOMAIN, metadata=refusal.metadata)
    details = [_packed(info)]
    if refusal.violations:
        bad = error_details_pb2.BadRequest()
        for violation in refusal.violations[:MOST_VIOLATIONS]:
            bad.field_violations.add(field=violation.field, description=violation.description)
        hidden = len(refusal.violations) - MOST_VIOLATIONS
        if hidden > 0:
            bad.field_violations[-1].description += f" (and {hidden} more)"
        details.append(_packed(bad))
    if refusal.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromTimedelta(refusal.retry_after)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status_pb2.Status(code=code, message=refusal.sentence, details=details)


def _packed(
    detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo,
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
