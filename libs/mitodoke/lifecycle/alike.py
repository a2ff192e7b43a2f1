"""Drives to which the same has happened are judged once.

Drives travel in lots: what one of four hundred was told, the others were told in the same call, in the same words
and at the same time. A verdict speaks of a drive's serial and of its events' ids only where it names them, so the
verdict on one such drive, with these names exchanged, is the verdict on every other (hash consing: Goto 1974;
Ershov 1958). What was judged is the first drive of its kind, the example. The enclosure of a drive is such a name
too, as long as all that is told of the drive names the same one.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from mitodoke.lifecycle.facts import FACTS, CertificateIssued, DriveEnrolled, DriveRemoved, Fact, WipeVerified
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import CORRECTIONS
from mitodoke.lifecycle.obligations import EACH_USE
from mitodoke.lifecycle.record import Record, Standing
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.serials import SerialError, canonical, suspicion
from mitodoke.lifecycle.verdict import Flag, Verdict, flag_id
from mitodoke.lifecycle.workings import CycleWorkings, Whole, Workings

T = TypeVar("T")

NAMES_ANOTHER: Final = CORRECTIONS | EACH_USE
"""Facts after which a drive is judged by itself: they name flags or facts, or what they open is named by them."""

MAY_ASK_FOR_THE_SERIAL: Final = frozenset({"suspect_serial", "conflicting_facts"})
"""The rules to which it makes a difference what a serial is. Drives to which it does are judged by themselves."""

_ENCLOSED: Final = (DriveEnrolled, DriveRemoved)
"""The facts that may name an enclosure."""

Words: TypeAlias = tuple[object, ...]
"""A fact without its names: what it says, whether it names an enclosure, and how its id stands to the ids of the
facts that happened or were known at the same time, among which a rule decides by the id."""

_SAID: Final = {
    kind: attrgetter(
        "kind",
        *(f.name for f in fields(fact) if f.compare and f.name not in ("event_id", "serial", "enclosure")),
    )
    for kind, fact in FACTS.items()
}


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """The first of the drives to which the same has happened, and the verdict on it."""

    record: Record
    verdict: Verdict
    _made: dict[object, Any] = field(default_factory=dict)

    @property
    def stood(self) -> Standing:
        """What of its record stood when it was judged."""
        assert isinstance(self.verdict.workings, Workings)
        return self.verdict.workings.stood

    def once(self, make: Callable[["Example"], T]) -> T:
        """What `make` makes of the example, made once; it must be the same for all drives like it."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]  # type: ignore[no-any-return]  # it is what `make` gave


class Like(NamedTuple):
    """The workings of a verdict that was found by an example: its facts stand where the example's stand."""

    example: Example
    facts: tuple[Fact, ...]


class Alike:
    """Judges as `judge` does, and keeps up to `at_most` examples, the latest used.

    For one reference log: what was found while less of it had been read is used again, unless `learn_of` is told
    what more there is.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._examples: OrderedDict[Hashable, Example] = OrderedDict()
        self._latest: datetime | None = None

    def learn_of(self, counts_from: datetime) -> None:
        """Forget all examples if any was judged as of that moment or later: there it counts, and was not known."""
        if self._latest is not None and self._latest >= counts_from:
            self._examples.clear()
            self._latest = None

    def judge(
        self, record: Record, reference: Reference, as_of: datetime, before: Verdict | None = None
    ) -> Verdict:
        """What `judge` would say, found by an example where there is one."""
        if self._latest is None or as_of > self._latest:
            self._latest = as_of
        held = before.workings if before is not None and before.as_of <= as_of else None
        if isinstance(held, Workings):
            return judge(record, reference, as_of, before)
        if isinstance(held, Like):
            example = self._after(held, record, reference, as_of)
        else:
            example = self._of_all(record, reference, as_of)
        if example is None:
            return judge(record, reference, as_of)
        verdict = example.verdict
        flags = verdict.flags and tuple(_own(record, example, before if isinstance(held, Like) else None))
        return Verdict(as_of, verdict.obligations, flags, verdict.turns_at, Like(example, record.facts))

    def _after(self, held: Like, record: Record, reference: Reference, as_of: datetime) -> Example | None:
        """The example that follows on that of the verdict before."""
        facts, before = record.facts, held.example
        if facts is held.facts:
            key: Hashable = before, as_of
            found = self._found(key)
            return found or self._add(key, before.record, reference, as_of, before.verdict)
        position = _where_it_is_more(held.facts, facts)
        if position is None:
            return self._of_all(record, reference, as_of)
        words = _words(record, position)
        if words is None:
            return None
        key = before, as_of, position, words
        found = self._found(key)
        if found is not None:
            return found
        theirs = before.record.facts
        fact = _renamed(facts[position], facts, (*theirs[:position], facts[position], *theirs[position:]))
        grown = Record(before.record.serial, (*theirs[:position], fact, *theirs[position:]))
        if _words(grown, position) == words:
            return self._add(key, grown, reference, as_of, before.verdict)
        # Among facts of the same time the ids decide, and this drive's stand otherwise to those of the example.
        return self._add(key, _without_names(record), reference, as_of, None)

    def _of_all(self, record: Record, reference: Reference, as_of: datetime) -> Example | None:
        """The example for all that is in the record, as for the first fact of a drive and for one read anew."""
        if suspicion(record.serial) is not None:
            return None
        said = tuple(_words(record, position) for position in range(len(record.facts)))
        if None in said:
            return None
        key = as_of, said
        found = self._found(key)
        if found is not None:
            return found
        return self._add(key, _without_names(record), reference, as_of, None)

    def _found(self, key: Hashable) -> Example | None:
        example = self._examples.get(key)
        if example is not None:
            self._examples.move_to_end(key)
        return example

    def _add(
        self, key: Hashable, record: Record, reference: Reference, as_of: datetime, before: Verdict | None
    ) -> Example | None:
        verdict = judge(record, reference, as_of, before)
        assert isinstance(verdict.workings, Workings)
        if not all(map(_asks_no_other_for_the_serial, verdict.workings.cycles.values())):
            return None
        example = self._examples[key] = Example(record, verdict)
        if len(self._examples) > self._at_most:
            self._examples.popitem(last=False)
        return example


def _words(record: Record, position: int) -> Words | None:
    """The fact at that position of the record without its names; None where it cannot do without."""
    fact = record.facts[position]
    if fact.kind in NAMES_ANOTHER:
        return None
    said: object = _SAID[fact.kind](fact)
    if isinstance(fact, _ENCLOSED):
        if len(_enclosures(record.facts)) > 1:
            # Which of them each names makes a difference, and a flag would say.
            return None
        said = bool(fact.enclosure), said
    if isinstance(fact, DriveEnrolled):
        if any(
            f is not fact and f.kind is DriveEnrolled.kind and f.contract == fact.contract
            for f in record.facts
        ):
            # A second lease is named by an event.
            return None
    elif isinstance(fact, WipeVerified) and fact.wipe is not None:
        of = next((n for n, held in enumerate(record.facts) if held.event_id == fact.wipe), None)
        if of is None:
            return None
        said = of, _SAID[fact.kind](replace(fact, wipe=None))
    elif isinstance(fact, CertificateIssued) and fact.serial_on_certificate:
        try:
            if canonical(fact.serial_on_certificate) != record.serial:
                return None
        except SerialError:
            return None
        said = _SAID[fact.kind](replace(fact, serial_on_certificate=""))
    ties = [
        (n, held.event_id < fact.event_id)
        for n, held in enumerate(record.facts)
        if held is not fact and (held.occurred_at == fact.occurred_at or held.known_at == fact.known_at)
    ]
    return (said, *ties)


def _enclosures(facts: Iterable[Fact]) -> set[str]:
    """What enclosures the facts name."""
    return {fact.enclosure for fact in facts if isinstance(fact, _ENCLOSED)} - {""}


def _renamed(fact: Fact, own: Sequence[Fact], theirs: Sequence[Fact]) -> Fact:
    """The fact as the example has it: with its enclosure, no serial, and of its facts the one that stands there."""
    if isinstance(fact, _ENCLOSED) and fact.enclosure:
        named = _enclosures(other for other in theirs if other is not fact)
        return replace(fact, enclosure=named.pop()) if named else fact
    if isinstance(fact, WipeVerified) and fact.wipe is not None:
        of = next(n for n, held in enumerate(own) if held.event_id == fact.wipe)
        return replace(fact, wipe=theirs[of].event_id)
    if isinstance(fact, CertificateIssued) and fact.serial_on_certificate:
        return replace(fact, serial_on_certificate="")
    return fact


def _without_names(record: Record) -> Record:
    return Record(record.serial, tuple(_renamed(fact, record.facts, record.facts) for fact in record.facts))


def _where_it_is_more(before: tuple[Fact, ...], now: tuple[Fact, ...]) -> int | None:
    """Where the one fact stands that is new; None where that is not all."""
    if len(now) != len(before) + 1:
        return None
    if now[:-1] == before:
        return len(before)
    for position, (was, fact) in enumerate(zip(before, now, strict=False)):
        if was is not fact:
            return position if now[position + 1 :] == before[position:] else None
    return None


def _asks_no_other_for_the_serial(cycle: CycleWorkings) -> bool:
    asking = cycle.readers.get(Whole.SERIAL, 0) >> (len(cycle.pieces) - len(CATALOGUE))
    return all(rule.id in MAY_ASK_FOR_THE_SERIAL for n, rule in enumerate(CATALOGUE) if asking >> n & 1)


def _own(record: Record, example: Example, before: Verdict | None) -> Sequence[Flag]:
    """The example's flags under this drive's names; those that the verdict before had too, as they were."""
    held: dict[int, Flag] = {}
    if before is not None and before.flags:
        assert isinstance(before.workings, Like)
        theirs = before.workings.example.verdict.flags
        held = {id(flag): own for flag, own in zip(theirs, before.flags, strict=True)}
    flags = []
    named = example.once(_subjects_that_name_a_fact)
    for flag in example.verdict.flags:
        own = held.get(id(flag))
        if own is None:
            position = named.get(flag.subject)
            if position is None:
                of, subject = flag.cycle, flag.subject
            else:
                of, subject = flag.contract, str(record.facts[position].event_id)
            own = flag.named(flag_id(record.serial, of, flag.kind, subject), subject)
        flags.append(own)
    return flags


def _subjects_that_name_a_fact(example: Example) -> Mapping[str, int]:
    """Where in the record the facts stand that flags are about, by the subjects of these flags."""
    positions = {str(fact.event_id): position for position, fact in enumerate(example.record.facts)}
    subjects = {flag.subject for flag in example.verdict.flags}
    return {subject: positions[subject] for subject in subjects & positions.keys()}
