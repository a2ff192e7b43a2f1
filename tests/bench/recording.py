"""Recording: reports of 500 drives beside Kafka's own tool, and of one drive beside a method that does nothing.

The service is a process of its own as the runner starts it, with identity and validation on; the callers are another.
"""

import psutil
from google.protobuf.timestamp_pb2 import Timestamp

from bench.callers import Order, enrolled, ordered
from bench.corner import corner
from bench.figures import Count, Figure, Finding, at_least, percentile, ratio
from bench.plan import Plan
from bench.producer_performance import rate
from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.eventlog.cloudevents import Envelope, drive_events
from mitodoke_local import Backends, System

BULK = 500
AT_ONCE = 8
ONE_BY_ONE = 64


async def measure(backends: Backends, plan: Plan) -> Finding:
    """Both, repeated, with the references in the same run."""
    bulk: list[float] = []
    tool: list[float] = []
    single: list[float] = []
    advised: list[float] = []
    empty: list[float] = []
    bulk_cost: list[float] = []
    single_cost: list[float] = []
    empty_cost: list[float] = []
    slowest: list[float] = []
    made = found = 0
    seconds = 1.0 if plan.quick else 6.0
    async with corner(backends) as place, corner(backends) as beside:
        size = record_size()
        with System.start(
            backends,
            services=("leasing",),
            database=place.dsn,
            topic_namespace=place.namespace,
        ) as system:
            server = psutil.Process(system.child("leasing").pid)

            async def asked(callers: int, items: int, advisories: int) -> tuple[float, float, list[float]]:
                """Calls or facts a second, the server's processor time for each in µs, and the latencies."""
                nonlocal made
                before = _processor_seconds(server)
                answered = await ordered(
                    Order(
                        system.address("leasing"),
                        system.dev_secret,
                        callers,
                        items,
                        seconds,
                        advisories=advisories,
                    )
                )
                made += answered.facts_in_all
                each = max(items, 1)
                spent = _processor_seconds(server) - before
                # Of all calls, those of the warming up too: the processor time is of all of them.
                calls = answered.facts_in_all or answered.calls * (seconds + 1) / seconds
                return answered.calls * each / answered.seconds, spent / calls * 1e6, answered.latencies

            none, judged = report_pb2.ADVISORY_WISH_NONE, report_pb2.ADVISORY_WISH_UNSPECIFIED
            for _ in plan.repeated("recording"):
                records = 20_000 if plan.quick else 1_000_000
                tool.append(await rate(backends, beside.topics.drives, records=records, record_size=size))
                for callers, items, wish, rates, costs in (
                    (AT_ONCE, BULK, none, bulk, bulk_cost),
                    (ONE_BY_ONE, 0, none, empty, empty_cost),
                    (ONE_BY_ONE, 1, none, single, single_cost),
                    (ONE_BY_ONE, 1, judged, advised, []),
                ):
                    per_second, cost, latencies = await asked(callers, items, wish)
                    rates.append(per_second)
                    costs.append(cost)
                    if items == BULK:
                        slowest.append(percentile(latencies, 0.99) * 1000)
            found = await place.facts_in_log()
    bulk_figure = Figure(f"{BULK} drives a call", "facts/s", tuple(bulk), at_least(20_000))
    tool_figure = Figure(f"Kafka's tool, {size} bytes", "records/s", tuple(tool))
    single_figure = Figure(f"one drive a call, {ONE_BY_ONE} callers", "calls/s", tuple(single))
    empty_figure = Figure("a method that does nothing", "calls/s", tuple(empty))
    return Finding(
        "recording",
        "answered when every replica has it, identity and validation on",
        (
            bulk_figure,
            tool_figure,
            ratio(f"{BULK} drives a call, of Kafka's tool", bulk_figure, tool_figure, at_least(0.2)),
            Figure(f"{BULK} drives a call, server's processor time", "µs a fact", tuple(bulk_cost)),
            Figure(f"{BULK} drives a call, {AT_ONCE} at once, p99", "ms", tuple(slowest)),
            single_figure,
            empty_figure,
            ratio(
                "one drive a call, of a method that does nothing", single_figure, empty_figure, at_least(0.6)
            ),
            Figure("one drive a call, server's processor time", "µs a call", tuple(single_cost)),
            Figure("a method that does nothing, server's processor time", "µs a call", tuple(empty_cost)),
            Figure(f"one drive a call and advised at once, {ONE_BY_ONE} callers", "calls/s", tuple(advised)),
        ),
        (Count("facts in the log", found, made),),
    )


def record_size() -> int:
    """Bytes of one of the callers' facts as it stands in the log: key, value and headers."""
    item = enrolled("ZC100000001", Timestamp(seconds=1_700_000_000))
    envelope = Envelope("leasing", "lessor", "0" * 36, "K-1", "op-17")
    [event] = drive_events([item], [item.serial], envelope)
    headers = sum(2 + len(name) + len(value) for name, value in event.headers)
    return len(event.key) + len(event.value) + headers


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
