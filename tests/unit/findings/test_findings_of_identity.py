"""Is this a drive that we know, and is this its own number?"""

import pytest

from worlds import (
    DESTROYER,
    LESSOR,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    WARNING,
    Flags,
    Given,
    Row,
    Says,
    When,
    check,
    destroyed,
    enrolled,
    flag,
    lease_ended,
    released,
    retracted,
    returned,
    sighted,
    under,
)

UNKNOWN_DRIVE = [
    Row(
        "an enrolled drive is known",
        Given(enrolled("01-10"), returned("04-22")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a drive whose enrolment and return were reported at once is known",
        Given(returned("04-22", known="04-23"), enrolled("01-10", known="04-23")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a drive that nobody enrolled is flagged when it is first heard of",
        Given(lease_ended("02-28"), returned("04-22")), under(), "05-01",
        Flags(flag("unknown_drive", "02-28", MAJOR, LESSOR)),
    ),
    Row(
        "of two reports the one that was known first is blamed, not the one that happened first",
        Given(lease_ended("02-28", known="04-24"), destroyed("04-22")), under(), "05-01",
        Flags(flag("unknown_drive", "04-22", MAJOR, DESTROYER)),
    ),
    Row(
        "an enrolment reported late mends it from then on",
        Given(returned("04-22"), enrolled("01-10", known="04-25")), under(), "04-25",
        Flags(flag("unknown_drive", "04-22", MAJOR, LESSOR, resolved="04-25")),
    ),
    Row(
        "an enrolment that is still to come mends nothing yet",
        Given(returned("04-22"), enrolled("01-10", known="04-25")), under(), "04-25 08:59",
        Flags(flag("unknown_drive", "04-22", MAJOR, LESSOR)),
    ),
    Row(
        "an enrolment that was taken back leaves the drive unknown",
        Given(enrolled("01-10", name="enrolment"), retracted("01-12", retracted="enrolment"), returned("04-22")),
        under(), "05-01",
        Flags(flag("unknown_drive", "04-22", MAJOR, LESSOR)),
    ),
    Row(
        "an enrolment under another contract does not count",
        Given(enrolled("01-10", contract="K-OTHER"), returned("04-22")), under(), "05-01",
        Flags(flag("unknown_drive", "04-22", MAJOR, LESSOR)),
    ),
    Row(
        "imported history counts from when it happened, so its enrolment was in time",
        Given(enrolled("01-10", known="2026-11-01", backfilled=True), returned("04-22")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "it needs no contract to be known",
        Given(sighted("11-26")), NOTHING_AGREED, "12-01",
        Flags(flag("unknown_drive", "11-26", MAJOR, "buyer")),
    ),
    Row(
        "and one whose enrolment was reported a minute later was not, until then",
        Given(returned("04-22", known="04-23"), enrolled("01-10", known="04-23 09:01")), under(), "05-01",
        Flags(flag("unknown_drive", "04-23", MAJOR, LESSOR, resolved="04-23 09:01")),
    ),
]  # fmt: skip

SUSPECT_SERIAL = [
    Row(
        "the number of a drive is its own",
        Given(enrolled("01-10")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "the number of a USB bridge is suspect from the first report on",
        Given(enrolled("01-10", serial="DD56419884A1"), returned("04-22", serial="DD56419884A1"),
              serial="DD56419884A1"),
        under(), "05-01",
        Flags(flag("suspect_serial", "01-10", WARNING, LESSOR)),
    ),
    Row(
        "the number of a virtual disk is suspect under whatever contract",
        Given(sighted("11-26", serial="QM00001"), serial="QM00001"), NOTHING_AGREED, "12-01",
        Flags(flag("suspect_serial", "11-26", WARNING, "buyer")),
    ),
    Row(
        "it is raised when the earliest report was known, in whatever order reports arrive",
        Given(destroyed("05-02", known="05-03", serial="QM00001"), returned("04-22", known="05-04", serial="QM00001"),
              serial="QM00001"),
        under(), "06-01",
        Flags(flag("suspect_serial", "05-03", WARNING, DESTROYER)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", UNKNOWN_DRIVE, ids=str)
def test_a_drive_never_enrolled_is_unknown(row: Row) -> None:
    check(row, "unknown_drive")


@pytest.mark.parametrize("row", SUSPECT_SERIAL, ids=str)
def test_a_number_that_several_drives_may_share_is_suspect(row: Row) -> None:
    check(row, "suspect_serial")


def test_each_contract_under_which_a_drive_is_unknown_has_a_flag_of_its_own() -> None:
    verdict = Given(returned("04-22"), sighted("11-26", by=OWNER, contract="K-OTHER")).judged(
        under(), "12-01"
    )
    raised = {f.contract: f.flag_id for f in verdict.flags if f.kind == "unknown_drive"}
    assert len(raised) == 2
    assert len(set(raised.values())) == 2


OTHER = "K-OTHER"


def twice(raised: When, party: str = LESSOR, subject: str = OTHER, resolved: When | None = None) -> Says:
    return flag("alive_twice", raised, MAJOR, party, subject=subject, resolved=resolved)


ALIVE_TWICE = [
    Row("enrolled once", Given(enrolled("01-10")), under(), "06-01", NO_FLAGS),
    Row("enrolled twice under one contract", Given(enrolled("01-10"), enrolled("02-10")), under(), "06-01", NO_FLAGS),
    Row(
        "enrolled under a second contract while it is alive under the first",
        Given(enrolled("01-10", contract=OTHER), enrolled("02-10", known="02-11")), under(), "06-01",
        Flags(twice("02-11")),
    ),
    Row(
        "a whole minute after it is enrolled again it was not over",
        Given(enrolled("01-10", contract=OTHER), returned("02-10 09:01", contract=OTHER), enrolled("02-10")),
        under(), "06-01",
        Flags(twice("02-10")),
    ),
    Row(
        "of three contracts, the last one before counts",
        Given(
            enrolled("01-10", contract="K-1"), enrolled("01-11", contract=OTHER), returned("01-12", contract=OTHER),
            enrolled("02-10"),
        ),
        under(), "06-01",
        Flags(twice("01-11", subject="K-1")),
    ),
    Row(
        "returned under the first before",
        Given(enrolled("01-10", contract=OTHER), returned("02-10 08:59", contract=OTHER), enrolled("02-10")),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a return under the second ends nothing under the first",
        Given(enrolled("01-10", contract=OTHER), returned("02-09"), enrolled("02-10")), under(), "06-01",
        Flags(twice("02-10")),
    ),
    Row(
        "a return told late mends it then",
        Given(enrolled("01-10", contract=OTHER), returned("02-01", contract=OTHER, known="02-20"), enrolled("02-10")),
        under(), "06-01",
        Flags(twice("02-10", resolved="02-20")),
    ),
    Row(
        "of two returns, the one that was told in time",
        Given(
            enrolled("01-10", contract=OTHER), returned("01-20", contract=OTHER, known="01-25"),
            returned("01-22", contract=OTHER, known="02-20"), enrolled("02-10"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "enrolled again under the second, while it is alive under the first all along",
        Given(enrolled("01-10", contract=OTHER), enrolled("01-20"), returned("02-01"), enrolled("03-01")),
        under(), "06-01",
        Flags(twice("01-20"), twice("03-01")),
    ),
    Row(
        "a return after it mends nothing",
        Given(enrolled("01-10", contract=OTHER), enrolled("02-10"), returned("02-20", contract=OTHER)),
        under(), "06-01",
        Flags(twice("02-10")),
    ),
    Row(
        "the earlier enrolment told late makes it known then",
        Given(enrolled("02-10"), enrolled("01-10", contract=OTHER, known="03-01")), under(), "06-01",
        Flags(twice("03-01")),
    ),
    Row(
        "an enrolment that was taken back was none",
        Given(
            enrolled("01-10", contract=OTHER, name="wrong"), enrolled("02-10"),
            retracted("02-11", contract=OTHER, retracted="wrong"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "other facts under another contract enrol nothing",
        Given(released("01-10", contract=OTHER), enrolled("02-10")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a return that is told at the moment of the enrolment was known",
        Given(enrolled("01-10", contract=OTHER), returned("02-01", contract=OTHER, known="02-10"), enrolled("02-10")),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a minute later it was not",
        Given(
            enrolled("01-10", contract=OTHER), returned("02-01", contract=OTHER, known="02-10 09:01"), enrolled("02-10")
        ),
        under(), "06-01",
        Flags(twice("02-10", resolved="02-10 09:01")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ALIVE_TWICE, ids=str)
def test_a_drive_is_alive_under_one_contract_at_a_time(row: Row) -> None:
    check(row, "alive_twice")
