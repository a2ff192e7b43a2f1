"""Did the owner agree to this medium, this purpose, this carrier and this time?"""

from typing import Any

import pytest

from mitodoke.lifecycle.facts import ExportApproved, Fact
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Rules
from worlds import (
    CARRIER,
    CRITICAL,
    INSTANT,
    LESSOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    STRANGER,
    Flags,
    Given,
    Row,
    Says,
    When,
    amended,
    approval,
    at,
    check,
    export_approved,
    exported,
    flag,
    moved_to,
    named,
    policy,
    published,
    registered,
    retracted,
    under,
)
from worlds import reference as log_of

RULE = Rules(export_approval=True)
ASKED = under(policy(rules=RULE))
WITH_A_DEPUTY = under(policy(rules=RULE), amended("06-01", approval(STRANGER, Role.OWNER, "06-01", "06-21")))


def approved(occurred: When = "06-20", **fields: Any) -> ExportApproved:
    """For benefits, on a USB stick, by the carrier, back on 21 June at 18:00."""
    return export_approved(occurred, **({"return_by": at("06-21 18:00")} | fields))


def use(occurred: When = "06-21 17:00", **fields: Any) -> Any:
    return exported(occurred, **({"carrier": CARRIER, "purpose": "benefits", "name": "use"} | fields))


def unapproved(
    raised: When = "06-21 17:00",
    party: str = OWNER,
    resolved: When | None = None,
    evident: When | None = None,
) -> Says:
    return flag(
        "unapproved_export",
        raised,
        CRITICAL,
        party,
        subject=str(named("use")),
        resolved=resolved,
        evident=evident,
    )


UNAPPROVED_EXPORT = [
    Row("approved with all that an approval names", Given(approved(), use()), ASKED, "07-01", NO_FLAGS),
    Row("nobody approved it", Given(use()), ASKED, "07-01", Flags(unapproved())),
    Row(
        "the Amagasaki stick: copied by a party that nobody knew",
        Given(use(by=STRANGER, known="06-22")), ASKED, "07-01",
        Flags(unapproved("06-22", STRANGER)),
    ),
    Row("approved at the very moment", Given(approved("06-21 17:00"), use()), ASKED, "07-01", NO_FLAGS),
    Row(
        "approved an instant after it",
        Given(use(), approved(at("06-21 17:00") + INSTANT)), ASKED, "07-01",
        Flags(unapproved()),
    ),
    Row(
        "approved by someone other than the owner",
        Given(approved(by=LESSOR), use()), ASKED, "07-01",
        Flags(unapproved()),
    ),
    Row("an approval that names no medium", Given(approved(medium=""), use()), ASKED, "07-01", Flags(unapproved())),
    Row("no purpose", Given(approved(purpose=""), use()), ASKED, "07-01", Flags(unapproved())),
    Row("no carrier", Given(approved(carrier=""), use()), ASKED, "07-01", Flags(unapproved())),
    Row("no time of return", Given(approved(return_by=None), use()), ASKED, "07-01", Flags(unapproved())),
    Row("for another purpose", Given(approved(), use(purpose="a census")), ASKED, "07-01", Flags(unapproved())),
    Row("an export that names no purpose has the approved one", Given(approved(), use(purpose="")), ASKED, "07-01",
        NO_FLAGS),
    Row("by another carrier", Given(approved(), use(carrier=STRANGER)), ASKED, "07-01", Flags(unapproved())),
    Row("who names no carrier carries it", Given(approved(), use(carrier="", by=CARRIER)), ASKED, "07-01", NO_FLAGS),
    Row("and was not approved to", Given(approved(), use(carrier="")), ASKED, "07-01", Flags(unapproved())),
    Row("at the time of return", Given(approved(), use("06-21 18:00")), ASKED, "07-01", NO_FLAGS),
    Row(
        "an instant after it",
        Given(approved(), use(at("06-21 18:00") + INSTANT)), ASKED, "07-01",
        Flags(unapproved(at("06-21 18:00") + INSTANT)),
    ),
    Row(
        "one approval of two covers it",
        Given(approved(carrier=STRANGER), approved("06-20 10:00")
        , use()), ASKED, "07-01",
        NO_FLAGS,
    ),
    Row(
        "an approval told in the same moment as the export",
        Given(approved(known="06-21 17:00"), use()), ASKED, "07-01",
        NO_FLAGS,
    ),
    Row(
        "an approval told late mends it then",
        Given(use(), approved(known="06-22")), ASKED, "07-01",
        Flags(unapproved(resolved="06-22")),
    ),
    Row(
        "and not before",
        Given(use(), approved(known="06-22")), ASKED, "06-21 23:00",
        Flags(unapproved()),
    ),
    Row(
        "an approval that was taken back",
        Given(approved(name="approval"), use(), retracted("06-22", by=OWNER, retracted="approval")), ASKED, "07-01",
        Flags(unapproved()),
    ),
    Row("a policy that does not ask for it", Given(use()), under(), "07-01", NO_FLAGS),
    Row("while the contract is not known it is not asked for", Given(use()), NOTHING_AGREED, "07-01", NO_FLAGS),
    Row(
        "a policy published later makes it evident then",
        Given(use()), log_of(registered(), published(policy(rules=RULE), known="06-25")), "07-01",
        Flags(unapproved(evident="06-25")),
    ),
    Row(
        "a new version that asks for it too, and for a second person besides, moves nothing",
        Given(use()),
        moved_to(
            policy(rules=Rules(export_approval=True, waiver_second_person=True)), "06-25", before=policy(rules=RULE)
        ),
        "07-01",
        Flags(unapproved()),
    ),
    Row(
        "where the version before did not ask, it is evident when the contract is put under this one",
        Given(use()), moved_to(policy(rules=RULE), "06-25", before=policy()), "07-01",
        Flags(unapproved(evident="06-25")),
    ),
    Row(
        "approved by a party that stood in the owner's role in its time",
        Given(approved(by=STRANGER), use()), WITH_A_DEPUTY, "07-01",
        NO_FLAGS,
    ),
    Row(
        "and after its time",
        Given(approved("06-21", by=STRANGER), use()), WITH_A_DEPUTY, "07-01",
        Flags(unapproved()),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", UNAPPROVED_EXPORT, ids=str)
def test_data_leaves_only_as_the_owner_approved(row: Row) -> None:
    check(row, "unapproved_export")


def message(*facts: Fact) -> str:
    (found,) = (f for f in Given(*facts).judged(ASKED, "07-01").flags if f.kind == "unapproved_export")
    return found.message.removeprefix("DataExported was reported by prefecture; ")


def test_the_message_says_what_the_approval_lacks() -> None:
    said = message(approved(medium="", carrier=""), use())
    assert said == "the owner's approval names no medium and no carrier"


def test_of_two_approvals_it_speaks_of_the_last_before_the_export() -> None:
    said = message(approved(medium=""), approved("06-21", carrier=STRANGER), approved("06-22"), use())
    assert said == f"the owner's approval names {STRANGER} as the carrier, not {CARRIER}"


def test_it_speaks_of_an_approval_that_was_given_and_told_at_the_very_moment() -> None:
    said = message(approved("06-21 17:00", carrier=STRANGER), use())
    assert said == f"the owner's approval names {STRANGER} as the carrier, not {CARRIER}"


def test_an_approval_told_later_does_not_change_what_was_said() -> None:
    assert message(use(), approved(known="06-22")) == "the owner had approved no export before it"
