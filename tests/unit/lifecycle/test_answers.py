"""What people say of flags: in hand until a day, or nothing more is asked for."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from mitodoke.lifecycle.facts import (
    DataExported,
    DriveDestroyed,
    DriveReturned,
    DriveWiped,
    Fact,
    FlagWaived,
)
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Rules
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Flag, FlagState, Resolution, Verdict
from worlds import (
    DESTROYER,
    INSTANT,
    LESSOR,
    NOTHING_AGREED,
    OWNER,
    STRANGER,
    Given,
    When,
    acknowledged,
    amended,
    approval,
    at,
    destroyed,
    enrolled,
    exported,
    flag_named,
    lease_ended,
    owes,
    policy,
    published,
    retracted,
    returned,
    sighted,
    the_flag,
    under,
    waived,
)

AGREED = under(policy(owes("destruction", DriveReturned, DriveDestroyed, "10d")))
"""Overdue from the end of 2 May, when returned on 22 April."""

BREACH = flag_named("overdue", "destruction")


def breach(as_of: When, *facts: Fact) -> Flag:
    return the_flag(Given(returned("04-22"), *facts).judged(AGREED, as_of), "overdue")


def test_a_flag_is_open_until_somebody_says_something() -> None:
    assert breach("06-01").state is FlagState.OPEN
    assert breach("06-01").flag_id == BREACH


def test_an_acknowledged_flag_is_in_hand_until_its_day() -> None:
    said = acknowledged("05-05", flag=BREACH, until="05-20")
    states = [breach(moment, said).state for moment in ("05-04", "05-05", at("05-20") - INSTANT, "05-20")]
    assert states == [FlagState.OPEN, FlagState.ACKNOWLEDGED, FlagState.ACKNOWLEDGED, FlagState.OPEN]


def test_the_end_of_an_acknowledgement_is_a_turning_point() -> None:
    given = Given(returned("04-22"), acknowledged("05-05", flag=BREACH, until="05-20"))
    assert given.judged(AGREED, "05-05").turns_at == at("05-20")
    assert given.judged(AGREED, "05-20").turns_at is None


def test_of_two_acknowledgements_the_longer_one_counts() -> None:
    longer = acknowledged("05-05", flag=BREACH, until="05-20")
    shorter = acknowledged("05-06", flag=BREACH, until="05-10")
    assert breach("05-15", longer, shorter).state is FlagState.ACKNOWLEDGED


def test_the_owner_and_the_lessor_acknowledge_and_nobody_else() -> None:
    for party, state in (
        (OWNER, FlagState.ACKNOWLEDGED),
        (LESSOR, FlagState.ACKNOWLEDGED),
        (DESTROYER, FlagState.OPEN),
        (STRANGER, FlagState.OPEN),
    ):
        assert breach("05-10", acknowledged("05-05", flag=BREACH, until="05-20", by=party)).state is state


def test_a_waived_flag_is_resolved_from_then_on() -> None:
    said = waived("05-05", flag=BREACH)
    assert breach("05-04", said).state is FlagState.OPEN
    flag = breach("05-05", said)
    assert (flag.state, flag.resolution, flag.resolved_at) == (
        FlagState.RESOLVED,
        Resolution.WAIVED,
        at("05-05"),
    )


def test_only_the_owner_waives() -> None:
    for party in (LESSOR, DESTROYER, STRANGER):
        assert breach("06-01", waived("05-05", flag=BREACH, by=party)).state is FlagState.OPEN


def test_a_party_that_was_approved_as_the_owner_waives_in_its_time() -> None:
    agreed = under(
        policy(owes("destruction", DriveReturned, DriveDestroyed, "10d")),
        amended("04-01", approval(STRANGER, Role.OWNER, "05-01", "05-10")),
    )
    for day, state in (("05-09", FlagState.RESOLVED), ("05-10", FlagState.OPEN)):
        given = Given(returned("04-22"), waived(day, flag=BREACH, by=STRANGER))
        assert the_flag(given.judged(agreed, "06-01"), "overdue").state is state


@pytest.mark.parametrize("role", [Role.OWNER, Role.LESSOR])
@pytest.mark.parametrize(
    "says", [partial(acknowledged, until="2040-01-01"), waived], ids=["acknowledged", "waived"]
)
@pytest.mark.parametrize(
    ("occurred", "known", "backfilled", "counts"),
    [
        ("05-04", "05-04", False, False),
        ("05-04", "05-05", False, True),
        ("05-20", "05-31", False, True),
        ("05-31", "06-01", False, False),
        ("05-31", "07-02", False, False),
        ("05-31", "07-02", True, True),
        ("06-01", "07-02", True, False),
        ("05-04", "05-05", True, False),
    ],
)
def test_who_has_no_say_any_more_or_not_yet_gains_none_by_the_day_that_it_claims(
    occurred: When, known: When, backfilled: bool, counts: bool, says: Callable[..., Fact], role: Role
) -> None:
    agreed = under(
        policy(owes("destruction", DriveReturned, DriveDestroyed, "10d")),
        amended("04-01", approval(STRANGER, role, "05-05", "06-01")),
    )
    said = says(occurred, known=known, backfilled=backfilled, flag=BREACH, by=STRANGER)
    state = the_flag(Given(returned("04-22"), said).judged(agreed, "08-01"), "overdue").state
    if said.kind is FlagWaived.kind:
        assert state is (FlagState.RESOLVED if counts and role is Role.OWNER else FlagState.OPEN)
    else:
        assert state is (FlagState.ACKNOWLEDGED if counts else FlagState.OPEN)


def test_a_waiver_is_stronger_than_an_acknowledgement() -> None:
    said = acknowledged("05-05", flag=BREACH, until="07-01"), waived("05-06", flag=BREACH)
    assert breach("06-01", *said).resolution is Resolution.WAIVED


def test_what_was_waived_before_it_was_raised_is_resolved_when_it_is_evident() -> None:
    flag = breach("06-01", waived("04-25", flag=BREACH))
    assert (flag.resolution, flag.resolved_at) == (Resolution.WAIVED, flag.evident_at)


def test_a_waiver_stands_when_what_was_owed_comes_after_all() -> None:
    flag = breach("06-01", waived("05-05", flag=BREACH), destroyed("05-20"))
    assert (flag.resolution, flag.resolved_at) == (Resolution.WAIVED, at("05-05"))


def test_a_waiver_of_what_was_met_before_it_says_nothing_new() -> None:
    flag = breach("06-01", destroyed("05-10"), waived("05-20", flag=BREACH))
    assert (flag.resolution, flag.resolved_at) == (Resolution.MET_LATE, at("05-10"))


def test_a_resolved_flag_is_not_acknowledged() -> None:
    flag = breach("05-15", destroyed("05-10"), acknowledged("05-12", flag=BREACH, until="06-01"))
    assert flag.state is FlagState.RESOLVED


def test_a_waiver_that_was_taken_back_leaves_the_flag_open() -> None:
    said = waived("05-05", flag=BREACH, name="waiver"), retracted("05-07", by=OWNER, retracted="waiver")
    assert breach("05-06", *said).state is FlagState.RESOLVED
    assert breach("05-07", *said).state is FlagState.OPEN


def test_what_is_said_of_one_flag_says_nothing_of_another() -> None:
    given = Given(returned("04-22"), sighted("05-01"), waived("05-05", flag=BREACH))
    assert the_flag(given.judged(AGREED, "06-01"), "sighted").state is FlagState.OPEN


def test_an_answer_told_later_is_not_known_yet() -> None:
    assert breach("05-06", waived("05-05", known="05-07", flag=BREACH)).state is FlagState.OPEN


def test_an_answer_changes_nothing_of_the_facts_or_what_is_owed() -> None:
    before = Given(returned("04-22")).judged(AGREED, "06-01")
    after = Given(returned("04-22"), waived("05-05", flag=BREACH)).judged(AGREED, "06-01")
    assert before.obligations == after.obligations


TWO_PEOPLE = policy(
    owes("destruction", DriveReturned, DriveDestroyed, "10d"), rules=Rules(waiver_second_person=True)
)


def waived_by_two(as_of: When, *facts: Fact, agreed: Reference | None = None) -> Flag:
    return the_flag(Given(returned("04-22"), *facts).judged(agreed or under(TWO_PEOPLE), as_of), "overdue")


def one(when: When, **fields: Any) -> Fact:
    return waived(when, **({"flag": BREACH, "person": "clerk"} | fields))


def other(when: When, **fields: Any) -> Fact:
    return waived(when, **({"flag": BREACH, "person": "head of section"} | fields))


def test_where_the_policy_asks_for_a_second_person_one_waives_nothing() -> None:
    assert waived_by_two("06-01", one("05-05")).state is FlagState.OPEN
    assert waived_by_two("06-01", one("05-05"), one("05-06")).state is FlagState.OPEN


def test_the_second_person_waives_it_from_then_on() -> None:
    said = one("05-05"), other("05-07")
    assert waived_by_two(at("05-07") - INSTANT, *said).state is FlagState.OPEN
    flag = waived_by_two("05-07", *said)
    assert (flag.resolution, flag.resolved_at) == (Resolution.WAIVED, at("05-07"))


def test_the_order_in_which_two_people_waive_does_not_matter() -> None:
    flag = waived_by_two("06-01", other("05-05", known="05-09"), one("05-07"))
    assert flag.resolved_at == at("05-09")


def test_the_second_person_is_of_the_owner_and_has_a_name() -> None:
    for second in (other("05-07", by=LESSOR), other("05-07", person="")):
        assert waived_by_two("06-01", one("05-05"), second).state is FlagState.OPEN


def test_a_second_word_that_was_taken_back_leaves_the_first_alone() -> None:
    said = one("05-05"), other("05-07", name="second"), retracted("05-08", by=OWNER, retracted="second")
    assert waived_by_two("05-07", *said).state is FlagState.RESOLVED
    assert waived_by_two("05-08", *said).state is FlagState.OPEN


def test_what_one_waived_before_the_contract_asked_for_two_stays_waived() -> None:
    before = policy(owes("destruction", DriveReturned, DriveDestroyed, "10d"))
    agreed = under(before, published(replace(TWO_PEOPLE, version=2)), amended("05-10", version=2))
    assert waived_by_two("06-01", one("05-05"), agreed=agreed).state is FlagState.RESOLVED
    assert waived_by_two("06-01", one("05-11"), agreed=agreed).state is FlagState.OPEN


def test_an_acknowledgement_that_has_run_out_can_be_given_again() -> None:
    first = acknowledged("05-05", flag=BREACH, until="05-10")
    again = acknowledged("05-12", flag=BREACH, until="05-20")
    states = [breach(day, first, again).state for day in ("05-09", "05-10", "05-11", "05-12", "05-20")]
    in_hand, reopened = FlagState.ACKNOWLEDGED, FlagState.OPEN
    assert states == [in_hand, reopened, reopened, in_hand, reopened]


def test_an_acknowledgement_told_after_it_ran_out_says_nothing() -> None:
    assert (
        breach("05-25", acknowledged("05-05", known="05-21", flag=BREACH, until="05-20")).state
        is FlagState.OPEN
    )


def test_an_acknowledgement_that_was_taken_back_leaves_the_flag_open() -> None:
    said = (
        acknowledged("05-05", flag=BREACH, until="06-20", name="word"),
        retracted("05-07", by=OWNER, retracted="word"),
    )
    assert breach("05-06", *said).state is FlagState.ACKNOWLEDGED
    assert breach("05-07", *said).state is FlagState.OPEN


def test_the_same_answer_twice_is_one() -> None:
    said = one("05-05", name="word")
    assert waived_by_two("06-01", said, said).state is FlagState.OPEN


AGAIN = enrolled("02-01"), lease_ended("03-01"), returned("04-22")
EARLIER_LEASE = (
    enrolled("2014-03-01", known="05-10"),
    lease_ended("2018-03-01", known="05-10"),
    returned("2018-03-15", known="05-10"),
    destroyed("2018-03-16", known="05-10"),
)


def test_an_answer_stays_with_its_flag_when_an_earlier_lease_is_told_late() -> None:
    (told,) = breaches(Given(*AGAIN).judged(AGREED, "05-05"))
    said = acknowledged("05-05", flag=told.flag_id, until="07-01")
    verdict = Given(*AGAIN, said, *EARLIER_LEASE).judged(AGREED, "06-01")
    (later,) = (flag for flag in breaches(verdict) if flag.state is not FlagState.RESOLVED)
    assert (later.flag_id, later.state) == (told.flag_id, FlagState.ACKNOWLEDGED)


def test_an_answer_stays_with_a_flag_about_one_fact_in_whichever_cycle_later_reports_put_it() -> None:
    given = enrolled("2014-03-01"), lease_ended("03-01"), sighted("05-01")
    seen = the_flag(Given(*given).judged(AGREED, "05-05"), "sighted")
    said = waived("05-05", flag=seen.flag_id)
    # The first lease had ended, and the sighting is of the second.
    told_late = returned("2018-03-15", known="05-10"), enrolled("2018-04-01", known="05-10")
    later = the_flag(Given(*given, said, *told_late).judged(AGREED, "06-01"), "sighted")
    assert later.cycle != seen.cycle
    assert (later.flag_id, later.resolution) == (seen.flag_id, Resolution.WAIVED)


def test_an_answer_stays_with_the_debt_of_one_use_in_whichever_cycle_later_reports_put_it() -> None:
    agreed = under(policy(owes("erasure", DataExported, DriveWiped, "6h")))
    given = enrolled("2014-03-01"), exported("05-01")
    (owed,) = breaches(Given(*given).judged(agreed, "05-05"))
    said = waived("05-05", flag=owed.flag_id)
    told_late = returned("2018-03-15", known="05-10"), enrolled("2018-04-01", known="05-10")
    (later,) = breaches(Given(*given, said, *told_late).judged(agreed, "06-01"))
    assert later.cycle != owed.cycle
    assert (later.flag_id, later.resolution) == (owed.flag_id, Resolution.WAIVED)


def breaches(verdict: Verdict) -> list[Flag]:
    return [flag for flag in verdict.flags if flag.kind == "overdue"]


def test_what_came_at_the_very_moment_of_the_waiver_came() -> None:
    flag = breach("06-01", destroyed("05-05"), waived("05-05", flag=BREACH))
    assert (flag.resolution, flag.resolved_at) == (Resolution.MET_LATE, at("05-05"))


def test_under_no_contract_nobody_can_answer_and_the_flag_stands() -> None:
    number = "QM00001"
    seen = Given(sighted("11-26", serial=number), serial=number)
    suspect = the_flag(seen.judged(NOTHING_AGREED, "12-01"), "suspect_serial")
    answers = [
        acknowledged("11-27", serial=number, flag=suspect.flag_id, until="12-20"),
        waived("11-27", serial=number, flag=suspect.flag_id),
    ]
    answered = Given(*seen.facts, *answers, serial=number).judged(NOTHING_AGREED, "12-01")
    assert the_flag(answered, "suspect_serial") == suspect
