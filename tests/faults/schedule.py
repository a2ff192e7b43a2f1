"""What goes wrong when: a list of faults from a seed, and what each of them does to the running system."""

import asyncio
import random
import signal
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from faults.workload import CONTRACT, Partner, stamp
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke.eventlog.topics import Topics
from mitodoke_local import System
from read_model import until

RECORDING: Final = ("leasing", "returns", "wipe", "transport", "destruction", "oversight")
WORKERS: Final = ("projection", "projection-2")
LIMIT: Final = 120.0
AWAY_SECONDS: Final = 8.0


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
    poison: set[tuple[int, int]] = field(default_factory=set)


def planned(seed: int, facts: int, kinds: Sequence[tuple[str, str]]) -> list[Fault]:
    """The faults in the order of their coming, spread at random over the run; the same for the same seed."""
    chance = random.Random(seed)
    order = list(kinds)
    chance.shuffle(order)
    moments = sorted(chance.randrange(facts // 20, max(facts // 20 + 1, facts)) for _ in order)
    return [Fault(kind, at, process) for (kind, process), at in zip(order, moments, strict=True)]


def everything(processes: Sequence[str], kills: int) -> list[tuple[str, str]]:
    """Every kind of fault: each process killed so many times, and the rest as quality.md counts it."""
    return [
        *(("kill -9", process) for process in processes for _ in range(kills)),
        *[("kill -9", "broker")] * 5,
        *[("clean restart", "broker")] * 2,
        *[("immediate stop", "PostgreSQL")] * 5,
        *[("freeze and thaw", worker) for worker in WORKERS],
        *[("both workers away", "")] * 2,
        *[("undecodable message", "")] * 2,
        *[("id with another body", "")] * 2,
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
            return await _frozen(place, process)
        case "both workers away", _:
            for worker in WORKERS:
                await asyncio.to_thread(system.kill, worker)
            # So long that what was due in the meantime stands in the log, reported in time and not yet read.
            await asyncio.sleep(AWAY_SECONDS)
            return lambda: _both_back(system)
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


async def _frozen(place: Place, process: str) -> Callable[[], Awaitable[None]]:
    """Stop a worker until the group has gone on without it; thawed, it still believes that it owns its partitions."""
    child = place.system.child(process)
    child.send(signal.SIGSTOP)

    async def moved() -> bool:
        return await _members(place) == len(WORKERS) - 1

    try:
        await until(moved, f"the partitions of {process}, which is frozen, have moved", limit=LIMIT)
    except BaseException:
        child.send(signal.SIGCONT)
        raise

    async def thaw() -> None:
        child.send(signal.SIGCONT)

    return thaw


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
    items = [leasing_pb2.DriveEnrolled(serial=serial, occurred_at=stamp(datetime.now(UTC)), media_type=1)]
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
    other = [leasing_pb2.DriveEnrolled(serial=serial, occurred_at=items[0].occurred_at, media_type=2)]
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
