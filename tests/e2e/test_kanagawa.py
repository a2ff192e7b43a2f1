"""What the demo shows, asserted: the case of 2019 through every real process, and the numbers of the record.

It fails when the judgement is taken out (no flags), when the fence is (a worker writes what another has claimed), and
when the sweep is (nobody speaks, and nothing is noticed).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.client import Connection
from mitodoke.client.reference import ReferenceCalls
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2, report_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1 import returns_pb2
from mitodoke.eventlog.topics import Topics
from mitodoke_demo.__main__ import CASE
from mitodoke_demo.case import read_case
from mitodoke_demo.replay import wait_until_judged
from mitodoke_local import System
from read_model import until
from replayed_case import Told, tell

CONTRACT = "file-server-lease-2014"
SMALL_CASE = f"""
case: small
title: A small case
timezone: Asia/Tokyo
since: 2020-01-01 00:00
parties: [{{id: small-owner, name: The owner}}, {{id: small-lessor, name: The lessor}}]
policy: {CASE.parents[1] / "policies" / "kanagawa-returns.yaml"}
contract:
  id: small-lease
  title: A small lease
  owner: small-owner
  data_class: none
  approvals: [{{party: small-lessor, role: lessor}}, {{party: small-lessor, role: destroyer}}]
drives:
  all: 'QX5{{001..020}}'
  kept: [QX5003, QX5007, QX5011]
facts:
  - {{at: 2020-01-31 09:00, fact: DriveReturned, by: small-lessor, operator: dock, drives: all}}
  - {{at: 2020-02-20 09:00, fact: DriveDestroyed, by: small-lessor, operator: line, drives: all, except: kept,
     method: shred}}
milestones:
  - {{id: letter, at: 2020-06-01 09:00, name: the letter}}
label: {{read_out: 'S/N QX5 007', at: letter}}
"""
NOTICED_WITHIN = 10.0  # seconds after the due time, on a machine with much else to do


def stamp(at: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(at)
    return made


async def open_flags(system: Connection, as_of: datetime | None = None) -> Counter[str]:
    answer = await system.query.list_flags(
        query_pb2.ListFlagsRequest(
            contract_id=CONTRACT, page_size=10_000, as_of=stamp(as_of) if as_of else None
        )
    )
    assert not answer.next_page_token
    return Counter(f"{f.kind} {f.subject}" if f.kind == "overdue" else f.kind for f in answer.flags)


# What the record says


def test_396_drives_are_without_an_accepted_certificate_since_22_june(kanagawa: Told) -> None:
    (owing,) = (each for each in kanagawa.answers.owing if each.expect == "CertificateAccepted")
    assert len(owing.serials) == 396
    assert owing.since == datetime(2019, 6, 22, 14, 59, 59, 999999, tzinfo=UTC)


def test_the_18_that_were_taken_are_overdue_for_destruction_since_6_june(kanagawa: Told) -> None:
    (owing,) = (each for each in kanagawa.answers.owing if each.expect == "DriveDestroyed")
    taken = {s for each in kanagawa.case.happenings if each.kind == "DriveRecovered" for s in each.serials}
    assert set(owing.serials) == taken
    assert len(taken) == 18
    assert owing.since == datetime(2019, 6, 6, 14, 59, 59, 999999, tzinfo=UTC)


async def test_a_past_evening_is_shown_as_it_would_have_stood(kanagawa: Told, system: System) -> None:
    async with Connection.from_file(path=system.running_file) as running:
        assert await open_flags(running, datetime(2019, 6, 21, 15, tzinfo=UTC)) == {
            "unapproved_party": 396,
            "overdue destruction": 396,
        }
        assert await open_flags(running, datetime(2019, 6, 23, 14, 59, tzinfo=UTC)) == {
            "unapproved_party": 396,
            "overdue destruction": 396,
            "overdue certificate": 396,
        }
        # Of those that were destroyed, late as it was, nothing but the certificate and the party is left.
        assert await open_flags(running, datetime(2019, 8, 31, tzinfo=UTC)) == {
            "unapproved_party": 396,
            "overdue destruction": 18,
            "overdue certificate": 396,
        }


async def test_what_stands_open_after_the_recoveries(kanagawa: Told, system: System) -> None:
    async with Connection.from_file(path=system.running_file) as running:
        assert await open_flags(running) == {
            "unapproved_party": 396,
            "overdue destruction": 18,
            "overdue certificate": 396,
            "sighted": 9,
        }


async def test_the_recycler_is_flagged_at_its_first_fact(kanagawa: Told, system: System) -> None:
    async with Connection.from_file(path=system.running_file) as running:
        answer = await running.query.list_flags(
            query_pb2.ListFlagsRequest(contract_id=CONTRACT, kind="unapproved_party", page_size=10_000)
        )
    assert {(f.subject, f.severity) for f in answer.flags} == {("recycler", flag_pb2.SEVERITY_CRITICAL)}
    assert {f.raised_at.ToDatetime(tzinfo=UTC) for f in answer.flags} == {
        datetime(2019, 4, 30, 2, tzinfo=UTC)
    }


def test_the_buyers_drive_is_found_by_its_label_with_its_owner_holder_and_flags(kanagawa: Told) -> None:
    before = kanagawa.answers.before
    assert (before.drive.serial, before.drive.owner_party_id) == ("ZK80137W", "prefecture")
    assert (before.drive.contract_id, before.drive.holder_party_id) == (CONTRACT, "recycler")
    assert not before.drive.destroyed
    assert Counter(f.kind for f in before.open_flags) == {"overdue": 2, "unapproved_party": 1}
    assert all(f.kind != "DriveSighted" for f in before.drive.facts)


def test_the_sighting_raises_a_critical_flag(kanagawa: Told) -> None:
    new = {f.flag_id for f in kanagawa.answers.after.open_flags} - {
        f.flag_id for f in kanagawa.answers.before.open_flags
    }
    (flag,) = (f for f in kanagawa.answers.after.open_flags if f.flag_id in new)
    assert (flag.kind, flag.severity) == ("sighted", flag_pb2.SEVERITY_CRITICAL)
    assert kanagawa.answers.seen == 9


def test_the_report_says_the_numbers_of_the_record(kanagawa: Told) -> None:
    lines = [" ".join(line.split()) for line in kanagawa.report.splitlines()]
    for said in (
        "396 drives without an accepted certificate since 2019-06-22",
        "157 days before the buyer's telephone call of 2019-11-26",
        "18 drives overdue for destruction since 2019-06-06",
        "still 18 drives overdue for destruction since 2019-06-06",
        "critical overdue: certificate lessor 0 396",
        "owner The prefecture (県)",
        "last holder The recycler (リサイクル業者), since 2019-04-30",
        "18 recoveries are reported. A recovery closes nothing by itself:",
    ):
        assert said in lines


def test_every_fact_is_marked_as_imported_history(kanagawa: Told) -> None:
    assert kanagawa.answers.after.drive.facts
    assert all(fact.backfilled for fact in kanagawa.answers.after.drive.facts)


def test_other_data_print_other_numbers(system: System, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL_CASE, encoding="utf-8")
    told = tell(system.running_file, read_case(file))
    lines = [" ".join(line.split()) for line in told.report.splitlines()]
    for said in (
        "20 drives without an accepted certificate since 2020-03-31",
        "3 drives overdue for destruction since 2020-03-16",
        "62 days before the letter of 2020-06-01",
        "77 days before the letter of 2020-06-01",
        "drive QX5007",
        "last holder The lessor, since 2020-01-31",
        "2020-02-20 DriveDestroyed 17 The lessor",
    ):
        assert said in lines


# What must not be taken out


async def test_the_sweep_notices_what_falls_due_though_nobody_speaks(system: System) -> None:
    within = timedelta(seconds=3)
    policy = (
        "policy: quick-destruction\nversion: 1\ntimezone: Asia/Tokyo\nobligations:\n"
        "  - {id: quick, after: DriveReturned, expect: DriveDestroyed, within: 3s, owed_by: lessor}\n"
    )
    contract, serial = "quick-lease", "LIVE0001"
    async with (
        Connection.from_file(path=system.running_file) as running,
        Connection.from_file(path=system.running_file, party="quick-lessor") as lessor,
    ):
        await agree_on(running.reference, contract, policy)
        returned_at = datetime.now(UTC)
        enrolled = leasing_pb2.DriveEnrolled(serial=serial, occurred_at=stamp(returned_at))
        returned = returns_pb2.DriveReturned(serial=serial, occurred_at=stamp(returned_at))
        await lessor.leasing.report_drive_enrolled(contract=contract, operator="dock", items=[enrolled])
        reported = await lessor.returns.report_drive_returned(
            contract=contract, operator="dock", items=[returned]
        )
        await wait_until_judged(running.query, reported.items[0].recorded_at.ToDatetime(tzinfo=UTC))
        status_before = await running.query.get_status()

        async def overdue() -> list[flag_pb2.Flag]:
            request = query_pb2.ListFlagsRequest(contract_id=contract, kind="overdue")
            return list((await running.query.list_flags(request)).flags)

        async def noticed() -> bool:
            return bool(await overdue())

        await until(
            noticed, "the flag of what fell due in silence", limit=within.total_seconds() + NOTICED_WITHIN
        )
        (flag,) = await overdue()
        status_after = await running.query.get_status()

    assert (flag.serial, flag.subject, flag.state) == (serial, "quick", flag_pb2.FLAG_STATE_OPEN)
    assert flag.raised_at.ToDatetime(tzinfo=UTC) == returned_at + within
    assert flag.detected_at.ToDatetime(tzinfo=UTC) > returned_at + within
    # No fact came in between: it was the clock alone.
    assert [p.end_offset for p in status_after.partitions] == [p.end_offset for p in status_before.partitions]


async def test_the_log_read_again_from_its_beginning_changes_nothing(kanagawa: Told, system: System) -> None:
    async with Connection.from_file(path=system.running_file) as running:
        before = await running.query.get_status()
        flags_before = await open_flags(running)
    system.stop("projection")
    await forget_offsets(system, [each.partition for each in before.partitions])
    system.restart("projection")
    async with Connection.from_file(path=system.running_file) as running:
        # One more fact, so that something must be read after all that was read already.
        recorded = await report_one_more(system.running_file, "ZK80001W")
        await wait_until_judged(running.query, recorded.recorded_at.ToDatetime(tzinfo=UTC))
        after = await running.query.get_status()
        flags_after = await open_flags(running)
    assert after.facts == before.facts + 1
    assert flags_after == flags_before
    assert after.quarantined == 0
    assert system.child("projection").running()


async def test_the_fence_keeps_a_worker_from_writing_what_another_has_claimed(
    kanagawa: Told, system: System
) -> None:
    async def kinds() -> list[str]:
        async with Connection.from_file(path=system.running_file) as running:
            answer = await running.query.get_drive(query_pb2.GetDriveRequest(serial="ZK80002W"))
        return [fact.kind for fact in answer.drive.facts if not fact.backfilled]

    told_before = (system.folder / "logs" / "projection.log").read_text(encoding="utf-8").count("fence_moved")
    postgres = await asyncpg.connect(system.database)
    try:
        async with postgres.transaction():
            # The worker that reads the next fact has to wait here, as for another worker's transaction …
            await postgres.execute("select from custody.progress for update")
            report = await report_one_more(system.running_file, "ZK80002W")
            # … in which that one writes the same batch and wins.
            await move_on(postgres, report.partition, by=1)
        async with Connection.from_file(path=system.running_file) as running:

            async def decided() -> bool:
                told = (system.folder / "logs" / "projection.log").read_text(encoding="utf-8")
                return told.count("fence_moved") > told_before or await kinds() != []

            await until(decided, "the worker's word that it was outrun, or the fact", limit=60)
            assert await kinds() == []

            # Given back, it is read with the next fact: the worker goes by what the tables say.
            await move_on(postgres, report.partition, by=-1)
            recorded = await report_one_more(system.running_file, "ZK80002W")
            await wait_until_judged(running.query, recorded.recorded_at.ToDatetime(tzinfo=UTC))
            assert await kinds() == ["LeaseEnded", "LeaseEnded"]
    finally:
        await postgres.close()


async def move_on(postgres: asyncpg.Connection, partition: int, *, by: int) -> None:
    """Say that the partition is written up to another offset, as a worker does that has written it."""
    await postgres.execute(
        "update custody.progress set next_offset = next_offset + $2, version = version + 1 where partition = $1",
        partition,
        by,
    )


async def forget_offsets(system: System, partitions: Sequence[int]) -> None:
    """Put the projection's place in Kafka back to the beginning: only the fence still knows what was judged."""
    topic = Topics.named(system.topic_namespace).drives
    consumer = AIOKafkaConsumer(
        bootstrap_servers=system.backends.kafka, group_id=f"{topic}.projection", enable_auto_commit=False
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, each) for each in partitions]
        consumer.assign(places)
        await consumer.commit(dict.fromkeys(places, 0))
    finally:
        await consumer.stop()


async def report_one_more(running_file: Path, serial: str) -> report_pb2.Recorded:
    item = leasing_pb2.LeaseEnded(serial=serial, occurred_at=stamp(datetime.now(UTC)))
    async with Connection.from_file(path=running_file, party="lessor") as lessor:
        reported = await lessor.leasing.report_lease_ended(
            contract=CONTRACT, operator="leasing-desk", items=[item]
        )
    return reported.items[0]


async def agree_on(reference: ReferenceCalls, contract: str, policy: str) -> None:
    """A contract from now on, between two parties of its own, under a policy of its own."""
    for party in ("quick-owner", "quick-lessor"):
        await reference.register_party(reference_pb2.PartyRegistered(party_id=party, name=party))
    await reference.publish_policy(policy)
    await reference.register_contract(
        reference_pb2.ContractRegistered(
            contract_id=contract,
            owner_party_id="quick-owner",
            policy_id="quick-destruction",
            policy_version=1,
            approvals=[reference_pb2.Approval(party_id="quick-lessor", role=reference_pb2.ROLE_LESSOR)],
        )
    )
