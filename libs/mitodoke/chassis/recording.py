"""The recording servicer that the six services share: from a report to facts in the log, and an answer that is true.

Facts are never refused, they are judged (semantics, section 1). What is refused is what cannot be trusted or read:
a caller without permission, a serial that names no drive, an impossible time. If one item is refused, nothing of the
call is recorded.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
import uvloop
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.chassis.advisor import (
    Advisor,
    AdvisoriesUnavailable,
    Advisory,
    ReadModelAdvisor,
    UnavailableAdvisor,
)
from mitodoke.chassis.clock import Clock, SystemClock
from mitodoke.chassis.config import Config
from mitodoke.chassis.errors import Reason, Refusal, Violation, refused_fields
from mitodoke.chassis.identity import Caller
from mitodoke.chassis.parties import Parties
from mitodoke.chassis.parts import Part
from mitodoke.chassis.rpc import CallContext, RpcService, Unary
from mitodoke.chassis.server import serve
from mitodoke.contracts.custody.v1 import report_pb2
from mitodoke.eventlog.cloudevents import Envelope, Event, drive_events, timestamp_of
from mitodoke.eventlog.payloads import (
    DRIVE_PAYLOADS_BY_TYPE,
    Said,
    moment,
    purposes,
    read_drive_fact,
)
from mitodoke.eventlog.recorder import LogUnavailable, OutcomeUnknown, QueueFull, Receipt, Recorder
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.reference import Permission
from mitodoke.lifecycle.serials import SerialError, canonical

_log = structlog.get_logger("mitodoke.recording")

MOST_AHEAD: Final = timedelta(minutes=5)
"""How far ahead of the service's clock a fact may be said to have happened."""
LARGEST_ITEM: Final = 64 * 1024
"""Bytes of one item. Every field's limit together is far below; what is above are fields of no version."""
ADVISORY_LIMIT: Final = 0.15
"""Seconds in all that a call waits for advisories."""
_LONGEST_WAIT: Final = 30.0
_DEFAULT_WAIT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Recording:
    """What recording needs: who the parties are, where facts go, who advises, and the time."""

    service: str
    parties: Parties
    recorder: Recorder
    advisor: Advisor
    clock: Clock

    def rpc_service(self, descriptor: ServiceDescriptor) -> RpcService:
        """The service of this descriptor, all of whose methods report one kind of fact each."""
        handlers = {method.name: self._reporting(method) for method in descriptor.methods}
        return RpcService(descriptor, handlers, self.parties)

    def _reporting(self, method: MethodDescriptor) -> Unary:
        response_type = GetMessageClass(method.output_type)

        async def report(request: Any, caller: Caller, context: CallContext) -> Message:
            response = response_type()
            await self._report(request, caller, context, response)
            return response

        return report

    async def _report(self, request: Any, caller: Caller, context: CallContext, response: Any) -> None:
        party = await self._permitted(request, caller)
        contract = await self.parties.require_contract(request.contract_id, "contract_id")
        now = self.clock.now()
        serials = _serials(request.items)
        _refuse_future(request.items, now)
        envelope = Envelope(
            service=self.service,
            party=party,
            request_id=request.request_id.lower(),
            contract=request.contract_id,
            operator=request.operator_id,
            reported_by=caller.party_id if caller.party_id != party else "",
            backfilled=request.backfilled,
            traceparent=context.traceparent,
        )
        events = drive_events(request.items, serials, envelope)
        _refuse_large(events)
        # As in CustodyQuery: who reports for another reads by its own right.
        stranger = caller.party_id != self.parties.administrator and not contract.has_party(caller.party_id)
        advice = self._start_advice(request, serials, events, envelope, now, stranger=stranger)
        try:
            receipts = await recorded(self.recorder, events, context)
            advisories = await advice if advice is not None else None
        finally:
            if advice is not None:
                advice.cancel()
        response.advisories = _advisory_state(advice is not None, advisories)
        _answer_items(response.items, events, serials, receipts, advisories)

    async def _permitted(self, request: Any, caller: Caller) -> str:
        """The party for whom the caller reports."""
        party: str = request.on_behalf_of or caller.party_id
        if party != caller.party_id:
            await self.parties.require_delegation(caller, party)
        if request.backfilled:
            await self.parties.require(
                caller,
                Permission.BACKFILL,
                Reason.BACKFILL_NOT_PERMITTED,
                f"{caller.party_id} may not import history (backfilled); an administrator can give the permission "
                "BACKFILL, or report it as it happens",
            )
        return party

    def _start_advice(
        self,
        request: Any,
        serials: Sequence[str],
        events: Sequence[Event],
        envelope: Envelope,
        now: datetime,
        *,
        stranger: bool,
    ) -> "asyncio.Task[Sequence[Sequence[Advisory]] | None] | None":
        if request.advisories == report_pb2.ADVISORY_WISH_NONE:
            return None
        facts = _provisional_facts(request.items, serials, events, envelope, now)
        # It runs beside the append, and what it does never delays or fails the recording.
        return asyncio.create_task(self._advise(facts, now, stranger=stranger))

    async def _advise(
        self, facts: Sequence[Fact], now: datetime, *, stranger: bool
    ) -> Sequence[Sequence[Advisory]] | None:
        """The advisories; None when there are none to give in time.

        It raises nothing: a task that ends with an error keeps all that was at hand in it until the collector comes.
        """
        try:
            async with asyncio.timeout(ADVISORY_LIMIT):
                follower = self.parties.follower
                return await self.advisor.advise(
                    facts, follower.as_of(now), follower.reference, stranger=stranger
                )
        except (TimeoutError, AdvisoriesUnavailable):
            return None
        except Exception as error:
            _log.error("advisor_failed", exc_info=error)
            return None


ServicesOf = Callable[[Recording], Sequence[RpcService]]
"""What makes the services of a process out of what recording needs."""


def assembled(
    config: Config,
    name: str,
    services_of: ServicesOf,
    *,
    clock: Clock | None = None,
    advisor: Advisor | None = None,
) -> tuple[Sequence[RpcService], list[Part]]:
    """The services of a recording process and the parts that they need, for `serve` or `running`."""
    clock = clock or SystemClock()
    topics = Topics.named(config.topic_namespace)
    follower = ReferenceFollower(config.kafka, topics.reference)
    recorder = Recorder(config.kafka, topics.drives)
    parties = Parties(follower, config.administrator, clock)
    parts: list[Part] = [follower, recorder]
    if advisor is None and config.database:
        advisor = read_model = ReadModelAdvisor(config.database)
        parts.append(read_model)
    recording = Recording(name, parties, recorder, advisor or UnavailableAdvisor(), clock)
    return services_of(recording), parts


def run_recording(config: Config, name: str, services_of: ServicesOf) -> int:
    """Run a recording service until it is told to end; its exit code."""
    rpc_services, parts = assembled(config, name, services_of)
    return uvloop.run(serve(config, name=name, rpc_services=rpc_services, parts=parts))


async def recorded(recorder: Recorder, events: Sequence[Event], context: CallContext) -> list[Receipt]:
    """The receipts of events, appended before the caller stops waiting. Raises Refusal, which says the outcome."""
    try:
        return await recorder.record(events, time_limit(context))
    except QueueFull as error:
        raise Refusal(Reason.QUEUE_FULL, str(error), retry_after=error.retry_after) from None
    except LogUnavailable as error:
        raise Refusal(Reason.LOG_UNAVAILABLE, str(error)) from None
    except OutcomeUnknown as error:
        raise Refusal(Reason.OUTCOME_UNKNOWN, str(error)) from None


def time_limit(context: CallContext) -> float:
    """Seconds that a call may take: somewhat less than its caller waits, so that the answer still reaches it."""
    remaining = context.remaining()
    if remaining is None:
        return _DEFAULT_WAIT
    return max(0.0, min(_LONGEST_WAIT, remaining - min(0.5, remaining * 0.2)))


def _serials(items: Sequence[Any]) -> list[str]:
    serials: list[str] = []
    refused: list[Violation] = []
    for index, item in enumerate(items):
        try:
            serials.append(canonical(item.serial))
        except SerialError as error:
            refused.append(Violation(f"items[{index}].serial", str(error)))
    if refused:
        raise refused_fields(Reason.SERIAL_REFUSED, refused)
    return serials


def _refuse_future(items: Sequence[Any], now: datetime) -> None:
    latest = timestamp_of(now + MOST_AHEAD)
    seconds, nanos = latest.seconds, latest.nanos
    refused = []
    for index, item in enumerate(items):
        at = item.occurred_at
        if at.seconds > seconds or (at.seconds == seconds and at.nanos > nanos):
            refused.append(
                Violation(
                    f"items[{index}].occurred_at",
                    f"{moment(at):%Y-%m-%dT%H:%M:%SZ} is more than 5 minutes ahead of this service's clock, "
                    f"which says {now:%Y-%m-%dT%H:%M:%SZ}; check the clock and time zone of who wrote it",
                )
            )
    if refused:
        raise refused_fields(Reason.TIME_IN_FUTURE, refused)


def _refuse_large(events: Sequence[Event]) -> None:
    refused = [
        Violation(
            f"items[{index}]", f"is {len(event.value):,} bytes large; an item has at most {LARGEST_ITEM:,}"
        )
        for index, event in enumerate(events)
        if len(event.value) > LARGEST_ITEM
    ]
    if refused:
        raise refused_fields(Reason.INVALID_FIELD, refused)


def _provisional_facts(
    items: Sequence[Any], serials: Sequence[str], events: Sequence[Event], envelope: Envelope, now: datetime
) -> list[Fact]:
    """The facts as they will read, but for `recorded_at`, which the broker has yet to say."""
    payload = DRIVE_PAYLOADS_BY_TYPE[items[0].DESCRIPTOR.full_name]
    return [
        read_drive_fact(
            payload,
            item,
            Said(
                event_id=UUID(event.event_id),
                serial=serial,
                occurred_at=moment(item.occurred_at),
                recorded_at=now,
                party=envelope.party,
                operator=envelope.operator,
                contract=envelope.contract,
                backfilled=envelope.backfilled,
                evidence=purposes(item),
            ),
        )
        for item, serial, event in zip(items, serials, events, strict=True)
    ]


def _advisory_state(asked: bool, advisories: object) -> report_pb2.AdvisoryState:
    if not asked:
        return report_pb2.ADVISORY_STATE_NOT_ASKED
    return report_pb2.ADVISORY_STATE_UNAVAILABLE if advisories is None else report_pb2.ADVISORY_STATE_JUDGED


def _answer_items(
    answers: Any,
    events: Sequence[Event],
    serials: Sequence[str],
    receipts: Sequence[Receipt],
    advisories: Sequence[Sequence[Advisory]] | None,
) -> None:
    """Fill the response's items in place: made apart and copied in, they would cost twice as much."""
    stamps: dict[datetime, Timestamp] = {}
    for event, serial, (partition, offset, recorded_at) in zip(events, serials, receipts, strict=True):
        stamp = stamps.get(recorded_at)
        if stamp is None:
            stamp = stamps[recorded_at] = timestamp_of(recorded_at)
        answer = answers.add()
        answer.event_id = event.event_id
        answer.serial = serial
        answer.partition = partition
        answer.offset = offset
        answer.recorded_at.CopyFrom(stamp)
    for answer, said in zip(answers, advisories or (), strict=False):
        answer.advisories.extend(report_pb2.Advisory(code=each.code, message=each.message) for each in said)
