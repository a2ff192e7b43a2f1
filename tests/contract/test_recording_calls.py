"""What a partner may rely on when it reports: what is answered is in the log, and what is refused is not."""

import asyncio
import gc
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import grpc
import pytest

from contract.world import (
    ADMINISTRATOR,
    CONTRACT,
    LESSOR,
    OWNER,
    World,
    as_refused,
    contract,
    credentials,
    enrolment,
    populate,
    refusal,
    services_running,
    serving,
    stamp,
    until,
)
from mitodoke.chassis.advisor import Advisory
from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import decode_drive_event
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.reference import Reference
from mitodoke_local import Backends


async def test_the_answer_says_where_each_fact_stands_in_the_log(world: World) -> None:
    answer = await world.enrol(enrolment("s/n: abc-1234", "ＷＤ-ｘｙｚ９", "abc-1234"))
    found = {(each.partition, each.offset): each for each in await world.log(world.topics.drives)}
    assert [each.serial for each in answer.items] == ["ABC-1234", "XYZ9", "ABC-1234"]
    assert len(found) == 3
    for item in answer.items:
        record = found[item.partition, item.offset]
        fact = decode_drive_event(record)
        assert str(fact.event_id) == item.event_id
        assert fact.serial == item.serial == record.key.decode()
        assert fact.recorded_at == item.recorded_at.ToDatetime(tzinfo=UTC)
        assert record.timestamp_type == 1
    assert answer.items[0].offset < answer.items[2].offset


async def test_a_fact_is_a_cloudevent_whose_value_is_what_was_reported(world: World) -> None:
    request = enrolment("sn:abc1234")
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    stub: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = world.channel.unary_unary(
        "/mitodoke.leasing.v1.LeasingService/ReportDriveEnrolled"
    )
    await stub(
        request.SerializeToString(), metadata=(*credentials(LESSOR), ("traceparent", trace)), timeout=15
    )
    [record] = await world.log(world.topics.drives)
    headers = dict(record.headers)
    expected_id = headers.pop("ce_id").decode()
    assert uuid.UUID(expected_id).version == 5
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_type": b"mitodoke.leasing.v1.DriveEnrolled",
        "ce_source": b"/mitodoke/leasing",
        "ce_subject": b"ABC1234",
        "ce_time": request.items[0].occurred_at.ToDatetime().isoformat(timespec="microseconds").encode()
        + b"Z",
        "ce_partyid": LESSOR.encode(),
        "ce_contractid": CONTRACT.encode(),
        "ce_operatorid": b"op-7",
        "ce_requestid": request.request_id.encode(),
        "content-type": b"application/protobuf",
        "traceparent": trace.encode(),
    }
    assert record.key == b"ABC1234"
    assert record.value == request.items[0].SerializeToString()


async def test_the_same_request_again_is_the_same_events(world: World) -> None:
    request = enrolment("abc1234", "xyz9876")
    first, second = await world.enrol(request), await world.enrol(request)
    assert [each.event_id for each in first.items] == [each.event_id for each in second.items]
    assert first.items[0].event_id != first.items[1].event_id


async def test_an_upper_case_request_id_is_the_same_request(world: World) -> None:
    request = enrolment("abc1234")
    first = await world.enrol(request)
    request.request_id = request.request_id.upper()
    assert (await world.enrol(request)).items[0].event_id == first.items[0].event_id


async def test_ten_thousand_items_are_recorded_in_one_call(world: World) -> None:
    answer = await world.enrol(enrolment(*(f"disk{n:06}" for n in range(10_000))), limit=60)
    assert len(answer.items) == 10_000
    assert [each.serial for each in answer.items[:2]] == ["DISK000000", "DISK000001"]
    places = {(each.partition, each.offset) for each in answer.items}
    assert len(places) == 10_000 == await world.facts_in_log()


async def test_advisories_that_cannot_be_had_do_not_fail_the_call(world: World) -> None:
    answer = await world.enrol(enrolment("abc1234"))
    assert answer.advisories == report_pb2.ADVISORY_STATE_UNAVAILABLE
    wished = await world.enrol(enrolment("abc1234", advisories=report_pb2.ADVISORY_WISH_NONE))
    assert wished.advisories == report_pb2.ADVISORY_STATE_NOT_ASKED


class NeverInTime:
    """An advisor whose read model answers after every limit."""

    async def advise(
        self, facts: Sequence[Fact], as_of: datetime, reference: Reference, *, stranger: bool
    ) -> Sequence[Sequence[Advisory]]:
        await asyncio.Event().wait()
        raise AssertionError


async def test_advisories_that_come_too_late_are_not_waited_for_and_leave_nothing_behind(
    backends: Backends, topics: Topics, namespace: str
) -> None:
    async with services_running(backends.kafka, namespace, advisor=NeverInTime()) as world:
        for channel in (world.channel, world.oversight_channel):
            await until(partial(serving, channel), what="the services report SERVING")
        await populate(world)
        gc.collect()
        gc.disable()
        try:
            before = sum(isinstance(each, Fact) for each in gc.get_objects())
            for number in range(10):
                answer = await world.enrol(enrolment(f"abc{number}"))
                assert answer.advisories == report_pb2.ADVISORY_STATE_UNAVAILABLE
            held = sum(isinstance(each, Fact) for each in gc.get_objects()) - before
        finally:
            gc.enable()
    assert held <= 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"request_id": "not-a-uuid"}, "request_id"),
        ({"contract_id": ""}, "contract_id"),
        ({"operator_id": ""}, "operator_id"),
        ({"operator_id": "o\x00p"}, "operator_id"),
        ({"items": []}, "items"),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named(
    world: World, change: dict[str, object], field: str
) -> None:
    refused = await refusal(world.enrol(enrolment("abc1234", **change)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert refused.domain == "mitodoke"
    assert field in refused.fields
    assert await world.facts_in_log() == 0


async def test_an_item_that_breaks_a_rule_is_named_and_nothing_is_written(world: World) -> None:
    request = enrolment("good1", "x" * 300, "good2")
    request.items[2].ClearField("occurred_at")
    refused = await refusal(world.enrol(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert set(refused.fields) == {"items[1].serial", "items[2].occurred_at"}
    assert "128" in refused.fields["items[1].serial"]
    assert await world.facts_in_log() == 0


async def test_ten_thousand_and_one_items_are_refused(world: World) -> None:
    refused = await refusal(world.enrol(enrolment(*(f"disk{n:06}" for n in range(10_001))), limit=60))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert "items" in refused.fields
    assert "10000" in refused.fields["items"].replace(",", "")
    assert await world.facts_in_log() == 0


async def test_of_many_broken_items_twenty_are_named_and_the_rest_counted(world: World) -> None:
    refused = await refusal(world.enrol(enrolment(*["x" * 300] * 1_000)))
    assert len(refused.fields) == 20
    assert list(refused.fields.values())[-1].endswith("(and 980 more)")


@pytest.mark.parametrize("serial", ["N/A", "REDACTED", "0000000", "s/n:", "　", "serial?"])
async def test_a_placeholder_for_a_serial_is_refused(world: World, serial: str) -> None:
    refused = await refusal(world.enrol(enrolment("good1", serial)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SERIAL_REFUSED")
    assert list(refused.fields) == ["items[1].serial"]
    assert await world.facts_in_log() == 0


async def test_a_time_in_the_future_is_refused(world: World) -> None:
    request = enrolment("abc1234", "xyz9876")
    request.items[1].occurred_at.CopyFrom(stamp(datetime.now(UTC) + timedelta(minutes=10)))
    refused = await refusal(world.enrol(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TIME_IN_FUTURE")
    assert list(refused.fields) == ["items[1].occurred_at"]
    assert await world.facts_in_log() == 0


@pytest.mark.parametrize(
    ("seconds", "nanos"), [(2**62, 0), (1_700_000_000, 2_000_000_000), (1_700_000_000, -1)]
)
async def test_a_time_that_is_none_is_refused(world: World, seconds: int, nanos: int) -> None:
    request = enrolment("abc1234")
    request.items[0].occurred_at.seconds, request.items[0].occurred_at.nanos = seconds, nanos
    refused = await refusal(world.enrol(request))
    assert refused.code == grpc.StatusCode.INVALID_ARGUMENT
    assert list(refused.fields) == ["items[0].occurred_at"]


async def test_an_item_larger_than_its_fields_allow_is_refused(world: World) -> None:
    request = enrolment("abc1234")
    unknown = b"\xfa\x3f" + b"\x80\x80\x08" + b"x" * 131072  # field 1023, which no version has
    request.items[0].MergeFromString(unknown)
    refused = await refusal(world.enrol(request))
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["items[0]"])
    assert await world.facts_in_log() == 0


async def test_an_unknown_contract_is_refused(world: World) -> None:
    refused = await refusal(world.enrol(enrolment("abc1234", contract_id="nowhere")))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "CONTRACT_UNKNOWN")
    assert list(refused.fields) == ["contract_id"]
    assert await world.facts_in_log() == 0


async def test_a_contract_is_known_as_soon_as_its_registration_is_answered(world: World) -> None:
    await world.publish("RegisterContract", contract=contract("k-2020"))
    assert (await world.enrol(enrolment("abc1234", contract_id="k-2020"))).items


async def test_a_caller_without_credentials_is_refused_before_the_contents_are_looked_at(
    world: World,
) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = world.channel.unary_unary(
        "/mitodoke.leasing.v1.LeasingService/ReportDriveEnrolled"
    )
    for metadata, reason in (
        ((), "CREDENTIALS_MISSING"),
        ((("authorization", "Dev lessor:wrong"),), "CREDENTIALS_REFUSED"),
        ((("authorization", "Bearer x"),), "CREDENTIALS_REFUSED"),
    ):
        refused = await refusal(call(b"\xff\xff", metadata=metadata, timeout=15))
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)


async def test_an_unregistered_party_is_refused_before_it_learns_which_contracts_exist(world: World) -> None:
    for contract_id in (CONTRACT, "nowhere"):
        refused = await refusal(world.enrol(enrolment("abc1234", contract_id=contract_id), party="stranger"))
        assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PARTY_UNKNOWN")


async def test_a_party_that_is_not_on_the_contract_may_report(world: World) -> None:
    await world.register_party("recycler")
    assert (await world.enrol(enrolment("abc1234"), party="recycler")).items


async def test_a_suspended_party_is_refused_until_it_is_registered_again(world: World) -> None:
    await world.enrol(enrolment("abc1234"))
    suspension = reference_pb2.PartySuspended(party_id=LESSOR, reason="its key was stolen")
    await world.publish("SuspendParty", suspension=suspension)

    async def refused_now() -> bool:
        try:
            await world.enrol(enrolment("abc1234"))
        except grpc.aio.AioRpcError as error:
            assert "its key was stolen" in (error.details() or "")
            return error.code() == grpc.StatusCode.PERMISSION_DENIED
        return False

    await until(refused_now, what="the suspension is read by the leasing service", limit=5)
    await world.register_party(LESSOR)
    assert (await world.enrol(enrolment("abc1234"))).items


async def test_reporting_for_another_asks_for_its_delegation(world: World) -> None:
    refused = await refusal(world.enrol(enrolment("abc1234", on_behalf_of=OWNER)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "DELEGATION_MISSING")
    delegation = reference_pb2.DelegationGranted(from_party_id=OWNER, to_party_id=LESSOR)
    await world.publish("GrantDelegation", delegation=delegation)
    await world.enrol(enrolment("abc1234", on_behalf_of=OWNER))
    [record] = await world.log(world.topics.drives)
    headers = dict(record.headers)
    assert (headers["ce_partyid"], headers["ce_reportedby"]) == (OWNER.encode(), LESSOR.encode())


async def test_a_delegation_is_ended_by_granting_it_again_until_now(world: World) -> None:
    for valid_until in (None, stamp(datetime.now(UTC))):
        delegation = reference_pb2.DelegationGranted(
            from_party_id=OWNER, to_party_id=LESSOR, valid_until=valid_until
        )
        await world.publish("GrantDelegation", delegation=delegation)

    async def refused_now() -> bool:
        try:
            await world.enrol(enrolment("abc1234", on_behalf_of=OWNER))
        except grpc.aio.AioRpcError as error:
            return as_refused(error).reason == "DELEGATION_MISSING"
        return False

    await until(refused_now, what="the end of the delegation is read by the leasing service", limit=5)


async def test_importing_history_asks_for_its_permission_and_is_marked(world: World) -> None:
    refused = await refusal(world.enrol(enrolment("abc1234", backfilled=True)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "BACKFILL_NOT_PERMITTED")
    await world.register_party(LESSOR, reference_pb2.PERMISSION_BACKFILL)
    await world.enrol(enrolment("abc1234", backfilled=True))
    [record] = await world.log(world.topics.drives)
    fact = decode_drive_event(record)
    assert fact.backfilled
    assert fact.known_at == fact.occurred_at


async def test_the_administrator_needs_no_registration(world: World) -> None:
    assert (await world.enrol(enrolment("abc1234", backfilled=True), party=ADMINISTRATOR)).items


async def test_a_message_beyond_the_largest_is_refused_by_grpc(world: World) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = world.channel.unary_unary(
        "/mitodoke.leasing.v1.LeasingService/ReportDriveEnrolled"
    )
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(b"\x00" * (17 * 1024 * 1024), metadata=credentials(LESSOR), timeout=15)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_enum_values_of_no_version_are_refused(world: World) -> None:
    request = enrolment("abc1234")
    request.items[0].media_type = 99  # type: ignore[assignment]
    refused = await refusal(world.enrol(request))
    assert list(refused.fields) == ["items[0].media_type"]
    assert leasing_pb2.MediaType.DESCRIPTOR.values_by_number.get(99) is None
