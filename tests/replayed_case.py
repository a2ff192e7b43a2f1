"""A case replayed on a running system, with everything that the demo asks and prints."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from mitodoke.client import Connection
from mitodoke_demo.answers import Answers, ask_everything
from mitodoke_demo.case import Case
from mitodoke_demo.replay import Replayed, replay
from mitodoke_demo.report import print_report


@dataclass(frozen=True)
class Told:
    """A case that was replayed, and what the system says of it."""

    case: Case
    replayed: Replayed
    answers: Answers

    @property
    def report(self) -> str:
        """What the demo prints of it."""
        console = Console(width=120, highlight=False, color_system=None)
        with console.capture() as printed:
            print_report(console, self.case, self.answers)
        return printed.get()


def tell(running: Path, case: Case) -> Told:
    """Replay the case and ask everything that the demo asks."""

    async def told() -> Told:
        replayed = await replay(running, case)
        async with Connection.from_file(path=running) as system:
            return Told(case, replayed, await ask_everything(system.query, case))

    return asyncio.run(told())
