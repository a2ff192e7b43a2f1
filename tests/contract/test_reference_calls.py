"""What an administrator may rely on: an answer is known from then on, and an error names its line."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from aiokafka import AIOKafkaProducer
from google.protobuf.message import Message

from contract.world import (
    ADMINISTRATOR,
    CONTRACT,
    LESSOR,
    OWNER,
    POLICY,
    World,
    as_refused,
    contract,
    enrolment,
    refusal,
    stamp,
)
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import Envelope, decode_reference_event, reference_event
from mitodoke.lifecycle.reference import ContractRegistered, PolicyPublished

pytestmark = pytest.mark.usefixtures("world")


async def test_the_answer_says_where_the_fact_stands_in_the_log(world: World) -> None:
    published = (await world.publish("RegisterContract", contract=contract("k-2020"))).published
    record = next(each for each in await world.log(world.topics.reference) if each.offset == published.offset)
    fact = decode_reference_event(record)
    assert isinstance(fact, ContractRegistered)
    assert (str(fact.event_id), fact.contract_id, fact.party) == (published.event_id, "k-2020", ADMINISTRATOR)
    assert fact.recorded_at == published.recorded_at.ToDatetime(tzinfo=UTC)
    assert record.key == b"k-2020"


async def test_only_an_administrator_publishes(world: World) -> None:
    for method, fields in (
        ("RegisterParty", {"party": reference_pb2.PartyRegistered(party_id="x", name="X")}),
        ("SuspendParty", {"suspension": reference_pb2.PartySuspended(party_id=OWNER, reason="why")}),
        (
            "GrantDelegation",
            {"delegation": reference_pb2.DelegationGranted(from_party_id="a", to_party_id="b")},
        ),
        ("RegisterContract", {"contract": contract("k-2020")}),
        ("AmendContract", {"amendment": reference_pb2.ContractAmended(contract_id=CONTRACT)}),
        ("PublishPolicy", {"policy": reference_pb2.PolicyPublished(document="no: policy")}),
    ):
        refused = await refusal(world.publish(method, LESSOR, **fields))
        assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ADMINISTRATOR"), (
            method
        )


async def test_a_party_with_the_permission_is_an_administrator(world: World) -> None:
    await world.register_party(OWNER, reference_pb2.PERMISSION_ADMINISTER)
    assert await world.publish("RegisterContract", OWNER, contract=contract("k-2020"))


async def test_the_same_request_again_gives_the_same_place_and_appends_nothing(world: World) -> None:
    request_id = str(uuid.uuid4())
    first = await world.publish("RegisterContract", request_id=request_id, contract=contract("k-2020"))
    length = len(await world.log(world.topics.reference))
    again = await world.publish("RegisterContract", request_id=request_id, contract=contract("k-2020"))
    assert again == first
    assert len(await world.log(world.topics.reference)) == length


async def test_a_request_id_used_for_something_else_is_refused(world: World) -> None:
    request_id = str(uuid.uuid4())
    await world.publish("RegisterContract", request_id=request_id, contract=contract("k-2020"))
    other = contract("k-2020", title="another")
    refused = await refusal(world.publish("RegisterContract", request_id=request_id, contract=other))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_contract_number_is_registered_once(world: World) -> None:
    refused = await refusal(world.publish("RegisterContract", contract=contract(CONTRACT)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_REGISTERED")


async def test_of_two_registrations_at_the_same_time_one_is_refused_however_often_it_is_asked_for(
    world: World,
) -> None:
    requests = [(str(uuid.uuid4()), contract("k-2020", title=title)) for title in "ab"]

    async def both() -> list[Any]:
        return await asyncio.gather(
            *(world.publish("RegisterContract", request_id=of, contract=said) for of, said in requests),
            return_exceptions=True,
        )

    first = [_answer(each) for each in await both()]
    assert sorted(map(str, first)).count("ALREADY_REGISTERED") == 1
    assert [_answer(each) for each in await both()] == first


def _answer(outcome: Any) -> object:
    """Where it was published, or why it was refused."""
    return as_refused(outcome).reason if isinstance(outcome, grpc.aio.AioRpcError) else outcome


async def recorded_too_late(world: World, said: Message) -> str:
    """The request id of a request that another process let pass, whose fact came second, and whose answer was lost."""
    request_id = str(uuid.uuid4())
    event = reference_event(said, datetime.now(UTC), Envelope("oversight", ADMINISTRATOR, request_id))
    producer = AIOKafkaProducer(bootstrap_servers=world.kafka, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(
            world.topics.reference, event.value, key=event.key, headers=event.headers
        )
    finally:
        await producer.stop()
    return request_id


async def test_a_registration_that_came_second_and_is_sent_again_is_told_so(world: World) -> None:
    first = str(uuid.uuid4())
    published = await world.publish("RegisterContract", request_id=first, contract=contract("k-2020"))
    approvals = [reference_pb2.Approval(party_id=LESSOR, role=reference_pb2.ROLE_DESTROYER)]
    said = contract("k-2020", approvals=approvals)
    second = await recorded_too_late(world, said)
    length = len(await world.log(world.topics.reference))
    refused = await refusal(world.publish("RegisterContract", request_id=second, contract=said))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_REGISTERED")
    again = await world.publish("RegisterContract", request_id=first, contract=contract("k-2020"))
    assert again == published
    assert len(await world.log(world.topics.reference)) == length


async def test_a_policy_that_came_second_and_is_sent_again_is_told_so(world: World) -> None:
    document = POLICY.replace(": 1\n", ": 2\n")
    policy = reference_pb2.PolicyPublished(document=document)
    first = str(uuid.uuid4())
    published = await world.publish("PublishPolicy", request_id=first, policy=policy)
    for other, reason in ((document.replace("2 months", "3 months"), "VERSION_PUBLISHED"), (document, "")):
        said = reference_pb2.PolicyPublished(policy_id="certificates", version=2, document=other)
        second = await recorded_too_late(world, said)
        again = world.publish("PublishPolicy", request_id=second, policy=said)
        if reason:
            refused = await refusal(again)
            assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, reason)
        else:
            # The same text stands, where the first put it.
            assert await again == published
    assert await world.publish("PublishPolicy", request_id=first, policy=policy) == published


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"owner_party_id": "nobody"}, "contract.owner_party_id"),
        ({"policy_id": "nothing"}, "contract.policy_id"),
        ({"policy_version": 2}, "contract.policy_id"),
        (
            {"approvals": [reference_pb2.Approval(party_id="nobody", role=reference_pb2.ROLE_CARRIER)]},
            "contract.approvals[0].party_id",
        ),
    ],
)
async def test_what_a_contract_names_must_be_known(world: World, change: dict[str, Any], field: str) -> None:
    refused = await refusal(world.publish("RegisterContract", contract=contract("k-2020", **change)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "REFERENCE_MISSING")
    assert list(refused.fields) == [field]


async def test_an_approval_that_ends_before_it_begins_is_refused(world: World) -> None:
    now = datetime.now(UTC)
    approval = reference_pb2.Approval(
        party_id=LESSOR,
        role=reference_pb2.ROLE_LESSOR,
        valid_from=stamp(now),
        valid_until=stamp(now - timedelta(days=1)),
    )
    refused = await refusal(
        world.publish("RegisterContract", contract=contract("k-2020", approvals=[approval]))
    )
    assert list(refused.fields) == ["contract.approvals[0].valid_until"]


async def test_an_amendment_asks_for_a_known_contract_and_a_whole_policy_name(world: World) -> None:
    unknown = reference_pb2.ContractAmended(contract_id="nowhere")
    refused = await refusal(world.publish("AmendContract", amendment=unknown))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "CONTRACT_UNKNOWN")
    half = reference_pb2.ContractAmended(contract_id=CONTRACT, policy_id="certificates")
    refused = await refusal(world.publish("AmendContract", amendment=half))
    assert list(refused.fields) == ["amendment.policy_id"]
    whole = reference_pb2.ContractAmended(contract_id=CONTRACT, policy_id="certificates", policy_version=1)
    assert (await world.publish("AmendContract", amendment=whole)).published.event_id


async def test_a_policy_that_cannot_be_read_is_refused_with_the_line_of_every_error(world: World) -> None:
    document = (
        POLICY.replace("Asia/Tokyo", "Asia/Nowhere").replace("2 months", "2 moons").replace(": 1\n", ": 2\n")
    )
    refused = await refusal(
        world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=document))
    )
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "POLICY_REFUSED")
    assert "line 5" in refused.fields["policy.document"]
    assert "line 3" in refused.message


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("  - {id: a, after: DriveReturned, expect: CertificateAccepted, within: 3 months, owed_by: lessor}\n",
         "they are two names for one thing"),
        ("  - {id: a, after: CertificateAccepted, expect: DriveReturned, within: 3d, owed_by: lessor}\n",
         "go in a circle"),
        ("  - {id: a, after: DriveDestroyed, expect: DriveReturned, within: 3d, owed_by: lessor}\n",
         "DriveDestroyed"),
        ("rules: {steps: [DriveReleased, DriveDestroyed], destruction: {before_leaving: owner_site}}\n",
         "no drive can keep to both"),
        ("rules: {trnsit: {crew: 2}}\n", "trnsit"),
    ],
)  # fmt: skip
async def test_a_policy_that_cannot_be_met_is_refused_with_its_line_and_not_recorded(
    world: World, added: str, said: str
) -> None:
    length = len(await world.log(world.topics.reference))
    document = POLICY.replace(": 1\n", ": 7\n") + added
    refused = await refusal(
        world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=document))
    )
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "POLICY_REFUSED")
    violation = refused.fields["policy.document"]
    assert violation.startswith(f"line {document.count(chr(10))}, column ")
    assert said in violation
    assert len(await world.log(world.topics.reference)) == length


async def test_a_published_version_never_changes(world: World) -> None:
    changed = reference_pb2.PolicyPublished(document=POLICY.replace("2 months", "3 months"))
    refused = await refusal(world.publish("PublishPolicy", policy=changed))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "VERSION_PUBLISHED")


async def test_the_same_document_again_is_no_change(world: World) -> None:
    length = len(await world.log(world.topics.reference))
    policy = reference_pb2.PolicyPublished(document=POLICY)
    again = (await world.publish("PublishPolicy", policy=policy)).published
    records = await world.log(world.topics.reference)
    assert len(records) == length
    fact = decode_reference_event(records[again.offset])
    assert isinstance(fact, PolicyPublished)
    assert (fact.policy.id, fact.policy.version, fact.document) == ("certificates", 1, POLICY)


async def test_a_policy_that_counts_from_a_moment_ahead_is_there_when_it_is_sent_again(world: World) -> None:
    said: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "policy": reference_pb2.PolicyPublished(document=POLICY.replace(": 1\n", ": 2\n")),
        "backfilled_from": stamp(datetime.now(UTC) + timedelta(minutes=4)),
    }
    first = await world.publish("PublishPolicy", **said)
    length = len(await world.log(world.topics.reference))
    assert first.published.event_id
    assert await world.publish("PublishPolicy", **said) == first
    assert len(await world.log(world.topics.reference)) == length


async def test_a_name_beside_the_document_must_agree_with_it(world: World) -> None:
    document = POLICY.replace(": 1\n", ": 2\n")
    refused = await refusal(
        world.publish(
            "PublishPolicy", policy=reference_pb2.PolicyPublished(policy_id="other", document=document)
        )
    )
    assert list(refused.fields) == ["policy.policy_id"]


async def test_any_party_of_a_contract_may_close_its_shipments_and_no_other(world: World) -> None:
    closure = reference_pb2.ShipmentClosed(shipment_id="lot-1", contract_id=CONTRACT)
    assert await world.publish("CloseShipment", LESSOR, closure=closure)
    assert await world.publish("CloseShipment", OWNER, closure=closure)
    await world.register_party("recycler")
    for contract_id in (CONTRACT, "nowhere"):
        closure = reference_pb2.ShipmentClosed(shipment_id="lot-1", contract_id=contract_id)
        refused = await refusal(world.publish("CloseShipment", "recycler", closure=closure))
        assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ON_CONTRACT")


async def test_history_counts_from_the_time_that_it_names(world: World) -> None:
    then = datetime(2019, 2, 28, tzinfo=UTC)
    published = (
        await world.publish("RegisterContract", contract=contract("k-old"), backfilled_from=stamp(then))
    ).published
    fact = decode_reference_event((await world.log(world.topics.reference))[published.offset])
    assert (fact.backfilled_from, fact.known_at) == (then, then)
    assert (await world.enrol(enrolment("abc1234", contract_id="k-old"))).items


async def test_history_is_not_in_the_future_and_asks_for_its_permission(world: World) -> None:
    tomorrow = stamp(datetime.now(UTC) + timedelta(days=1))
    refused = await refusal(
        world.publish("RegisterContract", contract=contract("k-2020"), backfilled_from=tomorrow)
    )
    assert (refused.reason, list(refused.fields)) == ("TIME_IN_FUTURE", ["backfilled_from"])
    closure = reference_pb2.ShipmentClosed(shipment_id="lot-1", contract_id=CONTRACT)
    past = stamp(datetime(2019, 1, 1, tzinfo=UTC))
    refused = await refusal(world.publish("CloseShipment", LESSOR, closure=closure, backfilled_from=past))
    assert refused.reason == "BACKFILL_NOT_PERMITTED"
