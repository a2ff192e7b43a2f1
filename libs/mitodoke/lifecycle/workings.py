"""What a verdict was worked out from, so that the next one of the same drive need not ask everything again.

Each piece of the judgement, a rule or an obligation, notes what it looked at. While nothing of that has
changed, its answer is the same; this is an economy and never an input (Acar, Self-Adjusting Computation, 2005).
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.record import Cycle, Standing
from mitodoke.lifecycle.reference import Contract, PolicyPublished, ShipmentClosed

C = TypeVar("C")
T = TypeVar("T")


class Whole(enum.Enum):
    """What may be looked at besides the facts of one kind in one cycle."""

    CYCLE = "every fact of the cycle"
    DRIVE = "every fact of the drive"
    DESTRUCTIONS = "every destruction of the drive"


Read: TypeAlias = FactKind | Whole

NOTHING: frozenset[Read] = frozenset()


@dataclass(frozen=True, slots=True)
class Piece:
    """The answer of one rule or obligation about one cycle, and what it was found from.

    It holds until what it has read changes, until a closure that it asked for is another, or until silence
    alone makes it another at `until`.
    """

    reads: frozenset[Read]
    closures: tuple[tuple[str, ShipmentClosed | None], ...]
    until: datetime | None
    answer: tuple[object, ...]


@dataclass(slots=True)
class Told:
    """What was made of single facts under one state of contract and policy; it can only be added to."""

    _held: dict[object, dict[int, tuple[Fact, object]]] = field(default_factory=dict)

    def each(self, find: Callable[[Fact, C], T], facts: Sequence[Fact], case: C) -> list[T]:
        """What `find` makes of each fact; it is asked once a fact."""
        held = self._held.setdefault(find, {})
        found: list[T] = []
        for fact in facts:
            known = held.get(id(fact))
            if known is None:
                # The fact is kept beside its answer, so that no other can come to have its id.
                known = held[id(fact)] = fact, find(fact, case)
            found.append(known[1])  # type: ignore[arg-type]  # it is what `find` gave
        return found


@dataclass(frozen=True, slots=True)
class CycleWorkings:
    """How one cycle was judged: under which agreement, as known, and piece by piece."""

    cycle: Cycle
    contract: Contract | None
    published: PolicyPublished | None
    policies_known: int
    told: Told
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Workings:
    """How one drive was judged."""

    stood: Standing
    destructions: tuple[Fact, ...]
    cycles: dict[str, CycleWorkings]


def changed(before: Cycle, now: Cycle) -> set[Read]:
    """What of a cycle is no longer as it was; nothing when it is the same."""
    if before is now:
        return set()
    were, are = before.by_kind, now.by_kind
    differ: set[Read] = {kind for kind, facts in are.items() if _differ(were.get(kind), facts)}
    differ.update(kind for kind in were if kind not in are)
    if differ:
        differ.add(Whole.CYCLE)
    return differ


def _differ(before: tuple[Fact, ...] | None, now: tuple[Fact, ...]) -> bool:
    return before is not now and before != now
