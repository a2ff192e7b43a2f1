"""The calls of wipe: each records one kind of fact."""

from collections.abc import Sequence

from mitodoke.chassis.recording import Recording
from mitodoke.chassis.rpc import RpcService
from mitodoke.contracts.wipe.v1 import wipe_service_pb2

_SERVICE = wipe_service_pb2.DESCRIPTOR.services_by_name["WipeService"]


def services(recording: Recording) -> Sequence[RpcService]:
    """What this process serves."""
    return [recording.rpc_service(_SERVICE)]
