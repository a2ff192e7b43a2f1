"""Who has the drive, by the last fact that says so."""

from collections.abc import Sequence
from datetime import datetime

from mitodoke.lifecycle.facts import (
    CustodyTransferred,
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveLost,
    DriveRecovered,
    DriveReleased,
    DriveReturned,
    Fact,
)

MOVING = (
    DriveReleased.kind,
    DriveReturned.kind,
    DriveDelivered.kind,
    DriveRecovered.kind,
    DriveDestroyed.kind,
    DriveDispatched.kind,
    CustodyTransferred.kind,
    DriveLost.kind,
)
"""The facts after which another party may hold the drive."""


def taken_by(fact: Fact) -> str | None:
    """The party that holds the drive once this has happened; "" when nobody can say; None when it moves nothing."""
    match fact:
        case DriveReleased(to_party=party):
            return party or None
        case DriveReturned() | DriveDelivered() | DriveRecovered() | DriveDestroyed():
            return fact.party
        case DriveDispatched(carrier=carrier):
            return carrier or fact.party
        case CustodyTransferred(to_party=party):
            return party
        case DriveLost():
            return ""
    return None


def holder(facts: Sequence[Fact]) -> tuple[str, datetime | None]:
    """The party that holds the drive and since when, from facts in order of occurrence.

    "" while no fact says so, and after a loss, when nobody can. A sighting moves nothing: seeing is not holding.
    """
    for fact in reversed(facts):
        if (party := taken_by(fact)) is not None:
            return party, fact.occurred_at
    return "", None
