"""The memory of processes over time, and whether it stays flat."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import psutil

MIB: Final = 2**20
WARM_UP_SHARE: Final = 1 / 3
"""So much of a run counts for nothing: caches fill, heaps find their size."""
MOST_GROWTH_AN_HOUR: Final = 0.10
"""As a share of the median."""
MOST_MIB_AN_HOUR: Final = 16.0
"""What a small process may grow by, whatever its share."""
MOST_MIB_AT_ALL: Final = 4.0
"""What is no growth however short the run: the allocator takes memory by the MiB."""


def held(pid: int, *, private: bool) -> int:
    """Bytes that a process and its children hold; 0 when it is gone.

    `private`: what nobody else holds, which does not change with who comes and goes beside it. Otherwise with the
    shared pages, each counted once.
    """
    try:
        process = psutil.Process(pid)
        each = [one.memory_full_info() for one in (process, *process.children(recursive=True))]
        return sum(info.uss if private else info.pss for info in each)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


@dataclass(slots=True)
class Memory:
    """What one process held, by seconds since the beginning."""

    name: str
    must_be_flat: bool
    samples: list[tuple[float, int]] = field(default_factory=list)

    def after_warm_up(self) -> list[tuple[float, int]]:
        """The samples that count."""
        if not self.samples:
            return []
        begins = self.samples[-1][0] * WARM_UP_SHARE
        return [(at, size) for at, size in self.samples if at >= begins]

    @property
    def median(self) -> float:
        """Bytes."""
        return statistics.median(size for _, size in self.after_warm_up())

    @property
    def growth_an_hour(self) -> float:
        """Bytes an hour, by the line that is closest to the samples that count."""
        counted = self.after_warm_up()
        if len(counted) < 2:
            return 0.0
        return statistics.linear_regression(*zip(*counted, strict=True)).slope * 3600

    @property
    def flat(self) -> bool:
        """Whether it grows by less than an hour may bring."""
        counted = self.after_warm_up()
        hours = (counted[-1][0] - counted[0][0]) / 3600 if counted else 0.0
        small = self.growth_an_hour * hours <= MOST_MIB_AT_ALL * MIB
        most = max(MOST_MIB_AN_HOUR * MIB, MOST_GROWTH_AN_HOUR * self.median)
        return small or self.growth_an_hour <= most


def sample(memories: Sequence[Memory], pids: Mapping[str, int], at: float) -> None:
    """Add what each process holds now."""
    for memory in memories:
        memory.samples.append((at, held(pids[memory.name], private=memory.must_be_flat)))
