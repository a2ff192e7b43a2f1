"""What if another policy had been in force: the contract is under it from the first, and all else is as it was."""

from mitodoke.lifecycle.facts import DriveDestroyed, DriveReturned
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.what_if import had_been
from mitodoke.policyfile.holiday_calendar import calendar_for
from worlds import (
    CONTRACT,
    DESTROYER,
    MAJOR,
    STRANGER,
    Flags,
    Given,
    Row,
    amended,
    approval,
    as_told,
    at,
    check,
    closed,
    flag,
    owes,
    policy,
    published,
    reference,
    registered,
    returned,
    the_debt,
    under,
)

TEN_DAYS = policy(owes("destruction", DriveReturned, DriveDestroyed, "10bd"), version=7)
RETURNED = Given(returned("04-22"))


def tried(agreed: Reference, contract: str = CONTRACT, calendar: str = "weekdays") -> Reference:
    return had_been(agreed, contract, TEN_DAYS, calendar_for(calendar))


def test_the_contract_is_judged_as_under_that_policy_from_its_registration_on() -> None:
    breach = Flags(flag("overdue", "end 05-06", MAJOR, DESTROYER, subject="destruction"))
    check(Row("", RETURNED, tried(under()), "06-01", breach), "overdue")
    assert as_told(RETURNED.judged(under(), "06-01"), "overdue") == Flags()


def test_it_counts_by_the_calendar_that_is_given() -> None:
    for calendar, due in (("weekdays", "end 05-06"), ("JP", "end 05-14")):
        verdict = RETURNED.judged(tried(under(), calendar=calendar), "04-23")
        assert the_debt(verdict, "destruction").due_at == at(due)


def test_a_contract_registered_late_is_under_it_only_since_then() -> None:
    agreed = tried(reference(registered(known="07-01")))
    late = Flags(flag("overdue", "end 05-06", MAJOR, DESTROYER, subject="destruction", evident="07-01"))
    check(Row("", RETURNED, agreed, "08-01", late), "overdue")


def test_it_is_no_matter_which_version_the_contract_was_registered_under() -> None:
    breach = Flags(flag("overdue", "end 05-06", MAJOR, DESTROYER, subject="destruction"))
    check(Row("", RETURNED, tried(reference(registered(version=3))), "06-01", breach), "overdue")


def test_no_amendment_puts_it_under_another_policy_again() -> None:
    agreed = reference(
        published(policy(version=3)), registered(version=3), published(policy(version=2)),
        amended("04-25", version=2),
    )  # fmt: skip
    assert len(RETURNED.judged(tried(agreed), "06-01").obligations) == 1
    contract = tried(agreed).contract(CONTRACT, at("06-01"))
    assert contract is not None
    assert contract.under_policy_since == at("2014-03-01")


def test_who_is_approved_stays_as_it_was_agreed() -> None:
    agreed = under(policy(), amended("04-01", approval(STRANGER, Role.DESTROYER)))
    (breach,) = as_told(RETURNED.judged(tried(agreed), "06-01"), "overdue")
    assert breach.party == f"{DESTROYER},{STRANGER}"


def test_other_contracts_stay_as_they_are() -> None:
    kept = policy(owes("kept", DriveReturned, DriveDestroyed, "5d"))
    moved = policy(owes("moved", DriveReturned, DriveDestroyed, "5d"), version=2)
    agreed = reference(
        published(kept), published(moved), registered(), registered("K-OTHER"),
        amended("04-25", contract="K-OTHER", version=2),
    )  # fmt: skip
    verdict = Given(returned("04-22", contract="K-OTHER")).judged(tried(agreed), "06-01")
    assert [owed.obligation for owed in verdict.obligations] == ["moved"]
    verdict = Given(returned("04-22", contract="K-OTHER")).judged(tried(agreed), "04-24")
    assert [owed.obligation for owed in verdict.obligations] == ["kept"]


def test_what_else_was_told_is_held_and_the_reference_that_was_given_is_not_changed() -> None:
    agreed = under(policy(), closed("04-25"))
    told = list(agreed)
    assert tried(agreed).closure("LOT-1", at("05-01")) is not None
    assert list(agreed) == told
    assert len(RETURNED.judged(agreed, "06-01").obligations) == 0
