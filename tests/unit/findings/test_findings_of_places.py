"""Was it done where the policy says, and before the drive left there?"""

import pytest

from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import DestructionRule, Policy, Rules, Site
from worlds import (
    DESTROYER,
    LESSOR,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    STRANGER,
    Flags,
    Given,
    Row,
    amended,
    approval,
    check,
    delivered,
    destroyed,
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


def asking(site: Site) -> Policy:
    return policy(rules=Rules(destruction=DestructionRule(before_leaving=site)))


AT_THE_OWNER = under(asking(Site.OWNER))
AT_THE_LESSOR = under(asking(Site.LESSOR))
DEED, LEFT = str(named("deed")), "left"

WRONG_PLACE = [
    Row(
        "destroyed at the owner's, and carried away as scrap",
        Given(destroyed("04-19", place="owner_site"), released("04-20")), AT_THE_OWNER, "06-01",
        NO_FLAGS,
    ),
    Row(
        "the site, written as people write it",
        Given(destroyed("04-19", place=" Owner Site ")), AT_THE_OWNER, "06-01",
        NO_FLAGS,
    ),
    Row("the owner's own id", Given(destroyed("04-19", place=OWNER)), AT_THE_OWNER, "06-01", NO_FLAGS),
    Row(
        "destroyed at the destroyer's",
        Given(destroyed("04-19", known="04-20", place="destroyer_site", name="deed")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-20", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "destroyed nobody says where",
        Given(destroyed("04-19", name="deed")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-19", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "released as it was",
        Given(released("04-20", known="04-21")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-21", MAJOR, OWNER, subject=LEFT)),
    ),
    Row(
        "dispatched as it was",
        Given(dispatched("04-20")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-20", MAJOR, LESSOR, subject=LEFT)),
    ),
    Row(
        "delivered elsewhere as it was",
        Given(delivered("04-20")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-20", MAJOR, DESTROYER, subject=LEFT)),
    ),
    Row(
        "the Kanagawa case: returned as it was, once for all the ways that it then went",
        Given(returned("04-22"), dispatched("04-24"), delivered("04-25")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-22", MAJOR, LESSOR, subject=LEFT)),
    ),
    Row(
        "destroyed at the moment of the release, as where only the day was told",
        Given(destroyed("04-20", place=OWNER), released("04-20")), AT_THE_OWNER, "06-01",
        NO_FLAGS,
    ),
    Row(
        "destroyed a minute after the release, though at the owner's",
        Given(released("04-20"), destroyed("04-20 09:01", place=OWNER)), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT)),
    ),
    Row(
        "the destruction is told after the release, but was before it",
        Given(released("04-20"), destroyed("04-19", known="04-23", place=OWNER)), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT, resolved="04-23")),
    ),
    Row(
        "before it was told the flag was open",
        Given(released("04-20"), destroyed("04-19", known="04-23", place=OWNER)), AT_THE_OWNER, "04-22",
        Flags(flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT)),
    ),
    Row(
        "a release told after the return moves nothing that was raised",
        Given(returned("04-22"), released("04-20", known="04-25")), AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-22", MAJOR, LESSOR, subject=LEFT)),
    ),
    Row(
        "the destruction on which it rested was taken back",
        Given(
            destroyed("04-19", place=OWNER, name="deed"), released("04-20"),
            retracted("04-30", by=DESTROYER, retracted="deed"),
        ),
        AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT)),
    ),
    Row(
        "at the lessor's, as that policy asks",
        Given(released("04-20"), returned("04-22"), destroyed("04-23", place=LESSOR)), AT_THE_LESSOR, "06-01",
        NO_FLAGS,
    ),
    Row(
        "at the owner's, where that policy asks for the lessor's",
        Given(destroyed("04-19", place=OWNER, name="deed")), AT_THE_LESSOR, "06-01",
        Flags(flag("wrong_place", "04-19", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "sent on by the lessor as it was",
        Given(returned("04-22"), dispatched("04-24")), AT_THE_LESSOR, "06-01",
        Flags(flag("wrong_place", "04-24", MAJOR, LESSOR, subject=LEFT)),
    ),
    Row(
        "sent to the lessor by the owner has not left the lessor's",
        Given(dispatched("04-20", by=OWNER)), AT_THE_LESSOR, "06-01",
        NO_FLAGS,
    ),
    Row(
        "at a party that stood in the role in its time",
        Given(destroyed("05-01", place=STRANGER)),
        under(asking(Site.LESSOR), amended("04-01", approval(STRANGER, Role.LESSOR, "05-01", "05-02"))), "06-01",
        NO_FLAGS,
    ),
    Row(
        "and after its time",
        Given(destroyed("05-02", place=STRANGER, name="deed")),
        under(asking(Site.LESSOR), amended("04-01", approval(STRANGER, Role.LESSOR, "05-01", "05-02"))), "06-01",
        Flags(flag("wrong_place", "05-02", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "a destruction rule without a site",
        Given(released("04-20"), destroyed("04-25")), under(policy(rules=Rules(destruction=DestructionRule()))),
        "06-01",
        NO_FLAGS,
    ),
    Row(
        "the rule is off unless the policy states it",
        Given(released("04-20"), destroyed("04-25")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "without a contract there is no rule",
        Given(released("04-20"), destroyed("04-25")), NOTHING_AGREED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a policy published afterwards makes both evident then",
        Given(released("04-20"), destroyed("04-25", name="deed")),
        reference(registered(), published(asking(Site.OWNER), known="05-20")), "06-01",
        Flags(
            flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT, evident="05-20"),
            flag("wrong_place", "04-25", MAJOR, DESTROYER, subject=DEED, evident="05-20"),
        ),
    ),
    Row(
        "the release was told after the destruction, and the dispatch before it: that one is wrong until then",
        Given(
            released("04-20", known="04-25"), dispatched("04-21"), destroyed("04-19", known="04-23", place=OWNER)
        ),
        AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-21", MAJOR, LESSOR, subject=LEFT, resolved="04-23")),
    ),
    Row(
        "reported destroyed twice, first at the owner's and then elsewhere",
        Given(destroyed("04-18", place=OWNER), destroyed("04-19", place="destroyer_site", name="deed")),
        AT_THE_OWNER, "06-01",
        Flags(flag("wrong_place", "04-19", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "a new version that asks for the same site, and for a witness besides, moves nothing",
        Given(released("04-20"), destroyed("04-25", name="deed")),
        moved_to(
            policy(rules=Rules(destruction=DestructionRule(witness=Role.OWNER, before_leaving=Site.OWNER))), "05-20",
            before=asking(Site.OWNER),
        ),
        "06-01",
        Flags(
            flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT),
            flag("wrong_place", "04-25", MAJOR, DESTROYER, subject=DEED),
        ),
    ),
    Row(
        "where the version before asked for another site, both are evident when the contract is put under this one",
        Given(released("04-20"), destroyed("04-25", name="deed")),
        moved_to(asking(Site.OWNER), "05-20", before=asking(Site.LESSOR)), "06-01",
        Flags(
            flag("wrong_place", "04-20", MAJOR, OWNER, subject=LEFT, evident="05-20"),
            flag("wrong_place", "04-25", MAJOR, DESTROYER, subject=DEED, evident="05-20"),
        ),
    ),
    Row(
        "at a party whose approval is taken away from before the deed: evident when the amendment is known",
        Given(destroyed("05-01", place=STRANGER, name="deed")),
        under(
            asking(Site.LESSOR), amended("04-01", approval(STRANGER, Role.LESSOR)),
            amended("05-10", approval(STRANGER, Role.LESSOR, None, "05-01")),
        ),
        "06-01",
        Flags(flag("wrong_place", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-10")),
    ),
    Row(
        "and no later for an approval that did not cover it before either",
        Given(destroyed("05-01", place=STRANGER, name="deed")),
        under(
            asking(Site.LESSOR), amended("04-01", approval(STRANGER, Role.LESSOR, "04-01", "05-01")),
            amended("05-10", approval(STRANGER, Role.LESSOR, "04-01", "04-15")),
        ),
        "06-01",
        Flags(flag("wrong_place", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", WRONG_PLACE, ids=str)
def test_a_drive_is_destroyed_at_the_site_that_the_policy_names_before_it_leaves(row: Row) -> None:
    check(row, "wrong_place")
