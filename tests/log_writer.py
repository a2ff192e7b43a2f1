"""Writes facts straight into the real log, as the recording services do, for tests of what reads it."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import Envelope, Event, drive_events, reference_event, timestamp_of
from mitodoke.eventlog.payloads import milliseconds_of_moment
from mitodoke.eventlog.topics import Topics
from read_model import until

SHORT_POLICY = """
policy: short
version: 1
timezone: Asia/Tokyo
obligations:
  - {id: destruction, after: DriveReturned, expect: DriveDestroyed, within: WITHIN, owed_by: destroyer}
  - {id: certificate, after: DriveReturned, expect: CertificateAccepted, within: 2 months, owed_by: lessor}
  - {id: arrival, after: DriveDispatched, expect: DriveDelivered, within: eta+4h, owed_by: carrier, per: shipment}
"""


@dataclass
class LogWriter:
    """One producer on the real broker, and the topics to write to."""

    producer: AIOKafkaProducer
    topics: Topics
    at: datetime | None = None
    """When what comes next is recorded, of topics that take the times of their messages; else the broker says when."""

    async def facts(
        self,
        *items: Any,
        party: str = "lessor",
        contract: str = "K-1",
        backfilled: bool = False,
        request_id: str | None = None,
    ) -> list[Event]:
        """Append facts of one kind and return when all are acknowledged."""
        envelope = Envelope(
            service="test",
            party=party,
            request_id=request_id or str(uuid.uuid4()),
            contract=contract,
            operator="op-1",
            backfilled=backfilled,
        )
        events = drive_events(items, [item.serial for item in items], envelope)
        await self.append(self.topics.drives, events)
        return events

    async def append(self, topic: str, events: Sequence[Event]) -> None:
        waiting = [
            await self.producer.send(
                topic,
                event.value,
                key=event.key,
                headers=event.headers,
                timestamp_ms=self.at and milliseconds_of_moment(self.at),
            )
            for event in events
        ]
        for future in waiting:
            await future

    async def reference(self, message: Any, *, backfilled_from: datetime | None = None) -> None:
        envelope = Envelope(
            service="test",
            party="mitodoke-operator",
            request_id=str(uuid.uuid4()),
            backfilled_from=backfilled_from,
        )
        event = reference_event(message, backfilled_from or datetime.now(UTC), envelope)
        await self.append(self.topics.reference, [event])

    async def world(
        self,
        *,
        contract: str = "K-1",
        within: str = "45d",
        document: str = "",
        backfilled_from: datetime | None = None,
    ) -> None:
        """A small world: a policy (by itself a short one), and a contract with one party in each role."""

        async def publish(message: Any) -> None:
            await self.reference(message, backfilled_from=backfilled_from)

        document = document or SHORT_POLICY.replace("WITHIN", within)
        policy_id, version = (
            re.search(rf"^{key}: *(\S+)", document, re.MULTILINE)[1]  # type: ignore[index]  # both must be there
            for key in ("policy", "version")
        )
        await publish(reference_pb2.PartyRegistered(party_id="owner", name="The Prefecture"))
        for party in ("lessor", "stranger-K-1", "stranger-K-2"):
            await publish(reference_pb2.PartyRegistered(party_id=party, name=party))
        await publish(
            reference_pb2.PolicyPublished(policy_id=policy_id, version=int(version), document=document)
        )
        approvals = [
            reference_pb2.Approval(party_id=party, role=role)
            for party, role in (
                ("lessor", reference_pb2.ROLE_LESSOR),
                ("sanitiser", reference_pb2.ROLE_SANITISER),
                ("carrier", reference_pb2.ROLE_CARRIER),
                ("destroyer", reference_pb2.ROLE_DESTROYER),
            )
        ]
        await publish(
            reference_pb2.ContractRegistered(
                contract_id=contract,
                owner_party_id="owner",
                policy_id=policy_id,
                policy_version=int(version),
                approvals=approvals,
            )
        )


def at(text: str) -> Any:
    """The protobuf time of an ISO timestamp."""
    return timestamp_of(datetime.fromisoformat(text).astimezone(UTC))


def now() -> Any:
    """The protobuf time of this moment."""
    return timestamp_of(datetime.now(UTC))


async def take_the_times_of_messages(bootstrap: str, topics: Sequence[str]) -> None:
    """Let these topics go by the times given with messages, where those of a running system take the broker's."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    settings = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
    named = [ConfigResource(ConfigResourceType.TOPIC, topic, settings) for topic in topics]
    try:
        for answer in await admin.alter_configs(named):
            assert not any(code for code, *_ in answer.resources), answer

        async def taken() -> bool:
            for answer in await admin.describe_configs(named):
                for _code, _message, _kind, _name, entries in answer.resources:
                    held = {key: value for key, value, *_ in entries}
                    if held["message.timestamp.type"] != "CreateTime":
                        return False
            return True

        await until(taken, "the topics take the times of their messages", limit=120)
    finally:
        await admin.close()
