"""The calls that say who the parties are, what they agreed, and which shipments are closed."""

import uuid
from datetime import datetime
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.client.calls import Calls, answer_type
from mitodoke.contracts.reference.v1 import reference_pb2, reference_service_pb2
from mitodoke.contracts.reference.v1.reference_service_pb2 import Published

_SERVICE: Final = reference_service_pb2.DESCRIPTOR.services_by_name["ReferenceService"]


class ReferenceCalls:
    """Publishes reference facts; each call returns when what it says is known.

    `request_id` may be given to repeat an earlier call, which then counts once. `backfilled_from`, an aware
    time, says that the fact is history and counts from then; it asks for the permission BACKFILL. All raise
    CallFailed.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def register_party(
        self,
        party: reference_pb2.PartyRegistered,
        *,
        request_id: str | None = None,
        backfilled_from: datetime | None = None,
    ) -> Published:
        """Make a party known, or give it another name and other permissions."""
        return await self._publish("RegisterParty", "party", party, request_id, backfilled_from)

    async def suspend_party(
        self,
        suspension: reference_pb2.PartySuspended,
        *,
        request_id: str | None = None,
        backfilled_from: datetime | None = None,
    ) -> Published:
        """Refuse a party's reports until it is registered again."""
        return await self._publish("SuspendParty", "suspension", suspension, request_id, backfilled_from)

    async def grant_delegation(
        self,
        delegation: reference_pb2.DelegationGranted,
        *,
        request_id: str | None = None,
        backfilled_from: datetime | None = None,
    ) -> Published:
        """Let one party report for another. To end it, name the same two again with a `valid_until` of now."""
        return await self._publish("GrantDelegation", "delegation", delegation, request_id, backfilled_from)

    async def register_contract(
        self,
        contract: reference_pb2.ContractRegistered,
        *,
        request_id: str | None = None,
        backfilled_from: datetime | None = None,
    ) -> Published:
        """Put a contract under watch; its parties and its policy must be known."""
        return await self._publish("RegisterContract", "contract", contract, request_id, backfilled_from)

    async def amend_contract(
        self,
        amendment: reference_pb2.ContractAmended,
        *,
        request_id: str | None = None,
        backfilled_from: datetime | None = None,
    ) -> Published:
        """Add, change or end approvals, or put another policy in force."""
        return await self._publish("AmendContract", "amendment", amendment, request_id, backfilled_from)

    async def publish_policy(
        self, document: str, *, request_id: str | None = None, backfilled_from: datetime | None = None
    ) -> Published:
        """Publish the version of a policy that a YAML document states; the same document again is no change."""
        policy = reference_pb2.PolicyPublished(document=document)
        return await self._publish("PublishPolicy", "policy", policy, request_id, backfilled_from)

    async def close_shipment(
        self,
        shipment: str,
        contract: str,
        *,
        request_id: str | None = None,
        backfilled_from: datetime | None = None,
    ) -> Published:
        """Say that no more of a shipment will arrive."""
        closure = reference_pb2.ShipmentClosed(shipment_id=shipment, contract_id=contract)
        return await self._publish("CloseShipment", "closure", closure, request_id, backfilled_from)

    async def _publish(
        self,
        name: str,
        field: str,
        message: Message,
        request_id: str | None,
        backfilled_from: datetime | None,
    ) -> Published:
        method = _SERVICE.methods_by_name[name]
        request: Any = GetMessageClass(method.input_type)(request_id=request_id or str(uuid.uuid4()))
        getattr(request, field).CopyFrom(message)
        if backfilled_from is not None:
            since = Timestamp()
            since.FromDatetime(backfilled_from)
            request.backfilled_from.CopyFrom(since)
        answer: Any = await self._calls.call(method, request, answer_type(method))
        published: Published = answer.published
        return published
