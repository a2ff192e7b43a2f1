"""What a caller is told at once of a fact, by whether the contract names its party."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mitodoke.chassis.advisor import OF_ITSELF, advice
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import DestructionRule, Person, Rules, TransitRule
from mitodoke.lifecycle.record import Record, fold
from worlds import (
    DRIVE,
    LESSOR,
    LOT,
    OWNER,
    STRANGER,
    at,
    certified,
    destroyed,
    dispatched,
    enrolled,
    exported,
    initialised,
    lost,
    policy,
    record,
    released,
    returned,
    sighted,
    transferred,
    under,
    verified,
    wiped,
)

AGREED = under(
    policy(
        rules=Rules(
            sanitise_before_release=True,
            destruction=DestructionRule(witness=Role.OWNER),
            transit=TransitRule(seal_required=True, crew=2),
            separate_people=((Person.OPERATOR, Person.WITNESS),),
            evidence={FactKind.DRIVE_DESTROYED: ("photo",)},
            export_approval=True,
            late_report=timedelta(days=2),
        )
    )
)

HISTORY = record(
    [
        enrolled("04-01"),
        initialised("04-10"),
        released("04-20", to_party=STRANGER, shipment=LOT, seal="A"),
        destroyed("04-25", witness_party=LESSOR),
        sighted("05-01", by=OWNER),
    ]
)
"""What others reported of the drive: much of it is wrong."""


def told(of: Record, fact: Fact, *, stranger: bool) -> list[str]:
    return [each.code for each in advice(of, fact, at("06-01"), AGREED, stranger=stranger)]


def test_who_is_on_the_contract_is_told_all_that_is_wrong_with_the_drive() -> None:
    codes = told(HISTORY, sighted("05-02", by=LESSOR), stranger=False)
    assert {"not_sanitised", "not_witnessed", "evidence_missing", "activity_after_destruction"} <= {*codes}
    assert codes.count("sighted") == 2


@pytest.mark.parametrize(
    ("fact", "codes"),
    [
        (sighted("05-02", by=STRANGER), ["sighted"]),
        (lost("05-02", by=STRANGER), ["lost"]),
        (enrolled("05-02", by=STRANGER), ["unapproved_party"]),
        # Nothing of its having been destroyed, and nothing of there being no such drive.
        (returned("05-02", by=STRANGER, shipment=LOT), ["unapproved_party"]),
        (wiped("05-02", by=STRANGER), ["unapproved_party"]),
        (verified("05-02", by=STRANGER, accepted=False), ["unapproved_party"]),
        (released("05-02", by=STRANGER, seal=""), ["unapproved_party", "seal_mismatch"]),
        (exported("05-02", by=STRANGER), ["unapproved_party"]),
        # Nor of whom else the contract names, as carrier, receiver or witness.
        (
            dispatched("05-02", by=STRANGER, carrier="ghost", to_party=LESSOR, crew=("one",), seal="B"),
            ["unapproved_party", "understaffed_transit"],
        ),
        (transferred("05-02", by=STRANGER, from_party=STRANGER, to_party="ghost"), ["unapproved_party"]),
        (
            destroyed("05-02", by=STRANGER, witness_party=OWNER, evidence=("photo",)),
            ["unapproved_party"],
        ),
        (
            destroyed("05-02", by=STRANGER, witness_party="ghost"),
            ["unapproved_party", "evidence_missing"],
        ),
        (
            destroyed("05-02", by=STRANGER, witness_party=STRANGER, witness="operator", evidence=("photo",)),
            ["unapproved_party", "same_person"],
        ),
        (sighted("05-02", known="05-09", by=STRANGER), ["late_report", "sighted"]),
        (sighted("05-02", by=STRANGER, serial="QM00001"), ["suspect_serial", "sighted"]),
        (
            certified("05-02", by=STRANGER, serial_on_certificate="WMC4N0099999"),
            ["unapproved_party", "conflicting_facts"],
        ),
    ],
    ids=lambda each: each.kind.value if isinstance(each, Fact) else "-".join(each),
)
def test_a_stranger_is_told_what_is_wrong_with_its_own_fact_alone(fact: Fact, codes: list[str]) -> None:
    assert told(HISTORY, fact, stranger=True) == codes
    assert told(Record(DRIVE), fact, stranger=True) == codes
    assert STRANGER in "".join(
        each.message for each in advice(HISTORY, fact, at("06-01"), AGREED, stranger=True)
    )


def test_a_stranger_is_told_that_it_used_a_request_for_two() -> None:
    before = sighted("05-02", by=STRANGER, place="Osaka")
    assert told(fold(HISTORY, before), replace(before, place="Kobe"), stranger=True) == ["conflicting_repeat"]


RESTS_ON_OTHERS = {
    "unknown_drive",
    "alive_twice",
    "not_on_manifest",
    "missing_at_close",
    "not_received",
    "skipped_step",
    "custody_gap",
    "not_the_holder",
    "not_sanitised",
    "weak_method",
    "wipe_rejected",
    "not_witnessed",
    "wrong_place",
    "activity_after_destruction",
    "certificate_without_destruction",
    "unapproved_export",
}
"""What no stranger is told. Before a new rule is put into OF_ITSELF: does it say the same whatever others reported?"""


def test_of_every_rule_it_is_decided_whether_a_stranger_is_told() -> None:
    assert {rule.id for rule in CATALOGUE} == OF_ITSELF | RESTS_ON_OTHERS
    assert not OF_ITSELF & RESTS_ON_OTHERS
