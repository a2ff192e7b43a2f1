"""What was agreed, as it was known: through how much of the log, and as of when."""

from dataclasses import replace

import pytest

from mitodoke.lifecycle.facts import DriveReturned, DriveWiped
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.reference import (
    Contract,
    DelegationGranted,
    PartyRegistered,
    PartySuspended,
    Permission,
    Reference,
    ReferenceFact,
)
from worlds import (
    CHAIN,
    CONTRACT,
    DESTROYER,
    INSTANT,
    LESSOR,
    LOT,
    OWNER,
    STRANGER,
    When,
    amended,
    approval,
    at,
    closed,
    named,
    owes,
    policy,
    published,
    reference,
    registered,
)


def contract(agreed: Reference, as_of: When, contract_id: str = CONTRACT) -> Contract:
    known = agreed.contract(contract_id, at(as_of))
    assert known is not None
    return known


def joined(
    known: When, *permissions: Permission, name: str = "Recycler Inc.", counts_from: When | None = None
) -> PartyRegistered:
    return PartyRegistered(
        event_id=named(f"joined {known} {name}"),
        recorded_at=at(known),
        backfilled_from=None if counts_from is None else at(counts_from),
        party="administrator",
        party_id=DESTROYER,
        name=name,
        permissions=frozenset(permissions),
    )


def suspended(known: When, counts_from: When | None = None) -> PartySuspended:
    return PartySuspended(
        event_id=named(f"suspended {known}"),
        recorded_at=at(known),
        backfilled_from=None if counts_from is None else at(counts_from),
        party="administrator",
        party_id=DESTROYER,
        reason="under investigation",
    )


def lets_report(
    known: When, until: When | None = None, *, to: str = STRANGER, counts_from: When | None = None
) -> DelegationGranted:
    return DelegationGranted(
        event_id=named(f"lets {to} report {known} until {until}"),
        recorded_at=at(known),
        backfilled_from=None if counts_from is None else at(counts_from),
        party=DESTROYER,
        from_party=DESTROYER,
        to_party=to,
        valid_until=None if until is None else at(until),
    )


def test_a_contract_is_known_from_its_registration_on() -> None:
    agreed = reference(registered(known="01-10"))
    assert agreed.contract(CONTRACT, at("01-10") - INSTANT) is None
    assert contract(agreed, "01-10").owner == OWNER
    assert agreed.contract("K-OTHER", at("01-10")) is None


def test_the_first_registration_counts() -> None:
    agreed = reference(registered(known="01-10"), registered(known="02-10", owner=STRANGER))
    assert contract(agreed, "03-01").owner == OWNER
    assert contract(agreed, "03-01").known_at == at("01-10")


def test_a_repeat_of_an_event_is_ignored() -> None:
    agreed = Reference()
    assert agreed.append(registered())
    assert not agreed.append(registered())
    assert len(agreed) == 1


def test_an_imported_contract_counts_from_the_time_it_names() -> None:
    agreed = reference(registered(known="2026-11-01", counts_from="2014-03-01"))
    assert contract(agreed, "2014-03-01").known_at == at("2014-03-01")
    assert agreed.contract(CONTRACT, at("2014-03-01") - INSTANT) is None


def test_an_imported_contract_was_in_no_log_before_it_was_imported() -> None:
    agreed = reference(registered(known="2026-11-01", counts_from="2014-03-01"))
    assert agreed.read_through(at("2026-11-01") - INSTANT).contract(CONTRACT, at("05-01")) is None
    assert agreed.read_through(at("2026-11-01")).contract(CONTRACT, at("05-01")) is not None


def test_an_approval_holds_from_its_start_until_before_its_end() -> None:
    agreed = reference(
        registered(approvals=()), amended("01-01", approval(STRANGER, Role.CARRIER, "04-01", "05-01"))
    )
    under = contract(agreed, "06-01")
    held = [
        under.approved(STRANGER, Role.CARRIER, at(moment))
        for moment in (at("04-01") - INSTANT, "04-01", at("05-01") - INSTANT, "05-01")
    ]
    assert held == [False, True, True, False]
    assert not under.approved(STRANGER, Role.DESTROYER, at("04-15"))
    assert under.in_role(Role.CARRIER, at("04-15")) == (STRANGER,)
    assert under.in_role(Role.CARRIER, at("05-01")) == ()


def test_the_owner_always_stands_in_its_own_role() -> None:
    under = contract(reference(registered(approvals=())), "05-01")
    assert under.approved(OWNER, Role.OWNER, at("05-01"))
    assert not under.approved(OWNER, Role.LESSOR, at("05-01"))
    assert under.in_role(Role.OWNER, at("05-01")) == (OWNER,)


def test_an_amendment_replaces_the_approval_of_the_same_party_and_role_alone() -> None:
    agreed = reference(registered(), amended("04-01", approval(DESTROYER, Role.DESTROYER, None, "05-01")))
    assert contract(agreed, "03-31").approved(DESTROYER, Role.DESTROYER, at("06-01"))
    later = contract(agreed, "04-01")
    assert not later.approved(DESTROYER, Role.DESTROYER, at("06-01"))
    assert later.approved(DESTROYER, Role.DESTROYER, at("04-30"))
    assert later.approved(LESSOR, Role.LESSOR, at("06-01"))


def test_amendments_count_in_the_order_in_which_they_became_known() -> None:
    agreed = reference(
        registered(),
        amended("04-01", approval(DESTROYER, Role.DESTROYER, None, "05-01")),
        # Imported last, and older than the one before it.
        amended("2026-11-01", approval(DESTROYER, Role.DESTROYER), counts_from="02-01"),
    )
    assert contract(agreed, "03-01").approved(DESTROYER, Role.DESTROYER, at("06-01"))
    assert not contract(agreed, "04-02").approved(DESTROYER, Role.DESTROYER, at("06-01"))


def test_an_amendment_may_put_a_contract_under_another_policy() -> None:
    agreed = reference(
        registered(), amended("04-01", version=2), amended("04-05", approval(STRANGER, Role.CARRIER))
    )
    assert contract(agreed, "03-31").policy_version == 1
    assert contract(agreed, "04-01").policy_version == 2
    assert contract(agreed, "04-06").under_policy_since == at("04-01")
    assert contract(agreed, "04-06").changed_at == at("04-05")


def test_a_contract_knows_who_stands_in_it() -> None:
    agreed = reference(registered(), registered("K-OTHER", approvals=()))
    assert agreed.contracts_of(DESTROYER, at("05-01")) == {CONTRACT}
    assert agreed.contracts_of(OWNER, at("05-01")) == {CONTRACT, "K-OTHER"}
    assert agreed.contracts_of(STRANGER, at("05-01")) == frozenset()


def test_a_policy_is_known_from_its_publication_on_and_never_changes() -> None:
    first = published(policy(), known="01-10")
    agreed = reference(first, published(policy(owes("x", DriveReturned, DriveWiped, "1d")), known="02-10"))
    assert agreed.policy("p", 1, at("01-09")) is None
    assert agreed.policy("p", 1, at("03-01")) is first
    assert agreed.policy("p", 2, at("03-01")) is None
    assert agreed.read_through(at("01-09")).policy("p", 1, at("03-01")) is None


def test_the_first_closure_counts() -> None:
    agreed = reference(closed("04-25"), closed("04-27"))
    assert agreed.closure(LOT, at("04-24")) is None
    first = agreed.closure(LOT, at("05-01"))
    assert first is not None
    assert first.known_at == at("04-25")
    assert agreed.closure("LOT-2", at("05-01")) is None


def test_a_shipment_is_closed_for_the_contract_under_which_that_was_said() -> None:
    agreed = reference(closed("04-25", contract="K-OTHER"), closed("04-27"))
    own = agreed.closure(LOT, at("05-01"), CONTRACT)
    assert own is not None
    assert own.known_at == at("04-27")
    assert agreed.closure(LOT, at("05-01"), "K-THIRD") is None


def test_a_suspended_party_is_suspended_until_it_is_registered_again() -> None:
    agreed = reference(
        joined("01-10", Permission.BACKFILL), suspended("02-10"), joined("03-10", name="Recycler Ltd.")
    )
    states = [agreed.party(DESTROYER, at(day)) for day in ("01-09", "01-10", "02-10", "03-10")]
    assert states[0] is None
    assert [party and (party.name, party.suspended, set(party.permissions)) for party in states[1:]] == [
        ("Recycler Inc.", None, {Permission.BACKFILL}),
        ("Recycler Inc.", "under investigation", {Permission.BACKFILL}),
        ("Recycler Ltd.", None, set()),
    ]


def test_an_imported_registration_lifts_no_suspension_and_gives_no_permission_back() -> None:
    agreed = reference(
        joined("01-10"),
        suspended("02-10"),
        # Imported last, and older than both.
        joined("03-10", Permission.BACKFILL, name="Recycler & Sons", counts_from="2014-03-01"),
    )
    states = [agreed.party(DESTROYER, at(day)) for day in ("2014-03-01", "01-10", "02-10", "03-11")]
    assert [party and (party.name, party.suspended, set(party.permissions)) for party in states] == [
        ("Recycler & Sons", None, {Permission.BACKFILL}),
        ("Recycler Inc.", None, set()),
        ("Recycler Inc.", "under investigation", set()),
        ("Recycler Inc.", "under investigation", set()),
    ]
    before_it_was_imported = agreed.read_through(at("03-10") - INSTANT)
    assert before_it_was_imported.party(DESTROYER, at("2014-03-01")) is None
    assert before_it_was_imported.party(DESTROYER, at("03-11")) == states[-1]


def test_an_imported_suspension_undoes_no_registration_after_it() -> None:
    agreed = reference(
        joined("2014-03-01"),
        joined("01-10", name="Recycler Ltd."),
        suspended("03-10", counts_from="2018-02-10"),
    )
    states = [agreed.party(DESTROYER, at(day)) for day in ("2018-02-10", "03-11")]
    assert [party and (party.name, party.suspended) for party in states] == [
        ("Recycler Inc.", "under investigation"),
        ("Recycler Ltd.", None),
    ]


def test_of_what_was_said_of_a_party_at_one_moment_the_last_in_the_log_counts() -> None:
    for log, reason in (((joined("01-10"), suspended("01-10")), "under investigation"),
                        ((joined("01-09"), suspended("01-10"), joined("01-10")), None)):  # fmt: skip
        party = reference(*log).party(DESTROYER, at("01-10"))
        assert party is not None
        assert party.suspended == reason


def test_a_party_nobody_registered_is_not_known() -> None:
    assert reference(suspended("02-10")).party(DESTROYER, at("05-01")) is None


def test_a_delegation_lets_one_party_report_for_another_while_it_lasts() -> None:
    agreed = reference(lets_report("04-01", until="05-01"))
    may = [
        agreed.may_report_for(STRANGER, DESTROYER, at(day)) for day in ("03-31", "04-01", "04-30", "05-01")
    ]
    assert may == [False, True, True, False]
    assert not agreed.may_report_for(DESTROYER, STRANGER, at("04-15"))
    assert not agreed.read_through(at("03-01")).may_report_for(STRANGER, DESTROYER, at("04-15"))


def test_everyone_reports_for_itself() -> None:
    assert Reference().may_report_for(STRANGER, STRANGER, at("05-01"))


def test_a_delegation_without_an_end_lasts() -> None:
    assert reference(lets_report("04-01")).may_report_for(STRANGER, DESTROYER, at("2040-01-01"))


def may_report(as_of: When, *log: ReferenceFact) -> bool:
    return reference(*log).may_report_for(STRANGER, DESTROYER, at(as_of))


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("06-01", {"05-31": True, "06-01": False}),
        ("07-01", {"06-01": True, "06-30": True, "07-01": False}),
        (None, {"07-01": True, "2040-01-01": True}),
    ],
    ids=["ended at once", "ended later", "given anew without an end"],
)
def test_a_delegation_lasts_as_long_as_the_last_word_on_it_says(
    until: When | None, days: dict[str, bool]
) -> None:
    for first in (None, "06-15", "2039-01-01"):
        said = lets_report("04-01", first), lets_report("06-01", until)
        assert {day: may_report(day, *said) for day in days} == days


def test_an_ended_delegation_can_be_granted_again() -> None:
    said = lets_report("04-01"), lets_report("05-01", "05-01"), lets_report("06-01")
    days = "04-30", "05-01", "05-31", "06-01"
    assert [may_report(day, *said) for day in days] == [True, False, False, True]


def test_the_end_of_a_delegation_is_about_these_two_alone() -> None:
    said = lets_report("04-01"), lets_report("05-01", "05-01", to=LESSOR)
    assert may_report("05-01", *said)
    assert not reference(*said).may_report_for(LESSOR, DESTROYER, at("05-01"))


def test_an_imported_delegation_brings_none_back_that_was_ended_after_it() -> None:
    said = lets_report("05-01", "05-01"), lets_report("06-01", counts_from="2014-03-01")
    days = "2014-02-28", "2014-03-01", "04-30", "05-01", "06-02"
    assert [may_report(day, *said) for day in days] == [False, True, True, False, False]


def test_of_two_words_on_a_delegation_at_one_moment_the_last_in_the_log_counts() -> None:
    assert not may_report("05-01", lets_report("05-01"), lets_report("05-01", "05-01"))
    assert may_report("05-01", lets_report("05-01", "05-01"), lets_report("05-01"))


def test_an_end_that_the_log_did_not_hold_yet_ends_nothing() -> None:
    agreed = reference(lets_report("04-01"), lets_report("06-01", "06-01", counts_from="05-01"))
    assert not agreed.may_report_for(STRANGER, DESTROYER, at("07-01"))
    assert agreed.read_through(at("05-15")).may_report_for(STRANGER, DESTROYER, at("07-01"))


def test_read_through_does_not_see_what_is_recorded_after_it() -> None:
    agreed = reference(registered(known="01-10"))
    narrowed = agreed.read_through(at("03-01"))
    agreed.append(amended("04-01", version=2))
    agreed.append(closed("04-02"))
    agreed.append(joined("04-03"))
    assert contract(narrowed, "05-01").policy_version == 1
    assert narrowed.closure(LOT, at("05-01")) is None
    assert narrowed.party(DESTROYER, at("05-01")) is None
    assert contract(agreed, "05-01").policy_version == 2


def test_a_narrowed_reference_is_never_widened() -> None:
    agreed = reference(registered(known="04-10"))
    assert agreed.read_through(at("03-01")).read_through(at("05-01")).contract(CONTRACT, at("05-01")) is None


CHANGES: list[tuple[str, ReferenceFact, When]] = [
    ("a registration", registered(known="04-10"), "04-10"),
    ("an amendment", amended("04-10", approval(STRANGER, Role.CARRIER)), "04-10"),
    ("a policy in force", published(policy(), known="04-10"), "04-10"),
    ("a closure", closed("04-10"), "04-10"),
    ("imported, from when it counts", closed("06-01", counts_from="04-10"), "04-10"),
    ("imported, when it was recorded", closed("04-10", counts_from="02-01"), "04-10"),
]


@pytest.mark.parametrize(("_", "fact", "when"), CHANGES, ids=lambda value: str(value)[:30])
def test_the_next_change_is_when_something_is_recorded_or_begins_to_count(
    _: str, fact: ReferenceFact, when: When
) -> None:
    agreed = reference(registered(known="01-10"), fact)
    assert agreed.next_change([CONTRACT], [LOT], at("03-01")) == at(when)
    assert agreed.next_change([CONTRACT], [LOT], at(when) - INSTANT) == at(when)
    assert agreed.next_change([CONTRACT], [LOT], at(when)) in (None, at("06-01"))
    assert agreed.next_change([], [], at("03-01")) is None
    assert agreed.next_change(["K-OTHER"], ["LOT-2"], at("03-01")) is None
    assert agreed.read_through(at("02-01")).next_change([CONTRACT], [LOT], at("02-01")) is None


def test_the_next_change_is_the_first_of_several() -> None:
    agreed = reference(
        registered(known="01-10"), closed("05-01"), amended("04-01", version=2), closed("03-01", "LOT-2")
    )
    assert agreed.next_change([CONTRACT], [LOT, "LOT-2"], at("02-01")) == at("03-01")
    assert agreed.next_change([CONTRACT], [LOT, "LOT-2"], at("03-01")) == at("04-01")
    assert agreed.next_change([CONTRACT], [LOT, "LOT-2"], at("04-01")) == at("05-01")
    assert agreed.next_change([CONTRACT], [LOT, "LOT-2"], at("05-01")) is None


def test_the_publication_of_a_policy_that_was_amended_away_since_is_a_change() -> None:
    agreed = reference(
        registered(known="01-10"), published(policy(), known="03-01"), amended("05-01", version=2)
    )
    assert agreed.next_change([CONTRACT], [], at("02-01")) == at("03-01")


def test_what_is_made_once_for_a_contract_is_made_again_when_a_policy_was_added() -> None:
    agreed = reference(published(policy()), registered())
    contract = agreed.contract(CONTRACT, at("04-01"))
    assert contract is not None
    under = agreed.policy(contract.policy_id, contract.policy_version, at("04-01"))
    assert under is not None
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert [agreed.once(contract, under, make) for _ in range(2)] == [0, 0]
    agreed.append(published(policy(version=2), "04-02"))
    assert [agreed.once(contract, under, make) for _ in range(2)] == [1, 1]


NOTHING = frozenset[str]()


def test_a_reference_fact_concerns_the_contracts_and_shipments_it_may_judge_anew() -> None:
    agreed = reference(registered(), registered("K-OTHER"), amended("04-01", version=2))
    assert agreed.concerns(registered()) == (frozenset({CONTRACT}), NOTHING)
    assert agreed.concerns(amended("04-01", version=2)) == (frozenset({CONTRACT}), NOTHING)
    assert agreed.concerns(published(policy())) == (frozenset({CONTRACT, "K-OTHER"}), NOTHING)
    assert agreed.concerns(published(policy(version=2))) == (frozenset({CONTRACT}), NOTHING)
    assert agreed.concerns(closed("04-25")) == (NOTHING, frozenset({LOT}))
    assert agreed.concerns(joined("04-25")) == (NOTHING, NOTHING)


def test_an_amendment_may_name_a_version_alone() -> None:
    by_version = replace(amended("04-01", version=2), policy_id="")
    agreed = reference(registered(), by_version, published(policy(version=2), known="05-01"))
    assert contract(agreed, "04-01").policy_version == 2
    assert agreed.concerns(published(policy(version=2))) == (frozenset({CONTRACT}), NOTHING)
    assert agreed.next_change([CONTRACT], [], at("04-01")) == at("05-01")


def test_the_chain_is_approved_for_ever_unless_it_is_said() -> None:
    assert all(a.covers(at("1970-01-01")) and a.covers(at("2999-01-01")) for a in CHAIN)


def test_a_contract_keeps_its_title() -> None:
    agreed = reference(replace(registered(), title="Return of leased servers"), amended("04-01", version=2))
    assert contract(agreed, "05-01").title == "Return of leased servers"


def test_an_amendment_may_name_another_policy_or_another_version_alone() -> None:
    by_name = replace(amended("04-01", version=1), policy_id="q", policy_version=0)
    by_version = replace(amended("05-01", version=2), policy_id="")
    agreed = reference(registered(), by_name, by_version)
    known = [contract(agreed, when) for when in ("03-01", "04-01", "05-01")]
    assert [(c.policy_id, c.policy_version) for c in known] == [("p", 1), ("q", 1), ("q", 2)]
    assert [c.under_policy_since for c in known] == [at("2014-03-01"), at("04-01"), at("05-01")]


def test_what_is_recorded_at_the_moment_through_which_it_is_read_is_seen() -> None:
    agreed = reference(
        registered(known="01-10"), amended("02-10", version=2), published(policy(), known="01-10"),
        published(policy(version=2), known="02-10"), closed("01-10"), closed("02-10", contract="K-OTHER"),
        joined("01-10"), suspended("02-10"), lets_report("01-10"),
    )  # fmt: skip
    then, before, later = (
        agreed.read_through(moment) for moment in (at("01-10"), at("01-10") - INSTANT, at("02-10"))
    )
    assert then.next_change([CONTRACT], [], at("01-01")) == at("01-10")
    assert before.next_change([CONTRACT], [], at("01-01")) is None
    assert contract(then, "03-01").policy_version == 1
    assert contract(later, "03-01").policy_version == 2
    assert before.contract(CONTRACT, at("03-01")) is None
    assert [then.policy("p", 1, at("03-01")) is None, before.policy("p", 1, at("03-01")) is None] == [
        False,
        True,
    ]
    assert [then.closure(LOT, at("03-01")) is None, before.closure(LOT, at("03-01")) is None] == [False, True]
    party = then.party(DESTROYER, at("03-01"))
    assert party is not None
    assert (party.party_id, party.suspended) == (DESTROYER, None)
    assert before.party(DESTROYER, at("03-01")) is None
    assert [read.may_report_for(STRANGER, DESTROYER, at("03-01")) for read in (then, before)] == [True, False]


def test_what_it_holds_is_the_same_while_it_is_read_so_far_and_no_further() -> None:
    agreed = reference(registered(known="01-10"), amended("02-10", version=2))
    held = [agreed.read_through(at(day)).held for day in ("01-09", "01-10", "02-09", "02-10", "03-01")]
    assert [held[1] == other for other in held] == [False, True, True, False, False]
    assert held[3] == held[4] == agreed.held
    assert reference(registered(known="01-10"), amended("02-10", version=2)).held != agreed.held
    # What was recorded earlier may be seen later.
    agreed.append(closed("01-20"))
    assert agreed.read_through(at("02-09")).held not in held
    assert agreed.read_through(at("02-09")).held != agreed.read_through(at("01-10")).held


def test_a_policy_is_known_at_the_moment_from_which_it_counts() -> None:
    agreed = reference(published(policy(), known="2026-11-01", counts_from="04-10"))
    assert agreed.policy("p", 1, at("04-10")) is not None
    assert agreed.policy("p", 1, at("04-10") - INSTANT) is None


def test_the_versions_of_a_policy_are_those_that_were_published_the_lowest_first() -> None:
    agreed = reference(
        published(policy(version=2), known="02-10"), published(policy(), known="03-10"),
        published(replace(policy(version=5), id="q"), known="01-10"),
    )  # fmt: skip
    assert [agreed.versions("p", at(when)) for when in ("02-09", "02-10", "03-10")] == [(), (2,), (1, 2)]
    assert agreed.versions("q", at("03-10")) == (5,)
    assert agreed.versions("r", at("03-10")) == ()


def test_a_contract_names_the_policies_that_it_was_ever_under() -> None:
    agreed = reference(
        registered(),
        replace(amended("04-01", version=1), policy_id="q"),
        amended("05-01"),
        registered("K-OTHER"),
    )
    assert [agreed.names_policy(CONTRACT, policy_id) for policy_id in ("p", "q", "r", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert not agreed.names_policy("K-OTHER", "q")
    assert not agreed.names_policy("K-UNHEARD", "p")


def test_a_policy_that_no_contract_names_concerns_none() -> None:
    agreed = reference(registered())
    assert agreed.concerns(published(replace(policy(), id="q"))) == (NOTHING, NOTHING)


def test_what_is_made_under_one_agreement_is_made_once_until_a_policy_is_added() -> None:
    agreed = reference(registered(), registered("K-OTHER"), published(policy()), published(policy(version=2)))
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    here, there = contract(agreed, "05-01"), contract(agreed, "05-01", "K-OTHER")
    first, second = agreed.policy("p", 1, at("05-01")), agreed.policy("p", 2, at("05-01"))
    assert first is not None
    assert second is not None
    asked = [(here, first), (here, first), (there, first), (here, first), (here, second), (here, second)]
    given = [agreed.once(under, by, make) for under, by in asked]
    assert [made.index(one) for one in given] == [0, 0, 1, 0, 2, 2]
    assert agreed.once(replace(here), second, make) is made[3]
    agreed.append(published(policy(version=3), known="04-01"))
    assert agreed.once(here, second, make) is made[4]
    assert agreed.once(here, second, make) is made[4]
