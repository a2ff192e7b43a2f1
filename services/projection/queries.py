"""CustodyQuery: what the read model says, to those whose contracts it is about."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.chassis.clock import Clock
from mitodoke.chassis.errors import Reason, Refusal, Violation, refused_fields
from mitodoke.chassis.identity import Caller
from mitodoke.chassis.parties import Parties
from mitodoke.chassis.rpc import CallContext, RpcService
from mitodoke.contracts.custody.v1 import query_pb2
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.eventlog.log_ends import LogEnds
from mitodoke.eventlog.payloads import details_json, moment, timestamp_of
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.holder import holder
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.look_alikes import did_you_mean
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import standing
from mitodoke.lifecycle.reference import END
from mitodoke.lifecycle.serials import SerialError, canonical
from mitodoke.lifecycle.verdict import ObligationState, Owed
from mitodoke.lifecycle.what_if import had_been
from mitodoke.policyfile import PolicyErrors, calendar_for, read_policy, write_policy
from mitodoke.readmodel import queries, store
from mitodoke.readmodel.drive_state import StoredFlag
from mitodoke.readmodel.pool import Connection
from mitodoke.readmodel.rows import RANK
from mitodoke.services.projection.flag_messages import SEVERITY, STATE, flag_message, stamp
from mitodoke.services.projection.paging import after_flag, after_owed, page_token
from mitodoke.services.projection.trial import Trials, Tried, try_policy
from mitodoke.services.projection.watch import FlagWatch

DEFAULT_PAGE: Final = 100
MOST_NAMED: Final = 10

UNREACHABLE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)

_OBLIGATION_STATE: Final = {
    ObligationState.PENDING: query_pb2.OBLIGATION_STATE_PENDING,
    ObligationState.MET: query_pb2.OBLIGATION_STATE_MET,
    ObligationState.MET_LATE: query_pb2.OBLIGATION_STATE_MET_LATE,
    ObligationState.OVERDUE: query_pb2.OBLIGATION_STATE_OVERDUE,
}
_FLAG_STATES: Final = {number: state for state, number in STATE.items()}
_OBLIGATION_STATES: Final = {number: state for state, number in _OBLIGATION_STATE.items()}
_SEVERITIES: Final = {number: severity for severity, number in SEVERITY.items()}


class CustodyQuery:
    """Answers from the read model. A caller sees its own contracts; the administrator sees all."""

    def __init__(
        self,
        bootstrap: str,
        topics: Topics,
        pool: asyncpg.Pool,
        follower: ReferenceFollower,
        ends: LogEnds,
        clock: Clock,
        administrator: str,
    ) -> None:
        self._pool = pool
        self._follower = follower
        self._ends = ends
        self._clock = clock
        self._parties = Parties(follower, administrator, clock)
        self._watch = FlagWatch(bootstrap, topics)
        self._trials = Trials()

    def rpc_service(self) -> RpcService:
        """The service, for the server."""
        return RpcService(
            query_pb2.DESCRIPTOR.services_by_name["CustodyQuery"],
            {
                "GetDrive": self.get_drive,
                "ListFlags": self.list_flags,
                "ListObligations": self.list_obligations,
                "GetShipment": self.get_shipment,
                "GetContract": self.get_contract,
                "GetTimeline": self.get_timeline,
                "GetStatus": self.get_status,
                "GetPolicy": self.get_policy,
                "TryPolicy": self.try_policy,
                "TryPolicyStepByStep": self.try_policy_step_by_step,
                "WatchFlags": self.watch_flags,
            },
            self._parties,
        )

    async def get_drive(
        self, request: query_pb2.GetDriveRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetDriveResponse:
        """One drive by its number in any spelling, now or as it would have stood."""
        try:
            serial = canonical(request.serial)
        except SerialError as error:
            raise refused_fields(Reason.SERIAL_REFUSED, [Violation("serial", str(error))]) from None
        as_of = _as_of(request)
        async with self._reading() as connection:
            view = await queries.drive(connection, serial, decode_fact)
            freshness = await self._freshness(connection)
        mine = self._contracts(caller)
        if view is None or (mine is not None and view.contracts.isdisjoint(mine)):
            raise Refusal(
                Reason.DRIVE_UNKNOWN,
                f"No drive {serial} is known under your contracts; compare the number with the label, sign by sign",
            )
        drive = self._drive(view, mine, as_of)
        return query_pb2.GetDriveResponse(drive=drive, freshness=freshness)

    def _drive(
        self, view: queries.DriveView, mine: Collection[str] | None, as_of: datetime | None
    ) -> query_pb2.Drive:
        reference = self._follower.reference
        moment_asked = as_of or END
        record = view.record
        stood = standing(record, moment_asked)
        # Who is told of a drive under one contract learns nothing of what happened to it under another's.
        told = [fact for fact in record.facts if mine is None or fact.contract in mine]
        stands = [fact for fact in stood.facts if mine is None or fact.contract in mine]
        contract_id = (stands or told)[-1].contract if told else view.contract
        contract = reference.contract(contract_id, moment_asked)
        owner = contract.owner if contract else ""
        held_by, since = holder(stands)
        obligations: tuple[Owed, ...] = view.obligations
        flags = view.flags
        if as_of is not None:
            verdict = judge(record, reference, as_of)
            obligations = verdict.obligations
            noticed = {stored.flag.flag_id: stored.detected_at for stored in view.flags}
            flags = tuple(
                StoredFlag(flag, noticed.get(flag.flag_id, self._clock.now()), 0) for flag in verdict.flags
            )
        return query_pb2.Drive(
            serial=view.serial,
            contract_id=contract_id,
            owner_party_id=owner,
            owner_name=self._name(owner),
            holder_party_id=held_by,
            holder_name=self._name(held_by),
            holder_since=stamp(since),
            destroyed=any(fact.kind == "DriveDestroyed" for fact in stands),
            parked=view.parked,
            facts=[
                query_pb2.Fact(
                    event_id=str(at.fact.event_id),
                    kind=at.fact.kind.value,
                    occurred_at=stamp(at.fact.occurred_at),
                    recorded_at=stamp(at.fact.recorded_at),
                    backfilled=at.fact.backfilled,
                    retracted=at.fact.event_id in stood.retracted,
                    party_id=at.fact.party,
                    operator_id=at.fact.operator,
                    contract_id=at.fact.contract,
                    details=details_json(at.fact.kind, at.payload),
                    partition=at.partition,
                    offset=at.offset,
                )
                for at in view.facts
                if at.fact.known_at <= moment_asked and (mine is None or at.fact.contract in mine)
            ],
            obligations=[
                _obligation(view.serial, owed)
                for owed in obligations
                if mine is None or owed.contract in mine
            ],
            flags=[
                flag_message(view.serial, stored)
                for stored in flags
                if mine is None or stored.flag.contract in mine
            ],
        )

    async def list_flags(
        self, request: query_pb2.ListFlagsRequest, caller: Caller, context: CallContext
    ) -> query_pb2.ListFlagsResponse:
        """The gravest flags first, then the oldest."""
        contracts = self._chosen(caller, request.contract_id)
        limit = request.page_size or DEFAULT_PAGE
        async with self._reading() as connection:
            found, total = await queries.flags(
                connection,
                contracts=contracts,
                states=[_FLAG_STATES[s] for s in request.states] or queries.OPEN_FLAGS,
                kind=request.kind,
                subject=request.subject,
                least_severity=_SEVERITIES.get(request.least_severity, Severity.WARNING),
                as_of=_as_of(request),
                after=after_flag(request.page_token),
                limit=limit,
            )
            freshness = await self._freshness(connection)
        token = ""
        if len(found) == limit and found:
            last = found[-1].stored.flag
            token = page_token(RANK[last.severity], last.raised_at.isoformat(), str(last.flag_id))
        return query_pb2.ListFlagsResponse(
            flags=[flag_message(each.serial, each.stored) for each in found],
            next_page_token=token,
            total=total.count,
            more_than_total=total.more,
            freshness=freshness,
        )

    async def list_obligations(
        self, request: query_pb2.ListObligationsRequest, caller: Caller, context: CallContext
    ) -> query_pb2.ListObligationsResponse:
        """What falls due first comes first."""
        contracts = self._chosen(caller, request.contract_id)
        limit = request.page_size or DEFAULT_PAGE
        async with self._reading() as connection:
            found, total = await queries.obligations(
                connection,
                contracts=contracts,
                states=[_OBLIGATION_STATES[s] for s in request.states] or queries.OPEN_OBLIGATIONS,
                obligation=request.obligation_id,
                owed_by=caller.party_id if request.mine else "",
                as_of=_as_of(request),
                after=after_owed(request.page_token),
                limit=limit,
            )
            freshness = await self._freshness(connection)
        token = ""
        if len(found) == limit and found:
            last = found[-1]
            token = page_token(
                last.owed.due_at.isoformat(),
                last.serial,
                last.owed.cycle,
                last.owed.obligation,
                last.owed.subject,
            )
        return query_pb2.ListObligationsResponse(
            obligations=[_obligation(each.serial, each.owed) for each in found],
            next_page_token=token,
            total=total.count,
            more_than_total=total.more,
            freshness=freshness,
        )

    async def get_shipment(
        self, request: query_pb2.GetShipmentRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetShipmentResponse:
        """A manifest against what arrived. A name that several of the caller's contracts use asks for one of them."""
        contracts = self._chosen(caller, request.contract_id)
        async with self._reading() as connection:
            views = await queries.shipments(connection, request.shipment_id, contracts)
            freshness = await self._freshness(connection)
        if not views:
            raise Refusal(
                Reason.SHIPMENT_UNKNOWN,
                f"No lot or shipment {request.shipment_id} is known under your contracts",
            )
        if len(views) > 1:
            raise _which_contract(request.shipment_id, [view.contract for view in views])
        [view] = views
        missing = frozenset(view.missing)
        return query_pb2.GetShipmentResponse(
            shipment_id=view.shipment,
            contract_id=view.contract,
            sent=view.sent,
            received=view.received,
            missing=view.missing,
            unexpected=view.unexpected,
            closed_at=stamp(view.closed_at),
            freshness=freshness,
            perhaps_misread=[
                query_pb2.Misread(scanned=scanned, on_manifest=meant)
                for scanned in view.unexpected
                for meant in did_you_mean(scanned, missing)
            ],
        )

    async def get_contract(
        self, request: query_pb2.GetContractRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetContractResponse:
        """A contract, who is approved under it, and its policy."""
        async with self._reading() as connection:
            view = await self._contract(connection, caller, request.contract_id)
            freshness = await self._freshness(connection)
        reference = self._follower.reference
        contract = reference.contract(view.contract_id, END)
        published = reference.policy(view.policy_id, view.policy_version, END)
        return query_pb2.GetContractResponse(
            contract_id=view.contract_id,
            title=view.title,
            owner_party_id=view.owner,
            owner_name=self._name(view.owner),
            policy_id=view.policy_id,
            policy_version=view.policy_version,
            approvals=[
                query_pb2.Approval(
                    party_id=approval.party,
                    party_name=self._name(approval.party),
                    role=approval.role.value,
                    valid_from=stamp(approval.valid_from) if approval.valid_from.year > 1 else None,
                    valid_until=stamp(approval.valid_until) if approval.valid_until < END else None,
                )
                for approval in (contract.approvals if contract else ())
            ],
            drives=view.drives,
            open_flags=view.open_flags,
            policy_document=published.document if published else "",
            timezone=view.timezone,
            freshness=freshness,
        )

    async def get_timeline(
        self, request: query_pb2.GetTimelineRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetTimelineResponse:
        """What happened under a contract, day by day."""
        async with self._reading() as connection:
            view = await self._contract(connection, caller, request.contract_id)
            counts = await queries.timeline(connection, view.contract_id, view.timezone)
            freshness = await self._freshness(connection)
        return query_pb2.GetTimelineResponse(
            entries=[
                query_pb2.TimelineEntry(
                    day=count.day,
                    what=count.what,
                    party_id=count.party,
                    party_name=self._name(count.party),
                    drives=count.drives,
                )
                for count in counts
            ],
            timezone=view.timezone,
            freshness=freshness,
        )

    async def get_status(
        self, request: query_pb2.GetStatusRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetStatusResponse:
        """How far the read model has read. What the tables hold in all is the administrator's to see."""
        async with self._reading() as connection:
            positions = await queries.positions(connection)
            held = await queries.held(connection) if self._contracts(caller) is None else {}
            freshness = await self._freshness(connection)
        ends = self._ends.known.offsets
        return query_pb2.GetStatusResponse(
            partitions=[
                query_pb2.PartitionStatus(
                    partition=each.partition,
                    next_offset=each.next_offset,
                    end_offset=ends.get(each.partition, each.next_offset),
                    read_through=_finite(each.read_through),
                )
                for each in positions
            ],
            freshness=freshness,
            estimated=sorted(name for name, about in held.items() if about.estimated),
            **{name: about.count for name, about in held.items()},
        )

    async def get_policy(
        self, request: query_pb2.GetPolicyRequest, caller: Caller, context: CallContext
    ) -> query_pb2.GetPolicyResponse:
        """A published policy, to those who have or had a contract under it."""
        reference = self._follower.reference
        shown = self._shows_policy(caller, request.policy_id)
        versions = reference.versions(request.policy_id, END) if shown else ()
        published = reference.policy(request.policy_id, request.version or max(versions, default=0), END)
        if not versions or published is None:
            wanted = f"{request.policy_id}@{request.version}" if request.version else request.policy_id
            known = f"; published are the versions {', '.join(map(str, versions))}" if versions else ""
            raise Refusal(
                Reason.POLICY_UNKNOWN, f"No policy {wanted} is published for a contract of yours{known}"
            )
        return query_pb2.GetPolicyResponse(
            policy_id=published.policy.id,
            version=published.policy.version,
            document=published.document,
            resolved_document=write_policy(published.policy),
            published_by=published.party,
            published_at=timestamp_of(published.recorded_at),
            versions=versions,
        )

    async def try_policy(
        self, request: query_pb2.TryPolicyRequest, caller: Caller, context: CallContext
    ) -> query_pb2.TryPolicyResponse:
        """What would be flagged under a contract, had this been its policy from the beginning."""
        result = query_pb2.TryPolicyResponse()
        async with contextlib.aclosing(self._try(request, caller)) as steps:
            async for step in steps:
                result = step.result
        return result

    async def try_policy_step_by_step(
        self, request: query_pb2.TryPolicyStepByStepRequest, caller: Caller, context: CallContext
    ) -> AsyncGenerator[query_pb2.TryPolicyStepByStepResponse, None]:
        """The same, with word of how far it has come."""
        async with contextlib.aclosing(self._try(request.trial, caller)) as steps:
            async for step in steps:
                yield step

    async def _try(
        self, request: query_pb2.TryPolicyRequest, caller: Caller
    ) -> AsyncGenerator[query_pb2.TryPolicyStepByStepResponse, None]:
        reference = self._follower.reference
        # Before anything is said of the document: what is wrong with it may tell of the policies that it extends.
        self._chosen(caller, request.contract_id)
        try:
            policy = read_policy(
                request.document,
                source="policy",
                parents=lambda policy_id, version: self._in_full(caller, policy_id, version),
            )
        except PolicyErrors as errors:
            raise refused_fields(
                Reason.POLICY_REFUSED, [Violation("document", line) for line in str(errors).splitlines()]
            ) from None
        async with self._trials.place(), self._reading() as connection:
            view = await self._contract(connection, caller, request.contract_id)
            trial = try_policy(
                connection,
                view.contract_id,
                reference,
                had_been(reference, view.contract_id, policy, calendar_for(policy.calendar)),
                _as_of(request) or await queries.read_through(connection) or self._clock.now(),
                most=request.most or DEFAULT_PAGE,
            )
            tried = Tried(0)
            async with contextlib.aclosing(trial) as steps:
                async for tried in steps:
                    yield query_pb2.TryPolicyStepByStepResponse(
                        tried=tried.drives, drives=tried.drives_in_all
                    )
            freshness = await self._freshness(connection)
        groups = sorted(
            tried.would_stand.keys() | tried.stand.keys(), key=lambda g: (-RANK[g[2]], g[0], g[1])
        )
        result = query_pb2.TryPolicyResponse(
            drives=tried.drives,
            flags=[
                query_pb2.TriedFlags(
                    kind=kind,
                    subject=subject,
                    severity=SEVERITY[severity],
                    would_stand=tried.would_stand[kind, subject, severity],
                    stand=tried.stand[kind, subject, severity],
                )
                for kind, subject, severity in groups
            ],
            newly=[
                flag_message(serial, StoredFlag(flag, self._clock.now(), 0))
                for serial, flag in sorted(tried.newly, key=lambda new: (new[0], new[1].kind, new[1].subject))
            ],
            freshness=freshness,
        )
        yield query_pb2.TryPolicyStepByStepResponse(
            tried=tried.drives, drives=tried.drives_in_all, result=result
        )

    async def watch_flags(
        self, request: query_pb2.WatchFlagsRequest, caller: Caller, context: CallContext
    ) -> AsyncGenerator[query_pb2.WatchFlagsResponse, None]:
        """Every change of a flag, from a resume token on or from now on, for as long as the caller may call at all."""
        self._chosen(caller, request.contract_id)

        def shown(contract_id: str) -> bool:
            # Asked for each change: the caller may have come to a contract, or left one, meanwhile.
            mine = self._chosen(caller, request.contract_id)
            return mine is None or contract_id in mine

        async def admit() -> None:
            # A stream outlives the call that opened it: it ends when no new one would be let in.
            await self._parties.admit(caller)

        async with contextlib.aclosing(self._watch.changes(request.resume_token, shown, admit)) as changes:
            async for change in changes:
                yield change

    def _name(self, party_id: str) -> str:
        party = self._follower.reference.party(party_id, END)
        return party.name if party else ""

    def _contracts(self, caller: Caller) -> frozenset[str] | None:
        if caller.party_id == self._parties.administrator:
            return None
        return self._follower.reference.contracts_of(caller.party_id, END)

    def _shows_policy(self, caller: Caller, policy_id: str) -> bool:
        """Whether the caller has, or has had, a contract under some version of the policy."""
        mine = self._contracts(caller)
        return mine is None or any(
            self._follower.reference.names_policy(contract, policy_id) for contract in mine
        )

    def _in_full(self, caller: Caller, policy_id: str, version: int) -> str | None:
        """The policy with all that it inherits; None where it is not published, or not the caller's to see."""
        published = self._follower.reference.policy(policy_id, version, END)
        if published is None or not self._shows_policy(caller, policy_id):
            return None
        return write_policy(published.policy)

    def _chosen(self, caller: Caller, contract_id: str) -> frozenset[str] | None:
        """The contracts to answer for: all of the caller's, or the one that it names."""
        mine = self._contracts(caller)
        if not contract_id:
            return mine
        if mine is not None and contract_id not in mine:
            raise _no_contract(contract_id)
        return frozenset({contract_id})

    async def _contract(
        self, connection: Connection, caller: Caller, contract_id: str
    ) -> queries.ContractView:
        self._chosen(caller, contract_id)
        view = await queries.contract(connection, contract_id)
        if view is None:
            raise _no_contract(contract_id)
        return view

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        # Before, since nobody is to hold a connection while the broker is waited for.
        await self._ends.refresh()
        try:
            # One snapshot, so that the parts of an answer fit each other.
            async with (
                self._pool.acquire(timeout=5) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield connection
        except UNREACHABLE as error:
            raise Refusal(
                Reason.READ_MODEL_UNAVAILABLE,
                f"The read model cannot be reached ({type(error).__name__}); reports are recorded all the same. "
                "Try again",
            ) from error

    async def _freshness(self, connection: Connection) -> query_pb2.Freshness:
        positions = await store.positions(connection)
        read_through = await queries.read_through(connection)
        ends = self._ends.known
        lag = sum(max(0, end - positions.get(partition, 0)) for partition, end in ends.offsets.items())
        return query_pb2.Freshness(read_through=stamp(read_through), lag=lag, lag_unknown=not ends.fresh)


def _no_contract(contract_id: str) -> Refusal:
    return Refusal(Reason.CONTRACT_UNKNOWN, f"No contract {contract_id} of yours is known")


def _which_contract(shipment_id: str, contracts: Sequence[str]) -> Refusal:
    named = ", ".join(contracts[:MOST_NAMED])
    more = f" and {len(contracts) - MOST_NAMED} more" if len(contracts) > MOST_NAMED else ""
    return refused_fields(
        Reason.INVALID_FIELD,
        [
            Violation(
                "contract_id",
                f"must say whose {shipment_id} is meant: there is one under each of {named}{more}",
            )
        ],
    )


def _obligation(serial: str, owed: Owed) -> query_pb2.Obligation:
    return query_pb2.Obligation(
        serial=serial,
        contract_id=owed.contract,
        cycle=owed.cycle,
        obligation_id=owed.obligation,
        subject=owed.subject,
        state=_OBLIGATION_STATE[owed.state],
        after=owed.after.value,
        expect=owed.expect.value,
        owed_by_role=owed.owed_by.value,
        owed_by=owed.parties,
        opened_at=stamp(owed.opened_at),
        due_at=stamp(owed.due_at),
        met_at=stamp(owed.met_at),
    )


def _as_of(request: Any) -> datetime | None:
    if not request.HasField("as_of"):
        return None
    return _moment("as_of", request.as_of)


def _moment(field: str, timestamp: Timestamp) -> datetime:
    try:
        return moment(timestamp)
    except OverflowError:
        raise refused_fields(
            Reason.INVALID_FIELD, [Violation(field, "is outside the years 1 to 9999")]
        ) from None


def _finite(at: datetime) -> Timestamp | None:
    return timestamp_of(at) if at.year > 1 else None
