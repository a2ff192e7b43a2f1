"""How much is to be measured, and the bar that shows how far it is."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@dataclass(frozen=True, slots=True)
class Plan:
    """`quick` measures nothing that may be believed: it proves in seconds that everything still runs.

    `drives` is the largest number of drives that curves go up to, `minutes` how long what takes its time goes on.
    """

    quick: bool = False
    repeats: int = 3
    drives: int = 100_000
    minutes: float = 1.0
    console: Console | None = field(default=None, compare=False)

    def repeated(self, what: str) -> Iterable[int]:
        """Each repeat in turn, with a bar."""
        with self.progress(what, self.repeats) as advance:
            for number in range(self.repeats):
                yield number
                advance(1)

    def sizes(self, least: int = 10_000) -> list[int]:
        """The numbers of drives of a curve: from the least up to `drives`, ten times more at each step."""
        if self.quick:
            return [200, 400]
        sizes = [least]
        while sizes[-1] * 10 <= self.drives:
            sizes.append(sizes[-1] * 10)
        if sizes[-1] < self.drives:
            sizes.append(self.drives)
        return sizes

    @contextlib.contextmanager
    def progress(self, what: str, total: float) -> Iterator[Callable[[float], None]]:
        """A bar while something takes its time; call what it yields with each part that is done."""
        if self.console is None:
            yield lambda _: None
            return
        if not self.console.is_terminal:
            self.console.print(f"{what} ...", markup=False)
            yield lambda _: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(what, total=total)
            yield lambda done: bars.advance(task, done)


QUICK = Plan(quick=True, repeats=1, drives=400, minutes=0.02)
