"""Facts, flags and obligations as the judgement knows them, from the rows that hold them."""

from collections.abc import Callable
from typing import Any

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.verdict import Flag, FlagState, ObligationState, Owed, Resolution
from mitodoke.readmodel.drive_state import StoredFlag
from mitodoke.readmodel.rows import SEVERITY

Decoder = Callable[..., Fact]
"""`decode_fact` of the event log, handed in: `(kind, payload, *, event_id, serial, …) -> Fact`."""

# Looked up by the hundred thousand, and a dict is five times as quick as the enumeration.
_KIND = {kind.value: kind for kind in FactKind}
_FLAG_STATE = {state.value: state for state in FlagState}


def fact_of(row: Any, decode: Decoder) -> Fact:
    """The fact of a row of `fact`."""
    return decode(
        _KIND[row["kind"]],
        row["payload"],
        event_id=row["event_id"],
        serial=row["serial"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        party=row["party"],
        operator=row["operator"],
        contract=row["contract"],
        backfilled=row["backfilled"],
    )


def stored_flag_of(row: Any) -> StoredFlag:
    """The flag of a row of `flag`."""
    flag = Flag(
        flag_id=row["flag_id"],
        contract=row["contract"],
        cycle=row["cycle"],
        kind=row["kind"],
        subject=row["subject"],
        severity=SEVERITY[row["severity"]],
        party=row["party"],
        message=row["message"],
        raised_at=row["raised_at"],
        evident_at=row["evident_at"],
        state=_FLAG_STATE[row["state"]],
        resolved_at=row["resolved_at"],
        resolution=Resolution(row["resolution"]) if row["resolution"] else None,
    )
    return StoredFlag(flag, row["detected_at"], row["sequence"])


def owed_of(row: Any) -> Owed:
    """The obligation of a row of `obligation`."""
    return Owed(
        obligation=row["obligation"],
        contract=row["contract"],
        cycle=row["cycle"],
        subject=row["subject"],
        state=ObligationState(row["state"]),
        after=_KIND[row["after"]],
        expect=_KIND[row["expect"]],
        owed_by=Role(row["owed_by"]),
        parties=tuple(row["parties"].split(",")) if row["parties"] else (),
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        decided_at=row["decided_at"],
        met_at=row["met_at"],
    )
