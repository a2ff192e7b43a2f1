"""The network between a caller and a service breaks: what was answered is true, counts once, and a watcher is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import grpc
import pytest

from contract.world import (
    CONTRACT,
    LESSOR,
    SECRET,
    World,
    configuration,
    enrolment,
    populate,
    services_running,
    serving,
)
from log_writer import LogWriter, now
from mitodoke.client import CallFailed, Connection, DevelopmentIdentity, Endpoints, Patience
from mitodoke.client.reports import Reported
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.cloudevents import decode_drive_event
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends
from projecting import Projecting, projection_service
from read_model import ask, until
from wire import Wire

QUICK = Patience(per_attempt=30, in_all=60, keepalive=1)
"""Finds out within 1.4 s that a connection is dead; waits much longer than that for an answer."""


@dataclass
class Reporting:
    """A lessor that reports over a wire that a test breaks, and what became of its reports."""

    wire: Wire
    connection: Connection
    world: World

    async def report(self, *serials: str) -> Reported:
        items = list(enrolment(*serials).items)
        return await self.connection.leasing.report_drive_enrolled(
            contract=CONTRACT, operator="op-7", items=items
        )

    async def in_the_log(self) -> dict[str, list[str]]:
        """The id of every message about a drive, by serial."""
        told: dict[str, list[str]] = {}
        for record in await self.world.log(self.world.topics.drives):
            fact = decode_drive_event(record)
            told.setdefault(fact.serial, []).append(str(fact.event_id))
        return told


@contextlib.asynccontextmanager
async def connected(wire: Wire, service: str, party: str) -> AsyncIterator[Connection]:
    endpoints = Endpoints(services={service: wire.address})
    async with Connection(endpoints, DevelopmentIdentity(party, SECRET), patience=QUICK) as connection:
        yield connection


@pytest.fixture
async def reporting(backends: Backends, topics: Topics, namespace: str) -> AsyncIterator[Reporting]:
    async with services_running(backends.kafka, namespace) as world:
        for channel in (world.channel, world.oversight_channel):
            await until(lambda channel=channel: serving(channel), "the services serve")  # type: ignore[misc]
        await populate(world)
        async with Wire.to(world.leasing_address) as wire, connected(wire, "leasing", LESSOR) as connection:
            yield Reporting(wire, connection, world)


async def test_an_answer_that_is_lost_is_asked_for_again_over_a_new_connection_and_the_report_counts_once(
    reporting: Reporting, projecting: Projecting
) -> None:
    await reporting.report("warm1")
    reporting.wire.lose_answers()
    reported = await reporting.report("abc1234", "xyz9876")
    answered = {item.serial: item.event_id for item in reported.items}
    in_the_log = await reporting.in_the_log()
    assert {serial: set(in_the_log[serial]) for serial in answered} == {s: {i} for s, i in answered.items()}
    assert [len(in_the_log[serial]) for serial in answered] == [2, 2], (
        "the answer that was lost said that all is recorded"
    )
    async with projecting.worker():
        await projecting.caught_up()
        assert await ask(projecting.dsn, "select count(*) from fact") == 3


async def test_a_report_made_while_the_network_is_away_arrives_when_it_is_back(reporting: Reporting) -> None:
    wire = reporting.wire
    await reporting.report("warm1")
    wire.cut()
    report = asyncio.create_task(reporting.report("abc1234"))

    async def tried_again() -> bool:
        return wire.refused >= 2

    await until(tried_again, "the client tries again")
    assert not report.done()
    assert "ABC1234" not in await reporting.in_the_log()
    wire.mend()
    reported = await report
    assert set((await reporting.in_the_log())["ABC1234"]) == {reported.items[0].event_id}


async def test_every_report_over_a_network_that_breaks_again_and_again_is_answered_and_counts_once(
    reporting: Reporting, projecting: Projecting
) -> None:
    callers, turns = 6, 20
    answered: dict[str, str] = {}

    async def partner(number: int) -> None:
        for turn in range(turns):
            for item in (await reporting.report(*(f"p{number}t{turn}n{n}" for n in range(5)))).items:
                answered[item.serial] = item.event_id

    wire = reporting.wire
    breaks = (wire.lose_answers, wire.die_silently, wire.cut)
    partners = [asyncio.create_task(partner(number)) for number in range(callers)]
    for number in range(12):
        before = len(answered)

        async def some_more(before: int = before) -> bool:
            return len(answered) > before or all(each.done() for each in partners)

        await until(some_more, "reports are answered again", limit=60)
        breaks[number % len(breaks)]()
        wire.mend()
    async with asyncio.timeout(120):
        await asyncio.gather(*partners)
    assert len(answered) == callers * turns * 5
    assert {serial: set(ids) for serial, ids in (await reporting.in_the_log()).items()} == {
        serial: {event_id} for serial, event_id in answered.items()
    }
    async with projecting.worker():
        await projecting.caught_up()
        assert await ask(projecting.dsn, "select count(*) from fact") == len(answered)


@pytest.fixture
async def watched(backends: Backends, projecting: Projecting, namespace: str) -> AsyncIterator[Wire]:
    """A wire to a projection of this test's topics."""
    config = replace(configuration(backends.kafka, namespace), database=projecting.dsn)
    async with (
        projection_service(config) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
        Wire.to(str(service.address)) as wire,
    ):
        await until(lambda: serving(channel), "the projection serves")
        yield wire


def after(token: str) -> query_pb2.WatchFlagsRequest:
    return query_pb2.WatchFlagsRequest(resume_token=token)


@contextlib.asynccontextmanager
async def watching(
    wire: Wire, log: LogWriter
) -> AsyncIterator[tuple[Connection, AsyncIterator[query_pb2.WatchFlagsResponse], str]]:
    """The owner's watch of flags, on which one was raised, and the token to go on from."""
    await log.world()
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    async with connected(wire, "projection", "owner") as connection:
        flags = connection.query.watch_flags(after("0"))
        yield connection, flags, (await anext(flags)).resume_token


async def going_on(connection: Connection, token: str) -> AsyncIterator[query_pb2.WatchFlagsResponse]:
    """The watch from the token on, as a watcher goes on: asked at once, gRPC may still take the path that died."""
    while True:
        try:
            async for each in connection.query.watch_flags(after(token)):
                yield each
        except CallFailed as failed:
            assert failed.code is grpc.StatusCode.UNAVAILABLE


async def test_a_watcher_whose_path_died_without_a_word_is_told_and_misses_nothing(
    watched: Wire, log: LogWriter
) -> None:
    async with watching(watched, log) as (connection, flags, token):
        watched.die_silently()
        await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
        with pytest.raises(CallFailed) as told:
            async with asyncio.timeout(20):
                await anext(flags)
        assert told.value.code is grpc.StatusCode.UNAVAILABLE
        async with asyncio.timeout(20):
            resolved = (await anext(going_on(connection, token))).change.flag
    assert (resolved.kind, resolved.state) == ("unknown_drive", flag_pb2.FLAG_STATE_RESOLVED)


async def test_a_watcher_that_asks_every_second_whether_the_service_is_there_is_not_sent_away_and_asks_on(
    watched: Wire, log: LogWriter
) -> None:
    async with watching(watched, log) as (_, flags, _token):
        quiet = asyncio.ensure_future(anext(flags))
        # gRPC sends away who asks too often at the third time.
        assert not (await asyncio.wait([quiet], timeout=6))[0], "nothing happened, and nobody was sent away"
        watched.die_silently()
        with pytest.raises(CallFailed):
            # By itself gRPC would by now ask once a minute.
            async with asyncio.timeout(20):
                await quiet
