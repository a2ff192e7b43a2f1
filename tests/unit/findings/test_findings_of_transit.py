"""Were enough people with it, and was the seal the same at both ends?"""

from dataclasses import replace

import pytest

from mitodoke.lifecycle.policy import Policy, Rules, TransitRule
from worlds import (
    CARRIER,
    DESTROYER,
    LESSOR,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    Flags,
    Given,
    Row,
    amended,
    check,
    delivered,
    dispatched,
    flag,
    moved_to,
    named,
    policy,
    published,
    reference,
    registered,
    released,
    retracted,
    returned,
    under,
)


def asking(*, seal: bool = False, crew: int | None = None, version: int = 1) -> Policy:
    return policy(rules=Rules(transit=TransitRule(seal_required=seal, crew=crew)), version=version)


PAIRS = under(asking(crew=2))
TRIP, SCAN, OTHER = str(named("trip")), str(named("scan")), str(named("other"))

UNDERSTAFFED = [
    Row(
        "two people, as asked",
        Given(dispatched("04-22", crew=("sato", "suzuki"))), PAIRS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "one person",
        Given(dispatched("04-22", known="04-23", crew=("sato",), name="trip")), PAIRS, "06-01",
        Flags(flag("understaffed_transit", "04-23", MAJOR, LESSOR, subject=TRIP)),
    ),
    Row(
        "nobody named",
        Given(dispatched("04-22", name="trip")), PAIRS, "06-01",
        Flags(flag("understaffed_transit", "04-22", MAJOR, LESSOR, subject=TRIP)),
    ),
    Row(
        "one person, written in two ways, is one",
        Given(dispatched("04-22", crew=("Sato 1", " ｓａｔｏ　1 "), name="trip")), PAIRS, "06-01",
        Flags(flag("understaffed_transit", "04-22", MAJOR, LESSOR, subject=TRIP)),
    ),
    Row(
        "a blank is nobody",
        Given(dispatched("04-22", crew=("sato", " "), name="trip")), PAIRS, "06-01",
        Flags(flag("understaffed_transit", "04-22", MAJOR, LESSOR, subject=TRIP)),
    ),
    Row(
        "each trip is judged by itself",
        Given(dispatched("04-22", crew=("sato", "suzuki")), dispatched("04-24", by=CARRIER, name="trip")), PAIRS,
        "06-01",
        Flags(flag("understaffed_transit", "04-24", MAJOR, CARRIER, subject=TRIP)),
    ),
    Row(
        "the report was taken back",
        Given(dispatched("04-22", name="trip"), retracted("04-23", retracted="trip")), PAIRS, "06-01",
        NO_FLAGS,
    ),
    Row("a policy that asks for no crew", Given(dispatched("04-22")), under(asking(seal=True)), "06-01", NO_FLAGS),
    Row("the rule is off unless the policy states it", Given(dispatched("04-22")), under(), "06-01", NO_FLAGS),
    Row("without a contract there is no rule", Given(dispatched("04-22")), NOTHING_AGREED, "06-01", NO_FLAGS),
    Row(
        "a policy published after the trip makes it evident then",
        Given(dispatched("04-22", name="trip")), reference(registered(), published(asking(crew=2), known="05-20")),
        "06-01",
        Flags(flag("understaffed_transit", "04-22", MAJOR, LESSOR, subject=TRIP, evident="05-20")),
    ),
    Row(
        "two were too few before, when three were asked for, as they are now when four are",
        Given(dispatched("04-22", crew=("sato", "suzuki"), name="trip")),
        under(asking(crew=3), published(asking(crew=4, version=2)), amended("05-20", version=2)), "06-01",
        Flags(flag("understaffed_transit", "04-22", MAJOR, LESSOR, subject=TRIP)),
    ),
    Row(
        "two were enough before, when two were asked for",
        Given(dispatched("04-22", crew=("sato", "suzuki"), name="trip")),
        under(asking(crew=2), published(asking(crew=3, version=2)), amended("05-20", version=2)), "06-01",
        Flags(flag("understaffed_transit", "04-22", MAJOR, LESSOR, subject=TRIP, evident="05-20")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", UNDERSTAFFED, ids=str)
def test_a_drive_travels_with_as_many_people_as_the_policy_asks(row: Row) -> None:
    check(row, "understaffed_transit")


SEALED = under(asking(seal=True))

SEALS = [
    Row(
        "sealed, and found so",
        Given(released("04-20", seal="A-1"), returned("04-22", seal_found="A-1")), SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "the same seal, written otherwise",
        Given(dispatched("04-20", seal="Seal A-1"), delivered("04-22", seal_found=" seal　Ａ-1 ")), SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "released without a seal",
        Given(released("04-20", known="04-21", name="trip")), SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-21", MAJOR, OWNER, subject=TRIP)),
    ),
    Row(
        "dispatched with a blank for a seal",
        Given(dispatched("04-20", seal=" ", name="trip")), SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-20", MAJOR, LESSOR, subject=TRIP)),
    ),
    Row(
        "found under another seal",
        Given(dispatched("04-20", seal="A-1"), delivered("04-22", known="04-23", seal_found="A-2", name="scan")),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-23", MAJOR, DESTROYER, subject=SCAN)),
    ),
    Row(
        "nobody noted the seal",
        Given(released("04-20", seal="A-1"), returned("04-22", name="scan")), SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-22", MAJOR, LESSOR, subject=SCAN)),
    ),
    Row(
        "the driver had noted it a day before the dock did not",
        Given(
            released("04-20", seal="A-1"), delivered("04-21", seal_found="A-1"), returned("04-22", name="scan")
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "somebody who received it too noted it, and said so later",
        Given(
            released("04-20", seal="A-1"), returned("04-22", name="scan"),
            delivered("04-22", known="04-25", seal_found="A-1"),
        ),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-22", MAJOR, LESSOR, subject=SCAN, resolved="04-25")),
    ),
    Row(
        "two others noted it, and the first to say so counts",
        Given(
            released("04-20", seal="A-1"), returned("04-22", name="scan"),
            returned("04-22 10:00", known="04-24", seal_found="A-1"),
            delivered("04-22", known="04-25", seal_found="A-1"),
        ),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-22", MAJOR, LESSOR, subject=SCAN, resolved="04-24")),
    ),
    Row(
        "sealed again on the way: the last seal before the arrival counts",
        Given(
            released("04-20", seal="A-1"), dispatched("04-21", seal="B-1"), delivered("04-22", seal_found="B-1")
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "sealed again after the arrival changes nothing",
        Given(
            released("04-20", seal="A-1"), returned("04-22", seal_found="B-1", name="scan"),
            dispatched("04-22 09:01", seal="B-1"),
        ),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-22", MAJOR, LESSOR, subject=SCAN)),
    ),
    Row(
        "sealed at the moment of the arrival, as where only the day was told",
        Given(
            released("04-22", seal="B-1"), returned("04-22", seal_found="B-1"),
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "the second sealing was told late: until then the seal was another",
        Given(
            released("04-20", seal="A-1"), dispatched("04-21", known="04-25", seal="B-1"),
            delivered("04-22", seal_found="B-1", name="scan"),
        ),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-22", MAJOR, DESTROYER, subject=SCAN, resolved="04-25")),
    ),
    Row(
        "the sealing was told after the arrival: wrong from then on",
        Given(returned("04-22", seal_found="B-1", name="scan"), released("04-20", known="04-25", seal="A-1")),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-25", MAJOR, LESSOR, subject=SCAN)),
    ),
    Row(
        "the seal of another shipment is not this one's",
        Given(
            dispatched("04-20", shipment="S-1", seal="A-1"), dispatched("04-21", shipment="S-2", seal="A-2"),
            delivered("04-22", shipment="S-1", seal_found="A-1"),
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "where no lot is named, nothing can be compared",
        Given(released("04-20", shipment="", seal="A-1"), returned("04-22", shipment="", seal_found="A-2")),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a scan that was taken back",
        Given(
            released("04-20", seal="A-1"), returned("04-22", seal_found="A-2", name="scan"),
            retracted("04-23", retracted="scan"),
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "the rule is off unless the policy states it",
        Given(released("04-20"), returned("04-22", seal_found="A-2")), under(asking(crew=1)), "06-01",
        NO_FLAGS,
    ),
    Row(
        "without a contract there is no rule",
        Given(released("04-20"), returned("04-22", seal_found="A-2")), NOTHING_AGREED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a policy published afterwards makes it evident then",
        Given(released("04-20", name="trip")), reference(registered(), published(asking(seal=True), known="05-20")),
        "06-01",
        Flags(flag("seal_mismatch", "04-20", MAJOR, OWNER, subject=TRIP, evident="05-20")),
    ),
    Row(
        "who noted the seal said so at the moment at which the dock did not",
        Given(
            released("04-20", seal="A-1"), returned("04-22", name="scan"),
            delivered("04-21", known="04-22", seal_found="A-1"),
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "of two who noted it, the first word mends it",
        Given(
            released("04-20", seal="A-1"), returned("04-22", name="scan"),
            delivered("04-22", known="04-25", seal_found="A-1"), returned("04-22", known="04-27", seal_found="A-1"),
        ),
        SEALED, "06-01",
        Flags(flag("seal_mismatch", "04-22", MAJOR, LESSOR, subject=SCAN, resolved="04-25")),
    ),
    Row(
        "a new version that asks for a seal too, and for a crew besides, moves nothing",
        Given(released("04-20", name="trip")), moved_to(asking(seal=True, crew=2), "05-20", before=asking(seal=True)),
        "06-01",
        Flags(flag("seal_mismatch", "04-20", MAJOR, OWNER, subject=TRIP)),
    ),
    Row(
        "where the version before asked for a crew alone, it is evident when the contract is put under this one",
        Given(released("04-20", name="trip")), moved_to(asking(seal=True), "05-20", before=asking(crew=2)), "06-01",
        Flags(flag("seal_mismatch", "04-20", MAJOR, OWNER, subject=TRIP, evident="05-20")),
    ),
    Row(
        "sealed again at the moment of the arrival, as where only the day was told",
        Given(
            released("04-20", seal="A-1"), returned("04-22", seal_found="B-1"), dispatched("04-22", seal="B-1")
        ),
        SEALED, "06-01",
        NO_FLAGS,
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", SEALS, ids=str)
def test_a_drive_arrives_under_the_seal_that_it_left_under(row: Row) -> None:
    check(row, "seal_mismatch")


def test_the_order_of_arrival_does_not_matter_to_a_seal() -> None:
    row = SEALS[11]
    turned = replace(row, given=Given(*reversed(row.given.facts)))
    check(turned, "seal_mismatch")
