"""The rows of the read model, and what a batch changes in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.verdict import Owed
from mitodoke.readmodel.drive_state import DriveState, ObligationKey, StoredFlag

RANK = {Severity.WARNING: 1, Severity.MAJOR: 2, Severity.CRITICAL: 3}
SEVERITY = {rank: severity for severity, rank in RANK.items()}


class FactRow(NamedTuple):
    """A fact as it stands in the log."""

    partition: int
    offset: int
    event_id: UUID
    kind: str
    serial: str
    contract: str
    party: str
    operator: str
    occurred_at: datetime
    recorded_at: datetime
    backfilled: bool
    payload: bytes


class DriveRow(NamedTuple):
    """A drive in a line."""

    serial: str
    partition: int
    contract: str
    holder: str
    holder_since: datetime | None
    destroyed: bool
    facts: int
    judged_at: datetime
    turns_at: datetime | None
    parked: bool


class HistoryRow(NamedTuple):
    """One change of a flag."""

    flag_id: UUID
    sequence: int
    state: str
    severity: int
    resolution: str | None
    changed_at: datetime


class ShipmentRow(NamedTuple):
    """One drive that a fact names with a lot or shipment of the fact's contract, whose closure it is then judged by.

    With neither time it does not stand on the manifest: what put it there was taken back, or it only changed hands.
    """

    shipment: str
    serial: str
    partition: int
    contract: str
    sent_at: datetime | None
    received_at: datetime | None


class QuarantineRow(NamedTuple):
    """An event that waits, as it was in the log."""

    partition: int
    offset: int
    serial: str
    error: str
    headers: str
    payload: bytes
    recorded_at: datetime


class OutboxRow(NamedTuple):
    """A message on its way to the flags topic."""

    partition: int
    key: str
    value: bytes


@dataclass(slots=True)
class Changes:
    """All that one transaction writes; each row once, as it stands at the end.

    `known` are the drives as the tables have them: a row that is not there is new.
    """

    known: Mapping[str, DriveState] = field(default_factory=dict)
    facts: list[FactRow] = field(default_factory=list)
    drives: list[DriveRow] = field(default_factory=list)
    drive_contracts: set[tuple[str, str]] = field(default_factory=set)
    new_obligations: list[tuple[str, Owed]] = field(default_factory=list)
    changed_obligations: list[tuple[str, Owed]] = field(default_factory=list)
    gone_obligations: list[tuple[str, ObligationKey]] = field(default_factory=list)
    flags: dict[UUID, tuple[str, StoredFlag]] = field(default_factory=dict)
    history: list[HistoryRow] = field(default_factory=list)
    shipments: list[ShipmentRow] = field(default_factory=list)
    quarantine: list[QuarantineRow] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)
    """Drives that could not be judged at a turning point, with why."""
    outbox: list[OutboxRow] = field(default_factory=list)
