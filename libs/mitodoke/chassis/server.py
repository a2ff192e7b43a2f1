"""serve(): one way to run every process, with health, reflection, supervision and an orderly end."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mitodoke.chassis.clock import Clock, SystemClock
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.identity import Authenticator, DevelopmentAuthenticator, NotLoopbackError
from mitodoke.chassis.logs import log_to_stderr
from mitodoke.chassis.parts import Part
from mitodoke.chassis.rpc import LARGEST_MESSAGE, Limits, Pipeline, RpcService
from mitodoke.eventlog.call_log import CallLog
from mitodoke.eventlog.topics import Topics

_log = structlog.get_logger("mitodoke.server")

GRACE_SECONDS: Final = 10.0
"""How long calls in flight may take to finish when the process is told to end."""
LINGER_SECONDS: Final = 0.3
"""How long the port listens on, so that calls that were on their way are told in words that the service ends."""
LAST_WORDS_SECONDS: Final = 2.0
"""So long before their end, calls that still wait are told that their outcome is not known."""
MOST_STREAMS_OF_A_CONNECTION: Final = 512
ASKED_AT_MOST_EVERY_SECONDS: Final = 0.5
"""A caller that asks more often whether the service is still there is sent away; gRPC's own five minutes would send
away every caller that waits on a quiet watch and wants to know within a minute that its path is dead."""
_READINESS_SECONDS: Final = 0.1
_COLLECT_AFTER: Final = 10_000, 20, 20
"""New objects, and so on by generation. At Python's own 700 a fifth of a bulk report's time went into it
(docs/benchmarks/recording.md). gRPC leaves six objects of each call in a circle, so that a service with four calls a
second holds what seven minutes left, 2 MiB; at 50,000 it held 37 minutes and 8 MiB, and answered no faster."""

_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING


class PartEnded(Exception):
    """A part that should run for ever came to its end."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs."""

    name: str
    address: Address
    """Where its gRPC server listens, with the port that it got."""
    ended: asyncio.Future[None]
    """Done with an exception when a part has ended."""


def run_service(
    config: Config, *, name: str, rpc_services: Sequence[RpcService] = (), parts: Sequence[Part] = ()
) -> int:
    """Run one process until SIGTERM or SIGINT and return its exit code.

    For parts that may be made outside a running loop; otherwise call `serve` within `uvloop.run`.
    """
    return uvloop.run(serve(config, name=name, rpc_services=rpc_services, parts=parts))


async def serve(
    config: Config,
    *,
    name: str,
    rpc_services: Sequence[RpcService] = (),
    parts: Sequence[Part] = (),
    clock: Clock | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; 0 then, and 1 when a part has ended by itself or the service cannot start.

    Health is SERVING for "" and for each service while every part is ready. Told to end, it takes no new
    calls, lets those in flight finish for up to ten seconds, and then stops the parts, the last one first.
    """
    log_to_stderr(name)
    _look_for_garbage_rarely()
    told_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end.set)
    try:
        async with running(config, name=name, rpc_services=rpc_services, parts=parts, clock=clock) as service:
            told = asyncio.create_task(told_to_end.wait())
            waiting: list[asyncio.Future[object]] = [told, service.ended]  # type: ignore[list-item]  # only waited for
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if service.ended.done():
                service.ended.result()
            _log.info("ending")
    except PartEnded as ended:
        _log.error("ended_by_a_part", error=str(ended), exc_info=ended.__cause__)
        return 1
    except (NotLoopbackError, OSError) as error:
        _log.error("cannot_start", error=str(error))
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    _log.info("ended")
    return 0


@contextlib.asynccontextmanager
async def running(
    config: Config,
    *,
    name: str,
    rpc_services: Sequence[RpcService] = (),
    parts: Sequence[Part] = (),
    clock: Clock | None = None,
    authenticator: Authenticator | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[Running]:
    """A service that runs while the context is open, in the loop of the caller.

    Raises NotLoopbackError and OSError when it cannot listen where it is told to.
    """
    if authenticator is None:
        authenticator = DevelopmentAuthenticator(config.dev_secret, config.listen)
        _log.warning("insecure_development_identity", listen=str(config.listen), loopback_only=True)
    calls = CallLog(config.kafka, Topics.named(config.topic_namespace).calls)
    all_parts: list[Part] = [*([calls] if rpc_services else []), *parts]
    limits = limits or Limits()
    pipeline = Pipeline(authenticator, calls.note, clock or SystemClock(), limits)

    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            # More than these on one connection wait at the caller, not here.
            ("grpc.max_concurrent_streams", MOST_STREAMS_OF_A_CONNECTION),
            ("grpc.http2.min_ping_interval_without_data_ms", int(1000 * ASKED_AT_MOST_EVERY_SECONDS)),
            # A caller that is gone without a word gives back what its calls and watches hold.
            ("grpc.keepalive_time_ms", int(1000 * limits.silent_seconds)),
            ("grpc.keepalive_timeout_ms", int(1000 * limits.silent_seconds / 3)),
            ("grpc.http2.ping_timeout_ms", int(1000 * limits.silent_seconds / 3)),
            ("grpc.http2.max_pings_without_data", 0),
            # Without it a second process could listen on the same port and take half of the calls.
            ("grpc.so_reuseport", 0),
        ]
    )
    names = ["", *(service.name for service in rpc_services)]
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_generic_rpc_handlers(tuple(pipeline.generic_handler(each) for each in rpc_services))
    reflection.enable_server_reflection([*names[1:], health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    await _tell(servicer, names, serving=False)
    try:
        port = server.add_insecure_port(str(config.listen))
    except RuntimeError as error:
        raise OSError(f"Cannot listen on {config.listen}: {error}. Is another process there?") from error
    address = Address(config.listen.host, port)

    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    tasks: list[asyncio.Task[None]] = []
    started: list[Part] = []
    try:
        for part in all_parts:
            await part.start()
            started.append(part)
            tasks.append(_supervised(part, ended))
        await server.start()
        _log.info("listening", address=str(address))
        readiness = asyncio.create_task(_tell_readiness(servicer, names, all_parts))
        try:
            yield Running(name, address, ended)
        finally:
            readiness.cancel()
            await servicer.enter_graceful_shutdown()
            # As long as the port listens, who comes is told in words; gRPC itself would drop calls without any.
            pipeline.begin_to_end()
            await asyncio.sleep(LINGER_SECONDS)
            await pipeline.answered(GRACE_SECONDS - LAST_WORDS_SECONDS)
            pipeline.cut_off_calls()
            await server.stop(LAST_WORDS_SECONDS)
    finally:
        for task in reversed(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for part in reversed(started):
            await part.stop()
        if ended.done():
            ended.exception()


def _look_for_garbage_rarely() -> None:
    """Let the collector pass over what was imported, and come less often: most of a call goes without it."""
    if gc.get_threshold()[0] < _COLLECT_AFTER[0]:
        gc.set_threshold(*_COLLECT_AFTER)
    gc.collect()
    gc.freeze()


def _supervised(part: Part, ended: asyncio.Future[None]) -> asyncio.Task[None]:
    """Run a part, and say so when it ends by itself."""

    def say(task: asyncio.Task[None]) -> None:
        if task.cancelled() or ended.done():
            return
        cause = task.exception()
        error = PartEnded(f"The {part.name} ended" + (f": {cause!r}" if cause else " without a reason"))
        error.__cause__ = cause
        ended.set_exception(error)

    task = asyncio.create_task(part.run(), name=part.name)
    task.add_done_callback(say)
    return task


async def _tell_readiness(
    servicer: health.aio.HealthServicer, names: Sequence[str], parts: Sequence[Part]
) -> None:
    told: bool | None = None
    while True:
        waiting_for = [part.name for part in parts if not part.ready]
        if told is not (ready := not waiting_for):
            await _tell(servicer, names, serving=ready)
            _log.info("serving" if ready else "not_serving", waiting_for=waiting_for)
            told = ready
        await asyncio.sleep(_READINESS_SECONDS)


async def _tell(servicer: health.aio.HealthServicer, names: Sequence[str], *, serving: bool) -> None:
    status = _SERVING if serving else _NOT_SERVING
    for name in names:
        await servicer.set(name, status)
