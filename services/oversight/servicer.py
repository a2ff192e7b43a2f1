"""The calls of oversight: facts that somebody saw, and reference facts that bind everybody."""

from collections.abc import Sequence

from mitodoke.chassis.recording import Recording
from mitodoke.chassis.rpc import RpcService
from mitodoke.contracts.oversight.v1 import oversight_service_pb2
from mitodoke.eventlog.recorder import Recorder
from mitodoke.services.oversight.reference import ReferenceDesk

_SERVICE = oversight_service_pb2.DESCRIPTOR.services_by_name["OversightService"]


def services(recording: Recording, reference_recorder: Recorder) -> Sequence[RpcService]:
    """What this process serves."""
    desk = ReferenceDesk(recording.parties, reference_recorder, recording.clock)
    return [recording.rpc_service(_SERVICE), desk.rpc_service()]
