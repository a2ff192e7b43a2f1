"""Does each certificate have its deed, and do the reports of one thing agree?"""

import pytest

from worlds import (
    CARRIER,
    DESTROYER,
    INSTANT,
    LESSOR,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    Flags,
    Given,
    Row,
    Says,
    When,
    accepted,
    at,
    certified,
    check,
    delivered,
    destroyed,
    enrolled,
    flag,
    named,
    removed,
    retracted,
    returned,
    under,
)


def of(name: str) -> str:
    return str(named(name))


CERTIFICATE_WITHOUT_DESTRUCTION = [
    Row(
        "destroyed, certified, accepted",
        Given(destroyed("05-01"), certified("05-02"), accepted("05-03")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "certified without a destruction",
        Given(certified("05-02", known="05-03"), accepted("05-06")), under(), "06-01",
        Flags(flag("certificate_without_destruction", "05-03", MAJOR, DESTROYER, subject="C-1")),
    ),
    Row(
        "accepted without a destruction, and without having been issued",
        Given(accepted("05-06")), under(), "06-01",
        Flags(flag("certificate_without_destruction", "05-06", MAJOR, OWNER, subject="C-1")),
    ),
    Row(
        "told in the same moment as the destruction",
        Given(destroyed("05-01", known="05-02"), certified("05-02")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "told a minute before the destruction",
        Given(destroyed("05-01", known="05-02 09:01"), certified("05-02")), under(), "06-01",
        Flags(
            flag("certificate_without_destruction", "05-02", MAJOR, DESTROYER, subject="C-1", resolved="05-02 09:01")
        ),
    ),
    Row(
        "two certificates, each without a destruction",
        Given(certified("05-02"), certified("05-04", certificate="C-2")), under(), "06-01",
        Flags(
            flag("certificate_without_destruction", "05-02", MAJOR, DESTROYER, subject="C-1"),
            flag("certificate_without_destruction", "05-04", MAJOR, DESTROYER, subject="C-2"),
        ),
    ),
    Row(
        "a destruction that was taken back leaves the paper alone",
        Given(
            destroyed("05-01", name="deed"), certified("05-02"), retracted("05-20", by=DESTROYER, retracted="deed")
        ),
        under(), "06-01",
        Flags(flag("certificate_without_destruction", "05-02", MAJOR, DESTROYER, subject="C-1")),
    ),
    Row(
        "a destruction under another contract does not bear this certificate",
        Given(destroyed("05-01", contract="K-OTHER"), certified("05-02")), under(), "06-01",
        Flags(flag("certificate_without_destruction", "05-02", MAJOR, DESTROYER, subject="C-1")),
    ),
    Row(
        "no certificate, no flag",
        Given(destroyed("05-01")), under(), "06-01",
        NO_FLAGS,
    ),
]  # fmt: skip


def conflict(raised: When, party: str, name: str, resolved: When | None = None) -> Says:
    return flag("conflicting_facts", raised, MAJOR, party, subject=of(name), resolved=resolved)


CERTIFICATE_AND_DEED = [
    Row(
        "a certificate that agrees in all",
        Given(
            destroyed("05-01 16:00"),
            certified("05-02", method="Shred", destroyed_at="05-01 00:00", serial_on_certificate="S/N: wmc4n0012345"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row("one that names nothing contradicts nothing", Given(destroyed("05-01"), certified("05-02")), under(), "06-01",
        NO_FLAGS),
    Row(
        "one that names another serial number does so by itself",
        Given(certified("05-02", known="05-03", serial_on_certificate="WMC4N0012346", name="paper")), under(), "06-01",
        Flags(conflict("05-03", DESTROYER, "paper")),
    ),
    Row(
        "so does one that names no serial number at all",
        Given(certified("05-02", serial_on_certificate="N/A", name="paper")), under(), "06-01",
        Flags(conflict("05-02", DESTROYER, "paper")),
    ),
    Row(
        "another method",
        Given(destroyed("05-01"), certified("05-02", method="melt", name="paper")), under(), "06-01",
        Flags(conflict("05-02", DESTROYER, "paper")),
    ),
    Row(
        "a destruction whose method nobody wrote down contradicts none",
        Given(destroyed("05-01", method=""), certified("05-02", method="melt")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a date alone may be of the same day",
        Given(destroyed("05-01 23:59"), certified("05-02", destroyed_at="05-01 00:00")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a whole day earlier is another",
        Given(destroyed("05-02 00:00"), certified("05-02", destroyed_at="05-01 00:00", name="paper")), under(), "06-01",
        Flags(conflict("05-02", DESTROYER, "paper")),
    ),
    Row(
        "so is a whole day later",
        Given(destroyed("05-01 09:00"), certified("05-03", destroyed_at="05-02 09:00", name="paper")), under(), "06-01",
        Flags(conflict("05-03", DESTROYER, "paper")),
    ),
    Row(
        "a destruction told after its paper makes it known then",
        Given(certified("05-02", method="melt", name="paper"), destroyed("05-01", known="05-10")), under(), "06-01",
        Flags(conflict("05-10", DESTROYER, "paper")),
    ),
    Row(
        "until then nothing contradicts it",
        Given(certified("05-02", method="melt"), destroyed("05-01", known="05-10")), under(), at("05-10") - INSTANT,
        NO_FLAGS,
    ),
    Row(
        "the report of a destruction that agrees mends it",
        Given(
            destroyed("05-01"), certified("05-02", method="melt", name="paper"),
            destroyed("05-01 10:00", known="05-20", method="melt"),
        ),
        under(), "06-01",
        Flags(conflict("05-02", DESTROYER, "paper", resolved="05-20")),
    ),
    Row(
        "one that agrees with one of two reports known before it contradicts nothing",
        Given(destroyed("05-01"), destroyed("05-01 10:00", method="melt"), certified("05-02", method="melt")),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a wrong report that was taken back contradicts nothing any more",
        Given(
            destroyed("05-01", name="deed"), certified("05-02", method="melt"),
            retracted("05-03", by=DESTROYER, retracted="deed"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "of two papers the first names another drive, and the second another day",
        Given(
            destroyed("05-01"), certified("05-02", certificate="C-1", serial_on_certificate="WMC4N0099999", name="one"),
            certified("05-03", certificate="C-2", destroyed_at="05-09", name="two"),
        ),
        under(), "06-01",
        Flags(conflict("05-02", DESTROYER, "one"), conflict("05-03", DESTROYER, "two")),
    ),
    Row(
        "of two papers the first agrees, and the second names another day",
        Given(
            destroyed("05-01"), certified("05-02", certificate="C-1"),
            certified("05-03", certificate="C-2", destroyed_at="05-09", name="two"),
        ),
        under(), "06-01",
        Flags(conflict("05-03", DESTROYER, "two")),
    ),
    Row(
        "the destruction that it agrees with was told at the moment of the one that it contradicts",
        Given(
            certified("05-02", method="shred"), destroyed("05-01", known="05-03", method="crush"),
            destroyed("05-01 10:00", known="05-03", method="shred"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a minute later, it is mended then",
        Given(
            certified("05-02", method="shred", name="paper"), destroyed("05-01", known="05-03", method="crush"),
            destroyed("05-01 10:00", known="05-03 09:01", method="shred"),
        ),
        under(), "06-01",
        Flags(conflict("05-03", DESTROYER, "paper", resolved="05-03 09:01")),
    ),
]  # fmt: skip

TWO_REPORTS = [
    Row(
        "two parties that say the same of a destruction",
        Given(destroyed("05-01"), destroyed("05-01 10:00", by=OWNER)), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "another method by another party, flagged at the one known later",
        Given(destroyed("05-01", known="05-06", name="late"), destroyed("05-01", by=OWNER, method="melt")),
        under(), "06-01",
        Flags(conflict("05-06", DESTROYER, "late")),
    ),
    Row(
        "another place",
        Given(destroyed("05-01", place="plant 1"), destroyed("05-01 10:00", by=OWNER, place="plant 2", name="other")),
        under(), "06-01",
        Flags(conflict("05-01 10:00", OWNER, "other")),
    ),
    Row(
        "a place that only one of them names is no contradiction",
        Given(destroyed("05-01", place="plant 1"), destroyed("05-01 10:00", by=OWNER)), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "another day",
        Given(destroyed("05-01"), destroyed("05-02", by=OWNER, name="other")), under(), "06-01",
        Flags(conflict("05-02", OWNER, "other")),
    ),
    Row(
        "a minute less than a day may be the same",
        Given(destroyed("05-01"), destroyed("05-02 08:59", by=OWNER)), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "one party that crushes first and melts afterwards contradicts nobody",
        Given(destroyed("05-01", method="crush"), destroyed("05-01 10:00", method="melt")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "of three reports, the one that differs from another party's",
        Given(
            destroyed("05-01"), destroyed("05-01 10:00", by=OWNER),
            destroyed("05-01 11:00", method="melt", name="third"),
        ),
        under(), "06-01",
        Flags(conflict("05-01 11:00", DESTROYER, "third")),
    ),
    Row(
        "taken back, it contradicts nothing",
        Given(
            destroyed("05-01"), destroyed("05-01 10:00", by=LESSOR, method="melt", name="other"),
            retracted("05-02", retracted="other"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a shipment scanned twice by its receiver",
        Given(delivered("04-22"), delivered("04-23")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a shipment that two parties received",
        Given(delivered("04-22"), delivered("04-23", by=CARRIER, name="second")), under(), "05-01",
        Flags(conflict("04-23", CARRIER, "second")),
    ),
    Row(
        "scans that name no shipment are of no one shipment",
        Given(delivered("04-22", shipment=""), delivered("04-23", by=CARRIER, shipment="")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "two shipments, each by its own receiver",
        Given(delivered("04-22"), delivered("04-23", by=CARRIER, shipment="S-2")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "no contract needs to be known",
        Given(delivered("04-22"), delivered("04-23", by=CARRIER, name="second")), NOTHING_AGREED, "05-01",
        Flags(conflict("04-23", CARRIER, "second")),
    ),
    Row(
        "one party that crushes, shreds and melts it contradicts nobody",
        Given(
            destroyed("05-01", method="crush"), destroyed("05-01 10:00"), destroyed("05-01 11:00", method="melt")
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "of two told at one moment it is always the same one, whatever happened first",
        Given(
            destroyed("05-01", known="05-02", name="A"),
            destroyed("05-01 10:00", known="05-02", by=OWNER, method="melt", name="B"),
        ),
        under(), "06-01",
        Flags(conflict("05-02", DESTROYER, "A")),
    ),
]  # fmt: skip


ONE_DRIVE = [
    Row(
        "enrolled again as it was",
        Given(
            enrolled("03-01", enclosure="Array 1", media_type="hdd"),
            enrolled("03-02", enclosure="array  １", media_type="hdd"),
        ), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "enrolled again without a word of the enclosure or the medium",
        Given(enrolled("03-01", enclosure="A", media_type="hdd"), enrolled("03-02")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "enrolled in another enclosure: two drives share a number, or a paper is wrong",
        Given(enrolled("03-01", enclosure="A"), enrolled("03-02", enclosure="B", name="again", by=OWNER)),
        under(), "05-01",
        Flags(conflict("03-02", OWNER, "again")),
    ),
    Row(
        "enrolled as another medium, the report that was known later is flagged",
        Given(
            enrolled("03-01", media_type="hdd", known="03-05", name="late"), enrolled("03-02", media_type="ssd")
        ), under(), "05-01",
        Flags(conflict("03-05", LESSOR, "late")),
    ),
    Row(
        "a second lease may be of another enclosure",
        Given(
            enrolled("03-01", enclosure="A"), returned("03-10"), enrolled("03-20", enclosure="B")
        ), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "taken out of the enclosure in which it was enrolled",
        Given(enrolled("03-01", enclosure="A"), removed("04-20", enclosure="a")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "taken out of one that nobody named",
        Given(enrolled("03-01", enclosure="A"), removed("04-20")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "enrolled in none that anybody named",
        Given(enrolled("03-01"), removed("04-20", enclosure="A")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "taken out of another",
        Given(enrolled("03-01", enclosure="A"), removed("04-20", known="04-21", enclosure="B", name="out")),
        under(), "05-01",
        Flags(conflict("04-21", LESSOR, "out")),
    ),
    Row(
        "flagged when the enrolment is told that contradicts it",
        Given(enrolled("03-01", enclosure="A", known="04-25"), removed("04-20", enclosure="B", name="out")),
        under(), "05-01",
        Flags(conflict("04-25", LESSOR, "out")),
    ),
    Row(
        "mended when an enrolment is told that agrees",
        Given(
            enrolled("03-01", enclosure="A"), enrolled("03-01", enclosure="B", known="04-28", name="again"),
            removed("04-20", enclosure="B", name="out"),
        ), under(), "05-01",
        Flags(conflict("04-28", LESSOR, "again"), conflict("04-20", LESSOR, "out", resolved="04-28")),
    ),
    Row(
        "one that agreed before leaves nothing to mend",
        Given(
            enrolled("03-01", enclosure="B"), enrolled("03-02", enclosure="A", name="again"),
            removed("04-20", enclosure="B", name="out"),
        ), under(), "05-01",
        Flags(conflict("03-02", LESSOR, "again")),
    ),
    Row(
        "of several others the first that was known counts",
        Given(
            enrolled("03-01", enclosure="A", known="04-25"), enrolled("03-02", enclosure="C", known="04-24"),
            removed("04-20", enclosure="B", name="out"),
        ), under(), "04-24 12:00",
        Flags(conflict("04-24", LESSOR, "out")),
    ),
    Row(
        "enrolled twice in the other enclosure, it is wrong from the first word on",
        Given(
            enrolled("03-01", enclosure="A"), enrolled("03-02", enclosure="A", known="04-28", name="again"),
            removed("04-20", enclosure="B", name="out"),
        ), under(), "05-01",
        Flags(conflict("04-20", LESSOR, "out")),
    ),
    Row(
        "of several others the first that was known counts, in whatever order they stand",
        Given(
            enrolled("03-01", enclosure="A", known="04-25", name="again"),
            enrolled("03-02", enclosure="C", known="04-24"),
            enrolled("03-03", enclosure="B", known="04-30", name="third"),
            removed("04-20", enclosure="D", name="out"),
        ), under(), "05-01",
        Flags(
            conflict("04-25", LESSOR, "again"), conflict("04-30", LESSOR, "third"), conflict("04-24", LESSOR, "out"),
        ),
    ),
    Row(
        "taken out twice, first of nothing that anybody named and then of another",
        Given(enrolled("03-01", enclosure="A"), removed("04-19"), removed("04-20", enclosure="B", name="out")),
        under(), "05-01",
        Flags(conflict("04-20", LESSOR, "out")),
    ),
    Row(
        "an enrolment that agrees, told at the moment of the removal",
        Given(
            enrolled("03-01", enclosure="A"), enrolled("03-01", enclosure="B", known="04-20", name="again"),
            removed("04-20", enclosure="B"),
        ), under(), "05-01",
        Flags(conflict("04-20", LESSOR, "again")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ONE_DRIVE, ids=str)
def test_what_is_said_of_a_drive_is_of_one_drive(row: Row) -> None:
    check(row, "conflicting_facts")


@pytest.mark.parametrize("row", CERTIFICATE_WITHOUT_DESTRUCTION, ids=str)
def test_a_certificate_needs_a_destruction(row: Row) -> None:
    check(row, "certificate_without_destruction")


@pytest.mark.parametrize("row", CERTIFICATE_AND_DEED, ids=str)
def test_a_certificate_agrees_with_its_deed(row: Row) -> None:
    check(row, "conflicting_facts")


@pytest.mark.parametrize("row", TWO_REPORTS, ids=str)
def test_two_reports_of_one_thing_agree(row: Row) -> None:
    check(row, "conflicting_facts")
