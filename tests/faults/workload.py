"""Many callers who report through all services at once, and write down what they were told."""

import asyncio
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from faults.checker import OK, REFUSED, UNKNOWN, Told
from mitodoke.client import CallFailed, Connection, Patience
from mitodoke.contracts.destruction.v1 import destruction_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.oversight.v1 import oversight_pb2
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1 import returns_pb2
from mitodoke.contracts.transport.v1 import transport_pb2
from mitodoke.contracts.wipe.v1 import wipe_pb2
from mitodoke.eventlog.cloudevents import event_id
from mitodoke.lifecycle.serials import SerialError, canonical

CONTRACT: Final = "K-FAULTS"
ROLES: Final = {
    "lessor": reference_pb2.ROLE_LESSOR,
    "sanitiser": reference_pb2.ROLE_SANITISER,
    "carrier": reference_pb2.ROLE_CARRIER,
    "destroyer": reference_pb2.ROLE_DESTROYER,
}
POLICY: Final = """
policy: seconds
version: 1
timezone: Asia/Tokyo
obligations:
  - {id: destruction, after: DriveReturned, expect: DriveDestroyed, within: 5s, owed_by: destroyer}
  - {id: certificate, after: DriveDestroyed, expect: CertificateAccepted, within: 2s, owed_by: lessor}
  - {id: arrival, after: DriveDispatched, expect: DriveDelivered, within: eta+4h, owed_by: carrier, per: shipment}
  - {id: return, after: DriveReleased, expect: DriveReturned, within: 3s, owed_by: lessor}
rules:
  sanitise_before_release: true
"""
HOT_DRIVES: Final = 20
LARGEST_LOT: Final = 40
REFUSED_REASONS: Final = frozenset({"LOG_UNAVAILABLE", "QUEUE_FULL"})
_MAY_BE_RECORDED: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)

# One attempt a call: what a single answer says is to be true, and repeating is the caller's own affair.
_ONE_ATTEMPT: Final = Patience(per_attempt=8.0, in_all=8.0, attempts=1)


class Outcomes:
    """What every caller was told, one line of JSON for each attempt of a call, in a file outside the system."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")
        self.told: list[Told] = []
        self.first_told = 0
        self.calls = 0
        self._known: set[str] = set()

    def note(self, method: str, request_id: str, outcome: str, reason: str, told: Sequence[Told]) -> None:
        """Append one attempt."""
        self.calls += 1
        self.told += told
        self._known.update(each.event_id for each in told)
        self.first_told = len(self._known)
        line = {
            "at": datetime.now(UTC).isoformat(),
            "method": method,
            "request_id": request_id,
            "outcome": outcome,
            "reason": reason,
            "facts": [[each.event_id, each.serial, each.place] for each in told],
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """No more is told."""
        self._file.close()


@dataclass(frozen=True)
class Attempt:
    """What one attempt of a call came to."""

    outcome: str
    reason: str


class Partner:
    """Reports as one of the parties, one attempt at a time, and notes each."""

    def __init__(self, connections: dict[str, Connection], outcomes: Outcomes) -> None:
        self._connections = connections
        self.outcomes = outcomes

    async def report(
        self, party: str, service: str, method: str, items: Sequence[Any], request_id: str, **said: Any
    ) -> Attempt:
        """One attempt to report."""
        call = getattr(getattr(self._connections[party], service), method)
        serials = [_canonical(item.serial) for item in items]
        ids = [event_id(party, request_id, n, serial) for n, serial in enumerate(serials)]
        places: Sequence[tuple[int, int] | None] = [None] * len(items)
        outcome, reason = UNKNOWN, "CANCELLED"
        try:
            answer = await call(
                **{"contract": CONTRACT, "operator": "op-1", "advisories": False, **said},
                items=items,
                request_id=request_id,
            )
        except CallFailed as error:
            reason = error.reason or error.code.name
            outcome = _outcome_of(error)
        else:
            outcome, reason = OK, ""
            places = [(each.partition, each.offset) for each in answer.items]
            ids = [each.event_id for each in answer.items] if len(answer.items) == len(ids) else ids
        finally:
            # Also of a call that its caller broke off, and who never knew.
            told = [Told(i, s, outcome, p) for i, s, p in zip(ids, serials, places, strict=True)]
            self.outcomes.note(f"{service}.{method}", request_id, outcome, reason, told)
        return Attempt(outcome, reason)

    async def close_shipment(self, shipment: str) -> None:
        """Say that this was all; a closure that does not come through is not said."""
        try:
            await self._connections["lessor"].reference.close_shipment(shipment, CONTRACT)
        except CallFailed:
            return


def _outcome_of(error: CallFailed) -> str:
    """Whether a failed call is known not to have been recorded. Only a service of this system can know."""
    if error.reason in REFUSED_REASONS or error.code not in _MAY_BE_RECORDED:
        return REFUSED
    return UNKNOWN


def _canonical(serial: str) -> str:
    try:
        return canonical(serial)
    except SerialError:
        return serial


def stamp(at: datetime) -> Timestamp:
    """The protobuf time."""
    made = Timestamp()
    made.FromDatetime(at)
    return made


async def populate(administrator: Connection) -> None:
    """The parties, the policy of seconds and the contract."""
    reference = administrator.reference
    for party in ("owner", *ROLES):
        await reference.register_party(reference_pb2.PartyRegistered(party_id=party, name=party))
    await reference.publish_policy(POLICY)
    await reference.register_contract(
        reference_pb2.ContractRegistered(
            contract_id=CONTRACT,
            owner_party_id="owner",
            policy_id="seconds",
            policy_version=1,
            approvals=[reference_pb2.Approval(party_id=p, role=role) for p, role in ROLES.items()],
        )
    )


@dataclass
class Pace:
    """So many facts a second in all, and no more."""

    rate: float
    _next: float = field(default=0.0)

    async def turn(self, facts: int) -> None:
        """Wait until so many more facts may go."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        self._next = at + facts / self.rate
        await asyncio.sleep(at - now)


@dataclass
class Workload:
    """The callers. They go on until `ended` is set."""

    seed: int
    connections: dict[str, Connection]
    outcomes: Outcomes
    pace: Pace
    callers: int = 16
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    failures: list[BaseException] = field(default_factory=list)

    @classmethod
    def on(cls, running_file: Path, seed: int, outcomes: Outcomes, rate: float, callers: int) -> "Workload":
        """The callers of a running system."""
        connections = {
            party: Connection.from_file(party=party, path=running_file, patience=_ONE_ATTEMPT)
            for party in ("owner", *ROLES)
        }
        return cls(seed, connections, outcomes, Pace(rate), callers)

    async def run(self) -> None:
        """Report until the end, then finish what is under way."""
        try:
            await asyncio.gather(*(self._caller(number) for number in range(self.callers)))
        finally:
            for connection in self.connections.values():
                await connection.close()

    async def _caller(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        partner = Partner(self.connections, self.outcomes)
        lot = 0
        while not self.ended.is_set():
            await _Lot(self, partner, chance, f"{number}-{lot}").report()
            lot += 1


class _Lot:
    """Drives that travel together, reported step by step by those who do the steps."""

    def __init__(self, workload: Workload, partner: Partner, chance: random.Random, name: str) -> None:
        self._workload = workload
        self._partner = partner
        self._chance = chance
        self._name = name
        size = chance.randint(1, LARGEST_LOT)
        self._serials = [f"ZF{name.replace('-', 'L')}N{n:03}" for n in range(size)]
        if chance.random() < 0.5:
            self._serials.append(f"ZHOT{chance.randrange(HOT_DRIVES):03}X7")
        self._last: tuple[str, list[str]] = ("", [])

    async def report(self) -> None:
        """All steps of the lot, some left out, some late, some repeated, some taken back."""
        chance, shipment = self._chance, f"LOT-{self._name}"
        steps: list[tuple[float, str, str, str, type, dict[str, Any]]] = [
            (1.0, "lessor", "leasing", "report_drive_enrolled", leasing_pb2.DriveEnrolled, {"media_type": 1}),
            (
                0.8,
                "sanitiser",
                "wipe",
                "report_drive_wiped",
                wipe_pb2.DriveWiped,
                {
                    "method": wipe_pb2.WIPE_METHOD_ATA_SECURE_ERASE,
                    "result": chance.choice(
                        [wipe_pb2.WIPE_RESULT_PASSED] * 4 + [wipe_pb2.WIPE_RESULT_FAILED]
                    ),
                    "tool": "blancco",
                },
            ),
            (
                0.9,
                "owner",
                "returns",
                "report_drive_released",
                returns_pb2.DriveReleased,
                {"lot_id": shipment, "to_party_id": "lessor"},
            ),
            (
                0.8,
                "carrier",
                "transport",
                "report_drive_dispatched",
                transport_pb2.DriveDispatched,
                {"shipment_id": shipment, "carrier_party_id": "carrier", "to_party_id": "lessor"},
            ),
            (
                0.7,
                "carrier",
                "transport",
                "report_drive_delivered",
                transport_pb2.DriveDelivered,
                {"shipment_id": shipment},
            ),
            (
                0.9,
                "lessor",
                "returns",
                "report_drive_returned",
                returns_pb2.DriveReturned,
                {"lot_id": shipment, "from_party_id": "owner"},
            ),
            (
                0.8,
                "destroyer",
                "destruction",
                "report_drive_destroyed",
                destruction_pb2.DriveDestroyed,
                {"method": destruction_pb2.DESTRUCTION_METHOD_SHRED, "place": "destroyer"},
            ),
            (
                0.7,
                "owner",
                "destruction",
                "report_certificate_accepted",
                destruction_pb2.CertificateAccepted,
                {"certificate_id": f"C-{self._name}"},
            ),
        ]
        for likely, party, service, method, message, fields in steps:
            if self._workload.ended.is_set():
                return
            if chance.random() > likely:
                continue
            if chance.random() < 0.15:
                # Some are late: deadlines of seconds fall due in the middle of the run.
                await asyncio.sleep(chance.uniform(1.0, 7.0))
            await self._step(party, service, method, message, fields)
        if chance.random() < 0.3:
            await self._partner.close_shipment(shipment)

    async def _step(
        self, party: str, service: str, method: str, message: type, fields: dict[str, Any]
    ) -> None:
        chance = self._chance
        # A few drives of the lot are not there when it happens to the others.
        serials = [serial for serial in self._serials if chance.random() < 0.95] or self._serials
        at = stamp(datetime.now(UTC) - timedelta(milliseconds=chance.randrange(400)))
        items = [message(serial=serial, occurred_at=at, **fields) for serial in serials]
        if chance.random() < 0.04:
            await self._refused(party, service, method, items)
        request_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        ids = [event_id(party, request_id, n, serial) for n, serial in enumerate(serials)]

        async def once() -> Attempt:
            await self._workload.pace.turn(len(items))
            return await self._partner.report(party, service, method, items, request_id)

        recorded = await self._until_told(once)
        if recorded and chance.random() < 0.12:
            # The answer got lost, thinks the caller, and sends the same again.
            await once()
        if recorded and chance.random() < 0.05:
            await self._taken_back(party, serials[0], ids[0])

    async def _until_told(self, once: Callable[[], Awaitable[Attempt]]) -> bool:
        """Repeat the same request until it is recorded; now and then give up, and never know."""
        for _ in range(60):
            attempt = await once()
            if attempt.outcome == OK:
                return True
            if self._chance.random() < 0.02:
                return False
            await asyncio.sleep(self._chance.uniform(0.2, 1.0))
        return False

    async def _taken_back(self, party: str, serial: str, taken_back: str) -> None:
        items = [
            oversight_pb2.FactRetracted(
                serial=serial, occurred_at=stamp(datetime.now(UTC)), event_id=taken_back, reason="by mistake"
            )
        ]
        request_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

        async def once() -> Attempt:
            await self._workload.pace.turn(1)
            return await self._partner.report(party, "oversight", "report_fact_retracted", items, request_id)

        await self._until_told(once)

    async def _refused(self, party: str, service: str, method: str, items: Sequence[Any]) -> None:
        """A report that cannot be taken: nothing of it may be recorded, not even of its sound items."""
        request_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        if self._chance.random() < 0.5:
            spoilt = [*items, type(items[0])(serial="N/A", occurred_at=items[0].occurred_at)]
            await self._partner.report(party, service, method, spoilt, request_id)
        else:
            await self._partner.report(party, service, method, items, request_id, contract="K-NOWHERE")
