"""Drives to which the same has happened are judged once, and each is told what it would be told by itself."""

import os
import random
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from histories import History, histories, told_in_order
from mitodoke.lifecycle.alike import MAY_ASK_FOR_THE_SERIAL, Alike, Like
from mitodoke.lifecycle.facts import (
    CertificateIssued,
    DriveDestroyed,
    DriveEnrolled,
    DriveRemoved,
    DriveReturned,
    Fact,
    FactRetracted,
    WipeVerified,
)
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.lifecycle.workings import Workings
from worlds import at, certified, destroyed, enrolled, owes, policy, record, returned, under, verified, wiped

EXAMPLES = os.environ.get("MITODOKE_EXAMPLES")
look = settings(max_examples=int(EXAMPLES or 60), derandomize=EXAMPLES is None, deadline=None)

SERIALS = ("ZK80397W", "ZK80137W", "ZK79982W")
# A bridge's own number is a finding by itself: such a drive is like no other.
NUMBERS = (*SERIALS, "0000000000A1")


def under_another_name(facts: tuple[Fact, ...], serial: str, chance: random.Random) -> tuple[Fact, ...]:
    """The same reports of another drive: other events, with the same word for word."""
    enclosures = {"A-1": chance.choice(("A-1", f"of {serial}"))}
    names: dict[UUID, UUID] = {f.event_id: UUID(int=chance.getrandbits(128), version=4) for f in facts}
    other = []
    for fact in facts:
        fact = replace(fact, serial=serial, event_id=names[fact.event_id])
        if isinstance(fact, WipeVerified) and fact.wipe is not None:
            fact = replace(fact, wipe=names.get(fact.wipe, fact.wipe))
        elif isinstance(fact, DriveEnrolled | DriveRemoved):
            fact = replace(fact, enclosure=enclosures.get(fact.enclosure, fact.enclosure))
        elif isinstance(fact, FactRetracted):
            fact = replace(fact, retracted=names.get(fact.retracted, fact.retracted))
        elif isinstance(fact, CertificateIssued) and fact.serial_on_certificate and chance.random() < 0.5:
            fact = replace(fact, serial_on_certificate=serial)
        other.append(fact)
    return tuple(other)


def lived(alike: Alike, serial: str, facts: tuple[Fact, ...], agreed: Reference) -> list[Verdict]:
    """All verdicts on the drive, fact by fact and by turning points, each held against one found by itself."""
    held, verdict = Record(serial), None
    verdicts: list[Verdict] = []

    def judged() -> Verdict:
        seen = agreed.read_through(moment)
        found = alike.judge(held, seen, moment, verdict)
        assert found == judge(held, seen, moment)
        verdicts.append(found)
        return found

    for fact in sorted(facts, key=lambda fact: fact.recorded_at):
        moment = fact.recorded_at
        while verdict is not None and verdict.turns_at is not None and verdict.turns_at <= fact.recorded_at:
            moment = verdict.turns_at
            verdict = judged()
        moment = fact.recorded_at if verdict is None else max(verdict.as_of, fact.recorded_at)
        held = fold(held, fact)
        verdict = judged()
    for _ in range(5):
        if verdict is not None and verdict.turns_at is not None:
            moment = verdict.turns_at
            verdict = judged()
    return verdicts


@look
@given(st.one_of(histories(), told_in_order()), st.integers(0, 2**32))
def test_each_is_told_what_it_would_be_told_by_itself(history: History, seed: int) -> None:
    chance, alike, agreed = random.Random(seed), Alike(1000), history.agreed
    once = tuple({fact.event_id: fact for fact in history.facts}.values())
    for serial in NUMBERS:
        facts = under_another_name(once, serial, chance)
        if chance.random() < 0.3:
            facts = facts[: chance.randrange(len(facts) + 1)]
        lived(alike, serial, facts, agreed)


@look
@given(told_in_order(), st.integers(0, 2**32))
def test_with_room_for_few_examples_it_says_the_same(history: History, seed: int) -> None:
    chance, alike = random.Random(seed), Alike(2)
    for serial in SERIALS:
        lived(alike, serial, under_another_name(history.facts, serial, chance), history.agreed)


A_LIFE = (
    enrolled("04-01"),
    wiped("04-02"),
    verified("04-03"),
    returned("04-04"),
    destroyed("04-05"),
    certified("04-06"),
)


def test_drives_of_one_lot_share_their_workings() -> None:
    chance, alike, agreed = random.Random(1), Alike(100), under()
    first, second = (
        lived(alike, serial, under_another_name(A_LIFE, serial, chance), agreed) for serial in SERIALS[:2]
    )
    for one, other in zip(first, second, strict=True):
        assert isinstance(one.workings, Like)
        assert isinstance(other.workings, Like)
        assert one.workings.example is other.workings.example


def test_a_drive_whose_number_is_suspect_is_like_no_other() -> None:
    verdicts = lived(Alike(10), NUMBERS[-1], A_LIFE, under())
    assert all(isinstance(verdict.workings, Workings) for verdict in verdicts)
    assert "suspect_serial" in {flag.kind for flag in verdicts[-1].flags}


def test_a_certificate_that_names_the_drive_is_like_one_that_names_none_and_one_of_another_is_not() -> None:
    alike, agreed = Alike(100), under()

    def with_paper_of(serial: str, named: str) -> Verdict:
        paper = replace(A_LIFE[-1], serial_on_certificate=named)
        *others, paper_of_this = under_another_name((*A_LIFE[:-1], paper), serial, random.Random(2))
        assert isinstance(paper_of_this, CertificateIssued)
        facts = (*others, replace(paper_of_this, serial_on_certificate=named))
        return lived(alike, serial, facts, agreed)[-1]

    none, own, of_another = (
        with_paper_of(SERIALS[0], ""),
        with_paper_of(SERIALS[1], SERIALS[1]),
        with_paper_of(SERIALS[2], SERIALS[0]),
    )
    assert isinstance(none.workings, Like)
    assert isinstance(own.workings, Like)
    assert none.workings.example is own.workings.example
    assert isinstance(of_another.workings, Workings)
    assert "conflicting_facts" in {flag.kind for flag in of_another.flags}


def test_a_drive_read_anew_finds_the_example_of_those_that_were_not() -> None:
    alike, agreed, as_of = Alike(100), under(), at("05-01")
    one, other = (
        alike.judge(record(under_another_name(A_LIFE, serial, random.Random(3))), agreed, as_of)
        for serial in SERIALS[:2]
    )
    assert isinstance(one.workings, Like)
    assert isinstance(other.workings, Like)
    assert one.workings.example is other.workings.example


def test_the_rules_that_may_ask_for_the_serial_are_rules() -> None:
    assert {rule.id for rule in CATALOGUE} >= MAY_ASK_FOR_THE_SERIAL


def test_a_second_lease_is_named_by_the_drives_own_event() -> None:
    alike, agreed = (
        Alike(100),
        under(policy(owes("return", DriveEnrolled, DriveReturned, "30d", Role.LESSOR))),
    )
    leases = (enrolled("04-01"), returned("04-04"), enrolled("05-01"), returned("05-04"))
    names = set()
    for number, serial in enumerate(SERIALS[:2]):
        verdict = lived(alike, serial, under_another_name(leases, serial, random.Random(number)), agreed)[-1]
        names |= {owed.cycle for owed in verdict.obligations}
    assert len(names) == 3


def test_the_same_facts_looked_at_later_are_another_example() -> None:
    alike, serial = Alike(100), SERIALS[0]
    agreed = under(policy(owes("destruction", DriveReturned, DriveDestroyed, "45d", Role.DESTROYER)))
    end = record(A_LIFE[:4], serial)
    before = alike.judge(record(A_LIFE[:3], serial), agreed, at("04-03"))
    for as_of in (at("04-04"), at("12-31")):
        assert alike.judge(end, agreed, as_of, before) == judge(end, agreed, as_of)


def test_which_wipe_was_rejected_is_part_of_what_was_said() -> None:
    wipes = (wiped("04-02"), wiped("04-03"))
    alike, agreed, chance = Alike(100), under(), random.Random(4)
    for rejected, serial in zip(wipes, SERIALS, strict=False):
        no = replace(verified("04-05", accepted=False), wipe=rejected.event_id)
        lived(alike, serial, under_another_name((A_LIFE[0], *wipes, no), serial, chance), agreed)
