"""What the system says of a case that was replayed: every number and date here is its answer to a question."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.client.queries import Queries
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.lifecycle.durations import end_of_day
from mitodoke_demo.case import Case

_ALL: Final = 10_000
_JUST_BEFORE: Final = timedelta(seconds=1)
_ONE_DAY: Final = timedelta(days=1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Owing:
    """What some drives have owed in vain since the same moment."""

    obligation_id: str
    expect: str
    since: datetime
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Open flags of one kind with one cause. `subject` is what is owed, for an overdue one."""

    severity: int
    kind: str
    subject: str
    party: str


@dataclass(frozen=True, slots=True)
class Evening:
    """What stood open at the end of a day."""

    at: datetime
    troubles: Counter[Trouble]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A drive as it stood at a moment, and how long the answer took, in seconds."""

    at: datetime
    drive: query_pb2.Drive
    took: float

    @property
    def open_flags(self) -> list[flag_pb2.Flag]:
        """The gravest first, then the oldest."""
        unresolved = [f for f in self.drive.flags if f.state != flag_pb2.FLAG_STATE_RESOLVED]
        return sorted(unresolved, key=lambda f: (-f.severity, f.raised_at.ToNanoseconds(), f.kind))


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that the report prints.

    The evenings are those of the days before and after the last day on which something fell due in vain.
    """

    contract: query_pb2.GetContractResponse
    timeline: query_pb2.GetTimelineResponse
    owing: tuple[Owing, ...]
    evenings: tuple[Evening, ...]
    before: Lookup
    after: Lookup
    seen: int
    """The drives with a flag of the kinds that the drive looked up earned at the telephone call."""
    open_now: Counter[Trouble]
    first_raised: dict[Trouble, datetime]


async def ask_everything(query: Queries, case: Case) -> Answers:
    """Put all questions of the report."""
    contract_id = case.contract.contract_id
    owing = await _owing(query, contract_id)
    evenings = []
    if owing:
        last_day = max(each.since for each in owing).astimezone(case.timezone).date()
        evenings = [
            await _evening(query, contract_id, end_of_day(day, case.timezone))
            for day in (last_day - _ONE_DAY, last_day + _ONE_DAY)
        ]
    called_at = case.label.milestone.at
    before = await _looked_up(query, case.label.read_out, called_at - _JUST_BEFORE)
    after = await _looked_up(
        query, case.label.read_out, end_of_day(called_at.astimezone(case.timezone).date(), case.timezone)
    )
    known = {flag.flag_id for flag in before.drive.flags}
    kinds = {flag.kind for flag in after.drive.flags if flag.flag_id not in known}
    then = await _flags(query, contract_id, after.at)
    now = await _flags(query, contract_id, None)
    return Answers(
        contract=await query.get_contract(query_pb2.GetContractRequest(contract_id=contract_id)),
        timeline=await query.get_timeline(query_pb2.GetTimelineRequest(contract_id=contract_id)),
        owing=owing,
        evenings=tuple(evenings),
        before=before,
        after=after,
        seen=len({flag.serial for flag in then if flag.kind in kinds}),
        open_now=_counted(now),
        first_raised=_first_raised(now, case.timezone),
    )


async def ask_in_short(query: Queries, case: Case) -> tuple[Lookup, ...]:
    """Each drive of the case as it stood at the end of the day of its last fact."""
    last = case.happenings[-1].at.astimezone(case.timezone).date()
    at = end_of_day(last, case.timezone)
    serials = dict.fromkeys(serial for each in case.happenings for serial in each.serials)
    return tuple([await _looked_up(query, serial, at) for serial in serials])


def trouble_of(flag: flag_pb2.Flag) -> Trouble:
    """The flag without its drive, to be counted."""
    is_breach = flag.kind == "overdue"
    return Trouble(flag.severity, flag.kind, flag.subject if is_breach else "", flag.party_id)


async def _owing(query: Queries, contract_id: str) -> tuple[Owing, ...]:
    answer = await query.list_obligations(
        query_pb2.ListObligationsRequest(
            contract_id=contract_id, states=[query_pb2.OBLIGATION_STATE_OVERDUE], page_size=_ALL
        )
    )
    groups: dict[tuple[int, str, str], list[str]] = {}
    for each in answer.obligations:
        key = (each.due_at.ToMicroseconds(), each.obligation_id, each.expect)
        groups.setdefault(key, []).append(each.serial)
    return tuple(
        Owing(obligation_id, expect, _moment(due), tuple(serials))
        for (due, obligation_id, expect), serials in sorted(groups.items())
    )


async def _evening(query: Queries, contract_id: str, at: datetime) -> Evening:
    return Evening(at, _counted(await _flags(query, contract_id, at)))


async def _flags(query: Queries, contract_id: str, as_of: datetime | None) -> list[flag_pb2.Flag]:
    request = query_pb2.ListFlagsRequest(contract_id=contract_id, page_size=_ALL, as_of=_stamp(as_of))
    found: list[flag_pb2.Flag] = []
    while True:
        answer = await query.list_flags(request)
        found.extend(answer.flags)
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def _looked_up(query: Queries, read_out: str, at: datetime) -> Lookup:
    request = query_pb2.GetDriveRequest(serial=read_out, as_of=_stamp(at))
    answer, took = await _timed(query.get_drive(request))
    return Lookup(at, answer.drive, took)


async def _timed(question: Awaitable[T]) -> tuple[T, float]:
    started = time.perf_counter()
    answer = await question
    return answer, time.perf_counter() - started


def _counted(flags: Iterable[flag_pb2.Flag]) -> Counter[Trouble]:
    return Counter(trouble_of(flag) for flag in flags)


def _first_raised(flags: Iterable[flag_pb2.Flag], zone: ZoneInfo) -> dict[Trouble, datetime]:
    first: dict[Trouble, datetime] = {}
    for flag in flags:
        raised_at = _moment(flag.raised_at.ToMicroseconds()).astimezone(zone)
        trouble = trouble_of(flag)
        first[trouble] = min(raised_at, first.get(trouble, raised_at))
    return first


def _moment(microseconds: int) -> datetime:
    stamp = Timestamp()
    stamp.FromMicroseconds(microseconds)
    return stamp.ToDatetime(tzinfo=UTC)


def _stamp(at: datetime | None) -> Timestamp | None:
    if at is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
