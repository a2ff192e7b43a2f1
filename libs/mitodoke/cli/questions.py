"""The questions of the command line: each asks the read model, shows the answer, and says how the command ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.cli import tables
from mitodoke.cli.answer_json import plain, printed
from mitodoke.cli.asking import Door, is_unknown
from mitodoke.cli.exits import Exit
from mitodoke.cli.moments import DEFAULT_ZONE, moment_asked, zone_named
from mitodoke.cli.progress import progress
from mitodoke.client import CallFailed
from mitodoke.client.queries import Queries
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.lifecycle.policy import Policy
from mitodoke.policyfile import read_policy

_MOST_A_PAGE: Final = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagsWanted:
    """Which flags; words as people write them, empty for all."""

    contract: str
    kind: str
    subject: str
    severity: str
    states: tuple[str, ...]
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationsWanted:
    """Which obligations; words as people write them, empty for all."""

    contract: str
    obligation: str
    states: tuple[str, ...]
    mine: bool
    limit: int


def flags(door: Door, wanted: FlagsWanted, as_of: str | None, timezone: str | None, *, as_json: bool) -> Exit:
    """List flags; WRONG when there is one."""

    async def ask(asking: Queries) -> tuple[query_pb2.ListFlagsResponse, ZoneInfo, datetime | None]:
        zone = await _zone(asking, timezone, wanted.contract)
        moment = moment_asked(as_of, zone) if as_of else None
        request = query_pb2.ListFlagsRequest(
            contract_id=wanted.contract,
            kind=wanted.kind,
            subject=wanted.subject,
            least_severity=f"SEVERITY_{wanted.severity.upper()}",
            states=[f"FLAG_STATE_{each.upper()}" for each in wanted.states],
            as_of=_stamp(moment),
        )
        answer = query_pb2.ListFlagsResponse()
        while True:
            request.page_size = min(wanted.limit - len(answer.flags), _MOST_A_PAGE)
            page = await asking.list_flags(request)
            answer.flags.extend(page.flags)
            answer.total, answer.more_than_total = page.total, page.more_than_total
            answer.freshness.CopyFrom(page.freshness)
            request.page_token = answer.next_page_token = page.next_page_token
            if not page.next_page_token or len(answer.flags) >= wanted.limit:
                break
        if timezone is None and not wanted.contract:
            zone = await _common_zone(asking, {flag.contract_id for flag in answer.flags}, zone)
        return answer, zone, moment

    answer, zone, moment = _run(door, ask)
    if as_json:
        _print(_with_as_of(plain(answer), moment))
    else:
        tables.flags(answer, zone, moment)
    return Exit.WRONG if answer.total else Exit.FINE


def obligations(
    door: Door, wanted: ObligationsWanted, as_of: str | None, timezone: str | None, *, as_json: bool
) -> Exit:
    """List obligations; WRONG when one of those shown is overdue."""

    async def ask(asking: Queries) -> tuple[query_pb2.ListObligationsResponse, ZoneInfo, datetime | None]:
        zone = await _zone(asking, timezone, wanted.contract)
        moment = moment_asked(as_of, zone) if as_of else None
        request = query_pb2.ListObligationsRequest(
            contract_id=wanted.contract,
            obligation_id=wanted.obligation,
            mine=wanted.mine,
            states=[f"OBLIGATION_STATE_{each.upper()}" for each in wanted.states],
            as_of=_stamp(moment),
        )
        answer = query_pb2.ListObligationsResponse()
        while True:
            request.page_size = min(wanted.limit - len(answer.obligations), _MOST_A_PAGE)
            page = await asking.list_obligations(request)
            answer.obligations.extend(page.obligations)
            answer.total, answer.more_than_total = page.total, page.more_than_total
            answer.freshness.CopyFrom(page.freshness)
            request.page_token = answer.next_page_token = page.next_page_token
            if not page.next_page_token or len(answer.obligations) >= wanted.limit:
                break
        if timezone is None and not wanted.contract:
            zone = await _common_zone(asking, {each.contract_id for each in answer.obligations}, zone)
        return answer, zone, moment

    answer, zone, moment = _run(door, ask)
    if as_json:
        _print(_with_as_of(plain(answer), moment))
    else:
        tables.obligations(answer, zone, moment)
    overdue = any(tables.is_overdue(each, moment) for each in answer.obligations)
    return Exit.WRONG if overdue else Exit.FINE


def drive(door: Door, serial: str, as_of: str | None, timezone: str | None, *, as_json: bool) -> Exit:
    """Show one drive; WRONG when it is not known or has an open flag."""

    async def ask(asking: Queries) -> tuple[query_pb2.GetDriveResponse, ZoneInfo, datetime | None]:
        answer: query_pb2.GetDriveResponse | None = None
        if timezone is None:
            # A date is the end of a day where the contract is, so the contract is asked for first.
            answer = await asking.get_drive(query_pb2.GetDriveRequest(serial=serial))
            zone = await _zone(asking, None, answer.drive.contract_id)
        else:
            zone = zone_named(timezone)
        moment = moment_asked(as_of, zone) if as_of else None
        if moment is not None or answer is None:
            answer = await asking.get_drive(query_pb2.GetDriveRequest(serial=serial, as_of=_stamp(moment)))
        return answer, zone, moment

    answer, zone, moment = _run(door, ask)
    if as_json:
        _print(_with_as_of(plain(answer), moment))
    else:
        tables.drive(answer, zone, moment, now=datetime.now(UTC))
    is_open = any(flag.state != flag_pb2.FLAG_STATE_RESOLVED for flag in answer.drive.flags)
    return Exit.WRONG if is_open else Exit.FINE


def shipment(door: Door, shipment_id: str, contract_id: str, timezone: str | None, *, as_json: bool) -> Exit:
    """Show a manifest against what arrived; WRONG when a serial is missing or unexpected."""

    async def ask(asking: Queries) -> tuple[query_pb2.GetShipmentResponse, ZoneInfo]:
        request = query_pb2.GetShipmentRequest(shipment_id=shipment_id, contract_id=contract_id)
        answer = await asking.get_shipment(request)
        return answer, await _zone(asking, timezone, answer.contract_id)

    answer, zone = _run(door, ask)
    if as_json:
        _print(plain(answer))
    else:
        tables.shipment(answer, zone)
    return Exit.WRONG if answer.missing or answer.unexpected else Exit.FINE


def contract(door: Door, contract_id: str, timezone: str | None, *, as_json: bool) -> Exit:
    """Show a contract."""

    async def ask(asking: Queries) -> query_pb2.GetContractResponse:
        return await asking.get_contract(query_pb2.GetContractRequest(contract_id=contract_id))

    answer = _run(door, ask)
    if as_json:
        _print(plain(answer))
    else:
        tables.contract(answer, zone_named(timezone or answer.timezone))
    return Exit.FINE


def try_policy(
    door: Door, document: str, contract_id: str, as_of: str | None, timezone: str | None, *, as_json: bool
) -> Exit:
    """Show what would stand open under another policy; WRONG when that is more than stands open now."""

    async def ask(asking: Queries) -> tuple[query_pb2.TryPolicyResponse, ZoneInfo, datetime | None]:
        zone = await _zone(asking, timezone, contract_id)
        moment = moment_asked(as_of, zone) if as_of else None
        request = query_pb2.TryPolicyRequest(contract_id=contract_id, document=document, as_of=_stamp(moment))
        step = query_pb2.TryPolicyStepByStepResponse()
        with progress("Trying the policy, drive by drive") as tell:
            async for step in asking.try_policy_step_by_step(request):
                tell(step.tried, step.drives)
        return step.result, zone, moment

    answer, zone, moment = _run(door, ask)
    if as_json:
        _print(_with_as_of(plain(answer), moment))
    else:
        tables.tried(answer, zone, moment)
    return Exit.WRONG if answer.newly else Exit.FINE


def published_policy(door: Door, policy_id: str, version: int) -> Policy:
    """The policy that is published by that name; its highest version where `version` is 0."""

    async def ask(asking: Queries) -> query_pb2.GetPolicyResponse:
        return await asking.get_policy(query_pb2.GetPolicyRequest(policy_id=policy_id, version=version))

    answer = _run(door, ask)
    return read_policy(answer.resolved_document, source=f"{answer.policy_id}@{answer.version}")


def status(door: Door, timezone: str | None, *, as_json: bool) -> Exit:
    """Show how fresh the answers are; WRONG when an event waits in quarantine."""

    async def ask(asking: Queries) -> query_pb2.GetStatusResponse:
        return await asking.get_status()

    answer = _run(door, ask)
    if as_json:
        _print(plain(answer))
    else:
        tables.status(answer, zone_named(timezone or DEFAULT_ZONE), now=datetime.now(UTC))
    return Exit.WRONG if answer.quarantined else Exit.FINE


def _run(door: Door, ask: Callable[[Queries], Awaitable[T]]) -> T:
    async def through() -> T:
        async with door.opened() as asking:
            return await ask(asking)

    return asyncio.run(through())


async def _zone(asking: Queries, named: str | None, contract_id: str) -> ZoneInfo:
    if named is not None:
        return zone_named(named)
    if not contract_id:
        return ZoneInfo(DEFAULT_ZONE)
    try:
        answer = await asking.get_contract(query_pb2.GetContractRequest(contract_id=contract_id))
    except CallFailed as failed:
        if not is_unknown(failed):
            raise
        # A drive may be reported under a contract that nobody has registered.
        return ZoneInfo(DEFAULT_ZONE)
    return zone_named(answer.timezone)


async def _common_zone(asking: Queries, contracts: set[str], otherwise: ZoneInfo) -> ZoneInfo:
    return await _zone(asking, None, contracts.pop()) if len(contracts) == 1 else otherwise


def _stamp(at: datetime | None) -> Timestamp | None:
    if at is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def _with_as_of(content: dict[str, object], moment: datetime | None) -> dict[str, object]:
    return {"as_of": moment.isoformat().replace("+00:00", "Z") if moment else None, **content}


def _print(content: dict[str, object]) -> None:
    typer.echo(printed(content))
