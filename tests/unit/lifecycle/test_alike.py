"""What is spared where the same has happened to many drives: each kind is judged once, from where it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch
from uuid import UUID

import pytest

from mitodoke.lifecycle import alike as alike_module
from mitodoke.lifecycle.alike import Alike, Like
from mitodoke.lifecycle.facts import (
    CertificateIssued,
    DriveDestroyed,
    DriveEnrolled,
    DriveRemoved,
    DriveReturned,
    Fact,
    WipeVerified,
)
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.lifecycle.workings import Workings
from worlds import (
    NOTHING_AGREED,
    at,
    certified,
    destroyed,
    enrolled,
    owes,
    policy,
    record,
    released,
    removed,
    returned,
    under,
    verified,
    wiped,
)

OWES_DESTRUCTION = under(policy(owes("destruction", DriveReturned, DriveDestroyed, "10d", Role.DESTROYER)))
A_LIFE = (enrolled("04-01"), wiped("04-02"), verified("04-03"), returned("04-04"))
TOLD_TOGETHER = (released("04-01", known="04-03"), returned("04-02", known="04-03"))
"""Nobody knows the contract, and who is told so first is whose event has the lower id."""

ONE, OTHER, THIRD = "ZK80397W", "ZK80137W", "ZK79982W"


@contextmanager
def judgings() -> Iterator[list[Verdict | None]]:
    """From what verdict each judging went on; None where it began with nothing."""
    seen: list[Verdict | None] = []

    def noted(record: Record, agreed: Reference, as_of: datetime, before: Verdict | None = None) -> Verdict:
        seen.append(before)
        return judge(record, agreed, as_of, before)

    with patch.object(alike_module, "judge", noted):
        yield seen


def of(serial: str, facts: tuple[Fact, ...], *ids: int) -> tuple[Fact, ...]:
    """The same told of another drive, its events of these ids, or of ids in the same order.

    What names another of the events, or the drive, names its own.
    """
    ids = ids or tuple(range(1, len(facts) + 1))
    drive = sum(map(ord, serial))
    names = {f.event_id: UUID(int=n * 10_000 + drive) for f, n in zip(facts, ids, strict=True)}
    own = []
    for fact in facts:
        fact = replace(fact, serial=serial, event_id=names[fact.event_id])
        if isinstance(fact, WipeVerified) and fact.wipe is not None:
            fact = replace(fact, wipe=names[fact.wipe])
        elif isinstance(fact, CertificateIssued) and fact.serial_on_certificate:
            fact = replace(fact, serial_on_certificate=serial)
        own.append(fact)
    return tuple(own)


def lived(alike: Alike, facts: tuple[Fact, ...], agreed: Reference, until: str = "05-30") -> list[Verdict]:
    """The verdict after each fact, and at each turning point of the silence that follows."""
    held, verdict = Record(facts[0].serial), None
    verdicts = []
    for fact in facts:
        held = fold(held, fact)
        verdict = alike.judge(held, agreed, fact.recorded_at, verdict)
        verdicts.append(verdict)
    while verdict is not None and verdict.turns_at is not None and verdict.turns_at <= at(until):
        verdict = alike.judge(held, agreed, verdict.turns_at, verdict)
        verdicts.append(verdict)
    return verdicts


def example(verdict: Verdict) -> object:
    assert isinstance(verdict.workings, Like)
    return verdict.workings.example


def test_each_kind_of_drive_is_judged_once_whatever_happens_to_it() -> None:
    alike = Alike(100)
    with judgings() as first:
        one = lived(alike, of(ONE, A_LIFE), OWES_DESTRUCTION)
    assert len(first) == len(one) > len(A_LIFE)
    assert "overdue" in {flag.kind for flag in one[-1].flags}
    with judgings() as then:
        other = lived(alike, of(OTHER, A_LIFE), OWES_DESTRUCTION)
    assert then == []
    assert [example(v) for v in other] == [example(v) for v in one]


def test_it_goes_on_from_the_verdict_before() -> None:
    with judgings() as seen:
        verdicts = lived(Alike(100), of(ONE, A_LIFE), OWES_DESTRUCTION)
    assert seen[0] is None
    assert [before and before.as_of for before in seen[1:]] == [v.as_of for v in verdicts[:-1]]


def test_it_goes_on_from_there_where_nothing_was_recorded_later() -> None:
    with judgings() as seen:
        lived(Alike(100), of(ONE, TOLD_TOGETHER), NOTHING_AGREED)
    assert seen[0] is None
    assert seen[1] is not None


def test_it_goes_on_from_there_where_a_fact_was_told_late() -> None:
    late = (
        enrolled("04-01"),
        returned("04-04"),
        wiped("04-02", known="04-05"),
        verified("04-03", known="04-06"),
    )
    alike = Alike(100)
    with judgings() as seen:
        [*_, last] = lived(alike, of(ONE, late), OWES_DESTRUCTION)
    assert seen[0] is None
    assert all(seen[1:])
    assert last == judge(record(of(ONE, late), ONE), OWES_DESTRUCTION, last.as_of)
    with judgings() as seen:
        lived(alike, of(OTHER, late), OWES_DESTRUCTION)
    assert seen == []


def test_a_drive_that_is_like_no_other_goes_on_from_its_own_verdict() -> None:
    with judgings() as seen:
        verdicts = lived(Alike(100), of("0000000000A1", A_LIFE), OWES_DESTRUCTION)
    assert [before and before.as_of for before in seen] == [None, *(v.as_of for v in verdicts[:-1])]


WIPE = wiped("04-02", name="the wipe")
NAMES_ITS_OWN = (
    enrolled("04-01"),
    WIPE,
    verified("04-03", wipe="the wipe", accepted=False),
    returned("04-04"),
    certified("04-05", serial_on_certificate="its own"),
)
"""Two of these name something that no other drive has: one of its events, and its serial."""


def test_what_names_an_event_or_the_drive_itself_is_alike_too() -> None:
    alike = Alike(100)
    lived(alike, of(ONE, NAMES_ITS_OWN), OWES_DESTRUCTION)
    with judgings() as seen:
        verdicts = lived(alike, of(OTHER, NAMES_ITS_OWN), OWES_DESTRUCTION)
    assert seen == []
    for verdict, count in zip(verdicts, range(1, len(NAMES_ITS_OWN) + 1), strict=False):
        alone = judge(record(of(OTHER, NAMES_ITS_OWN)[:count], OTHER), OWES_DESTRUCTION, verdict.as_of)
        assert verdict == alone


@pytest.mark.parametrize("told", range(1, len(NAMES_ITS_OWN)))
def test_an_example_that_another_drive_goes_on_from_is_told_its_own_names(told: int) -> None:
    alike = Alike(100)
    lived(alike, of(ONE, NAMES_ITS_OWN)[:told], OWES_DESTRUCTION)
    with judgings() as seen:
        [*_, last] = lived(alike, of(OTHER, NAMES_ITS_OWN), OWES_DESTRUCTION)
    assert seen
    assert all(seen)
    assert last == judge(record(of(OTHER, NAMES_ITS_OWN), OTHER), OWES_DESTRUCTION, last.as_of)


def test_what_names_an_event_is_alike_where_it_is_read_anew() -> None:
    alike = Alike(100)
    for serial in (ONE, OTHER):
        facts = of(serial, NAMES_ITS_OWN)
        with judgings() as seen:
            found = alike.judge(record(facts, serial), OWES_DESTRUCTION, at("04-20"))
        assert found == judge(record(facts, serial), OWES_DESTRUCTION, at("04-20"))
        assert len(seen) == (serial == ONE)


def test_a_verification_of_a_wipe_that_nobody_told_of_is_judged_by_itself() -> None:
    enrolment, verification = of(ONE, (enrolled("04-01"), verified("04-03")))
    assert isinstance(verification, WipeVerified)
    facts = (enrolment, replace(verification, wipe=UUID(int=7)))
    [first, last] = lived(Alike(100), facts, under())
    assert isinstance(first.workings, Like)
    assert isinstance(last.workings, Workings)
    assert last == judge(record(facts, ONE), under(), last.as_of)


def in_enclosures(facts: tuple[Fact, ...], *names: str) -> tuple[Fact, ...]:
    """The facts, those that may name an enclosure with these names."""
    named = iter(names)
    return tuple(
        replace(fact, enclosure=next(named)) if isinstance(fact, DriveEnrolled | DriveRemoved) else fact
        for fact in facts
    )


TAKEN_OUT = (enrolled("04-01"), wiped("04-02"), removed("04-03"), returned("04-04"))


@pytest.mark.parametrize(
    ("one", "other"),
    [(("A-1", "A-1"), ("B-2", "B-2")), (("A-1", ""), ("B-2", "")), (("", "A-1"), ("", "B-2"))],
)
def test_drives_alike_come_each_from_an_enclosure_of_its_own(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    alike = Alike(100)
    for serial, names in ((ONE, one), (OTHER, other)):
        with judgings() as seen:
            verdicts = lived(alike, in_enclosures(of(serial, TAKEN_OUT), *names), OWES_DESTRUCTION)
        assert "conflicting_facts" not in {flag.kind for flag in verdicts[-1].flags}
    assert seen == []


def test_what_names_an_enclosure_is_not_like_what_names_none() -> None:
    alike = Alike(100)
    first, other = (
        lived(alike, in_enclosures(of(serial, TAKEN_OUT), *names), OWES_DESTRUCTION)
        for serial, names in ((ONE, ("A-1", "A-1")), (OTHER, ("", "A-1")))
    )
    assert all(example(a) is not example(b) for a, b in zip(first, other, strict=True))


def test_an_example_that_another_drive_goes_on_from_stays_in_its_own_enclosure() -> None:
    alike = Alike(100)
    lived(alike, in_enclosures(of(ONE, TAKEN_OUT[:2]), "A-1"), OWES_DESTRUCTION, until="04-02")
    own = in_enclosures(of(OTHER, TAKEN_OUT), "B-2", "B-2")
    with judgings() as seen:
        verdicts = lived(alike, own, OWES_DESTRUCTION)
    assert seen and None not in seen
    assert all(isinstance(verdict.workings, Like) for verdict in verdicts)
    assert verdicts[-1] == judge(record(own, OTHER), OWES_DESTRUCTION, verdicts[-1].as_of)
    assert "conflicting_facts" not in {flag.kind for flag in verdicts[-1].flags}


def test_a_drive_of_which_two_enclosures_are_told_is_judged_by_itself_and_told_its_own() -> None:
    alike = Alike(100)
    lived(alike, in_enclosures(of(ONE, TAKEN_OUT), "A-1", "A-1"), OWES_DESTRUCTION)
    verdicts = lived(alike, in_enclosures(of(OTHER, TAKEN_OUT), "A-2", "B-2"), OWES_DESTRUCTION)
    assert isinstance(verdicts[1].workings, Like)
    assert isinstance(verdicts[2].workings, Workings)
    [conflict] = [flag for flag in verdicts[-1].flags if flag.kind == "conflicting_facts"]
    assert "out of B-2" in conflict.message


def test_where_a_rule_asks_for_the_serial_drives_are_judged_by_themselves() -> None:
    facts = of(ONE, A_LIFE)
    with patch.object(alike_module, "MAY_ASK_FOR_THE_SERIAL", frozenset[str]()):
        verdicts = lived(Alike(100), facts, OWES_DESTRUCTION)
    assert all(isinstance(verdict.workings, Workings) for verdict in verdicts)
    assert all(isinstance(v.workings, Like) for v in lived(Alike(100), facts, OWES_DESTRUCTION))


def test_more_than_one_fact_at_once_is_judged_as_by_itself_and_once() -> None:
    alike = Alike(100)
    for serial in (ONE, OTHER):
        facts = of(serial, A_LIFE)
        before = alike.judge(record(facts[:1], serial), OWES_DESTRUCTION, at("04-01"))
        with judgings() as seen:
            then = alike.judge(record(facts, serial), OWES_DESTRUCTION, at("04-20"), before)
        assert then == judge(record(facts, serial), OWES_DESTRUCTION, at("04-20"))
        assert len(seen) == (serial == ONE)


@pytest.mark.parametrize(("ids", "accused"), [((1, 2), "prefecture"), ((3, 2), "lessor")])
def test_among_facts_that_were_known_together_the_ids_decide(ids: tuple[int, int], accused: str) -> None:
    alike = Alike(100)
    lived(alike, of(ONE, TOLD_TOGETHER, 1, 2), NOTHING_AGREED)
    verdict = lived(alike, of(OTHER, TOLD_TOGETHER, *ids), NOTHING_AGREED)[-1]
    [flag] = [flag for flag in verdict.flags if flag.kind == "unknown_contract"]
    assert flag.party == accused


def test_those_whose_ids_stand_otherwise_are_judged_once_too() -> None:
    alike = Alike(100)
    lived(alike, of(ONE, TOLD_TOGETHER, 1, 2), NOTHING_AGREED)
    with judgings() as second:
        lived(alike, of(OTHER, TOLD_TOGETHER, 3, 2), NOTHING_AGREED)
    assert second == [None]
    with judgings() as third:
        lived(alike, of(THIRD, TOLD_TOGETHER, 3, 2), NOTHING_AGREED)
    assert third == []


def test_of_more_examples_than_there_is_room_for_the_one_used_last_is_kept() -> None:
    alike = Alike(2)
    days = {ONE: "04-01", OTHER: "04-02", THIRD: "04-03"}
    lives = {serial: of(serial, (enrolled(day),)) for serial, day in days.items()}
    for serial in (ONE, OTHER, ONE, THIRD):
        lived(alike, lives[serial], OWES_DESTRUCTION)
    with judgings() as seen:
        lived(alike, lives[ONE], OWES_DESTRUCTION)
        lived(alike, lives[THIRD], OWES_DESTRUCTION)
    assert seen == []
    with judgings() as seen:
        lived(alike, lives[OTHER], OWES_DESTRUCTION)
    assert seen == [None]


def test_flags_that_stood_before_are_the_same_flags() -> None:
    alike = Alike(100)
    for serial in (ONE, OTHER):
        verdicts = lived(alike, of(serial, (returned("04-04"), destroyed("04-30"))), OWES_DESTRUCTION)
        before, after = verdicts[-2:]
        kept = [flag for flag in after.flags if any(flag is held for held in before.flags)]
        assert len(kept) == len([flag for flag in after.flags if flag in before.flags]) > 0


@pytest.mark.parametrize(("days_later", "known"), [(-1, False), (0, False), (1, True)])
def test_what_counts_from_before_an_example_was_judged_makes_it_forget_and_nothing_else_does(
    days_later: int, known: bool
) -> None:
    alike = Alike(100)
    last = lived(alike, of(ONE, A_LIFE), OWES_DESTRUCTION)[-1]
    lived(alike, of(ONE, A_LIFE[:1]), OWES_DESTRUCTION, until="01-01")
    alike.learn_of(last.as_of + timedelta(days=days_later))
    with judgings() as seen:
        lived(alike, of(OTHER, A_LIFE[:1]), OWES_DESTRUCTION)
    assert seen == ([] if known else [None])


def test_what_is_made_of_an_example_is_made_once() -> None:
    workings = lived(Alike(100), of(ONE, A_LIFE), OWES_DESTRUCTION)[-1].workings
    assert isinstance(workings, Like)
    made: list[object] = []

    def make(of: object) -> int:
        made.append(of)
        return len(made)

    assert (workings.example.once(make), workings.example.once(make)) == (1, 1)
    assert made == [workings.example]
