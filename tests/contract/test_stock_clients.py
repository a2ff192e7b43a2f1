"""Clients that nobody here wrote find the services by reflection, see their health and call them."""

import asyncio
import json
import os
import shutil
import uuid
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from contract.world import CONTRACT, LESSOR, SECRET, World, health, services_running, serving, until
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.identity import DevelopmentAuthenticator, NotLoopbackError
from mitodoke.eventlog.topics import create_topics
from mitodoke_local import Backends

TOOLS = Path(__file__).resolve().parents[2] / ".mitodoke" / "tools" / "bin"
LEASING = "mitodoke.leasing.v1.LeasingService"


async def test_reflection_lists_the_services(world: World) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(
        world.oversight_channel  # type: ignore[arg-type]  # its types know no channel of asyncio
    )

    async def ask() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    [answer] = [each async for each in stub.ServerReflectionInfo(ask())]
    assert {each.name for each in answer.list_services_response.service} == {
        "mitodoke.oversight.v1.OversightService",
        "mitodoke.reference.v1.ReferenceService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_each_service_reports_its_health(world: World) -> None:
    for name in ("", LEASING):
        answer = await health(world.channel, name)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_service_is_not_serving_until_its_topics_are_there(
    backends: Backends, namespace: str
) -> None:
    async with services_running(backends.kafka, namespace) as world:
        answer = await health(world.channel)
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        await create_topics(backends.kafka, world.topics)
        await until(lambda: serving(world.channel), what="the service has found its topics")


def grpcurl() -> str:
    found = shutil.which("grpcurl", path=f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        missing = "grpcurl is not installed: run scripts/tools.sh"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        warnings.warn(pytest.PytestWarning(missing), stacklevel=2)
        pytest.skip(missing)
    return found


async def run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode()


async def test_grpcurl_lists_and_calls_by_reflection(world: World) -> None:
    program = grpcurl()
    code, listed = await run(program, "-plaintext", world.leasing_address, "list")
    assert (code, LEASING in listed.split()) == (0, True), listed
    code, described = await run(program, "-plaintext", world.leasing_address, "describe", LEASING)
    assert (code, "rpc ReportDriveEnrolled" in described) == (0, True), described

    request = {
        "request_id": str(uuid.uuid4()),
        "contract_id": CONTRACT,
        "operator_id": "op-7",
        "items": [{"serial": "s/n: abc 1234", "occurred_at": "2019-02-28T00:00:00Z"}],
    }
    call = (program, "-plaintext", "-H", f"authorization: Dev {LESSOR}:{SECRET}")
    method = f"{LEASING}/ReportDriveEnrolled"
    code, answered = await run(*call, "-d", json.dumps(request), world.leasing_address, method)
    assert code == 0, answered
    assert json.loads(answered)["items"][0]["serial"] == "ABC1234"

    request["items"] = [{"serial": "N/A", "occurred_at": "2019-02-28T00:00:00Z"}]
    code, refused = await run(*call, "-d", json.dumps(request), world.leasing_address, method)
    assert code != 0
    assert "SERIAL_REFUSED" in refused
    assert "items[0].serial" in refused


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_the_development_identity_serves_on_loopback_only(host: str) -> None:
    with pytest.raises(NotLoopbackError, match="loopback"):
        DevelopmentAuthenticator(SECRET, Address(host, 7001))


async def test_a_method_without_a_handler_is_unimplemented(world: World) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = world.channel.unary_unary(f"/{LEASING}/Nothing")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(b"", timeout=5)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_no_secret_shows_in_a_configuration() -> None:
    config = Config(
        kafka="127.0.0.1:1", database="postgresql://u:pw@h/d", listen=Address("::1", 1), dev_secret="xyz"
    )
    assert "xyz" not in repr(config)
    assert "pw" not in repr(config)
