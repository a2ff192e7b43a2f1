"""The calls of returns: each records one kind of fact."""

from collections.abc import Sequence

from mitodoke.chassis.recording import Recording
from mitodoke.chassis.rpc import RpcService
from mitodoke.contracts.returns.v1 import returns_service_pb2

_SERVICE = returns_service_pb2.DESCRIPTOR.services_by_name["ReturnsService"]


def services(recording: Recording) -> Sequence[RpcService]:
    """What this process serves."""
    return [recording.rpc_service(_SERVICE)]
