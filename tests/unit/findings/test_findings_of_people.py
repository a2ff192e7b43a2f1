"""Who stood by when it was done, and were they different people?"""

from dataclasses import replace

import pytest

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import DestructionMethod, DestructionRule, Person, Rules
from worlds import (
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
    amended,
    approval,
    at,
    check,
    destroyed,
    flag,
    moved_to,
    named,
    policy,
    published,
    reference,
    registered,
    retracted,
    under,
    verified,
    wiped,
)

WITNESSED = policy(rules=Rules(destruction=DestructionRule(witness=Role.OWNER)))
BY_THE_OWNER = under(WITNESSED)
BY_THE_LESSOR = under(policy(rules=Rules(destruction=DestructionRule(witness=Role.LESSOR))))
DEED = str(named("deed"))

NOT_WITNESSED = [
    Row(
        "the owner stood by",
        Given(destroyed("05-01", witness_party=OWNER)), BY_THE_OWNER, "06-01",
        NO_FLAGS,
    ),
    Row(
        "nobody stood by",
        Given(destroyed("05-01", known="05-02", witness_party="", name="deed")), BY_THE_OWNER, "06-01",
        Flags(flag("not_witnessed", "05-02", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "the destroyer was its own witness",
        Given(destroyed("05-01", witness_party=DESTROYER, name="deed")), BY_THE_OWNER, "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "the policy names the lessor, so the owner's eyes do not count",
        Given(destroyed("05-01", witness_party=OWNER, name="deed")), BY_THE_LESSOR, "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "the policy names the lessor, and it stood by",
        Given(destroyed("05-01", witness_party=LESSOR)), BY_THE_LESSOR, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a party that was approved for the owner's role stood by in its time",
        Given(destroyed("05-01", witness_party=STRANGER)),
        under(WITNESSED, amended("04-01", approval(STRANGER, Role.OWNER, "05-01", "05-02"))), "06-01",
        NO_FLAGS,
    ),
    Row(
        "which counts by the deed, however late it is told",
        Given(destroyed("05-01", known="05-20", witness_party=STRANGER)),
        under(WITNESSED, amended("04-01", approval(STRANGER, Role.OWNER, "05-01", "05-02"))), "06-01",
        NO_FLAGS,
    ),
    Row(
        "and stood by after its time",
        Given(destroyed("05-02", witness_party=STRANGER, name="deed")),
        under(WITNESSED, amended("04-01", approval(STRANGER, Role.OWNER, "05-01", "05-02"))), "06-01",
        Flags(flag("not_witnessed", "05-02", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "a report that was taken back accuses nobody",
        Given(destroyed("05-01", witness_party="", name="deed"), retracted("05-03", by=DESTROYER, retracted="deed")),
        BY_THE_OWNER, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a destruction rule without a witness asks for none",
        Given(destroyed("05-01", witness_party="")), under(policy(rules=Rules(destruction=DestructionRule()))), "06-01",
        NO_FLAGS,
    ),
    Row(
        "the rule is off unless the policy states it",
        Given(destroyed("05-01", witness_party="")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "without a contract there is no rule",
        Given(destroyed("05-01", witness_party="")), NOTHING_AGREED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a contract registered after the fact makes it evident then",
        Given(destroyed("05-01", witness_party="", name="deed")),
        reference(published(WITNESSED), registered(known="05-10")), "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-10")),
    ),
    Row(
        "a new version that asks for the same witness, and for a method besides, moves nothing",
        Given(destroyed("05-01", witness_party="", name="deed")),
        moved_to(
            policy(rules=Rules(destruction=DestructionRule((DestructionMethod.SHRED,), Role.OWNER))), "05-20",
            before=WITNESSED,
        ),
        "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "where the version before asked for no witness, it is evident when the contract is put under this one",
        Given(destroyed("05-01", witness_party="", name="deed")),
        moved_to(WITNESSED, "05-20", before=policy(rules=Rules(destruction=DestructionRule()))), "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
    Row(
        "and where the one before had no rule of destruction",
        Given(destroyed("05-01", witness_party="", name="deed")),
        moved_to(WITNESSED, "05-20", before=policy()), "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
    Row(
        "a witness whose approval is taken away from before the deed: evident when the amendment is known",
        Given(destroyed("05-01", witness_party=STRANGER, name="deed")),
        under(
            WITNESSED, amended("04-01", approval(STRANGER, Role.OWNER)),
            amended("05-10", approval(STRANGER, Role.OWNER, None, "05-01")),
        ),
        "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-10")),
    ),
    Row(
        "and no later for an approval that did not cover it before either",
        Given(destroyed("05-01", witness_party=STRANGER, name="deed")),
        under(
            WITNESSED, amended("04-01", approval(STRANGER, Role.OWNER, "04-01", "05-01")),
            amended("05-10", approval(STRANGER, Role.OWNER, "04-01", "04-15")),
        ),
        "06-01",
        Flags(flag("not_witnessed", "05-01", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "to the last moment of its time",
        Given(destroyed(at("05-02") - INSTANT, witness_party=STRANGER)),
        under(WITNESSED, amended("04-01", approval(STRANGER, Role.OWNER, "05-01", "05-02"))), "06-01",
        NO_FLAGS,
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", NOT_WITNESSED, ids=str)
def test_a_destruction_is_witnessed_by_the_party_that_the_policy_names(row: Row) -> None:
    check(row, "not_witnessed")


OPERATOR, WITNESS, VERIFIER = Person.OPERATOR, Person.WITNESS, Person.VERIFIER
APART = policy(rules=Rules(separate_people=((OPERATOR, WITNESS), (OPERATOR, VERIFIER))))
ALL_APART = under(APART)
WITNESS_APART = policy(rules=Rules(separate_people=((WITNESS, OPERATOR),)))
VERIFIER_APART = policy(rules=Rules(separate_people=((VERIFIER, OPERATOR),)))
VERIFIED = str(named("check"))


def by(person: str, fact: Fact) -> Fact:
    return replace(fact, operator=person)


def watched(person: str, party: str = DESTROYER, **more: str) -> Fact:
    return by("sato", destroyed("05-01", witness_party=party, witness=person, name="deed", **more))


def checked(person: str, when: str = "04-19", party: str = SANITISER, **more: object) -> Fact:
    return by(person, verified(when, by=party, name="check", **more))


OWN_WITNESS = Flags(flag("same_person", "05-01", MAJOR, DESTROYER, subject=DEED))
OWN_VERIFIER = Flags(flag("same_person", "04-19", MAJOR, SANITISER, subject=VERIFIED))

SAME_PERSON = [
    Row("two people of one party", Given(watched("suzuki")), ALL_APART, "06-01", NO_FLAGS),
    Row("one person was operator and witness", Given(watched("sato")), ALL_APART, "06-01", OWN_WITNESS),
    Row("who is one person however it is written", Given(watched(" ＳＡＴＯ ")), ALL_APART, "06-01", OWN_WITNESS),
    Row("the same id at another party is another person", Given(watched("sato", OWNER)), ALL_APART, "06-01",
        NO_FLAGS),
    Row("a witness whom nobody named is no one else", Given(by("", destroyed("05-01", witness_party=DESTROYER))),
        ALL_APART, "06-01", NO_FLAGS),
    Row(
        "raised when it was told",
        Given(watched("sato", known="05-03")), ALL_APART, "06-01",
        Flags(flag("same_person", "05-03", MAJOR, DESTROYER, subject=DEED)),
    ),
    Row(
        "a destruction that was taken back",
        Given(watched("sato"), retracted("05-03", by=DESTROYER, retracted="deed")), ALL_APART, "06-01",
        NO_FLAGS,
    ),
    Row("two people wiped and verified", Given(by("sato", wiped("04-18")), checked("suzuki")), ALL_APART, "06-01",
        NO_FLAGS),
    Row("one person verified his own wipe", Given(by("sato", wiped("04-18")), checked("Sato")), ALL_APART, "06-01",
        OWN_VERIFIER),
    Row("the same id at another party verified", Given(by("sato", wiped("04-18")), checked("sato", party=OWNER)),
        ALL_APART, "06-01", NO_FLAGS),
    Row("nobody is named in either", Given(by("", wiped("04-18")), checked("")), ALL_APART, "06-01", NO_FLAGS),
    Row(
        "a verification is of the latest wipe before it",
        Given(by("sato", wiped("04-17")), by("suzuki", wiped("04-18")), checked("sato")), ALL_APART, "06-01",
        NO_FLAGS,
    ),
    Row(
        "also of one of the same moment, as where only the day was told",
        Given(by("sato", wiped("04-19")), checked("sato")), ALL_APART, "06-01",
        OWN_VERIFIER,
    ),
    Row(
        "and not of one after it",
        Given(by("sato", wiped("04-19 09:01")), checked("sato")), ALL_APART, "06-01",
        NO_FLAGS,
    ),
    Row(
        "unless it names another",
        Given(by("sato", wiped("04-17", name="first")), by("suzuki", wiped("04-18")), checked("sato", wipe="first")),
        ALL_APART, "06-01",
        OWN_VERIFIER,
    ),
    Row(
        "a wipe that it names and nobody told is nobody's",
        Given(by("sato", wiped("04-17")), checked("sato", wipe="first")), ALL_APART, "06-01",
        NO_FLAGS,
    ),
    Row(
        "until it is told",
        Given(by("sato", wiped("04-17", known="04-25", name="first")), checked("sato", wipe="first")),
        ALL_APART, "06-01",
        Flags(flag("same_person", "04-25", MAJOR, SANITISER, subject=VERIFIED)),
    ),
    Row(
        "a wipe told late was the latest after all, by another: mended then",
        Given(by("sato", wiped("04-17")), by("suzuki", wiped("04-18", known="04-25")), checked("sato")),
        ALL_APART, "06-01",
        Flags(flag("same_person", "04-19", MAJOR, SANITISER, subject=VERIFIED, resolved="04-25")),
    ),
    Row(
        "a wipe told late was the latest after all, and his own: wrong from then on",
        Given(by("suzuki", wiped("04-17")), by("sato", wiped("04-18", known="04-25")), checked("sato")),
        ALL_APART, "06-01",
        Flags(flag("same_person", "04-25", MAJOR, SANITISER, subject=VERIFIED)),
    ),
    Row(
        "an older wipe that was told later still is not the latest",
        Given(
            by("suzuki", wiped("04-18", known="04-25")), by("sato", wiped("04-17", known="04-26")), checked("sato")
        ),
        ALL_APART, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a rejection of one's own wipe is no less one's own",
        Given(by("sato", wiped("04-18")), checked("sato", accepted=False)), ALL_APART, "06-01",
        OWN_VERIFIER,
    ),
    Row(
        "a policy that keeps only operator and verifier apart asks nothing of a witness",
        Given(watched("sato")), under(VERIFIER_APART), "06-01",
        NO_FLAGS,
    ),
    Row(
        "and finds the verifier, in whichever order it names the two",
        Given(by("sato", wiped("04-18")), checked("sato")),
        under(VERIFIER_APART), "06-01",
        OWN_VERIFIER,
    ),
    Row(
        "a policy that keeps only operator and witness apart asks nothing of a verifier",
        Given(by("sato", wiped("04-18")), checked("sato")),
        under(WITNESS_APART), "06-01",
        NO_FLAGS,
    ),
    Row("the rule is off unless the policy states it", Given(watched("sato")), under(), "06-01", NO_FLAGS),
    Row("without a contract there is no rule", Given(watched("sato")), NOTHING_AGREED, "06-01", NO_FLAGS),
    Row(
        "a policy published afterwards makes it evident then",
        Given(watched("sato")), reference(published(APART, known="05-20"), registered()), "06-01",
        Flags(flag("same_person", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
    Row(
        "and so does the amendment that puts the contract under one: of the witness",
        Given(watched("sato")), moved_to(APART, "05-20", before=VERIFIER_APART), "06-01",
        Flags(flag("same_person", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
    Row(
        "and of the verifier",
        Given(by("sato", wiped("04-18")), checked("sato")), moved_to(APART, "05-20", before=WITNESS_APART), "06-01",
        Flags(flag("same_person", "04-19", MAJOR, SANITISER, subject=VERIFIED, evident="05-20")),
    ),
    Row(
        "a new version that keeps more people apart moves nothing of those who were kept apart before",
        Given(watched("sato")), moved_to(APART, "05-20", before=WITNESS_APART), "06-01",
        OWN_WITNESS,
    ),
    Row(
        "nor of the verifier",
        Given(by("sato", wiped("04-18")), checked("sato")), moved_to(APART, "05-20", before=VERIFIER_APART), "06-01",
        OWN_VERIFIER,
    ),
    Row(
        "of two wipes told at one moment only the later was ever the latest",
        Given(by("sato", wiped("04-17", known="04-25")), by("suzuki", wiped("04-18", known="04-25")), checked("sato")),
        ALL_APART, "06-01",
        NO_FLAGS,
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", SAME_PERSON, ids=str)
def test_those_whom_the_policy_keeps_apart_are_different_people(row: Row) -> None:
    check(row, "same_person")
