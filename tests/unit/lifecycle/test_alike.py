"""What is spared where the same has happened to many drives: each kind is judged once, from where it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from unittest.mock import patch
from uuid import UUID

import pytest

from mitodoke.lifecycle import alike as alike_module
from mitodoke.lifecycle.alike import Alike, Like
from mitodoke.lifecycle.facts import DriveDestroyed, DriveReturned, Fact
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Verdict
from worlds import (
    NOTHING_AGREED,
    at,
    destroyed,
    enrolled,
    owes,
    policy,
    record,
    released,
    returned,
    under,
    verified,
    wiped,
)

OWES_DESTRUCTION = under(policy(owes("destruction", DriveReturned, DriveDestroyed, "10d", Role.DESTROYER)))
A_LIFE = (enrolled("04-01"), wiped("04-02"), verified("04-03"), returned("04-04"))
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
    """The same told of another drive, its events of these ids, or of ids in the same order."""
    ids = ids or tuple(range(1, len(facts) + 1))
    drive = sum(map(ord, serial))
    return tuple(
        replace(fact, serial=serial, event_id=UUID(int=number * 10_000 + drive))
        for fact, number in zip(facts, ids, strict=True)
    )


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


def test_more_than_one_fact_at_once_is_judged_as_by_itself_and_once() -> None:
    alike = Alike(100)
    for serial in (ONE, OTHER):
        facts = of(serial, A_LIFE)
        before = alike.judge(record(facts[:1], serial), OWES_DESTRUCTION, at("04-01"))
        with judgings() as seen:
            then = alike.judge(record(facts, serial), OWES_DESTRUCTION, at("04-20"), before)
        assert then == judge(record(facts, serial), OWES_DESTRUCTION, at("04-20"))
        assert len(seen) == (serial == ONE)


TOLD_TOGETHER = (released("04-01", known="04-03"), returned("04-02", known="04-03"))
"""Nobody knows the contract, and who is told so first is whose event has the lower id."""


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


def test_cleared_it_knows_no_example() -> None:
    alike = Alike(100)
    lived(alike, of(ONE, A_LIFE), OWES_DESTRUCTION)
    alike.clear()
    with judgings() as seen:
        lived(alike, of(OTHER, A_LIFE[:1]), OWES_DESTRUCTION)
    assert seen == [None]


def test_what_is_made_of_an_example_is_made_once() -> None:
    workings = lived(Alike(100), of(ONE, A_LIFE), OWES_DESTRUCTION)[-1].workings
    assert isinstance(workings, Like)
    made: list[object] = []

    def make(of: object) -> int:
        made.append(of)
        return len(made)

    assert (workings.example.once(make), workings.example.once(make)) == (1, 1)
    assert made == [workings.example]
