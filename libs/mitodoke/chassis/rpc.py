"""The way of every call: authenticate, parse, validate, admit, handle, answer, and note it in the call log."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status

from mitodoke.chassis.clock import Clock
from mitodoke.chassis.errors import Reason, Refusal, refused_fields, status_of
from mitodoke.chassis.identity import Authenticator, Caller, Metadata
from mitodoke.chassis.validation import text_with_nul, violations
from mitodoke.contracts.custody.v1.call_pb2 import CallMade
from mitodoke.eventlog.cloudevents import timestamp_of

_log = structlog.get_logger("mitodoke.rpc")

LARGEST_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes of a request or an answer."""

_LONGEST_TEXT_NOTED: Final = 128
_NO_TIME: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a process takes on at once; what is more is told to come again, so that memory does not grow.

    One call is always taken, however large. `stalled_seconds` is how long a stream's caller may leave an answer
    unread before the stream is ended. A connection with a call under way that was silent for `silent_seconds` is asked
    whether anybody is there, and is closed with its calls after a third of that without an answer.
    """

    calls: int = 256
    request_bytes: int = 48 * 1024 * 1024
    stalled_seconds: float = 30.0
    silent_seconds: float = 60.0
    retry_after: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What came with a call beside its caller and its request."""

    method: str
    """Full name, such as /mitodoke.wipe.v1.WipeService/ReportDriveWiped."""
    traceparent: str
    _time_remaining: Callable[[], float | None]

    def remaining(self) -> float | None:
        """Seconds until the caller stops waiting; None when it set no deadline."""
        return self._time_remaining()


Unary = Callable[[Any, Caller, CallContext], Awaitable[Message]]
Streaming = Callable[[Any, Caller, CallContext], AsyncGenerator[Message, None]]


class Admission(Protocol):
    """Whether a caller may use a service at all."""

    async def admit(self, caller: Caller) -> None:
        """Returns for those who may. Raises Refusal for the others."""
        ...


class Everyone:
    """Admits every authenticated caller."""

    async def admit(self, caller: Caller) -> None:
        """Returns."""


_EVERYONE: Final = Everyone()


@dataclass(frozen=True, slots=True)
class RpcService:
    """A gRPC service: its descriptor and the handler of each of its methods by name.

    A handler of a plain method is `async (request, caller, context) -> response`; of a streaming one an
    async generator with the same arguments. A handler raises Refusal for everything that it foresees.
    Methods without a handler answer UNIMPLEMENTED.
    """

    descriptor: ServiceDescriptor
    handlers: Mapping[str, Unary | Streaming]
    admission: Admission = _EVERYONE

    @property
    def name(self) -> str:
        """Its full name, such as mitodoke.wipe.v1.WipeService."""
        name: str = self.descriptor.full_name
        return name


@dataclass(slots=True)
class _Noted:
    """What becomes known of a call on its way, for the call log."""

    at: datetime
    method: str
    party: str = ""
    request: Message | None = None
    outcome: str = "OK"
    reason: str = ""


class Pipeline:
    """Turns the handlers of services into what gRPC's server calls, one way for all of them."""

    def __init__(
        self,
        authenticator: Authenticator,
        note: Callable[[CallMade], None],
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._answering: dict[asyncio.Task[Any], int] = {}
        self._answering_bytes = 0
        self._cut_off: set[asyncio.Task[Any]] = set()
        self._authenticator = authenticator
        self._note = note
        self._clock = clock
        self._ending = asyncio.Event()

    def begin_to_end(self) -> None:
        """Answer SERVICE_ENDING to every new call, and on every stream: nothing else would end one that waits."""
        self._ending.set()

    async def answered(self, limit: float) -> None:
        """Return when every plain call under way is answered, or the limit (seconds) is over."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=limit)

    def cut_off_calls(self) -> None:
        """Answer OUTCOME_UNKNOWN to every plain call that is not answered yet: the process is about to end."""
        for task in self._answering:
            self._cut_off.add(task)
            task.cancel()

    def _take(self, raw: bytes) -> asyncio.Task[Any]:
        """Take a call on. Raises Refusal where too much is under way."""
        if self._ending.is_set():
            raise Refusal(
                Reason.SERVICE_ENDING,
                "The service is ending; nothing was done. Send the same request again: another takes it",
            )
        full = len(self._answering) >= self._limits.calls
        if full or (self._answering and self._answering_bytes + len(raw) > self._limits.request_bytes):
            raise Refusal(
                Reason.TOO_MANY_CALLS,
                f"{len(self._answering)} calls with {self._answering_bytes:,} bytes are being answered, and more are "
                "not taken; nothing of this one was done. Send the same request again after the delay",
                retry_after=self._limits.retry_after,
            )
        task = asyncio.current_task()
        assert task is not None
        self._answering[task] = len(raw)
        self._answering_bytes += len(raw)
        return task

    def _let_go(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            self._answering_bytes -= self._answering.pop(task)
            self._cut_off.discard(task)

    def generic_handler(self, service: RpcService) -> grpc.GenericRpcHandler:
        """What `grpc.aio.Server.add_generic_rpc_handlers` takes for a service."""
        methods = service.descriptor.methods_by_name
        return grpc.method_handlers_generic_handler(
            service.name, {name: self._method(service, methods[name]) for name in service.handlers}
        )

    def _method(self, service: RpcService, method: MethodDescriptor) -> grpc.RpcMethodHandler[bytes, Message]:
        full_name = f"/{service.name}/{method.name}"
        request_type = GetMessageClass(method.input_type)
        handler: Any = service.handlers[method.name]

        async def unary(raw: bytes, rpc: grpc.aio.ServicerContext[bytes, Message]) -> Message | None:
            noted = _Noted(self._clock.now(), full_name)
            task: asyncio.Task[Any] | None = None
            try:
                task = self._take(raw)
                metadata = tuple(rpc.invocation_metadata() or ())
                caller, request = await self._accept(service, request_type, raw, metadata, noted)
                answer: Message = await handler(request, caller, _context(full_name, metadata, rpc))
                return answer
            except (Refusal, asyncio.CancelledError, Exception) as error:
                if task in self._cut_off and isinstance(error, asyncio.CancelledError):
                    task.uncancel()
                    error = _cut_off_at_the_end()
                refusal = _refusal_for(error, noted)
            finally:
                self._let_go(task)
                self._note(self._call_made(noted))
            await rpc.abort_with_status(rpc_status.to_status(status_of(refusal)))
            return None

        async def streaming(raw: bytes, rpc: grpc.aio.ServicerContext[bytes, Message]) -> None:
            noted = _Noted(self._clock.now(), full_name)
            try:
                metadata = tuple(rpc.invocation_metadata() or ())
                caller, request = await self._accept(service, request_type, raw, metadata, noted)
                context = _context(full_name, metadata, rpc)
                async with contextlib.aclosing(handler(request, caller, context)) as answers:
                    resume_token = getattr(request, "resume_token", "")
                    async for answer in self._until_ending(answers):
                        await self._write(rpc, answer, resume_token)
                        resume_token = getattr(answer, "resume_token", "")
                return
            except (Refusal, asyncio.CancelledError, Exception) as error:
                refusal = _refusal_for(error, noted)
            finally:
                self._note(self._call_made(noted))
            await rpc.abort_with_status(rpc_status.to_status(status_of(refusal)))

        # Without a deserializer the bytes come here: gRPC itself would answer INTERNAL for those it cannot parse.
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(streaming, None, _serialized)
        return grpc.unary_unary_rpc_method_handler(unary, None, _serialized)

    async def _write(
        self, rpc: grpc.aio.ServicerContext[bytes, Message], answer: Message, resume_token: str
    ) -> None:
        """Write an answer as fast as the caller reads. Raises Refusal when it does not: nothing is kept for it."""
        writing = asyncio.ensure_future(rpc.write(answer))
        done, _ = await asyncio.wait([writing], timeout=self._limits.stalled_seconds)
        if not done:
            writing.cancel()
            raise Refusal(
                Reason.WATCHER_TOO_SLOW,
                f"Nothing was read from this stream for {self._limits.stalled_seconds:g} s, and it was ended; "
                "call again with the last resume token that was read",
                metadata={"resume_token": resume_token},
            )
        await writing

    async def _until_ending(self, answers: AsyncIterator[Message]) -> AsyncIterator[Message]:
        ending = asyncio.ensure_future(self._ending.wait())
        coming: asyncio.Future[Message] | None = None
        try:
            while True:
                coming = asyncio.ensure_future(anext(answers))
                await asyncio.wait([coming, ending], return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    raise Refusal(
                        Reason.SERVICE_ENDING, "The service is ending; call again and go on from there"
                    )
                try:
                    answer = coming.result()
                except StopAsyncIteration:
                    return
                yield answer
        finally:
            ending.cancel()
            if coming is not None and not coming.done():
                coming.cancel()
                await asyncio.wait([coming])

    async def _accept(
        self,
        service: RpcService,
        request_type: type[Message],
        raw: bytes,
        metadata: Metadata,
        noted: _Noted,
    ) -> tuple[Caller, Message]:
        caller = self._authenticator.authenticate(metadata)
        noted.party = caller.party_id
        noted.request = request = _parsed(request_type, raw)
        _validate(request, raw)
        await service.admission.admit(caller)
        return caller, request

    def _call_made(self, noted: _Noted) -> CallMade:
        # The clock may be set back meanwhile.
        taken = max(self._clock.now() - noted.at, _NO_TIME)
        latency = Duration(seconds=taken.days * 86400 + taken.seconds, nanos=taken.microseconds * 1000)
        call = CallMade(
            at=timestamp_of(noted.at),
            party_id=noted.party[:_LONGEST_TEXT_NOTED],
            method=noted.method,
            outcome=noted.outcome,
            reason=noted.reason,
            latency=latency,
        )
        items: Any = getattr(noted.request, "items", ())
        if len(items):
            call.items = len(items)
            call.fact = items[0].DESCRIPTOR.name
            call.first_serial = items[0].serial[:_LONGEST_TEXT_NOTED]
            call.last_serial = items[-1].serial[:_LONGEST_TEXT_NOTED]
        return call


def _context(method: str, metadata: Metadata, rpc: grpc.aio.ServicerContext[bytes, Message]) -> CallContext:
    traceparent = next((value for name, value in metadata if name == "traceparent"), "")
    text = traceparent if isinstance(traceparent, str) else ""
    return CallContext(method, text[:_LONGEST_TEXT_NOTED], rpc.time_remaining)


def _parsed(request_type: type[Message], raw: bytes) -> Message:
    try:
        return request_type.FromString(raw)
    except DecodeError:
        raise Refusal(
            Reason.MALFORMED_MESSAGE,
            f"The {len(raw)} bytes are no {request_type.DESCRIPTOR.full_name}, or hold text that is not UTF-8; "
            "make the client from the protos of this version",
        ) from None


def _validate(request: Message, raw: bytes) -> None:
    found = violations(request, len(raw))
    # A text with U+0000 has the byte 0; most requests do not, so that few are searched.
    if not found and b"\x00" in raw:
        found = list(text_with_nul(request))
    if found:
        raise refused_fields(Reason.INVALID_FIELD, found)


def _refusal_for(error: BaseException, noted: _Noted) -> Refusal:
    """The refusal to answer with. A cancelled call is noted and stays cancelled: nobody waits for its answer."""
    if isinstance(error, asyncio.CancelledError):
        noted.outcome, noted.reason = "CANCELLED", ""
        raise error
    if not isinstance(error, Refusal):
        reference = uuid.uuid4().hex[:12]
        _log.error("call_failed", method=noted.method, party=noted.party, reference=reference, exc_info=error)
        error = Refusal(
            Reason.INTERNAL_ERROR,
            f"A fault of the service; tell its operator the number {reference}, under which it is in the log",
            metadata={"reference": reference},
        )
    noted.outcome, noted.reason = error.status.name, error.reason.value
    return error


def _cut_off_at_the_end() -> Refusal:
    return Refusal(
        Reason.OUTCOME_UNKNOWN,
        "The service is ending and cannot wait for the outcome any longer: it may be recorded. Send the same request, "
        "with the same request_id, again: it counts once",
    )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
