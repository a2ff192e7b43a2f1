"""The verdict as a whole: when it turns, what a flag is called, and what it costs."""

import random
import sys
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest

from mitodoke.lifecycle.facts import DriveDelivered, DriveDestroyed, DriveDispatched, DriveReturned, Fact
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import DestructionRule, Per, Rules
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.verdict import OVERDUE, FlagState, flag_id
from random_chains import at_random, chains
from worlds import (
    CONTRACT,
    DRIVE,
    INSTANT,
    NOTHING_AGREED,
    OWNER,
    Given,
    acknowledged,
    amended,
    at,
    certified,
    closed,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    flag_named,
    owes,
    policy,
    published,
    record,
    reference,
    registered,
    released,
    removed,
    retracted,
    returned,
    sighted,
    transferred,
    under,
    verified,
    waived,
    wiped,
)

GRACE = timedelta(hours=24)
DESTRUCTION = owes("destruction", DriveReturned, DriveDestroyed, "10d")
AGREED = under(policy(DESTRUCTION, grace=GRACE))


def test_an_empty_record_is_owed_nothing_and_never_turns() -> None:
    verdict = judge(Record(DRIVE), AGREED, at("05-01"))
    assert (verdict.obligations, verdict.flags, verdict.turns_at) == ((), (), None)


def test_a_pending_obligation_turns_an_instant_after_its_grace() -> None:
    given = Given(enrolled("01-10"), returned("04-22"))
    assert given.judged(AGREED, "04-22").turns_at == at("end 05-03") + INSTANT
    assert given.judged(AGREED, "end 05-03").turns_at == at("end 05-03") + INSTANT
    assert given.judged(AGREED, at("end 05-03") + INSTANT).turns_at is None


def test_a_verdict_turns_at_the_first_of_several_moments() -> None:
    agreed = under(
        policy(
            DESTRUCTION, owes("arrival", DriveDispatched, DriveDelivered, "1d", Role.CARRIER, Per.SHIPMENT)
        ),
        closed("04-22 20:00"),
    )
    given = Given(returned("04-22"), dispatched("04-22"), delivered("04-25"))
    turns = []
    moment = at("04-22")
    while (turns_at := given.judged(agreed, moment).turns_at) is not None:
        turns.append(turns_at)
        moment = turns_at
    assert turns == [
        at("04-22 20:00"), at("04-22 20:00") + INSTANT, at("04-25"), at("end 05-02") + INSTANT,
    ]  # fmt: skip


def test_a_verdict_turns_when_what_was_agreed_changes() -> None:
    agreed = under(policy(DESTRUCTION), published(policy(version=2)), amended("05-01", version=2))
    given = Given(enrolled("01-10"), returned("04-22"))
    assert given.judged(agreed, "04-23").turns_at == at("05-01")
    assert not given.judged(agreed, "05-01").obligations


def test_a_verdict_turns_when_an_unknown_contract_becomes_known() -> None:
    verdict = Given(enrolled("01-10")).judged(reference(registered(known="03-01")), "01-10")
    assert verdict.turns_at == at("03-01")


def test_a_fact_under_two_contracts_is_judged_by_each() -> None:
    agreed = reference(published(policy(DESTRUCTION)), registered(), registered("K-OTHER"))
    given = Given(returned("04-22"), returned("04-25", contract="K-OTHER"), destroyed("04-28"))
    assert [(o.contract, o.state.value) for o in given.judged(agreed, "06-01").obligations] == [
        ("K-2019", "met"),
        ("K-OTHER", "overdue"),
    ]


def test_the_same_trouble_has_the_same_id_for_ever() -> None:
    given = Given(returned("04-22"), destroyed("05-20"))
    ids = {
        f.flag_id for day in ("05-10", "06-01") for f in given.judged(AGREED, day).flags if f.kind == OVERDUE
    }
    assert ids == {flag_named("overdue", "destruction")}
    assert str(flag_id("WX1", "K-1", "overdue", "return")) == "c640443b-3a5d-56fd-bc8b-48dc98986a2d"


@pytest.mark.parametrize(
    "other",
    [
        ("A/B", "C", "overdue", "return"),
        ("A", "B/C", "overdue", "arrival/return"),
        ("A", "B/C", "sighted", "return"),
        ("A", "B/C#2", "overdue", "return"),
    ],
)
def test_two_troubles_never_share_an_id(other: tuple[str, str, str, str]) -> None:
    assert flag_id(*other) != flag_id("A", "B/C", "overdue", "return")


def test_every_rule_has_an_id_of_its_own_a_source_and_a_docstring() -> None:
    assert len({rule.id for rule in CATALOGUE}) == len(CATALOGUE)
    assert OVERDUE not in {rule.id for rule in CATALOGUE}
    for rule in CATALOGUE:
        assert rule.source
        assert "Source:" in (rule.find.__doc__ or "")


def test_the_rules_of_the_first_issue_are_there() -> None:
    assert {rule.id for rule in CATALOGUE} >= {
        "unknown_drive", "unknown_contract", "unapproved_party", "not_on_manifest", "skipped_step", "not_sanitised",
        "not_witnessed", "activity_after_destruction", "sighted", "certificate_without_destruction", "suspect_serial",
    }  # fmt: skip


def test_where_nothing_is_agreed_the_facts_are_judged_all_the_same() -> None:
    given = Given(returned("04-22", contract="K-NONE"), sighted("11-26", contract="K-NONE"))
    kinds = {f.kind: f.state for f in given.judged(NOTHING_AGREED, "12-01").flags}
    assert kinds == dict.fromkeys(
        ("unknown_drive", "unknown_contract", "not_on_manifest", "sighted"), FlagState.OPEN
    )


FULL = policy(
    DESTRUCTION,
    owes("arrival", DriveDispatched, DriveDelivered, "eta+4h", Role.CARRIER, Per.SHIPMENT),
    rules=Rules(
        sanitise_before_release=True,
        steps=(
            FactKind.DRIVE_RELEASED,
            FactKind.DRIVE_WIPED,
            FactKind.DRIVE_DISPATCHED,
            FactKind.DRIVE_DESTROYED,
        ),
        destruction=DestructionRule(witness=Role.OWNER),
    ),
)


def _lines_run(judging: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judging()
    finally:
        sys.settrace(before)
    return count


def _many(kind: str, n: int) -> list[Fact]:
    times = [at("01-10") + timedelta(hours=hours) for hours in range(n)]
    match kind:
        case "shipments":
            sent = [dispatched(t, shipment=f"S-{i}") for i, t in enumerate(times)]
            return [*sent, *(delivered(t, shipment=f"S-{i}") for i, t in enumerate(times))]
        case "manifests":
            left = [released(t, shipment=f"S-{i}") for i, t in enumerate(times)]
            return [*left, *(returned(t, shipment=f"S-{i}") for i, t in enumerate(times))]
        case "wipes":
            wipes = [wiped(t, name=f"wipe {i}") for i, t in enumerate(times)]
            rejections = [verified(t, accepted=False, wipe=f"wipe {i}") for i, t in enumerate(times)]
            return [*wipes, *rejections, *(released(t, shipment=f"S-{i}") for i, t in enumerate(times))]
        case "unnamed rejections":
            return [
                *(wiped(t) for t in times),
                *(verified(t, accepted=False) for t in times),
                *map(released, times),
            ]
        case "destructions":
            return [*(destroyed(t) for t in times), *(sighted(t) for t in times)]
        case "steps":
            return [*(released(t) for t in times), *(wiped(t) for t in times), *(destroyed(t) for t in times)]
        case "certificates":
            return [certified(t, certificate=f"C-{i}") for i, t in enumerate(times)]
        case "answers":
            sightings = [sighted(t, name=f"sight {i}") for i, t in enumerate(times)]
            flags = [flag_named("sighted", str(s.event_id)) for s in sightings]
            in_hand = [acknowledged(t, flag=f, until="2020-01-01") for t, f in zip(times, flags, strict=True)]
            return [*sightings, *in_hand, *(waived(t, flag=f) for t, f in zip(times, flags, strict=True))]
        case "retractions":
            facts = [sighted(t, name=f"sight {i}") for i, t in enumerate(times)]
            chain = [
                retracted(t, by="buyer", retracted=f"word {i - 1}" if i else "sight 0", name=f"word {i}")
                for i, t in enumerate(times)
            ]
            return [*facts, *chain]
        case "cycles":
            return [f for t in times for f in (enrolled(t), returned(t + timedelta(minutes=1)))]
        case "enrolments":
            return [enrolled(t) for t in times]
        case "removals":
            here = [enrolled(t, enclosure=f"A-{i}") for i, t in enumerate(times)]
            return [*here, *(removed(t, enclosure=f"B-{i}") for i, t in enumerate(times))]
        case "receipts":
            sent_on = [dispatched(t, shipment=f"S-{i}") for i, t in enumerate(times)]
            taken = [transferred(t) for t in times]
            return [*sent_on, *taken, *(destroyed(t) for t in times)]
        case "strangers":
            return [delivered(t, by=f"stranger {i}") for i, t in enumerate(times)]
    raise ValueError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "shipments", "manifests", "wipes", "unnamed rejections", "destructions", "steps", "certificates", "answers",
        "retractions", "cycles", "enrolments", "strangers", "removals", "receipts",
    ],
)  # fmt: skip
def test_a_judgement_is_linear_in_the_facts_of_a_drive(kind: str) -> None:
    agreed = under(FULL, *(closed("04-01", f"S-{i}") for i in range(0, 160, 7)))
    few, many = record(_many(kind, 40)), record(_many(kind, 160))
    lines = [_lines_run(lambda: judge(held, agreed, at("06-01"))) for held in (few, many)]  # noqa: B023
    assert lines[1] < 4.5 * lines[0]


def test_the_judgement_remembers_nothing() -> None:
    held = record([returned("04-22", known="04-25")])
    first = judge(held, AGREED, at("05-01"))
    judge(held, NOTHING_AGREED, at("2030-01-01"))
    judge(record([returned("04-22", by=OWNER)]), AGREED, at("2030-01-01"))
    assert judge(held, AGREED, at("05-01")) == first
    assert {o.contract for o in first.obligations} == {CONTRACT}


def test_a_judgement_of_thousands_of_facts_of_every_kind_is_as_linear() -> None:
    chance = random.Random(1)
    agreed = chains(0, seed=1).agreed
    facts = [fact for _ in range(1000) for fact in at_random(chance, DRIVE, 0, "K-1")]
    few, many = record(facts[:200]), record(facts[:2000])
    lines = [_lines_run(lambda: judge(held, agreed, at("12-31"))) for held in (few, many)]  # noqa: B023
    assert lines[1] < 12 * lines[0]
