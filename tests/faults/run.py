"""One run: the real system under load, faults by the schedule, and the checker's word at the end."""

import asyncio
import contextlib
import json
import random
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from faults import checker, schedule
from faults.checker import Collected, Violation
from faults.disks import Disks
from faults.network import Network
from faults.workload import Outcomes, Partner, Workload, populate, stamp
from mitodoke.chassis.clock import SystemClock
from mitodoke.client import Connection
from mitodoke.contracts.custody.v1 import flag_pb2
from mitodoke.contracts.destruction.v1 import destruction_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.oversight.v1 import oversight_pb2
from mitodoke.contracts.returns.v1 import returns_pb2
from mitodoke.contracts.transport.v1 import transport_pb2
from mitodoke.contracts.wipe.v1 import wipe_pb2
from mitodoke.eventlog.cloudevents import decode_reference_event
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.reference import Reference
from mitodoke.services.projection.rebuild import rebuild
from mitodoke_local import Backends, System
from mitodoke_local.system import serve_command
from projecting import Projecting
from read_model import ask, contents, until

BACK_WITHIN: Final = 30.0
PROBED_DRIVES: Final = 24
REBUILDS: Final = 2
REBUILT_WITHIN: Final = 1800.0
_PROBES: Final[Sequence[tuple[str, str, str, type, dict[str, Any]]]] = (
    ("lessor", "leasing", "report_drive_enrolled", leasing_pb2.DriveEnrolled, {"media_type": 1}),
    ("owner", "returns", "report_drive_removed", returns_pb2.DriveRemoved, {}),
    ("sanitiser", "wipe", "report_drive_initialised", wipe_pb2.DriveInitialised, {}),
    ("carrier", "transport", "report_drive_delivered", transport_pb2.DriveDelivered, {}),
    ("destroyer", "destruction", "report_certificate_issued", destruction_pb2.CertificateIssued, {}),
    ("owner", "oversight", "report_drive_sighted", oversight_pb2.DriveSighted, {"place": "a shop"}),
)


@dataclass(frozen=True)
class Plan:
    """How large a run is. `rate` is in facts a second; `environment` goes to every service. Limits are in seconds.

    Service must be back `back_within` of a fault's end; a run in which it is not after `waits_at_most` ends there.
    """

    seed: int
    facts: int
    faults: Sequence[tuple[str, str]]
    services: Sequence[str] = (*schedule.RECORDING, "projection")
    rate: float = 400.0
    callers: int = 16
    environment: Mapping[str, str] = field(default_factory=dict)
    rebuilds: int = REBUILDS
    settles_within: float = 600.0
    back_within: float = BACK_WITHIN
    waits_at_most: float = schedule.LIMIT
    ends_within: float = 7200.0


@dataclass(frozen=True)
class Injected:
    """What was injected, when (seconds after the start), how long it lasted, and after how long service was back.

    `started_in` is how much of that passed until a broker or a database that was started again took connections.
    """

    name: str
    at: float
    lasted: float
    started_in: float
    back_after: float | None


@dataclass
class Result:
    """What a run came to."""

    seed: int
    facts: int = 0
    calls: int = 0
    messages: int = 0
    flags: int = 0
    seconds: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)
    injected: list[Injected] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def times(self, kind: str) -> int:
        """How often something of that kind went wrong: lost, double, accusation or other."""
        return sum(each.times for each in self.violations if each.kind == kind)


Tell = Callable[[str, int, int], None]
"""Called with what goes on, the facts told of so far and the facts to come to."""


async def run(
    backends: Backends,
    plan: Plan,
    folder: Path,
    tell: Tell,
    *,
    network: Network | None = None,
    disks: Disks | None = None,
) -> Result:
    """Run it on backends of its own, and check. `folder` is where logs and outcomes go.

    `network` stands before the backends, and `disks` are under them, where the plan breaks these.
    """
    namespace = f"f{uuid.uuid4().hex[:12]}"
    dsn = await asyncio.to_thread(backends.database.create_database, namespace)
    clocks: dict[str, timedelta] = {}

    def command(service: str) -> Sequence[str]:
        """That of a service, with a wrong clock while that is the fault."""
        right = serve_command(service)
        if (off := clocks.get(service)) is None:
            return right
        return [sys.executable, "-m", "faults.wrong_clock", str(off.total_seconds()), *right[-2:]]

    started = System.start(
        backends,
        services=plan.services,
        database=dsn,
        topic_namespace=namespace,
        folder=folder,
        environment={
            **plan.environment,
            **(network.environment(backends, namespace) if network is not None else {}),
        },
        command=command,
        limit=180,
    )
    tell("starting the system", 0, plan.facts)
    system = await asyncio.to_thread(started.__enter__)
    try:
        await asyncio.to_thread(system.start_another, "projection")
        async with asyncio.timeout(plan.ends_within):
            return await _Run(
                system, plan, folder, tell, Topics.named(namespace), dsn, network, disks, clocks
            ).result()
    except TimeoutError:
        raise AssertionError(
            f"the run did not end in {plan.ends_within:g} s\n{_last_words(system, plan)}"
        ) from None
    finally:
        await asyncio.to_thread(started.__exit__, None, None, None)


def _last_words(system: System, plan: Plan) -> str:
    """The ends of the logs of all processes."""
    children = [system.child(name) for name in (*plan.services, *schedule.WORKERS[1:])]
    return "\n".join(
        f"--- {child.name} ({'runs' if child.running() else f'ended with {child.exit_status}'}):\n{child.log_tail(20)}"
        for child in (*children, system.backends.broker.child, system.backends.database.child)
    )


class _Run:
    def __init__(
        self,
        system: System,
        plan: Plan,
        folder: Path,
        tell: Tell,
        topics: Topics,
        dsn: str,
        network: Network | None,
        disks: Disks | None,
        clocks: dict[str, timedelta],
    ) -> None:
        self._network, self._disks, self._clocks = network, disks, clocks
        self._system, self._plan, self._folder = system, plan, folder
        self._tell, self._topics, self._dsn = tell, topics, dsn
        self._result = Result(plan.seed)
        self._begun = time.monotonic()
        self._chance = random.Random(f"{plan.seed}/moments")

    async def result(self) -> Result:
        async with Connection.from_file(path=self._system.running_file) as administrator:
            await populate(administrator)
        outcomes = Outcomes(self._folder / "outcomes.jsonl")
        workload = Workload.on(
            await self._as_callers_see_it(), self._plan.seed, outcomes, self._plan.rate, self._plan.callers
        )
        partner = Partner(workload.connections, outcomes)
        place = schedule.Place(self._system, self._topics, partner, self._network, self._disks, self._clocks)
        async with self._running(workload) as load:
            for fault in schedule.planned(self._plan.seed, self._plan.facts, self._plan.faults):
                await self._told_of(outcomes, fault.at_fact, load)
                if not await self._meet(fault, place):
                    came_back = False
                    break
            else:
                came_back = True
                await self._told_of(outcomes, self._plan.facts, load)
        outcomes.close()
        await self._check(outcomes, place.poison, came_back)
        self._result.seconds = time.monotonic() - self._begun
        return self._result

    async def _as_callers_see_it(self) -> Path:
        """The connection file of the callers, who come through the network where there is one."""
        seen = self._system.running_file
        if self._network is not None:
            through = await self._network.before_services(
                {name: self._system.address(name) for name in schedule.RECORDING}
            )
            content = json.loads(seen.read_text(encoding="utf-8"))
            content["services"] |= through
            seen = self._folder / "callers.json"
            seen.write_text(json.dumps(content), encoding="utf-8")
        return seen

    @contextlib.asynccontextmanager
    async def _running(self, workload: Workload) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(workload.run())
        try:
            yield task
            workload.ended.set()
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _told_of(self, outcomes: Outcomes, facts: int, load: asyncio.Task[None]) -> None:
        while outcomes.first_told < facts:  # a figure, not an event
            if load.done():
                load.result()
                raise AssertionError(f"the callers stopped after {outcomes.first_told} of {facts} facts")
            self._tell("callers report", outcomes.first_told, self._plan.facts)
            await asyncio.sleep(0.1)

    async def _meet(self, fault: schedule.Fault, place: schedule.Place) -> bool:
        """Inject a fault at a random moment, end it, and measure until service is back; False when it never is."""
        await asyncio.sleep(self._chance.uniform(0.0, 1.0))
        told = place.partner.outcomes.first_told
        self._tell(fault.name, told, self._plan.facts)
        at = time.monotonic()
        back_after: float | None = None
        lasted = started_in = 0.0
        try:
            end = await schedule.inject(fault, place)
            ended = time.monotonic()
            lasted = ended - at
            await end()
            started_in = time.monotonic() - ended
            await self._probe(place)
            back_after = time.monotonic() - ended
        except AssertionError as error:
            self._wrong("service is back after each fault", f"{fault.name}: {error}")
            notes = "\n".join(getattr(error, "__notes__", ()))
            print(f"{fault.name}: {error}\n{notes}\n{_last_words(self._system, self._plan)}", file=sys.stderr)
        else:
            if back_after > self._plan.back_within:
                self._wrong(
                    f"service is back within {self._plan.back_within:g} s",
                    f"{fault.name}: {back_after:.1f} s",
                )
        self._result.injected.append(Injected(fault.name, at - self._begun, lasted, started_in, back_after))
        await self._restart_what_ended()
        return back_after is not None

    async def _restart_what_ended(self) -> None:
        for name in (*self._plan.services, "projection-2"):
            child = self._system.child(name)
            if not child.running():
                last = child.log_tail(3).replace("\n", " ")[-300:]
                self._wrong("no process ends unasked", f"{name} ended with {child.exit_status}: {last}")
                await asyncio.to_thread(self._system.restart, name, wait=False)

    async def _probe(self, place: schedule.Place) -> None:
        """Report through every service and wait until all of it, of every partition, is in the read model."""
        mark = uuid.uuid4().hex[:8].upper()
        serials = [f"ZPR{mark}{n:02}" for n in range(PROBED_DRIVES)]
        now = stamp(datetime.now(UTC))

        async def through(
            party: str, service: str, method: str, message: type, fields: dict[str, Any]
        ) -> None:
            named = {"certificate_id": f"C-{mark}"} if service == "destruction" else {}
            if service == "transport":
                named = {"shipment_id": f"LOT-{mark}"}
            items = [message(serial=s, occurred_at=now, **fields, **named) for s in serials]
            request_id = str(uuid.uuid4())

            async def recorded() -> bool:
                attempt = await place.partner.report(party, service, method, items, request_id)
                if attempt.outcome == checker.REFUSED and attempt.reason not in (
                    "LOG_UNAVAILABLE",
                    "QUEUE_FULL",
                ):
                    raise RuntimeError(f"a probe of {service} is refused: {attempt.reason}")
                return attempt.outcome == checker.OK

            await until(recorded, f"{service} answers OK", limit=self._plan.waits_at_most)

        await asyncio.gather(*(through(*probe) for probe in _PROBES))

        async def visible() -> bool:
            try:
                seen = await ask(self._dsn, "select count(*) from fact where serial = any($1)", serials)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return False
            return bool(seen >= PROBED_DRIVES * len(_PROBES))

        await until(visible, "what was answered OK is in the read model", limit=self._plan.waits_at_most)

    def _wrong(self, promise: str, case: str) -> None:
        self._result.violations.append(Violation("other", promise, 1, (case,)))

    async def _settled(self, facts: int) -> bool:
        """Wait until all that is in the log is judged and published; False when it is not in time."""
        projecting = Projecting(self._system.backends.kafka, self._topics, self._dsn)
        await self._restart_what_ended()
        self._tell("waiting until all is judged", facts, facts)
        try:
            async with asyncio.timeout(self._plan.settles_within):
                while True:
                    try:
                        await projecting.settled()
                        break
                    except AssertionError:
                        await self._restart_what_ended()
        except TimeoutError:
            self._wrong(
                "all that is in the log is judged in the end", f"not in {self._plan.settles_within:g} s"
            )
            return False
        try:
            await until(self._all_published, "the outbox is empty", limit=self._plan.waits_at_most)
        except AssertionError as error:
            self._wrong("every change of a flag is published", str(error))
        return True

    async def _check(self, outcomes: Outcomes, poison: set[tuple[int, int]], came_back: bool) -> None:
        facts, result = outcomes.first_told, self._result
        settled = came_back and await self._settled(facts)
        judged_through = datetime.now(UTC)
        if not settled:
            # What the tables hold in the middle of things still has to be true; it must only stand still.
            for worker in schedule.WORKERS:
                await asyncio.to_thread(self._system.kill, worker)
        self._tell("reading the log and the tables", facts, facts)
        log = await self._messages(self._topics.drives)
        reference = Reference()
        for record in await self._messages(self._topics.reference):
            reference.append(decode_reference_event(record))
        flags = [
            (message.flag.flag_id, message.sequence)
            for record in await self._messages(self._topics.flags)
            for message in (flag_pb2.FlagChanged.FromString(record.value),)
        ]
        tables = await contents(self._dsn)
        rebuilt = []
        for number in range(self._plan.rebuilds if settled else 0):
            self._tell(f"building the tables anew, {number + 1} of {self._plan.rebuilds}", facts, facts)
            try:
                async with asyncio.timeout(REBUILT_WITHIN):
                    await rebuild(
                        self._system.backends.kafka,
                        self._dsn,
                        self._topics,
                        SystemClock(),
                        tell=lambda read, end: None,
                        processes=number + 1,
                        drives_in_a_lot=100,
                    )
            except TimeoutError:
                self._wrong("the tables can be built anew", f"not in {REBUILT_WITHIN:g} s")
                break
            rebuilt.append(await contents(self._dsn))
        self._tell("checking", facts, facts)
        result.facts, result.calls, result.messages = facts, outcomes.calls, len(log)
        result.flags = len(tables["flag"])
        result.outcomes = checker.counted(outcomes.told)
        result.violations += checker.check(
            Collected(
                told=outcomes.told,
                log=log,
                reference=reference,
                tables=tables,
                judged_through=judged_through,
                flags_topic=flags,
                rebuilt=rebuilt,
                poison=frozenset(poison),
            ),
            settled=settled,
        )

    async def _all_published(self) -> bool:
        return not await ask(self._dsn, "select exists (select from outbox)")

    async def _messages(self, topic: str) -> list[ConsumerRecord]:
        """Every message of a topic from its first offset, read by a consumer of its own."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._system.backends.kafka,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            numbers = await consumer._client.fetch_all_metadata()
            partitions = [TopicPartition(topic, n) for n in sorted(numbers.partitions_for_topic(topic) or ())]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await consumer.seek_to_beginning(*partitions)
            records: list[ConsumerRecord] = []
            while any([await consumer.position(each) < ends[each] for each in partitions]):
                for batch in (await consumer.getmany(timeout_ms=500, max_records=10_000)).values():
                    records += batch
            return records
        finally:
            await consumer.stop()
