"""More than can be done is refused in words, who does not read is dropped, and an end leaves no call unanswered."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from contract.world import (
    LESSOR,
    World,
    as_refused,
    configuration,
    enrolment,
    populate,
    refusal,
    services_running,
    serving,
    until,
)
from mitodoke.chassis.identity import Caller
from mitodoke.chassis.recording import assembled
from mitodoke.chassis.rpc import CallContext, Limits, RpcService
from mitodoke.chassis.server import running
from mitodoke.client import Connection, Endpoints
from mitodoke.client.calls import Patience
from mitodoke.client.identity import DevelopmentIdentity
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.contracts.custody.v1.query_pb2_grpc import CustodyQueryStub
from mitodoke.contracts.leasing.v1 import leasing_service_pb2_grpc
from mitodoke.eventlog.topics import Topics
from mitodoke.services.leasing.servicer import services as leasing_services
from mitodoke_local import Backends, System
from real_backends import real_backends
from wire import Wire

# aiokafka drops a connection that was still being made when its client was closed, as happens when brokers stand still.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Of their own: their broker is frozen."""
    with real_backends() as running_backends:
        yield running_backends


class Waiting:
    """CustodyQuery whose answers wait until they are let go, and whose stream is longer than any caller reads."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.taken = asyncio.Event()
        self.written = 0

    async def get_status(
        self, request: query_pb2.GetStatusRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetStatusResponse:
        await self.go.wait()
        return query_pb2.GetStatusResponse(facts=7)

    async def get_drive(
        self, request: query_pb2.GetDriveRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetDriveResponse:
        self.taken.set()
        await self.go.wait()
        return query_pb2.GetDriveResponse(drive=query_pb2.Drive(serial="X"))

    async def watch_flags(
        self, request: query_pb2.WatchFlagsRequest, caller: Caller, context: CallContext
    ) -> AsyncIterator[query_pb2.WatchFlagsResponse]:
        for number in range(int(request.resume_token or 0), 100_000):
            change = flag_pb2.FlagChanged(flag=flag_pb2.Flag(serial=f"{number}", message="x" * 1000))
            self.written = number
            yield query_pb2.WatchFlagsResponse(change=change, resume_token=str(number + 1))

    def service(self) -> RpcService:
        handlers = {"GetStatus": self.get_status, "GetDrive": self.get_drive, "WatchFlags": self.watch_flags}
        return RpcService(query_pb2.DESCRIPTOR.services_by_name["CustodyQuery"], handlers)  # type: ignore[arg-type]


def _credentials() -> tuple[tuple[str, str], ...]:
    return (("authorization", "Dev anybody:not-a-secret-in-tests"),)


@pytest.mark.usefixtures("topics")
async def test_more_calls_than_are_taken_are_told_when_to_come_again(
    backends: Backends, namespace: str
) -> None:
    waiting = Waiting()
    limits = Limits(calls=3)
    config = configuration(backends.kafka, namespace)
    async with (
        running(config, name="test", rpc_services=[waiting.service()], limits=limits) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        stub = CustodyQueryStub(channel)

        def ask() -> grpc.aio.UnaryUnaryCall[query_pb2.GetStatusRequest, query_pb2.GetStatusResponse]:
            return stub.GetStatus(query_pb2.GetStatusRequest(), metadata=_credentials(), timeout=60)

        calls = [asyncio.ensure_future(ask()) for _ in range(10)]
        done: set[asyncio.Future[query_pb2.GetStatusResponse]] = set()

        async def seven() -> bool:
            done.update(call for call in calls if call.done())
            return len(done) == 7

        await until(seven, what="all but three are answered", limit=60)
        for call in done:
            refused = as_refused(call.exception())  # type: ignore[arg-type]
            assert (refused.code, refused.reason) == (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_CALLS",
            )
            assert refused.retry_after == 1
        # A client of ours comes again by itself, after the delay.
        endpoints = Endpoints(services={"projection": str(service.address)})
        identity = DevelopmentIdentity("anybody", "not-a-secret-in-tests")
        async with Connection(endpoints, identity, patience=Patience(in_all=60)) as connection:
            patient = asyncio.create_task(connection.query.get_status())
            waiting.go.set()
            assert (await patient).facts == 7
        assert [(await call).facts for call in calls if call not in done] == [7, 7, 7]


class Counted:
    """An identity that is asked for its credentials at every attempt, and says when that was often."""

    def __init__(self, often: int) -> None:
        self._left = often
        self.often = asyncio.Event()

    def metadata(self) -> tuple[tuple[str, str], ...]:
        self._left -= 1
        if not self._left:
            self.often.set()
        return _credentials()


@pytest.mark.usefixtures("topics")
async def test_who_is_told_again_and_again_to_come_again_does_so_while_there_is_time(
    backends: Backends, namespace: str
) -> None:
    waiting = Waiting()
    config = configuration(backends.kafka, namespace)
    limits = Limits(calls=1, retry_after=timedelta(milliseconds=20))
    async with (
        running(config, name="test", rpc_services=[waiting.service()], limits=limits) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        drive = query_pb2.GetDriveRequest(serial="X")
        first = asyncio.ensure_future(
            CustodyQueryStub(channel).GetDrive(drive, metadata=_credentials(), timeout=120)
        )
        async with asyncio.timeout(60):
            await waiting.taken.wait()
        often = Counted(50)
        endpoints = Endpoints(services={"projection": str(service.address)})
        async with Connection(endpoints, often, patience=Patience(in_all=60)) as connection:
            patient = asyncio.create_task(connection.query.get_status())
            async with asyncio.timeout(60):
                await often.often.wait()
            waiting.go.set()
            assert (await patient).facts == 7
        assert (await first).drive.serial == "X"


@pytest.mark.usefixtures("topics")
async def test_a_request_that_is_large_is_taken_alone_and_not_beside_others(
    backends: Backends, namespace: str
) -> None:
    waiting = Waiting()
    config = configuration(backends.kafka, namespace)
    service_of = running(
        config, name="test", rpc_services=[waiting.service()], limits=Limits(request_bytes=10)
    )
    async with service_of as service, grpc.aio.insecure_channel(str(service.address)) as channel:
        stub = CustodyQueryStub(channel)
        large = query_pb2.GetDriveRequest(serial="X" * 40)
        first = asyncio.ensure_future(stub.GetDrive(large, metadata=_credentials(), timeout=120))
        async with asyncio.timeout(60):
            # The one that is taken first is the one that is answered; two on their way could pass one another.
            await waiting.taken.wait()
        with pytest.raises(grpc.aio.AioRpcError) as second:
            await stub.GetDrive(large, metadata=_credentials(), timeout=60)
        assert as_refused(second.value).reason == "TOO_MANY_CALLS"
        waiting.go.set()
        assert (await first).drive.serial == "X"
        assert (await stub.GetDrive(large, metadata=_credentials(), timeout=60)).drive.serial == "X"


@pytest.mark.usefixtures("topics")
async def test_a_caller_that_is_gone_without_a_word_gives_back_its_place(
    backends: Backends, namespace: str
) -> None:
    waiting = Waiting()
    config = configuration(backends.kafka, namespace)
    limits = Limits(calls=1, silent_seconds=1)
    async with (
        running(config, name="test", rpc_services=[waiting.service()], limits=limits) as service,
        Wire.to(str(service.address)) as wire,
        grpc.aio.insecure_channel(wire.address) as gone,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        abandoned = CustodyQueryStub(gone).GetDrive(
            query_pb2.GetDriveRequest(serial="X"), metadata=_credentials(), timeout=300
        )
        async with asyncio.timeout(60):
            await waiting.taken.wait()
        wire.die_silently()
        waiting.taken.clear()
        stub = CustodyQueryStub(channel)

        async def taken() -> bool:
            call = stub.GetDrive(query_pb2.GetDriveRequest(serial="X"), metadata=_credentials(), timeout=60)
            answered = asyncio.ensure_future(call)
            took = asyncio.create_task(waiting.taken.wait())
            await asyncio.wait([answered, took], return_when=asyncio.FIRST_COMPLETED)
            for each in (call, took):
                each.cancel()
            await asyncio.gather(answered, took, return_exceptions=True)
            return waiting.taken.is_set()

        await until(taken, what="another call is taken", limit=60)
        abandoned.cancel()


@pytest.mark.usefixtures("topics")
async def test_a_watcher_that_does_not_read_is_dropped_and_goes_on_from_its_token(
    backends: Backends, namespace: str
) -> None:
    waiting = Waiting()
    config = configuration(backends.kafka, namespace)
    limits = Limits(stalled_seconds=1)
    async with (
        running(config, name="test", rpc_services=[waiting.service()], limits=limits) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        stub = CustodyQueryStub(channel)
        stream = stub.WatchFlags(query_pb2.WatchFlagsRequest(), metadata=_credentials())
        last = await stream.read()
        assert isinstance(last, query_pb2.WatchFlagsResponse)
        assert last.resume_token == "1"
        stopped_at = -1

        async def stands_still() -> bool:
            nonlocal stopped_at
            before, stopped_at = stopped_at, waiting.written
            await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=1.5)
            return before == stopped_at

        await until(stands_still, what="nothing more is written", limit=60)
        assert waiting.written < 20_000, "what is not read stays where it is, not in memory"
        with pytest.raises(grpc.aio.AioRpcError) as dropped:
            while True:
                read = await stream.read()
                assert isinstance(read, query_pb2.WatchFlagsResponse)
                last = read
        told = as_refused(dropped.value)
        assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCHER_TOO_SLOW")
        again = stub.WatchFlags(
            query_pb2.WatchFlagsRequest(resume_token=last.resume_token), metadata=_credentials()
        )
        following = await again.read()
        assert isinstance(following, query_pb2.WatchFlagsResponse)
        assert following.change.flag.serial == last.resume_token
        again.cancel()


async def test_every_call_under_way_when_told_to_end_is_answered_and_every_ok_is_in_the_log(
    backends: Backends, topics: Topics, namespace: str, database: str, tmp_path: Path
) -> None:
    async with services_running(backends.kafka, namespace) as world:
        for channel in (world.channel, world.oversight_channel):
            await until(lambda channel=channel: serving(channel), what="the services report SERVING")  # type: ignore[misc]
        await populate(world)
        with System.start(
            backends, services=("leasing",), database=database, topic_namespace=namespace, folder=tmp_path
        ) as system:
            recorded: set[str] = set()
            outcomes: list[str] = []
            enough = asyncio.Event()

            async def partner(number: int) -> None:
                """Reports until the service is gone."""
                metadata = (("authorization", f"Dev {LESSOR}:{system.dev_secret}"),)
                async with grpc.aio.insecure_channel(system.address("leasing")) as channel:
                    stub = leasing_service_pb2_grpc.LeasingServiceStub(channel)
                    for turn in range(100_000):
                        request = enrolment(*(f"p{number}t{turn}n{n:02}" for n in range(20)))
                        try:
                            answer = await stub.ReportDriveEnrolled(request, metadata=metadata, timeout=60)
                        except grpc.aio.AioRpcError as error:
                            outcomes.append(f"{error.code().name} {as_refused(error).reason}")
                            return
                        recorded.update(item.event_id for item in answer.items)
                        if len(recorded) > 1000:
                            enough.set()

            partners = [asyncio.create_task(partner(number)) for number in range(16)]
            async with asyncio.timeout(120):
                await enough.wait()
            await asyncio.to_thread(system.stop, "leasing")
            await asyncio.gather(*partners)
            assert system.child("leasing").exit_status == 0
        log = [dict(each.headers)["ce_id"].decode() for each in await world.log(topics.drives)]
    assert recorded <= set(log)
    assert len(log) == len(set(log))
    assert set(outcomes) <= {"UNAVAILABLE ", "UNAVAILABLE SERVICE_ENDING", "UNAVAILABLE OUTCOME_UNKNOWN"}
    # What was under way was finished: what nobody was told of is at most what came when the end had begun.
    assert len(set(log) - recorded) == 0, outcomes


async def test_told_to_end_while_the_broker_stands_still_it_says_that_the_outcome_is_not_known(
    backends: Backends, namespace: str, topics: Topics
) -> None:
    async with services_running(backends.kafka, namespace) as world:
        for channel in (world.channel, world.oversight_channel):
            await until(lambda channel=channel: serving(channel), what="the services report SERVING")  # type: ignore[misc]
        await populate(world)
    rpc_services, parts = assembled(configuration(backends.kafka, namespace), "leasing", leasing_services)
    service_of = running(
        configuration(backends.kafka, namespace), name="leasing", rpc_services=rpc_services, parts=parts
    )
    service = await service_of.__aenter__()
    async with grpc.aio.insecure_channel(str(service.address)) as channel:
        await until(lambda: serving(channel), what="it serves")
        there = World(backends.kafka, topics, str(service.address), "", channel, channel)
        await there.enrol(enrolment("warm1"))
        backends.broker.child.send(signal.SIGSTOP)
        try:
            calls = [asyncio.create_task(there.enrol(enrolment(f"cold{n}"), limit=60)) for n in range(5)]
            # They are under way; then the service is told to end.
            await asyncio.wait(calls, timeout=1)
            ending = asyncio.create_task(service_of.__aexit__(None, None, None))
            for call in calls:
                refused = await refusal(call)
                assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN")
        finally:
            backends.broker.child.send(signal.SIGCONT)
        await ending
