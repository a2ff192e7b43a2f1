"""The verdict on one drive: what is owed, and what is wrong, with the times of each.

A verdict holds what the record has earned by its `as_of`, resolved flags too; it does not
depend on when anyone looked.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import Severity

OVERDUE: Final = "overdue"
"""The kind of every flag that is a breach: an obligation missed. All other kinds are findings."""

_FLAGS: Final = UUID("6f1b0a52-7a0e-5c5e-9d1b-2f6f0c3f9a11")


class ObligationState(enum.StrEnum):
    """What became of an obligation."""

    PENDING = "pending"
    MET = "met"
    MET_LATE = "met_late"
    OVERDUE = "overdue"


class FlagState(enum.StrEnum):
    """What became of a flag."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Resolution(enum.StrEnum):
    """Why a flag is resolved."""

    MET_LATE = "met_late"
    CORRECTED = "corrected"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One thing that a drive was owed in one cycle.

    `subject` names the shipment where it is owed per shipment. `due_at` is the last moment on
    time; `decided_at` is later by the policy's grace: until then a report may still come.
    `met_at` is when the fact that met it was known.
    """

    obligation: str
    contract: str
    cycle: str
    subject: str
    state: ObligationState
    after: FactKind
    expect: FactKind
    owed_by: Role
    parties: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    decided_at: datetime
    met_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One thing that is wrong with a drive.

    `raised_at` is the due time of a breach, and of a finding when its fact was known.
    `evident_at` is the first moment at which a verdict could hold it. The same trouble has
    the same `flag_id` for ever.
    """

    flag_id: UUID
    contract: str
    cycle: str
    kind: str
    subject: str
    severity: Severity
    party: str
    message: str
    raised_at: datetime
    evident_at: datetime
    state: FlagState = FlagState.OPEN
    resolved_at: datetime | None = None
    resolution: Resolution | None = None

    def named(self, flag_id: UUID, subject: str) -> "Flag":
        """The same under other names, as `dataclasses.replace` would give it at half the cost."""
        return Flag(
            flag_id=flag_id,
            contract=self.contract,
            cycle=self.cycle,
            kind=self.kind,
            subject=subject,
            severity=self.severity,
            party=self.party,
            message=self.message,
            raised_at=self.raised_at,
            evident_at=self.evident_at,
            state=self.state,
            resolved_at=self.resolved_at,
            resolution=self.resolution,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judgement says of one record at one moment.

    `turns_at` is the first moment after `as_of` at which it could say something else without
    a new fact of this drive; None when only a new fact can change it.
    """

    as_of: datetime
    obligations: tuple[Owed, ...]
    flags: tuple[Flag, ...]
    turns_at: datetime | None
    workings: object = field(default=None, repr=False, compare=False)
    """What it was worked out from: of use to the next judgement of the same drive, and to nobody else."""


def flag_id(serial: str, cycle: str, kind: str, subject: str) -> UUID:
    """The id of a flag: a name, not a number, so that every rebuild gives it again.

    `cycle` is the name of the cycle, and where `subject` names a fact its contract alone.
    """
    # A serial and a contract may hold a stroke; no name holds a line break.
    return uuid5(_FLAGS, "\n".join((serial, cycle, kind, subject)))
