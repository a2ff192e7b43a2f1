"""Is what should be shown of a deed there to be looked at?"""

import pytest

from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.policy import Policy, Rules
from worlds import (
    DESTROYER,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    SANITISER,
    Flags,
    Given,
    Row,
    amended,
    check,
    destroyed,
    flag,
    named,
    policy,
    published,
    reference,
    registered,
    retracted,
    under,
    wiped,
)

BOTH = ("photo_before", "photo_after")
DEED, WIPE = str(named("deed")), str(named("wipe"))


def asking(*purposes: str, version: int = 1) -> Policy:
    return policy(rules=Rules(evidence={FactKind.DRIVE_DESTROYED: purposes}), version=version)


PHOTOS = under(asking(*BOTH))
REPORTS = under(
    policy(rules=Rules(evidence={FactKind.DRIVE_DESTROYED: BOTH, FactKind.DRIVE_WIPED: ("erasure_report",)}))
)

MISSING = [
    Row("both photos", Given(destroyed("05-01", evidence=BOTH)), PHOTOS, "06-01", NO_FLAGS),
    Row(
        "both, in another order and with more",
        Given(destroyed("05-01", evidence=("video", "photo_after", "photo_before"))), PHOTOS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "one of the two",
        Given(destroyed("05-01", known="05-02", evidence=("photo_before",), name="deed")), PHOTOS, "06-01",
        Flags(flag("evidence_missing", "05-02", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "none is one finding, not two",
        Given(destroyed("05-01", name="deed")), PHOTOS, "06-01",
        Flags(flag("evidence_missing", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "another purpose is not the one asked for",
        Given(destroyed("05-01", evidence=("photo_before", "photo_of_the_van"), name="deed")), PHOTOS, "06-01",
        Flags(flag("evidence_missing", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row("a fact of which nothing is asked", Given(wiped("04-19")), PHOTOS, "06-01", NO_FLAGS),
    Row(
        "each kind has its own",
        Given(wiped("04-19", name="wipe"), destroyed("05-01", evidence=("erasure_report",), name="deed")), REPORTS,
        "06-01",
        Flags(
            flag("evidence_missing", "05-01", MAJOR, DESTROYER, subject=DEED),
            flag("evidence_missing", "04-19", MAJOR, SANITISER, subject=WIPE),
        ),
    ),
    Row(
        "taken back and reported again with its photos",
        Given(
            destroyed("05-01", name="deed"), retracted("05-03", by=DESTROYER, retracted="deed"),
            destroyed("05-01", known="05-03", evidence=BOTH),
        ),
        PHOTOS, "06-01",
        NO_FLAGS,
    ),
    Row("the rule is off unless the policy states it", Given(destroyed("05-01")), under(), "06-01", NO_FLAGS),
    Row("without a contract there is no rule", Given(destroyed("05-01")), NOTHING_AGREED, "06-01", NO_FLAGS),
    Row(
        "a policy published afterwards makes it evident then",
        Given(destroyed("05-01", name="deed")), reference(registered(), published(asking(*BOTH), known="05-20")),
        "06-01",
        Flags(flag("evidence_missing", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
    Row(
        "the photo that lacks was asked for before, too",
        Given(destroyed("05-01", evidence=("photo_before",), name="deed")),
        under(asking("photo_after"), published(asking(*BOTH, version=2)), amended("05-20", version=2)), "06-01",
        Flags(flag("evidence_missing", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "the photo that lacks was not asked for before",
        Given(destroyed("05-01", evidence=("photo_before",), name="deed")),
        under(asking("photo_before"), published(asking(*BOTH, version=2)), amended("05-20", version=2)), "06-01",
        Flags(flag("evidence_missing", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", MISSING, ids=str)
def test_a_deed_is_shown_by_the_evidence_that_the_policy_names(row: Row) -> None:
    check(row, "evidence_missing")
