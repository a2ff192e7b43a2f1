"""Callers that report drives as fast as they are answered, in a process of their own.

    python -m bench.callers < order.json

Reads an Order as JSON and prints what came of it. What the callers do themselves costs as little as it can, since
on a small machine they take from what is measured: the items of a call are encoded once, and each call differs from
the others by its request id alone, which is appended, as protobuf allows, to what is encoded already. Where a rate
is ordered, calls go out by the clock, whether or not those before were answered.
"""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import grpc
import uvloop
from google.protobuf.timestamp_pb2 import Timestamp

from bench.own_process import module, printed
from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2, leasing_service_pb2

ENROL: Final = "/mitodoke.leasing.v1.LeasingService/ReportDriveEnrolled"
EMPTY: Final = "/grpc.health.v1.Health/Check"
OFFERED: Final = 64
"""So many different bodies are called in turn, so that drives are many and bytes are few."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the callers are to do for `seconds`, after a second of warming up that counts for nothing.

    With `items` 0 they call a method that does nothing. With `rate` (facts a second) they call by the clock.
    """

    address: str
    secret: str
    callers: int
    items: int
    seconds: float
    rate: float = 0.0
    receipts: bool = False
    """Whether every drive is another and the answers are read: for each partition of each, until where it went."""
    contract: str = "K-1"
    party: str = "lessor"
    advisories: int = report_pb2.ADVISORY_WISH_NONE


@dataclass(slots=True)
class Answered:
    """What came of an order; `facts_in_all` counts the warming up too.

    `receipts` are (time of the answer, partition, last offset), by the clock that all processes share.
    """

    calls: int = 0
    facts: int = 0
    seconds: float = 0.0
    facts_in_all: int = 0
    latencies: list[float] = field(default_factory=list)
    processor_seconds: float = 0.0
    receipts: list[tuple[float, int, int]] = field(default_factory=list)


def bodies(order: Order) -> list[bytes]:
    """Encoded reports without their request id."""
    if not order.items:
        return [b""]
    at = Timestamp(seconds=int(time.time()) - 60)
    return [
        leasing_service_pb2.ReportDriveEnrolledRequest(
            contract_id=order.contract,
            operator_id="op-17",
            advisories=order.advisories,  # type: ignore[arg-type]  # a number is a value of the enum
            items=[enrolled(f"ZC1{number:03X}{item:05}", at) for item in range(order.items)],
        ).SerializeToString()
        for number in range(OFFERED)
    ]


def enrolled(serial: str, at: Timestamp) -> leasing_pb2.DriveEnrolled:
    """A drive with the fields that a lessor's inventory has."""
    return leasing_pb2.DriveEnrolled(
        serial=serial,
        occurred_at=at,
        enclosure="array-7/shelf-2",
        media_type=leasing_pb2.MEDIA_TYPE_HDD,
        capacity_bytes=3_000_592_982_016,
        data_class="confidentiality_2",
        manufacturer="Western Digital",
        model="WD3000FYYZ",
        property_number="P-00412",
    )


def with_request_id(body: bytes) -> bytes:
    """The report with a request id of its own: field 1, a string of 36 letters."""
    return b"".join((b"\x0a\x24", str(uuid.uuid4()).encode(), body))


async def call_all(order: Order) -> Answered:
    """Carry an order out. Raises grpc.aio.AioRpcError for the first call that is refused."""
    metadata = (("authorization", f"Dev {order.party}:{order.secret}"),)
    offered = bodies(order)
    answered = Answered()
    options = [("grpc.max_receive_message_length", 16 << 20), ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(order.address, options=options) as channel:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            ENROL if order.items else EMPTY
        )
        turn = 0
        began = time.perf_counter() + 1.0
        ends = began + order.seconds

        async def call() -> None:
            nonlocal turn
            turn += 1
            body = of_new_drives(order, turn) if order.receipts else offered[turn % len(offered)]
            started = time.perf_counter()
            answer = await method(
                with_request_id(body) if order.items else body, metadata=metadata, timeout=60
            )
            if order.receipts:
                answered.receipts += _receipts(answer)
            answered.facts_in_all += order.items
            if started >= began:
                answered.calls += 1
                answered.facts += order.items
                answered.latencies.append(time.perf_counter() - started)

        processor = time.process_time()
        await (_by_the_clock if order.rate else _one_after_the_other)(order, call, ends)
        answered.seconds = time.perf_counter() - began
        answered.processor_seconds = time.process_time() - processor
    return answered


def of_new_drives(order: Order, turn: int) -> bytes:
    """An encoded report of drives that were in no report before, without its request id."""
    at = Timestamp(seconds=int(time.time()) - 60)
    return leasing_service_pb2.ReportDriveEnrolledRequest(
        contract_id=order.contract,
        operator_id="op-17",
        advisories=order.advisories,  # type: ignore[arg-type]  # a number is a value of the enum
        items=[enrolled(f"ZN{turn:07}X{item:04}", at) for item in range(order.items)],
    ).SerializeToString()


def _receipts(answer: bytes) -> list[tuple[float, int, int]]:
    at = time.monotonic()
    last: dict[int, int] = {}
    for item in leasing_service_pb2.ReportDriveEnrolledResponse.FromString(answer).items:
        last[item.partition] = max(item.offset, last.get(item.partition, -1))
    return [(at, partition, offset) for partition, offset in last.items()]


Call = Callable[[], Awaitable[None]]


async def _one_after_the_other(order: Order, call: Call, ends: float) -> None:
    async def caller() -> None:
        while time.perf_counter() < ends:
            await call()

    await asyncio.gather(*(caller() for _ in range(order.callers)))


async def _by_the_clock(order: Order, call: Call, ends: float) -> None:
    apart = order.items / order.rate
    due = time.perf_counter()
    under_way: set[asyncio.Task[None]] = set()
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.ensure_future(call())
        under_way.add(task)
        for done in [each for each in under_way if each.done()]:
            done.result()
            under_way.discard(done)
        due += apart
    await asyncio.gather(*under_way)


async def ordered(order: Order) -> Answered:
    """Let a process of its own carry the order out. Raises Failed with what it said when it could not."""
    said = await printed(module("bench.callers"), told=json.dumps(asdict(order)).encode())
    return Answered(**json.loads(said))


def main() -> None:
    """Take the order from standard input."""
    said: dict[str, Any] = json.load(sys.stdin)
    json.dump(asdict(uvloop.run(call_all(Order(**said)))), sys.stdout)


if __name__ == "__main__":
    main()
