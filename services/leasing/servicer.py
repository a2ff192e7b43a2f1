"""The calls of leasing: each records one kind of fact."""

from collections.abc import Sequence

from mitodoke.chassis.recording import Recording
from mitodoke.chassis.rpc import RpcService
from mitodoke.contracts.leasing.v1 import leasing_service_pb2

_SERVICE = leasing_service_pb2.DESCRIPTOR.services_by_name["LeasingService"]


def services(recording: Recording) -> Sequence[RpcService]:
    """What this process serves."""
    return [recording.rpc_service(_SERVICE)]
