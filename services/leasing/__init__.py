"""Which drives are under which contract, and until when."""

from mitodoke.chassis.config import Config
from mitodoke.chassis.recording import run_recording
from mitodoke.services.leasing.servicer import services


def run(config: Config) -> int:
    """Run the leasing service until it is told to end; its exit code."""
    return run_recording(config, "leasing", services)
