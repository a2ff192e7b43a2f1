"""What a caller is told at once: the number that was meant, where one is unknown."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
import pytest

from contract.world import (
    ADMINISTRATOR,
    LESSOR,
    World,
    credentials,
    enrolment,
    populate,
    services_running,
    serving,
    stamp,
)
from contract.world import CONTRACT as SERVED
from mitodoke.chassis.advisor import AT_ONCE, ReadModelAdvisor
from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2, leasing_service_pb2, leasing_service_pb2_grpc
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.lifecycle.facts import Fact
from mitodoke_local import Backends
from projecting import Projecting
from read_model import until
from worlds import CONTRACT, at, destroyed, enrolled, returned, under

KNOWN = "WMC4N0012345"


@pytest.fixture
async def advisor(database: str) -> AsyncIterator[ReadModelAdvisor]:
    connection = await asyncpg.connect(database, server_settings={"search_path": "custody"})
    try:
        for offset, (serial, kind, contract) in enumerate(
            (
                (KNOWN, "DriveEnrolled", CONTRACT),
                ("WMC4NQ012345", "DriveReturned", CONTRACT),
                ("WMC4ND012345", "DriveEnrolled", "K-OTHER"),
            )
        ):
            await connection.execute(
                'insert into fact (partition, "offset", event_id, kind, serial, contract, party, operator,'
                " occurred_at, recorded_at, backfilled, payload)"
                " values (0, $1, gen_random_uuid(), $2, $3, $4, 'lessor', 'op', now(), now(), false, '')",
                offset,
                kind,
                serial,
                contract,
            )
    finally:
        await connection.close()
    asked = ReadModelAdvisor(database)
    await asked.start()
    yield asked
    await asked.stop()


async def said(advisor: ReadModelAdvisor, fact: Fact) -> list[tuple[str, str]]:
    (advice,) = await advisor.advise([fact], at("06-01"), under(), stranger=False)
    return [(each.code, each.message) for each in advice if each.code == "did_you_mean"]


async def test_a_letter_for_a_zero_is_asked_about(advisor: ReadModelAdvisor) -> None:
    meant = [("did_you_mean", f"{KNOWN} is enrolled under {CONTRACT}; did you mean that one?")]
    assert await said(advisor, destroyed("05-01", serial="WMC4NO012345")) == meant
    assert await said(advisor, returned("05-01", serial="WMC4N0012354")) == meant


async def test_a_number_like_no_other_is_not(advisor: ReadModelAdvisor) -> None:
    assert await said(advisor, destroyed("05-01", serial="WMC4NOO12345")) == []


async def test_a_drive_that_is_just_enrolled_is_known(advisor: ReadModelAdvisor) -> None:
    assert await said(advisor, enrolled("05-01", serial="WMC4NO012345")) == []


async def test_of_a_long_call_each_drive_is_told_its_own(advisor: ReadModelAdvisor) -> None:
    serials = [f"ZK80{number:03}" for number in range(2 * AT_ONCE + 3)]
    serials[AT_ONCE + 1] = KNOWN
    facts = [destroyed("05-01", serial=each) for each in serials]
    told = await advisor.advise(facts, at("06-01"), under(), stranger=False)
    unknown = ["unknown_drive" in {each.code for each in advice} for advice in told]
    assert unknown == [each != KNOWN for each in serials]


async def ended(world: World, party: str, serial: str, **fields: Any) -> list[tuple[str, str]]:
    """What the party is told when it reports that the lease of a drive has ended."""
    stub = leasing_service_pb2_grpc.LeasingServiceStub(world.channel)
    request = leasing_service_pb2.ReportLeaseEndedRequest(
        request_id=str(uuid.uuid4()),
        contract_id=SERVED,
        operator_id="op-7",
        items=[leasing_pb2.LeaseEnded(serial=serial, occurred_at=stamp(datetime.now(UTC)))],
        **fields,
    )
    told: list[tuple[str, str]] = []

    async def judged() -> bool:
        # The same report again counts once: the first may find the advisor still connecting.
        answer = await stub.ReportLeaseEnded(request, metadata=credentials(party), timeout=15)
        told[:] = [(each.code, each.message) for each in answer.items[0].advisories]
        return bool(answer.advisories == report_pb2.ADVISORY_STATE_JUDGED)

    await until(judged, "the report is judged in time")
    return told


async def test_who_is_not_on_the_contract_learns_nothing_of_the_drives_under_it(
    backends: Backends, namespace: str, projecting: Projecting
) -> None:
    advisor = ReadModelAdvisor(projecting.dsn)
    await advisor.start()
    try:
        async with (
            services_running(backends.kafka, namespace, advisor=advisor) as world,
            projecting.worker(),
        ):
            for channel in (world.channel, world.oversight_channel):
                await until(partial(serving, channel), "the services report SERVING")
            await populate(world)
            await world.register_party("buyer")
            await world.enrol(enrolment(KNOWN, "QM00001"))
            await projecting.caught_up()
            misread = "WMC4NO012345"
            wrong = {code for code, _ in await ended(world, LESSOR, misread)}
            assert wrong == {"unknown_drive", "did_you_mean"}
            unapproved = [
                (
                    "unapproved_party",
                    f"buyer reported LeaseEnded without being approved for it under {SERVED}",
                )
            ]
            assert await ended(world, "buyer", misread) == unapproved
            assert await ended(world, "buyer", KNOWN) == unapproved
            # It reads by its own right, also when it reports for one who may.
            delegation = reference_pb2.DelegationGranted(from_party_id=LESSOR, to_party_id="buyer")
            await world.publish("GrantDelegation", delegation=delegation)
            assert await ended(world, "buyer", misread, on_behalf_of=LESSOR) == []
            assert "did_you_mean" in {code for code, _ in await ended(world, ADMINISTRATOR, misread)}
            # Once it is on the contract, it is told what the others are.
            approval = reference_pb2.Approval(party_id="buyer", role=reference_pb2.ROLE_CARRIER)
            amendment = reference_pb2.ContractAmended(contract_id=SERVED, approvals=[approval])
            await world.publish("AmendContract", amendment=amendment)

            async def told_as_others_are() -> bool:
                return "did_you_mean" in {code for code, _ in await ended(world, "buyer", misread)}

            await until(told_as_others_are, "the amendment is read")
    finally:
        await advisor.stop()
