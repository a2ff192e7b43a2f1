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


# What follows is made anew at each judgement. Nobody changes it once it is made; frozen, it would take five times as
# long to make.


@dataclass(slots=True)
class Piece:
    """The answer of one rule or obligation about one cycle, and what it was found from.

    It holds until what it has read changes, until a closure that it asked for is another, or until silence
    alone makes it another at `until`.
    """

    reads: frozenset[Read]
    closures: tuple[tuple[str, ShipmentClosed | None], ...]
    until: datetime | None
    answer: tuple[Any, ...]
    findings: tuple[Any, ...] = ()
    """What its flags were made of."""


class Told:
    """What was made of single facts under one state of contract and policy, by what was asked of them."""

    __slots__ = ("_held", "_made", "debts")

    def __init__(self) -> None:
        self._held: dict[object, tuple[tuple[Fact, ...], list[object]]] = {}
        self._made: dict[FactKind, tuple[tuple[Fact, ...], object]] = {}
        self.debts: dict[tuple[str, str], tuple[object, Any]] = {}
        """What each debt was found from, and the debt."""

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


@dataclass(slots=True)
class CycleWorkings:
    """How one cycle was judged: under which agreement, as known, and piece by piece; and what came of it all.

    For silence's sake it holds until `until`.
    """

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


@dataclass(slots=True)
class Workings:
    """How one drive was judged."""

    stood: Standing
    destructions: tuple[Fact, ...]
    shared: Shared
    cycles: dict[str, CycleWorkings]
    reference: Hashable
    """What the reference held."""
    reference_until: datetime | None
    """When what it says of these contracts and shipments begins to be another."""


def the_one_more(before: Cycle | None, now: Cycle) -> Fact | None:
    """The fact that has come to those of before and is later than they are; None where that is not all that is new."""
    facts = before.facts if before is not None else ()
    return now.facts[-1] if len(now.facts) == len(facts) + 1 and now.facts[:-1] == facts else None


def changed(before: Cycle | None, now: Cycle) -> set[FactKind]:
    """Of which kinds the facts of a cycle are no longer as they were; of all its kinds when there was none."""
    if before is None:
        return set(now.by_kind)
    were, are = before.by_kind, now.by_kind
    return {kind for kind in were.keys() | are.keys() if were.get(kind) != are.get(kind)}
