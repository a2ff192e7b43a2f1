"""Random histories of thousands of drives under shared contracts, policies and shipments; the same for the same seed.

Half of the drives go through the chain as one would wish, with some steps left out; the others are reported at random.
Reports come late, twice, as imported history and under another contract, and are taken back; flags are acknowledged
and waived; contracts are amended, change their policy, and shipments are closed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from histories import CONTRACTS, DAYS, FULL, PARTIES, SPARE, START
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.reference import Reference, ReferenceFact
from mitodoke.lifecycle.verdict import Flag
from worlds import (
    CARRIER,
    DESTROYER,
    LESSOR,
    OWNER,
    SANITISER,
    STRANGER,
    accepted,
    acknowledged,
    amended,
    approval,
    certified,
    closed,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    export_approved,
    exported,
    initialised,
    lease_ended,
    lost,
    named,
    published,
    record,
    recovered,
    reference,
    registered,
    released,
    removed,
    reported,
    retracted,
    returned,
    sighted,
    transferred,
    verified,
    waived,
    wiped,
)

Says = Callable[..., Fact]

SOME_TIME_AFTER: Final = START + timedelta(days=2 * DAYS)
"""When people look at what was flagged, and answer."""

DRIVES_IN_A_SHIPMENT: Final = 40

_CHAIN: Final[tuple[Says, ...]] = (
    enrolled, lease_ended, wiped, verified, released, dispatched, transferred, transferred, delivered, returned,
    destroyed, certified, accepted,
)  # fmt: skip
ANYTHING: Final[tuple[Says, ...]] = (
    *_CHAIN, initialised, sighted, lost, recovered, removed, export_approved, exported, reported, returned, enrolled,
)  # fmt: skip
_DELAYS: Final = (timedelta(0), timedelta(0), timedelta(hours=3), timedelta(hours=30), timedelta(days=40))


@dataclass(frozen=True)
class Chains:
    """All that was reported and agreed, each in the order of its log."""

    facts: tuple[Fact, ...]
    agreements: tuple[ReferenceFact, ...]

    @property
    def agreed(self) -> Reference:
        """The whole reference log."""
        return reference(*self.agreements)


def chains(drives: int, seed: int) -> Chains:
    """Random histories of so many drives."""
    chance = random.Random(seed)
    agreements = tuple(sorted(_agreements(chance, drives), key=_recorded_at))
    agreed = reference(*agreements)
    facts = [
        fact
        for number in range(drives)
        for fact in _history(chance, f"ZR{number:06}", number // DRIVES_IN_A_SHIPMENT, agreed)
    ]
    return Chains(tuple(sorted(facts, key=_recorded_at)), agreements)


def _recorded_at(fact: Fact | ReferenceFact) -> datetime:
    return fact.recorded_at


def _moment(chance: random.Random) -> datetime:
    # To the hour, so that much falls together.
    return START + timedelta(hours=chance.randrange(DAYS * 24))


def _agreements(chance: random.Random, drives: int) -> Iterator[ReferenceFact]:
    first, second = CONTRACTS
    yield published(FULL, "2018-06-01")
    yield published(SPARE, "2018-06-02")
    yield registered(first, "2018-06-03")
    # Registered after facts of it were recorded, and counting from before some of them.
    yield registered(second, START + timedelta(days=10), counts_from=START + timedelta(days=5))
    yield amended(_moment(chance), approval(SANITISER, Role.SANITISER, None, _moment(chance)), contract=first)
    yield amended(_moment(chance), approval(STRANGER, Role.CARRIER, _moment(chance)), contract=first)
    changed_at = START + timedelta(days=40)
    yield amended(changed_at, version=2, contract=second)
    yield amended(changed_at + timedelta(days=chance.randrange(20, 50)), version=1, contract=second)
    for shipment in range(drives // DRIVES_IN_A_SHIPMENT + 1):
        for contract in CONTRACTS:
            if chance.random() < 0.5:
                at = _moment(chance)
                imported = START + (at - START) / 2 if chance.random() < 0.3 else None
                yield closed(at, f"S-{shipment}", contract, imported)


def _history(chance: random.Random, serial: str, shipment: int, agreed: Reference) -> list[Fact]:
    contract = chance.choice((*CONTRACTS, CONTRACTS[0]))
    if chance.random() < 0.5:
        facts = list(_as_one_would_wish(chance, serial, shipment, contract))
    else:
        facts = list(at_random(chance, serial, shipment, contract))
    facts = list({fact.event_id: fact for fact in facts}.values())
    if chance.random() < 0.3:
        gone = chance.choice(facts)
        facts.append(taken_back(chance, gone))
        if chance.random() < 0.5:
            facts.append(_corrected(chance, gone))
    if chance.random() < 0.4:
        flags = judge(record(facts, serial), agreed, SOME_TIME_AFTER).flags
        facts += answers(chance, serial, flags, START, for_hours=900)
    repeated = [fact for fact in facts if chance.random() < 0.05]
    return facts + [replace(fact, recorded_at=fact.recorded_at + timedelta(hours=7)) for fact in repeated]


def _as_one_would_wish(chance: random.Random, serial: str, shipment: int, contract: str) -> Iterator[Fact]:
    at = START + timedelta(hours=chance.randrange(DAYS * 12))
    for number, says in enumerate(_CHAIN):
        at += timedelta(hours=chance.choice((0, 1, 5, 30, 24 * 12)))
        if chance.random() < 0.9:
            yield report(chance, says, at, serial, shipment, contract, second_word=number == 7)


def at_random(chance: random.Random, serial: str, shipment: int, contract: str) -> Iterator[Fact]:
    for _ in range(chance.randrange(1, 14)):
        of = contract if chance.random() < 0.8 else chance.choice(CONTRACTS)
        says = chance.choice(ANYTHING)
        yield report(chance, says, _moment(chance), serial, shipment, of, second_word=chance.random() < 0.5)


def report(
    chance: random.Random,
    says: Says,
    at: datetime,
    serial: str,
    shipment: int,
    contract: str,
    second_word: bool,
) -> Fact:
    pick = chance.choice
    fields: dict[str, Any] = {}
    if says in (released, returned, dispatched, delivered):
        fields["shipment"] = f"S-{shipment if chance.random() < 0.9 else shipment + 1}"
    if says in (enrolled, removed):
        fields["enclosure"] = pick(("", "A-1", "A-1", "a-1", "B-2"))
    if says is enrolled:
        fields |= {"media_type": pick(("", "hdd", "ssd")), "data_class": pick(("", "open", "secret"))}
    elif says is wiped:
        fields |= {"passed": chance.random() < 0.8, "method": pick(("overwrite", "degauss", "block_erase"))}
    elif says is verified:
        fields |= {"accepted": chance.random() < 0.7, "by": pick((OWNER, SANITISER))}
    elif says is released:
        fields |= {"seal": pick(("", "A", "B"))}
    elif says is dispatched:
        fields |= {"seal": pick(("A", "A", "B")), "crew": pick(((), ("x",), ("x", "y")))}
        fields["eta"] = pick((None, at + timedelta(hours=chance.randrange(-5, 60))))
    elif says in (returned, delivered):
        fields |= {"seal_found": pick(("", "A", "B"))}
    elif says is transferred:
        fields |= {"by": DESTROYER if second_word else LESSOR}
    elif says is destroyed:
        fields |= {
            "method": pick(("shred", "crush")),
            "security_level": pick(("", "H-4")),
            "place": pick(("", OWNER, LESSOR)),
            "witness_party": pick((OWNER, DESTROYER)),
            "witness": pick(("operator", "w")),
            "evidence": pick(((), ("photo",))),
        }
    elif says is certified:
        fields |= {"serial_on_certificate": pick(("", "", "OTHER1")), "method": pick(("", "shred", "melt"))}
    elif says is export_approved:
        fields |= {
            "carrier": pick(("", CARRIER)),
            "return_by": at + timedelta(hours=chance.randrange(-5, 60)),
        }
    elif says is exported:
        fields |= {"carrier": pick(("", CARRIER, STRANGER))}
    elif says is reported:
        fields |= {"report": pick(("to_owner", "final"))}
    if chance.random() < 0.1:
        fields["by"] = pick(PARTIES)
    return says(
        at,
        known=at + pick(_DELAYS),
        serial=serial,
        contract=contract,
        backfilled=chance.random() < 0.15,
        name=f"{chance.getrandbits(64)}",
        **fields,
    )


def taken_back(chance: random.Random, fact: Fact) -> Fact:
    at = fact.recorded_at + timedelta(hours=chance.randrange(1, 400))
    return retracted(
        at,
        by=fact.party if chance.random() < 0.8 else STRANGER,
        serial=fact.serial,
        contract=fact.contract,
        retracted=fact.event_id,
        name=f"{chance.getrandbits(64)}",
    )


def _corrected(chance: random.Random, fact: Fact) -> Fact:
    """The same again, rightly, after it was taken back."""
    return replace(
        fact,
        event_id=named(f"{chance.getrandbits(64)}"),
        occurred_at=fact.occurred_at + timedelta(hours=chance.randrange(-30, 30)),
        recorded_at=fact.recorded_at + timedelta(hours=chance.randrange(400, 500)),
    )


def answers(
    chance: random.Random, serial: str, flags: Sequence[Flag], since: datetime, for_hours: float
) -> Iterator[Fact]:
    """Waivers and acknowledgements of some of the flags, each said at some time after it was evident and `since`."""
    for flag in chance.sample(flags, min(len(flags), 3)):
        at = max(since, flag.evident_at + timedelta(hours=chance.randrange(0, 500))).replace(microsecond=0)
        about = {
            "by": chance.choice((OWNER, OWNER, LESSOR, STRANGER)),
            "person": chance.choice(("operator", "another")),
            "serial": serial,
            "contract": flag.contract,
            "flag": flag.flag_id,
            "known": at + chance.choice(_DELAYS[:3]),
            "name": f"{chance.getrandbits(64)}",
        }
        if chance.random() < 0.5:
            yield waived(at, **about)
        else:
            yield acknowledged(at, until=at + timedelta(hours=for_hours * chance.random()), **about)
