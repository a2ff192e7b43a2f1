"""Any bytes and any message, to any method: never UNKNOWN or INTERNAL, and the log holds only what can be read."""

import base64
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract.world import (
    ADMINISTRATOR,
    CONTRACT,
    POLICY,
    Refused,
    World,
    as_refused,
    configuration,
    credentials,
    populate,
    services_running,
    serving,
    until,
)
from mitodoke.chassis.recording import assembled
from mitodoke.chassis.server import running
from mitodoke.contracts.custody.v1 import query_pb2
from mitodoke.contracts.destruction.v1 import destruction_service_pb2
from mitodoke.contracts.leasing.v1 import leasing_service_pb2
from mitodoke.contracts.oversight.v1 import oversight_service_pb2
from mitodoke.contracts.reference.v1 import reference_service_pb2
from mitodoke.contracts.returns.v1 import returns_service_pb2
from mitodoke.contracts.transport.v1 import transport_service_pb2
from mitodoke.contracts.wipe.v1 import wipe_service_pb2
from mitodoke.eventlog.cloudevents import decode_drive_event, decode_reference_event
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends
from projecting import projection_service

RECORDING = [
    service
    for file in (
        leasing_service_pb2,
        returns_service_pb2,
        wipe_service_pb2,
        transport_service_pb2,
        destruction_service_pb2,
        oversight_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
]
REFERENCE = reference_service_pb2.DESCRIPTOR.services_by_name["ReferenceService"]
REPORTS: list[MethodDescriptor] = [method for service in RECORDING for method in service.methods]
METHODS = REPORTS + list(REFERENCE.methods)
QUERIES: list[MethodDescriptor] = list(query_pb2.DESCRIPTOR.services_by_name["CustodyQuery"].methods)
PAGED = [method for method in QUERIES if "page_token" in method.input_type.fields_by_name]

WATCHED_SECONDS = 0.3
"""A watch that nothing is told to for so long is taken to be one that was not refused."""

FORESEEN = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED,
}

in_a_running_world = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def refused(channel: grpc.aio.Channel, method: MethodDescriptor, request: bytes) -> Refused | None:
    """How the call is refused, which must be foreseen and explain itself; None when it is answered."""
    name = f"/{method.containing_service.full_name}/{method.name}"
    metadata = credentials(ADMINISTRATOR)
    watches = method.name == "WatchFlags"
    try:
        if method.server_streaming:
            stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(name)
            answers = stream(request, metadata=metadata, timeout=WATCHED_SECONDS if watches else 15)
            await answers.read()
            answers.cancel()
        else:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(name)
            await call(request, metadata=metadata, timeout=15)
    except grpc.aio.AioRpcError as error:
        if watches and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return None
        told = as_refused(error)
        assert told.code in FORESEEN, (method.full_name, told)
        assert told.domain == "mitodoke"
        assert told.reason
        assert told.message
        return told
    return None


class Everything:
    """Every recording service behind one address, and the reference calls behind another."""

    def __init__(self, world: World, channel: grpc.aio.Channel) -> None:
        self.world = world
        self._reports = channel

    async def answered(self, method: MethodDescriptor, request: bytes) -> bool:
        """Whether the call is answered; a refusal must be one that is foreseen and explains itself."""
        of_reference = method.containing_service.full_name == REFERENCE.full_name
        channel = self.world.oversight_channel if of_reference else self._reports
        return await refused(channel, method, request) is None


@pytest.fixture
async def everything(backends: Backends, topics: Topics, namespace: str) -> AsyncIterator[Everything]:
    config = configuration(backends.kafka, namespace)
    rpc_services, parts = assembled(
        config, "everything", lambda recording: [recording.rpc_service(each) for each in RECORDING]
    )
    async with (
        services_running(backends.kafka, namespace) as world,
        running(config, name="everything", rpc_services=rpc_services, parts=parts) as served,
        grpc.aio.insecure_channel(str(served.address)) as channel,
    ):
        for each in (world.oversight_channel, channel):
            await until(lambda each=each: serving(each), what="the services report SERVING")  # type: ignore[misc]
        await populate(world)
        yield Everything(world, channel)


@pytest.fixture
async def untouched_log(everything: Everything) -> AsyncIterator[None]:
    """Fails a test during which anything was written."""

    async def lengths() -> tuple[int, int]:
        topics = everything.world.topics
        return len(await everything.world.log(topics.drives)), len(
            await everything.world.log(topics.reference)
        )

    before = await lengths()
    yield
    assert await lengths() == before


@pytest.fixture
async def readable_log(everything: Everything) -> AsyncIterator[None]:
    """Fails a test that leaves anything in the log that cannot be read, or nothing at all."""
    yield
    facts = [decode_drive_event(each) for each in await everything.world.log(everything.world.topics.drives)]
    assert facts
    for record in await everything.world.log(everything.world.topics.reference):
        decode_reference_event(record)


@pytest.mark.usefixtures("untouched_log")
@in_a_running_world
@given(method=st.sampled_from(METHODS), request_bytes=st.binary(max_size=300))
async def test_any_bytes_are_refused_and_nothing_is_written(
    everything: Everything, method: MethodDescriptor, request_bytes: bytes
) -> None:
    assert not await everything.answered(method, request_bytes)


def values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    """Values that a field of this type can hold, sensible ones among them."""
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            if field.name.endswith(("event_id", "flag_id")):
                return st.sampled_from([str(uuid.UUID(int=7)), "7"])
            if field.name == "sha256":
                return st.just("0" * 64)
            sensible = st.sampled_from(["ABC1234", "lot-1", "xyz-9"])
            return st.one_of(sensible, sensible, sensible, st.text(max_size=20))
        case FieldDescriptor.TYPE_ENUM:
            return st.integers(1, 3)
        case FieldDescriptor.TYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.TYPE_DOUBLE:
            return st.floats()
        case FieldDescriptor.TYPE_UINT64:
            return st.integers(0, 2**64 - 1)
        case FieldDescriptor.TYPE_INT32:
            return st.integers(-(2**31), 2**31 - 1)
        case FieldDescriptor.TYPE_INT64:
            return st.integers(-(2**63), 2**63 - 1)
        case _:
            assert field.message_type is not None
            return messages(field.message_type)


def messages(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    """Messages with any of their fields set; times are mostly some that there are."""
    make = GetMessageClass(descriptor)
    if descriptor.full_name == "google.protobuf.Timestamp":
        some = st.builds(make, seconds=st.integers(315_532_800, 1_700_000_000))
        none = st.builds(
            make, seconds=st.integers(315_532_800, 2**63 - 1), nanos=st.integers(-(2**31), 2**31 - 1)
        )
        return st.one_of(some, some, some, none)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in descriptor.fields:
        value = values(field)
        fields[field.name] = st.lists(value, max_size=2) if field.is_repeated else value
    # What is there is more often accepted than what is not, and only what is accepted can do harm.
    optional = {name: fields.pop(name) for name in list(fields) if name in ("evidence", "eta", "return_by")}
    return st.fixed_dictionaries(fields, optional=optional).map(lambda said: make(**said))


def requests(method: MethodDescriptor) -> st.SearchStrategy[Any]:
    """Requests of a method that come as far as their contents."""
    make = GetMessageClass(method.input_type)
    said: dict[str, st.SearchStrategy[Any]] = {"request_id": st.uuids().map(str)}
    for field in method.input_type.fields:
        if field.name == "items":
            assert field.message_type is not None
            said["items"] = st.lists(messages(field.message_type), max_size=2)
        elif field.name in ("contract_id", "operator_id"):
            said[field.name] = st.sampled_from([CONTRACT, CONTRACT, CONTRACT, "nowhere"])
        elif field.message_type is not None:
            said[field.name] = messages(field.message_type)
    optional = {name: said.pop(name) for name in ("backfilled_from",) if name in said}
    return st.fixed_dictionaries(said, optional=optional).map(lambda each: make(**each))


@pytest.mark.usefixtures("readable_log")
@in_a_running_world
@given(call=st.sampled_from(METHODS).flatmap(lambda method: st.tuples(st.just(method), requests(method))))
async def test_whatever_is_accepted_can_be_read_back(
    everything: Everything, call: tuple[MethodDescriptor, Message]
) -> None:
    method, request = call
    await everything.answered(method, request.SerializeToString())


async def test_a_time_after_the_year_9999_is_refused_in_any_field(everything: Everything) -> None:
    method = leasing_service_pb2.DESCRIPTOR.services_by_name["LeasingService"].methods_by_name[
        "ReportLeaseExtended"
    ]
    request = leasing_service_pb2.ReportLeaseExtendedRequest(
        request_id=str(uuid.uuid4()), contract_id=CONTRACT, operator_id="op-7"
    )
    item = request.items.add(serial="ABC1234")
    item.occurred_at.seconds = item.until.seconds = 1_700_000_000
    assert await everything.answered(method, request.SerializeToString())
    item.until.seconds = 253_402_300_800
    assert not await everything.answered(method, request.SerializeToString())


@pytest.fixture
async def asking(
    backends: Backends, topics: Topics, namespace: str, database: str
) -> AsyncIterator[grpc.aio.Channel]:
    """The way to a projection that has read a small world."""
    config = replace(configuration(backends.kafka, namespace), database=database)
    async with (
        services_running(backends.kafka, namespace) as world,
        projection_service(config) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        for each in (world.oversight_channel, channel):
            await until(lambda each=each: serving(each), what="the services report SERVING")  # type: ignore[misc]
        await populate(world)
        contract = query_pb2.GetContractRequest(contract_id=CONTRACT).SerializeToString()
        [get_contract] = [method for method in QUERIES if method.name == "GetContract"]

        async def shown() -> bool:
            return await refused(channel, get_contract, contract) is None

        await until(shown, what="the read model has the contract")
        yield channel


@in_a_running_world
@given(method=st.sampled_from(QUERIES), request_bytes=st.binary(max_size=300))
async def test_any_bytes_to_a_query_are_answered_or_refused(
    asking: grpc.aio.Channel, method: MethodDescriptor, request_bytes: bytes
) -> None:
    await refused(asking, method, request_bytes)


def questions(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    """Requests for what there may be, of which more are answered the more fields are left out."""
    make = GetMessageClass(descriptor)
    said: dict[str, st.SearchStrategy[Any]] = {}
    for field in descriptor.fields:
        value = values(field)
        if field.name == "contract_id":
            value = st.sampled_from([CONTRACT, CONTRACT, "nowhere", "\x00"])
        elif field.name == "document":
            value = st.one_of(st.just(POLICY), st.text(max_size=40))
        elif field.name in ("page_size", "most", "version"):
            value = st.integers(-1, 20_000)
        elif field.name == "trial":
            assert field.message_type is not None
            value = questions(field.message_type)
        said[field.name] = st.lists(value, max_size=2) if field.is_repeated else value
    needed = {
        name: said.pop(name)
        for name in ("serial", "shipment_id", "policy_id", "document", "trial")
        if name in said
    }
    return st.fixed_dictionaries(needed, optional=said).map(lambda each: make(**each))


@in_a_running_world
@given(call=st.sampled_from(QUERIES).flatmap(lambda m: st.tuples(st.just(m), questions(m.input_type))))
async def test_any_question_is_answered_or_refused(
    asking: grpc.aio.Channel, call: tuple[MethodDescriptor, Message]
) -> None:
    method, request = call
    await refused(asking, method, request.SerializeToString())


parts = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=10),
    st.uuids().map(str),
    st.datetimes(timezones=st.none() | st.timezones()).map(lambda each: each.isoformat()),
)
"""What a page token might hold; text with half characters and U+0000, and times of no zone, among it."""

tokens = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    st.one_of(
        st.lists(parts, max_size=6),
        st.tuples(st.integers(1, 3), parts, parts),
        st.tuples(parts, parts, parts, parts, parts),
        st.recursive(parts, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5),
    ).map(lambda held: base64.urlsafe_b64encode(json.dumps(held).encode()).decode()),
)


def token(document: str) -> str:
    return base64.urlsafe_b64encode(document.encode()).decode()


@in_a_running_world
@given(method=st.sampled_from(PAGED), page_token=tokens)
@example(PAGED[0], token('[1, "2020-01-01T00:00:00+00:00", 5]'))
@example(PAGED[0], token('[1e999, "2020-01-01T00:00:00+00:00", "00000000-0000-0000-0000-000000000000"]'))
@example(PAGED[0], token('[true, "2020-01-01T00:00:00+00:00", "00000000-0000-0000-0000-000000000000"]'))
@example(PAGED[0], token('[-2147483648, "2020-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000"]'))
@example(PAGED[0], token('[1, "2020-01-01T00:00:00", "00000000-0000-0000-0000-000000000000"]'))
@example(PAGED[1], token(r'["2020-01-01T00:00:00+00:00", "\u0000", "", "", ""]'))
@example(PAGED[1], token(r'["2020-01-01T00:00:00+00:00", "\ud800", "", "", ""]'))
@example(PAGED[1], token('["2020-01-01T00:00:00", "", "", "", ""]'))
@example(PAGED[1], token('["0001-01-01T00:00:00+14:00", "", "", "", ""]'))
async def test_a_page_token_that_no_answer_gave_is_named_as_what_is_wrong(
    asking: grpc.aio.Channel, method: MethodDescriptor, page_token: str
) -> None:
    request = GetMessageClass(method.input_type)(page_token=page_token)
    told = await refused(asking, method, request.SerializeToString())
    if told is not None:
        assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert list(told.fields) == ["page_token"]


def test_the_methods_that_give_page_tokens_are_known() -> None:
    assert [method.name for method in PAGED] == ["ListFlags", "ListObligations"]
