"""One way to make every call: with a deadline, and again with the same request where that is safe."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

import grpc
import stamina
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from mitodoke.client.errors import CallFailed, failure_of
from mitodoke.client.identity import Identity

Answer = TypeVar("Answer", bound=Message)

_AGAIN: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        # A service that ended has dropped it; who cancels a call here sees no answer at all.
        grpc.StatusCode.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for one answer and how often to ask again; seconds."""

    per_attempt: float = 30.0
    in_all: float = 120.0
    attempts: int | None = None
    """At most so many; None for as many as there is time for: a service that is asked too much says when to come again,
    and whom it then refuses is chance."""
    keepalive: float = 20.0
    """When a connection with a call under way was silent for so long, the service is asked whether it is there. It has
    a third of that to answer; then the connection is given up and the call fails. A service refuses to be asked
    more often than every half second (`mitodoke.chassis.server.ASKED_AT_MOST_EVERY_SECONDS`)."""


class Calls:
    """Calls to one address as one party.

    Every call is safe to repeat: queries change nothing, and a report with the same request_id counts once.
    """

    def __init__(self, channel: grpc.aio.Channel, identity: Identity, patience: Patience) -> None:
        self._channel = channel
        self._identity = identity
        self._patience = patience

    async def call(self, method: MethodDescriptor, request: Message, answer: type[Answer]) -> Answer:
        """The answer of a method. Raises CallFailed when it is refused, or patience has run out."""
        once = self._channel.unary_unary(
            _path(method), request_serializer=_serialized, response_deserializer=answer.FromString
        )
        async for attempt in stamina.retry_context(
            on=_again, attempts=self._patience.attempts, timeout=self._patience.in_all, wait_max=5.0
        ):
            with attempt:
                try:
                    answered: Answer = await once(
                        request, timeout=self._patience.per_attempt, metadata=self._identity.metadata()
                    )
                    return answered
                except grpc.aio.AioRpcError as error:
                    raise failure_of(error) from None
        raise AssertionError("a retry context ends with an answer or an error")

    async def stream(
        self, method: MethodDescriptor, request: Message, answer: type[Answer]
    ) -> AsyncIterator[Answer]:
        """The answers of a streaming method, once. Raises CallFailed when it breaks off."""
        open_stream: Callable[..., Any] = self._channel.unary_stream(
            _path(method), request_serializer=_serialized, response_deserializer=answer.FromString
        )
        try:
            async for each in open_stream(request, metadata=self._identity.metadata()):
                yield each
        except grpc.aio.AioRpcError as error:
            raise failure_of(error) from None


def answer_type(method: MethodDescriptor) -> type[Message]:
    """The class of a method's answers."""
    made: type[Message] = GetMessageClass(method.output_type)
    return made


def worth_repeating(failure: CallFailed) -> bool:
    """Whether the same request may fare better later. A message that is too large never will."""
    too_large = failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED and not failure.reason
    return failure.code in _AGAIN and not too_large


def _again(error: Exception) -> bool | timedelta:
    if not isinstance(error, CallFailed) or not worth_repeating(error):
        return False
    return error.retry_after if error.retry_after is not None else True


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
