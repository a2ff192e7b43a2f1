"""The morning after a holiday, simulated: a thousand partners report their lots within the same minute.

    PYTHONPATH=deploy/local:tests python -m bench.after_a_holiday

How long a backlog takes is a division. Who is refused meanwhile, whether anyone's patience runs out, and how long a
partner waits to see what was answered, is not: refused calls come again, and drives go to partitions by their hash. So
it is simulated, event by event, with the limits of the services and the patience of the client library as they are,
and with the speeds that were measured. No run of the real system stands behind the figures; they are as good as those
speeds. The same seed gives the same figures.
"""

import itertools
import math
import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import simpy
from rich.console import Console
from rich.table import Table

from bench.chains import LARGEST, SMALLEST
from bench.figures import percentile
from mitodoke.chassis.rpc import Limits
from mitodoke.client.calls import Patience

SEED: Final = 20270104
ITEMS: Final = 500
"""What a partner reports in one call."""

Course = Generator[simpy.Event, Any, None]
"""What somebody does: events that are waited for, each of which may bring something."""


@dataclass(frozen=True, slots=True)
class Morning:
    """Who reports within how many seconds, and what stands ready for it."""

    partners: int = 1_000
    within: float = 60.0
    recorders: int = 2
    """Processes of the one service that all of them call, each with a core of its own."""
    recording: float = 21e-6
    """Seconds of processor time that a fact of a bulk report costs (docs/benchmarks/recording.md)."""
    partitions: int = 48
    workers: int = 1
    projecting: float = 5_160.0
    """Facts a second of one worker (docs/benchmarks/projection.md)."""
    database: float = 5 * 5_160.0
    """Facts a second that PostgreSQL takes of all workers together (docs/scale.md)."""
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)


@dataclass(slots=True)
class Told:
    """What became of it."""

    facts: int = 0
    refused: int = 0
    gave_up: int = 0
    answered_after: list[float] = field(default_factory=list)
    """Seconds from when a partner first sent a call until it was answered."""
    visible_after: Counter[float] = field(default_factory=Counter)
    """Facts, by the seconds from the answer until they could be read."""
    last_answer: float = 0.0
    last_visible: float = 0.0


def simulated(morning: Morning, seed: int = SEED) -> Told:
    """Let the morning pass."""
    chance = random.Random(seed)
    told = Told()
    world = simpy.Environment()
    cores = [simpy.Resource(world) for _ in range(morning.recorders)]
    logs = [simpy.Store(world) for _ in range(morning.workers)]
    of_worker = [partition % morning.workers for partition in range(morning.partitions)]
    # Drawn before all else, so that they are the same whatever stands ready.
    lots = [
        round(math.exp(chance.uniform(math.log(SMALLEST), math.log(LARGEST))))
        for _ in range(morning.partners)
    ]
    begin = [chance.uniform(0, morning.within) for _ in lots]

    def partner(at: float, left: int) -> Course:
        yield world.timeout(at)
        while left:
            items = min(ITEMS, left)
            left -= items
            yield from call(items)

    def call(items: int) -> Course:
        sent = world.now
        for attempt in itertools.count(1):
            core = chance.choice(cores)
            if core.count + len(core.queue) < morning.limits.calls:
                with core.request() as turn:
                    yield turn
                    yield world.timeout(items * morning.recording)
                told.answered_after.append(world.now - sent)
                told.last_answer = world.now
                told.facts += items
                for worker, count in Counter(chance.choices(of_worker, k=items)).items():
                    yield logs[worker].put((world.now, count))
                return
            told.refused += 1
            wait = morning.limits.retry_after.total_seconds()
            if attempt == morning.patience.attempts or world.now + wait - sent > morning.patience.in_all:
                break
            yield world.timeout(wait)
        told.gave_up += 1

    def worker(log: simpy.Store) -> Course:
        rate = min(morning.projecting, morning.database / morning.workers)
        while True:
            answered, count = yield log.get()
            yield world.timeout(count / rate)
            told.visible_after[world.now - answered] += count
            told.last_visible = world.now

    for log in logs:
        world.process(worker(log))
    for at, drives in zip(begin, lots, strict=True):
        world.process(partner(at, drives))
    world.run()
    return told


def main() -> None:
    """Print a line for each number of workers, then for one recorder, one second, and ten times the partners."""
    usual = Morning()
    six = replace(usual, workers=6)
    mornings = [replace(usual, workers=workers) for workers in (1, 2, 6)]
    mornings += [replace(six, recorders=1), replace(six, within=1.0), replace(six, partners=10_000)]
    table = Table("partners", "within", "recorders", "workers", "facts", "refused", "gave up",
                  "answered\np50", "\np99", "\nthe last", "visible\np50", "\np99", "\nall")  # fmt: skip
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    for morning in mornings:
        told = simulated(morning)
        waits = sorted(told.visible_after.elements())
        table.add_row(
            f"{morning.partners:,}",
            f"{morning.within:g} s",
            f"{morning.recorders}",
            f"{morning.workers}",
            f"{told.facts:,}",
            f"{told.refused:,}",
            f"{told.gave_up:,}",
            f"{percentile(told.answered_after, 0.5):.2f} s",
            f"{percentile(told.answered_after, 0.99):.2f} s",
            f"{told.last_answer:.0f} s",
            f"{percentile(waits, 0.5):.1f} s",
            f"{percentile(waits, 0.99):.1f} s",
            f"{told.last_visible:.0f} s",
        )
    console = Console(highlight=False)
    console.width = max(console.width, 150)
    console.print(table)
    console.print(
        "answered: from when a partner first sent a call, refusals included; the last: after the first of all.\n"
        "visible: from the answer; all: after the first of all."
    )


if __name__ == "__main__":
    main()
