"""Replays a case on a running system, as its parties would have reported it, and waits until it is judged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mitodoke.client import Connection, Reported
from mitodoke.client.queries import Queries
from mitodoke.contracts.reference.v1.reference_service_pb2 import Published
from mitodoke_demo.case import Case, Happening
from mitodoke_demo.reports import contract_of, items_of, party_of, report_of, request_id, service_of

JUDGED_WITHIN: Final = 60.0
_LOOK_EVERY: Final = 0.1


class NotJudgedError(Exception):
    """The read model has not read everything within the limit."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was recorded, and how long it took, in seconds."""

    calls: int
    facts: int
    recording_took: float
    judging_took: float


def count_calls(case: Case) -> int:
    """How many calls a replay of the case makes."""
    return len(case.parties) + 2 + len(case.happenings)


async def replay(running: Path, case: Case, *, advance: Callable[[], None] = lambda: None) -> Replayed:
    """Make every call of the case in its order, and wait until the read model holds all of it.

    `running` describes the system; `advance` is called after each call. Raises CallFailed for a call that is
    refused, CaseError for a fact that no call can state, NotJudgedError after a minute of waiting.
    """
    started = time.monotonic()
    facts = 0
    async with contextlib.AsyncExitStack() as stack:
        administrator = await stack.enter_async_context(Connection.from_file(path=running))
        parties = {
            party.party_id: await stack.enter_async_context(
                Connection.from_file(party=party.party_id, path=running)
            )
            for party in case.parties
        }
        recorded_through = await _agree(administrator, case, advance)
        for happening in case.happenings:
            reported = await _report(parties[happening.party], case, happening)
            facts += len(reported.items)
            recorded_through = max(
                recorded_through, *(each.recorded_at.ToDatetime(tzinfo=UTC) for each in reported.items)
            )
            advance()
        recorded = time.monotonic()
        await wait_until_judged(administrator.query, recorded_through)
    return Replayed(count_calls(case), facts, recorded - started, time.monotonic() - recorded)


async def wait_until_judged(query: Queries, recorded_through: datetime) -> None:
    """Wait until every fact recorded by then is read and judged. Raises NotJudgedError after a minute."""
    deadline = time.monotonic() + JUDGED_WITHIN
    while True:
        freshness = (await query.get_status()).freshness
        if not freshness.lag and freshness.read_through.ToDatetime(tzinfo=UTC) > recorded_through:
            return
        if time.monotonic() > deadline:
            raise NotJudgedError(
                f"{freshness.lag:,} facts are still not read after {JUDGED_WITHIN:.0f} s; "
                "the projection's log says what it waits for"
            )
        await asyncio.sleep(_LOOK_EVERY)


async def _agree(administrator: Connection, case: Case, advance: Callable[[], None]) -> datetime:
    """Make the parties, the policy and the contract known as of the first day; when the last was recorded."""
    reference, since = administrator.reference, case.since
    published: list[Published] = []
    for each in case.parties:
        party = party_of(each)
        published.append(
            await reference.register_party(party, request_id=request_id(case, party), backfilled_from=since)
        )
        advance()
    document = case.policy.document
    published.append(
        await reference.publish_policy(document, request_id=request_id(case, document), backfilled_from=since)
    )
    advance()
    contract = contract_of(case)
    published.append(
        await reference.register_contract(
            contract, request_id=request_id(case, contract), backfilled_from=since
        )
    )
    advance()
    return max(each.recorded_at.ToDatetime(tzinfo=UTC) for each in published)


async def _report(party: Connection, case: Case, happening: Happening) -> Reported:
    service = getattr(party, service_of(happening))
    items = items_of(happening)
    reported: Reported = await getattr(service, report_of(happening))(
        contract=case.contract.contract_id,
        operator=happening.operator,
        items=items,
        request_id=request_id(case, happening.kind, happening.party, happening.operator, *items),
        backfilled=True,
        # It is history: what was to be thought of it is told by the report.
        advisories=False,
    )
    return reported
