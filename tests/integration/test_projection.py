"""The projection on real Kafka and real PostgreSQL: each fact once, judged in time, the same again in a rebuild."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from log_writer import LogWriter, at, now, take_the_times_of_messages
from mitodoke.chassis.clock import SystemClock
from mitodoke.contracts.destruction.v1.destruction_pb2 import CertificateAccepted, DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.oversight.v1.oversight_pb2 import DriveSighted, FactRetracted
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReleased, DriveReturned
from mitodoke.contracts.transport.v1.transport_pb2 import CustodyTransferred, DriveDelivered, DriveDispatched
from mitodoke.eventlog.partitioning import partition_of
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel import bulk, store
from mitodoke.readmodel.migrations import migrate, packaged
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.projection import worker
from mitodoke.services.projection.ledger import REFERENCE_COUNTS_AFTER
from mitodoke.services.projection.rebuild import rebuild
from mitodoke.services.projection.worker import PASSING
from mitodoke_local import Backends
from projecting import Projecting
from read_model import ask, contents, until
from unreadable import append, unreadable


async def test_a_fact_becomes_a_drive_with_what_it_is_owed(log: LogWriter, projecting: Projecting) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    async with projecting.worker():
        await projecting.caught_up()
    assert await ask(projecting.dsn, "select holder from drive where serial = 'ZK80001'") == "lessor"
    assert await ask(projecting.dsn, "select count(*) from fact") == 2
    assert await ask(projecting.dsn, "select count(*) from obligation where state = 'pending'") == 2
    assert await projecting.flags() == []


async def test_the_same_event_again_counts_once(log: LogWriter, projecting: Projecting) -> None:
    await log.world()
    request = str(uuid.uuid4())
    item = DriveEnrolled(serial="ZK80001", occurred_at=at("2026-01-05T10:00:00+09:00"))
    for _ in range(3):
        await log.facts(item, request_id=request)
    async with projecting.worker():
        await projecting.caught_up()
    assert await ask(projecting.dsn, "select count(*) from fact") == 1
    assert await ask(projecting.dsn, "select facts from drive") == 1


async def test_a_connection_that_asyncpg_finds_in_two_states_at_once_is_a_passing_trouble(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    write, tripped = bulk.write, 0

    async def trip_once(*arguments: Any) -> None:
        nonlocal tripped
        tripped += 1
        if tripped == 1:
            # As it was when the disk under PostgreSQL was full.
            raise asyncpg.InternalClientError(
                "cannot switch to state 15; another operation (2) is in progress"
            )
        await write(*arguments)

    monkeypatch.setattr(bulk, "write", trip_once)
    async with projecting.worker():
        await projecting.caught_up()
    assert tripped > 1
    assert await ask(projecting.dsn, "select count(*) from fact") == 1


async def test_a_worker_that_hangs_in_the_middle_of_a_write_does_not_keep_another_from_its_work(
    projecting: Projecting,
) -> None:
    pool = await open_pool(projecting.dsn)
    try:
        hanging, other = await pool.acquire(), await pool.acquire()
        await store.ensure_progress(other, 1)
        await hanging.execute("begin")
        assert await store.fence(hanging, 0, start=0, end=1, knows=0) is not None
        async with asyncio.timeout(30):
            await store.ensure_progress(other, 1)
            assert await store.fence(other, 0, start=0, end=2, knows=0) is not None
        # What the one that hung had written counts for nothing, also once it moves again.
        with pytest.raises(PASSING):
            await hanging.execute("commit")
        assert (await store.positions(other))[0] == 2
    finally:
        pool.terminate()


async def test_a_worker_that_hangs_while_it_hands_over_rows_is_ended_by_who_takes_over(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    async with projecting.worker():
        await projecting.caught_up()
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    hangs = asyncio.Event()

    async def rows_that_never_come() -> AsyncIterator[tuple[int, str, bytes]]:
        hangs.set()
        await asyncio.Event().wait()
        yield 0, "", b""

    pool = await open_pool(projecting.dsn)
    try:
        hanging = await pool.acquire()
        await hanging.execute("begin")
        await hanging.execute("select from progress for update")
        handing_over = asyncio.create_task(
            hanging.copy_records_to_table(
                "outbox", records=rows_that_never_come(), columns=["partition", "key", "value"]
            )
        )
        await hangs.wait()
        async with projecting.worker():
            await projecting.caught_up(limit=40)
        assert await ask(projecting.dsn, "select facts from drive") == 2
        handing_over.cancel()
        await asyncio.gather(handing_over, return_exceptions=True)
    finally:
        pool.terminate()


async def test_a_drive_is_read_from_the_tables_once_and_then_kept_at_hand(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    sweeps = 0
    load, due_serials = store.load, store.due_serials

    async def loaded(connection: Any, serials: Any, decode: Any) -> Any:
        read.extend(serials)
        return await load(connection, serials, decode)

    async def swept(*asked: Any) -> list[str]:
        nonlocal sweeps
        sweeps += 1
        return await due_serials(*asked)

    monkeypatch.setattr(store, "load", loaded)
    monkeypatch.setattr(store, "due_serials", swept)
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    async with projecting.worker(alone=True):
        await projecting.caught_up()
        for message in (DriveReturned, DriveDestroyed):
            enough = sweeps + 13

            async def swept_twice(enough: int = enough) -> bool:
                return sweeps >= enough

            await until(swept_twice, "two sweeps over 6 partitions", limit=60)
            await log.facts(message(serial="ZK80001", occurred_at=now()))
            await projecting.caught_up()
    assert read == ["ZK80001"]


async def test_of_more_drives_that_fall_due_than_are_kept_at_hand_the_others_alone_are_read(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SWEEP_AT_ONCE", 4)
    serials = [s for s in (f"ZK8{n:05}" for n in range(1000)) if partition_of(s.encode(), 6) == 0][:40]
    read: list[str] = []
    load = store.load

    async def loaded(connection: Any, serials: Any, decode: Any) -> Any:
        read.extend(serials)
        return await load(connection, serials, decode)

    monkeypatch.setattr(store, "load", loaded)
    await log.world(within="5s")
    await log.facts(*(DriveReturned(serial=s, occurred_at=now()) for s in serials))
    async with projecting.worker(alone=True, cached_drives=38):
        await projecting.caught_up()

        async def all_overdue() -> bool:
            return len(await projecting.flags("kind = 'overdue'")) == len(serials)

        await until(all_overdue, "every destruction is overdue", limit=60)
    assert len(read) == len(serials) + 2


async def test_while_one_partition_waits_for_the_database_another_is_worked_on(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    serials = [f"ZK8{number:04}" for number in range(60)]
    await log.facts(*(DriveEnrolled(serial=serial, occurred_at=now()) for serial in serials))
    write, writing, two = bulk.write, set[int](), asyncio.Event()

    async def wait_for_another(connection: Any, partition: int, changes: Any) -> None:
        writing.add(partition)
        if len(writing) > 1:
            two.set()
        with contextlib.suppress(TimeoutError):
            # Nothing says that the first read has something of two partitions; those after it have.
            async with asyncio.timeout(2):
                await two.wait()
        await write(connection, partition, changes)
        writing.remove(partition)

    monkeypatch.setattr(bulk, "write", wait_for_another)
    async with projecting.worker(alone=True):
        await projecting.caught_up()
    assert two.is_set()
    assert await ask(projecting.dsn, "select count(*) from fact") == len(serials)


async def test_the_same_event_with_another_body_waits_in_quarantine(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    request = str(uuid.uuid4())
    for day in ("05", "06"):
        await log.facts(
            DriveEnrolled(serial="ZK80001", occurred_at=at(f"2026-01-{day}T10:00:00+09:00")),
            request_id=request,
        )
    async with projecting.worker():
        await projecting.caught_up()
    assert await ask(projecting.dsn, "select count(*) from fact") == 1
    assert "another body" in await ask(projecting.dsn, "select error from quarantine")


async def test_a_breach_is_raised_at_its_due_time_though_nobody_speaks(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world(within="1s")
    async with projecting.worker():
        await log.facts(
            DriveEnrolled(serial="ZK80001", occurred_at=now()),
        )
        returned = datetime.now(UTC)
        await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))

        async def raised() -> bool:
            return bool(await projecting.flags("kind = 'overdue'"))

        await until(raised, "the destruction is overdue")
    (flag,) = await projecting.flags("kind = 'overdue'")
    assert flag["subject"] == "destruction"
    assert flag["party"] == "destroyer"
    assert 0.9 < (flag["raised_at"] - returned).total_seconds() < 1.5  # type: ignore[operator]
    assert (flag["detected_at"] - flag["raised_at"]).total_seconds() < 1.5  # type: ignore[operator]


async def test_a_projection_that_lags_accuses_nobody_whose_report_waits_in_the_log(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world(within="1s")
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    await log.facts(
        DriveDestroyed(serial="ZK80001", occurred_at=now(), method="DESTRUCTION_METHOD_SHRED"),
        party="destroyer",
    )
    # The due time passes before any worker runs.
    due = datetime.now(UTC).timestamp() + 1.2

    async def passed() -> bool:
        return datetime.now(UTC).timestamp() > due

    await until(passed, "the due time passes")
    # A sweep after every single message: it comes by when the return is read and the destruction is not.
    async with projecting.worker(read_at_once=1, sweep_every=0):
        await projecting.caught_up()
    assert await projecting.flags("kind = 'overdue' and subject = 'destruction'") == []
    assert await ask(projecting.dsn, "select count(*) from flag_history") == 0


async def test_closing_a_shipment_flags_what_has_not_arrived(log: LogWriter, projecting: Projecting) -> None:
    await log.world()
    serials = ["ZK80001", "ZK80002", "ZK80003"]
    await log.facts(*(DriveEnrolled(serial=s, occurred_at=now()) for s in serials))
    far = at("2099-01-01T00:00:00+00:00")
    await log.facts(
        *(DriveDispatched(serial=s, occurred_at=now(), shipment_id="S-1", eta=far) for s in serials),
        party="carrier",
    )
    await log.facts(DriveDelivered(serial="ZK80001", occurred_at=now(), shipment_id="S-1"), party="destroyer")
    async with projecting.worker():
        await projecting.caught_up()
        assert await projecting.flags() == []
        await log.reference(reference_pb2.ShipmentClosed(shipment_id="S-1", contract_id="K-1"))

        async def flagged() -> bool:
            return len(await projecting.flags("subject = 'arrival/S-1'")) == 2

        await until(flagged, "both missing drives are flagged")
    found = await projecting.flags("kind = 'overdue'")
    assert [flag["serial"] for flag in found] == ["ZK80002", "ZK80003"]


async def test_an_amendment_is_judged_without_a_new_fact_of_the_drive(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()), party="recycler")
    async with projecting.worker():

        async def state(wanted: str) -> bool:
            flags = await projecting.flags("kind = 'unapproved_party'")
            return [flag["state"] for flag in flags] == [wanted]

        await until(lambda: state("open"), "the recycler is flagged")
        amendment = reference_pb2.ContractAmended(contract_id="K-1")
        amendment.approvals.add(party_id="recycler", role=reference_pb2.ROLE_DESTROYER)
        await log.reference(amendment)
        await until(lambda: state("resolved"), "the approval takes the flag back")
    assert await ask(projecting.dsn, "select array_agg(state order by sequence) from flag_history") == [
        "open",
        "resolved",
    ]


async def test_a_message_that_is_no_fact_parks_its_drive_and_stops_no_other(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    await log.producer.send_and_wait(log.topics.drives, b"\xff\xff", key=b"ZK80001", headers=[])
    await log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    wrong = unreadable()
    for message in wrong.values():
        await append(log, message)
    await log.facts(DriveEnrolled(serial="ZK80002", occurred_at=now()))
    async with projecting.worker():
        await projecting.caught_up()
    waiting = "select array_agg(serial) from quarantine where serial = 'ZK80001'"
    assert await ask(projecting.dsn, waiting) == ["ZK80001", "ZK80001"]
    assert await ask(projecting.dsn, "select facts from drive where serial = 'ZK80001'") == 1
    assert await ask(projecting.dsn, "select facts from drive where serial = 'ZK80002'") == 1
    named = "select count(distinct serial) from quarantine where error like '%cannot be read%'"
    assert await ask(projecting.dsn, named) == 1 + len(wrong), (
        "none waits behind another that it has no part in"
    )
    before = await contents(projecting.dsn)
    await rebuild(
        projecting.bootstrap, projecting.dsn, log.topics, SystemClock(), tell=lambda read, end: None
    )
    for table, rows in (await contents(projecting.dsn)).items():
        assert rows == before[table], table


async def test_a_parked_drive_keeps_no_other_from_being_judged_in_time(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world(within="1s")
    for serial in ("ZK80001", "ZK80002"):
        await log.facts(DriveEnrolled(serial=serial, occurred_at=now()))
        await log.facts(DriveReturned(serial=serial, occurred_at=now()))
    await log.producer.send_and_wait(log.topics.drives, b"\xff\xff", key=b"ZK80001", headers=[])
    async with projecting.worker():

        async def raised() -> bool:
            return bool(await projecting.flags("kind = 'overdue'"))

        await until(raised, "the other drive's destruction is overdue")
        await projecting.settled()
    assert [flag["serial"] for flag in await projecting.flags("kind = 'overdue'")] == ["ZK80002"]


async def _a_busy_history(log: LogWriter, drives: int) -> None:
    """Enrolled, returned, destroyed, accepted, sighted and retracted, some of it twice and some never."""
    await log.world(within="1s")
    serials = [f"ZK8{n:05}" for n in range(drives)]
    again = str(uuid.uuid4())
    enrolled = [DriveEnrolled(serial=s, occurred_at=now()) for s in serials]
    for _ in range(2):
        await log.facts(*enrolled, request_id=again)
    returned = await log.facts(*(DriveReturned(serial=s, occurred_at=now()) for s in serials[::2]))
    await log.facts(
        *(
            DriveDestroyed(serial=s, occurred_at=now(), method="DESTRUCTION_METHOD_MELT")
            for s in serials[::3]
        ),
        party="destroyer",
    )
    await log.reference(
        reference_pb2.ContractAmended(
            contract_id="K-1",
            approvals=[
                reference_pb2.Approval(
                    party_id="destroyer", role=reference_pb2.ROLE_DESTROYER, valid_until=now()
                )
            ],
        )
    )
    await log.facts(*(DriveSighted(serial=s, occurred_at=now()) for s in serials[::7]), party="owner")
    await log.facts(
        *(
            FactRetracted(serial=s, occurred_at=now(), event_id=event.event_id, reason="scanned by mistake")
            for s, event in zip(serials[::2], returned, strict=True)
            if int(s[3:]) % 10 == 0
        )
    )
    await log.facts(
        *(CertificateAccepted(serial=s, occurred_at=now(), certificate_id="C-1") for s in serials[::4]),
        party="owner",
    )


WHEN_NOTICED = "select array_agg((flag_id, detected_at) order by flag_id)::text from flag"
"""What the log does not say, and a rebuild keeps."""


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_rebuild_gives_the_same_tables_row_for_row(
    log: LogWriter, projecting: Projecting, processes: int
) -> None:
    # So little memory that most drives are judged from the tables, and some with the verdict before at hand.
    async with projecting.worker(cached_drives=200, cached_workings=50):
        await _a_busy_history(log, 300)
        await projecting.settled()
        before = await contents(projecting.dsn)
        noticed = await ask(projecting.dsn, WHEN_NOTICED)
        told: list[tuple[int, int]] = []
        rebuilt = await rebuild(
            projecting.bootstrap,
            projecting.dsn,
            projecting.topics,
            SystemClock(),
            tell=lambda read, end: told.append((read, end)),
            processes=processes,
            drives_in_a_lot=20,
        )
        assert rebuilt.facts == len(before["fact"])
        assert rebuilt.changed_flags == 0
        assert told[-1][0] == told[-1][1] > 0
        after = await contents(projecting.dsn)
        for table, rows in before.items():
            assert after[table] == rows, table
        assert len(before["flag"]) > 100
        assert await ask(projecting.dsn, WHEN_NOTICED) == noticed
        # The live worker goes on in the new tables.
        await log.facts(DriveEnrolled(serial="LATER1", occurred_at=now()))
        await projecting.caught_up()
    assert await ask(projecting.dsn, "select facts from drive where serial = 'LATER1'") == 1
    assert await ask(projecting.dsn, "select to_regnamespace('custody_replaced') is null")


async def test_two_workers_that_both_believe_they_own_every_partition_count_each_fact_once(
    log: LogWriter, projecting: Projecting
) -> None:
    await _a_busy_history(log, 300)
    async with projecting.worker(alone=True), projecting.worker(alone=True):
        await _a_busy_history_goes_on(log)
        await projecting.settled()
    together = await contents(projecting.dsn)
    appended = await ask(projecting.dsn, "select sum(next_offset)::int from progress where partition >= 0")
    assert len(together["fact"]) == appended - 300, "each of the 300 repeats counts once"
    await rebuild(
        projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), tell=lambda read, end: None
    )
    alone = await contents(projecting.dsn)
    for table, rows in together.items():
        assert alone[table] == rows, table


async def test_a_worker_that_knows_less_of_the_agreements_than_the_tables_writes_nothing(
    log: LogWriter, projecting: Projecting
) -> None:
    """As one that was frozen between reading and writing, while another had its partition and judged by more."""
    await log.world()
    kept = ReferenceFollower(projecting.bootstrap, projecting.topics.reference)
    other = ReferenceFollower(projecting.bootstrap, projecting.topics.reference)
    following = asyncio.create_task(kept.run())
    connection = await asyncpg.connect(projecting.dsn, server_settings={"search_path": "custody"})
    locks = "select count(*) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"

    async def at_its_fence() -> bool:
        return bool(await connection.fetchval(f"{locks} and not granted"))

    async def past_its_fence() -> bool:
        return not await connection.fetchval(locks)

    try:
        async with projecting.worker(alone=True, follower=kept):
            await projecting.settled()
            # Where the swap of a rebuild would hold it: it has read all that there is, and has written nothing.
            await connection.execute("select pg_advisory_lock($1)", store.SWAP_LOCK)
            await log.facts(
                DriveReleased(serial="ZK80001", occurred_at=now(), lot_id="L-1", to_party_id="lessor")
            )
            await until(at_its_fence, "the worker stands at its fence")
            following.cancel()
            await asyncio.wait([following])
            await log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-1"))
            await _taken_in_by_another(connection, other)
            await connection.execute("select pg_advisory_unlock($1)", store.SWAP_LOCK)
            await until(past_its_fence, "the worker has gone by its fence")
            assert await connection.fetchval("select count(*) from fact") == 0
            following = asyncio.create_task(kept.run())
            await projecting.settled()
        assert [flag["kind"] for flag in await projecting.flags()] == ["missing_at_close", "unknown_drive"]
    finally:
        following.cancel()
        await connection.close()
    live = await contents(projecting.dsn)
    await rebuild(
        projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), tell=lambda read, end: None
    )
    assert await contents(projecting.dsn) == live


async def test_an_agreement_that_is_seen_later_than_a_fact_recorded_after_it_counts_as_in_a_rebuild(
    log: LogWriter, projecting: Projecting
) -> None:
    """Two topics are two logs: with several brokers an append to one may take longer until it can be read."""
    await take_the_times_of_messages(
        projecting.bootstrap, (projecting.topics.drives, projecting.topics.reference)
    )
    begun = datetime.now(UTC) - timedelta(hours=1)
    log.at = begun
    await log.world()
    async with projecting.worker():
        log.at = begun + timedelta(seconds=3)
        for serial in ("ZK80001", "ZK80002"):
            left = DriveReleased(serial=serial, occurred_at=now(), lot_id=f"L-{serial}", to_party_id="lessor")
            await log.facts(left)
        await projecting.settled()
        log.at = begun + timedelta(seconds=2)
        for serial in ("ZK80001", "ZK80002"):
            await log.reference(reference_pb2.ShipmentClosed(shipment_id=f"L-{serial}", contract_id="K-1"))
        await projecting.settled()
        log.at = begun + timedelta(seconds=4)
        # One of them goes on from where the closure was seen late.
        await log.facts(DriveSighted(serial="ZK80002", occurred_at=now(), place="a shop"))
        await projecting.settled()
    missing = await projecting.flags("kind = 'missing_at_close'")
    assert [flag["serial"] for flag in missing] == ["ZK80001", "ZK80002"]
    live = await contents(projecting.dsn)
    await rebuild(
        projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), tell=lambda read, end: None
    )
    assert await contents(projecting.dsn) == live


async def test_an_imported_registration_gives_a_party_no_earlier_name_back(
    log: LogWriter, projecting: Projecting
) -> None:
    await log.world()
    former = reference_pb2.PartyRegistered(party_id="owner", name="The Domain")
    await log.reference(former, backfilled_from=datetime(1868, 1, 25, tzinfo=UTC))
    async with projecting.worker():
        await projecting.settled()
    assert await ask(projecting.dsn, "select name from party where party_id = 'owner'") == "The Prefecture"


async def test_an_agreement_that_is_seen_late_counts_for_drives_like_those_judged_before_it_was(
    log: LogWriter, projecting: Projecting
) -> None:
    """A worker judges drives alike once, whatever their partitions; the partition of these two learns of it first."""
    await take_the_times_of_messages(
        projecting.bootstrap, (projecting.topics.drives, projecting.topics.reference)
    )
    begun = datetime.now(UTC) - timedelta(hours=1)
    log.at = begun
    await log.world()
    before, after = (f"ZK{number}" for number in (80001, 80002))
    assert partition_of(before.encode(), 6) != partition_of(after.encode(), 6)
    released = DriveReleased(occurred_at=now(), lot_id="L-1", to_party_id="lessor")
    # It has swept, and does so no more: no partition but that of the second drive learns of the closure.
    async with projecting.worker(sweep_every=3600) as of_both:

        async def swept() -> bool:
            return of_both.ready

        await until(swept, "the worker has swept")
        log.at = begun + timedelta(seconds=3)
        released.serial = before
        await log.facts(released)
        await until(lambda: ask(projecting.dsn, "select count(*) = 1 from fact"), "the fact is taken in")
        log.at = begun + timedelta(seconds=2)
        await log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-1"))
        log.at = begun + timedelta(seconds=3)
        released.serial = after
        await log.facts(released)
        await until(lambda: ask(projecting.dsn, "select count(*) = 2 from fact"), "the fact is taken in")
    async with projecting.worker():
        await projecting.settled()
    missing = await projecting.flags("kind = 'missing_at_close'")
    assert [flag["serial"] for flag in missing] == [before, after]


HANDED_POLICY = """
policy: handed
version: 1
timezone: Asia/Tokyo
obligations:
  - id: arrival
    after: CustodyTransferred
    expect: DriveDelivered
    within: 30d
    owed_by: carrier
    per: shipment
"""


async def test_a_closure_is_for_every_drive_that_a_fact_names_with_the_shipment_as_in_a_rebuild(
    log: LogWriter, projecting: Projecting
) -> None:
    """Also where the fact was taken back, and where the drive only changed hands on it."""
    await log.world(document=HANDED_POLICY)
    async with projecting.worker():
        (left,) = await log.facts(
            DriveReleased(serial="ZK80001", occurred_at=now(), lot_id="L-1", to_party_id="lessor"),
            party="owner",
        )
        taken_back = FactRetracted(
            serial="ZK80001", occurred_at=now(), event_id=left.event_id, reason="by mistake"
        )
        await log.facts(taken_back, party="owner")
        handed = CustodyTransferred(
            serial="ZK80002",
            occurred_at=now(),
            from_party_id="lessor",
            to_party_id="carrier",
            shipment_id="L-1",
        )
        await log.facts(handed)
        await projecting.settled()
        await log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-1"))
        await projecting.settled()
    overdue = await projecting.flags("kind = 'overdue'")
    assert [(flag["serial"], flag["subject"]) for flag in overdue] == [("ZK80002", "arrival/L-1")]
    live = await contents(projecting.dsn)
    await rebuild(
        projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), tell=lambda read, end: None
    )
    assert await contents(projecting.dsn) == live


async def _rows(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody"})
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_two_contracts_may_name_a_lot_alike_and_the_tables_say_of_each_what_the_judgement_says(
    log: LogWriter, projecting: Projecting
) -> None:
    """The same drive is on both: what is told under one contract takes nothing from the lot of the other."""
    for contract in ("K-1", "K-2"):
        await log.world(contract=contract)
    async with projecting.worker():
        for contract in ("K-1", "K-2"):
            await log.facts(
                DriveEnrolled(serial="ZK80001", occurred_at=now()), party="owner", contract=contract
            )
        await log.facts(
            DriveReleased(serial="ZK80001", occurred_at=now(), lot_id="L-1", to_party_id="lessor"),
            party="owner",
        )
        await log.facts(
            DriveReturned(serial="ZK80001", occurred_at=now(), lot_id="L-1"), contract="K-2", party="lessor"
        )
        await log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-2"))
        await projecting.settled()
        manifests = """select contract, serial, sent_at is not null, received_at is not null from shipment
            where shipment = 'L-1' order by contract"""
        assert await _rows(projecting.dsn, manifests) == [
            ("K-1", "ZK80001", True, False),
            ("K-2", "ZK80001", False, True),
        ]
        closed = "select contract, closed_at from shipment_closure where shipment = 'L-1' order by contract"
        assert [contract for contract, _ in await _rows(projecting.dsn, closed)] == ["K-2"]
        of_lots = "kind in ('missing_at_close', 'not_on_manifest')"
        assert [(flag["contract"], flag["kind"]) for flag in await projecting.flags(of_lots)] == [
            ("K-2", "not_on_manifest")
        ]
        await log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-1"))
        await projecting.settled()
        [missing] = await projecting.flags("kind = 'missing_at_close'")
        [(_, first), _] = await _rows(projecting.dsn, closed)
        assert (missing["contract"], missing["raised_at"]) == ("K-1", first)
        # Imported later, known earlier: it is from then on that the judgement has the drive missing.
        yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        await log.reference(
            reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-1"), backfilled_from=yesterday
        )
        await projecting.settled()
        assert (await _rows(projecting.dsn, closed))[0] == ("K-1", yesterday)
    live = await contents(projecting.dsn)
    await rebuild(
        projecting.bootstrap, projecting.dsn, projecting.topics, SystemClock(), tell=lambda read, end: None
    )
    assert await contents(projecting.dsn) == live


async def test_tables_that_kept_one_closure_of_each_name_learn_of_the_others_from_the_log(
    log: LogWriter, backends: Backends, topics: Topics, namespace: str
) -> None:
    for contract in ("K-1", "K-2"):
        await log.world(contract=contract)
        await log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id=contract))
    name = f"{namespace}b"
    dsn = backends.database.create_database(name)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody, public"})
    try:
        await migrate(connection, files=[each for each in packaged() if each.number < 6])
        # As they stood when both closures had been taken in.
        await connection.execute("insert into shipment_closure values ('L-1', 'K-1', 'lessor', now())")
        await connection.execute(
            """insert into shipment values ('L-1', 'ZK80001', 0, 'K-1', now(), null),
                   ('L-1', 'ZK80002', 0, 'K-1', now(), now())"""
        )
        follower = ReferenceFollower(backends.kafka, topics.reference)
        following = asyncio.create_task(follower.run())
        await follower.once_ready(30)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await connection.execute(
            "insert into progress (partition, next_offset, last_message) values (-1, $1, $2)",
            follower.next_offset,
            follower.fingerprint_before(follower.next_offset),
        )
        await migrate(connection)
        projecting = Projecting(backends.kafka, topics, dsn)
        async with projecting.worker():
            await projecting.settled()
        rows = await connection.fetch("select contract from shipment_closure order by contract")
        assert [row["contract"] for row in rows] == ["K-1", "K-2"]
        assert await connection.fetchval("select count(*) from shipment where contract = 'K-1'") == 2
    finally:
        await connection.close()
    backends.database.drop_database(name)


async def _taken_in_by_another(connection: asyncpg.Connection, follower: ReferenceFollower) -> None:
    """What a worker does with news of the agreements that has just taken over all partitions, and read no facts yet."""
    following = asyncio.create_task(follower.run())

    async def ready() -> bool:
        return follower.ready

    await until(ready, "the other worker follows the agreements")
    await follower.read_to_end(10)
    end = follower.next_offset
    for partition in range(6):
        async with connection.transaction():
            at, applied = await store.progress(connection, partition)
            assert await store.fence(connection, partition, start=at, end=at, knows=end)
            await store.set_turning_points(
                connection,
                partition,
                follower.facts_from(applied),
                follower.reference,
                after=REFERENCE_COUNTS_AFTER,
                next_offset=end,
                last_message=follower.fingerprint_before(end),
            )
    following.cancel()
    await asyncio.wait([following])


async def _a_busy_history_goes_on(log: LogWriter) -> None:
    for n in range(30):
        await log.facts(*(DriveReturned(serial=f"ZK8{s:05}", occurred_at=now()) for s in range(n, 300, 30)))
