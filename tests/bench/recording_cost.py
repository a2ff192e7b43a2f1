"""What each step of recording costs the service, by processor time: from the bytes of a call to those of its answer.

    PYTHONPATH=deploy/local:tests python -m bench.recording_cost [rounds]

Everything but the network and the broker: one report of 500 drives, one of a single drive; medians in µs a fact.
"""

import asyncio
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import thread_time_ns
from types import SimpleNamespace
from typing import Any

from bench.callers import Order, bodies, with_request_id
from mitodoke.chassis.recording import _answer_items, _refuse_future, _refuse_large, _serials
from mitodoke.chassis.validation import _impossible_times, _rules_broken, violations
from mitodoke.contracts.leasing.v1 import leasing_service_pb2
from mitodoke.eventlog import recorder as recording
from mitodoke.eventlog.cloudevents import Envelope, Event, drive_events
from mitodoke.eventlog.recorder import Receipt, Recorder


def median(of: Callable[[], object], rounds: int) -> float:
    """The median of the processor time that a call takes, in microseconds."""
    taken = []
    for _ in range(rounds):
        start = thread_time_ns()
        of()
        taken.append(thread_time_ns() - start)
    return statistics.median(taken) / 1000


async def costs(items: int, rounds: int) -> list[tuple[str, float]]:
    """Each step and its µs a fact."""
    raw = with_request_id(bodies(Order("", "", 1, items, 1))[0])
    request = leasing_service_pb2.ReportDriveEnrolledRequest.FromString(raw)
    now = datetime.now(UTC)
    envelope = Envelope("leasing", "lessor", request.request_id, "K-1", "op-17")
    serials = _serials(request.items)
    events = drive_events(request.items, serials, envelope)
    receipts = [Receipt(n % 6, n, now) for n in range(items)]

    def answered() -> Any:
        answer = leasing_service_pb2.ReportDriveEnrolledResponse()
        _answer_items(answer.items, events, serials, receipts, None)
        return answer

    steps: list[tuple[str, Callable[[], object]]] = [
        ("parse", lambda: leasing_service_pb2.ReportDriveEnrolledRequest.FromString(raw)),
        ("validate: all of it", lambda: violations(request, len(raw))),
        ("validate: rules of the protos", lambda: _rules_broken(request, len(raw))),
        ("validate: impossible times", lambda: list(_impossible_times(request, ""))),
        ("canonical serials", lambda: _serials(request.items)),
        ("no time in the future", lambda: _refuse_future(request.items, now)),
        ("events: ids, headers, values", lambda: drive_events(request.items, serials, envelope)),
        ("no item too large", lambda: _refuse_large(events)),
        ("queue, fill batches, receipts", lambda: _through_the_lanes(events)),
        ("answer: make", answered),
        ("answer: encode", answered().SerializeToString),
    ]
    return [(name, median(of, rounds) / items) for name, of in steps]


def _through_the_lanes(events: list[Event]) -> list[Any]:
    from aiokafka.producer.message_accumulator import BatchBuilder

    recorder = Recorder("", "t")
    recorder._lanes = [recording._Lane() for _ in range(6)]
    call = recorder._enqueue(events, recording._weight(events))
    for partition, lane in enumerate(recorder._lanes):
        while lane.queue:
            batch = BatchBuilder(recording._BATCH_BYTES, 0)
            pieces = recording._fill(batch, lane.queue)
            recorder._settle(
                lane,
                partition,
                lane.end,
                pieces,
                asyncio.Event(),
                _answered(SimpleNamespace(offset=lane.end, timestamp=1, timestamp_type=1)),
            )
    assert call.done.done()
    return [receipt for receipt in call.receipts if receipt is not None]


def _answered(metadata: object) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(metadata)
    return future


async def main(rounds: int) -> None:
    """Print the table."""
    many, one = await costs(500, rounds), await costs(1, rounds * 20)
    print(f"{'':34}{'500 a call':>12}{'1 a call':>12}   µs a fact")
    for (name, cost), (_, alone) in zip(many, one, strict=True):
        print(f"{name:34}{cost:12.2f}{alone:12.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
