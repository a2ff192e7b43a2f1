"""Which facts can change what a rule finds, and which cannot: on both sides of each limit.

Each row is a drive, one fact more of it that is later than all others, and whether the rule has to be asked for it.
What it then finds is compared with what it finds of all at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

import mitodoke.lifecycle.judge as judging
from histories import STRICT
from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DriveDelivered, DriveDispatched, Fact
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Rule
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Per, Policy
from mitodoke.lifecycle.record import Record, fold
from worlds import (
    CARRIER,
    CONTRACT,
    DESTROYER,
    DRIVE,
    LESSOR,
    LOT,
    OWNER,
    STRANGER,
    accepted,
    at,
    certified,
    closed,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    lease_ended,
    lost,
    owes,
    policy,
    published,
    reference,
    registered,
    released,
    removed,
    returned,
    sighted,
    transferred,
    verified,
    wiped,
)

POLICY = replace(STRICT, version=1)


@dataclass(frozen=True)
class Row:
    """A drive, one fact more, and whether the rule has to be asked; `why` says it in words."""

    rule: str
    why: str
    told: tuple[Fact, ...]
    more: Fact
    asked: bool
    closed: str = ""
    of: Policy | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.why}"


def Told(*facts: Fact) -> tuple[Fact, ...]:
    """A drive that was enrolled on the first of March, and of which these were told."""
    return enrolled("03-01", media_type="hdd"), *facts


OFFICE = "04-19 10:00"  # a Friday
SUNDAY = "04-21 10:00"
PROVEN = {"evidence": ("photo",)}
LOT_2 = {"shipment": "LOT-2"}

ROWS = [
    Row("late_report", "told in time", Told(), released("04-20", known="04-21"), asked=False),
    Row("late_report", "told late", Told(), released("04-20", known="04-21 09:01"), asked=True),
    Row("off_hours", "on a Friday morning", Told(), released(OFFICE), asked=False),
    Row("off_hours", "on a Sunday", Told(), released(SUNDAY), asked=True),
    Row("evidence_missing", "with its photograph", Told(), wiped("04-20", **PROVEN), asked=False),
    Row("evidence_missing", "without", Told(), wiped("04-20"), asked=True),
    Row("unapproved_party", "by who is approved", Told(), released("04-20"), asked=False),
    Row("unapproved_party", "by a stranger", Told(), released("04-20", by=STRANGER), asked=True),
    Row("unapproved_party", "for a stranger", Told(), released("04-20", to_party=STRANGER), asked=True),
    Row("understaffed_transit", "two, as asked", Told(), dispatched("04-20", crew=("a", "b")), asked=False),
    Row("understaffed_transit", "one alone", Told(), dispatched("04-20", crew=("a",)), asked=True),
    #
    Row("seal_mismatch", "it leaves sealed, after all arrivals", Told(returned("04-19", seal_found="A")),
        dispatched("04-20", seal="B"), asked=False),
    Row("seal_mismatch", "it leaves sealed, at the moment of an arrival",
        Told(released("04-18", seal="A"), returned("04-20", seal_found="B")), dispatched("04-20", seal="B"),
        asked=True),
    Row("seal_mismatch", "it leaves without a seal", Told(), dispatched("04-20"), asked=True),
    Row("seal_mismatch", "it arrives as it left", Told(released("04-18", seal="A")),
        returned("04-20", seal_found=" a "), asked=False),
    Row("seal_mismatch", "it arrives under another seal", Told(released("04-18", seal="A")),
        returned("04-20", seal_found="B"), asked=True),
    Row("seal_mismatch", "it had left twice", Told(released("04-18", seal="B"), dispatched("04-19", seal="A")),
        returned("04-20", seal_found="A"), asked=True),
    Row("seal_mismatch", "it arrives again", Told(released("04-18", seal="A"), returned("04-19")),
        delivered("04-20", seal_found="A"), asked=True),
    #
    Row("not_on_manifest", "it leaves with what has not arrived", Told(returned("04-19")),
        dispatched("04-20", **LOT_2), asked=False),
    Row("not_on_manifest", "it leaves with what has arrived", Told(returned("04-19")), dispatched("04-20"), asked=True),
    Row("not_on_manifest", "it arrives, and was known to have left", Told(released("04-19", known="04-20")),
        returned("04-20"), asked=False),
    Row("not_on_manifest", "it arrives, and is told later to have left", Told(released("04-19", known="04-20 09:01")),
        returned("04-20"), asked=True),
    Row("not_on_manifest", "it arrives with another lot", Told(released("04-19")), returned("04-20", **LOT_2),
        asked=True),
    #
    Row("missing_at_close", "it arrives from what it is missed from", Told(released("04-18")), returned("04-20"),
        asked=True, closed="04-19"),
    Row("missing_at_close", "it arrives from elsewhere", Told(released("04-18")), returned("04-20", **LOT_2),
        asked=False, closed="04-19"),
    Row("missing_at_close", "it arrives, and is missed from nothing", Told(released("04-18")), returned("04-20"),
        asked=False),
    Row("missing_at_close", "it leaves, and its arrival is not owed", Told(), released("04-20"), asked=True),
    Row("missing_at_close", "it leaves, and its arrival is owed", Told(), dispatched("04-20"), asked=False),
    Row("missing_at_close", "it leaves again with the same lot", Told(released("04-19")), dispatched("04-20"),
        asked=True),
    Row("missing_at_close", "its arrival is owed, and not shipment by shipment", Told(), dispatched("04-20"),
        asked=True, of=policy(owes("arrival", DriveDispatched, DriveDelivered, "2d", Role.CARRIER))),
    Row("missing_at_close", "something else is owed shipment by shipment", Told(), dispatched("04-20"),
        asked=True, of=policy(owes("again", DriveDispatched, DriveDispatched, "2d", Role.CARRIER, Per.SHIPMENT))),
    #
    Row("skipped_step", "all steps before it were known", Told(lease_ended("04-18", known="04-20")), wiped("04-20"),
        asked=False),
    Row("skipped_step", "a step before it became known later", Told(lease_ended("04-18", known="04-20 09:01")),
        wiped("04-20"), asked=True),
    Row("skipped_step", "a step before it is missing", Told(), wiped("04-20"), asked=True),
    Row("skipped_step", "another step shares its moment", Told(lease_ended("04-18"), released("04-20")),
        wiped("04-20"), asked=True),
    Row("skipped_step", "another step before shares its moment", Told(lease_ended("04-20")), wiped("04-20"),
        asked=True),
    Row("skipped_step", "the first step, later than all", Told(wiped("04-19")), lease_ended("04-20"), asked=False),
    #
    Row("not_the_holder", "who holds it gives it", Told(returned("04-18")),
        transferred("04-20", from_party=LESSOR, to_party=CARRIER), asked=True),
    Row("not_the_holder", "and gives it again", Told(returned("04-17"), released("04-18", by=LESSOR, to_party=CARRIER)),
        transferred("04-20", from_party=LESSOR, to_party=CARRIER), asked=False),
    Row("not_the_holder", "another gives it", Told(returned("04-17"), released("04-18", by=LESSOR, to_party=CARRIER)),
        transferred("04-20", from_party=DESTROYER, to_party=STRANGER), asked=True),
    Row("not_the_holder", "it is received", Told(released("04-18", to_party=LESSOR)), returned("04-20"), asked=False),
    Row("not_the_holder", "it is given under another contract",
        Told(returned("04-17"), released("04-18", by=LESSOR, to_party=CARRIER), sighted("04-19", contract="K-OTHER")),
        transferred("04-20", contract="K-OTHER", from_party=DESTROYER, to_party=STRANGER), asked=False),
    #
    Row("not_sanitised", "it leaves once more", Told(released("04-18")), dispatched("04-20"), asked=False),
    Row("not_sanitised", "it leaves for the first time", Told(), released("04-20"), asked=True),
    Row("not_sanitised", "it leaves once more, told as early", Told(dispatched("04-18", known="04-20")),
        released("04-20"), asked=True),
    Row("not_sanitised", "it leaves once more, after that was mended",
        Told(wiped("04-17", known="04-19"), released("04-18")), dispatched("04-20"), asked=True),
    Row("not_sanitised", "a wipe is accepted", Told(wiped("04-17"), released("04-18")), verified("04-20"), asked=False),
    Row("not_sanitised", "a wipe is rejected", Told(wiped("04-17"), released("04-18")),
        verified("04-20", accepted=False), asked=True),
    Row("not_sanitised", "it is wiped after it has left", Told(released("04-18")), wiped("04-20"), asked=False),
    Row("not_sanitised", "it is destroyed at the moment at which it leaves", Told(dispatched("04-20")),
        destroyed("04-20"), asked=True),
    Row("weak_method", "a wipe is accepted", Told(wiped("04-18")), verified("04-20"), asked=False),
    Row("weak_method", "a wipe is rejected", Told(wiped("04-18")), verified("04-20", accepted=False), asked=True),
    Row("wipe_rejected", "a wipe is accepted", Told(wiped("04-18")), verified("04-20"), asked=False),
    Row("wipe_rejected", "a wipe is rejected", Told(wiped("04-18")), verified("04-20", accepted=False), asked=True),
    #
    Row("wrong_place", "it leaves once more", Told(released("04-18")), dispatched("04-20"), asked=False),
    Row("wrong_place", "it leaves for the first time", Told(), released("04-20"), asked=True),
    Row("wrong_place", "it leaves once more, told as early", Told(dispatched("04-18", known="04-20")),
        released("04-20"), asked=True),
    Row("wrong_place", "it leaves once more, after that was mended",
        Told(destroyed("04-17", known="04-19", place=OWNER), released("04-18")), dispatched("04-20"), asked=True),
    Row("wrong_place", "it leaves after it was destroyed elsewhere", Told(destroyed("04-18", place="yard")),
        dispatched("04-20"), asked=True),
    Row("wrong_place", "it is destroyed after it has left", Told(released("04-18")), destroyed("04-20", place=OWNER),
        asked=True),
    #
    Row("activity_after_destruction", "a paper", Told(destroyed("04-18")), accepted("04-20"), asked=False),
    Row("activity_after_destruction", "a sighting", Told(destroyed("04-18")), sighted("04-20"), asked=True),
    Row("activity_after_destruction", "a loss", Told(destroyed("04-18")), lost("04-20"), asked=True),
    Row("certificate_without_destruction", "the destruction was known", Told(destroyed("04-18", known="04-20")),
        certified("04-20"), asked=False),
    Row("certificate_without_destruction", "the destruction became known later",
        Told(destroyed("04-18", known="04-20 09:01")), certified("04-20"), asked=True),
    Row("certificate_without_destruction", "nobody has destroyed it", Told(), certified("04-20"), asked=True),
    Row("certificate_without_destruction", "the destruction itself", Told(certified("04-18")), destroyed("04-20"),
        asked=True),
    #
    Row("conflicting_facts", "the first delivery of three", Told(delivered("04-17"), delivered("04-18", **LOT_2)),
        delivered("04-20", shipment="LOT-3"), asked=False),
    Row("conflicting_facts", "the second delivery of one", Told(delivered("04-18", by=LESSOR)), delivered("04-20"),
        asked=True),
    Row("conflicting_facts", "the second enrolment", Told(), enrolled("04-20", media_type="ssd"), asked=True),
    Row("conflicting_facts", "the first destruction", Told(), destroyed("04-20"), asked=False),
    Row("conflicting_facts", "the second destruction", Told(destroyed("04-18")), destroyed("04-20", method="melt"),
        asked=True),
    Row("conflicting_facts", "a destruction that a paper names", Told(certified("04-18", method="melt")),
        destroyed("04-20"), asked=True),
    Row("conflicting_facts", "a paper", Told(destroyed("04-18")), certified("04-20", method="melt"), asked=True),
    Row("conflicting_facts", "a removal", Told(), removed("04-20"), asked=True),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule_is_asked_where_one_fact_more_may_move_it(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def watched(rule: Rule) -> Rule:
        def find(case: Case) -> Iterator[Any]:
            if case.number and case.cycle.contract == CONTRACT:
                seen.append(rule.id)
            return rule.find(case)

        return replace(rule, find=find)

    monkeypatch.setattr(judging, "CATALOGUE", tuple(watched(rule) for rule in CATALOGUE))
    closures = [closed(row.closed, LOT)] if row.closed else []
    agreed = reference(published(row.of or POLICY), registered(), *closures)
    held, verdict = Record(DRIVE), None
    for fact in row.told:
        held = fold(held, fact)
    as_of = at("05-20")
    verdict = judge(held, agreed, as_of)
    seen.clear()
    more = fold(held, row.more)
    assert more.facts[-1] is row.more
    now = judge(more, agreed, as_of, verdict)
    assert (row.rule in seen) == row.asked
    assert now == judge(more, agreed, as_of)


def test_the_first_enrolment_conflicts_with_a_removal_from_another_enclosure() -> None:
    agreed = reference(published(POLICY), registered())
    alone = fold(Record(DRIVE), enrolled("04-20", enclosure="A"))
    before = fold(Record(DRIVE), removed("04-18", enclosure="B"))
    both = fold(before, enrolled("04-20", enclosure="A"))
    verdict = judge(both, agreed, at("05-20"), judge(before, agreed, at("05-20")))
    assert verdict == judge(both, agreed, at("05-20"))
    assert "conflicting_facts" in {flag.kind for flag in verdict.flags}
    assert "conflicting_facts" not in {flag.kind for flag in judge(alone, agreed, at("05-20")).flags}


def test_every_rule_that_says_what_moves_it_is_in_the_table() -> None:
    assert {row.rule for row in ROWS} == {rule.id for rule in CATALOGUE if rule.moved_by is not None}
