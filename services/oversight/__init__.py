"""What somebody saw, and what the parties agreed."""

import uvloop

from mitodoke.chassis.advisor import Advisor
from mitodoke.chassis.clock import Clock
from mitodoke.chassis.config import Config
from mitodoke.chassis.parts import Part
from mitodoke.chassis.recording import assembled
from mitodoke.chassis.rpc import RpcService
from mitodoke.chassis.server import serve
from mitodoke.eventlog.recorder import Recorder
from mitodoke.eventlog.topics import Topics
from mitodoke.services.oversight.servicer import services


def run(config: Config) -> int:
    """Run the oversight service until it is told to end; its exit code."""
    rpc_services, parts = assemble(config)
    return uvloop.run(serve(config, name="oversight", rpc_services=rpc_services, parts=parts))


def assemble(
    config: Config, *, clock: Clock | None = None, advisor: Advisor | None = None
) -> tuple[list[RpcService], list[Part]]:
    """The services of this process and the parts that they need."""
    reference_recorder = Recorder(config.kafka, Topics.named(config.topic_namespace).reference)
    rpc_services, parts = assembled(
        config,
        "oversight",
        lambda recording: services(recording, reference_recorder),
        clock=clock,
        advisor=advisor,
    )
    return list(rpc_services), [*parts, reference_recorder]
