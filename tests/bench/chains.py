"""Drives by the million, made from a seed: lots of 10 to 4,000, chains that run as agreed, late, or not to their end.

What runs as agreed breaks no rule of the ready policy for leased servers of a Japanese local government, unless a
public holiday falls on it: of most drives there is nothing to say, as it should be.

The same seed gives the same drives for ever, and a lot does not depend on how many come after it. Nothing is kept:
what comes out is as long as one wants it.
"""

import hashlib
import math
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.contracts.destruction.v1 import destruction_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.returns.v1 import returns_pb2
from mitodoke.contracts.transport.v1 import transport_pb2
from mitodoke.contracts.wipe.v1 import wipe_pb2
from mitodoke.eventlog.cloudevents import Envelope, Event, drive_events, timestamp_of

SMALLEST: Final = 10
LARGEST: Final = 4_000
STILL_LEASED: Final = 0.64
"""The share of lots whose lease goes on: a lease is longer than what comes after it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens to every drive of a lot that gets so far: who says so, and how it usually is."""

    message: type
    party: str
    days: int
    """After the lot's lease has ended; before it, for what is negative. The end is a Tuesday, and no step a weekend."""
    operator: str = "op-1"
    """Who does it there. Nobody verifies their own wipe."""


STEPS: Final = {
    "enrolled": Step(leasing_pb2.DriveEnrolled, "lessor", -1463),
    "extended": Step(leasing_pb2.LeaseExtended, "lessor", -196),
    "ended": Step(leasing_pb2.LeaseEnded, "lessor", 0),
    "initialised": Step(wipe_pb2.DriveInitialised, "sanitiser", 1),
    "wiped": Step(wipe_pb2.DriveWiped, "sanitiser", 1),
    "verified": Step(wipe_pb2.WipeVerified, "sanitiser", 2, "op-2"),
    "released": Step(returns_pb2.DriveReleased, "owner", 7),
    "returned": Step(returns_pb2.DriveReturned, "lessor", 8),
    "dispatched": Step(transport_pb2.DriveDispatched, "lessor", 9),
    "delivered": Step(transport_pb2.DriveDelivered, "destroyer", 10),
    "destroyed": Step(destruction_pb2.DriveDestroyed, "destroyer", 14),
    "destroyed late": Step(destruction_pb2.DriveDestroyed, "destroyer", 77),
    "accepted": Step(destruction_pb2.CertificateAccepted, "owner", 28),
}

_UNTIL_RELEASED = ("enrolled", "ended", "wiped", "verified", "released")
_UNTIL_RETURNED = (*_UNTIL_RELEASED, "returned")
_UNTIL_DELIVERED = ("returned", "dispatched", "delivered")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a drive, and how many of a thousand that left their lease it befell."""

    name: str
    steps: tuple[str, ...]
    of_a_thousand: int


LEASED: Final = Fate("leased", ("enrolled",), 0)
EXTENDED: Final = Fate("extended", ("enrolled", "extended"), 0)
FATES: Final = (
    Fate("as agreed", (*_UNTIL_RELEASED, *_UNTIL_DELIVERED, "destroyed", "accepted"), 780),
    Fate("certificate awaited", (*_UNTIL_RELEASED, *_UNTIL_DELIVERED, "destroyed"), 90),
    Fate("destroyed late", (*_UNTIL_RELEASED, *_UNTIL_DELIVERED, "destroyed late"), 40),
    Fate("never destroyed", _UNTIL_RETURNED, 20),
    # The case of 2019: 18 of 396 drives did not arrive.
    Fate("missing", _UNTIL_RELEASED, 45),
    Fate(
        "only initialised",
        ("enrolled", "ended", "initialised", "released", *_UNTIL_DELIVERED, "destroyed"),
        15,
    ),
    Fate("not wiped", ("enrolled", "ended", "released", *_UNTIL_DELIVERED, "destroyed", "accepted"), 10),
)
ALL_FATES: Final = (LEASED, EXTENDED, *FATES)
_UP_TO = list(accumulate(fate.of_a_thousand for fate in FATES))


@dataclass(frozen=True, slots=True)
class Lot:
    """Drives that travel together, with the fate of each, from the number `first` on."""

    number: int
    first: int
    fates: tuple[Fate, ...]
    lease_ends: datetime
    contract: str

    @property
    def id(self) -> str:
        """As it stands on the manifest."""
        return f"LOT-{self.number:06}"

    @property
    def shipment(self) -> str:
        """On which the drives go to the destroyer."""
        return f"SHP-{self.number:06}"


def lots(
    seed: int,
    drives: int,
    *,
    begin: datetime = datetime(2016, 4, 1, tzinfo=UTC),
    years: float = 10,
    contracts: int = 1,
) -> Iterator[Lot]:
    """The lots of so many drives; the last one may be cut short. Leases end evenly over so many years from `begin`."""
    chance = random.Random(seed)
    first = number = 0
    while first < drives:
        size = min(round(math.exp(chance.uniform(math.log(SMALLEST), math.log(LARGEST)))), drives - first)
        fates: tuple[Fate, ...]
        if chance.random() < STILL_LEASED:
            fates = (EXTENDED if chance.random() < 0.25 else LEASED,) * size
        else:
            fates = tuple(FATES[bisect(_UP_TO, chance.randrange(_UP_TO[-1]))] for _ in range(size))
        lease_ends = tuesday(begin + timedelta(days=math.floor(chance.uniform(0, 365.25 * years)), hours=1))
        yield Lot(number, first, fates, lease_ends, f"K-{1 + chance.randrange(contracts)}")
        first += size
        number += 1


def tuesday(at: datetime) -> datetime:
    """The latest Tuesday at that hour, UTC: on its day of the week a lease ends, and every step is on a working day."""
    return at - timedelta(days=(at.weekday() - 1) % 7)


def serial(number: int) -> str:
    """The canonical serial of a drive; those of neighbours differ in more than their last digit, as real ones do."""
    # An odd factor without common divisors with the modulus gives every number once.
    return f"ZC{number * 7_368_787 % 10_000_000_000:010}"


def happened(step: str, lot: Lot) -> datetime:
    """When a step of a lot is done, by what is usual."""
    return lot.lease_ends + timedelta(days=STEPS[step].days)


def said(step: str, number: int, lot: Lot, at: datetime) -> Any:
    """The message of a step for the drive of that number."""
    fields: dict[str, Any] = {"serial": serial(number), "occurred_at": timestamp_of(at)}
    match step:
        case "enrolled":
            fields |= {
                "enclosure": f"{lot.id}/{number % 24}",
                "media_type": leasing_pb2.MEDIA_TYPE_HDD,
                "capacity_bytes": 3_000_592_982_016,
                "data_class": "confidentiality_2",
                "manufacturer": "Western Digital",
            }
        case "extended":
            fields["until"] = timestamp_of(at + timedelta(days=730))
        case "wiped":
            fields |= {
                "method": wipe_pb2.WIPE_METHOD_ATA_SECURE_ERASE,
                "result": wipe_pb2.WIPE_RESULT_PASSED,
                "tool": "blancco",
            }
        case "verified":
            fields |= {
                "coverage": wipe_pb2.VERIFICATION_COVERAGE_FULL,
                "result": wipe_pb2.VERIFICATION_RESULT_ACCEPTED,
            }
        case "released":
            fields |= {
                "lot_id": lot.id,
                "to_party_id": "lessor",
                "attended_by": ["tanaka"],
                "seal_id": f"S-{lot.id}",
            }
        case "returned":
            fields |= {"lot_id": lot.id, "from_party_id": "owner", "seal_id_found": f"S-{lot.id}"}
        case "dispatched":
            fields |= {
                "shipment_id": lot.shipment,
                "carrier_party_id": "carrier",
                "to_party_id": "destroyer",
                "crew": ["kato", "ito"],
                "seal_id": f"S-{lot.shipment}",
                "eta": timestamp_of(at + timedelta(days=1)),
            }
        case "delivered":
            fields |= {"shipment_id": lot.shipment, "seal_id_found": f"S-{lot.shipment}"}
        case "destroyed" | "destroyed late":
            fields |= {
                "method": destruction_pb2.DESTRUCTION_METHOD_SHRED,
                "security_level": "H-4",
                "place": "destroyer",
                "witness_party_id": "owner",
                "witness_id": "suzuki",
                "evidence": [
                    report_pb2.Evidence(purpose=purpose, sha256=_digest(f"{number} {purpose}"))
                    for purpose in ("photo_before", "photo_after")
                ],
            }
        case "accepted":
            fields["certificate_id"] = f"C-{lot.number:06}"
    return STEPS[step].message(**fields)


def _digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Report:
    """The drives of a lot that a step was done to: as many as the lot has, which may take several calls."""

    step: str
    lot: Lot
    numbers: Sequence[int]

    @property
    def party(self) -> str:
        """Who says so."""
        return STEPS[self.step].party

    @property
    def operator(self) -> str:
        """Who of them."""
        return STEPS[self.step].operator

    def items(self, at: datetime) -> list[Any]:
        """The messages, all of one time."""
        return [said(self.step, number, self.lot, at) for number in self.numbers]

    def events(self, at: datetime) -> list[Event]:
        """The same as they stand in the log when they come in one call."""
        envelope = Envelope(
            "bench",
            self.party,
            f"{self.step} of {self.lot.id} from {self.numbers[0]}",
            self.lot.contract,
            self.operator,
        )
        items = self.items(at)
        return drive_events(items, [item.serial for item in items], envelope)

    def calls(self, most: int) -> Iterator["Report"]:
        """The same in calls of so many drives at most."""
        for first in range(0, len(self.numbers), most):
            yield replace(self, numbers=self.numbers[first : first + most])


def reports(of: Sequence[Lot]) -> Iterator[Report]:
    """What is reported of the lots, step by step over all of them, as in a night in which all return at once."""
    for step in STEPS:
        for lot in of:
            numbers = [lot.first + n for n, fate in enumerate(lot.fates) if step in fate.steps]
            if numbers:
                yield Report(step, lot, numbers)


def in_order_of_time(of: Sequence[Lot]) -> Iterator[Report]:
    """The same reports as they come over the years: the steps of a lot within weeks, its enrolment long before."""
    yield from sorted(reports(of), key=lambda report: (happened(report.step, report.lot), report.lot.number))


def facts_of(of: Sequence[Lot]) -> int:
    """How many facts are reported of the lots."""
    return sum(len(fate.steps) for lot in of for fate in lot.fates)
