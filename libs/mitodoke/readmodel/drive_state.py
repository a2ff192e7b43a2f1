"""One drive as the tables hold it: its record, and the verdict that was last written of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.reference import BEGINNING
from mitodoke.lifecycle.verdict import Flag, FlagState, Owed, Resolution, Verdict


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


def taken_back(held: StoredFlag, at: datetime) -> StoredFlag:
    """The flag after a change by which it holds no more though nothing was done: what it rested on is gone."""
    flag = replace(held.flag, state=FlagState.RESOLVED, resolved_at=at, resolution=Resolution.CORRECTED)
    return StoredFlag(flag, held.detected_at, held.sequence + 1)


_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


class DriveState(NamedTuple):
    """Immutable, so that a batch that is dropped leaves nothing behind.

    `judged_at` is the `as_of` of the last verdict and `turns_at` the moment that verdict gave. A
    parked drive has an event in quarantine; every later event of it waits there too.
    """

    record: Record
    flags: Mapping[UUID, StoredFlag] = _NONE
    obligations: Mapping[ObligationKey, Owed] = _NONE
    judged_at: datetime = BEGINNING
    turns_at: datetime | None = None
    parked: bool = False
    verdict: Verdict | None = None
    """The last verdict itself, where it was made here: it spares the next one work. The tables do not hold it."""
