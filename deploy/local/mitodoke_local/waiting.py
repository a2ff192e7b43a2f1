"""Waiting for a condition, with a limit."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], *, limit: float, every: float = 0.02) -> bool:
    """Ask `condition` every `every` seconds until it holds or `limit` seconds are over; say whether it holds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True
