"""Was what arrived sent, and did each step follow the one before it?"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mitodoke.lifecycle.durations import LATEST
from mitodoke.lifecycle.facts import CustodyTransferred, DriveReleased, DriveReturned
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import CustodyRule, Per, Rules
from worlds import (
    CARRIER,
    DESTROYER,
    INSTANT,
    LESSOR,
    LOT,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    SANITISER,
    STRANGER,
    Flags,
    Given,
    Row,
    Says,
    When,
    accepted,
    amended,
    at,
    certified,
    check,
    closed,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    flag,
    lost,
    moved_to,
    named,
    owes,
    policy,
    published,
    recovered,
    registered,
    released,
    removed,
    retracted,
    returned,
    transferred,
    under,
    wiped,
)
from worlds import reference as log_of


def not_received(
    raised: When, resolved: When | None = None, *, name: str = "deed", by: str = DESTROYER
) -> Says:
    return flag("not_received", raised, MAJOR, by, subject=str(named(name)), resolved=resolved)


NOT_ON_MANIFEST = [
    Row(
        "a drive of the lot that is scanned at the dock was expected",
        Given(released("04-20"), returned("04-22")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a drive of the shipment that is delivered was expected",
        Given(dispatched("04-20"), delivered("04-22")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a drive that comes with a lot in which nobody put it is flagged at its scan",
        Given(returned("04-22", known="04-23")), under(), "05-01",
        Flags(flag("not_on_manifest", "04-23", MAJOR, LESSOR, subject=LOT)),
    ),
    Row(
        "it stands on the manifest of another lot",
        Given(released("04-20", shipment="LOT-2"), returned("04-22")), under(), "05-01",
        Flags(flag("not_on_manifest", "04-22", MAJOR, LESSOR, subject=LOT)),
    ),
    Row(
        "a manifest known at the moment of the scan was there",
        Given(released("04-20", known="04-22"), returned("04-22")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a manifest reported after the scan mends it then",
        Given(returned("04-22"), released("04-20", known="04-22 09:01")), under(), "05-01",
        Flags(flag("not_on_manifest", "04-22", MAJOR, LESSOR, subject=LOT, resolved="04-22 09:01")),
    ),
    Row(
        "scanned twice, it is flagged once, at the scan known first",
        Given(returned("04-22", known="04-25"), delivered("04-23")), under(), "05-01",
        Flags(flag("not_on_manifest", "04-23", MAJOR, DESTROYER, subject=LOT)),
    ),
    Row(
        "each lot on whose manifest it does not stand has its own flag",
        Given(returned("04-22"), delivered("04-23", shipment="SHIP-7")), under(), "05-01",
        Flags(
            flag("not_on_manifest", "04-22", MAJOR, LESSOR, subject=LOT),
            flag("not_on_manifest", "04-23", MAJOR, DESTROYER, subject="SHIP-7"),
        ),
    ),
    Row(
        "a scan that names no lot says nothing of a manifest",
        Given(returned("04-22", shipment="")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a manifest that was taken back names nothing",
        Given(released("04-20", by=LESSOR, name="list"), returned("04-22"), retracted("04-23", retracted="list")),
        under(), "05-01",
        Flags(flag("not_on_manifest", "04-22", MAJOR, LESSOR, subject=LOT)),
    ),
    Row(
        "no contract needs to be known",
        Given(returned("04-22")), NOTHING_AGREED, "05-01",
        Flags(flag("not_on_manifest", "04-22", MAJOR, LESSOR, subject=LOT)),
    ),
    Row(
        "of two manifests that name it the one told first mends it",
        Given(returned("04-22"), released("04-20", known="04-24"), dispatched("04-21", known="04-28")), under(),
        "05-01",
        Flags(flag("not_on_manifest", "04-22", MAJOR, LESSOR, subject=LOT, resolved="04-24")),
    ),
]  # fmt: skip


def missing(raised: When, party: str = OWNER, *, resolved: When | None = None, **more: Any) -> Says:
    return flag("missing_at_close", raised, MAJOR, party, subject=LOT, resolved=resolved, **more)


ARRIVAL_OWED = policy(owes("arrival", DriveReleased, DriveReturned, "3d", Role.LESSOR, Per.SHIPMENT))

MISSING_AT_CLOSE = [
    Row(
        "while the lot is open nothing is missing",
        Given(released("04-20")), under(policy(), closed("04-26")), "04-25",
        NO_FLAGS,
    ),
    Row(
        "closed without the drive it is missing from that moment on",
        Given(released("04-20")), under(policy(), closed("04-25")), "04-25",
        Flags(missing("04-25")),
    ),
    Row(
        "from a shipment too",
        Given(dispatched("04-20")), under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25", LESSOR)),
    ),
    Row(
        "scanned before, it is not",
        Given(released("04-20"), returned("04-22", known="04-25")), under(policy(), closed("04-25")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a scan that is told afterwards mends it",
        Given(released("04-20"), returned("04-22", known="04-25 09:01")),
        under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25", resolved="04-25 09:01")),
    ),
    Row(
        "of several scans the first that was told",
        Given(released("04-20"), returned("04-22", known="04-28"), delivered("04-23", known="04-27")),
        under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25", resolved="04-27")),
    ),
    Row(
        "a scan with another lot is none with this one",
        Given(released("04-20"), returned("04-22", shipment="LOT-2")), under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25")),
    ),
    Row(
        "a manifest that names it only afterwards makes it missing then",
        Given(released("04-20", known="04-27")), under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-27")),
    ),
    Row(
        "the one who listed it first is named",
        Given(released("04-20", known="04-24"), dispatched("04-21")), under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25", LESSOR)),
    ),
    Row(
        "another lot that is closed says nothing of this one",
        Given(released("04-20")), under(policy(), closed("04-25", "LOT-2")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "nor does one of the same name under another contract",
        Given(released("04-20")), under(policy(), closed("04-25", contract="K-OTHER")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "what left with no lot is missing from none",
        Given(released("04-20", shipment="")), under(policy(), closed("04-25", "")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "where the policy owes the arrival of each lot, it is overdue and not flagged twice",
        Given(released("04-20")), under(ARRIVAL_OWED, closed("04-21")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "but what left otherwise than the policy thinks of is",
        Given(dispatched("04-20")), under(ARRIVAL_OWED, closed("04-21")), "05-01",
        Flags(missing("04-21", LESSOR)),
    ),
    Row(
        "evident only since the contract came under a policy that owes no arrival",
        Given(released("04-20")),
        log_of(
            published(ARRIVAL_OWED), published(policy(version=2)), registered(), amended("05-01", version=2),
            closed("04-21"),
        ), "05-02",
        Flags(missing("04-21", evident="05-01")),
    ),
    Row(
        "no contract needs to be known",
        Given(released("04-20")), log_of(closed("04-25")), "05-01",
        Flags(missing("04-25")),
    ),
    Row(
        "of two who listed it at one moment it is always the same one, whatever happened first",
        Given(released("04-20", known="04-22", name="A"), dispatched("04-21", known="04-22", name="B")),
        under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25", LESSOR)),
    ),
    Row(
        "whichever of the scans that is",
        Given(released("04-20"), returned("04-22", known="04-27"), delivered("04-23", known="04-28")),
        under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25", resolved="04-27")),
    ),
    Row(
        "of two lots only the second was closed",
        Given(released("04-20", shipment="LOT-0"), released("04-20")), under(policy(), closed("04-25")), "05-01",
        Flags(missing("04-25")),
    ),
    Row(
        "of two lots the policy owes the arrival of the first alone, and both were closed",
        Given(released("04-20", shipment="LOT-0"), dispatched("04-20")),
        under(ARRIVAL_OWED, closed("04-21", "LOT-0"), closed("04-21")), "05-01",
        Flags(missing("04-21", LESSOR)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", MISSING_AT_CLOSE, ids=str)
def test_what_is_missing_when_a_lot_is_closed_is_named(row: Row) -> None:
    check(row, "missing_at_close")


NOT_RECEIVED = [
    Row(
        "a drive that never left needs no receipt",
        Given(destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "destroyed though nobody had received the lot with which it left",
        Given(released("04-20"), destroyed("04-25", known="04-26", name="deed")), under(), "05-01",
        Flags(not_received("04-26")),
    ),
    Row(
        "or the shipment",
        Given(dispatched("04-20"), destroyed("04-25", name="deed")), under(), "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "a scan of the lot by anyone receives it, at the last moment too",
        Given(released("04-20"), returned("04-25"), destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a scan of the shipment too",
        Given(dispatched("04-20"), delivered("04-24", by=STRANGER), destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a scan after the destruction received something else",
        Given(released("04-20"), destroyed("04-25", name="deed"), returned("04-25 09:01")), under(), "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "a scan that is told late mends it then",
        Given(released("04-20"), returned("04-24", known="04-27"), destroyed("04-25", name="deed")),
        under(), "05-01",
        Flags(not_received("04-25", resolved="04-27")),
    ),
    Row(
        "known at the moment of the destruction it was there",
        Given(released("04-20"), returned("04-24", known="04-25"), destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "handed over to the destroyer it is received, by the word of either side",
        Given(released("04-20"), transferred("04-24"), destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "handed over to another it is not",
        Given(released("04-20"), transferred("04-24", to_party=CARRIER), destroyed("04-25", name="deed")),
        under(), "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "who scanned it with another shipment had it all the same",
        Given(dispatched("04-20"), delivered("04-24", shipment="SHIP-7"), destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "but who had it was not the destroyer",
        Given(
            dispatched("04-20"), delivered("04-24", shipment="SHIP-7", by=SANITISER),
            destroyed("04-25", name="deed"),
        ), under(), "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "of a departure that names no lot there is no list to hold it against",
        Given(released("04-20", shipment=""), destroyed("04-25")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "sent on, it is to be received again: what came before the last departure does not count",
        Given(
            released("04-20"), delivered("04-21"), dispatched("04-22", shipment="SHIP-7"),
            destroyed("04-25", name="deed"),
        ), under(), "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "a departure after the destruction says nothing of it",
        Given(destroyed("04-25"), released("04-25 09:01")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a departure that is told after the destruction raises it then",
        Given(released("04-20", known="04-28"), destroyed("04-25", name="deed")), under(), "05-01",
        Flags(not_received("04-28")),
    ),
    Row(
        "each destruction has its own flag",
        Given(
            released("04-20"), destroyed("04-25", name="deed"), destroyed("04-26", name="another", by=STRANGER)
        ), under(), "05-01",
        Flags(not_received("04-25"), not_received("04-26", name="another", by=STRANGER)),
    ),
    Row(
        "no contract needs to be known",
        Given(released("04-20"), destroyed("04-25", name="deed")), NOTHING_AGREED, "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "the last departure names a lot, though the one before it named none",
        Given(released("04-20", shipment=""), dispatched("04-21"), destroyed("04-25", name="deed")), under(), "05-01",
        Flags(not_received("04-25")),
    ),
    Row(
        "reported destroyed twice, first before it had left",
        Given(destroyed("04-19"), released("04-20"), destroyed("04-25", name="deed", by=STRANGER)), under(), "05-01",
        Flags(not_received("04-25", by=STRANGER)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", NOT_RECEIVED, ids=str)
def test_what_was_destroyed_is_what_was_received(row: Row) -> None:
    check(row, "not_received")


STEPS = Rules(
    steps=(
        FactKind.DRIVE_RELEASED,
        FactKind.DRIVE_RETURNED,
        FactKind.DRIVE_WIPED,
        FactKind.DRIVE_DESTROYED,
    )
)
IN_STEPS = under(policy(rules=STEPS))

SKIPPED_STEP = [
    Row(
        "each step after the one before it",
        Given(released("04-20"), returned("04-22"), wiped("04-25"), destroyed("05-01")), IN_STEPS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a destruction without a wipe skipped it",
        Given(released("04-20"), returned("04-22"), destroyed("05-01", known="05-02")), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "05-02", MAJOR, DESTROYER, subject="DriveDestroyed")),
    ),
    Row(
        "two steps missing are one flag of the step that needed them",
        Given(released("04-20"), destroyed("05-01")), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "05-01", MAJOR, DESTROYER, subject="DriveDestroyed")),
    ),
    Row(
        "two steps at the same moment are in order",
        Given(released("04-22"), returned("04-22")), IN_STEPS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a step reported late but done in time mends it when it is known",
        Given(returned("04-22"), released("04-20", known="04-24")), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-22", MAJOR, LESSOR, subject="DriveReturned", resolved="04-24")),
    ),
    Row(
        "a step done too late mends nothing",
        Given(returned("04-22"), released("04-22 09:01")), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-22", MAJOR, LESSOR, subject="DriveReturned")),
    ),
    Row(
        "it is mended when the last of the missing steps is known",
        Given(
            released("04-20"), destroyed("05-01"),
            returned("04-22", known="05-03"), wiped("04-25", known="05-05"),
        ),
        IN_STEPS, "06-01",
        Flags(flag("skipped_step", "05-01", MAJOR, DESTROYER, subject="DriveDestroyed", resolved="05-05")),
    ),
    Row(
        "while one of two is still missing it is open",
        Given(
            released("04-20"), destroyed("05-01"),
            returned("04-22", known="05-03"), wiped("04-25", known="05-05"),
        ),
        IN_STEPS, "05-04",
        Flags(flag("skipped_step", "05-01", MAJOR, DESTROYER, subject="DriveDestroyed")),
    ),
    Row(
        "what was raised stays raised as it was when an earlier report of the same step turns up",
        Given(returned("04-22"), returned("04-21", known="04-30", shipment="LOT-2")), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-22", MAJOR, LESSOR, subject="DriveReturned")),
    ),
    Row(
        "a fact that is no step may come whenever it likes",
        Given(removed("01-12"), released("04-20")), IN_STEPS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a policy without steps asks for none",
        Given(destroyed("05-01")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "while the contract is not known no step is asked for",
        Given(destroyed("05-01")), NOTHING_AGREED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a policy published after the fact makes it evident then",
        Given(destroyed("05-01")), log_of(registered(), published(policy(rules=STEPS), known="05-20")), "06-01",
        Flags(flag("skipped_step", "05-01", MAJOR, DESTROYER, subject="DriveDestroyed", evident="05-20")),
    ),
    Row(
        "so does an amendment that puts the contract under it",
        Given(destroyed("05-01")),
        under(policy(), published(policy(rules=STEPS, version=2)), amended("05-20", version=2)), "06-01",
        Flags(flag("skipped_step", "05-01", MAJOR, DESTROYER, subject="DriveDestroyed", evident="05-20")),
    ),
    Row(
        "a drive enrolled again begins its steps again",
        Given(
            enrolled("2014-03-01"), released("2018-04-20"), returned("2018-04-22"),
            enrolled("2018-06-01"), returned("04-22"),
        ),
        IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-22", MAJOR, LESSOR, subject="DriveReturned")),
    ),
    Row(
        "papers are not steps of this policy",
        Given(certified("04-22"), accepted("04-23")), IN_STEPS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "of two returns the one that was told before the release was is out of order, until then",
        Given(released("04-20", known="04-25"), returned("04-21", known="04-26", shipment="LOT-2"), returned("04-22")),
        IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-22", MAJOR, LESSOR, subject="DriveReturned", resolved="04-25")),
    ),
    Row(
        "wiped twice out of order: all that either lacked is named",
        Given(wiped("04-19"), released("04-20"), wiped("04-21")), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-19", MAJOR, SANITISER, subject="DriveWiped")),
    ),
    Row(
        "of two told at one moment the one that happened first is named",
        Given(returned("04-21", known="04-23"), returned("04-22", known="04-23", by=SANITISER)), IN_STEPS, "06-01",
        Flags(flag("skipped_step", "04-23", MAJOR, LESSOR, subject="DriveReturned")),
    ),
    Row(
        "a new version that asks for the same steps, and for more besides, moves nothing",
        Given(destroyed("05-01")),
        moved_to(policy(rules=replace(STEPS, export_approval=True)), "05-20", before=policy(rules=STEPS)), "06-01",
        Flags(flag("skipped_step", "05-01", MAJOR, DESTROYER, subject="DriveDestroyed")),
    ),
]  # fmt: skip


FOUR_HOURS = timedelta(hours=4)
IN_FOUR_HOURS = policy(rules=Rules(custody=CustodyRule(FOUR_HOURS)))
BOTH_SIDES = under(IN_FOUR_HOURS)
"""The second side has four hours from the hand-over."""


def of(name: str) -> str:
    return str(named(name))


def given(occurred: When, **fields: Any) -> CustodyTransferred:
    """The lessor says that it gave the drive to the recycler."""
    return transferred(occurred, **({"name": "given"} | fields))


def taken(occurred: When, **fields: Any) -> CustodyTransferred:
    """The recycler says that it took the drive from the lessor."""
    return transferred(occurred, **({"by": DESTROYER, "name": "taken"} | fields))


ELSEWHERE = (
    transferred("04-30 12:00", by=CARRIER, from_party=CARRIER, to_party=SANITISER, name="on"),
    transferred("04-30 12:00", by=SANITISER, from_party=CARRIER, to_party=SANITISER, name="off"),
)
"""The carrier gave it to the sanitiser, and both say so."""


def gap(
    raised: When,
    silent: str,
    subject: str = "given",
    resolved: When | None = None,
    evident: When | None = None,
) -> Says:
    evident = at(raised) + INSTANT if evident is None else evident
    return flag("custody_gap", raised, MAJOR, silent, subject=of(subject), resolved=resolved, evident=evident)


CUSTODY_GAP = [
    Row("both sides attest it", Given(given("04-30 11:00"), taken("04-30 11:30")), BOTH_SIDES, "05-02", NO_FLAGS),
    Row("within the time nothing is missing", Given(given("04-30 11:00")), BOTH_SIDES, "04-30 15:00", NO_FLAGS),
    Row(
        "an instant later the receiver has not attested it",
        Given(given("04-30 11:00")), BOTH_SIDES, at("04-30 15:00") + INSTANT,
        Flags(gap("04-30 15:00", DESTROYER)),
    ),
    Row(
        "nor has the giver, when only the receiver speaks",
        Given(taken("04-30 11:00")), BOTH_SIDES, "05-02",
        Flags(gap("04-30 15:00", LESSOR, "taken")),
    ),
    Row(
        "told by the other side at the last moment",
        Given(given("04-30 11:00"), taken("04-30 11:30", known="04-30 15:00")), BOTH_SIDES, "05-02",
        NO_FLAGS,
    ),
    Row(
        "told an instant later, it is mended then",
        Given(given("04-30 11:00"), taken("04-30 11:30", known=at("04-30 15:00") + INSTANT)), BOTH_SIDES, "05-02",
        Flags(gap("04-30 15:00", DESTROYER, resolved=at("04-30 15:00") + INSTANT)),
    ),
    Row(
        "the first word told after the time leaves none for the second",
        Given(given("04-30 11:00", known="05-01")), BOTH_SIDES, "05-02",
        Flags(gap("05-01", DESTROYER, evident="05-01")),
    ),
    Row(
        "the giver said one, and another says it took it: flagged at once",
        Given(given("04-30 11:00"), taken("04-30 12:00", by=STRANGER, to_party=STRANGER)), BOTH_SIDES, "04-30 12:00",
        Flags(gap("04-30 12:00", LESSOR, "taken", evident="04-30 12:00")),
    ),
    Row(
        "and in the end who was named has not attested it either",
        Given(given("04-30 11:00"), taken("04-30 12:00", by=STRANGER, to_party=STRANGER)), BOTH_SIDES, "05-02",
        Flags(gap("04-30 15:00", DESTROYER), gap("04-30 12:00", LESSOR, "taken", evident="04-30 12:00")),
    ),
    Row(
        "told the other way round, it is known when the giver has spoken",
        Given(taken("04-30 12:00", by=STRANGER, to_party=STRANGER), given("04-30 11:00", known="04-30 13:00")),
        BOTH_SIDES, "04-30 14:00",
        Flags(gap("04-30 13:00", LESSOR, "taken", evident="04-30 13:00")),
    ),
    Row(
        "taken, by its own word, before the giver gave it to another",
        Given(taken("04-30 10:00", by=STRANGER, to_party=STRANGER), given("04-30 11:00")), BOTH_SIDES, "04-30 11:00",
        Flags(gap("04-30 11:00", LESSOR, "taken", evident="04-30 11:00")),
    ),
    Row(
        "a giver that names first one and then another contradicts only itself: both are waited for",
        Given(given("04-30 11:00"), given("04-30 12:00", to_party=CARRIER, name="other")), BOTH_SIDES, "04-30 13:00",
        NO_FLAGS,
    ),
    Row(
        "handed on to the next, each step attested by both",
        Given(
            given("04-30 11:00"), taken("04-30 11:30"),
            given("05-02", by=DESTROYER, from_party=DESTROYER, to_party=CARRIER, name="on"),
            taken("05-02 10:00", by=CARRIER, from_party=DESTROYER, to_party=CARRIER, name="off"),
        ),
        BOTH_SIDES, "05-10",
        NO_FLAGS,
    ),
    Row(
        "said twice by the same side is said once",
        Given(given("04-30 11:00"), given("04-30 12:00", name="again"), taken("04-30 12:30")), BOTH_SIDES, "05-02",
        NO_FLAGS,
    ),
    Row(
        "given again a month later is another hand-over, which its receiver owes a word of its own",
        Given(given("04-30 11:00"), taken("04-30 11:30"), given("05-30 11:00", name="again")), BOTH_SIDES, "06-02",
        Flags(gap("05-30 15:00", DESTROYER, "again")),
    ),
    Row(
        "the word of one who is neither giver nor receiver attests nothing",
        Given(given("04-30 11:00"), given("04-30 11:30", by=CARRIER, name="seen")), BOTH_SIDES, "05-02",
        Flags(gap("04-30 15:00", DESTROYER)),
    ),
    Row(
        "a word that was taken back was never said",
        Given(given("04-30 11:00"), taken("04-30 11:30"), retracted("05-01", by=DESTROYER, retracted="taken")),
        BOTH_SIDES, "05-02",
        Flags(gap("04-30 15:00", DESTROYER)),
    ),
    Row("a policy that does not ask for both", Given(given("04-30 11:00")), under(), "05-02", NO_FLAGS),
    Row(
        "a policy published later makes it evident then",
        Given(given("04-30 11:00")),
        log_of(registered(), published(IN_FOUR_HOURS, known="05-20")),
        "06-01",
        Flags(gap("04-30 15:00", DESTROYER, evident="05-20")),
    ),
    Row(
        "whom the giver named two hand-overs before says nothing of this one: its word is waited for",
        Given(given("04-30 11:00"), *ELSEWHERE, taken("04-30 13:00", by=STRANGER, to_party=STRANGER)), BOTH_SIDES,
        "04-30 14:00",
        NO_FLAGS,
    ),
    Row(
        "nor whom it names two hand-overs after",
        Given(taken("04-30 11:00", by=STRANGER, to_party=STRANGER), *ELSEWHERE, given("04-30 13:00")), BOTH_SIDES,
        "04-30 14:00",
        NO_FLAGS,
    ),
    Row(
        "whom it names next does, whatever follows",
        Given(taken("04-30 10:00", by=STRANGER, to_party=STRANGER), given("04-30 11:00"), *ELSEWHERE), BOTH_SIDES,
        "04-30 14:00",
        Flags(gap("04-30 11:00", LESSOR, "taken", evident="04-30 11:00")),
    ),
    Row(
        "what would be due at the last moment that can be written is due an instant before it",
        Given(given(LATEST - FOUR_HOURS)), BOTH_SIDES, LATEST,
        Flags(gap(LATEST - INSTANT, DESTROYER)),
    ),
    Row(
        "and what would be due after it, too",
        Given(given(LATEST - timedelta(hours=1))), BOTH_SIDES, LATEST,
        Flags(gap(LATEST - INSTANT, DESTROYER)),
    ),
    Row(
        "a new version that gives the same time, and asks for more besides, moves nothing",
        Given(given("04-30 11:00")),
        moved_to(
            policy(rules=Rules(custody=CustodyRule(FOUR_HOURS), export_approval=True)), "05-20", before=IN_FOUR_HOURS
        ),
        "06-01",
        Flags(gap("04-30 15:00", DESTROYER)),
    ),
    Row(
        "where the version before asked for nothing, it is evident when the contract is put under this one",
        Given(given("04-30 11:00")), moved_to(IN_FOUR_HOURS, "05-20", before=policy()), "06-01",
        Flags(gap("04-30 15:00", DESTROYER, evident="05-20")),
    ),
    Row(
        "contradicted at the last moment of its time",
        Given(taken("04-30 11:00", by=STRANGER, to_party=STRANGER), given("04-30 12:00", known="04-30 15:00")),
        BOTH_SIDES, "04-30 15:00",
        Flags(gap("04-30 15:00", LESSOR, "taken", evident="04-30 15:00")),
    ),
    Row(
        "contradicted when its time was over, it is the word of the giver that is missing",
        Given(
            taken("04-30 11:00", by=STRANGER, to_party=STRANGER),
            given("04-30 12:00", known=at("04-30 15:00") + INSTANT),
        ),
        BOTH_SIDES, "04-30 15:30",
        Flags(gap("04-30 15:00", LESSOR, "taken")),
    ),
]  # fmt: skip


def not_holder(raised: When, party: str, subject: str = "deed", **more: Any) -> Says:
    return flag("not_the_holder", raised, MAJOR, party, subject=of(subject), **more)


NOT_THE_HOLDER = [
    Row(
        "each lets go what it holds",
        Given(
            enrolled("01-10"), released("04-20", to_party=LESSOR), returned("04-22"),
            transferred("04-30"), transferred("04-30 11:00", by=DESTROYER), destroyed("05-10", name="deed"),
        ),
        BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "at the start of the chain nobody is known to hold it",
        Given(enrolled("01-10"), dispatched("04-20")), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "destroyed by one who does not hold it",
        Given(returned("04-22"), destroyed("05-10", known="05-11", name="deed")), BOTH_SIDES, "06-01",
        Flags(not_holder("05-11", DESTROYER)),
    ),
    Row(
        "given by one who does not hold it",
        Given(returned("04-22"), transferred("05-10", from_party=SANITISER, by=SANITISER, name="deed")),
        BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", SANITISER)),
    ),
    Row(
        "dispatched by one who does not hold it",
        Given(returned("04-22"), dispatched("05-10", by=SANITISER, name="deed")), BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", SANITISER)),
    ),
    Row(
        "released by one who does not hold it",
        Given(returned("04-22"), released("05-10", by=SANITISER, to_party=DESTROYER, name="deed")),
        BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", SANITISER)),
    ),
    Row(
        "what is released to the lessor may be dispatched by the owner, by the lessor or by an approved carrier",
        Given(
            released("04-20", to_party=LESSOR), dispatched("04-20 10:00", by=OWNER), delivered("04-20 12:00", by=LESSOR)
        ),
        BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "the carrier",
        Given(released("04-20", to_party=LESSOR), dispatched("04-20 10:00", by=CARRIER)), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "and by no other",
        Given(released("04-20", to_party=LESSOR), dispatched("04-20 10:00", by=SANITISER, name="deed")),
        BOTH_SIDES, "06-01",
        Flags(not_holder("04-20 10:00", SANITISER)),
    ),
    Row(
        "an approved carrier to which nobody gave it, and nothing was released",
        Given(returned("04-22"), dispatched("05-10", by=CARRIER, name="deed")), BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", CARRIER)),
    ),
    Row(
        "of three hand-overs the middle one is told last: only who gave without it is flagged, until then",
        Given(
            returned("04-22"),
            transferred("04-25", known="05-20", to_party=SANITISER),
            transferred("04-30", from_party=SANITISER, by=SANITISER, name="on"),
            destroyed("05-10"),
        ),
        BOTH_SIDES, "06-01",
        Flags(not_holder("04-30", SANITISER, "on", resolved="05-20")),
    ),
    Row(
        "what nobody says was released to whom accuses nobody",
        Given(returned("04-22"), released("04-25", by=LESSOR), destroyed("05-10")), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "on its way it is handed over by its carrier",
        Given(dispatched("04-26"), transferred("04-27", from_party=CARRIER, by=CARRIER)), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "or by who sent it",
        Given(dispatched("04-26"), transferred("04-27")), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "but not by a third",
        Given(dispatched("04-26"), transferred("04-27", from_party=SANITISER, by=SANITISER, name="deed")),
        BOTH_SIDES, "06-01",
        Flags(not_holder("04-27", SANITISER)),
    ),
    Row(
        "after a loss nobody can say",
        Given(returned("04-22"), lost("04-23"), destroyed("05-10")), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "who recovered it holds it",
        Given(returned("04-22"), lost("04-23"), recovered("04-25"), destroyed("05-10", name="deed")),
        BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", DESTROYER)),
    ),
    Row(
        "a hand-over told late mends it when it is known",
        Given(returned("04-22"), destroyed("05-10", name="deed"), transferred("04-30", known="05-12")),
        BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", DESTROYER, resolved="05-12")),
    ),
    Row(
        "and one that happened after it mends nothing",
        Given(returned("04-22"), destroyed("05-10", name="deed"), transferred("05-11", known="05-12", name="late")),
        BOTH_SIDES, "05-30",
        Flags(not_holder("05-10", DESTROYER)),
    ),
    Row(
        "what took it from there, told late, makes it wrong when it is known",
        Given(
            returned("04-22"), transferred("04-30"), destroyed("05-10", name="deed"),
            transferred("05-02", known="05-20", from_party=DESTROYER, to_party=CARRIER, by=DESTROYER, name="on"),
        ),
        BOTH_SIDES, "06-01",
        Flags(not_holder("05-20", DESTROYER)),
    ),
    Row(
        "a drive out of its enclosure travels on its own: taking it out moves it to nobody",
        Given(returned("04-22"), removed("04-23", by=SANITISER), destroyed("05-10", name="deed")), BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", DESTROYER)),
    ),
    Row(
        "the facts before it count under whatever contract they were told",
        Given(returned("04-22", contract="K-OTHER"), destroyed("05-10", name="deed")), BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", DESTROYER)),
    ),
    Row(
        "a policy that does not ask for custody",
        Given(returned("04-22"), destroyed("05-10")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a new version that gives another time to attest a hand-over moves nothing",
        Given(returned("04-22"), destroyed("05-10", name="deed")),
        moved_to(policy(rules=Rules(custody=CustodyRule(timedelta(hours=8)))), "05-20", before=IN_FOUR_HOURS), "06-01",
        Flags(not_holder("05-10", DESTROYER)),
    ),
    Row(
        "where the version before did not ask for custody, it is evident when the contract is put under this one",
        Given(returned("04-22"), destroyed("05-10", name="deed")),
        moved_to(IN_FOUR_HOURS, "05-20", before=policy()), "06-01",
        Flags(not_holder("05-10", DESTROYER, evident="05-20")),
    ),
    Row(
        "given to the destroyer at the very moment, as where only the day was told",
        Given(returned("04-22"), transferred("05-10"), destroyed("05-10")), BOTH_SIDES, "06-01",
        NO_FLAGS,
    ),
    Row(
        "and not a minute after it",
        Given(returned("04-22"), transferred("05-10 09:01"), destroyed("05-10", name="deed")), BOTH_SIDES, "06-01",
        Flags(not_holder("05-10", DESTROYER)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", NOT_ON_MANIFEST, ids=str)
def test_what_arrives_stands_on_the_manifest(row: Row) -> None:
    check(row, "not_on_manifest")


@pytest.mark.parametrize("row", SKIPPED_STEP, ids=str)
def test_each_step_follows_those_before_it(row: Row) -> None:
    check(row, "skipped_step")


@pytest.mark.parametrize("row", CUSTODY_GAP, ids=str)
def test_both_sides_attest_a_hand_over_in_time(row: Row) -> None:
    check(row, "custody_gap")


def test_the_end_of_the_time_to_attest_is_a_turning_point() -> None:
    told = Given(given("04-30 11:00"))
    assert told.judged(BOTH_SIDES, "04-30 11:00").turns_at == at("04-30 15:00") + INSTANT
    assert told.judged(BOTH_SIDES, at("04-30 15:00") + INSTANT).turns_at is None


@pytest.mark.parametrize("row", NOT_THE_HOLDER, ids=str)
def test_only_who_holds_a_drive_lets_it_go(row: Row) -> None:
    check(row, "not_the_holder")
