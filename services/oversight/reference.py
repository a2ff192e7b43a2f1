"""The calls that publish reference facts: who the parties are, what they agreed, and which shipments are closed.

A call is answered OK only when its fact is acknowledged by the log and this process itself has read it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from mitodoke.chassis.clock import Clock
from mitodoke.chassis.errors import Reason, Refusal, Violation, refused_fields
from mitodoke.chassis.identity import Caller
from mitodoke.chassis.parties import Parties
from mitodoke.chassis.recording import MOST_AHEAD, recorded
from mitodoke.chassis.rpc import CallContext, RpcService, Unary
from mitodoke.contracts.reference.v1 import reference_pb2, reference_service_pb2
from mitodoke.eventlog.cloudevents import Envelope, Event, moment, reference_event, timestamp_of
from mitodoke.eventlog.payloads import REFERENCE_PAYLOADS_BY_TYPE, read_reference_fact
from mitodoke.eventlog.recorder import Recorder
from mitodoke.lifecycle.policy import Policy
from mitodoke.lifecycle.reference import (
    END,
    ContractRegistered,
    Permission,
    PolicyPublished,
    ReferenceFact,
)
from mitodoke.policyfile import Parents, PolicyErrors, read_policy, write_policy

_SERVICE = reference_service_pb2.DESCRIPTOR.services_by_name["ReferenceService"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A reference fact that is about to be published, or is already."""

    event: Event
    fact: ReferenceFact
    published: reference_service_pb2.Published | None


@dataclass(frozen=True, slots=True)
class ReferenceDesk:
    """Publishes reference facts for those who may."""

    parties: Parties
    recorder: Recorder
    clock: Clock

    def rpc_service(self) -> RpcService:
        """ReferenceService."""
        handlers: dict[str, Unary] = {
            "RegisterParty": self.register_party,
            "SuspendParty": self.suspend_party,
            "GrantDelegation": self.grant_delegation,
            "RegisterContract": self.register_contract,
            "AmendContract": self.amend_contract,
            "PublishPolicy": self.publish_policy,
            "CloseShipment": self.close_shipment,
        }
        return RpcService(_SERVICE, handlers, self.parties)

    async def register_party(
        self, request: reference_service_pb2.RegisterPartyRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Make a party known, or give it another name and other permissions; it is no longer suspended.

        As history it changes nothing of what counts from later than the time that it names.
        """
        await self._require_administrator(caller)
        entry = await self._entry(request, request.party, caller)
        published = entry.published or await self._publish(entry, context)
        return reference_service_pb2.RegisterPartyResponse(published=published)

    async def suspend_party(
        self, request: reference_service_pb2.SuspendPartyRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Refuse the party's reports from now on."""
        await self._require_administrator(caller)
        entry = await self._entry(request, request.suspension, caller)
        published = entry.published
        if published is None:
            _refuse_missing(self._unknown_parties([("suspension.party_id", request.suspension.party_id)]))
            published = await self._publish(entry, context)
        return reference_service_pb2.SuspendPartyResponse(published=published)

    async def grant_delegation(
        self, request: reference_service_pb2.GrantDelegationRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Let one party report for another; the last word on the same two counts, so that it is ended like this too."""
        await self._require_administrator(caller)
        entry = await self._entry(request, request.delegation, caller)
        published = entry.published
        if published is None:
            named = [
                ("delegation.from_party_id", request.delegation.from_party_id),
                ("delegation.to_party_id", request.delegation.to_party_id),
            ]
            _refuse_missing(self._unknown_parties(named))
            published = await self._publish(entry, context)
        return reference_service_pb2.GrantDelegationResponse(published=published)

    async def register_contract(
        self, request: reference_service_pb2.RegisterContractRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Put a contract under watch. Its number must be new, its parties and its policy known."""
        await self._require_administrator(caller)
        entry = await self._entry(request, request.contract, caller)
        published = entry.published
        if published is None:
            contract = request.contract
            self._refuse_existing(contract.contract_id)
            named = [("contract.owner_party_id", contract.owner_party_id)]
            _refuse_missing(
                self._unknown_parties([*named, *_approved(contract.approvals, "contract")])
                + self._unknown_policy(contract.policy_id, contract.policy_version, "contract")
            )
            _refuse_impossible(contract.approvals, "contract")
            published = await self._publish(entry, context)
        # Of two at the same time the first in the log counts, and the other is told so, also when it asks again.
        first = self._first_registration(request.contract.contract_id)
        if first is not None and first.event_id != entry.fact.event_id:
            raise _already_registered(request.contract.contract_id)
        return reference_service_pb2.RegisterContractResponse(published=published)

    async def amend_contract(
        self, request: reference_service_pb2.AmendContractRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Add, change or end approvals, or put another policy in force."""
        await self._require_administrator(caller)
        entry = await self._entry(request, request.amendment, caller)
        published = entry.published
        if published is None:
            amendment = request.amendment
            await self.parties.require_contract(amendment.contract_id, "amendment.contract_id")
            if bool(amendment.policy_id) != bool(amendment.policy_version):
                given = "policy_id" if amendment.policy_id else "policy_version"
                raise refused_fields(
                    Reason.INVALID_FIELD,
                    [
                        Violation(
                            f"amendment.{given}", "a policy is named by policy_id and policy_version together"
                        )
                    ],
                )
            missing = self._unknown_parties(_approved(amendment.approvals, "amendment"))
            if amendment.policy_id:
                missing += self._unknown_policy(amendment.policy_id, amendment.policy_version, "amendment")
            _refuse_missing(missing)
            _refuse_impossible(amendment.approvals, "amendment")
            published = await self._publish(entry, context)
        return reference_service_pb2.AmendContractResponse(published=published)

    async def publish_policy(
        self, request: reference_service_pb2.PublishPolicyRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Publish a version of a policy, which never changes; the same document again is no change."""
        await self._require_administrator(caller)
        # A parent may have been published a moment ago, by another process.
        await self.parties.read_to_end()
        policy = _read(request.policy, self._published_document)
        message = reference_pb2.PolicyPublished(
            policy_id=policy.id,
            version=policy.version,
            document=request.policy.document,
            resolved_document=_in_full(policy, request.policy.document),
        )
        entry = await self._entry(request, message, caller)
        # Of two at the same time the first in the log counts, and the other is told so, also when it asks again.
        published = self._same_policy(policy, message.document)
        if published is None:
            await self._publish(entry, context)
            published = self._same_policy(policy, message.document)
        return reference_service_pb2.PublishPolicyResponse(published=published)

    async def close_shipment(
        self, request: reference_service_pb2.CloseShipmentRequest, caller: Caller, context: CallContext
    ) -> Message:
        """Say that no more of a shipment will arrive. Any party of its contract may."""
        contract_id = request.closure.contract_id
        await self.parties.read_to_end()
        if self.parties.may(caller.party_id, Permission.ADMINISTER):
            await self.parties.require_contract(contract_id, "closure.contract_id")
        else:
            contract = self.parties.contract(contract_id)
            if contract is None or not contract.has_party(caller.party_id):
                raise Refusal(
                    Reason.NOT_ON_CONTRACT,
                    f"{caller.party_id} is no party of the contract {contract_id!r}; "
                    "only a party of a contract may close its shipments",
                )
        entry = await self._entry(request, request.closure, caller)
        published = entry.published or await self._publish(entry, context)
        return reference_service_pb2.CloseShipmentResponse(published=published)

    async def _require_administrator(self, caller: Caller) -> None:
        await self.parties.require(
            caller,
            Permission.ADMINISTER,
            Reason.NOT_ADMINISTRATOR,
            f"{caller.party_id} may not do this: it asks for the permission ADMINISTER",
        )

    async def _entry(self, request: Any, message: Any, caller: Caller) -> _Entry:
        """What the request would publish, against everything that the log holds now."""
        backfilled_from = await self._backfilled_from(request, caller)
        envelope = Envelope(
            service="oversight",
            party=caller.party_id,
            request_id=request.request_id.lower(),
            backfilled_from=backfilled_from,
        )
        now = self.clock.now()
        event = reference_event(message, backfilled_from or now, envelope)
        await self.parties.read_to_end()
        found = self.parties.follower.find(UUID(event.event_id))
        fact = read_reference_fact(
            REFERENCE_PAYLOADS_BY_TYPE[message.DESCRIPTOR.full_name],
            event.value,
            event_id=UUID(event.event_id),
            recorded_at=found[1].recorded_at if found else now,
            party=caller.party_id,
            backfilled_from=backfilled_from,
        )
        if found is None:
            return _Entry(event, fact, None)
        if found[1] != fact:
            raise Refusal(
                Reason.REQUEST_ID_REUSED,
                f"The request_id {request.request_id} was used before for something else; "
                "make a new one for every new request",
                violations=[Violation("request_id", "was used before for something else")],
            )
        return _Entry(event, fact, _published(*found))

    async def _backfilled_from(self, request: Any, caller: Caller) -> datetime | None:
        if not request.HasField("backfilled_from"):
            return None
        await self.parties.require(
            caller,
            Permission.BACKFILL,
            Reason.BACKFILL_NOT_PERMITTED,
            f"{caller.party_id} may not import history (backfilled_from); it asks for the permission BACKFILL",
        )
        at = moment(request.backfilled_from)
        if at > self.clock.now() + MOST_AHEAD:
            raise refused_fields(
                Reason.TIME_IN_FUTURE,
                [
                    Violation(
                        "backfilled_from", f"{at:%Y-%m-%dT%H:%M:%SZ} is in the future, and so no history"
                    )
                ],
            )
        return at

    async def _publish(self, entry: _Entry, context: CallContext) -> reference_service_pb2.Published:
        await recorded(self.recorder, [entry.event], context)
        try:
            await self.parties.read_to_end()
        except Refusal as refusal:
            raise Refusal(
                Reason.OUTCOME_UNKNOWN,
                f"It is recorded, but this service could not read it back ({refusal.sentence}). "
                "Send the same request, with the same request_id, again",
            ) from None
        found = self.parties.follower.find(entry.fact.event_id)
        if found is None:
            raise Refusal(
                Reason.OUTCOME_UNKNOWN,
                "It was acknowledged, but this service does not find it in the reference log. "
                "Send the same request, with the same request_id, again",
            )
        return _published(*found)

    def _unknown_parties(self, named: Iterable[tuple[str, str]]) -> list[Violation]:
        return [
            Violation(field, f"No party {party_id!r} is registered; register it first")
            for field, party_id in named
            if party_id != self.parties.administrator and self.parties.party(party_id) is None
        ]

    def _unknown_policy(self, policy_id: str, version: int, where: str) -> list[Violation]:
        if self._publication(policy_id, version) is not None:
            return []
        return [
            Violation(
                f"{where}.policy_id", f"Version {version} of {policy_id!r} is not published; publish it first"
            )
        ]

    def _publication(self, policy_id: str, version: int) -> PolicyPublished | None:
        follower = self.parties.follower
        return follower.reference.policy(policy_id, version, follower.as_of(self.clock.now()))

    def _published_document(self, policy_id: str, version: int) -> str | None:
        known = self._publication(policy_id, version)
        return None if known is None else known.document

    def _same_policy(self, policy: Policy, document: str) -> reference_service_pb2.Published | None:
        """Where this version stands already with this document. Raises Refusal when it has another one."""
        known = self.parties.follower.reference.policy(policy.id, policy.version, END)
        if known is None:
            return None
        if known.document != document:
            raise Refusal(
                Reason.VERSION_PUBLISHED,
                f"Version {policy.version} of {policy.id!r} is published with another text, and never changes; "
                f"publish this one as version {policy.version + 1}",
                violations=[Violation("policy.document", "differs from what is published as this version")],
            )
        found = self.parties.follower.find(known.event_id)
        return None if found is None else _published(*found)

    def _first_registration(self, contract_id: str) -> ContractRegistered | None:
        for _, fact in self.parties.follower.facts_from(0):
            if isinstance(fact, ContractRegistered) and fact.contract_id == contract_id:
                return fact
        return None

    def _refuse_existing(self, contract_id: str) -> None:
        if self._first_registration(contract_id) is not None:
            raise _already_registered(contract_id)


def _read(message: reference_pb2.PolicyPublished, parents: Parents) -> Policy:
    try:
        policy = read_policy(message.document, source=message.policy_id or "policy", parents=parents)
    except PolicyErrors as errors:
        raise refused_fields(
            Reason.POLICY_REFUSED,
            [
                Violation(
                    "policy.document",
                    f"line {error.line}, column {error.column}: {error.message}. {error.suggestion}".rstrip(),
                )
                for error in errors.errors
            ],
        ) from None
    if message.policy_id not in ("", policy.id) or message.version not in (0, policy.version):
        raise refused_fields(
            Reason.INVALID_FIELD,
            [
                Violation(
                    "policy.policy_id" if message.policy_id not in ("", policy.id) else "policy.version",
                    f"the document is version {policy.version} of {policy.id!r}; leave policy_id and version empty",
                )
            ],
        )
    return policy


def _in_full(policy: Policy, document: str) -> str:
    """The policy without the one that it extends; empty where the document says all by itself."""
    try:
        read_policy(document)
    except PolicyErrors:
        return write_policy(policy)
    return ""


def _approved(approvals: Sequence[reference_pb2.Approval], where: str) -> list[tuple[str, str]]:
    return [(f"{where}.approvals[{index}].party_id", each.party_id) for index, each in enumerate(approvals)]


def _refuse_missing(missing: Sequence[Violation]) -> None:
    if missing:
        raise refused_fields(Reason.REFERENCE_MISSING, missing)


def _refuse_impossible(approvals: Sequence[reference_pb2.Approval], where: str) -> None:
    refused = [
        Violation(f"{where}.approvals[{index}].valid_until", "is not after valid_from")
        for index, each in enumerate(approvals)
        if each.HasField("valid_from")
        and each.HasField("valid_until")
        and moment(each.valid_until) <= moment(each.valid_from)
    ]
    if refused:
        raise refused_fields(Reason.INVALID_FIELD, refused)


def _already_registered(contract_id: str) -> Refusal:
    return Refusal(
        Reason.ALREADY_REGISTERED,
        f"The contract {contract_id!r} is registered already; amend it, or register another number",
        violations=[Violation("contract.contract_id", "is registered already")],
    )


def _published(offset: int, fact: ReferenceFact) -> reference_service_pb2.Published:
    return reference_service_pb2.Published(
        event_id=str(fact.event_id), offset=offset, recorded_at=timestamp_of(fact.recorded_at)
    )
