"""The two ways out of quarantine, on the real log and the real tables, beside a running projection."""

import asyncio
import contextlib
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import pytest

from log_writer import LogWriter, now
from mitodoke.chassis.clock import SystemClock
from mitodoke.cli.exits import Exit
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled, LeaseEnded
from mitodoke.contracts.reference.v1.reference_pb2 import QuarantineDecided, QuarantinedEvent
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.cloudevents import Envelope, decision_event
from mitodoke.eventlog.reference_log import ReferenceUnavailable
from mitodoke.eventlog.same_log import fingerprint
from mitodoke.lifecycle.alike import Alike
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.readmodel import store
from mitodoke.readmodel.store import SWAP_LOCK
from mitodoke.services.projection import quarantine
from mitodoke.services.projection.quarantine import (
    Decided,
    QuarantineError,
    as_read,
    discard,
    retry,
    waiting,
)
from mitodoke.services.projection.rebuild import rebuild
from mitodoke_local import Backends
from projecting import Projecting
from read_model import ask, contents, until
from unreadable import append, unreadable

BAD = "ZK80001"


async def _poisoned(log: LogWriter) -> None:
    """Enrolled, then something that is no fact, then told to be over and returned."""
    await log.world()
    await log.facts(DriveEnrolled(serial=BAD, occurred_at=now()))
    await log.producer.send_and_wait(log.topics.drives, b"\xff\xff", key=BAD.encode(), headers=[])
    await log.facts(LeaseEnded(serial=BAD, occurred_at=now()))
    await log.facts(DriveReturned(serial=BAD, occurred_at=now()))


async def _discard_the_first(of: Projecting, by: str = "sato", why: str = "not a fact") -> Decided:
    row = await ask(of.dsn, """select array[partition, "offset"] from quarantine order by "offset" limit 1""")
    return await discard(of.bootstrap, of.dsn, of.topics, SystemClock(), row[0], row[1], by=by, why=why)


async def _rebuilt_alike(of: Projecting) -> None:
    before = await contents(of.dsn)
    await _rebuild(of)
    for table, rows in (await contents(of.dsn)).items():
        assert rows == before[table], table


async def _rebuild(of: Projecting) -> None:
    await rebuild(of.bootstrap, of.dsn, of.topics, SystemClock(), tell=lambda read, end: None)


async def _kinds(of: Projecting) -> list[str]:
    kinds: list[str] = await ask(of.dsn, """select array_agg(kind order by "offset") from fact""")
    return kinds


async def test_a_discarded_event_counts_for_nothing_and_what_waited_is_taken_up_in_order(
    log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
        assert await _kinds(projecting) == ["DriveEnrolled"]
        assert await _discard_the_first(projecting) == Decided(2, ())
        assert await _kinds(projecting) == ["DriveEnrolled", "LeaseEnded", "DriveReturned"]
        # The worker that held the drive as parked has noticed.
        await log.facts(DriveReturned(serial=BAD, occurred_at=now()))
        await projecting.settled()
    assert await ask(projecting.dsn, "select facts from drive") == 4
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 0
    assert await ask(projecting.dsn, "select array_agg(decision order by id) from quarantine_decision") == [
        "discarded",
        "retried",
        "retried",
    ]
    assert (
        await ask(projecting.dsn, "select decided_by || why from quarantine_decision limit 1")
        == "satonot a fact"
    )


async def test_a_rebuild_keeps_what_was_discarded_out_and_gives_the_same_tables(
    log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
        await _discard_the_first(projecting)
        await projecting.settled()
    await _rebuilt_alike(projecting)
    assert await ask(projecting.dsn, "select count(*) from quarantine_decision") == 3
    # The decisions go on being counted after the rebuild.
    await log.producer.send_and_wait(log.topics.drives, b"\xff", key=BAD.encode(), headers=[])
    async with projecting.worker():
        await projecting.caught_up()
        await _discard_the_first(projecting)
    assert await ask(projecting.dsn, "select not parked from drive")


def _judges_by(monkeypatch: pytest.MonkeyPatch, by: Callable[..., Verdict]) -> None:
    """Let the worker, and whoever takes up what waits, judge by this."""
    monkeypatch.setattr(Alike, "judge", lambda _, *asked: by(*asked))
    monkeypatch.setattr(quarantine, "judge", by)


def _stumbles(record: Record, *others: Any) -> Verdict:
    """As `judge`, but for a drive of more than one fact."""
    if len(record.facts) > 1:
        raise ZeroDivisionError("a rule that is wrong")
    return judge(record, *others)


async def test_what_was_mended_is_taken_up_and_judged_as_if_nothing_had_happened(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial=BAD, occurred_at=now()))
    await log.facts(LeaseEnded(serial=BAD, occurred_at=now()))
    await log.facts(DriveReturned(serial=BAD, occurred_at=now()))
    async with projecting.worker():
        _judges_by(monkeypatch, _stumbles)
        await projecting.caught_up()
        still = await _retry(projecting)
        assert (still.taken_up, len(still.waiting)) == (0, 2)
        assert "a rule that is wrong" in still.waiting[0].error
        _judges_by(monkeypatch, judge)
        assert await _retry(projecting) == Decided(2, ())
        await projecting.settled()
    await _rebuilt_alike(projecting)
    errors = "select array_agg(error_after order by id) from quarantine_decision"
    assert [bool(e) for e in await ask(projecting.dsn, errors)] == [True, True, False, False]


async def test_a_judgement_that_fails_at_a_turning_point_parks_the_drive_and_stops_nobody(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(record, reference, as_of, *others):  # type: ignore[no-untyped-def]  # as judge
        if record.serial == BAD and any(as_of > fact.recorded_at for fact in record.facts[-1:]):
            raise ZeroDivisionError("a rule that is wrong in time")
        return judge(record, reference, as_of, *others)

    _judges_by(monkeypatch, stumbles)
    await log.world(within="1s")
    for serial in (BAD, "ZK80002"):
        await log.facts(DriveReturned(serial=serial, occurred_at=now()))
    async with projecting.worker():
        await projecting.settled()
        assert [flag["serial"] for flag in await projecting.flags("kind = 'overdue'")] == ["ZK80002"]
        assert "wrong in time" in await ask(projecting.dsn, "select error from quarantine")
        with pytest.raises(QuarantineError, match="is sound and counts"):
            await _discard_the_first(projecting)
        await log.facts(LeaseEnded(serial=BAD, occurred_at=now()))
        await projecting.caught_up()
        assert await ask(projecting.dsn, "select count(*) from quarantine") == 2
        _judges_by(monkeypatch, judge)
        assert (await _retry(projecting)).waiting == ()
        await projecting.settled()
        overdue = {flag["serial"] for flag in await projecting.flags("kind = 'overdue'")}
    assert overdue == {BAD, "ZK80002"}
    assert await ask(projecting.dsn, "select count(*) from fact") == 3


async def test_what_is_tried_again_is_judged_by_every_byte_that_the_log_holds(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    for message in unreadable().values():
        await append(log, message)
    async with projecting.worker():
        await projecting.caught_up()
        before = await contents(projecting.dsn)
        for serial in [row["serial"] for row in before["quarantine"]]:
            still = await _retry(projecting, serial=serial)
            assert (still.taken_up, [event.serial for event in still.waiting]) == (0, [serial])
        await projecting.settled()
        for table, rows in (await contents(projecting.dsn)).items():
            assert rows == before[table], table
        assert (await _discard_the_first(projecting)).waiting == ()
    assert await ask(projecting.dsn, "select count(*) from quarantine") == len(before["quarantine"]) - 1
    await _rebuilt_alike(projecting)


async def _retry(of: Projecting, by: str = "sato", serial: str = BAD) -> Decided:
    return await retry(of.bootstrap, of.dsn, of.topics, SystemClock(), serial, by=by, why="mended")


async def _decision(of: Projecting) -> QuarantineDecided:
    """That the first event that waits is discarded, as it would stand in the log."""
    connection = await asyncpg.connect(of.dsn, server_settings={"search_path": "custody"})
    try:
        first = (await waiting(connection))[0]
    finally:
        await connection.close()
    event = QuarantinedEvent(
        partition=first.partition,
        offset=first.offset,
        fingerprint=fingerprint(as_read(of.topics.drives, first)),
        discarded=True,
        error=first.error,
    )
    return QuarantineDecided(
        serial=first.serial, decided_by="sato", why="not a fact", decided_at=now(), events=[event]
    )


async def _append_decision(log: LogWriter, decision: QuarantineDecided) -> int:
    event = decision_event(decision, Envelope("quarantine", "", str(uuid.uuid4())))
    sent = await log.producer.send_and_wait(
        log.topics.reference, event.value, key=event.key, headers=event.headers
    )
    return int(sent.offset)


async def test_what_had_fallen_due_before_the_drive_was_parked_is_in_a_rebuild_too(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world(within="1s")
    await log.facts(DriveReturned(serial=BAD, occurred_at=now()))
    async with projecting.worker():

        async def flagged() -> bool:
            return bool(await ask(projecting.dsn, "select exists (select from flag where kind = 'overdue')"))

        await until(flagged, "the destruction is overdue")
        await log.producer.send_and_wait(log.topics.drives, b"\xff\xff", key=BAD.encode(), headers=[])
        await projecting.caught_up()
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 1
    await _rebuilt_alike(projecting)


async def test_a_rebuild_that_a_decision_overtakes_abides_by_it(
    log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    decision = await _decision(projecting)
    decider = await asyncpg.connect(projecting.dsn, server_settings={"search_path": "custody"})
    async with decider.transaction():
        # The swap waits for whoever writes: so the decision surely comes after the rebuild has read everything.
        await decider.execute("select pg_advisory_xact_lock_shared($1)", SWAP_LOCK)
        rebuilding = asyncio.create_task(_rebuild(projecting))

        async def at_the_swap() -> bool:
            waits = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
            return bool(await ask(projecting.dsn, waits))

        await until(at_the_swap, "the rebuild wants to swap", limit=120)
        at = await _append_decision(log, decision)
        await store.write_decisions(decider, {at: decision})
    await decider.close()
    await rebuilding
    assert await ask(projecting.dsn, "select decided_by from quarantine_decision") == "sato"
    async with projecting.worker():
        await projecting.settled()
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 0
    assert await _kinds(projecting) == ["DriveEnrolled", "LeaseEnded", "DriveReturned"]


async def test_a_decision_that_reached_the_log_alone_is_carried_out_by_the_projection(
    log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
        # As if who decided had been cut off between the append and the end of the transaction.
        await _append_decision(log, await _decision(projecting))

        async def free() -> bool:
            return bool(await ask(projecting.dsn, "select count(*) = 0 from quarantine"))

        await until(free, "the discarded event waits no more", limit=120)
        await projecting.settled()
    assert await _kinds(projecting) == ["DriveEnrolled", "LeaseEnded", "DriveReturned"]
    assert await ask(projecting.dsn, "select not parked from drive")
    await _rebuilt_alike(projecting)


@pytest.mark.parametrize(("found", "taken_up"), [("", True), ("a rule that is wrong", False)])
async def test_a_retry_that_reached_the_log_alone_is_carried_out_where_it_found_the_event_sound(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch, found: str, taken_up: bool
) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial=BAD, occurred_at=now()))
    await log.facts(LeaseEnded(serial=BAD, occurred_at=now()))
    async with projecting.worker():
        _judges_by(monkeypatch, _stumbles)
        await projecting.caught_up()
        _judges_by(monkeypatch, judge)
        decision = await _decision(projecting)
        decision.events[0].discarded = False
        decision.events[0].error_after = found
        await _append_decision(log, decision)

        async def shown() -> bool:
            return bool(await ask(projecting.dsn, "select count(*) = 1 from quarantine_decision"))

        await until(shown, "the decision is read")
        await projecting.settled()
        await projecting.settled()
    assert await ask(projecting.dsn, "select not parked from drive") == taken_up
    assert await ask(projecting.dsn, "select count(*) from fact") == 1 + taken_up


async def test_a_decision_about_another_event_at_the_same_place_lets_this_one_count(
    log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
        decision = await _decision(projecting)
        decision.events[0].offset = 0
        decision.events[0].fingerprint = b"of an event of another log"
        await _append_decision(log, decision)
        await projecting.settled()
    await _rebuild(projecting)
    assert await ask(projecting.dsn, "select count(*) from quarantine_decision") == 1
    assert await _kinds(projecting) == ["DriveEnrolled"], "the fact at offset 0 counts"


async def test_what_is_wrong_behind_a_discarded_event_waits_in_its_turn(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(record, reference, as_of, *others):  # type: ignore[no-untyped-def]  # as judge
        if any(as_of > fact.recorded_at for fact in record.facts[-1:]):
            raise ZeroDivisionError("a rule that is wrong in time")
        return judge(record, reference, as_of, *others)

    await log.world(within="1s")
    await log.facts(DriveReturned(serial=BAD, occurred_at=now()))
    await log.producer.send_and_wait(log.topics.drives, b"\xff\xff", key=BAD.encode(), headers=[])
    async with projecting.worker():
        await projecting.caught_up()
    due: datetime = await ask(projecting.dsn, "select turns_at from drive")

    async def is_due() -> bool:
        return datetime.now(UTC) > due + timedelta(seconds=1)

    await until(is_due, "the destruction is overdue")
    await log.facts(LeaseEnded(serial=BAD, occurred_at=now()))
    async with projecting.worker():
        await projecting.caught_up()
    _judges_by(monkeypatch, stumbles)
    done = await _discard_the_first(projecting)
    assert (done.taken_up, len(done.waiting)) == (0, 2), "the returned drive, and what waits behind it"


async def test_what_cannot_be_decided_changes_nothing(log: LogWriter, projecting: Projecting) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    with pytest.raises(QuarantineError, match="who decides and why"):
        await _discard_the_first(projecting, why=" ")
    with pytest.raises(QuarantineError, match="who decides and why"):
        await _retry(projecting, by="")
    with pytest.raises(QuarantineError, match="No event waits at 5/999"):
        await discard(
            projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), 5, 999, by="s", why="w"
        )
    with pytest.raises(QuarantineError, match="No event of ZK9 waits"):
        await retry(
            projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), "ZK9", by="s", why="w"
        )
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 3
    assert await ask(projecting.dsn, "select count(*) from quarantine_decision") == 0


async def _said(of: Projecting, namespace: str, *command: str) -> tuple[int, str]:
    """The exit code of a quarantine command, and what it says."""
    environment = os.environ | {
        "MITODOKE_KAFKA": of.bootstrap,
        "MITODOKE_DATABASE": of.dsn,
        "MITODOKE_TOPIC_NAMESPACE": namespace,
        "MITODOKE_LISTEN": "127.0.0.1:0",
        "MITODOKE_DEV_SECRET": "none",
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mitodoke.cli", "quarantine", *command),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_the_commands_show_what_waits_and_settle_it(
    log: LogWriter, projecting: Projecting, namespace: str
) -> None:
    async def said(*command: str) -> tuple[int, str]:
        return await _said(projecting, namespace, *command)

    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    code, listed = await said("list")
    assert (code, listed.count(BAD)) == (1, 3)
    assert "an earlier event of this drive waits" in listed
    place = await ask(
        projecting.dsn, """select partition || '/' || min("offset") from quarantine group by partition"""
    )
    code, shown = await said("show", place)
    assert code == 0
    assert "2 bytes: ff ff" in shown
    code, refused = await said("discard", place, "--by", "sato")
    assert (code, "--why" in refused) == (2, True)
    code, settled = await said("discard", place, "--by", "sato", "--why", "not a fact")
    assert (code, "2 events" in settled) == (0, True), settled
    assert await said("list") == (0, "Nothing waits in quarantine.\n")
    code, decided = await said("decisions")
    assert (code, decided.count("sato")) == (0, 3)


BEFORE_KAFKA_IS_ASKED = "select from progress for update"
"""What a decision waits for before it reads the reference log to its end, in the middle of its transaction."""

BEFORE_THE_APPEND = "lock table quarantine in share mode"
"""What it waits for after that, and before it is appended."""

T = TypeVar("T")


@contextlib.asynccontextmanager
async def while_the_broker_stands_still(
    backends: Backends, of: Projecting, from_lock: str, deciding: Coroutine[Any, Any, T]
) -> AsyncIterator[tuple[asyncio.Task[T], asyncpg.Connection]]:
    """The task of deciding, as the broker stands still from when it has come as far as that lock."""
    connection = await asyncpg.connect(of.dsn, server_settings={"search_path": "custody"})
    task: asyncio.Task[T] | None = None
    try:
        async with connection.transaction():
            await connection.execute(from_lock)
            task = asyncio.create_task(deciding)

            async def waits() -> bool:
                return bool(
                    await connection.fetchval("select exists (select from pg_locks where not granted)")
                )

            await until(waits, "the decision waits for the lock", limit=60)
            backends.broker.child.send(signal.SIGSTOP)
        yield task, connection
    finally:
        backends.broker.child.send(signal.SIGCONT)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await connection.close()


async def _break_off(connection: asyncpg.Connection) -> None:
    """End the session of whoever waits for Kafka in the middle of a transaction."""
    sessions = """pg_stat_activity where datname = current_database() and application_name = 'mitodoke'
        and state = 'idle in transaction' and state_change < clock_timestamp() - interval '0.5 s'"""

    async def broken() -> bool:
        return bool(await connection.fetchval(f"select bool_or(pg_terminate_backend(pid)) from {sessions}"))

    await until(broken, "the decision waits for Kafka")


async def test_a_log_that_does_not_answer_is_not_waited_for_longer_than_postgresql_waits(
    backends: Backends, log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    async with while_the_broker_stands_still(
        backends, projecting, BEFORE_KAFKA_IS_ASKED, _discard_the_first(projecting)
    ) as (deciding, _):
        with pytest.raises(ReferenceUnavailable, match="could not be read to its end"):
            await deciding
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 3


async def test_of_a_decision_that_may_be_in_the_log_it_is_said_how_to_find_out(
    backends: Backends, log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    async with while_the_broker_stands_still(
        backends, projecting, BEFORE_THE_APPEND, _discard_the_first(projecting)
    ) as (deciding, _):
        with pytest.raises(
            QuarantineError, match=r"The log did not say .* decide again only if it is not there"
        ):
            await deciding
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 3
    async with projecting.worker():
        await projecting.settled()
        in_the_log = await ask(projecting.dsn, "select count(*) from quarantine_decision")
        if not in_the_log:
            await _discard_the_first(projecting)
        assert await _kinds(projecting) == ["DriveEnrolled", "LeaseEnded", "DriveReturned"]


async def test_a_decision_that_is_in_the_log_when_postgresql_breaks_off_is_said_to_be_there(
    backends: Backends, log: LogWriter, projecting: Projecting
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    async with while_the_broker_stands_still(
        backends, projecting, BEFORE_THE_APPEND, _discard_the_first(projecting)
    ) as (deciding, connection):
        await _break_off(connection)
        backends.broker.child.send(signal.SIGCONT)
        with pytest.raises(
            QuarantineError,
            match=r"stands in the log.* carries it out.* decide again only about what waits there still",
        ):
            await deciding
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 3
    async with projecting.worker():

        async def free() -> bool:
            return bool(await ask(projecting.dsn, "select count(*) = 0 from quarantine"))

        await until(free, "the projection carries it out", limit=120)
        await projecting.settled()
    assert await _kinds(projecting) == ["DriveEnrolled", "LeaseEnded", "DriveReturned"]
    assert await ask(projecting.dsn, "select count(*) from quarantine_decision") == 3


async def test_of_taking_up_again_it_is_said_that_the_projection_does_it_and_it_does(
    backends: Backends, log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(record, *others):  # type: ignore[no-untyped-def]  # as judge
        raise ZeroDivisionError("a rule that is wrong")

    await log.world()
    await log.facts(DriveReturned(serial=BAD, occurred_at=now()))
    async with projecting.worker():
        _judges_by(monkeypatch, stumbles)
        await projecting.caught_up()
        _judges_by(monkeypatch, judge)
    async with while_the_broker_stands_still(backends, projecting, BEFORE_THE_APPEND, _retry(projecting)) as (
        deciding,
        connection,
    ):
        await _break_off(connection)
        backends.broker.child.send(signal.SIGCONT)
        with pytest.raises(QuarantineError, match=r"stands in the log.* The projection carries it out"):
            await deciding
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 1
    async with projecting.worker():
        await projecting.settled()

        async def taken_up() -> bool:
            return bool(await ask(projecting.dsn, "select count(*) = 0 from quarantine"))

        await until(taken_up, "the projection has taken it up")
    assert await ask(projecting.dsn, "select facts from drive") == 1


async def test_where_postgresql_breaks_off_before_the_append_the_command_says_that_nothing_was_changed(
    backends: Backends, log: LogWriter, projecting: Projecting, namespace: str
) -> None:
    await _poisoned(log)
    async with projecting.worker():
        await projecting.caught_up()
    place = await ask(
        projecting.dsn, """select partition || '/' || min("offset") from quarantine group by partition"""
    )
    command = _said(projecting, namespace, "discard", place, "--by", "sato", "--why", "not a fact")
    async with while_the_broker_stands_still(backends, projecting, BEFORE_KAFKA_IS_ASKED, command) as (
        deciding,
        connection,
    ):
        await _break_off(connection)
        backends.broker.child.send(signal.SIGCONT)
        code, told = await deciding
    assert code == Exit.UNREACHABLE, told
    assert "Nothing was changed" in told
    assert "Traceback" not in told
    assert await ask(projecting.dsn, "select count(*) from quarantine") == 3
