"""What a verdict was worked out from, so that the next one of the same drive need not ask everything again.

Each piece of the judgement, a rule or an obligation, notes what it looked at. While nothing of that has
changed, its answer is the same; this is an economy and never an input (Acar, Self-Adjusting Computation, 2005).
"""

import enum
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar
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


OfDrive: TypeAlias = Callable[[Sequence[Fact], T | None], T]
"""Makes something of all facts of a drive or, given what it made of those before, goes on with the facts after."""

Shared: TypeAlias = dict[OfDrive[Any], tuple[tuple[Fact, ...], object]]
"""What was made of all facts of a drive, and of which."""


class Whole(enum.StrEnum):
    """What may be looked at besides the facts of one kind in one cycle."""

    CYCLE = "every fact of the cycle"
    FIRST = "when the first fact of the cycle was known"
    CONTRACTS = "under how many contracts something was told of the drive"
    DESTRUCTIONS = "every destruction of the drive"
    SERIAL = "the serial of the drive"

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True, eq=False)
class Anywhere:
    """The facts of one kind in all cycles of the drive. There is one of each kind."""

    kind: FactKind


ANYWHERE: Final = {kind: Anywhere(kind) for kind in FactKind}


def anywhere(*kinds: FactKind) -> frozenset[Anywhere]:
    """The facts of these kinds in all cycles of the drive."""
    return frozenset(ANYWHERE[kind] for kind in kinds)


Read: TypeAlias = FactKind | Whole | Anywhere

Readers: TypeAlias = dict[Read, int]
"""Which pieces of a cycle have looked at a thing: piece n is bit n."""

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

    __slots__ = ("_held", "_made")

    def __init__(self) -> None:
        self._held: dict[object, tuple[tuple[Fact, ...], list[object]]] = {}
        self._made: dict[FactKind, tuple[tuple[Fact, ...], object]] = {}

    def made(self, kind: FactKind, facts: tuple[Fact, ...], make: Callable[[tuple[Fact, ...]], T]) -> T:
        """What `make`, which is the same for all kinds, gives of the facts of one kind."""
        before, made = self._made.get(kind, (None, None))
        if before is not facts:
            made = make(facts)
            self._made[kind] = facts, made
        return made  # type: ignore[return-value]  # it is what `make` gave

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

    For silence's sake it holds until `until`.
    """

    cycle: Cycle
    contract: Contract | None
    published: PolicyPublished | None
    policies_known: int
    told: Told
    pieces: tuple[Piece, ...]
    readers: Readers
    waiting: int
    """The pieces, by their bits, that silence or the closure of a shipment may make another."""
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


def changed(before: Cycle | None, now: Cycle) -> set[Read]:
    """What of a cycle is no longer as it was; nothing when it is the same, everything when there was none."""
    were, are = before.by_kind if before is not None else {}, now.by_kind
    differ: set[Read] = set()
    for kind, facts in are.items():
        if _differ(were.get(kind), facts):
            differ.add(kind)
            differ.add(ANYWHERE[kind])
    for kind in were:
        if kind not in are:
            differ.add(kind)
            differ.add(ANYWHERE[kind])
    if differ:
        differ.add(Whole.CYCLE)
        if before is None or before.first_known_at != now.first_known_at:
            differ.add(Whole.FIRST)
    return differ


def _differ(before: tuple[Fact, ...] | None, now: tuple[Fact, ...]) -> bool:
    return before is not now and before != now
