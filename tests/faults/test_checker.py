"""The checker of the fault suite objects to each kind of bad history, and to no good one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from faults import checker
from faults.checker import OK, REFUSED, UNKNOWN, Collected, Told
from mitodoke.contracts.destruction.v1.destruction_pb2 import DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.reference.v1 import reference_pb2
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.cloudevents import (
    Envelope,
    Event,
    decode_reference_event,
    drive_events,
    reference_event,
    timestamp_of,
)
from mitodoke.lifecycle.reference import Reference

START = datetime(2026, 4, 1, tzinfo=UTC)
REQUEST = "6a1f0c3e-0000-4000-8000-0000000000"
POLICY = """
policy: seconds
version: 1
timezone: UTC
obligations:
  - {id: destruction, after: DriveReturned, expect: DriveDestroyed, within: 5s, owed_by: destroyer}
"""
PUNCTUAL, LATE, BAD, REFUSED_DRIVE, TWICE = "PUNCTUAL1", "LATE1", "BAD1", "REFUSED1", "TWICE1"
BREACHES = ("overdue", "destruction")


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _record(offset: int, event: Event, seconds: float) -> ConsumerRecord:
    milliseconds = round(_at(seconds).timestamp() * 1000)
    headers = tuple(event.headers)
    return ConsumerRecord("drives", 0, offset, milliseconds, 1, event.key, event.value, None, 0, 0, headers)


def _event(message: type, serial: str, party: str, request: int, seconds: float) -> Event:
    envelope = Envelope("test", party, f"{REQUEST}{request:02}", "K-1", "op-1")
    (event,) = drive_events(
        [message(serial=serial, occurred_at=timestamp_of(_at(seconds)))], [serial], envelope
    )
    return event


def _reference() -> Reference:
    reference = Reference()
    roles = {"lessor": reference_pb2.ROLE_LESSOR, "destroyer": reference_pb2.ROLE_DESTROYER}
    for offset, message in enumerate(
        (
            *(reference_pb2.PartyRegistered(party_id=p, name=p) for p in ("owner", *roles)),
            reference_pb2.PolicyPublished(policy_id="seconds", version=1, document=POLICY),
            reference_pb2.ContractRegistered(
                contract_id="K-1",
                owner_party_id="owner",
                policy_id="seconds",
                policy_version=1,
                approvals=[reference_pb2.Approval(party_id=p, role=role) for p, role in roles.items()],
            ),
        )
    ):
        event = reference_event(message, _at(-60), Envelope("test", "operator", f"{REQUEST}{offset:02}"))
        reference.append(decode_reference_event(_record(offset, event, -60)))
    return reference


def _good() -> Collected:
    """One drive destroyed in time, told twice; one too late; one poisoned; one fact refused, one never answered.

    And one that was leased twice: destroyed in time the first time, and never again.
    """
    events = [
        (_event(DriveReturned, PUNCTUAL, "lessor", 1, 0), 0.1),
        (_event(DriveDestroyed, PUNCTUAL, "destroyer", 2, 2), 3),
        (_event(DriveDestroyed, PUNCTUAL, "destroyer", 2, 2), 3.5),
        (_event(DriveReturned, LATE, "lessor", 3, 0), 0.2),
        (_event(DriveDestroyed, LATE, "destroyer", 4, 8), 9),
        (Event("", BAD.encode(), b"\xff", []), 4),
        (_event(DriveReturned, BAD, "lessor", 5, 5), 6),
        (_event(DriveEnrolled, TWICE, "lessor", 8, 9), 9.1),
        (_event(DriveReturned, TWICE, "lessor", 9, 10), 10.1),
        (_event(DriveDestroyed, TWICE, "destroyer", 10, 11), 11.1),
        (_event(DriveEnrolled, TWICE, "lessor", 11, 20), 20.1),
        (_event(DriveReturned, TWICE, "lessor", 12, 21), 21.1),
    ]
    log = [_record(offset, event, at) for offset, (event, at) in enumerate(events)]
    refused = _event(DriveReturned, REFUSED_DRIVE, "lessor", 6, 0).event_id
    unheard = _event(DriveReturned, "UNHEARD1", "lessor", 7, 0).event_id
    told = [Told(event.event_id, "", OK, (0, n)) for n, (event, _) in enumerate(events) if event.event_id]
    told += [Told(refused, REFUSED_DRIVE, REFUSED), Told(unheard, "UNHEARD1", UNKNOWN)]
    told += [Told(events[1][0].event_id, PUNCTUAL, UNKNOWN)]
    collected = Collected(told, log, _reference(), {}, _at(60), poison=frozenset({(0, 5)}))
    return _as_projected(collected)


def _as_projected(collected: Collected) -> Collected:
    """With the tables that these few messages make."""
    facts = [
        {"partition": 0, "offset": n, "event_id": checker._id_of(collected.log[n])}
        for n in range(len(collected.log))
        if n not in (2, 5, 6)
    ]
    quarantine = [{"partition": 0, "offset": n} for n in (5, 6)]
    flags: list[checker.Row] = []
    history: list[checker.Row] = []
    obligations: list[checker.Row] = []
    for serial, drive in checker._replayed(collected):
        for flag_id, flag in drive.flags.items():
            changes = drive.history[flag_id]
            row = checker._flag_row(flag, len(changes))
            flags.append({"flag_id": flag_id, "serial": serial, **row})
            history += [
                {
                    "flag_id": flag_id,
                    "sequence": n,
                    "state": each.state,
                    "severity": each.severity,
                    "resolution": each.resolution,
                }
                for n, each in enumerate(changes, start=1)
            ]
        for owed in drive.verdict.obligations if drive.verdict else ():
            row = checker._owed_row(owed)
            key = {"cycle": owed.cycle, "obligation": owed.obligation, "subject": owed.subject}
            obligations.append({"serial": serial, **key, **row})
    tables: dict[str, Sequence[checker.Row]] = {
        "fact": facts,
        "quarantine": quarantine,
        "flag": flags,
        "flag_history": history,
        "obligation": obligations,
    }
    published = [(str(row["flag_id"]), row["sequence"]) for row in history]
    return replace(collected, tables=tables, rebuilt=(tables, tables), flags_topic=published)


GOOD = _good()


def test_a_good_history_passes_and_holds_what_the_bad_ones_spoil() -> None:
    assert checker.check(GOOD) == []
    breaches = [row for row in GOOD.tables["flag"] if (row["kind"], row["subject"]) == BREACHES]
    assert [(row["serial"], row["state"], row["resolution"]) for row in breaches] == [
        (LATE, "resolved", "met_late"),
        (TWICE, "open", None),
    ]
    states = [row["state"] for row in GOOD.tables["obligation"] if row["serial"] == TWICE]
    assert sorted(states) == ["met", "overdue"]
    assert checker.counted(GOOD.told) == {"ok": 10, "refused": 1, "unknown": 1}


def _with(table: str, change: Callable[[list[dict[str, Any]]], object]) -> Collected:
    rows = [dict(row) for row in GOOD.tables[table]]
    change(rows)
    tables = {**GOOD.tables, table: rows}
    return replace(GOOD, tables=tables, rebuilt=(tables, tables))


def _row(rows: list[dict[str, Any]], **key: object) -> dict[str, Any]:
    return next(row for row in rows if all(row[name] == value for name, value in key.items()))


def _accused() -> Collected:
    """The drive that was destroyed in time has the other one's breach."""
    breach = _row([dict(row) for row in GOOD.tables["flag"]], serial=LATE, kind="overdue")
    accused = {**breach, "flag_id": "accused", "serial": PUNCTUAL}
    return _with("flag", lambda rows: rows.append(accused))


def _accused_of_the_first_lease() -> Collected:
    """The drive that was leased twice has its second lease's breach in the first as well."""
    breach = _row([dict(row) for row in GOOD.tables["flag"]], serial=TWICE, kind="overdue")
    met = _row([dict(row) for row in GOOD.tables["obligation"]], serial=TWICE, state="met")
    return _with("flag", lambda rows: rows.append({**breach, "flag_id": "accused", "cycle": met["cycle"]}))


def _refused_though_recorded() -> Collected:
    event = GOOD.log[3]
    others = [told for told in GOOD.told if told.event_id != checker._id_of(event)]
    return replace(GOOD, told=[*others, Told(checker._id_of(event), LATE, REFUSED)])


BREACH = str(_row([dict(row) for row in GOOD.tables["flag"]], serial=LATE, kind="overdue")["flag_id"])
OF_THE_BREACH = [each for each in GOOD.flags_topic if each[0] == BREACH]
OTHER_FLAGS = [each for each in GOOD.flags_topic if each[0] != BREACH]

BAD_HISTORIES: Mapping[str, tuple[Collected, str, str]] = {
    "an answered fact is not in the log": (
        replace(GOOD, told=[*GOOD.told, Told("nowhere", "X", OK)]),
        "lost",
        "a fact that was answered OK is in the log",
    ),
    "an answered fact is not in the tables": (
        _with("fact", lambda rows: rows.pop(0)),
        "lost",
        "a fact that was answered OK is in the tables",
    ),
    "an answer names another place": (
        replace(GOOD, told=[*GOOD.told, Told(checker._id_of(GOOD.log[0]), PUNCTUAL, OK, (0, 4))]),
        "lost",
        "an answer names where the log holds the fact",
    ),
    "a refused fact was recorded": (
        _refused_though_recorded(),
        "other",
        "a fact that was refused is nowhere",
    ),
    "a repeat counted twice": (
        _with("fact", lambda rows: rows.append({**rows[1], "offset": 2})),
        "double",
        "a fact is in the tables at most once",
    ),
    "the tables hold what the log does not": (
        _with("fact", lambda rows: rows.append({"partition": 0, "offset": 9, "event_id": "made up"})),
        "other",
        "a fact in the tables is in the log",
    ),
    "an unheard fact stands in the log alone": (
        replace(
            GOOD,
            told=[told for told in GOOD.told if told.event_id != checker._id_of(GOOD.log[0])]
            + [Told(checker._id_of(GOOD.log[0]), PUNCTUAL, UNKNOWN)],
            tables={**GOOD.tables, "fact": GOOD.tables["fact"][1:]},
        ),
        "lost",
        "a fact in the log is in the tables, whatever its caller heard",
    ),
    "somebody is accused by mistake": (
        _accused(),
        "accusation",
        "nobody is accused who had reported in time",
    ),
    "somebody is accused by mistake of the first of two leases": (
        _accused_of_the_first_lease(),
        "accusation",
        "nobody is accused who had reported in time",
    ),
    "the log holds what nobody sent": (
        replace(GOOD, told=[told for told in GOOD.told if told.event_id != checker._id_of(GOOD.log[0])]),
        "other",
        "a fact in the log was sent by a caller",
    ),
    "the log holds what nobody sent, and it is not the poison": (
        replace(GOOD, poison=frozenset({(0, 6)})),
        "other",
        "a fact in the log was sent by a caller",
    ),
    "a breach is missing": (
        _with("flag", lambda rows: rows.remove(_row(rows, serial=LATE, kind="overdue"))),
        "other",
        "a flag is what the judgement gives for its drive's log",
    ),
    "a flag says something else": (
        _with("flag", lambda rows: _row(rows, serial=LATE, kind="overdue").update(state="open")),
        "other",
        "a flag is what the judgement gives for its drive's log",
    ),
    "a change of a flag is missing from its history": (
        _with("flag_history", lambda rows: rows.remove(_row(rows, state="resolved"))),
        "other",
        "a flag's history is what the judgement gives, fact by fact",
    ),
    "an obligation is as it was before": (
        _with("obligation", lambda rows: _row(rows, serial=PUNCTUAL).update(state="pending")),
        "other",
        "an obligation is what the judgement gives",
    ),
    "a change of a flag was not published": (
        replace(GOOD, flags_topic=OTHER_FLAGS + OF_THE_BREACH[:1]),
        "lost",
        "every change of a flag is published",
    ),
    "changes of a flag were published in another order": (
        replace(GOOD, flags_topic=OTHER_FLAGS + OF_THE_BREACH[::-1]),
        "other",
        "the changes of a flag are published in order",
    ),
    "an old change of a flag was published last": (
        replace(GOOD, flags_topic=OTHER_FLAGS + OF_THE_BREACH + OF_THE_BREACH[:1]),
        "other",
        "the changes of a flag are published in order",
    ),
    "something was published that never changed": (
        replace(GOOD, flags_topic=[*GOOD.flags_topic, ("stranger", 1)]),
        "other",
        "only changes of flags are published",
    ),
    "something waits in quarantine that nobody poisoned": (
        _with("quarantine", lambda rows: rows.append({"partition": 0, "offset": 3})),
        "other",
        "nothing waits in quarantine unexplained",
    ),
    "poison was passed over": (
        _with("quarantine", lambda rows: rows.pop(0)),
        "lost",
        "poison and what follows it is put aside",
    ),
    "a rebuild gives other tables": (
        replace(GOOD, rebuilt=(GOOD.tables, {**GOOD.tables, "flag": []})),
        "other",
        "a rebuild gives the live tables row for row",
    ),
}


@pytest.mark.parametrize("name", BAD_HISTORIES)
def test_it_objects_when(name: str) -> None:
    collected, kind, promise = BAD_HISTORIES[name]
    found = checker.check(collected)
    assert (kind, promise) in [(each.kind, each.promise) for each in found], [str(each) for each in found]


AT_EVERY_MOMENT = (
    "a repeat counted twice",
    "a refused fact was recorded",
    "an answered fact is not in the log",
    "an answer names another place",
    "somebody is accused by mistake",
    "the log holds what nobody sent",
    "the tables hold what the log does not",
)


@pytest.mark.parametrize("name", AT_EVERY_MOMENT)
def test_it_objects_though_the_tables_have_not_settled_when(name: str) -> None:
    collected, kind, promise = BAD_HISTORIES[name]
    found = checker.check(collected, settled=False)
    assert (kind, promise) in [(each.kind, each.promise) for each in found], [str(each) for each in found]


def test_what_is_still_to_be_judged_is_no_fault_before_the_tables_have_settled() -> None:
    nothing_yet: dict[str, list[checker.Row]] = {table: [] for table in GOOD.tables}
    assert checker.check(replace(GOOD, tables=nothing_yet, flags_topic=()), settled=False) == []
