"""What travelled, with whom, under which seal, and what was handed over."""

from mitodoke.chassis.config import Config
from mitodoke.chassis.recording import run_recording
from mitodoke.services.transport.servicer import services


def run(config: Config) -> int:
    """Run the transport service until it is told to end; its exit code."""
    return run_recording(config, "transport", services)
