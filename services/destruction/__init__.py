"""What was destroyed, who witnessed it, and which certificate says so."""

from mitodoke.chassis.config import Config
from mitodoke.chassis.recording import run_recording
from mitodoke.services.destruction.servicer import services


def run(config: Config) -> int:
    """Run the destruction service until it is told to end; its exit code."""
    return run_recording(config, "destruction", services)
