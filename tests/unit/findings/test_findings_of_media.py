"""Was the data made unreadable, well enough, and before the drive left?"""

from dataclasses import replace

import pytest

from mitodoke.lifecycle.facts import DriveDestroyed, DriveEnrolled, DriveReturned, DriveWiped, WipeVerified
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.media_levels import ACHIEVED_BY_WIPE, MEDIA, meets
from mitodoke.lifecycle.policy import DestructionMethod, DestructionRule, Policy, Rules, SanitisationLevel
from mitodoke.lifecycle.reference import Reference
from worlds import (
    CRITICAL,
    DESTROYER,
    LESSOR,
    MAJOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    SANITISER,
    Flags,
    Given,
    Row,
    accepted,
    check,
    destroyed,
    dispatched,
    enrolled,
    exported,
    flag,
    initialised,
    moved_to,
    named,
    owes,
    policy,
    published,
    reference,
    registered,
    released,
    retracted,
    returned,
    under,
    verified,
    wiped,
)

SANITISE = policy(rules=Rules(sanitise_before_release=True))
BEFORE_RELEASE = under(SANITISE)

NOT_SANITISED = [
    Row(
        "wiped, then released",
        Given(wiped("04-19"), released("04-20"), returned("04-22")), BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "destroyed on the owner's premises before anything left",
        Given(destroyed("04-19"), released("04-20")), BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "the Kanagawa case: initialised and returned",
        Given(initialised("04-21"), returned("04-22")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-22", CRITICAL, LESSOR)),
    ),
    Row(
        "released as it was",
        Given(released("04-20", known="04-21")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-21", CRITICAL, OWNER)),
    ),
    Row(
        "released and dispatched, both told at once: it is the release",
        Given(dispatched("04-20", known="04-22"), released("04-21", known="04-22")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-22", CRITICAL, OWNER)),
    ),
    Row(
        "dispatched as it was, with no release told",
        Given(dispatched("04-20")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, LESSOR)),
    ),
    Row(
        "a drive that has not left yet may still be wiped",
        Given(enrolled("01-10"), initialised("04-21")), BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "wiped at the moment of the release",
        Given(wiped("04-20"), released("04-20")), BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "wiped a minute after the release",
        Given(wiped("04-20 09:01"), released("04-20")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "a wipe that failed wiped nothing",
        Given(wiped("04-19", passed=False), released("04-20")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "a wipe whose verification was rejected before the release",
        Given(wiped("04-18", name="wipe"), verified("04-19", wipe="wipe", accepted=False), released("04-20")),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "a rejection that names no wipe is of those before it",
        Given(wiped("04-18"), verified("04-19", accepted=False), released("04-20")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "also of one of the same moment, as where only the day was told",
        Given(wiped("04-18"), verified("04-18", accepted=False), released("04-20")),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "and not of one after it",
        Given(wiped("04-18"), verified("04-18 12:00", accepted=False), wiped("04-19"), released("04-20")),
        BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a rejection of another wipe leaves this one",
        Given(
            wiped("04-17", name="first"), wiped("04-18", name="second"),
            verified("04-19", wipe="first", accepted=False), released("04-20"),
        ),
        BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a rejection after the drive has left is evident, and raised, when it is known",
        Given(wiped("04-18", name="wipe"), released("04-20"), verified("04-25", wipe="wipe", accepted=False)),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-25", CRITICAL, OWNER)),
    ),
    Row(
        "until then nothing was wrong",
        Given(wiped("04-18", name="wipe"), released("04-20"), verified("04-25", wipe="wipe", accepted=False)),
        BEFORE_RELEASE, "04-24",
        NO_FLAGS,
    ),
    Row(
        "a wipe reported after the release, but done before it, mends it then",
        Given(released("04-20"), wiped("04-19", known="04-23")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER, resolved="04-23")),
    ),
    Row(
        "before it was told the flag was open",
        Given(released("04-20"), wiped("04-19", known="04-23")), BEFORE_RELEASE, "04-22",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "a release told after the return moves nothing that was raised",
        Given(returned("04-22"), released("04-20", known="04-25")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-22", CRITICAL, LESSOR)),
    ),
    Row(
        "a release told late shows that the wipe on the way came too late",
        Given(wiped("04-21"), returned("04-22"), released("04-20", known="04-25")), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-25", CRITICAL, OWNER)),
    ),
    Row(
        "a wipe that was taken back is none",
        Given(wiped("04-19", name="wipe"), released("04-20"), retracted("04-30", by=SANITISER, retracted="wipe")),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "the rule is off unless the policy states it",
        Given(released("04-20")), under(), "06-01",
        NO_FLAGS,
    ),
    Row(
        "without a contract there is no rule",
        Given(released("04-20")), NOTHING_AGREED, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a policy published after the release makes it evident then",
        Given(released("04-20")), reference(registered(), published(SANITISE, known="05-20")), "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER, evident="05-20")),
    ),
    Row(
        "what was mended before the policy was known is resolved as soon as it is evident",
        Given(released("04-20"), wiped("04-19", known="04-23")),
        reference(registered(), published(SANITISE, known="05-20")), "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER, evident="05-20", resolved="05-20")),
    ),
    Row(
        "imported history was told when it happened",
        Given(
            released("04-20", known="2026-11-02", backfilled=True), wiped("04-19", known="2026-11-03", backfilled=True)
        ),
        BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a drive that was wiped in its first lease is not wiped in its second",
        Given(
            enrolled("2014-03-01"), wiped("2018-04-19"), released("2018-04-20"), returned("2018-04-22"),
            enrolled("2018-06-01"), released("04-20"),
        ),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "destroyed after it had left is too late for this rule",
        Given(released("04-20"), destroyed("04-25", by=DESTROYER)), BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "a wipe that was rejected twice counts for nothing from the first word on",
        Given(
            wiped("04-15", name="wipe"), verified("04-16", wipe="wipe", accepted=False), released("04-20"),
            verified("04-17", known="04-25", wipe="wipe", accepted=False, by=LESSOR),
        ),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "a rejection that names no wipe is not of one after it, however late it is told",
        Given(
            wiped("04-15"), verified("04-16", known="04-19", accepted=False), wiped("04-17"), released("04-20")
        ),
        BEFORE_RELEASE, "06-01",
        NO_FLAGS,
    ),
    Row(
        "a wipe that was told at the moment of the release, and rejected later, stood until then",
        Given(wiped("04-18", known="04-20", name="wipe"), released("04-20"),
              verified("04-25", wipe="wipe", accepted=False)),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-25", CRITICAL, OWNER)),
    ),
    Row(
        "told a minute after it, it never did",
        Given(wiped("04-18", known="04-20 09:01", name="wipe"), released("04-20"),
              verified("04-25", wipe="wipe", accepted=False)),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "of two wipes that were rejected in the end the last to be so tells since when it was wrong",
        Given(
            wiped("04-17", name="first"), wiped("04-18", name="second"), released("04-20"),
            verified("04-22", wipe="first", accepted=False), verified("04-26", wipe="second", accepted=False),
        ),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-26", CRITICAL, OWNER)),
    ),
    Row(
        "the release was told after the wipe, and the dispatch before it: that one is wrong until then",
        Given(released("04-20", known="04-25"), dispatched("04-21"), wiped("04-19", known="04-23")),
        BEFORE_RELEASE, "06-01",
        Flags(flag("not_sanitised", "04-21", CRITICAL, LESSOR, resolved="04-23")),
    ),
    Row(
        "a new version that asks for it too, and for more besides, moves nothing",
        Given(released("04-20")),
        moved_to(policy(rules=Rules(sanitise_before_release=True, export_approval=True)), "05-20", before=SANITISE),
        "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER)),
    ),
    Row(
        "where the version before did not ask, it is evident when the contract is put under this one",
        Given(released("04-20")), moved_to(SANITISE, "05-20", before=policy()), "06-01",
        Flags(flag("not_sanitised", "04-20", CRITICAL, OWNER, evident="05-20")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", NOT_SANITISED, ids=str)
def test_data_is_made_unreadable_before_the_drive_leaves(row: Row) -> None:
    check(row, "not_sanitised")


CLEAR, PURGE, DESTROY = SanitisationLevel.CLEAR, SanitisationLevel.PURGE, SanitisationLevel.DESTROY
WIPE, SECOND, DEED, CHECK = (str(named(name)) for name in ("wipe", "second", "deed", "check"))


def asking(*, of_data: str = "", **least: SanitisationLevel) -> Reference:
    contract = replace(registered(), data_class=of_data)
    return reference(published(policy(rules=Rules(minimum_method=least))), contract)


def hdd(**more: str) -> DriveEnrolled:
    return enrolled("01-10", media_type="hdd", **more)


def ssd(**more: str) -> DriveEnrolled:
    return enrolled("01-10", media_type="ssd", **more)


def wiped_by(method: str, when: str = "04-19", name: str = "wipe", **more: str | bool) -> DriveWiped:
    return wiped(when, method=method, name=name, **more)


ACHIEVED = {
    # method:              (hdd,   ssd,   usb_flash, tape, optical)
    "overwrite":           (CLEAR, CLEAR, CLEAR,     CLEAR, None),
    "ata_secure_erase":    (PURGE, CLEAR, CLEAR,     None,  None),
    "block_erase":         (None,  PURGE, PURGE,     None,  None),
    "cryptographic_erase": (PURGE, PURGE, PURGE,     None,  None),
    "degauss":             (PURGE, None,  None,      PURGE, None),
    "formatted":           (None,  None,  None,      None,  None),
}  # fmt: skip


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("method", ACHIEVED)
def test_what_each_method_achieves_on_each_medium(method: str, medium: str) -> None:
    achieved = ACHIEVED[method][MEDIA.index(medium)]
    assert ACHIEVED_BY_WIPE.get(method, {}).get(medium) is achieved
    drive = enrolled("01-10", media_type=medium)
    for least in (CLEAR, PURGE):
        enough = achieved is PURGE or achieved is least
        weak = Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE))
        row = Row(
            "",
            Given(drive, wiped_by(method)),
            asking(**{medium: least}),
            "06-01",
            NO_FLAGS if enough else weak,
        )
        check(row, "weak_method")


WEAK_ONCE = Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE))

WEAK_WIPES = [
    Row("degaussed, which does nothing to flash", Given(ssd(), wiped_by("degauss")), asking(flash=CLEAR), "06-01",
        WEAK_ONCE),
    Row("purged, where flash stands for a stick too",
        Given(enrolled("01-10", media_type="usb_flash"), wiped_by("block_erase")), asking(flash=PURGE), "06-01",
        NO_FLAGS),
    Row("flash says nothing of a disk", Given(hdd(), wiped_by("overwrite")), asking(flash=PURGE), "06-01", NO_FLAGS),
    Row("the stricter of flash and ssd", Given(ssd(), wiped_by("overwrite")), asking(flash=CLEAR, ssd=PURGE), "06-01",
        WEAK_ONCE),
    Row("by the drive's class of data", Given(hdd(data_class="secret"), wiped_by("overwrite")),
        asking(hdd=CLEAR, secret=PURGE), "06-01", WEAK_ONCE),
    Row("by the contract's class of data", Given(hdd(), wiped_by("overwrite")),
        asking(of_data="Secret ", hdd=CLEAR, secret=PURGE), "06-01", WEAK_ONCE),
    Row("the stricter of medium and class, the other way round", Given(hdd(data_class="open"), wiped_by("overwrite")),
        asking(hdd=PURGE, open=CLEAR), "06-01", WEAK_ONCE),
    Row("a class that the policy does not name", Given(hdd(data_class="open"), wiped_by("overwrite")),
        asking(secret=PURGE), "06-01", NO_FLAGS),
    Row("a wipe that failed is relied on by nobody", Given(hdd(), wiped_by("overwrite", passed=False)),
        asking(hdd=PURGE), "06-01", NO_FLAGS),
    Row("where destruction is asked for, a wipe before it is good practice", Given(ssd(), wiped_by("overwrite")),
        asking(hdd=PURGE, flash=DESTROY), "06-01", NO_FLAGS),
    Row(
        "raised when it was told",
        Given(hdd(), wiped_by("overwrite", known="04-21")), asking(hdd=PURGE), "06-01",
        Flags(flag("weak_method", "04-21", MAJOR, SANITISER, subject=WIPE)),
    ),
    Row(
        "wiped again, better",
        Given(hdd(), wiped_by("overwrite"), wiped_by("degauss", "04-21", "second")), asking(hdd=PURGE), "06-01",
        Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE, resolved="04-21")),
    ),
    Row(
        "wiped again, no better: two findings",
        Given(hdd(), wiped_by("overwrite"), wiped_by("overwrite", "04-21", "second")), asking(hdd=PURGE), "06-01",
        Flags(
            flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE),
            flag("weak_method", "04-21", MAJOR, SANITISER, subject=SECOND),
        ),
    ),
    Row(
        "wiped again, better, but that one was rejected before it was told",
        Given(
            hdd(), wiped_by("overwrite"), wiped_by("degauss", "04-20", "second", known="04-23"),
            verified("04-21", wipe="second", accepted=False),
        ),
        asking(hdd=PURGE), "06-01",
        WEAK_ONCE,
    ),
    Row("an overwrite after a purge takes nothing away",
        Given(hdd(), wiped_by("degauss", "04-18", "second"), wiped_by("overwrite")), asking(hdd=PURGE), "06-01",
        NO_FLAGS),
    Row("unless data was carried out on it in between",
        Given(hdd(), wiped_by("degauss", "04-17", "second"), exported("04-18"), wiped_by("overwrite")),
        asking(hdd=PURGE), "06-01", WEAK_ONCE),
    Row(
        "the purge before it was told later",
        Given(hdd(), wiped_by("overwrite"), wiped_by("degauss", "04-18", "second", known="04-25")),
        asking(hdd=PURGE), "06-01",
        Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE, resolved="04-25")),
    ),
    Row(
        "destroyed in the end",
        Given(hdd(), wiped_by("overwrite"), destroyed("05-01")), asking(hdd=PURGE), "06-01",
        Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE, resolved="05-01")),
    ),
    Row(
        "taken back",
        Given(hdd(), wiped_by("overwrite"), retracted("04-21", by=SANITISER, retracted="wipe")), asking(hdd=PURGE),
        "06-01",
        NO_FLAGS,
    ),
    Row("of a medium that nobody told the worst is thought", Given(enrolled("01-10"), wiped_by("ata_secure_erase")),
        asking(hdd=PURGE, flash=PURGE), "06-01", WEAK_ONCE),
    Row("by class of data, too: it might be an optical disc", Given(wiped_by("cryptographic_erase")),
        asking(of_data="secret", secret=CLEAR), "06-01", WEAK_ONCE),
    Row("what is enough on all that the policy names is enough", Given(wiped_by("cryptographic_erase")),
        asking(hdd=PURGE, flash=PURGE), "06-01", NO_FLAGS),
    Row(
        "the medium was told later, and the method suits it",
        Given(wiped_by("ata_secure_erase"), enrolled("01-10", known="04-25", media_type="hdd")),
        asking(hdd=PURGE, flash=PURGE), "06-01",
        Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE, resolved="04-25")),
    ),
    Row(
        "the class was told later, and asks for more",
        Given(hdd(), wiped_by("overwrite"), enrolled("01-11", known="04-25", data_class="secret")),
        asking(hdd=CLEAR, secret=PURGE), "06-01",
        Flags(flag("weak_method", "04-25", MAJOR, SANITISER, subject=WIPE)),
    ),
    Row(
        "two classes told at one moment count together",
        Given(
            hdd(), wiped_by("overwrite"), enrolled("01-11", known="04-25", data_class="secret"),
            enrolled("01-12", known="04-25", data_class="my_number"),
        ),
        asking(hdd=CLEAR, secret=PURGE, my_number=DESTROY), "06-01",
        NO_FLAGS,
    ),
    Row("the medium that was told first stands", Given(hdd(), wiped_by("degauss"), enrolled("04-25", media_type="ssd")),
        asking(hdd=PURGE, flash=PURGE), "06-01", NO_FLAGS),
    Row("until it is taken back",
        Given(
            hdd(name="first"), wiped_by("degauss"), enrolled("04-25", media_type="ssd"),
            retracted("04-26", retracted="first"),
        ),
        asking(hdd=PURGE, flash=PURGE), "06-01",
        WEAK_ONCE),
    Row("the rule is off unless the policy states it", Given(ssd(), wiped_by("degauss")), under(), "06-01", NO_FLAGS),
    Row("without a contract there is no rule", Given(ssd(), wiped_by("degauss")), NOTHING_AGREED, "06-01", NO_FLAGS),
    Row(
        "a policy published afterwards makes it evident then",
        Given(ssd(), wiped_by("degauss")),
        reference(registered(), published(policy(rules=Rules(minimum_method={"flash": PURGE})), known="05-20")),
        "06-01",
        Flags(flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE, evident="05-20")),
    ),
    Row("by a method that nobody named", Given(hdd(), wiped_by("")), asking(hdd=PURGE), "06-01", WEAK_ONCE),
    Row(
        "class and medium told at one moment count together, also of a wipe that was rejected meanwhile",
        Given(
            wiped_by("ata_secure_erase"), verified("04-20", wipe="wipe", accepted=False),
            enrolled("01-11", known="04-25", data_class="secret", name="A"),
            enrolled("01-12", known="04-25", media_type="hdd", name="B"),
        ),
        asking(secret=PURGE), "06-01",
        NO_FLAGS,
    ),
    Row(
        "the wipe and its medium were told at one moment, and its rejection with them: it was never too weak",
        Given(
            wiped_by("formatted", "04-18", "second"), wiped_by("ata_secure_erase"),
            enrolled("01-10", known="04-19", media_type="hdd"), verified("04-19", wipe="wipe", accepted=False),
        ),
        asking(hdd=PURGE, flash=PURGE), "06-01",
        Flags(flag("weak_method", "04-18", MAJOR, SANITISER, subject=SECOND)),
    ),
    Row("of two uses the later counts: it was purged between them",
        Given(hdd(), exported("04-10"), wiped_by("degauss", "04-12", "second"), exported("04-15"),
              wiped_by("overwrite")),
        asking(hdd=PURGE), "06-01", WEAK_ONCE),
    Row("a purge before the use mends nothing, though it is told after it",
        Given(hdd(), wiped_by("degauss", "04-17", "second", known="04-25"), exported("04-18"), wiped_by("overwrite")),
        asking(hdd=PURGE), "06-01", WEAK_ONCE),
    Row(
        "wiped again, better, as was known when the medium was told",
        Given(
            wiped_by("overwrite"), wiped_by("ata_secure_erase", "04-20", "second"),
            enrolled("01-10", known="04-25", media_type="hdd"),
        ),
        asking(hdd=PURGE, flash=PURGE), "06-01",
        Flags(
            flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE, resolved="04-25"),
            flag("weak_method", "04-20", MAJOR, SANITISER, subject=SECOND, resolved="04-25"),
        ),
    ),
    Row(
        "but that one was rejected at the moment at which the medium was told",
        Given(
            wiped_by("overwrite"), wiped_by("ata_secure_erase", "04-20", "second"),
            enrolled("01-10", known="04-25", media_type="hdd"),
            verified("04-21", known="04-25", wipe="second", accepted=False),
        ),
        asking(hdd=PURGE, flash=PURGE), "06-01",
        Flags(
            flag("weak_method", "04-19", MAJOR, SANITISER, subject=WIPE),
            flag("weak_method", "04-20", MAJOR, SANITISER, subject=SECOND, resolved="04-25"),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", WEAK_WIPES, ids=str)
def test_a_wipe_achieves_what_the_policy_asks_for_that_medium_and_data(row: Row) -> None:
    check(row, "weak_method")


def test_a_medium_that_nobody_told_is_said_to_be_unknown() -> None:
    verdict = Given(wiped_by("ata_secure_erase")).judged(asking(flash=PURGE), "06-01")
    (weak,) = (f for f in verdict.flags if f.kind == "weak_method")
    assert "which it may be for all that was told of it" in weak.message


KEPT = "not destroyed"
DESTROYED_LATER = policy(
    owes("destruction", DriveReturned, DriveDestroyed, "45d"), rules=Rules(minimum_method={"flash": DESTROY})
)

ENDS = [
    Row(
        "a certificate was accepted on the strength of a wipe",
        Given(ssd(), wiped("04-19"), accepted("05-01", known="05-02")), asking(flash=DESTROY), "06-01",
        Flags(flag("weak_method", "05-02", MAJOR, OWNER, subject=KEPT)),
    ),
    Row(
        "the drive was given back on the strength of a wipe",
        Given(ssd(), wiped("04-19"), returned("04-22")), asking(flash=DESTROY), "06-01",
        Flags(flag("weak_method", "04-22", MAJOR, LESSOR, subject=KEPT)),
    ),
    Row("given back, where the policy owes it destruction afterwards", Given(ssd(), wiped("04-19"), returned("04-22")),
        under(DESTROYED_LATER), "06-01", NO_FLAGS),
    Row(
        "accepted, though the policy owed it destruction",
        Given(ssd(), wiped("04-19"), returned("04-22"), accepted("05-01")), under(DESTROYED_LATER), "06-01",
        Flags(flag("weak_method", "05-01", MAJOR, OWNER, subject=KEPT)),
    ),
    Row("wiped, destroyed and accepted", Given(ssd(), wiped("04-19"), destroyed("04-25"), accepted("05-01")),
        asking(flash=DESTROY), "06-01", NO_FLAGS),
    Row(
        "the destruction was told after the acceptance",
        Given(ssd(), wiped("04-19"), accepted("05-01"), destroyed("04-25", known="05-09")), asking(flash=DESTROY),
        "06-01",
        Flags(flag("weak_method", "05-01", MAJOR, OWNER, subject=KEPT, resolved="05-09")),
    ),
    Row("wiped at the moment of the return", Given(ssd(), wiped("04-22"), returned("04-22")), asking(flash=DESTROY),
        "06-01", Flags(flag("weak_method", "04-22", MAJOR, LESSOR, subject=KEPT))),
    Row("wiped a minute after it: nobody relied on that", Given(ssd(), wiped("04-22 09:01"), returned("04-22")),
        asking(flash=DESTROY), "06-01", NO_FLAGS),
    Row("never wiped: other rules speak of that", Given(ssd(), returned("04-22"), accepted("05-01")),
        asking(flash=DESTROY), "06-01", NO_FLAGS),
    Row(
        "the wipe was told after the return",
        Given(ssd(), returned("04-22"), wiped("04-19", known="04-25")), asking(flash=DESTROY), "06-01",
        Flags(flag("weak_method", "04-25", MAJOR, LESSOR, subject=KEPT)),
    ),
    Row("a disk that need not be destroyed", Given(hdd(), wiped_by("degauss"), returned("04-22")),
        asking(hdd=PURGE, flash=DESTROY), "06-01", NO_FLAGS),
    Row("of My Number data, on whatever medium", Given(hdd(), wiped_by("degauss"), returned("04-22")),
        asking(of_data="my_number", hdd=PURGE, my_number=DESTROY), "06-01",
        Flags(flag("weak_method", "04-22", MAJOR, LESSOR, subject=KEPT))),
    Row(
        "of a medium that nobody told, until it was",
        Given(wiped_by("degauss"), returned("04-22"), enrolled("01-10", known="04-25", media_type="hdd")),
        asking(hdd=PURGE, flash=DESTROY), "06-01",
        Flags(flag("weak_method", "04-22", MAJOR, LESSOR, subject=KEPT, resolved="04-25")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ENDS, ids=str)
def test_a_chain_that_asks_for_destruction_does_not_end_on_a_wipe(row: Row) -> None:
    check(row, "weak_method")


SHRED, MELT = DestructionMethod.SHRED, DestructionMethod.MELT


def destroying(*methods: DestructionMethod, **particle: str) -> Policy:
    return policy(rules=Rules(destruction=DestructionRule(methods=methods, particle=particle)))


SHREDDED = under(destroying(SHRED, MELT))
TO_SIZE = under(destroying(hdd="H-4", flash="E-4"))
POORLY = Flags(flag("weak_method", "05-01", MAJOR, DESTROYER, subject=DEED))


def broken(method: str = "shred", when: str = "05-01", name: str = "deed", **more: object) -> DriveDestroyed:
    return destroyed(when, method=method, name=name, **more)


DESTRUCTIONS = [
    Row("by a method that the policy lists", Given(hdd(), broken("melt")), SHREDDED, "06-01", NO_FLAGS),
    Row("by another", Given(hdd(), broken("crush")), SHREDDED, "06-01", POORLY),
    Row("by one that nobody named", Given(hdd(), broken("")), SHREDDED, "06-01", POORLY),
    Row("to pieces as large as the level allows", Given(hdd(), broken(particle_area_mm2=2000.0)), TO_SIZE, "06-01",
        NO_FLAGS),
    Row("to larger ones", Given(hdd(), broken(particle_area_mm2=2000.5)), TO_SIZE, "06-01", POORLY),
    Row("small enough for a disk, and not for flash", Given(ssd(), broken(particle_area_mm2=31.0)), TO_SIZE, "06-01",
        POORLY),
    Row("to pieces that nobody measured", Given(hdd(), broken()), TO_SIZE, "06-01", POORLY),
    Row("by a machine rated for the level", Given(hdd(), broken(security_level="H-4")), TO_SIZE, "06-01", NO_FLAGS),
    Row("for a finer one", Given(hdd(), broken(security_level="H-5")), TO_SIZE, "06-01", NO_FLAGS),
    Row("for a coarser one, whatever was measured", Given(hdd(), broken(security_level="H-3", particle_area_mm2=9.0)),
        TO_SIZE, "06-01", POORLY),
    Row("for paper", Given(hdd(), broken(security_level="P-7")), TO_SIZE, "06-01", POORLY),
    Row("molten, which leaves no pieces", Given(hdd(), broken("melt")), TO_SIZE, "06-01", NO_FLAGS),
    Row("burnt, which leaves none either", Given(hdd(), broken("incinerate")), TO_SIZE, "06-01", NO_FLAGS),
    Row("crushed, which leaves them", Given(hdd(), broken("crush")), TO_SIZE, "06-01", POORLY),
    Row("a medium of which no size is asked",
        Given(enrolled("01-10", media_type="tape"), broken()), TO_SIZE, "06-01", NO_FLAGS),
    Row("a medium that nobody told is held to all of them", Given(broken(security_level="H-5")), TO_SIZE, "06-01",
        POORLY),
    Row("and may meet them all", Given(broken(particle_area_mm2=30.0)), TO_SIZE, "06-01", NO_FLAGS),
    Row(
        "the medium was told later",
        Given(broken(security_level="H-5"), enrolled("01-10", known="05-09", media_type="hdd")), TO_SIZE, "06-01",
        Flags(flag("weak_method", "05-01", MAJOR, DESTROYER, subject=DEED, resolved="05-09")),
    ),
    Row(
        "destroyed again, better",
        Given(hdd(), broken("crush"), broken("shred", "05-04", "second")), SHREDDED, "06-01",
        Flags(flag("weak_method", "05-01", MAJOR, DESTROYER, subject=DEED, resolved="05-04")),
    ),
    Row(
        "taken back",
        Given(hdd(), broken("crush"), retracted("05-02", by=DESTROYER, retracted="deed")), SHREDDED, "06-01",
        NO_FLAGS,
    ),
    Row("a destruction rule that asks for neither", Given(hdd(), broken("crush")), under(destroying()), "06-01",
        NO_FLAGS),
    Row("without a contract there is no rule", Given(hdd(), broken("crush")), NOTHING_AGREED, "06-01", NO_FLAGS),
    Row(
        "a policy published afterwards makes it evident then",
        Given(hdd(), broken("crush")), reference(registered(), published(destroying(SHRED), known="05-20")), "06-01",
        Flags(flag("weak_method", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
    Row(
        "a new version that lists the same methods, and asks for a witness besides, moves nothing",
        Given(hdd(), broken("crush")),
        moved_to(
            policy(rules=Rules(destruction=DestructionRule(methods=(SHRED,), witness=Role.OWNER))), "05-20",
            before=destroying(SHRED),
        ),
        "06-01",
        POORLY,
    ),
    Row(
        "where the version before listed the method, it is evident when the contract is put under this one",
        Given(hdd(), broken("crush")),
        moved_to(destroying(SHRED), "05-20", before=destroying(SHRED, DestructionMethod.CRUSH)), "06-01",
        Flags(flag("weak_method", "05-01", MAJOR, DESTROYER, subject=DEED, evident="05-20")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", DESTRUCTIONS, ids=str)
def test_a_drive_is_destroyed_by_the_methods_and_to_the_size_that_the_policy_names(row: Row) -> None:
    check(row, "weak_method")


@pytest.mark.parametrize(
    ("level", "rated", "area", "met"),
    [
        ("H-3", "", 0.0, True),
        ("H-3", "H-2", 0.0, False),
        ("H-4", "", 0.0, False),
        ("E-4", "", 30.0, True),
        ("E-4", "", 30.1, False),
        ("E-4", "H-7", 1.0, False),
        ("E-4", "E-4", 0.0, True),
    ],
)
def test_what_shows_that_pieces_are_of_a_level(level: str, rated: str, area: float, met: bool) -> None:
    assert meets(level, rated, area) is met


def rejected(when: str = "04-19", name: str = "check", **more: object) -> WipeVerified:
    return verified(when, accepted=False, name=name, **more)


REJECTED_ONCE = Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK))

REJECTED = [
    Row("accepted", Given(wiped("04-18"), verified("04-19")), under(), "06-01", NO_FLAGS),
    Row("rejected", Given(wiped("04-18"), rejected()), under(), "06-01", REJECTED_ONCE),
    Row("also where nothing is agreed", Given(wiped("04-18"), rejected()), NOTHING_AGREED, "06-01", REJECTED_ONCE),
    Row("accepted by another afterwards, which does not undo it",
        Given(wiped("04-18"), rejected(), verified("04-20", by=LESSOR)), under(), "06-01", REJECTED_ONCE),
    Row("the rejection was taken back",
        Given(wiped("04-18"), rejected(), retracted("04-20", by=OWNER, retracted="check")), under(), "06-01",
        NO_FLAGS),
    Row(
        "wiped again",
        Given(wiped("04-18", name="wipe"), rejected(wipe="wipe"), wiped("04-20")), under(), "06-01",
        Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="04-20")),
    ),
    Row("before it was wiped again the flag was open",
        Given(wiped("04-18", name="wipe"), rejected(wipe="wipe"), wiped("04-20")), under(), "end 04-19",
        REJECTED_ONCE),
    Row("wiped again in vain", Given(wiped("04-18"), rejected(), wiped("04-20", passed=False)), under(), "06-01",
        REJECTED_ONCE),
    Row(
        "destroyed",
        Given(wiped("04-18"), rejected(), destroyed("05-01", known="05-02")), under(), "06-01",
        Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="05-02")),
    ),
    Row("had been wiped again before the rejection of the first was told",
        Given(wiped("04-17", name="wipe"), wiped("04-18"), rejected(wipe="wipe")), under(), "06-01", NO_FLAGS),
    Row("a rejection that names no wipe is of both",
        Given(wiped("04-17", name="wipe"), wiped("04-18"), rejected()), under(), "06-01", REJECTED_ONCE),
    Row("also of one of the same moment", Given(wiped("04-19"), rejected()), under(), "06-01", REJECTED_ONCE),
    Row(
        "and not of one a minute after it",
        Given(wiped("04-18"), rejected(), wiped("04-19 09:01")), under(), "06-01",
        Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="04-19 09:01")),
    ),
    Row(
        "wiped again and rejected again: the second rejection is a finding of its own",
        Given(
            wiped("04-18", name="wipe"), rejected(wipe="wipe"), wiped("04-20", name="second"),
            rejected("04-21", "again", wipe="second"),
        ),
        under(), "06-01",
        Flags(
            flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="04-20"),
            flag("wipe_rejected", "04-21", MAJOR, OWNER, subject=str(named("again"))),
        ),
    ),
    Row(
        "wiped again, which was told only after it had been rejected",
        Given(
            wiped("04-18", name="wipe"), rejected(wipe="wipe"), wiped("04-20", known="04-25", name="second"),
            rejected("04-21", "again", wipe="second"),
        ),
        under(), "06-01",
        Flags(
            flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK),
            flag("wipe_rejected", "04-21", MAJOR, OWNER, subject=str(named("again"))),
        ),
    ),
    Row(
        "of a wipe that nobody told: only one after the rejection mends",
        Given(wiped("04-18"), rejected(wipe="unheard"), wiped("04-20")), under(), "06-01",
        Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="04-20")),
    ),
    Row("had been wiped again, as was told at the moment at which the rejection was",
        Given(wiped("04-17", name="wipe"), wiped("04-18", known="04-19"), rejected(wipe="wipe")), under(), "06-01",
        NO_FLAGS),
    Row(
        "as was told a minute later",
        Given(wiped("04-17", name="wipe"), wiped("04-18", known="04-19 09:01"), rejected(wipe="wipe")), under(),
        "06-01",
        Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="04-19 09:01")),
    ),
    Row(
        "wiped again in vain, and then once more",
        Given(wiped("04-18", name="wipe"), rejected(wipe="wipe"), wiped("04-20", passed=False), wiped("04-21")),
        under(), "06-01",
        Flags(flag("wipe_rejected", "04-19", MAJOR, OWNER, subject=CHECK, resolved="04-21")),
    ),
    Row(
        "of two rejections the first was made good before it was told, and the second was not",
        Given(
            wiped("04-17", name="wipe"), wiped("04-18", name="second"), rejected(name="first", wipe="wipe"),
            rejected("04-20", wipe="second"),
        ),
        under(), "06-01",
        Flags(flag("wipe_rejected", "04-20", MAJOR, OWNER, subject=CHECK)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", REJECTED, ids=str)
def test_a_wipe_that_was_rejected_is_done_again_or_the_drive_is_destroyed(row: Row) -> None:
    check(row, "wipe_rejected")
