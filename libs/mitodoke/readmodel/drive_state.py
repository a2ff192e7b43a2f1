"""One drive as the tables hold it: its record, and the verdict that was last written of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.reference import BEGINNING
from mitodoke.lifecycle.verdict import Flag, Owed, Verdict


class ObligationKey(NamedTuple):
    """Names an obligation within a drive."""

    cycle: str
    obligation: str
    subject: str


@dataclass(frozen=True, slots=True)
class StoredFlag:
    """A flag as it stands after `sequence` changes. `detected_at` is when the system first noticed it."""

    flag: Flag
    detected_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class DriveState:
    """Immutable, so that a batch that is dropped leaves nothing behind.

    `judged_at` is the `as_of` of the last verdict and `turns_at` the moment that verdict gave. A
    parked drive has an event in quarantine; every later event of it waits there too.
    """

    record: Record
    flags: Mapping[UUID, StoredFlag] = field(default_factory=dict)
    obligations: Mapping[ObligationKey, Owed] = field(default_factory=dict)
    judged_at: datetime = BEGINNING
    turns_at: datetime | None = None
    parked: bool = False
    verdict: Verdict | None = field(default=None, repr=False, compare=False)
    """The last verdict itself, where it was made here: it spares the next one work. The tables do not hold it."""
