"""Properties of the whole projection, on real Kafka and PostgreSQL, over random histories of many drives.

MITODOKE_DRIVES=20000 takes so many drives, MITODOKE_SEED=7 other histories.

In most of these tests months pass in the log, though not on the clock: its topics take the times that the test
gives its messages (message.timestamp.type=CreateTime), where those of a running system take the broker's. So every
due time, grace and amendment comes in its turn between the facts. The last test goes by the broker's clock.
"""

import asyncio
import os
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from as_reported import event_of, reference_event_of
from histories import CONTRACTS, DAYS, FULL, START
from log_writer import LogWriter, take_the_times_of_messages
from mitodoke.chassis.clock import SystemClock
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.eventlog.payloads import milliseconds_of_moment
from mitodoke.eventlog.topics import Topics, create_topics
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import CORRECTIONS, Role
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.reference import Reference, ReferenceFact
from mitodoke.lifecycle.verdict import FlagState, Verdict
from mitodoke.readmodel import store
from mitodoke.readmodel.drive_state import DriveState
from mitodoke.readmodel.migrations import migrate
from mitodoke.services.projection.rebuild import rebuild
from mitodoke_local import Backends
from projecting import Projecting
from random_chains import ANYTHING, Chains, answers, chains, report, taken_back
from read_model import ask, contents, until
from worlds import CARRIER, DESTROYER, INSTANT, amended, approval, closed, published, record, registered

DRIVES: Final = int(os.environ.get("MITODOKE_DRIVES", "700"))
SEED: Final = int(os.environ.get("MITODOKE_SEED", "1"))
LIMIT: Final = 120 + DRIVES / 4
"""In seconds: how long a projection may take to read everything."""
END: Final = START + timedelta(days=3 * DAYS)

SLICES: Final = 15

Tables = dict[str, list[dict[str, Any]]]
Append = Callable[[Sequence[Fact], Sequence[ReferenceFact]], Awaitable[None]]


@dataclass(frozen=True)
class Told:
    """Histories in a log, under the times that they name, and the tables that a projection made of it."""

    chains: Chains
    topics: Topics
    tables: Tables
    states: dict[str, DriveState]


@pytest.fixture(scope="module")
def told(backends: Backends) -> Iterator[Told]:
    """The histories, written and projected once for all tests: in large batches, and with all drives in memory."""
    histories = chains(DRIVES, SEED)
    topics = Topics.named(f"t{uuid.uuid4().hex[:12]}")

    async def write_and_project() -> tuple[Tables, dict[str, DriveState]]:
        await _write(backends.kafka, topics, histories.facts, histories.agreements)
        async with _projection(backends, topics) as projecting:
            async with projecting.worker(alone=True):
                await projecting.settled(LIMIT)
            return await contents(projecting.dsn), await _states(projecting.dsn)

    yield Told(histories, topics, *asyncio.run(write_and_project()))
    asyncio.run(_delete(backends.kafka, topics))


async def _write(
    bootstrap: str, topics: Topics, facts: Sequence[Fact], agreements: Sequence[ReferenceFact]
) -> None:
    async with _writing(bootstrap, topics) as append:
        await append(facts, agreements)


@asynccontextmanager
async def _writing(bootstrap: str, topics: Topics) -> AsyncIterator[Append]:
    """Make the topics, and append to them: agreements before facts, each under its own time."""
    await create_topics(bootstrap, topics)
    await take_the_times_of_messages(bootstrap, (topics.drives, topics.reference))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5)

    async def append(facts: Sequence[Fact], agreements: Sequence[ReferenceFact]) -> None:
        of_reference = ((reference_event_of(each), each.recorded_at) for each in agreements)
        of_drives = ((event_of(each), each.recorded_at) for each in facts)
        for topic, told in ((topics.reference, of_reference), (topics.drives, of_drives)):
            waiting = []
            for event, recorded_at in told:
                stamp = milliseconds_of_moment(recorded_at)
                waiting.append(
                    await producer.send(
                        topic, event.value, key=event.key, headers=event.headers, timestamp_ms=stamp
                    )
                )
            for future in waiting:
                await future

    await producer.start()
    try:
        yield append
    finally:
        await producer.stop()


async def _delete(bootstrap: str, topics: Topics) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(list(astuple(topics)))
    finally:
        await admin.close()


@asynccontextmanager
async def _projection(backends: Backends, topics: Topics) -> AsyncIterator[Projecting]:
    """A projection of these topics into a database of its own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    dsn = await asyncio.to_thread(backends.database.create_database, name)
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection)
    finally:
        await connection.close()
    yield Projecting(backends.kafka, topics, dsn)
    await asyncio.to_thread(backends.database.drop_database, name)


async def _states(dsn: str) -> dict[str, DriveState]:
    """What the tables hold of each drive, read as the projection reads it."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody", "timezone": "UTC"})
    try:
        serials = [row["serial"] for row in await connection.fetch("select serial from drive")]
        return await store.load(connection, serials, decode_fact)
    finally:
        await connection.close()


def _same(found: Tables, expected: Tables) -> None:
    """Row for row; says which rows differ, and not all of the tables."""
    for table, rows in expected.items():
        other = [(a, b) for a, b in zip(found[table], rows, strict=False) if a != b]
        assert other[:1] == [], f"{len(other)} rows of {table} differ"
        assert len(found[table]) == len(rows), table


def _judged(agreed: Reference, state: DriveState, as_of: datetime) -> Verdict:
    # A reference fact counts for what comes after its moment (ADR 0006).
    return judge(state.record, agreed.read_through(as_of - INSTANT), as_of)


def test_the_tables_hold_every_history_and_what_the_judgement_says_of_it(told: Told) -> None:
    by_serial: dict[str, list[Fact]] = {}
    for fact in told.chains.facts:
        by_serial.setdefault(fact.serial, []).append(fact)
    agreed = told.chains.agreed
    assert told.states.keys() == by_serial.keys()
    assert len(by_serial) == DRIVES
    taken_back = 0
    for serial, state in told.states.items():
        assert state.record == record(by_serial[serial], serial)
        verdict = _judged(agreed, state, state.judged_at)
        assert verdict.turns_at is None
        owed = {(o.cycle, o.obligation, o.subject): o for o in verdict.obligations}
        assert {tuple(key): o for key, o in state.obligations.items()} == owed
        held = {flag_id: stored.flag for flag_id, stored in state.flags.items()}
        for flag in verdict.flags:
            assert held.pop(flag.flag_id) == flag
        # What later facts have taken back stays, closed.
        assert {flag.state for flag in held.values()} <= {FlagState.RESOLVED}
        taken_back += len(held)
    assert taken_back > DRIVES / 10


@pytest.mark.parametrize(
    "steps",
    [
        [(500, None, 10_000, 10_000)],
        [(1, 50, 50, 20), (7, 450, 50, 0), (3000, None, 50, 50)],
    ],
    ids=[
        "500 messages at once, and every drive in memory",
        "1, then 7, then 3000, and little memory",
    ],
)
async def test_neither_the_size_of_a_batch_nor_the_memory_of_the_worker_matters(
    told: Told, backends: Backends, steps: list[tuple[int, int | None, int, int]]
) -> None:
    async with _projection(backends, told.topics) as projecting:
        for read_at_once, facts, cached_drives, cached_workings in steps:
            async with projecting.worker(
                alone=True,
                read_at_once=read_at_once,
                cached_drives=cached_drives,
                cached_workings=cached_workings,
                sweep_every=2,
            ):
                if facts is not None:
                    await _read(projecting, facts)
                else:
                    await projecting.settled(LIMIT)
        _same(await contents(projecting.dsn), told.tables)


async def test_agreements_that_are_learnt_of_between_the_facts_give_the_same_tables(
    told: Told, backends: Backends
) -> None:
    """Elsewhere here a worker knows all agreements from the beginning; this one learns of them as time goes by."""
    topics = Topics.named(f"t{uuid.uuid4().hex[:12]}")
    facts, agreements = told.chains.facts, list(told.chains.agreements)
    size = len(facts) // SLICES + 1
    async with _writing(backends.kafka, topics) as append, _projection(backends, topics) as projecting:
        # Years pass in the log: a sweep at its end would judge all drives as of today.
        async with projecting.worker(alone=True, sweep_every=1e9):
            for first in range(0, len(facts), size):
                told_now = facts[first : first + size]
                last = max(fact.recorded_at for fact in told_now)
                agreed_now = [each for each in agreements if each.recorded_at <= last]
                agreements = agreements[len(agreed_now) :]
                await append(told_now, agreed_now)
                await _read(projecting, first + len(told_now))
            await append((), agreements)
        async with projecting.worker(alone=True):
            await projecting.settled(LIMIT)
        _same(await contents(projecting.dsn), told.tables)
    await _delete(backends.kafka, topics)


async def _read(projecting: Projecting, facts: int) -> None:
    async def read() -> bool:
        sum_of = "select coalesce(sum(next_offset), 0) >= $1 from progress where partition >= 0"
        return bool(await ask(projecting.dsn, sum_of, facts))

    await until(read, f"{facts} facts are read", limit=LIMIT)


async def test_the_order_of_the_log_does_not_matter_to_what_is_so_in_the_end(
    told: Told, backends: Backends
) -> None:
    # Every other drive, and no repeats: of those the first in the log counts.
    once = {fact.event_id: fact for fact in reversed(told.chains.facts) if fact.serial[-1] in "02468"}
    shuffled = list(once.values())
    random.Random(SEED).shuffle(shuffled)
    topics = Topics.named(f"t{uuid.uuid4().hex[:12]}")
    await _write(backends.kafka, topics, shuffled, told.chains.agreements)
    async with _projection(backends, topics) as projecting:
        async with projecting.worker(alone=True):
            await projecting.settled(LIMIT)
        states = await _states(projecting.dsn)
    await _delete(backends.kafka, topics)
    assert states.keys() == {fact.serial for fact in shuffled}
    agreed = told.chains.agreed
    for serial, state in states.items():
        other = told.states[serial]
        assert state.record == other.record
        assert state.turns_at is other.turns_at is None
        assert state.obligations == other.obligations
        # In another order other flags come up and are taken back on the way.
        now = {flag.flag_id for flag in _judged(agreed, state, state.judged_at).flags}
        assert {f: state.flags[f].flag for f in now} == {f: other.flags[f].flag for f in now}


def test_no_verdict_changes_between_turning_points(told: Told) -> None:
    chance = random.Random(SEED)
    agreed = told.chains.agreed
    for state in told.states.values():
        # Soon after something was told: most of what turns turns then.
        latest = chance.choice(state.record.facts)
        moment = latest.known_at + timedelta(days=20 * chance.random() ** 2)
        verdict = judge(state.record, agreed, moment)
        turns_at = min(verdict.turns_at or END, END)
        later = judge(state.record, agreed, moment + (turns_at - moment) * chance.random())
        last = judge(state.record, agreed, max(moment, turns_at - INSTANT))
        for between in (later, last):
            assert (between.obligations, between.flags) == (verdict.obligations, verdict.flags)
            assert between.turns_at == verdict.turns_at


def test_what_people_say_of_flags_changes_nothing_but_the_state_of_those_flags(told: Told) -> None:
    chance = random.Random(SEED)
    agreed = told.chains.agreed
    answered = 0
    for serial, state in told.states.items():
        said = [f for f in state.record.facts if f.kind in CORRECTIONS and hasattr(f, "flag")]
        if said:
            unsaid = Record(serial, tuple(f for f in state.record.facts if f not in said))
            moment = START + (END - START) * chance.random()
            with_answers, without = judge(state.record, agreed, moment), judge(unsaid, agreed, moment)
            assert with_answers.obligations == without.obligations
            about = {fact.flag for fact in said}
            for one, other in zip(with_answers.flags, without.flags, strict=True):
                alike = replace(
                    other,
                    state=one.state,
                    resolution=one.resolution,
                    resolved_at=one.resolved_at,
                    severity=one.severity,
                )
                assert one == (alike if one.flag_id in about else other)
                answered += one != other
    assert answered > DRIVES / 20


LIVE_DRIVES: Final = DRIVES // 2
AGO: Final = tuple(
    timedelta(hours=hours) for hours in (0, 0, 1, 5, 25, 28, 30, 54, 24 * 20, 24 * 40, 24 * 100)
)
"""So long ago that what is owed falls due, or is decided, in these seconds: by the policy's hours and its grace."""


async def test_a_rebuild_equals_live_tables_that_came_about_by_the_clock(
    log: LogWriter, projecting: Projecting
) -> None:
    """Written in waves while the worker and its sweep run; then the flags are answered; then it is built again."""
    chance = random.Random(SEED)
    for agreement in (published(FULL, datetime.now(UTC)), registered(CONTRACTS[0], datetime.now(UTC))):
        await log.append(log.topics.reference, [reference_event_of(agreement)])
    told: list[Fact] = []
    async with projecting.worker(cached_drives=200, cached_workings=50, read_at_once=300):
        for wave in range(8):
            facts = [_now(chance, number) for number in range(LIVE_DRIVES) if chance.random() < 0.8]
            facts += [taken_back(chance, fact) for fact in chance.sample(told, len(told) // 50)]
            facts += chance.sample(told, len(told) // 50)
            await log.append(log.topics.drives, [event_of(fact) for fact in facts])
            told += facts
            for news in _news(chance, wave):
                await log.append(log.topics.reference, [reference_event_of(news)])
            # Each is judged while the next is not yet told, as a rebuild never meets it.
            await _read(projecting, len(told))
        await projecting.settled(LIMIT)
        before = await contents(projecting.dsn)
        said = [
            answer
            for state in (await _states(projecting.dsn)).values()
            if chance.random() < 0.4
            for answer in answers(
                chance, state.record.serial, [s.flag for s in state.flags.values()], datetime.now(UTC), 5
            )
        ]
        await log.append(log.topics.drives, [event_of(fact) for fact in said])
        await projecting.settled(LIMIT)
        live = await contents(projecting.dsn)
        _answers_changed_no_fact(before, live, len(said))
        rebuilt = await rebuild(
            projecting.bootstrap,
            projecting.dsn,
            projecting.topics,
            SystemClock(),
            tell=lambda read, end: None,
            drives_in_a_lot=7,
        )
        assert rebuilt.changed_flags == 0
        _same(await contents(projecting.dsn), live)
    by_state = {row["state"] for row in live["flag_history"]}
    assert by_state == {"open", "acknowledged", "resolved"}
    assert {row["resolution"] for row in live["flag"]} == {None, "met_late", "corrected", "waived"}


def _now(chance: random.Random, number: int) -> Fact:
    at = datetime.now(UTC) + timedelta(seconds=6 * chance.random()) - chance.choice(AGO)
    contract = chance.choice((*CONTRACTS, CONTRACTS[0]))
    says = chance.choice(ANYTHING)
    return report(
        chance, says, at, f"ZR{number:06}", number // 40, contract, second_word=chance.random() < 0.5
    )


def _news(chance: random.Random, wave: int) -> Iterator[ReferenceFact]:
    now = datetime.now(UTC)
    long_ago = now - timedelta(days=30)
    shipment = f"S-{chance.randrange(LIVE_DRIVES // 40 + 1)}"
    yield closed(now, shipment, chance.choice(CONTRACTS), chance.choice((None, long_ago)))
    if wave == 2:
        # Facts under it were reported before; as imported history it counts from before them.
        yield registered(CONTRACTS[1], now, counts_from=long_ago)
    if wave % 3 == 0:
        until = now + timedelta(seconds=chance.randrange(5))
        yield amended(now, approval(CARRIER, Role.CARRIER, None, until), contract=chance.choice(CONTRACTS))
    if wave == 6:
        lasted = approval(DESTROYER, Role.DESTROYER, None, long_ago)
        yield amended(now, lasted, contract=CONTRACTS[0], counts_from=long_ago)


def _answers_changed_no_fact(before: Tables, after: Tables, answers: int) -> None:
    said = [row for row in after["fact"] if row not in before["fact"]]
    assert len(said) == answers
    assert len(after["fact"]) == len(before["fact"]) + answers
    for table in ("obligation", "shipment", "shipment_closure", "drive_contract", "contract"):
        assert after[table] == before[table], table
    counted = ("facts", "judged_at", "turns_at", "contract")
    for one, other in zip(after["drive"], before["drive"], strict=True):
        assert {k: v for k, v in one.items() if k not in counted} == {
            k: v for k, v in other.items() if k not in counted
        }
    of_state = ("state", "resolved_at", "resolution", "sequence", "severity")
    for one, other in zip(after["flag"], before["flag"], strict=True):
        assert {k: v for k, v in one.items() if k not in of_state} == {
            k: v for k, v in other.items() if k not in of_state
        }
