"""The calls that ask the read model; each answer is limited to the caller's contracts."""

from collections.abc import AsyncIterator
from typing import Final, TypeVar

from google.protobuf.message import Message

from mitodoke.client.calls import Calls
from mitodoke.contracts.custody.v1 import query_pb2 as query

_SERVICE: Final = query.DESCRIPTOR.services_by_name["CustodyQuery"]

_Answer = TypeVar("_Answer", bound=Message)


class Queries:
    """What the system knows. All raise CallFailed."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_drive(self, request: query.GetDriveRequest) -> query.GetDriveResponse:
        """One drive, by its number as it is read from the label."""
        return await self._ask("GetDrive", request, query.GetDriveResponse)

    async def list_flags(self, request: query.ListFlagsRequest) -> query.ListFlagsResponse:
        """Flags, the gravest first."""
        return await self._ask("ListFlags", request, query.ListFlagsResponse)

    async def list_obligations(self, request: query.ListObligationsRequest) -> query.ListObligationsResponse:
        """Obligations, the one that falls due first."""
        return await self._ask("ListObligations", request, query.ListObligationsResponse)

    async def get_shipment(self, request: query.GetShipmentRequest) -> query.GetShipmentResponse:
        """A shipment or lot: its manifest against what arrived."""
        return await self._ask("GetShipment", request, query.GetShipmentResponse)

    async def get_contract(self, request: query.GetContractRequest) -> query.GetContractResponse:
        """A contract with its parties, its policy and its counts."""
        return await self._ask("GetContract", request, query.GetContractResponse)

    async def get_policy(self, request: query.GetPolicyRequest) -> query.GetPolicyResponse:
        """A published policy, as it was written and with all that it inherits."""
        return await self._ask("GetPolicy", request, query.GetPolicyResponse)

    async def try_policy(self, request: query.TryPolicyRequest) -> query.TryPolicyResponse:
        """What would be flagged, had this been the policy. Raises CallFailed."""
        return await self._ask("TryPolicy", request, query.TryPolicyResponse)

    async def try_policy_step_by_step(
        self, request: query.TryPolicyRequest
    ) -> AsyncIterator[query.TryPolicyStepByStepResponse]:
        """The same for a contract of any size: how far it has come, and in the last answer the result."""
        method = _SERVICE.methods_by_name["TryPolicyStepByStep"]
        step_by_step = query.TryPolicyStepByStepRequest(trial=request)
        async for each in self._calls.stream(method, step_by_step, query.TryPolicyStepByStepResponse):
            yield each

    async def get_timeline(self, request: query.GetTimelineRequest) -> query.GetTimelineResponse:
        """What happened under a contract, day by day."""
        return await self._ask("GetTimeline", request, query.GetTimelineResponse)

    async def get_status(self) -> query.GetStatusResponse:
        """How far the read model has read, and what it holds."""
        return await self._ask("GetStatus", query.GetStatusRequest(), query.GetStatusResponse)

    async def watch_flags(self, request: query.WatchFlagsRequest) -> AsyncIterator[query.WatchFlagsResponse]:
        """Every change of a flag, as it comes. When it breaks off, go on from the last answer's resume token."""
        method = _SERVICE.methods_by_name["WatchFlags"]
        async for each in self._calls.stream(method, request, query.WatchFlagsResponse):
            yield each

    async def _ask(self, name: str, request: Message, answer: type[_Answer]) -> _Answer:
        return await self._calls.call(_SERVICE.methods_by_name[name], request, answer)
