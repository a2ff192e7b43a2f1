"""Advises the caller at once: judges a report against the read model as it stands."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol, TypeVar

import asyncpg

from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.look_alikes import did_you_mean, look_alikes
from mitodoke.lifecycle.record import ConflictingRepeatError, Record, fold
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import OVERDUE, FlagState
from mitodoke.readmodel import queries
from mitodoke.readmodel.pool import Connection, open_pool

T = TypeVar("T")

AT_ONCE: Final = 50
"""So many drives of a call are read and judged before other calls, and the time limit, get their turn: what a service
holds of the read model does not grow with the size of a call, nor much with how many come at once."""

MISREAD: Final = frozenset({"unknown_drive", "not_on_manifest"})
"""What a drive is flagged for whose number may have been misread."""

OF_ITSELF: Final = frozenset(
    {
        "suspect_serial",
        "unknown_contract",
        "unapproved_party",
        "same_person",
        "understaffed_transit",
        "seal_mismatch",
        "evidence_missing",
        "late_report",
        "off_hours",
        "sighted",
        "lost",
        "conflicting_facts",
    }
)
"""What a fact, judged alone, is flagged for rightly whatever else was reported of its drive. The other findings rest on
what others reported, or did not, or on whom the contract names."""

DID_YOU_MEAN_AT_MOST: Final = 100
"""For so many drives of a call another number is looked for: a call with more has another trouble."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """What the judgement says of a drive with a new fact, against the read model as it stands."""

    code: str
    message: str


class Advisor(Protocol):
    """Judges facts that are about to be recorded, against the read model as it stands."""

    async def advise(
        self, facts: Sequence[Fact], as_of: datetime, reference: Reference, *, stranger: bool
    ) -> Sequence[Sequence[Advisory]]:
        """The advisories of each fact, in the order given. Raises AdvisoriesUnavailable when it cannot say.

        A `stranger`, whom the facts' contract does not name, learns nothing of what others reported under it.
        """
        ...


class AdvisoriesUnavailable(Exception):
    """The read model cannot be asked now."""


class UnavailableAdvisor:
    """The advisor of a service that has no read model."""

    async def advise(
        self, facts: Sequence[Fact], as_of: datetime, reference: Reference, *, stranger: bool
    ) -> Sequence[Sequence[Advisory]]:
        """Raises AdvisoriesUnavailable."""
        raise AdvisoriesUnavailable("no read model")


class ReadModelAdvisor:
    """Says what each drive would be flagged for with the fact that is being reported.

    It informs, and may be behind: the projection decides. Recording never waits for it to be ready.
    """

    name = "advisor"

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: asyncpg.Pool | None = None

    @property
    def ready(self) -> bool:
        """A service records with or without advice."""
        return True

    async def start(self) -> None:
        """Make the pool; it connects when it is first asked."""
        self._pool = await open_pool(self._dsn, most=4)

    async def run(self) -> None:
        """Nothing happens between calls."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Let the connections go."""
        if self._pool is not None:
            self._pool.terminate()

    async def advise(
        self, facts: Sequence[Fact], as_of: datetime, reference: Reference, *, stranger: bool
    ) -> Sequence[Sequence[Advisory]]:
        """The open findings of each fact's drive under the fact's contract, as they would be with the fact.

        A `stranger` is told what is wrong with the fact itself, and of no other number. Raises AdvisoriesUnavailable
        when the read model does not answer.
        """
        advisories: list[list[Advisory]] = []
        for first in range(0, len(facts), AT_ONCE):
            some = facts[first : first + AT_ONCE]
            serials = sorted({fact.serial for fact in some})
            records = await self._asked(partial(queries.records, serials=serials, decode=decode_fact))
            advisories += [
                advice(
                    records.get(fact.serial) or Record(fact.serial), fact, as_of, reference, stranger=stranger
                )
                for fact in some
            ]
        if not stranger:
            await self._suggest(facts, advisories)
        return advisories

    async def _suggest(self, facts: Sequence[Fact], advisories: Sequence[list[Advisory]]) -> None:
        """Name the numbers that may have been meant where one is unknown, or stands on no manifest."""
        doubtful = [
            (fact, advice)
            for fact, advice in zip(facts, advisories, strict=True)
            if any(advisory.code in MISREAD for advisory in advice)
        ][:DID_YOU_MEAN_AT_MOST]
        by_contract: dict[str, list[tuple[Fact, list[Advisory]]]] = {}
        for fact, advice in doubtful:
            by_contract.setdefault(fact.contract, []).append((fact, advice))
        for contract, held in by_contract.items():
            alike = set[str]().union(*(look_alikes(fact.serial) for fact, _ in held))
            enrolled = await self._asked(partial(_enrolled_among, contract=contract, serials=alike))
            for fact, advice in held:
                advice.extend(
                    Advisory("did_you_mean", f"{serial} is enrolled under {contract}; did you mean that one?")
                    for serial in did_you_mean(fact.serial, enrolled)
                )

    async def _asked(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        if self._pool is None:
            raise AdvisoriesUnavailable("the advisor has not started")
        try:
            async with self._pool.acquire() as connection:
                return await question(connection)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise AdvisoriesUnavailable(f"the read model does not answer: {error!r}") from error


async def _enrolled_among(connection: Connection, contract: str, serials: set[str]) -> set[str]:
    return await queries.enrolled_among(connection, contract, serials)


def advice(
    record: Record, fact: Fact, as_of: datetime, reference: Reference, *, stranger: bool
) -> list[Advisory]:
    """What is said of a fact that comes to this record.

    What a `stranger` is told does not depend on the record, so that it tells nothing of it; but for the fact's own
    event, which is its reporter's.
    """
    try:
        folded = fold(record, fact)
    except ConflictingRepeatError as error:
        return [Advisory("conflicting_repeat", str(error))]
    if stranger:
        folded = fold(Record(fact.serial), fact)
    # The broker's clock may be ahead of this service's: what is recorded is known.
    known = max(as_of, *(held.recorded_at for held in folded.facts))
    return [
        Advisory(flag.kind, flag.message)
        for flag in judge(folded, reference, known).flags
        if flag.kind != OVERDUE
        and flag.state is FlagState.OPEN
        and flag.contract == fact.contract
        # Whom else the contract approves is not for a stranger to find out.
        and (not stranger or (flag.kind in OF_ITSELF and flag.party == fact.party))
    ]
