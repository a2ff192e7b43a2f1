"""Compares what callers were told with the log, the tables and the flags topic: pure functions over collected data.

It knows nothing of how the projection works. What must stand in the tables it works out anew, drive by drive, from
the log and `judge`, as semantics.md says in section 6.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from aiokafka import ConsumerRecord

from mitodoke.eventlog.cloudevents import UndecodableEvent, decode_drive_event
from mitodoke.lifecycle.facts import DriveEnrolled, Fact, FactRetracted
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import ConflictingRepeatError, Record, fold
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import OVERDUE, Flag, FlagState, Owed, Resolution, Verdict

OK: Final = "ok"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

_INSTANT: Final = timedelta(microseconds=1)
_RANK: Final = {Severity.WARNING: 1, Severity.MAJOR: 2, Severity.CRITICAL: 3}
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told about one fact, once: an attempt of a call and its outcome.

    `place` is the partition and offset that an answer named.
    """

    event_id: str
    serial: str
    outcome: str
    place: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """All that the checker looks at. `judged_through` is the moment up to which the tables were judged.

    `poison` are the places of messages that the workload itself put into the log to be put aside. `rebuilt` are the
    tables after each rebuild; `flags_topic` the (flag id, sequence) of each message in the order of the topic.
    """

    told: Sequence[Told]
    log: Sequence[ConsumerRecord]
    reference: Reference
    tables: Tables
    judged_through: datetime
    flags_topic: Sequence[tuple[str, int]] = ()
    rebuilt: Sequence[Tables] = ()
    poison: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that did not hold, how often, and the first cases. `kind` is lost, double, accusation or other."""

    kind: str
    promise: str
    times: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.promise}: {self.times} times, such as {'; '.join(self.examples)}"


@dataclass
class _Found:
    """Gathers violations by promise."""

    cases: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, promise: str, case: str) -> None:
        self.cases[kind, promise].append(case)

    def violations(self) -> list[Violation]:
        return [
            Violation(kind, promise, len(cases), tuple(cases[:_SHOWN]))
            for (kind, promise), cases in self.cases.items()
        ]


def check(collected: Collected, *, settled: bool = True) -> list[Violation]:
    """Everything that is wrong; an empty list when every promise held.

    `settled` says that everything in the log has been judged and published. Where it has not, only what must hold at
    every moment is looked at.
    """
    found = _Found()
    _what_was_told(collected, found)
    _at_most_once(collected, found)
    replayed = dict(_replayed(collected))
    _accusations(collected, replayed, found)
    if settled:
        _all_in_the_tables(collected, found)
        _quarantine(collected, found)
        _judgement(collected, replayed, found)
        _flags_topic(collected, found)
        _rebuilds(collected, found)
    return found.violations()


def outcomes(told: Sequence[Told]) -> dict[str, str]:
    """The outcome of each event over all its attempts: once ok is ok; refused only if it was refused each time."""
    attempts: dict[str, set[str]] = defaultdict(set)
    for each in told:
        attempts[each.event_id].add(each.outcome)
    return {
        event_id: OK if OK in said else UNKNOWN if UNKNOWN in said else REFUSED
        for event_id, said in attempts.items()
    }


def counted(told: Sequence[Told]) -> dict[str, int]:
    """How many facts had each outcome."""
    return dict(Counter(outcomes(told).values()))


def _id_of(record: ConsumerRecord) -> str:
    headers: dict[str, bytes] = dict(record.headers)
    return headers.get("ce_id", b"").decode(errors="replace")


def _logged(collected: Collected) -> Mapping[str, Sequence[ConsumerRecord]]:
    logged: dict[str, list[ConsumerRecord]] = defaultdict(list)
    for record in collected.log:
        logged[_id_of(record)].append(record)
    return logged


def _what_was_told(collected: Collected, found: _Found) -> None:
    """The log against what callers heard: nothing answered OK is missing, nothing else is there."""
    logged = _logged(collected)
    said = outcomes(collected.told)
    for event_id, outcome in said.items():
        if outcome == OK and event_id not in logged:
            found.add("lost", "a fact that was answered OK is in the log", event_id)
        elif outcome == REFUSED and event_id in logged:
            found.add("other", "a fact that was refused is nowhere", event_id)
    for event_id, records in logged.items():
        places = [(record.partition, record.offset) for record in records]
        if event_id not in said and not collected.poison.issuperset(places):
            found.add("other", "a fact in the log was sent by a caller", f"{event_id or 'no id'} at {places}")
    for told in collected.told:
        if told.place is not None and told.place not in {
            (record.partition, record.offset) for record in logged.get(told.event_id, [])
        }:
            found.add(
                "lost", "an answer names where the log holds the fact", f"{told.event_id} at {told.place}"
            )


def _at_most_once(collected: Collected, found: _Found) -> None:
    """The tables have no fact twice, and none that the log has not."""
    logged = _logged(collected)
    for event_id, times in Counter(str(row["event_id"]) for row in collected.tables["fact"]).items():
        if times > 1:
            found.add("double", "a fact is in the tables at most once", f"{event_id} ({times} rows)")
        if event_id not in logged:
            found.add("other", "a fact in the tables is in the log", event_id)


def _all_in_the_tables(collected: Collected, found: _Found) -> None:
    """What the log has is in the tables or waits in quarantine, whatever its caller heard."""
    rows = {str(row["event_id"]) for row in collected.tables["fact"]}
    aside = {(row["partition"], row["offset"]) for row in collected.tables["quarantine"]}
    said = outcomes(collected.told)
    for event_id, records in _logged(collected).items():
        waiting = any((record.partition, record.offset) in aside for record in records)
        if event_id in rows or waiting or event_id not in said:
            continue
        if said[event_id] == OK:
            found.add("lost", "a fact that was answered OK is in the tables", event_id)
        else:
            found.add("lost", "a fact in the log is in the tables, whatever its caller heard", event_id)


def _quarantine(collected: Collected, found: _Found) -> None:
    """Only the poison that was put there waits, and what came after it of the same drive."""
    since: dict[bytes | None, int] = {}
    for record in collected.log:
        if (record.partition, record.offset) in collected.poison:
            since[record.key] = min(since.get(record.key, record.offset), record.offset)
    waiting = {(row["partition"], row["offset"]) for row in collected.tables["quarantine"]}
    for record in collected.log:
        place = record.partition, record.offset
        should_wait = record.key in since and record.offset >= since[record.key]
        if place in waiting and not should_wait:
            found.add("other", "nothing waits in quarantine unexplained", f"offset {place[1]} of {place[0]}")
        if should_wait and place not in waiting:
            found.add("lost", "poison and what follows it is put aside", f"offset {place[1]} of {place[0]}")


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of a flag, as its history must have it."""

    state: str
    severity: int
    resolution: str | None


@dataclass
class _Drive:
    """One drive as its log makes it: its facts, and what became of its flags."""

    record: Record
    verdict: Verdict | None = None
    flags: dict[UUID, Flag] = field(default_factory=dict)
    history: dict[UUID, list[_Change]] = field(default_factory=lambda: defaultdict(list))

    def judged(self, verdict: Verdict) -> None:
        """Note what this verdict raised, resolved, changed and took back."""
        seen = {flag.flag_id: flag for flag in verdict.flags}
        for flag in verdict.flags:
            if flag.flag_id not in self.flags:
                # It was open before it was resolved, also where both became known at once.
                self._note(replace(flag, state=FlagState.OPEN, resolved_at=None, resolution=None))
            self._note(flag)
        for flag_id, flag in list(self.flags.items()):
            if flag_id not in seen and flag.state is not FlagState.RESOLVED:
                self._note(
                    replace(
                        flag,
                        state=FlagState.RESOLVED,
                        resolved_at=verdict.as_of,
                        resolution=Resolution.CORRECTED,
                    )
                )
        self.verdict = verdict

    def _note(self, flag: Flag) -> None:
        self.flags[flag.flag_id] = flag
        change = _Change(
            flag.state.value, _RANK[flag.severity], flag.resolution.value if flag.resolution else None
        )
        history = self.history[flag.flag_id]
        if not history or history[-1] != change:
            history.append(change)


def _replayed(collected: Collected) -> Iterator[tuple[str, _Drive]]:
    """Every drive judged after each of its facts and at each turning point between, in the order of the log."""
    of_drive: dict[bytes, list[ConsumerRecord]] = defaultdict(list)
    for record in sorted(collected.log, key=lambda each: (each.partition, each.offset)):
        of_drive[record.key or b""].append(record)
    for key, records in of_drive.items():
        serial = key.decode(errors="replace")
        yield serial, _replay(serial, records, collected.reference, collected.judged_through)


def _replay(
    serial: str, records: Sequence[ConsumerRecord], reference: Reference, judged_through: datetime
) -> _Drive:
    drive = _Drive(Record(serial))
    for record in records:
        arrived = datetime.fromtimestamp(record.timestamp / 1000, tz=judged_through.tzinfo)
        try:
            fact = decode_drive_event(record)
            folded = fold(drive.record, fact)
        except (UndecodableEvent, ConflictingRepeatError):
            _turn(drive, reference, arrived)
            return drive
        if drive.record.holds(fact.event_id):
            continue
        _turn(drive, reference, fact.recorded_at)
        drive.record = folded
        _judge(drive, reference, fact.recorded_at)
    _turn(drive, reference, judged_through)
    return drive


def _turn(drive: _Drive, reference: Reference, until: datetime) -> None:
    while drive.verdict is not None:
        contracts = {fact.contract for fact in drive.record.facts}
        shipments = {getattr(fact, "shipment", "") for fact in drive.record.facts} - {""}
        known = reference.next_change(contracts, shipments, drive.verdict.as_of - _INSTANT)
        turns = [drive.verdict.turns_at, None if known is None else known + _INSTANT]
        at = min((turn for turn in turns if turn is not None), default=None)
        if at is None or at > until:
            return
        _judge(drive, reference, at)


def _judge(drive: _Drive, reference: Reference, as_of: datetime) -> None:
    as_of = max(as_of, drive.verdict.as_of) if drive.verdict else as_of
    # A reference fact counts for what comes after the moment it was recorded at (ADR 0006).
    drive.judged(judge(drive.record, reference.read_through(as_of - _INSTANT), as_of))


def _judgement(collected: Collected, replayed: Mapping[str, _Drive], found: _Found) -> None:
    flags: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in collected.tables["flag"]:
        flags[row["serial"]][str(row["flag_id"])] = row
    histories: dict[str, list[_Change]] = defaultdict(list)
    for row in sorted(collected.tables["flag_history"], key=lambda each: each["sequence"]):
        histories[str(row["flag_id"])].append(_Change(row["state"], row["severity"], row["resolution"]))
    obligations: dict[str, dict[tuple[str, str, str], Row]] = defaultdict(dict)
    for row in collected.tables["obligation"]:
        obligations[row["serial"]][row["cycle"], row["obligation"], row["subject"]] = row
    for serial in flags.keys() | obligations.keys() | replayed.keys():
        drive = replayed.get(serial) or _Drive(Record(serial))
        expected = {
            str(flag_id): _flag_row(flag, len(drive.history[flag_id]))
            for flag_id, flag in drive.flags.items()
        }
        for stored_id in expected.keys() | flags[serial].keys():
            told = _difference(expected.get(stored_id), flags[serial].get(stored_id))
            if told:
                found.add(
                    "other", "a flag is what the judgement gives for its drive's log", f"{serial}: {told}"
                )
        for flag_id, history in drive.history.items():
            if histories.get(str(flag_id), []) != history:
                found.add(
                    "other",
                    "a flag's history is what the judgement gives, fact by fact",
                    f"{serial} {flag_id}: {histories.get(str(flag_id))} for {history}",
                )
        owed = {
            (o.cycle, o.obligation, o.subject): _owed_row(o)
            for o in (drive.verdict.obligations if drive.verdict else ())
        }
        for key in owed.keys() | obligations[serial].keys():
            told = _difference(owed.get(key), obligations[serial].get(key))
            if told:
                found.add("other", "an obligation is what the judgement gives", f"{serial} {key}: {told}")


def _flag_row(flag: Flag, sequence: int) -> dict[str, Any]:
    return {
        "contract": flag.contract,
        "cycle": flag.cycle,
        "kind": flag.kind,
        "subject": flag.subject,
        "severity": _RANK[flag.severity],
        "party": flag.party,
        "message": flag.message,
        "raised_at": flag.raised_at,
        "evident_at": flag.evident_at,
        "state": flag.state.value,
        "resolved_at": flag.resolved_at,
        "resolution": flag.resolution.value if flag.resolution else None,
        "sequence": sequence,
    }


def _owed_row(owed: Owed) -> dict[str, Any]:
    return {
        "contract": owed.contract,
        "state": owed.state.value,
        "after": owed.after.value,
        "expect": owed.expect.value,
        "owed_by": owed.owed_by.value,
        "parties": ",".join(owed.parties),
        "opened_at": owed.opened_at,
        "due_at": owed.due_at,
        "decided_at": owed.decided_at,
        "met_at": owed.met_at,
    }


def _difference(expected: Row | None, stored: Row | None) -> str:
    if expected is None:
        return f"stored without cause: {dict(stored or {})}"
    if stored is None:
        return f"missing: {dict(expected)}"
    differing = {name: (stored[name], value) for name, value in expected.items() if stored[name] != value}
    return ", ".join(f"{name} is {is_} for {value}" for name, (is_, value) in differing.items())


def _accusations(collected: Collected, replayed: Mapping[str, _Drive], found: _Found) -> None:
    """No breach stands, or ever stood, where the log held in time what was owed.

    It goes by the obligation's row and the log alone. Left aside are facts that were taken back, and a breach of which
    no obligation is left; and on a drive with more than one cycle, facts that may belong to another: whether those
    breaches stood rightly is for the comparison with the judgement to say.
    """
    cycles: dict[str, set[str]] = defaultdict(set)
    for row in collected.tables["obligation"]:
        cycles[row["serial"]].add(row["cycle"])
    obligations = {
        (row["serial"], row["cycle"], row["obligation"], row["subject"]): row
        for row in collected.tables["obligation"]
    }
    for row in collected.tables["flag"]:
        if row["kind"] != OVERDUE:
            continue
        name, _, subject = row["subject"].partition("/")
        owed = obligations.get((row["serial"], row["cycle"], name, subject))
        drive = replayed.get(row["serial"])
        if owed is None or drive is None:
            continue
        facts = drive.record.facts
        retracted = {fact.retracted for fact in facts if isinstance(fact, FactRetracted)}
        for fact in facts:
            if (
                fact.event_id not in retracted
                and _in_time(fact, owed, subject)
                and (len(cycles[row["serial"]]) == 1 or _surely_of_its_cycle(fact, owed, facts))
            ):
                found.add(
                    "accusation",
                    "nobody is accused who had reported in time",
                    f"{row['serial']}: {row['subject']} due {row['raised_at']}, reported {fact.recorded_at}",
                )
                break


def _surely_of_its_cycle(fact: Fact, owed: Row, facts: Sequence[Fact]) -> bool:
    """Whether no enrolment stands between the fact and what opened the obligation: only that parts two cycles."""
    opened = [f for f in facts if f.kind.value == owed["after"] and f.known_at == owed["opened_at"]]
    enrolled = [f.occurred_at for f in facts if isinstance(f, DriveEnrolled)]
    return bool(opened) and not any(
        min(fact.occurred_at, each.occurred_at) <= at <= max(fact.occurred_at, each.occurred_at)
        for each in opened
        for at in enrolled
    )


def _in_time(fact: Fact, owed: Row, subject: str) -> bool:
    return (
        fact.kind.value == owed["expect"]
        and fact.contract == owed["contract"]
        and (not subject or getattr(fact, "shipment", "") == subject)
        and fact.occurred_at <= owed["due_at"]
        and fact.recorded_at <= owed["decided_at"]
    )


def _flags_topic(collected: Collected, found: _Found) -> None:
    published: dict[str, list[int]] = defaultdict(list)
    for flag_id, sequence in collected.flags_topic:
        published[flag_id].append(sequence)
    changes: dict[str, int] = Counter(str(row["flag_id"]) for row in collected.tables["flag_history"])
    for flag_id, last in changes.items():
        sequences = published.get(flag_id, [])
        first_seen = list(dict.fromkeys(sequences))
        if set(first_seen) != set(range(1, last + 1)):
            found.add(
                "lost", "every change of a flag is published", f"{flag_id}: {first_seen} of 1 to {last}"
            )
        elif first_seen != sorted(first_seen) or sequences[-1] != last:
            found.add("other", "the changes of a flag are published in order", f"{flag_id}: {sequences}")
    for flag_id in published.keys() - changes.keys():
        found.add("other", "only changes of flags are published", flag_id)


def _rebuilds(collected: Collected, found: _Found) -> None:
    for number, rebuilt in enumerate(collected.rebuilt, start=1):
        for table, rows in collected.tables.items():
            again = rebuilt.get(table, ())
            if list(rows) == list(again):
                continue
            differing = next(
                (f"{dict(a)} for {dict(b)}" for a, b in zip(again, rows, strict=False) if a != b), ""
            )
            found.add(
                "other",
                "a rebuild gives the live tables row for row",
                f"rebuild {number}, {table}: {len(again)} rows for {len(rows)} {differing}",
            )
