"""What left the owner, what was taken out, and what arrived at the dock."""

from mitodoke.chassis.config import Config
from mitodoke.chassis.recording import run_recording
from mitodoke.services.returns.servicer import services


def run(config: Config) -> int:
    """Run the returns service until it is told to end; its exit code."""
    return run_recording(config, "returns", services)
