"""What a partner that uses our own client may rely on."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from contract.world import ADMINISTRATOR, CONTRACT, LESSOR, SECRET, World, enrolment
from mitodoke.client import (
    CallFailed,
    Connection,
    ConnectionFileError,
    DevelopmentIdentity,
    Endpoints,
    Patience,
    read_endpoints,
)
from mitodoke.client.reports import Report, Reported
from mitodoke.contracts.leasing.v1 import leasing_pb2, leasing_service_pb2
from mitodoke.contracts.reference.v1 import reference_pb2


@pytest.fixture
async def lessor(world: World) -> AsyncIterator[Connection]:
    endpoints = Endpoints(services={"leasing": world.leasing_address, "oversight": world.oversight_address})
    async with Connection(endpoints, DevelopmentIdentity(LESSOR, SECRET)) as connection:
        yield connection


def drives(*serials: str) -> list[leasing_pb2.DriveEnrolled]:
    return list(enrolment(*serials).items)


async def test_a_report_is_recorded(world: World, lessor: Connection) -> None:
    reported = await lessor.leasing.report_drive_enrolled(
        contract=CONTRACT, operator="op-7", items=drives("abc1234", "xyz9876")
    )
    assert [each.serial for each in reported.items] == ["ABC1234", "XYZ9876"]
    assert uuid.UUID(reported.request_id)
    assert not reported.advisories_judged
    assert await world.facts_in_log() == 2


async def test_more_items_than_a_call_takes_go_in_several_and_repeat_as_the_same(
    world: World, lessor: Connection
) -> None:
    request_id = str(uuid.uuid4())
    items = drives(*(f"disk{n:06}" for n in range(10_003)))

    async def report() -> Reported:
        return await lessor.leasing.report_drive_enrolled(
            contract=CONTRACT, operator="op-7", items=items, request_id=request_id, advisories=False
        )

    first, again = await report(), await report()
    ids = [each.event_id for each in first.items]
    assert len(set(ids)) == 10_003
    assert [each.event_id for each in again.items] == ids
    assert await world.facts_in_log() == 2 * 10_003


async def test_a_refusal_says_why_and_where(lessor: Connection) -> None:
    with pytest.raises(CallFailed) as failed:
        await lessor.leasing.report_drive_enrolled(
            contract=CONTRACT, operator="op-7", items=drives("abc1234", "N/A")
        )
    error = failed.value
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SERIAL_REFUSED")
    assert [each.field for each in error.violations] == ["items[1].serial"]
    assert "items[1].serial: 'N/A' is a placeholder" in str(error)


async def test_no_items_at_all_are_refused_by_the_service(lessor: Connection) -> None:
    with pytest.raises(CallFailed, match="items"):
        await lessor.leasing.report_drive_enrolled(contract=CONTRACT, operator="op-7", items=[])


async def test_a_system_that_is_not_there_is_said_to_be(lessor: Connection) -> None:
    endpoints = Endpoints(services={"leasing": "127.0.0.1:1"})
    patience = Patience(per_attempt=1, in_all=0.3)
    async with Connection(endpoints, DevelopmentIdentity(LESSOR, SECRET), patience=patience) as nowhere:
        with pytest.raises(CallFailed, match="Is the system running"):
            await nowhere.leasing.report_drive_enrolled(contract=CONTRACT, operator="o", items=drives("abc1"))


async def test_reference_facts_are_published(world: World, tmp_path: Path) -> None:
    running = tmp_path / "running.json"
    services = {"leasing": world.leasing_address, "oversight": world.oversight_address}
    running.write_text(
        json.dumps({"services": services, "dev_secret": SECRET, "administrator": ADMINISTRATOR}),
        encoding="utf-8",
    )
    async with Connection.from_file(environment={"MITODOKE_CONNECTION": str(running)}) as administrator:
        recycler = reference_pb2.PartyRegistered(party_id="recycler", name="Recycler")
        assert (await administrator.reference.register_party(recycler)).event_id
    async with Connection.from_file(party="recycler", path=running) as partner:
        with pytest.raises(CallFailed) as failed:
            await partner.reference.close_shipment("lot-1", CONTRACT)
        assert failed.value.reason == "NOT_ON_CONTRACT"


async def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_request_id() -> None:
    seen: list[str] = []
    response = leasing_service_pb2.ReportDriveEnrolledResponse()

    async def lose_twice(
        request: leasing_service_pb2.ReportDriveEnrolledRequest,
        context: grpc.aio.ServicerContext[
            leasing_service_pb2.ReportDriveEnrolledRequest, leasing_service_pb2.ReportDriveEnrolledResponse
        ],
    ) -> leasing_service_pb2.ReportDriveEnrolledResponse:
        seen.append(request.request_id)
        if len(seen) <= 2:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return response

    method = leasing_service_pb2.DESCRIPTOR.services_by_name["LeasingService"].methods_by_name[
        "ReportDriveEnrolled"
    ]
    handler = grpc.unary_unary_rpc_method_handler(
        lose_twice,
        leasing_service_pb2.ReportDriveEnrolledRequest.FromString,
        leasing_service_pb2.ReportDriveEnrolledResponse.SerializeToString,
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(method.containing_service.full_name, {method.name: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        endpoints = Endpoints(services={"leasing": f"127.0.0.1:{port}"})
        async with Connection(endpoints, DevelopmentIdentity(LESSOR, SECRET)) as connection:
            assert isinstance(connection.leasing.report_drive_enrolled, Report)
            await connection.leasing.report_drive_enrolled(contract="c", operator="o", items=drives("abc1"))
    finally:
        await server.stop(None)
    assert len(seen) == 3
    assert len(set(seen)) == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"services": 1}', "\xff"])
def test_a_connection_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "running.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ConnectionFileError, match="make up"):
        read_endpoints(path)


def test_no_connection_file_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFileError, match="Start it with make up"):
        read_endpoints(tmp_path / "running.json")


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFileError, match="no service 'wipe'; it has: leasing"):
        Endpoints(services={"leasing": "127.0.0.1:1"}).address("wipe")
