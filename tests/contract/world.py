"""A small world behind real gRPC and real Kafka: services in this process, an owner, a lessor and a contract."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mitodoke.chassis.advisor import Advisor
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.recording import assembled
from mitodoke.chassis.server import running
from mitodoke.contracts.leasing.v1 import leasing_pb2, leasing_service_pb2, leasing_service_pb2_grpc
from mitodoke.contracts.reference.v1 import reference_pb2, reference_service_pb2, reference_service_pb2_grpc
from mitodoke.eventlog.topics import Topics
from mitodoke.services import oversight
from mitodoke.services.leasing.servicer import services as leasing_services

SECRET = "not-a-secret-in-tests"
ADMINISTRATOR = "mitodoke-operator"
OWNER = "prefecture"
LESSOR = "lessor"
CONTRACT = "k-2019"
POLICY = """\
policy: certificates
version: 1
timezone: Asia/Tokyo
obligations:
  - {id: certificate, after: DriveReturned, expect: CertificateAccepted, within: 2 months, owed_by: lessor}
"""


@dataclass(frozen=True)
class Refused:
    """A refusal as any client of google.rpc sees it."""

    code: grpc.StatusCode
    message: str
    reason: str
    domain: str
    fields: dict[str, str]
    retry_after: float | None


def as_refused(error: grpc.aio.AioRpcError) -> Refused:
    raw = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    told_when = False
    for detail in status_pb2.Status.FromString(raw).details:
        detail.Unpack(info)
        detail.Unpack(bad)
        told_when = detail.Unpack(retry) or told_when
    return Refused(
        error.code(),
        error.details() or "",
        info.reason,
        info.domain,
        {each.field: each.description for each in bad.field_violations},
        retry.retry_delay.ToTimedelta().total_seconds() if told_when else None,
    )


async def refusal(call: Awaitable[Any]) -> Refused:
    """What a call is refused with; a call that is answered fails the test."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return as_refused(error.value)


async def until(condition: Callable[[], Awaitable[bool]], *, what: str, limit: float = 30.0) -> None:
    """Return when the condition holds; fail, saying what was waited for, when it does not in time."""
    try:
        async with asyncio.timeout(limit):
            while not await condition():  # noqa: ASYNC110  it is in another process
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"Waited {limit:g} s in vain until {what}")


def credentials(party: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Dev {party}:{SECRET}"),)


def stamp(at: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(at)
    return made


def enrolment(*serials: str, **fields: Any) -> leasing_service_pb2.ReportDriveEnrolledRequest:
    """A report that drives came under the contract an hour ago."""
    at = stamp(datetime.now(UTC) - timedelta(hours=1))
    said: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "contract_id": CONTRACT,
        "operator_id": "op-7",
        "items": [
            leasing_pb2.DriveEnrolled(serial=each, occurred_at=at, media_type=leasing_pb2.MEDIA_TYPE_HDD)
            for each in serials
        ],
    }
    return leasing_service_pb2.ReportDriveEnrolledRequest(**{**said, **fields})


@dataclass(frozen=True)
class World:
    """Running leasing and oversight services, and the topics below them."""

    kafka: str
    topics: Topics
    leasing_address: str
    oversight_address: str
    channel: grpc.aio.Channel
    oversight_channel: grpc.aio.Channel

    async def enrol(
        self,
        request: leasing_service_pb2.ReportDriveEnrolledRequest,
        party: str = LESSOR,
        *,
        limit: float = 15,
    ) -> leasing_service_pb2.ReportDriveEnrolledResponse:
        stub = leasing_service_pb2_grpc.LeasingServiceStub(self.channel)
        answer: leasing_service_pb2.ReportDriveEnrolledResponse = await stub.ReportDriveEnrolled(
            request, metadata=credentials(party), timeout=limit
        )
        return answer

    async def publish(
        self, method: str, caller: str = ADMINISTRATOR, *, request_id: str = "", **fields: Any
    ) -> Any:
        """Call a method of ReferenceService, such as RegisterParty."""
        request = getattr(reference_service_pb2, f"{method}Request")(
            request_id=request_id or str(uuid.uuid4()), **fields
        )
        stub = reference_service_pb2_grpc.ReferenceServiceStub(self.oversight_channel)
        return await getattr(stub, method)(request, metadata=credentials(caller), timeout=15)

    async def register_party(self, party: str, *permissions: reference_pb2.Permission) -> Any:
        return await self.publish(
            "RegisterParty",
            party=reference_pb2.PartyRegistered(party_id=party, name=party.title(), permissions=permissions),
        )

    async def log(self, topic: str) -> list[ConsumerRecord]:
        """Everything that a topic holds."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, group_id=None, auto_offset_reset="earliest")
        await consumer.start()
        try:
            await consumer._client._wait_on_metadata(topic)
            partitions = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: list[ConsumerRecord] = []
            missing = sum(ends.values())
            while len(records) < missing:
                for batch in (await consumer.getmany(timeout_ms=1000)).values():
                    records += batch
            return records
        finally:
            await consumer.stop()

    async def facts_in_log(self) -> int:
        return len(await self.log(self.topics.drives))


async def health(channel: grpc.aio.Channel, service: str = "") -> health_pb2.HealthCheckResponse:
    """What a server says of a service's health, or of its own."""
    stub = health_pb2_grpc.HealthStub(channel)
    answer: health_pb2.HealthCheckResponse = await stub.Check(  # type: ignore[attr-defined]  # its types name no method
        health_pb2.HealthCheckRequest(service=service), timeout=5
    )
    return answer


async def serving(channel: grpc.aio.Channel) -> bool:
    try:
        answer = await health(channel)
    except grpc.aio.AioRpcError:
        return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING


def configuration(kafka: str, namespace: str) -> Config:
    return Config(
        kafka=kafka,
        listen=Address("127.0.0.1", 0),
        dev_secret=SECRET,
        administrator=ADMINISTRATOR,
        topic_namespace=namespace,
    )


@contextlib.asynccontextmanager
async def services_running(
    kafka: str, namespace: str, *, advisor: Advisor | None = None
) -> AsyncIterator[World]:
    """Both services in this process; returns before they are connected to anything."""
    config = configuration(kafka, namespace)
    leasing_rpc, leasing_parts = assembled(config, "leasing", leasing_services, advisor=advisor)
    oversight_rpc, oversight_parts = oversight.assemble(config)
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(
            running(config, name="leasing", rpc_services=leasing_rpc, parts=leasing_parts)
        )
        two = await stack.enter_async_context(
            running(config, name="oversight", rpc_services=oversight_rpc, parts=oversight_parts)
        )
        channels = [grpc.aio.insecure_channel(str(each.address)) for each in (one, two)]
        for channel in channels:
            await stack.enter_async_context(channel)
        yield World(kafka, Topics.named(namespace), str(one.address), str(two.address), *channels)


async def populate(world: World) -> None:
    """Register the owner, the lessor, the policy and the contract."""
    await world.register_party(OWNER)
    await world.register_party(LESSOR)
    await world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=POLICY))
    await world.publish("RegisterContract", contract=contract(CONTRACT))


def contract(contract_id: str, **fields: Any) -> reference_pb2.ContractRegistered:
    said: dict[str, Any] = {
        "contract_id": contract_id,
        "owner_party_id": OWNER,
        "policy_id": "certificates",
        "policy_version": 1,
        "approvals": [reference_pb2.Approval(party_id=LESSOR, role=reference_pb2.ROLE_LESSOR)],
    }
    return reference_pb2.ContractRegistered(**{**said, **fields})
