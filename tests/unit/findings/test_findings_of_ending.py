"""What is destroyed stays destroyed, and what is gone is gone until it is seen again."""

import pytest

from worlds import (
    CRITICAL,
    DESTROYER,
    LESSOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    Flags,
    Given,
    Row,
    accepted,
    certified,
    check,
    destroyed,
    enrolled,
    flag,
    lease_ended,
    lease_extended,
    lost,
    named,
    recovered,
    retracted,
    returned,
    sighted,
    under,
    wiped,
)


def of(name: str) -> str:
    return str(named(name))


ACTIVITY_AFTER_DESTRUCTION = [
    Row(
        "returned, then destroyed",
        Given(returned("04-22"), destroyed("05-01")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "seen after it was destroyed: one of the two is untrue",
        Given(destroyed("05-01"), sighted("11-26", known="11-27", name="sight")), under(), "12-01",
        Flags(flag("activity_after_destruction", "11-27", CRITICAL, "buyer", subject=of("sight"))),
    ),
    Row(
        "at the moment of its destruction it was still there",
        Given(wiped("05-01"), destroyed("05-01")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a minute later it was not",
        Given(destroyed("05-01"), wiped("05-01 09:01", name="wipe")), under(), "06-01",
        Flags(flag("activity_after_destruction", "05-01 09:01", CRITICAL, "sanitiser", subject=of("wipe"))),
    ),
    Row(
        "what happened before it may be told after it",
        Given(destroyed("05-01"), returned("04-22", known="05-20")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a destruction told late makes what came after it evident when it is told",
        Given(wiped("05-03", name="wipe"), destroyed("05-01", known="05-20")), under(), "06-01",
        Flags(flag("activity_after_destruction", "05-20", CRITICAL, "sanitiser", subject=of("wipe"))),
    ),
    Row(
        "until then nothing contradicts it",
        Given(wiped("05-03", name="wipe"), destroyed("05-01", known="05-20")), under(), "05-19",
        NO_FLAGS,
    ),
    Row(
        "an earlier destruction told later still moves nothing that was raised",
        Given(
            destroyed("05-10"), sighted("05-20", name="sight"),
            destroyed("05-05", known="05-30", by=LESSOR),
        ),
        under(), "05-29",
        Flags(flag("activity_after_destruction", "05-20", CRITICAL, "buyer", subject=of("sight"))),
    ),
    Row(
        "destroyed twice, it cannot have been destroyed the first time",
        Given(
            destroyed("05-10", name="later"), sighted("05-20", name="sight"),
            destroyed("05-05", known="05-30", by=LESSOR),
        ),
        under(), "06-01",
        Flags(
            flag("activity_after_destruction", "05-30", CRITICAL, DESTROYER, subject=of("later")),
            flag("activity_after_destruction", "05-20", CRITICAL, "buyer", subject=of("sight")),
        ),
    ),
    Row(
        "its papers may go on",
        Given(
            destroyed("05-01"), certified("05-02"), accepted("05-03"),
            lease_extended("05-04", until="06-30"), lease_ended("06-30"),
        ),
        under(), "07-01",
        NO_FLAGS,
    ),
    Row(
        "found again after it was destroyed",
        Given(destroyed("05-01"), recovered("12-05", name="find")), under(), "12-06",
        Flags(flag("activity_after_destruction", "12-05", CRITICAL, OWNER, subject=of("find"))),
    ),
    Row(
        "enrolled again under another contract after it was destroyed under the first",
        Given(destroyed("05-01"), enrolled("07-01", contract="K-NEW", name="again")), under(), "08-01",
        Flags(flag("activity_after_destruction", "07-01", CRITICAL, LESSOR, subject=of("again"))),
    ),
    Row(
        "a destruction that was taken back ends nothing",
        Given(destroyed("05-01", name="deed"), sighted("11-26"), retracted("11-27", by=DESTROYER, retracted="deed")),
        under(), "12-01",
        NO_FLAGS,
    ),
    Row(
        "no contract needs to be known",
        Given(destroyed("05-01"), sighted("11-26", name="sight")), NOTHING_AGREED, "12-01",
        Flags(flag("activity_after_destruction", "11-26", CRITICAL, "buyer", subject=of("sight"))),
    ),
]  # fmt: skip

SIGHTED = [
    Row(
        "nobody saw it where it should not be",
        Given(returned("04-22"), recovered("04-23")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a buyer read it",
        Given(sighted("11-26", known="11-27", name="sight")), under(), "12-01",
        Flags(flag("sighted", "11-27", CRITICAL, "buyer", subject=of("sight"))),
    ),
    Row(
        "each sighting is its own",
        Given(sighted("11-26", name="one"), sighted("11-28", name="two")), under(), "12-01",
        Flags(
            flag("sighted", "11-26", CRITICAL, "buyer", subject=of("one")),
            flag("sighted", "11-28", CRITICAL, "buyer", subject=of("two")),
        ),
    ),
    Row(
        "a recovery closes nothing",
        Given(sighted("11-26", name="sight"), recovered("12-05")), under(), "12-27",
        Flags(flag("sighted", "11-26", CRITICAL, "buyer", subject=of("sight"))),
    ),
    Row(
        "nor does a destruction that was before it",
        Given(destroyed("08-01"), sighted("11-26", name="sight")), under(), "12-27",
        Flags(flag("sighted", "11-26", CRITICAL, "buyer", subject=of("sight"))),
    ),
    Row(
        "a sighting not yet told is not known",
        Given(sighted("11-26", known="11-27")), under(), "11-26 23:00",
        NO_FLAGS,
    ),
    Row(
        "a sighting that its reporter took back",
        Given(sighted("11-26", name="sight"), retracted("11-28", by="buyer", retracted="sight")), under(), "12-01",
        NO_FLAGS,
    ),
    Row(
        "seen by one who does not say where",
        Given(sighted("11-26", place="", name="sight")), under(), "12-01",
        Flags(flag("sighted", "11-26", CRITICAL, "buyer", subject=of("sight"))),
    ),
]  # fmt: skip

LOST = [
    Row("not lost", Given(returned("04-22"), recovered("04-23")), under(), "06-01", NO_FLAGS),
    Row(
        "the bag is gone, by the word of who had it",
        Given(lost("06-21 23:00", known="06-22 10:00", name="loss")), under(), "06-23",
        Flags(flag("lost", "06-22 10:00", CRITICAL, LESSOR, subject=of("loss"))),
    ),
    Row(
        "a loss not yet told is not known",
        Given(lost("06-21 23:00", known="06-22 10:00")), under(), "06-22 09:59",
        NO_FLAGS,
    ),
    Row(
        "a recovery does not close it",
        Given(lost("06-22", name="loss"), recovered("06-24")), under(), "06-25",
        Flags(flag("lost", "06-22", CRITICAL, LESSOR, subject=of("loss"))),
    ),
    Row(
        "two parties that report it each raise their own",
        Given(lost("06-22", name="one"), lost("06-22 14:00", by=OWNER, name="two")), under(), "06-25",
        Flags(
            flag("lost", "06-22", CRITICAL, LESSOR, subject=of("one")),
            flag("lost", "06-22 14:00", CRITICAL, OWNER, subject=of("two")),
        ),
    ),
    Row(
        "a report that was taken back: it lay in a drawer",
        Given(lost("06-22", name="loss"), retracted("06-23", retracted="loss")), under(), "06-25",
        NO_FLAGS,
    ),
    Row(
        "no contract needs to be known",
        Given(lost("06-22", name="loss")), NOTHING_AGREED, "06-25",
        Flags(flag("lost", "06-22", CRITICAL, LESSOR, subject=of("loss"))),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ACTIVITY_AFTER_DESTRUCTION, ids=str)
def test_nothing_happens_to_a_drive_after_its_destruction(row: Row) -> None:
    check(row, "activity_after_destruction")


@pytest.mark.parametrize("row", SIGHTED, ids=str)
def test_a_drive_seen_where_it_should_not_be_is_flagged(row: Row) -> None:
    check(row, "sighted")


@pytest.mark.parametrize("row", LOST, ids=str)
def test_a_drive_that_is_lost_is_flagged(row: Row) -> None:
    check(row, "lost")
