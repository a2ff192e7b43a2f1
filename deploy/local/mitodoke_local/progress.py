"""Progress for a person at a terminal, plain lines for a log, silence for tests."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress:
    """Says what is being done and how long it took; safe to use from several threads."""

    def __init__(self, console: Console | None) -> None:
        self.console = console
        self._bars: Bars | None = None
        self._depth = 0

    @classmethod
    def on_terminal(cls) -> "Progress":
        """Bars on a terminal, plain lines otherwise; on standard error, so that output can be piped."""
        return cls(Console(stderr=True, highlight=False))

    @classmethod
    def silent(cls) -> "Progress":
        """No word at all."""
        return cls(None)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the bars on the screen while several steps run, side by side or one after another."""
        if self.console is None or not self.console.is_terminal or self._bars is not None:
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Bars(*columns, console=self.console, transient=True) as bars:
            self._bars = bars
            try:
                yield
            finally:
                self._bars = None

    def say(self, line: str) -> None:
        """One line."""
        if self.console is not None:
            self.console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """A step that takes a while; call what it yields once for each of `total` parts."""
        started = time.monotonic()
        bars = self._bars
        task: TaskID | None = None
        if bars is not None:
            task = bars.add_task(what, total=total)
        elif total is not None:
            self.say(f"{what} ({total})")

        def advance() -> None:
            if bars is not None and task is not None:
                bars.advance(task)

        try:
            yield advance
        finally:
            if bars is not None and task is not None:
                bars.remove_task(task)
        self.say(f"{what}: {time.monotonic() - started:.1f} s")
