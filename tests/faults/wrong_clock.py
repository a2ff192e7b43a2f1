"""A service whose machine has the wrong time: `python -m faults.wrong_clock SECONDS serve projection`."""

import runpy
import sys
import time
from datetime import datetime, timedelta

from mitodoke.chassis.clock import SystemClock


def main() -> None:
    """Set the clock wrong by so many seconds, and run the rest as the command line of Mitodoke."""
    off = float(sys.argv.pop(1))
    right_now, right_time = SystemClock.now, time.time

    def now(self: SystemClock) -> datetime:
        return right_now(self) + timedelta(seconds=off)

    SystemClock.now = now  # type: ignore[method-assign]
    time.time = lambda: right_time() + off
    runpy.run_module("mitodoke.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
