"""What was done to the data, and who checked it."""

from mitodoke.chassis.config import Config
from mitodoke.chassis.recording import run_recording
from mitodoke.services.wipe.servicer import services


def run(config: Config) -> int:
    """Run the wipe service until it is told to end; its exit code."""
    return run_recording(config, "wipe", services)
