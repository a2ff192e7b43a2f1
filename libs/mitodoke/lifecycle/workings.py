"""What a verdict was worked out from, so that the next one of the same drive need not ask everything again.

Each piece of the judgement, a rule or an obligation, notes what it looked at. While nothing of that has
changed, its answer is the same; this is an economy and never an input (Acar, Self-Adjusting Computation, 2005).
"""

import enum
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import Cycle, Standing
from mitodoke.lifecycle.reference import Contract, PolicyPublished, ShipmentClosed
from mitodoke.lifecycle.verdict import Flag, Owed

C = TypeVar("C")
F = TypeVar("F", bound=Fact)
T = TypeVar("T")


OfDrive: TypeAlias = Callable[[tuple[Fact, ...], T | None], T]
"""Makes something of all facts of a drive or, given what it made of all but the latest, goes on from there."""

Shared: TypeAlias = dict[OfDrive[Any], tuple[tuple[Fact, ...], object]]
"""What was made of all facts of a drive, and of which."""


class Whole(enum.Enum):
    """What may be looked at besides the facts of one kind in one cycle."""

    CYCLE = "every fact of the cycle"
    DRIVE = "every fact of the drive"
    DESTRUCTIONS = "every destruction of the drive"
    SERIAL = "the serial of the drive"


Read: TypeAlias = FactKind | Whole

_SEEN: dict[frozenset[Read], frozenset[Read]] = {}


def one_of_a_kind(reads: Iterable[Read]) -> frozenset[Read]:
    """The set itself, held once however many drives have it: what rules look at differs little between drives."""
    held = frozenset(reads)
    return _SEEN.setdefault(held, held)


Growth: TypeAlias = dict[UUID, tuple[tuple[datetime, Severity], ...]]
"""What the breaches grow to, and from when on, by their flags."""


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
    findings: tuple[object, ...] = ()
    """What its flags were made of."""


class Told:
    """What was made of single facts under one state of contract and policy, by what was asked of them."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[object, tuple[tuple[Fact, ...], list[object]]] = {}

    def each(self, asked: Hashable, find: Callable[[F, C], T], facts: tuple[F, ...], case: C) -> Sequence[T]:
        """What `find` makes of each fact; of one that was there when the same was asked before, what it made then."""
        before, answers = self._held.get(asked, ((), []))
        if before is facts:
            return answers  # type: ignore[return-value]  # it is what `find` gave
        count = len(before)
        if count <= len(facts) and facts[:count] == before:
            answers = answers + [find(fact, case) for fact in facts[count:]]
        else:
            # The fact itself is held, so that no other can have its id.
            held = {id(fact): answer for fact, answer in zip(before, answers, strict=True)}
            answers = [held[id(fact)] if id(fact) in held else find(fact, case) for fact in facts]
        self._held[asked] = facts, answers
        return answers  # type: ignore[return-value]  # it is what `find` gave


@dataclass(frozen=True, slots=True)
class CycleWorkings:
    """How one cycle was judged: under which agreement, as known, and piece by piece; and what came of it all.

    It holds until `until` for silence's sake, and while its closures are the same.
    """

    cycle: Cycle
    contract: Contract | None
    published: PolicyPublished | None
    policies_known: int
    told: Told
    pieces: tuple[Piece, ...]
    reads: frozenset[Read]
    closures: tuple[tuple[str, ShipmentClosed | None], ...]
    until: datetime | None
    owed: tuple[Owed, ...]
    flags: tuple[Flag, ...]
    grows: Growth


@dataclass(frozen=True, slots=True)
class Workings:
    """How one drive was judged."""

    stood: Standing
    destructions: tuple[Fact, ...]
    shared: Shared
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
