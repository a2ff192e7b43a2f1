"""Policies that extend one another, published: kept in full, and readable for ever."""

import uuid

import grpc

from contract.world import POLICY, World, refusal
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import decode_reference_event
from mitodoke.lifecycle.reference import PolicyPublished
from mitodoke.policyfile import read_policy

CHILD = """\
policy: children
version: 1
extends: certificates@1
rules:
  late_report: 48h
"""


async def test_a_child_is_kept_as_written_and_in_full(world: World) -> None:
    request_id = str(uuid.uuid4())
    given = reference_pb2.PolicyPublished(document=CHILD, resolved_document="policy: invented")
    first = await world.publish("PublishPolicy", request_id=request_id, policy=given)
    assert await world.publish("PublishPolicy", request_id=request_id, policy=given) == first
    record = (await world.log(world.topics.reference))[first.published.offset]
    message = reference_pb2.PolicyPublished.FromString(record.value)
    assert message.document == CHILD
    # Nobody else knows the parent here: it is read by itself.
    in_full = read_policy(message.resolved_document)
    assert [one.id for one in in_full.obligations] == ["certificate"]
    fact = decode_reference_event(record)
    assert isinstance(fact, PolicyPublished)
    assert (fact.policy, fact.document) == (in_full, CHILD)


async def test_a_grandchild_finds_its_line_among_what_is_published(world: World) -> None:
    await world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=CHILD))
    grandchild = CHILD.replace("children", "grandchildren").replace("certificates@1", "children@1")
    document = grandchild.replace("48h", "24h")
    answer = await world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=document))
    fact = decode_reference_event((await world.log(world.topics.reference))[answer.published.offset])
    assert isinstance(fact, PolicyPublished)
    assert [one.id for one in fact.policy.obligations] == ["certificate"]


async def test_a_policy_in_full_is_not_kept_twice(world: World) -> None:
    document = POLICY.replace("certificates", "alone")
    answer = await world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=document))
    record = (await world.log(world.topics.reference))[answer.published.offset]
    assert reference_pb2.PolicyPublished.FromString(record.value).resolved_document == ""


async def test_a_parent_that_is_not_published_is_refused_with_its_line(world: World) -> None:
    document = CHILD.replace("certificates@1", "certificates@2")
    refused = await refusal(
        world.publish("PublishPolicy", policy=reference_pb2.PolicyPublished(document=document))
    )
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "POLICY_REFUSED")
    assert (
        "line 3, column 10: The policy certificates@2 is not known here" in refused.fields["policy.document"]
    )
