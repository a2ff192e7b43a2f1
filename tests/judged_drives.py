"""Fills a read model without a broker: real events, the projection's own ledger, the real tables."""

import asyncio
import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import ConsumerRecord

from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.eventlog.cloudevents import (
    Envelope,
    Event,
    decode_fact,
    decode_reference_event,
    drive_events,
    reference_event,
)
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.reference import Reference, ReferenceFact
from mitodoke.readmodel import bulk, store
from mitodoke.readmodel.migrations import migrate
from mitodoke.services.projection.ledger import Ledger, serials_of
from mitodoke_local import Backends

PARTITION = 0

ROLES = {
    "lessor": reference_pb2.ROLE_LESSOR,
    "recycler": reference_pb2.ROLE_DESTROYER,
    "carrier": reference_pb2.ROLE_CARRIER,
}

POLICY = """
policy: returns
version: 1
timezone: ZONE
obligations:
"""

OBLIGATIONS = """
  - {id: destruction, after: DriveReturned, expect: DriveDestroyed, within: 45d, owed_by: destroyer}
  - id: certificate
    after: DriveReturned
    expect: CertificateAccepted
    within: 2 months
    owed_by: lessor
    severity: critical
"""


class JudgedDrives:
    """The log of one partition, in memory, and the tables that it is projected into."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._reference = Reference()
        self._news: list[tuple[int, ReferenceFact]] = []
        self._waiting: list[ConsumerRecord] = []
        self._offset = 0

    def agreed(
        self,
        contract: str,
        at: datetime,
        *,
        zone: str = "Asia/Tokyo",
        title: str = "",
        obligations: str = OBLIGATIONS,
    ) -> None:
        """From that time on there is a contract of the owner with a lessor, a recycler and a carrier."""
        policy = f"returns-{contract.lower()}"
        document = POLICY.replace("ZONE", zone).replace("returns\n", f"{policy}\n", 1) + obligations
        names = {
            "owner": "The Prefecture <県>",
            "lessor": "Lease & Co.",
            "recycler": "Recycler Ltd.",
            "carrier": "",
        }
        for party, name in names.items():
            self.say(reference_pb2.PartyRegistered(party_id=party, name=name or party), at)
        self.say(reference_pb2.PolicyPublished(policy_id=policy, version=1, document=document), at)
        self.say(
            reference_pb2.ContractRegistered(
                contract_id=contract,
                title=title,
                owner_party_id="owner",
                policy_id=policy,
                policy_version=1,
                approvals=[reference_pb2.Approval(party_id=p, role=role) for p, role in ROLES.items()],
            ),
            at,
        )

    def say(self, message: Any, at: datetime) -> None:
        """A reference fact, recorded at that time."""
        envelope = Envelope(service="test", party="operator", request_id=str(uuid.uuid4()))
        fact = decode_reference_event(_record(0, reference_event(message, at, envelope), at))
        self._reference.append(fact)
        self._news.append((len(self._news), fact))

    def report(
        self,
        *items: Any,
        party: str,
        recorded_at: datetime | None = None,
        contract: str = "K-1",
        backfilled: bool = False,
    ) -> list[Event]:
        """Facts of one kind, recorded at that time, or when the first of them occurred."""
        at = recorded_at or items[0].occurred_at.ToDatetime(UTC)
        envelope = Envelope(
            service="test",
            party=party,
            request_id=str(uuid.uuid4()),
            contract=contract,
            operator="op-1",
            backfilled=backfilled,
        )
        events = drive_events(items, [item.serial for item in items], envelope)
        for event in events:
            self._waiting.append(_record(self._offset, event, at))
            self._offset += 1
        return events

    async def write(self, read_through: datetime) -> None:
        """Project what was reported since the last time, and judge every drive up to that moment."""
        connection = await asyncpg.connect(
            self.dsn, server_settings={"search_path": "custody", "timezone": "UTC"}
        )
        try:
            async with connection.transaction():
                await store.ensure_progress(connection, 1)
                start, _ = await store.progress(connection, PARTITION)
                await store.fence(connection, PARTITION, start=start, end=self._offset, knows=0)
                due = await store.due_serials(connection, PARTITION, read_through, 100_000)
                serials = sorted(serials_of(self._waiting) | set(due))
                held = await store.load(connection, serials, decode_fact)
                ledger = Ledger(PARTITION, held, self._reference, datetime.now(UTC), judged=judge)
                for record in self._waiting:
                    ledger.take(record)
                for serial in serials:
                    ledger.turn(serial, read_through)
                await bulk.write(connection, PARTITION, ledger.changes())
                await store.write_reference(connection, self._news, self._reference)
                await store.note_read_through(connection, [(PARTITION, self._offset, read_through)])
            self._waiting, self._news = [], []
        finally:
            await connection.close()


def _record(offset: int, event: Event, at: datetime) -> ConsumerRecord:
    milliseconds = round(at.timestamp() * 1000)
    return ConsumerRecord(
        "topic", PARTITION, offset, milliseconds, 1, event.key, event.value, None, 0, 0, tuple(event.headers)
    )


@contextlib.contextmanager
def fresh_tables(backends: Backends) -> Iterator[str]:
    """The dsn of a database with empty tables, for more than one test."""
    name = f"t{uuid.uuid4().hex[:12]}"
    dsn = backends.database.create_database(name)

    async def make_tables() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await migrate(connection)
        finally:
            await connection.close()

    asyncio.run(make_tables())
    yield dsn
    backends.database.drop_database(name)
