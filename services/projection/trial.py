"""Tries a policy on the real records of a contract: what would be flagged, had it been in force. Writes nothing."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from mitodoke.chassis.errors import Reason, Refusal
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Flag, FlagState
from mitodoke.readmodel import queries
from mitodoke.readmodel.pool import Connection

AT_ONCE: Final = 100

MOST_TRIALS: Final = 2
"""At the same time, in a process. Each holds a connection of the pool for as long as it takes, and its turns at the
processor are those of the worker beside it."""

RETRY_AFTER: Final = timedelta(seconds=10)

_BREATHER: Final = 5
"""After so many drives others get their turn."""

Group = tuple[str, str, Severity]


@dataclass(slots=True)
class Tried:
    """Counts of open flags by kind, subject and severity, with the policy and without, and the new ones by name.

    `drives` of `drives_in_all` are counted.
    """

    drives_in_all: int
    drives: int = 0
    would_stand: Counter[Group] = field(default_factory=Counter)
    stand: Counter[Group] = field(default_factory=Counter)
    newly: list[tuple[str, Flag]] = field(default_factory=list)


class Trials:
    """The places for trials of a process."""

    def __init__(self) -> None:
        self._under_way = 0

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for one trial. Raises Refusal when all are taken."""
        if self._under_way >= MOST_TRIALS:
            raise Refusal(
                Reason.TOO_MANY_CALLS,
                f"{MOST_TRIALS} policies are being tried already, and no more is taken; nothing of this one was done. "
                "Send the same request again after the delay",
                retry_after=RETRY_AFTER,
            )
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1


async def try_policy(
    connection: Connection,
    contract_id: str,
    reference: Reference,
    tried_reference: Reference,
    as_of: datetime,
    *,
    most: int,
) -> AsyncGenerator[Tried, None]:
    """Judge every drive of the contract twice; gives the counts, which grow, after each batch of drives.

    Other work gets its turn every few drives. What is given last, when `drives` is `drives_in_all`, is the result.
    """
    tried = Tried(await queries.count_of_drives(connection, contract_id))
    after = ""
    while serials := await queries.serials_of_contract(connection, contract_id, after=after, limit=AT_ONCE):
        after = serials[-1]
        for serial, record in (await queries.records(connection, serials, decode_fact)).items():
            tried.drives += 1
            now = {flag.flag_id: flag for flag in _open(record, reference, as_of, contract_id)}
            then = {flag.flag_id: flag for flag in _open(record, tried_reference, as_of, contract_id)}
            tried.stand.update(_group(flag) for flag in now.values())
            tried.would_stand.update(_group(flag) for flag in then.values())
            room = most - len(tried.newly)
            tried.newly += [(serial, then[new]) for new in then if new not in now][:room]
            if tried.drives % _BREATHER == 0:
                await asyncio.sleep(0)
        yield tried


def _open(record: Record, reference: Reference, as_of: datetime, contract_id: str) -> Iterator[Flag]:
    for flag in judge(record, reference, as_of).flags:
        if flag.contract == contract_id and flag.state is not FlagState.RESOLVED:
            yield flag


def _group(flag: Flag) -> Group:
    return flag.kind, _subject(flag), flag.severity


def _subject(flag: Flag) -> str:
    """What the flag is about where many drives share it: an obligation, a party, a step; not an event of one drive."""
    subject = flag.subject.partition("/")[0]
    return "" if len(subject) == 36 and subject.count("-") == 4 else subject
