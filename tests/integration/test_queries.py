"""CustodyQuery over real gRPC: each caller within its own contracts, past days, pages, and a stream that resumes."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import grpc
import pytest

from contract.world import Refused, credentials, refusal, serving, stamp
from log_writer import SHORT_POLICY, LogWriter, at, now
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.errors import Reason, Refusal
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.contracts.custody.v1.query_pb2_grpc import CustodyQueryStub
from mitodoke.contracts.destruction.v1.destruction_pb2 import DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.oversight.v1.oversight_pb2 import DriveSighted
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReleased, DriveReturned
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.judge import judge as lifecycle_judge
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.policyfile import read_policy
from mitodoke.readmodel import queries
from mitodoke.readmodel.pool import open_pool
from mitodoke.services.projection import trial
from mitodoke.services.projection.watch import PARTITION, FlagWatch
from mitodoke_local import Backends
from projecting import Projecting, projection_service
from read_model import add_open_rows, ask, contents, until
from real_backends import real_backends

if TYPE_CHECKING:
    from mitodoke.contracts.custody.v1.query_pb2_grpc import CustodyQueryAsyncStub

SECRET = "not-a-secret-in-tests"


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Of their own: a broker that holds the topics of all other tests is long in coming back."""
    with real_backends() as running_backends:
        yield running_backends


@dataclass
class Asking:
    """A running projection and a client of it."""

    log: LogWriter
    projecting: Projecting
    stub: "CustodyQueryAsyncStub"

    async def ask(self, method: str, request: Any, party: str = "mitodoke-operator") -> Any:
        return await getattr(self.stub, method)(request, metadata=credentials(party), timeout=10)

    async def each(self, method: str, request: Any, party: str = "mitodoke-operator") -> list[Any]:
        """All answers of a method that streams them."""
        stream = getattr(self.stub, method)(request, metadata=credentials(party), timeout=30)
        return [answer async for answer in stream]

    async def drive(self, serial: str, party: str = "mitodoke-operator", **fields: Any) -> query_pb2.Drive:
        request = query_pb2.GetDriveRequest(serial=serial, **fields)
        drive: query_pb2.Drive = (await self.ask("GetDrive", request, party)).drive
        return drive


@pytest.fixture
async def asking(
    backends: Backends, log: LogWriter, projecting: Projecting, database: str, namespace: str
) -> AsyncIterator[Asking]:
    config = Config(
        kafka=backends.kafka,
        database=database,
        listen=Address("127.0.0.1", 0),
        dev_secret=SECRET,
        topic_namespace=namespace,
    )
    async with (
        projection_service(config) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        await until(lambda: serving(channel), "the projection serves")
        yield Asking(log, projecting, CustodyQueryStub(channel))


async def _two_contracts(asking: Asking) -> None:
    await asking.log.world(contract="K-1")
    await asking.log.world(contract="K-2")
    for contract, serial in (("K-1", "ZK80001"), ("K-2", "ZK80002")):
        await asking.log.facts(DriveEnrolled(serial=serial, occurred_at=now()), contract=contract)
        await asking.log.facts(
            DriveReturned(serial=serial, occurred_at=now()), contract=contract, party=f"stranger-{contract}"
        )
    await asking.projecting.settled()


async def test_a_drive_is_found_by_its_number_as_it_is_read_from_the_label(asking: Asking) -> None:
    await _two_contracts(asking)
    drive = await asking.drive(" s/n: wd-zk8 0001 ")
    assert (drive.serial, drive.owner_name, drive.holder_party_id) == (
        "ZK80001",
        "The Prefecture",
        "stranger-K-1",
    )
    assert [flag.kind for flag in drive.flags] == ["unapproved_party"]
    assert [fact.kind for fact in drive.facts] == ["DriveEnrolled", "DriveReturned"]


async def test_a_caller_sees_its_own_contracts_and_learns_nothing_of_others(asking: Asking) -> None:
    await _two_contracts(asking)
    unknown = await refusal(asking.drive("ZK80009", "stranger-K-1"))
    hidden = await refusal(asking.drive("ZK80001", "stranger-K-1"))
    assert (hidden.code, hidden.reason) == (grpc.StatusCode.NOT_FOUND, "DRIVE_UNKNOWN")
    assert hidden.message.replace("ZK80001", "ZK80009") == unknown.message
    flags = await asking.ask("ListFlags", query_pb2.ListFlagsRequest(), "stranger-K-1")
    assert flags.total == 0
    assert (await asking.ask("ListFlags", query_pb2.ListFlagsRequest(), "owner")).total == 2
    request = query_pb2.ListFlagsRequest(contract_id="K-1")
    assert (await asking.ask("ListFlags", request, "lessor")).total == 1
    refused = await refusal(asking.ask("ListFlags", request, "stranger-K-1"))
    assert refused.reason == "CONTRACT_UNKNOWN"
    for method, asked in (
        ("GetContract", query_pb2.GetContractRequest(contract_id="K-1")),
        ("GetTimeline", query_pb2.GetTimelineRequest(contract_id="K-1")),
        ("GetShipment", query_pb2.GetShipmentRequest(shipment_id="L-1")),
    ):
        assert (await refusal(asking.ask(method, asked, "stranger-K-1"))).code is grpc.StatusCode.NOT_FOUND
    status = await asking.ask("GetStatus", query_pb2.GetStatusRequest(), "owner")
    assert status.facts == 0, "what the tables hold in all is the administrator's to see"
    assert (await asking.ask("GetStatus", query_pb2.GetStatusRequest())).facts == 4


async def _contract_of(asking: Asking, contract_id: str, owner: str, policy_id: str = "short") -> None:
    await asking.log.reference(
        reference_pb2.ContractRegistered(
            contract_id=contract_id, owner_party_id=owner, policy_id=policy_id, policy_version=1
        )
    )


async def test_who_reports_of_a_drive_learns_nothing_of_what_happened_to_it_under_another_contract(
    asking: Asking,
) -> None:
    await asking.log.world()
    await _contract_of(asking, "K-P", "stranger-K-1")
    sighted = DriveSighted(serial="ZK80001", occurred_at=at("2020-01-05T10:00:00+09:00"), place="a shop")
    await asking.log.facts(sighted, party="stranger-K-1", contract="K-P")
    await asking.log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()), party="owner")
    await asking.log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    await asking.log.facts(
        DriveDestroyed(serial="ZK80001", occurred_at=now(), method="DESTRUCTION_METHOD_SHRED"),
        party="destroyer",
    )
    await asking.projecting.settled()
    everything = await asking.drive("ZK80001")
    assert (everything.contract_id, everything.holder_party_id) == ("K-1", "destroyer")
    assert (everything.destroyed, len(everything.facts)) == (True, 4)
    today, last_century = stamp(datetime.now(UTC)), stamp(datetime(1999, 12, 31, tzinfo=UTC))
    for as_of, facts in ((None, 1), (today, 1), (last_century, 0)):
        told = await asking.drive("ZK80001", "stranger-K-1", as_of=as_of)
        assert [fact.kind for fact in told.facts] == ["DriveSighted"][:facts]
        assert (told.contract_id, told.owner_party_id) == ("K-P", "stranger-K-1" if facts else "")
        assert (told.holder_party_id, told.holder_name, told.HasField("holder_since")) == ("", "", False)
        assert not told.destroyed
    owners = await asking.drive("ZK80001", "owner")

    moved = DriveReleased(serial="ZK80001", occurred_at=now(), to_party_id="stranger-K-2")
    await asking.log.facts(moved, party="stranger-K-1", contract="K-P")
    await asking.projecting.settled()
    everything = await asking.drive("ZK80001")
    assert (everything.contract_id, everything.holder_party_id) == ("K-P", "stranger-K-2")
    assert await asking.drive("ZK80001", "owner") == owners
    assert (owners.contract_id, owners.holder_party_id, owners.destroyed) == ("K-1", "destroyer", True)


async def test_a_past_day_is_shown_as_it_would_have_stood(asking: Asking) -> None:
    await asking.log.world(backfilled_from=datetime(2026, 1, 1, tzinfo=UTC))
    for fact in (
        DriveEnrolled(serial="ZK80001", occurred_at=at("2026-01-05T10:00:00+09:00")),
        DriveReturned(serial="ZK80001", occurred_at=at("2026-02-02T10:00:00+09:00")),
    ):
        await asking.log.facts(fact, backfilled=True)
    await asking.projecting.settled()
    early = await asking.drive("ZK80001", as_of=stamp(datetime(2026, 1, 20, tzinfo=UTC)))
    assert [fact.kind for fact in early.facts] == ["DriveEnrolled"]
    flags = await asking.ask("ListFlags", query_pb2.ListFlagsRequest(kind="overdue"))
    assert {flag.subject for flag in flags.flags} == {"destruction", "certificate"}
    await asking.log.facts(
        DriveDestroyed(serial="ZK80001", occurred_at=now(), method="DESTRUCTION_METHOD_SHRED"),
        party="destroyer",
    )
    await asking.projecting.settled()
    april = stamp(datetime(2026, 4, 1, tzinfo=UTC))
    then = await asking.ask("ListFlags", query_pb2.ListFlagsRequest(subject="destruction", as_of=april))
    assert [(flag.state, flag.resolution) for flag in then.flags] == [(flag_pb2.FLAG_STATE_OPEN, "")]
    owed = await asking.ask(
        "ListObligations", query_pb2.ListObligationsRequest(obligation_id="destruction", as_of=april)
    )
    assert [each.state for each in owed.obligations] == [query_pb2.OBLIGATION_STATE_OVERDUE]
    assert not owed.obligations[0].HasField("met_at")


async def test_a_policy_is_tried_on_the_real_records_and_changes_nothing(asking: Asking) -> None:
    await asking.log.world(backfilled_from=datetime(2026, 1, 1, tzinfo=UTC))
    for serial in ("ZK80001", "ZK80002"):
        for fact in (
            DriveEnrolled(serial=serial, occurred_at=at("2026-01-05T10:00:00+09:00")),
            DriveReturned(serial=serial, occurred_at=at("2026-10-25T10:00:00+09:00")),
        ):
            await asking.log.facts(fact, backfilled=True)
    await asking.projecting.settled()
    stricter = SHORT_POLICY.replace("WITHIN", "3d").replace("version: 1", "version: 2")
    request = query_pb2.TryPolicyRequest(contract_id="K-1", document=stricter, most=1)
    before = await contents(asking.projecting.dsn)
    tried = await asking.ask("TryPolicy", request, "owner")
    assert tried.drives == 2
    assert [(f.kind, f.subject, f.would_stand, f.stand) for f in tried.flags] == [
        ("overdue", "destruction", 2, 0)
    ]
    assert len(tried.newly) == 1
    request.as_of.CopyFrom(at("2026-10-26T10:00:00+09:00"))
    assert not (await asking.ask("TryPolicy", request, "owner")).flags
    request.ClearField("as_of")
    step_by_step = query_pb2.TryPolicyStepByStepRequest(trial=request)
    steps = await asking.each("TryPolicyStepByStep", step_by_step, "owner")
    assert [(step.tried, step.drives, step.HasField("result")) for step in steps] == [
        (2, 2, False),
        (2, 2, True),
    ]
    assert steps[-1].result.flags == tried.flags
    assert await contents(asking.projecting.dsn) == before
    broken = query_pb2.TryPolicyRequest(contract_id="K-1", document="policy: x\n  version: [")
    refused = await refusal(asking.ask("TryPolicy", broken, "owner"))
    assert refused.reason == "POLICY_REFUSED"
    assert ":2:" in refused.fields["document"]
    hidden = await refusal(asking.each("TryPolicyStepByStep", step_by_step, "stranger-K-1"))
    assert hidden.reason == "CONTRACT_UNKNOWN"


HIDDEN = """\
policy: hidden
version: 1
timezone: Asia/Tokyo
obligations:
  - {id: back, after: LeaseEnded, expect: DriveReturned, within: 3d, owed_by: lessor}
"""

EXTENDING = """\
policy: tried
version: 1
extends: PARENT
remove: [zzz]
"""


async def test_who_tries_a_policy_learns_nothing_of_what_is_not_its_to_see(asking: Asking) -> None:
    """Neither under a contract of others, nor by naming a policy of others as the one that is extended."""
    await asking.log.world()
    for document in (HIDDEN, HIDDEN.replace("hidden", "seen")):
        policy_id = document.split()[1]
        published = reference_pb2.PolicyPublished(policy_id=policy_id, version=1, document=document)
        await asking.log.reference(published)
    await _contract_of(asking, "K-P", "stranger-K-1", "seen")
    await _contract_of(asking, "K-H", "stranger-K-2", "hidden")
    await asking.projecting.settled()

    async def tried(contract_id: str, parent: str, party: str = "stranger-K-1") -> Refused:
        document = EXTENDING.replace("PARENT", parent)
        trial = query_pb2.TryPolicyRequest(contract_id=contract_id, document=document)
        at_once = await refusal(asking.ask("TryPolicy", trial, party))
        step_by_step = query_pb2.TryPolicyStepByStepRequest(trial=trial)
        assert await refusal(asking.each("TryPolicyStepByStep", step_by_step, party)) == at_once
        return at_once

    for contract_id in ("K-H", "no-such"):
        refused = await tried(contract_id, "hidden@1")
        assert (refused.reason, refused.fields) == ("CONTRACT_UNKNOWN", {})
    own = await tried("K-P", "seen@1")
    assert own.reason == "POLICY_REFUSED"
    assert "Known here: back" in own.fields["document"]
    hidden, unknown = await tried("K-P", "hidden@1"), await tried("K-P", "nowhere@1")
    assert "The policy hidden@1 is not known here" in hidden.fields["document"]
    assert {hidden.message.replace("hidden", "nowhere")} == {unknown.message}
    operators = await tried("K-P", "hidden@1", "mitodoke-operator")
    assert "Known here: back" in operators.fields["document"]


async def test_a_policy_that_inherits_is_extended_with_all_that_it_asks(asking: Asking) -> None:
    """Where the policy that it inherits from is itself not the caller's to see: in full it is."""
    await asking.log.world()
    rules = "rules: {late_report: 48h}\n"
    child = f"policy: child\nversion: 1\nextends: hidden@1\n{rules}"
    in_full = HIDDEN.replace("policy: hidden", "policy: child") + rules
    for policy_id, document, resolved in (("hidden", HIDDEN, ""), ("child", child, in_full)):
        await asking.log.reference(
            reference_pb2.PolicyPublished(
                policy_id=policy_id, version=1, document=document, resolved_document=resolved
            )
        )
    await _contract_of(asking, "K-P", "stranger-K-1", "child")
    await asking.projecting.settled()
    document = EXTENDING.replace("PARENT", "child@1").replace("zzz", "back") + (
        "obligations:\n  - {id: wipe, after: DriveReturned, expect: DriveWiped, within: 3d, owed_by: lessor}\n"
    )
    trial = query_pb2.TryPolicyRequest(contract_id="K-P", document=document)
    assert (await asking.ask("TryPolicy", trial, "stranger-K-1")).drives == 0


async def test_while_policies_are_tried_facts_are_projected_and_a_further_trial_is_told_to_come_again(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asking.log.world()
    await asking.log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    await asking.projecting.settled()
    held, go_on = 0, asyncio.Event()
    records = queries.records

    async def held_records(*asked: Any) -> Any:
        nonlocal held
        held += 1
        await go_on.wait()
        return await records(*asked)

    monkeypatch.setattr(queries, "records", held_records)
    stricter = SHORT_POLICY.replace("WITHIN", "3d").replace("version: 1", "version: 2")
    request = query_pb2.TryPolicyRequest(contract_id="K-1", document=stricter)
    step_by_step = query_pb2.TryPolicyStepByStepRequest(trial=request)
    trials = [asyncio.create_task(asking.each("TryPolicyStepByStep", step_by_step)) for _ in range(10)]

    async def under_way() -> bool:
        return held + sum(each.done() for each in trials) == 10

    await until(under_way, "each trial is under way or refused")
    # Sooner than PostgreSQL ends a transaction that is silent.
    await asking.log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    await asking.projecting.caught_up(limit=8)
    for further in (asking.ask("TryPolicy", request), *(each for each in trials if each.done())):
        refused = await refusal(further)
        assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
        assert refused.retry_after
    go_on.set()
    done = await asyncio.gather(*trials, return_exceptions=True)
    answered = [steps for steps in done if isinstance(steps, list)]
    assert [steps[-1].result.drives for steps in answered] == [1] * held
    assert 0 < held < 10
    assert (await asking.ask("TryPolicy", request)).drives == 1, "the places are given back"


async def test_a_trial_lets_others_have_their_turn_every_few_drives(
    log: LogWriter, projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.world()
    await log.facts(*(DriveEnrolled(serial=f"ZK8{n:04}", occurred_at=now()) for n in range(60)))
    async with projecting.worker():
        await projecting.settled()
    judged: list[str] = []

    def judge(record: Record, *others: Any) -> Verdict:
        judged.append(record.serial)
        return lifecycle_judge(record, *others)

    monkeypatch.setattr(trial, "judge", judge)
    in_a_row = 0

    async def others() -> None:
        nonlocal in_a_row
        while True:
            before = len(judged)
            await asyncio.sleep(0)
            in_a_row = max(in_a_row, len(judged) - before)

    turns = asyncio.create_task(others())
    try:
        async with await open_pool(projecting.dsn) as pool, pool.acquire() as connection:
            tried = trial.try_policy(connection, "K-1", Reference(), Reference(), datetime.now(UTC), most=1)
            assert [step.drives async for step in tried][-1] == 60
    finally:
        turns.cancel()
    assert len(judged) == 120
    assert in_a_row <= 20, "the judgements of ten drives, each with the policy and without"


async def test_a_policy_is_shown_to_those_under_whose_contracts_it_is(asking: Asking) -> None:
    await asking.log.world()
    second = SHORT_POLICY.replace("WITHIN", "3d").replace("version: 1", "version: 2  # shorter")
    await asking.log.reference(reference_pb2.PolicyPublished(policy_id="short", version=2, document=second))
    await asking.projecting.settled()
    newest = await asking.ask("GetPolicy", query_pb2.GetPolicyRequest(policy_id="short"), "lessor")
    assert (newest.version, list(newest.versions), newest.document) == (2, [1, 2], second)
    assert "# shorter" not in newest.resolved_document
    assert read_policy(newest.resolved_document) == read_policy(second)
    first = await asking.ask("GetPolicy", query_pb2.GetPolicyRequest(policy_id="short", version=1))
    assert (first.version, first.published_by) == (1, "mitodoke-operator")
    for request, party, sentence in (
        (query_pb2.GetPolicyRequest(policy_id="short", version=3), "owner", "are the versions 1, 2"),
        (query_pb2.GetPolicyRequest(policy_id="long"), "mitodoke-operator", "No policy long is published"),
        # Who has no contract under it learns nothing, not even that it is there.
        (query_pb2.GetPolicyRequest(policy_id="short"), "stranger-K-1", "No policy short is published for"),
    ):
        refused = await refusal(asking.ask("GetPolicy", request, party))
        assert refused.reason == "POLICY_UNKNOWN"
        assert sentence in refused.message


async def test_a_party_that_is_not_registered_is_told_so(asking: Asking) -> None:
    await asking.log.world()
    refused = await refusal(asking.ask("ListFlags", query_pb2.ListFlagsRequest(), "nobody"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PARTY_UNKNOWN")


async def test_rows_are_counted_up_to_ten_thousand_and_then_there_are_more(asking: Asking) -> None:
    await asking.log.world()
    requests = {
        "ListFlags": query_pb2.ListFlagsRequest(),
        "ListObligations": query_pb2.ListObligationsRequest(),
    }
    for more, in_all in ((10_000, (10_000, False)), (1, (10_000, True))):
        await add_open_rows(asking.projecting.dsn, more)
        for method, request in requests.items():
            page = await asking.ask(method, request)
            assert (page.total, page.more_than_total) == in_all


async def test_status_counts_up_to_ten_thousand_and_estimates_beyond(asking: Asking) -> None:
    await asking.log.world()
    request = query_pb2.GetStatusRequest()
    await add_open_rows(asking.projecting.dsn, 10_000)
    exact = await asking.ask("GetStatus", request)
    assert (exact.open_flags, exact.pending_obligations, list(exact.estimated)) == (10_000, 10_000, [])
    await add_open_rows(asking.projecting.dsn, 20_000)
    await ask(asking.projecting.dsn, "analyze")
    about = await asking.ask("GetStatus", request)
    assert list(about.estimated) == ["open_flags", "pending_obligations"]
    assert about.open_flags == pytest.approx(30_000, rel=0.1)
    assert about.pending_obligations == pytest.approx(30_000, rel=0.1)
    assert (about.facts, about.drives) == (0, 0)


async def test_what_the_tables_hold_in_all_is_the_operators_alone_to_see(asking: Asking) -> None:
    await asking.log.world()
    await add_open_rows(asking.projecting.dsn, 3)
    partner = await asking.ask("GetStatus", query_pb2.GetStatusRequest(), "lessor")
    assert partner.partitions and partner.freshness.HasField("read_through")
    assert (partner.open_flags, partner.pending_obligations) == (0, 0)
    assert (await asking.ask("GetStatus", query_pb2.GetStatusRequest())).open_flags == 3


async def test_pages_hold_every_flag_once_and_say_how_many_there_are(asking: Asking) -> None:
    await asking.log.world()
    serials = [f"ZK8{n:04}" for n in range(25)]
    await asking.log.facts(*(DriveReturned(serial=s, occurred_at=now()) for s in serials))
    await asking.projecting.settled()
    found: list[str] = []
    token = ""
    while True:
        page = await asking.ask("ListFlags", query_pb2.ListFlagsRequest(page_size=10, page_token=token))
        assert page.total == 25
        found += [flag.serial for flag in page.flags]
        token = page.next_page_token
        if not token:
            break
    assert sorted(found) == serials
    owed: list[str] = []
    while True:
        answer = await asking.ask(
            "ListObligations",
            query_pb2.ListObligationsRequest(page_size=20, page_token=token, obligation_id="certificate"),
        )
        owed += [each.serial for each in answer.obligations]
        token = answer.next_page_token
        if not token:
            break
    assert sorted(owed) == serials
    refused = await refusal(asking.ask("ListFlags", query_pb2.ListFlagsRequest(page_token="e30=")))
    assert refused.reason == "INVALID_FIELD"
    assert "page_token" in refused.fields


async def test_a_shipment_names_what_is_missing_and_what_nobody_expected(asking: Asking) -> None:
    await asking.log.world()
    await asking.log.facts(
        *(DriveReleased(serial=s, occurred_at=now(), lot_id="L-1") for s in ("ZK80001", "ZK80002")),
        party="owner",
    )
    await asking.log.facts(
        *(DriveReturned(serial=s, occurred_at=now(), lot_id="L-1") for s in ("ZK80002", "ZK80003", "ZK8O001"))
    )
    await asking.projecting.settled()
    answer = await asking.ask("GetShipment", query_pb2.GetShipmentRequest(shipment_id="L-1"), "owner")
    assert (answer.sent, answer.received) == (2, 3)
    assert list(answer.missing) == ["ZK80001"]
    assert list(answer.unexpected) == ["ZK80003", "ZK8O001"]
    assert list(answer.perhaps_misread) == [query_pb2.Misread(scanned="ZK8O001", on_manifest="ZK80001")]


async def test_a_lot_of_another_contract_is_as_if_it_were_not_there(asking: Asking) -> None:
    """Who gives a lot the name of another's learns nothing of that, takes no drive off it and does not close it."""
    await asking.log.world()
    await _contract_of(asking, "K-P", "stranger-K-1")
    released = [DriveReleased(serial=s, occurred_at=now(), lot_id="L-1") for s in ("ZK80001", "ZK80002")]
    await asking.log.facts(*released, party="owner")
    await asking.log.facts(
        *(DriveReturned(serial=s, occurred_at=now(), lot_id="L-1") for s in ("ZK80002", "ZK80003"))
    )
    await asking.projecting.settled()
    request = query_pb2.GetShipmentRequest(shipment_id="L-1")
    before = await asking.ask("GetShipment", request, "owner")
    hidden = await refusal(asking.ask("GetShipment", request, "stranger-K-1"))
    assert hidden.reason == "SHIPMENT_UNKNOWN"

    for serial in ("ZK80001", "X123"):
        await asking.log.facts(
            DriveReleased(serial=serial, occurred_at=now(), lot_id="L-1"),
            party="stranger-K-1",
            contract="K-P",
        )
    await asking.log.reference(reference_pb2.ShipmentClosed(shipment_id="L-1", contract_id="K-P"))
    await asking.projecting.settled()
    own = await asking.ask("GetShipment", request, "stranger-K-1")
    assert (own.contract_id, own.sent, own.received, own.HasField("closed_at")) == ("K-P", 2, 0, True)
    assert (list(own.missing), list(own.unexpected)) == (["X123", "ZK80001"], [])
    after = await asking.ask("GetShipment", request, "owner")
    assert (after.contract_id, after.HasField("closed_at")) == ("K-1", False)
    assert (list(after.missing), list(after.unexpected)) == (["ZK80001"], ["ZK80003"])
    for answer in (before, after):
        answer.ClearField("freshness")
    assert after == before
    for contract_id, party, reason in (
        ("K-1", "stranger-K-1", "CONTRACT_UNKNOWN"),
        ("", "stranger-K-2", "SHIPMENT_UNKNOWN"),
    ):
        asked = query_pb2.GetShipmentRequest(shipment_id="L-1", contract_id=contract_id)
        assert (await refusal(asking.ask("GetShipment", asked, party))).reason == reason


async def test_who_has_several_lots_of_one_name_is_asked_which_is_meant(asking: Asking) -> None:
    await asking.log.world()
    await _contract_of(asking, "K-2", "owner")
    for contract, serial in (("K-1", "ZK80001"), ("K-2", "ZK80002")):
        fact = DriveReleased(serial=serial, occurred_at=now(), lot_id="L-1")
        await asking.log.facts(fact, party="owner", contract=contract)
    await asking.projecting.settled()
    request = query_pb2.GetShipmentRequest(shipment_id="L-1")
    for party in ("owner", "mitodoke-operator"):
        refused = await refusal(asking.ask("GetShipment", request, party))
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert "each of K-1, K-2" in refused.fields["contract_id"]
        request.contract_id = "K-2"
        assert list((await asking.ask("GetShipment", request, party)).missing) == ["ZK80002"]
        request.ClearField("contract_id")


Watch = grpc.aio.UnaryStreamCall[query_pb2.WatchFlagsRequest, query_pb2.WatchFlagsResponse]


async def _next_of(watch: Watch) -> query_pb2.WatchFlagsResponse:
    answer = await watch.read()
    assert isinstance(answer, query_pb2.WatchFlagsResponse)
    return answer


async def test_a_watch_gives_every_change_and_goes_on_from_its_token(asking: Asking) -> None:
    await asking.log.world()
    await asking.log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    stream = asking.stub.WatchFlags(
        query_pb2.WatchFlagsRequest(resume_token="0"), metadata=credentials("owner")
    )
    opened = await _next_of(stream)
    assert (opened.change.flag.kind, opened.change.sequence) == ("unknown_drive", 1)
    stream.cancel()
    await asking.log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    again = asking.stub.WatchFlags(
        query_pb2.WatchFlagsRequest(resume_token=opened.resume_token), metadata=credentials("owner")
    )
    resolved = await _next_of(again)
    again.cancel()
    assert resolved.change.flag.state == flag_pb2.FLAG_STATE_RESOLVED
    assert resolved.change.sequence == 2


async def test_a_watch_shows_nothing_of_other_contracts(asking: Asking) -> None:
    await _two_contracts(asking)
    request = query_pb2.WatchFlagsRequest(contract_id="K-1", resume_token="0")
    stream = asking.stub.WatchFlags(request, metadata=credentials("owner"))
    assert (await _next_of(stream)).change.flag.serial == "ZK80001"
    stream.cancel()
    refused = asking.stub.WatchFlags(request, metadata=credentials("stranger-K-2"))
    assert (await refusal(refused.read())).reason == "CONTRACT_UNKNOWN"
    beyond = asking.stub.WatchFlags(
        query_pb2.WatchFlagsRequest(resume_token="999999"), metadata=credentials("owner")
    )
    assert (await refusal(beyond.read())).reason == "INVALID_FIELD"


async def test_a_watch_ends_when_its_caller_is_suspended(asking: Asking) -> None:
    """Though nothing changes that it could be told; and it is told why, as in a new call."""
    await asking.log.world()
    await asking.log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    request = query_pb2.WatchFlagsRequest(resume_token="0")
    stream = asking.stub.WatchFlags(request, metadata=credentials("lessor"), timeout=20)
    assert (await _next_of(stream)).change.flag.serial == "ZK80001"
    await asking.log.reference(reference_pb2.PartySuspended(party_id="lessor", reason="its key was stolen"))
    ended = await refusal(stream.read())
    assert (ended.code, ended.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PARTY_SUSPENDED")
    assert "its key was stolen" in ended.message
    again = asking.stub.WatchFlags(request, metadata=credentials("lessor"), timeout=20)
    assert await refusal(again.read()) == ended


async def test_a_change_that_waits_to_be_read_is_not_shown_to_who_is_suspended_meanwhile(
    log: LogWriter, backends: Backends, topics: Topics
) -> None:
    for serial in ("ZK80001", "ZK80002"):
        change = flag_pb2.FlagChanged(flag=flag_pb2.Flag(serial=serial, contract_id="K-1"))
        await log.producer.send_and_wait(
            topics.flags, change.SerializeToString(), key=serial.encode(), partition=PARTITION
        )
    suspended: list[Refusal] = []

    async def admit() -> None:
        for refused in suspended:
            raise refused

    changes = FlagWatch(backends.kafka, topics).changes("0", lambda contract_id: True, admit)
    async with contextlib.aclosing(changes):
        assert (await anext(changes)).change.flag.serial == "ZK80001"
        suspended.append(Refusal(Reason.PARTY_SUSPENDED, "its key was stolen"))
        with pytest.raises(Refusal) as ended:
            await anext(changes)
    assert [ended.value] == suspended


async def test_a_database_that_is_down_is_said_to_be_and_caught_up_with(
    asking: Asking, backends: Backends
) -> None:
    await _two_contracts(asking)
    backends.database.stop_immediate()
    try:
        refused = await refusal(asking.drive("ZK80001"))
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "READ_MODEL_UNAVAILABLE")
        await asking.log.facts(DriveEnrolled(serial="ZK80003", occurred_at=now()))
    finally:
        backends.database.start()

    async def caught_up() -> bool:
        try:
            return bool((await asking.drive("ZK80003")).facts)
        except (grpc.aio.AioRpcError, asyncpg.PostgresError):
            return False

    await until(caught_up, "the projection reads what was recorded meanwhile", limit=30)


async def test_a_broker_that_was_killed_is_read_from_again(asking: Asking, backends: Backends) -> None:
    await asking.log.world()
    await asking.log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    backends.broker.kill()
    backends.broker.start()
    await asking.log.facts(DriveReturned(serial="ZK80001", occurred_at=now()))
    await asking.projecting.settled()
    assert [fact.kind for fact in (await asking.drive("ZK80001")).facts] == ["DriveEnrolled", "DriveReturned"]


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "killed"])
async def test_while_the_broker_is_away_every_question_is_answered_from_the_tables_at_once(
    asking: Asking, backends: Backends, frozen: bool
) -> None:
    await _two_contracts(asking)
    request = query_pb2.GetDriveRequest(serial="ZK80001")

    async def answers() -> list[query_pb2.GetDriveResponse]:
        asked_at = time.monotonic()
        found = await asyncio.gather(*(asking.ask("GetDrive", request) for _ in range(12)))
        assert time.monotonic() - asked_at < 4
        return found

    async def log_answers() -> bool:
        return not (await asking.ask("GetDrive", request)).freshness.lag_unknown

    async def log_is_silent() -> bool:
        return all(each.freshness.lag_unknown for each in await answers())

    await until(log_answers, "the ends of the log are known")
    if frozen:
        backends.broker.child.send(signal.SIGSTOP)
    else:
        await asyncio.to_thread(backends.broker.kill)
    try:
        await until(log_is_silent, "it shows that the broker is away")
        found = await answers()
        status = await asking.ask("GetStatus", query_pb2.GetStatusRequest())
    finally:
        if frozen:
            backends.broker.child.send(signal.SIGCONT)
        else:
            await asyncio.to_thread(backends.broker.start)
    assert {(len(each.drive.facts), each.freshness.lag_unknown) for each in found} == {(2, True)}
    assert all(each.freshness.HasField("read_through") for each in (status, *found))
    assert {each.end_offset - each.next_offset for each in status.partitions} == {0}
    await until(log_answers, "the log answers again", limit=60)
