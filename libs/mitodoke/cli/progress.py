"""A progress bar for what takes longer than a person waits without one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE_SECONDS: Final = 2.0

Tell = Callable[[int, int], None]
"""Told how much is done, of how much."""


@contextlib.contextmanager
def progress(
    what: str, *, console: Console | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Tell]:
    """A bar on standard error from when it has lasted for `PATIENCE_SECONDS`; none where no terminal is there.

    It goes when it is done, so that the answer stands alone.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=console or Console(stderr=True), transient=True)
    task = bars.add_task(what, total=None)
    began = clock()
    shown = False

    def tell(done: int, of: int) -> None:
        nonlocal shown
        bars.update(task, completed=done, total=of)
        if not shown and bars.console.is_terminal and clock() - began >= PATIENCE_SECONDS:
            shown = True
            bars.start()

    try:
        yield tell
    finally:
        if shown:
            bars.stop()
