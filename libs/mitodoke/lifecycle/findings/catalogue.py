"""Every rule there is."""

from mitodoke.lifecycle.findings import (
    certificates,
    custody,
    ending,
    evidence,
    exports,
    identity,
    media,
    parties,
    people,
    places,
    timing,
    transit,
)

CATALOGUE = (
    *identity.RULES,
    *parties.RULES,
    *custody.RULES,
    *media.RULES,
    *people.RULES,
    *places.RULES,
    *transit.RULES,
    *evidence.RULES,
    *timing.RULES,
    *ending.RULES,
    *certificates.RULES,
    *exports.RULES,
)
"""All rules, in the order in which a person would ask them. Their ids are the kinds of flags that are not breaches."""

EXAMPLES = {
    "unknown_drive": "The dock scans ZK80397W, which is on nobody's list.",
    "alive_twice": "ZK80137W is leased to a second customer while the first has not given it back.",
    "suspect_serial": "A USB adapter reads 0000000000A1 off every drive behind it.",
    "unknown_contract": "Facts of 2019 are imported for a contract that was registered in 2026.",
    "unapproved_party": "The lessor hands the drives to a recycler that the owner has never heard of.",
    "not_on_manifest": "395 drives left with the lot; the 396th that arrives is not one of them.",
    "missing_at_close": "The dock scans 378 drives and says that was all; 18 of the list are named as missing.",
    "not_received": "A recycler certifies serials by the list; two of them had been taken off the lorry on the way.",
    "skipped_step": "A drive is reported destroyed, and nobody had reported the wipe that was to come before it.",
    "custody_gap": "The carrier says it handed the drive over; a day later nobody has said that he took it.",
    "not_the_holder": "A recycler destroys a drive that, by all reports, the carrier still has.",
    "not_sanitised": "The array is initialised, not erased, and leaves the computer room.",
    "weak_method": "An SSD is degaussed, which does nothing to it.",
    "wipe_rejected": "The wipe passed, and the sample that was read afterwards still held data.",
    "not_witnessed": "The drive is shredded, and nobody of the owner stood by.",
    "same_person": "He who wiped the drive also signed that he had verified it.",
    "wrong_place": "A drive that was to be crushed in the owner's building is crushed at the recycler's.",
    "understaffed_transit": "One man alone carries the data of a city.",
    "seal_mismatch": "The box left under seal 4711 and arrives under seal 4712.",
    "evidence_missing": "A destruction is reported without the photograph that the policy asks for.",
    "late_report": "A destruction of Monday is reported on Friday, where the policy allows two days.",
    "off_hours": "The drives are handed over on a Sunday night.",
    "activity_after_destruction": "A drive that was reported melted is scanned at another dock.",
    "sighted": "A buyer finds tax records on a drive that he bought at an auction.",
    "lost": "The carrier wakes without his bag.",
    "certificate_without_destruction": "A certificate is accepted for a drive that nobody has reported destroyed.",
    "conflicting_facts": "The certificate says melted on 10 July; the report says crushed on 31 July.",
    "unapproved_export": "The data of all residents is copied to a stick, and nobody had allowed it.",
}
"""What each rule is for, in a sentence that somebody who has never read a policy understands."""
