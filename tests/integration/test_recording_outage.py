"""Recording while the broker is away: what is answered is true, and the same request again counts once."""

import asyncio
import gc
import logging
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import grpc
import pytest
import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaConnectionError
from google.protobuf.message import Message

from contract.world import (
    ADMINISTRATOR,
    LESSOR,
    OWNER,
    World,
    configuration,
    credentials,
    enrolment,
    populate,
    refusal,
    services_running,
    serving,
    until,
)
from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Address
from mitodoke.chassis.errors import Reason, Refusal
from mitodoke.chassis.identity import Caller
from mitodoke.chassis.parties import Parties
from mitodoke.chassis.server import running, serve
from mitodoke.contracts.custody.v1.call_pb2 import CallMade
from mitodoke.contracts.reference.v1.reference_pb2 import (
    PERMISSION_BACKFILL,
    DelegationGranted,
    PartyRegistered,
    PartySuspended,
)
from mitodoke.eventlog.cloudevents import (
    Envelope,
    Event,
    decode_drive_event,
    drive_events,
    reference_event,
    timestamp_of,
)
from mitodoke.eventlog.recorder import LogUnavailable, OutcomeUnknown, QueueFull, Receipt, Recorder
from mitodoke.eventlog.reference_log import ReferenceFollower, ReferenceUnavailable
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.reference import Permission
from mitodoke_local import Backends
from real_backends import real_backends

# aiokafka drops a connection that was still being made when its client was closed, as happens when brokers go away.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Of their own: a broker that holds the topics of all other tests is long in coming back."""
    with real_backends() as running_backends:
        yield running_backends


@pytest.fixture
def broker_back(backends: Backends) -> Iterator[None]:
    """The broker runs again after the test, whatever became of it."""
    yield
    if not backends.broker.child.running():
        backends.broker.start()
    # So that what aiokafka dropped is complained of here, and in no other test.
    gc.collect()


@asynccontextmanager
async def known_world(backends: Backends, namespace: str) -> AsyncIterator[World]:
    async with services_running(backends.kafka, namespace) as world:
        for channel in (world.channel, world.oversight_channel):
            await until(lambda channel=channel: serving(channel), what="the services report SERVING")  # type: ignore[misc]
        await populate(world)
        await world.enrol(enrolment("warm1"))
        yield world


@asynccontextmanager
async def recorder_of(backends: Backends, topic: str, **options: int) -> AsyncIterator[Recorder]:
    recorder = Recorder(backends.kafka, topic, **options)
    recording = asyncio.create_task(recorder.run())

    async def ready() -> bool:
        return recorder.ready

    try:
        await until(ready, what="the recorder is connected")
        yield recorder
    finally:
        recording.cancel()
        await asyncio.wait([recording])
        await recorder.stop()


def some_events(count: int, request_id: str = "") -> list[Event]:
    items = enrolment(*(f"disk{n:05}" for n in range(count))).items
    envelope = Envelope("leasing", LESSOR, request_id or str(uuid.uuid4()), "k", "op")
    return drive_events(items, [each.serial.upper() for each in items], envelope)


@pytest.mark.usefixtures("broker_back", "topics")
async def test_a_broker_that_is_away_is_said_to_be_and_the_same_request_then_counts_once(
    backends: Backends, namespace: str
) -> None:
    async with known_world(backends, namespace) as world:
        await asyncio.to_thread(backends.broker.stop)
        request = enrolment("abc1234", "xyz9876")
        refused = await refusal(world.enrol(request, limit=2))
        assert refused.code == grpc.StatusCode.UNAVAILABLE
        assert refused.reason in ("OUTCOME_UNKNOWN", "LOG_UNAVAILABLE")
        assert "same" in refused.message
        await asyncio.to_thread(backends.broker.start)
        first = await until_enrolled(world, request)
        again = await world.enrol(request)
        assert [each.event_id for each in again.items] == [each.event_id for each in first]
        facts = [decode_drive_event(each) for each in await world.log(world.topics.drives)]
        ids = {fact.event_id for fact in facts if fact.serial != "WARM1"}
        assert ids == {uuid.UUID(each.event_id) for each in first}


async def until_enrolled(world: World, request):  # type: ignore[no-untyped-def]
    answers = []

    async def enrolled() -> bool:
        try:
            answers.append(await world.enrol(request))
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            return False
        return True

    await until(enrolled, what="the request is recorded after the broker is back", limit=120)
    return answers[0].items


@pytest.mark.usefixtures("broker_back", "topics")
async def test_every_answer_given_while_the_broker_is_killed_again_and_again_is_true(
    backends: Backends, namespace: str
) -> None:
    async with known_world(backends, namespace) as world:
        acknowledged: dict[tuple[int, int], str] = {}
        done = asyncio.Event()

        async def partner(number: int) -> None:
            turn = 0
            while not done.is_set():
                request = enrolment(*(f"p{number}t{turn}n{n:03}" for n in range(50)))
                for item in await until_enrolled(world, request):
                    acknowledged[item.partition, item.offset] = item.event_id
                turn += 1

        partners = [asyncio.create_task(partner(number)) for number in range(4)]

        async def two_hundred_more() -> None:
            enough = len(acknowledged) + 200

            async def there() -> bool:
                return len(acknowledged) >= enough

            await until(there, what="the partners go on", limit=90)

        for _ in range(2):
            await two_hundred_more()
            await asyncio.to_thread(backends.broker.kill)
            await asyncio.to_thread(backends.broker.start)
        await two_hundred_more()
        done.set()
        await asyncio.gather(*partners)
        log = {
            (each.partition, each.offset): dict(each.headers)["ce_id"].decode()
            for each in await world.log(world.topics.drives)
        }
        assert acknowledged.items() <= log.items()


@pytest.mark.usefixtures("broker_back", "topics")
async def test_a_service_that_starts_before_the_broker_serves_when_it_is_there(
    backends: Backends, namespace: str
) -> None:
    await asyncio.to_thread(backends.broker.stop)
    async with services_running(backends.kafka, namespace) as world:
        assert not await serving(world.channel)
        refused = await refusal(world.enrol(enrolment("abc1234"), limit=8))
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE")
        await asyncio.to_thread(backends.broker.start)
        for channel in (world.channel, world.oversight_channel):
            await until(lambda channel=channel: serving(channel), what="the services report SERVING")  # type: ignore[misc]
        await populate(world)
        assert (await world.enrol(enrolment("abc1234"))).items


@pytest.mark.usefixtures("broker_back")
async def test_what_was_never_handed_over_is_surely_not_recorded(backends: Backends, topics: Topics) -> None:
    async with recorder_of(backends, topics.drives) as recorder:
        await recorder.record(some_events(1), 10)
        await asyncio.to_thread(backends.broker.stop)
        first = asyncio.create_task(recorder.record(some_events(500, "first"), 1.5))
        await asyncio.sleep(0)  # lets the first take its place in the queue
        outcomes = await asyncio.gather(
            first, recorder.record(some_events(500, "second"), 1.0), return_exceptions=True
        )
        assert [type(each) for each in outcomes] == [OutcomeUnknown, LogUnavailable]
        await asyncio.to_thread(backends.broker.start)
        last = some_events(200, "last")

        async def recorded() -> bool:
            try:
                await recorder.record(last, 5)
            except (LogUnavailable, OutcomeUnknown):
                return False
            return True

        await until(recorded, what="events are recorded after the broker is back")


@pytest.mark.usefixtures("broker_back")
async def test_more_than_fits_is_refused_with_a_delay_and_room_comes_back(
    backends: Backends, topics: Topics
) -> None:
    async with recorder_of(backends, topics.drives, most_waiting_events=100) as recorder:
        with pytest.raises(QueueFull) as full:
            await recorder.record(some_events(101), 10)
        assert full.value.retry_after.total_seconds() > 0
        for _ in range(5):
            assert len(await recorder.record(some_events(100), 10)) == 100
        await asyncio.to_thread(backends.broker.stop)
        with pytest.raises(OutcomeUnknown):
            await recorder.record(some_events(60), 0.5)
        for _ in range(3):
            # These wait behind the others and are taken back, so that their room is free again.
            with pytest.raises(LogUnavailable):
                await recorder.record(some_events(30), 0.2)
        with pytest.raises(QueueFull):
            await recorder.record(some_events(60), 0.2)
        await asyncio.to_thread(backends.broker.start)

        async def all_fit() -> bool:
            try:
                return len(await recorder.record(some_events(100), 5)) == 100
            except (QueueFull, OutcomeUnknown, LogUnavailable):
                return False

        await until(all_fit, what="all the room is free again")


async def test_the_receipts_are_where_the_log_has_the_events(backends: Backends, topics: Topics) -> None:
    async with recorder_of(backends, topics.drives) as recorder:
        batches = [some_events(count) for count in (1, 700, 3, 2500)]
        receipts: list[list[Receipt]] = await asyncio.gather(*(recorder.record(each, 20) for each in batches))
    world = World(backends.kafka, topics, "", "", *[None] * 2)  # type: ignore[arg-type]
    log = {(each.partition, each.offset): each for each in await world.log(topics.drives)}
    assert len(log) == sum(map(len, batches))
    for events, places in zip(batches, receipts, strict=True):
        for event, receipt in zip(events, places, strict=True):
            record = log[receipt.partition, receipt.offset]
            assert (record.key, record.value) == (event.key, event.value)
            assert dict(record.headers)["ce_id"].decode() == event.event_id
            assert timestamp_of(receipt.recorded_at).ToMilliseconds() == record.timestamp


async def test_the_order_of_one_drive_within_a_call_holds(backends: Backends, topics: Topics) -> None:
    items = enrolment(*["same"] * 3000).items
    events = drive_events(items, ["SAME"] * 3000, Envelope("leasing", LESSOR, "r", "k", "op"))
    async with recorder_of(backends, topics.drives) as recorder:
        receipts = await recorder.record(events, 20)
    assert len({each.partition for each in receipts}) == 1
    assert [each.offset for each in receipts] == sorted(each.offset for each in receipts)


async def test_a_topic_that_does_not_stamp_its_events_gives_no_receipts(
    backends: Backends, topics: Topics
) -> None:
    async with recorder_of(backends, topics.live_changelog) as recorder:
        with pytest.raises(OutcomeUnknown, match="LogAppendTime"):
            await recorder.record(some_events(1), 10)


async def test_a_reference_event_that_cannot_be_read_stops_the_follower_for_good(
    backends: Backends, topics: Topics
) -> None:
    async with recorder_of(backends, topics.reference) as recorder:
        await recorder.record([Event("x", b"key", b"value", [("ce_type", b"nothing")])], 10)
    follower = ReferenceFollower(backends.kafka, topics.reference)
    following = asyncio.create_task(follower.run())

    async def stopped() -> bool:
        return follower.failure is not None

    await until(stopped, what="the follower has stopped")
    assert not follower.ready
    assert "offset 0 of partition 0" in (follower.failure or "")
    with pytest.raises(ReferenceUnavailable, match="offset 0"):
        await follower.read_to_end(5)
    assert not following.done()
    following.cancel()
    await asyncio.wait([following])


@pytest.mark.usefixtures("topics")
async def test_a_call_in_the_log_says_who_called_what_and_how_it_ended(
    backends: Backends, namespace: str
) -> None:
    async with known_world(backends, namespace) as world:
        await world.enrol(enrolment("abc1234", "xyz9876"))
        await refusal(world.enrol(enrolment("N/A")))
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = world.channel.unary_unary(
            "/mitodoke.leasing.v1.LeasingService/ReportDriveEnrolled"
        )
        await refusal(call(b"", timeout=5))
        await refusal(call(b"\xff", metadata=credentials(LESSOR), timeout=5))
    records = await world.log(world.topics.calls)
    calls = [CallMade.FromString(each.value) for each in records]
    ours = sorted(
        (each for each in calls if "Leasing" in each.method), key=lambda each: each.at.ToNanoseconds()
    )
    said = [
        (each.party_id, each.outcome, each.reason, each.items, each.fact, each.first_serial) for each in ours
    ]
    assert said == [
        ("lessor", "OK", "", 1, "DriveEnrolled", "warm1"),
        ("lessor", "OK", "", 2, "DriveEnrolled", "abc1234"),
        ("lessor", "INVALID_ARGUMENT", "SERIAL_REFUSED", 1, "DriveEnrolled", "N/A"),
        ("", "UNAUTHENTICATED", "CREDENTIALS_MISSING", 0, "", ""),
        ("lessor", "INVALID_ARGUMENT", "MALFORMED_MESSAGE", 0, "", ""),
    ]
    assert all(0 < each.latency.ToTimedelta().total_seconds() < 60 for each in ours)
    assert time.time() - ours[0].at.ToSeconds() < 600


@pytest.mark.usefixtures("broker_back", "topics")
async def test_calls_made_while_the_broker_is_away_are_in_the_access_log_when_it_is_back(
    backends: Backends, namespace: str
) -> None:
    async with known_world(backends, namespace) as world:
        await asyncio.to_thread(backends.broker.stop)
        for _ in range(3):
            assert (await refusal(world.enrol(enrolment("N/A")))).reason == "SERIAL_REFUSED"
        await asyncio.to_thread(backends.broker.start)

        async def noted() -> bool:
            calls = [CallMade.FromString(each.value) for each in await world.log(world.topics.calls)]
            return [each.reason for each in calls].count("SERIAL_REFUSED") >= 3

        await until(noted, what="the refused calls are in the access log", limit=120)


async def test_no_refusal_rests_on_a_stale_view(backends: Backends, topics: Topics) -> None:
    follower = ReferenceFollower(backends.kafka, topics.reference)
    following = asyncio.create_task(follower.run())

    async def ready() -> bool:
        return follower.ready

    await until(ready, what="the follower has read the log")
    parties = Parties(follower, "mitodoke-operator", SystemClock())
    with pytest.raises(Refusal) as fresh:
        await parties.require_contract("nowhere", "contract_id")
    following.cancel()
    await asyncio.wait([following])
    outcomes = [fresh.value.reason]
    for question in (parties.require_contract("nowhere", "contract_id"), parties.admit(Caller("nobody"))):
        with pytest.raises(Refusal) as stale:
            await question
        outcomes.append(stale.value.reason)
    assert outcomes == [Reason.CONTRACT_UNKNOWN, Reason.LOG_UNAVAILABLE, Reason.LOG_UNAVAILABLE]


class BreaksOff(ReferenceFollower):
    """Its connection breaks before it takes in the message at `before`, again and again until that is None."""

    before: int | None

    def _take_in(self, record: ConsumerRecord) -> None:
        if record.offset == self.before:
            raise KafkaConnectionError
        super()._take_in(record)


async def publish(recorder: Recorder, *said: Message) -> None:
    """Append these reference facts, and no others, in this order."""
    for message in said:
        envelope = Envelope("oversight", ADMINISTRATOR, str(uuid.uuid4()))
        await recorder.record([reference_event(message, datetime.now(UTC), envelope)], 10)


async def test_nothing_is_allowed_by_a_log_that_is_read_only_in_part(
    backends: Backends, topics: Topics
) -> None:
    allowed = (
        PartyRegistered(party_id=OWNER, name="Owner"),
        PartyRegistered(party_id=LESSOR, name="Lessor", permissions=[PERMISSION_BACKFILL]),
        PartyRegistered(party_id="carrier", name="Carrier"),
        DelegationGranted(from_party_id="carrier", to_party_id=OWNER),
    )
    async with recorder_of(backends, topics.reference) as recorder:
        await publish(
            recorder,
            *allowed,
            PartyRegistered(party_id=LESSOR, name="Lessor"),
            PartySuspended(party_id=LESSOR, reason="its key was stolen"),
            PartySuspended(party_id="carrier", reason="its key was stolen too"),
        )
    follower = BreaksOff(backends.kafka, topics.reference)
    follower.before = len(allowed)
    following = asyncio.create_task(follower.run())

    async def broken_off() -> bool:
        return follower.next_offset == follower.before

    await until(broken_off, what="the follower has read what was allowed")
    parties = Parties(follower, ADMINISTRATOR, SystemClock())
    backfill = Permission.BACKFILL, Reason.BACKFILL_NOT_PERMITTED, "it may not"
    questions = [
        asyncio.ensure_future(asked)
        for asked in (
            parties.admit(Caller(OWNER)),
            parties.admit(Caller(LESSOR)),
            parties.require(Caller(LESSOR), *backfill),
            parties.require_delegation(Caller(OWNER), "carrier"),
        )
    ]
    # Every question has got as far as it can while nothing more is read.
    await asyncio.sleep(0)
    follower.before = None
    outcomes = await asyncio.gather(*questions, return_exceptions=True)
    assert [getattr(each, "reason", each) for each in outcomes] == [
        None,
        Reason.PARTY_SUSPENDED,
        Reason.BACKFILL_NOT_PERMITTED,
        Reason.DELEGATION_MISSING,
    ]
    following.cancel()
    await asyncio.wait([following])


@pytest.mark.usefixtures("topics")
async def test_a_service_whose_reference_log_cannot_be_read_on_records_nothing_more_and_says_why(
    backends: Backends, topics: Topics, namespace: str
) -> None:
    async with known_world(backends, namespace) as world:
        recorded = await world.facts_in_log()
        async with recorder_of(backends, topics.reference) as recorder:
            await recorder.record([Event("x", b"key", b"value", [("ce_type", b"of a newer version")])], 10)

        async def noticed() -> bool:
            return not await serving(world.channel)

        await until(noticed, what="the service has noticed")
        for party in (LESSOR, ADMINISTRATOR):
            refused = await refusal(world.enrol(enrolment("abc1234"), party=party))
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE")
            assert "run a version that can read it" in refused.message
        assert await world.facts_in_log() == recorded


class Dying:
    """A part that ends by itself."""

    name = "dying part"
    ready = True
    stopped = False

    async def start(self) -> None:
        pass

    async def run(self) -> None:
        raise RuntimeError("it broke")

    async def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """serve() sets up the logs and the collector of its process, which here is that of the tests."""
    thresholds = gc.get_threshold()
    root = logging.getLogger()
    handlers, level, configuration_before = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configuration_before)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.usefixtures("logs_as_before")
async def test_a_part_that_ends_by_itself_takes_its_service_down(backends: Backends, namespace: str) -> None:
    part = Dying()
    assert await serve(configuration(backends.kafka, namespace), name="test", parts=[part]) == 1
    assert part.stopped


@pytest.mark.usefixtures("logs_as_before")
async def test_a_service_that_cannot_listen_says_so_and_ends(backends: Backends, namespace: str) -> None:
    config = configuration(backends.kafka, namespace)
    async with running(config, name="first") as first:
        assert await serve(replace(config, listen=first.address), name="second") == 1
    assert await serve(replace(config, listen=Address("0.0.0.0", 0)), name="test") == 1
