"""What left with a lot or shipment, and what arrived."""

from typing import TypeAlias

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DriveDelivered, DriveDispatched, DriveReleased, DriveReturned

Departure: TypeAlias = DriveReleased | DriveDispatched
Arrival: TypeAlias = DriveReturned | DriveDelivered


def departures(case: Case) -> list[Departure]:
    """The facts that are its manifests: the releases, then the dispatches, each in order of occurrence."""
    return [*case.of(DriveReleased), *case.of(DriveDispatched)]


def arrivals(case: Case) -> list[Arrival]:
    """The scans of its receivers: the returns, then the deliveries, each in order of occurrence."""
    return [*case.of(DriveReturned), *case.of(DriveDelivered)]
