"""The record is a set: what is in it, what was taken back, and where a drive begins again."""

import itertools
from dataclasses import replace

import pytest

from mitodoke.lifecycle.facts import DriveSighted, Fact
from mitodoke.lifecycle.record import ConflictingRepeatError, Record, fold, standing
from worlds import (
    DRIVE,
    LESSOR,
    OWNER,
    When,
    accepted,
    acknowledged,
    at,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    lease_ended,
    named,
    record,
    released,
    retracted,
    returned,
    sighted,
    wiped,
)


def standing_names(held: Record, as_of: When) -> list[str]:
    return [fact.kind.value for fact in standing(held, at(as_of)).facts]


def test_the_same_fact_twice_is_the_very_same_record() -> None:
    once = record([returned("04-22")])
    assert fold(once, returned("04-22")) is once


def test_a_repeat_recorded_later_changes_nothing() -> None:
    once = record([returned("04-22", known="04-22", name="scan")])
    assert fold(once, returned("04-22", known="04-25", name="scan")) is once


def test_of_two_copies_the_one_recorded_first_counts_whichever_is_folded_first() -> None:
    first, again = returned("04-22", name="scan"), returned("04-22", known="04-25", name="scan")
    assert record([first, again]) == record([again, first]) == record([first])


@pytest.mark.parametrize("position", range(3))
def test_the_copy_recorded_first_takes_the_place_of_the_other_and_no_other_fact_is_touched(
    position: int,
) -> None:
    facts = [released("04-20"), returned("04-22"), wiped("04-24")]
    late = replace(facts[position], recorded_at=at("05-01"))
    held = record([*facts[:position], late, *facts[position + 1 :]])
    assert fold(held, facts[position]) == record(facts)


@pytest.mark.parametrize(
    "other",
    [
        returned("04-23", name="scan"),
        returned("04-22", name="scan", by=OWNER),
        returned("04-22", name="scan", shipment="LOT-2"),
        returned("04-22", name="scan", contract="K-OTHER"),
        returned("04-22", name="scan", backfilled=True),
        delivered("04-22", name="scan", by=LESSOR),
    ],
)
def test_the_same_id_with_another_body_is_refused(other: Fact) -> None:
    held = record([returned("04-22", name="scan")])
    with pytest.raises(
        ConflictingRepeatError,
        match=f"of drive {DRIVE} was recorded before with another body: "
        "a request id was used for two different requests$",
    ):
        fold(held, other)
    assert len(held.facts) == 1


def test_any_order_gives_the_same_record() -> None:
    facts = [enrolled("01-10"), returned("04-22"), sighted("04-22"), retracted("04-23", retracted="nothing")]
    assert len({record(order) for order in itertools.permutations(facts)}) == 1


def test_facts_stand_in_the_order_in_which_they_are_said_to_have_happened() -> None:
    held = record([destroyed("05-01", known="05-02"), returned("04-22", known="06-01")])
    assert [fact.kind for fact in held.facts] == ["DriveReturned", "DriveDestroyed"]


def test_facts_of_the_same_moment_stand_in_the_order_of_a_chain() -> None:
    day = [
        enrolled("end 04-22"), released("end 04-22"), returned("end 04-22"), dispatched("end 04-22"),
        delivered("end 04-22"), destroyed("end 04-22"), accepted("end 04-22"),
    ]  # fmt: skip
    assert list(record(reversed(day)).facts) == day


def test_a_record_knows_what_it_holds() -> None:
    held = record([returned("04-22", name="scan")])
    assert held.holds(named("scan"))
    assert not held.holds(named("another"))


def test_what_is_not_known_yet_does_not_stand() -> None:
    held = record([returned("04-22", known="04-25")])
    assert standing_names(held, "04-24") == []
    assert standing_names(held, "04-25") == ["DriveReturned"]


def test_it_says_when_the_next_fact_becomes_known() -> None:
    held = record([returned("04-22", known="04-25"), destroyed("04-23", known="04-28"), lease_ended("02-28")])
    assert standing(held, at("04-01")).next_known_at == at("04-25")
    assert standing(held, at("04-25")).next_known_at == at("04-28")
    assert standing(held, at("04-28")).next_known_at is None


def test_imported_history_is_known_from_when_it_happened() -> None:
    held = record([returned("04-22", known="2026-11-02", backfilled=True)])
    assert standing_names(held, "04-22") == ["DriveReturned"]


RETURN = returned("04-22", name="scan")


def test_a_retracted_fact_does_not_stand_and_both_stay_in_the_record() -> None:
    held = record([RETURN, retracted("04-24", retracted="scan")])
    assert standing_names(held, "04-23") == ["DriveReturned"]
    assert standing_names(held, "04-24") == []
    assert standing(held, at("04-24")).retracted == {named("scan")}
    assert len(held.facts) == 2


def test_nobody_else_can_take_a_fact_back() -> None:
    held = record([RETURN, retracted("04-24", by=OWNER, retracted="scan")])
    assert standing_names(held, "05-01") == ["DriveReturned"]


def test_a_retraction_may_arrive_before_what_it_retracts() -> None:
    late = replace(RETURN, recorded_at=at("04-26"))
    before = record([retracted("04-24", retracted="scan"), late])
    assert standing_names(before, "04-26") == []
    assert before == record([late, retracted("04-24", retracted="scan")])


def test_a_retraction_of_what_nobody_said_takes_nothing_back() -> None:
    held = record([RETURN, retracted("04-24", retracted="nothing")])
    assert standing_names(held, "05-01") == ["DriveReturned"]
    assert not standing(held, at("05-01")).retracted


def test_a_retraction_that_is_taken_back_lets_the_fact_stand_again() -> None:
    facts = [
        RETURN,
        retracted("04-24", retracted="scan", name="mistake"),
        retracted("04-26", retracted="mistake", name="correction"),
    ]
    for order in itertools.permutations(facts):
        assert standing_names(record(order), "04-25") == []
        assert standing_names(record(order), "04-26") == ["DriveReturned"]


def test_a_retraction_of_a_retraction_of_a_retraction_takes_the_fact_back() -> None:
    held = record(
        [
            RETURN,
            retracted("04-24", retracted="scan", name="one"),
            retracted("04-25", retracted="one", name="two"),
            retracted("04-26", retracted="two", name="three"),
        ]
    )
    assert standing_names(held, "05-01") == []


def test_of_two_retractions_one_taken_back_leaves_the_other() -> None:
    held = record(
        [
            RETURN,
            retracted("04-24", retracted="scan", name="one"),
            retracted("04-25", retracted="scan", name="another"),
            retracted("04-26", retracted="one", name="two"),
        ]
    )
    assert standing_names(held, "05-01") == []


def test_retractions_in_a_circle_never_count() -> None:
    circle = [
        retracted("04-24", retracted="b", name="a"),
        retracted("04-25", retracted="a", name="b"),
        retracted("04-26", retracted="self", name="self"),
    ]
    for order in itertools.permutations([RETURN, *circle]):
        assert not standing(record(order), at("05-01")).retracted


def test_what_people_say_of_flags_is_no_fact_of_the_drive() -> None:
    held = record([RETURN, acknowledged("04-24", flag=named("a flag"), until="05-01")])
    stood = standing(held, at("04-24"))
    assert [f.kind for f in stood.facts] == ["DriveReturned"]
    assert [f.kind for f in stood.corrections] == ["FlagAcknowledged"]


def cycles(*facts: Fact) -> list[tuple[str, int]]:
    """The names of the cycles, each with the number of its facts, in their order."""
    return [(c.name, len(c.facts)) for c in standing(record(facts), at("2030-01-01")).cycles]


def again(begun_by: str, contract: str = "K-2019") -> str:
    """The name of a cycle whose first recorded fact is that one."""
    return f"{contract}#{named(begun_by)}"


FIRST_LEASE = enrolled("2014-03-01", name="E1"), returned("2018-03-15", name="R1")
SECOND_LEASE = enrolled("2018-04-01", name="E2"), sighted("2018-05-01", name="S2")


def test_a_drive_enrolled_again_after_its_return_begins_a_new_cycle() -> None:
    assert cycles(*FIRST_LEASE, wiped("2018-03-20"), *SECOND_LEASE) == [("K-2019", 3), (again("E2"), 2)]


def test_a_drive_enrolled_twice_without_a_return_is_in_one_cycle() -> None:
    assert cycles(enrolled("2014-03-01"), enrolled("2015-03-01"), returned("2018-03-15")) == [("K-2019", 3)]


def test_a_second_lease_that_has_not_ended_is_one_cycle_however_often_it_is_enrolled() -> None:
    assert cycles(*FIRST_LEASE, enrolled("2018-04-01", name="E2"), enrolled("2018-05-01")) == [
        ("K-2019", 2),
        (again("E2"), 2),
    ]


def test_an_enrolment_told_after_the_return_belongs_to_its_cycle() -> None:
    assert cycles(returned("2018-03-15"), enrolled("2018-04-01")) == [("K-2019", 2)]


def test_each_contract_has_its_own_cycles() -> None:
    assert cycles(
        enrolled("2014-03-01"), enrolled("2014-03-01", contract="K-0"), returned("2018-03-15", contract="K-0"),
        enrolled("2018-04-01", contract="K-0", name="E2"),
    ) == [("K-0", 2), (again("E2", "K-0"), 1), ("K-2019", 1)]  # fmt: skip


def late(fact: Fact, known: str = "2018-06-01") -> Fact:
    return replace(fact, recorded_at=at(known))


def taken_back(fact: str, known: str = "2018-06-01") -> Fact:
    return retracted(known, retracted=fact)


NAMES = [
    (
        "a lease that is told after the next one does not rename it",
        [*map(late, FIRST_LEASE), *SECOND_LEASE],
        [(again("E1"), 2), ("K-2019", 2)],
    ),
    (
        "nor does one that is imported",
        [*(replace(late(f), backfilled=True) for f in FIRST_LEASE), *SECOND_LEASE],
        [(again("E1"), 2), ("K-2019", 2)],
    ),
    (
        "an enrolment that is told late does not rename what was reported before it",
        [*FIRST_LEASE, late(SECOND_LEASE[0]), SECOND_LEASE[1]],
        [("K-2019", 2), (again("S2"), 2)],
    ),
    (
        "nor does the enrolment of the first lease",
        [late(FIRST_LEASE[0]), FIRST_LEASE[1], *SECOND_LEASE],
        [("K-2019", 2), (again("E2"), 2)],
    ),
    (
        "a lease whose enrolment is missing has its name as well",
        [FIRST_LEASE[1], wiped("2018-03-20")],
        [("K-2019", 2)],
    ),
    (
        "an enrolment that is taken back and told rightly gives the same name, when the same day is told",
        [*FIRST_LEASE, *SECOND_LEASE, taken_back("E2"), late(enrolled("2018-04-01", name="E3"), "2018-06-02")],
        [("K-2019", 2), (again("E2"), 2)],
    ),
    (
        "an earlier day",
        [*FIRST_LEASE, *SECOND_LEASE, taken_back("E2"), late(enrolled("2018-03-25", name="E3"), "2018-06-02")],
        [("K-2019", 2), (again("E2"), 2)],
    ),
    (
        "or a later one",
        [*FIRST_LEASE, *SECOND_LEASE, taken_back("E2"), late(enrolled("2018-04-05", name="E3"), "2018-06-02")],
        [("K-2019", 2), (again("E2"), 2)],
    ),
    (
        "the first of all is taken back and told rightly",
        [
            *FIRST_LEASE, *SECOND_LEASE, taken_back("E1"),
            late(enrolled("2014-03-02", name="E3"), "2018-06-02"),
        ],
        [("K-2019", 2), (again("E2"), 2)],
    ),
    (
        "while the enrolment is taken back, what followed it belongs to the lease before",
        [*FIRST_LEASE, *SECOND_LEASE, taken_back("E2")],
        [("K-2019", 3)],
    ),
    (
        "a lease that is taken back whole does not rename the one before it, though that was told after it",
        [*map(late, FIRST_LEASE), SECOND_LEASE[0], taken_back("E2", "2018-07-01")],
        [(again("E1"), 2)],
    ),
    (
        "another report of the first lease that is taken back is of the first lease",
        [*FIRST_LEASE, sighted("2018-03-20", by=LESSOR, name="S1"), *SECOND_LEASE, taken_back("S1")],
        [("K-2019", 2), (again("E2"), 2)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "expected"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_the_name_of_a_cycle_goes_by_what_was_recorded_first(
    facts: list[Fact], expected: list[tuple[str, int]]
) -> None:
    assert cycles(*facts) == expected
    assert cycles(*reversed(facts)) == expected


def test_a_cycle_gives_its_facts_by_type_in_order() -> None:
    (cycle,) = standing(record([sighted("05-02"), sighted("05-01"), returned("04-22")]), at("06-01")).cycles
    assert [fact.occurred_at for fact in cycle.by_kind[DriveSighted.kind]] == [at("05-01"), at("05-02")]


def test_one_fact_more_passes_on_what_it_does_not_change() -> None:
    held = record([enrolled("04-01"), returned("04-05"), enrolled("04-01", contract="K-2")])
    before = standing(held, at("04-06"))
    now = standing(fold(held, sighted("04-06", contract="K-2")), at("04-06"), before)
    assert [was is cycle for was, cycle in zip(before.cycles, now.cycles, strict=True)] == [False, True]
    assert (now.contracts, now.shipments) == (before.contracts, before.shipments)
    assert now.contracts is before.contracts
    assert now.shipments is before.shipments


def test_an_empty_record_stands_empty() -> None:
    stood = standing(Record(DRIVE), at("05-01"))
    assert (stood.facts, stood.cycles, stood.next_known_at) == ((), (), None)


FOLLOWING = {
    "one after the other": [
        enrolled("01-10"), released("04-20"), returned("04-22"), wiped("04-23"), wiped("04-24"), delivered("04-25"),
    ],
    "with lots of several names, and with none": [
        enrolled("01-10"), released("04-20"), returned("04-22", shipment="LOT-2"), delivered("04-23", shipment=""),
        delivered("04-24"), wiped("04-25"),
    ],
    "under two contracts": [
        enrolled("01-10"), returned("04-20", contract="K-OTHER"), wiped("04-21"), wiped("04-22", contract="K-OTHER"),
        wiped("04-23", contract="K-THIRD"),
    ],
    "in a second lease": [
        enrolled("2014-03-01"), lease_ended("2018-03-01"), returned("2018-03-15"), enrolled("2018-04-01", name="again"),
        released("04-20"), wiped("04-21"),
    ],
    "of which one was taken back": [
        enrolled("01-10"), wiped("04-20", by=LESSOR, name="wipe"), retracted("04-21", retracted="wipe"), wiped("04-22"),
        returned("04-23"),
    ],
    "of which one was taken back before it was told": [
        enrolled("01-10"), retracted("04-21", retracted="wipe"), wiped("04-22", by=LESSOR, name="wipe"),
        returned("04-23"),
    ],
    "of which somebody said something": [
        enrolled("01-10"), sighted("04-20"), acknowledged("04-21", flag=named("flag"), until="06-01"), wiped("04-22"),
    ],
    "of which the last is told after what comes next": [
        enrolled("01-10"), wiped("04-20", known="04-30"), returned("04-22"), wiped("04-23", known="05-05"),
        delivered("05-01"),
    ],
    "that were imported, the latest known from when it happened": [
        enrolled("01-10", known="2026-11-01"), wiped("04-20", known="2026-11-02", backfilled=True), returned("04-22"),
    ],
    "of which the last was recorded first": [
        enrolled("01-10", known="04-30", backfilled=True), wiped("04-20", known="04-21"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("facts", FOLLOWING.values(), ids=FOLLOWING)
def test_what_stood_before_saves_work_and_changes_nothing(facts: list[Fact]) -> None:
    moments = sorted({at(when) for fact in facts for when in (fact.known_at, fact.recorded_at)})
    grown = [record(facts[:count]) for count in range(1, len(facts) + 1)]
    for held, next_held in itertools.pairwise(grown):
        for number, moment in enumerate(moments):
            before = standing(held, moment)
            for now, later in itertools.product((held, next_held), moments[number:]):
                assert standing(now, later, before) == standing(now, later)
                assert standing(now, later, before).of == now.facts


def test_a_record_knows_which_lots_it_names() -> None:
    held = record(
        [
            enrolled("01-10"),
            released("04-20"),
            returned("04-22", shipment="LOT-2"),
            delivered("04-23", shipment=""),
        ]
    )
    assert standing(held, at("05-01")).shipments == {"LOT-1", "LOT-2"}


def test_said_twice_a_retraction_takes_nothing_more_back_and_the_others_count() -> None:
    held = record(
        [
            RETURN,
            wiped("04-23", by=LESSOR, name="wipe"),
            retracted("04-24", retracted="wipe", name="of the wipe"),
            retracted("04-25", retracted="scan", name="one"),
            retracted("04-26", retracted="scan", name="again"),
        ]
    )
    assert standing_names(held, "05-01") == []


def test_what_follows_an_enrolment_that_was_taken_back_belongs_to_the_lease_before_it() -> None:
    third = enrolled("2018-07-01", name="E3"), retracted("2018-07-02", retracted="E3"), sighted("2018-07-03")
    ended = returned("2018-06-15", name="R2")
    assert cycles(*FIRST_LEASE, *SECOND_LEASE, ended, *third) == [("K-2019", 2), (again("E2"), 4)]
