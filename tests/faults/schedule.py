"""What goes wrong when: a list of faults from a seed, and what each of them does to the running system."""

import asyncio
import contextlib
import random
import signal
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from faults.checker import OK, REFUSED
from faults.disks import Disks
from faults.network import KAFKA, POSTGRESQL, SERVICES, Network
from faults.workload import CONTRACT, REFUSED_REASONS, Partner, stamp
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke.eventlog.topics import Topics
from mitodoke_local import System
from mitodoke_local.database import Database
from read_model import until

RECORDING: Final = ("leasing", "returns", "wipe", "transport", "destruction", "oversight")
WORKERS: Final = ("projection", "projection-2")
PARTNER: Final = "partner"
CUT, HALF_OPEN, SLOW = NETWORK_FAULTS = ("network cut to", "network half open to", "network slow to")
FULL_DISK: Final = "full disk under"
LIMIT: Final = 120.0
AWAY_SECONDS: Final = 8.0
DAY: Final = timedelta(days=1)
FROZEN_SECONDS: Final = 60.0
CUT_SECONDS: Final = 12.0
"""Longer than anything waits for an answer before it gives up and connects anew."""
SLOW_SECONDS: Final = 12.0
FULL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, the process it meets where it meets one, and after how many facts it comes."""

    kind: str
    at_fact: int
    process: str = ""

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.kind} {self.process}".strip()


@dataclass
class Place:
    """Where faults happen, and what the workload itself put into the log to be put aside."""

    system: System
    topics: Topics
    partner: Partner
    network: Network | None = None
    disks: Disks | None = None
    clocks: dict[str, timedelta] = field(default_factory=dict)
    """By how much the clock of a service is wrong that is started now."""
    poison: set[tuple[int, int]] = field(default_factory=set)


def planned(seed: int, facts: int, kinds: Sequence[tuple[str, str]]) -> list[Fault]:
    """The faults in the order of their coming, spread at random over the run; the same for the same seed."""
    chance = random.Random(seed)
    order = list(kinds)
    chance.shuffle(order)
    moments = sorted(chance.randrange(facts // 20, max(facts // 20 + 1, facts)) for _ in order)
    return [Fault(kind, at, process) for (kind, process), at in zip(order, moments, strict=True)]


def everything(processes: Sequence[str], kills: int, *, network: bool, disks: bool) -> list[tuple[str, str]]:
    """Every kind of fault: each process killed so many times, and the rest as quality.md counts it.

    `network` and `disks` say whether this machine lets these be broken.
    """
    return [
        *(("kill -9", process) for process in processes for _ in range(kills)),
        *[("kill -9", "broker")] * 5,
        *[("clean restart", "broker")] * 2,
        *[("immediate stop", "PostgreSQL")] * 5,
        *[("freeze and thaw", worker) for worker in WORKERS],
        ("freeze a minute and thaw", WORKERS[0]),
        *[("both workers away", "")] * 2,
        *[("undecodable message", "")] * 2,
        *[("id with another body", "")] * 2,
        ("slow", POSTGRESQL),
        *[(f"clock a day {where}", who) for where in ("ahead", "behind") for who in (WORKERS[0], PARTNER)],
        *[(kind, what) for kind in NETWORK_FAULTS if network for what in (KAFKA, POSTGRESQL, SERVICES)],
        *[(FULL_DISK, what) for what in (KAFKA, POSTGRESQL) if disks],
    ]


async def inject(fault: Fault, place: Place) -> Callable[[], Awaitable[None]]:
    """Do it, and return what ends it: a process started again, or thawed; of poison nothing ends."""
    system, broker, database = place.system, place.system.backends.broker, place.system.backends.database
    match fault.kind, fault.process:
        case "kill -9", "broker":
            await asyncio.to_thread(broker.kill)
            return lambda: asyncio.to_thread(broker.start)
        case "clean restart", _:
            await asyncio.to_thread(broker.stop)
            return lambda: asyncio.to_thread(broker.start)
        case "immediate stop", _:
            await asyncio.to_thread(database.stop_immediate)
            return lambda: asyncio.to_thread(database.start)
        case "kill -9", process:
            await asyncio.to_thread(system.kill, process)
            return lambda: asyncio.to_thread(system.restart, process, wait=False)
        case "freeze and thaw", process:
            return await _frozen(place, process, 0)
        case "freeze a minute and thaw", process:
            return await _frozen(place, process, FROZEN_SECONDS)
        case "both workers away", _:
            for worker in WORKERS:
                await asyncio.to_thread(system.kill, worker)
            # So long that what was due in the meantime stands in the log, reported in time and not yet read.
            await asyncio.sleep(AWAY_SECONDS)
            return lambda: _both_back(system)
        case (("network cut to" | "network half open to" | "network slow to"), what):
            return await _network(place, fault.kind, what)
        case "full disk under", what:
            return await _full_disk(place, what)
        case "slow", _:
            await _slow_database(database)
            return _nothing
        case (("clock a day ahead" | "clock a day behind"), who):
            off = DAY if fault.kind == "clock a day ahead" else -DAY
            if who == PARTNER:
                await _partner_out_of_time(place, off)
                return _nothing
            return await _worker_out_of_time(place, who, off)
        case "undecodable message", _:
            await _undecodable(place)
            return _nothing
        case "id with another body", _:
            await _another_body(place)
            return _nothing
    raise ValueError(f"there is no fault {fault.name}")


async def _nothing() -> None:
    return None


async def _both_back(system: System) -> None:
    for worker in WORKERS:
        await asyncio.to_thread(system.restart, worker, wait=False)


async def _frozen(place: Place, process: str, at_least: float) -> Callable[[], Awaitable[None]]:
    """Stop a worker until the group has gone on without it; thawed, it still believes that it owns its partitions."""
    begun = time.monotonic()
    child = place.system.child(process)
    child.send(signal.SIGSTOP)

    seen = -1

    async def moved() -> bool:
        nonlocal seen
        seen = await _members(place)
        return seen == len(WORKERS) - 1

    try:
        await until(moved, f"the partitions of {process}, which is frozen, have moved", limit=LIMIT)
        await asyncio.sleep(max(0.0, begun + at_least - time.monotonic()))
    except BaseException as error:
        error.add_note(f"The group had {seen} stable members at the end (-1: it was not stable)")
        child.send(signal.SIGCONT)
        raise

    async def thaw() -> None:
        child.send(signal.SIGCONT)

    return thaw


async def _network(place: Place, kind: str, what: str) -> Callable[[], Awaitable[None]]:
    """Cut it, leave it half open, or slow it, for a while."""
    network = place.network
    if network is None:
        raise ValueError(f"no proxy stands before {what}")
    breaks = {CUT: network.cut, HALF_OPEN: network.half_open, SLOW: network.slow}
    await breaks[kind](what)
    await asyncio.sleep(CUT_SECONDS)
    return network.heal


async def _full_disk(place: Place, what: str) -> Callable[[], Awaitable[None]]:
    """Leave no byte free for a while; whether the server lives through it is its own affair."""
    disks = place.disks
    if disks is None:
        raise ValueError(f"{what} has no disk of its own")
    broker, database = place.system.backends.broker, place.system.backends.database
    await asyncio.to_thread(disks.fill, what)
    await asyncio.sleep(FULL_SECONDS)

    async def room() -> None:
        await asyncio.to_thread(disks.clear, what)
        # As whoever keeps them running would. A broker whose disk has failed does not come back by itself, and cannot
        # be shut down in order; a database that still runs needs no help.
        if what == KAFKA:
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
        elif not database.child.running():
            await asyncio.to_thread(database.start)

    return room


async def _slow_database(database: Database) -> None:
    """Let the server's processes work a quarter of the time only, for a while."""
    over = time.monotonic() + SLOW_SECONDS
    while time.monotonic() < over:
        server = psutil.Process(database.child.pid)
        working = [server, *server.children(recursive=True)]
        try:
            _each(working, psutil.Process.suspend)
            await asyncio.sleep(0.3)
        finally:
            _each(working, psutil.Process.resume)
        await asyncio.sleep(0.1)


def _each(processes: Sequence[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            act(process)


async def _worker_out_of_time(place: Place, worker: str, off: timedelta) -> Callable[[], Awaitable[None]]:
    """Let a worker live for a while on a machine whose clock is wrong: it accuses nobody for that."""
    place.clocks["projection"] = off
    await asyncio.to_thread(place.system.kill, worker)
    await asyncio.to_thread(place.system.restart, worker)
    await asyncio.sleep(AWAY_SECONDS)

    async def right_again() -> None:
        del place.clocks["projection"]
        await asyncio.to_thread(place.system.kill, worker)
        await asyncio.to_thread(place.system.restart, worker, wait=False)

    return right_again


async def _partner_out_of_time(place: Place, off: timedelta) -> None:
    """Let a partner report with a clock that is wrong: what is said to happen tomorrow is refused, nothing else."""
    serials = [f"ZDAY{uuid.uuid4().hex[:8].upper()}{n}" for n in range(10)]
    at = stamp(datetime.now(UTC) + off)
    items = [
        leasing_pb2.DriveEnrolled(serial=serial, occurred_at=at, media_type=leasing_pb2.MEDIA_TYPE_HDD)
        for serial in serials
    ]
    request_id, expected = str(uuid.uuid4()), REFUSED if off > timedelta() else OK

    async def told() -> bool:
        attempt = await place.partner.report("lessor", "leasing", "report_drive_enrolled", items, request_id)
        return attempt.outcome == expected and attempt.reason not in REFUSED_REASONS

    await until(told, f"a report from {off.days:+} day is {expected}", limit=LIMIT)


async def _members(place: Place) -> int:
    """How many workers the group has once it is stable; -1 before."""
    admin = AIOKafkaAdminClient(bootstrap_servers=place.system.backends.kafka)
    await admin.start()
    try:
        answers = await admin.describe_consumer_groups([f"{place.topics.drives}.projection"])
        _, _, state, _, _, members, *_ = answers[0].groups[0]
        return len(members) if state == "Stable" else -1
    finally:
        await admin.close()


async def _enrolled(place: Place) -> tuple[str, str, list[Any]]:
    """A drive of its own, enrolled through the front door, which is then poisoned."""
    number, request_id = uuid.uuid4(), str(uuid.uuid4())
    serial = f"ZBAD{number.hex[:10].upper()}"
    now = stamp(datetime.now(UTC))
    items = [leasing_pb2.DriveEnrolled(serial=serial, occurred_at=now, media_type=leasing_pb2.MEDIA_TYPE_HDD)]
    await _reported(place, items, request_id)
    return serial, request_id, items


async def _reported(place: Place, items: Sequence[Any], request_id: str) -> None:
    async def recorded() -> bool:
        attempt = await place.partner.report("lessor", "leasing", "report_drive_enrolled", items, request_id)
        return attempt.outcome == "ok"

    await until(recorded, "a drive that is to be poisoned is enrolled", limit=LIMIT)


async def _undecodable(place: Place) -> None:
    serial, _, items = await _enrolled(place)
    await _put(place, serial.encode(), b"\xff\xff", [])
    await _reported(place, items, str(uuid.uuid4()))


async def _another_body(place: Place) -> None:
    serial, request_id, items = await _enrolled(place)
    other = [
        leasing_pb2.DriveEnrolled(
            serial=serial, occurred_at=items[0].occurred_at, media_type=leasing_pb2.MEDIA_TYPE_SSD
        )
    ]
    envelope = Envelope(
        service="leasing", party="lessor", request_id=request_id, contract=CONTRACT, operator="op-1"
    )
    (event,) = drive_events(other, [serial], envelope)
    await _put(place, event.key, event.value, event.headers)
    await _reported(place, items, str(uuid.uuid4()))


async def _put(place: Place, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=place.system.backends.kafka, acks="all")
    await producer.start()
    try:
        put = await producer.send_and_wait(place.topics.drives, value, key=key, headers=headers)
        place.poison.add((put.partition, put.offset))
    finally:
        await producer.stop()
