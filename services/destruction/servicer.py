"""The calls of destruction: each records one kind of fact."""

from collections.abc import Sequence

from mitodoke.chassis.recording import Recording
from mitodoke.chassis.rpc import RpcService
from mitodoke.contracts.destruction.v1 import destruction_service_pb2

_SERVICE = destruction_service_pb2.DESCRIPTOR.services_by_name["DestructionService"]


def services(recording: Recording) -> Sequence[RpcService]:
    """What this process serves."""
    return [recording.rpc_service(_SERVICE)]
