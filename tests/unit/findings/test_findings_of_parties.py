"""Is there a contract, and does everyone in the chain stand in it?"""

import pytest

from mitodoke.lifecycle.kinds import Role
from worlds import (
    CARRIER,
    CRITICAL,
    DESTROYER,
    INSTANT,
    LESSOR,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    SANITISER,
    STRANGER,
    Flags,
    Given,
    Row,
    accepted,
    amended,
    approval,
    at,
    certified,
    check,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    exported,
    flag,
    lost,
    policy,
    published,
    reference,
    registered,
    released,
    removed,
    retracted,
    returned,
    sighted,
    transferred,
    under,
    wiped,
)

UNKNOWN_CONTRACT = [
    Row(
        "a fact under a contract that is known raises nothing",
        Given(enrolled("01-10")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a fact under a contract that nobody registered is flagged at once",
        Given(enrolled("01-10")), NOTHING_AGREED, "01-10",
        Flags(flag("unknown_contract", "01-10", MAJOR, LESSOR)),
    ),
    Row(
        "a contract registered at the very moment of the fact was known",
        Given(enrolled("01-10")), reference(registered(known="01-10")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "a contract registered a minute later mends it then",
        Given(enrolled("01-10")), reference(registered(known="01-10 09:01")), "05-01",
        Flags(flag("unknown_contract", "01-10", MAJOR, LESSOR, resolved="01-10 09:01")),
    ),
    Row(
        "a contract that is registered later is not known yet",
        Given(enrolled("01-10")), reference(registered(known="01-12")), "01-11",
        Flags(flag("unknown_contract", "01-10", MAJOR, LESSOR)),
    ),
    Row(
        "an imported contract counts from the time it names",
        Given(enrolled("01-10")), reference(registered(known="2026-11-01", counts_from="2014-03-01")), "05-01",
        NO_FLAGS,
    ),
    Row(
        "the fact known first is named, in whatever order they happened",
        Given(returned("04-22", known="04-23"), enrolled("01-10", known="04-24")), NOTHING_AGREED, "05-01",
        Flags(flag("unknown_contract", "04-23", MAJOR, LESSOR)),
    ),
    Row(
        "a fact that was taken back raises nothing",
        Given(enrolled("01-10", name="enrolment"), retracted("01-11", retracted="enrolment")), NOTHING_AGREED, "02-01",
        NO_FLAGS,
    ),
]  # fmt: skip

UNAPPROVED_PARTY = [
    Row(
        "everyone in its role raises nothing",
        Given(
            enrolled("01-10"), released("04-20", to_party=LESSOR), returned("04-22", from_party=OWNER),
            wiped("04-25"), dispatched("04-26", to_party=DESTROYER), delivered("04-27"),
            transferred("04-27 10:00"), destroyed("05-01"), certified("05-02"), accepted("05-03"),
        ),
        under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "a stranger is flagged at its first fact, and once",
        Given(enrolled("01-10"), removed("04-22", by=STRANGER), delivered("04-24", by=STRANGER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-22", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "its first fact is the one that was known first",
        Given(removed("04-22", known="04-26", by=STRANGER), delivered("04-24", by=STRANGER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-24", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "a party of the chain that acts in the role of another is flagged",
        Given(destroyed("05-01", by=LESSOR)), under(), "06-01",
        Flags(flag("unapproved_party", "05-01", CRITICAL, LESSOR, subject=LESSOR)),
    ),
    Row(
        "the destroyer cannot accept its own certificate",
        Given(accepted("05-03", by=DESTROYER)), under(), "06-01",
        Flags(flag("unapproved_party", "05-03", CRITICAL, DESTROYER, subject=DESTROYER)),
    ),
    Row(
        "a stranger to whom the drive is handed is flagged before it says a word",
        Given(transferred("04-30", to_party=STRANGER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-30", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "so is one from whom it comes",
        Given(transferred("04-30", from_party=STRANGER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-30", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "so is one to whom it is released",
        Given(released("04-20", to_party=STRANGER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-20", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "so is one from whom it is received",
        Given(returned("04-22", from_party=STRANGER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-22", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "a carrier must be approved as a carrier, and a receiver for something",
        Given(dispatched("04-26", carrier=SANITISER, to_party=STRANGER)), under(), "05-01",
        Flags(
            flag("unapproved_party", "04-26", CRITICAL, STRANGER, subject=STRANGER),
            flag("unapproved_party", "04-26", CRITICAL, SANITISER, subject=SANITISER),
        ),
    ),
    Row(
        "a dispatch that names neither carrier nor receiver accuses nobody else",
        Given(dispatched("04-26", carrier="")), under(), "05-01",
        NO_FLAGS,
    ),
    Row(
        "anyone may say what was seen or lost",
        Given(sighted("11-26", by=STRANGER), lost("11-27", by=STRANGER)), under(), "12-01",
        NO_FLAGS,
    ),
    Row(
        "the Amagasaki stick: an export by a sub-sub-contractor whom nobody approved",
        Given(exported("2022-06-21 17:00", by="sub-sub-contractor")), under(), "2022-06-21 17:00",
        Flags(
            flag("unapproved_party", "2022-06-21 17:00", CRITICAL, "sub-sub-contractor", subject="sub-sub-contractor")
        ),
    ),
    Row(
        "an approval counts from its first moment",
        Given(removed("04-22", by=STRANGER)), under(None, amended("04-01", approval(STRANGER, Role.CARRIER, "04-22"))),
        "05-01",
        NO_FLAGS,
    ),
    Row(
        "and not an instant before",
        Given(removed("04-22 08:59", by=STRANGER)),
        under(None, amended("04-01", approval(STRANGER, Role.CARRIER, "04-22"))), "05-01",
        Flags(flag("unapproved_party", "04-22 08:59", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "an approval that ends does not cover the moment of its end",
        Given(destroyed("05-01")), under(None, amended("04-01", approval(DESTROYER, Role.DESTROYER, None, "05-01"))),
        "06-01",
        Flags(flag("unapproved_party", "05-01", CRITICAL, DESTROYER, subject=DESTROYER)),
    ),
    Row(
        "what was done while it lasted stays right after its end, however late it is told",
        Given(destroyed("04-30", known="05-20")),
        under(None, amended("04-01", approval(DESTROYER, Role.DESTROYER, None, "05-01"))), "06-01",
        NO_FLAGS,
    ),
    Row(
        "an amendment that is still to come approves nobody yet",
        Given(removed("04-22", by=STRANGER)), under(None, amended("04-25", approval(STRANGER, Role.CARRIER))), "04-24",
        Flags(flag("unapproved_party", "04-22", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "an amendment that approves it from the beginning takes the accusation back",
        Given(removed("04-22", by=STRANGER)), under(None, amended("04-25", approval(STRANGER, Role.CARRIER))), "04-25",
        NO_FLAGS,
    ),
    Row(
        "an approval that is taken away from before the fact is evident when the amendment is known",
        Given(destroyed("05-01")), under(None, amended("05-10", approval(DESTROYER, Role.DESTROYER, None, "04-30"))),
        "06-01",
        Flags(flag("unapproved_party", "05-01", CRITICAL, DESTROYER, subject=DESTROYER, evident="05-10")),
    ),
    Row(
        "while the contract is not known nobody can be measured by it",
        Given(removed("04-22", by=STRANGER)), NOTHING_AGREED, "05-01",
        NO_FLAGS,
    ),
    Row(
        "a contract registered after the fact makes it evident then",
        Given(removed("04-22", by=STRANGER)), reference(published(policy()), registered(known="04-28")), "05-01",
        Flags(flag("unapproved_party", "04-22", CRITICAL, STRANGER, subject=STRANGER, evident="04-28")),
    ),
    Row(
        "it needs no policy to be known",
        Given(removed("04-22", by=STRANGER)), reference(registered()), "05-01",
        Flags(flag("unapproved_party", "04-22", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "an owner changed by a second registration is not one: the first counts",
        Given(accepted("05-03", by=STRANGER)), under(None, registered(known="2015-01-01", owner=STRANGER)), "06-01",
        Flags(flag("unapproved_party", "05-03", CRITICAL, STRANGER, subject=STRANGER)),
    ),
    Row(
        "the carrier that scans the drive at a dock is not approved to take it back for the lessor",
        Given(returned("04-22", by=CARRIER)), under(), "05-01",
        Flags(flag("unapproved_party", "04-22", CRITICAL, CARRIER, subject=CARRIER)),
    ),
]  # fmt: skip


SUB, SUB_SUB = "sub-contractor", "sub-sub-contractor"
UNTIL_MAY = approval(SUB, Role.SANITISER, "04-01", "05-01")

APPROVED_CHAIN = [
    Row(
        "a sub-contractor approved for its work does it",
        Given(transferred("04-22", from_party=SANITISER, to_party=SUB, by=SANITISER), wiped("04-25", by=SUB)),
        under(None, amended("04-01", approval(SUB, Role.SANITISER))), "05-01",
        NO_FLAGS,
    ),
    Row(
        "its own sub-contractor has no approval by that: flagged when the drive is given to it",
        Given(transferred("04-26", from_party=SUB, to_party=SUB_SUB, by=SUB), wiped("04-27", by=SUB_SUB)),
        under(None, amended("04-01", approval(SUB, Role.SANITISER))), "05-01",
        Flags(flag("unapproved_party", "04-26", CRITICAL, SUB_SUB, subject=SUB_SUB)),
    ),
    Row(
        "with an approval of its own it stands in the chain",
        Given(transferred("04-26", from_party=SUB, to_party=SUB_SUB, by=SUB), wiped("04-27", by=SUB_SUB)),
        under(None, amended("04-01", approval(SUB, Role.SANITISER), approval(SUB_SUB, Role.SANITISER))), "05-01",
        NO_FLAGS,
    ),
    Row(
        "approved to carry it is not approved to wipe it",
        Given(wiped("04-27", by=SUB_SUB)), under(None, amended("04-01", approval(SUB_SUB, Role.CARRIER))), "05-01",
        Flags(flag("unapproved_party", "04-27", CRITICAL, SUB_SUB, subject=SUB_SUB)),
    ),
    Row(
        "neither of two whom nobody approved: each is flagged at its own first fact",
        Given(removed("04-22", by=SUB), exported("04-23", by=SUB_SUB)), under(), "05-01",
        Flags(
            flag("unapproved_party", "04-22", CRITICAL, SUB, subject=SUB),
            flag("unapproved_party", "04-23", CRITICAL, SUB_SUB, subject=SUB_SUB),
        ),
    ),
    Row(
        "while its approval lasts, to the last moment",
        Given(wiped(at("05-01") - INSTANT, by=SUB)), under(None, amended("03-01", UNTIL_MAY)), "06-01",
        NO_FLAGS,
    ),
    Row(
        "at its end no more",
        Given(wiped("05-01", by=SUB)), under(None, amended("03-01", UNTIL_MAY)), "06-01",
        Flags(flag("unapproved_party", "05-01", CRITICAL, SUB, subject=SUB)),
    ),
    Row(
        "approved again after its end",
        Given(wiped("06-02", by=SUB)),
        under(None, amended("03-01", UNTIL_MAY), amended("05-20", approval(SUB, Role.SANITISER, "06-01"))), "07-01",
        NO_FLAGS,
    ),
    Row(
        "revoked from a day to come: what it does before it stays right",
        Given(wiped("04-25", by=SUB), wiped("05-12", by=SUB, name="late")),
        under(
            None, amended("03-01", approval(SUB, Role.SANITISER)),
            amended("05-01", approval(SUB, Role.SANITISER, None, "05-10")),
        ),
        "06-01",
        Flags(flag("unapproved_party", "05-12", CRITICAL, SUB, subject=SUB)),
    ),
    Row(
        "the end of the sub-contractor's approval ends nobody else's",
        Given(wiped("05-02", by=SUB_SUB)),
        under(None, amended("03-01", UNTIL_MAY, approval(SUB_SUB, Role.SANITISER))), "06-01",
        NO_FLAGS,
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", UNKNOWN_CONTRACT, ids=str)
def test_a_contract_not_known_is_flagged(row: Row) -> None:
    check(row, "unknown_contract")


@pytest.mark.parametrize("row", UNAPPROVED_PARTY, ids=str)
def test_a_party_not_approved_for_what_it_does_is_flagged(row: Row) -> None:
    check(row, "unapproved_party")


@pytest.mark.parametrize("row", APPROVED_CHAIN, ids=str)
def test_everyone_who_acts_stands_in_the_approved_chain_at_that_time(row: Row) -> None:
    check(row, "unapproved_party")
