"""The calls of transport: each records one kind of fact."""

from collections.abc import Sequence

from mitodoke.chassis.recording import Recording
from mitodoke.chassis.rpc import RpcService
from mitodoke.contracts.transport.v1 import transport_service_pb2

_SERVICE = transport_service_pb2.DESCRIPTOR.services_by_name["TransportService"]


def services(recording: Recording) -> Sequence[RpcService]:
    """What this process serves."""
    return [recording.rpc_service(_SERVICE)]
