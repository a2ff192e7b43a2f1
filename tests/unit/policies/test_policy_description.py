"""A policy as a page of sentences. The pages of the ready policies stand in `pages/`, to be read by people.

To write them anew after a wording has changed: `python tests/unit/policies/test_policy_description.py`; then read them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mitodoke.lifecycle.kinds import FactKind
from mitodoke.policyfile import describe, parents_in, read_policy
from mitodoke.policyfile.description import LANGUAGES

POLICIES = Path(__file__).parents[3] / "deploy" / "policies"
PAGES = Path(__file__).parent / "pages"
FILES = sorted(POLICIES.glob("*.yaml"))


def page_of(file: Path, language: str) -> str:
    return describe(read_policy(file.read_bytes(), parents=parents_in([POLICIES])), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_ready_policy_is_told_in_just_these_sentences(file: Path, language: str) -> None:
    assert page_of(file, language) == (PAGES / f"{file.stem}.{language}.md").read_text(encoding="utf-8")


FULL = """\
policy: p
version: 1
timezone: Asia/Tokyo
calendar: JP
reporting_grace: 24h
obligations:
  - {id: arrival, after: DriveDispatched, expect: DriveDelivered, within: eta+4h, owed_by: carrier, per: shipment}
  - {id: back, after: ExportApproved, expect: DriveReturned, within: return_by-2h, owed_by: carrier, severity: warning,
     escalate: [{after: 7d, severity: major}, {after: 10bd, severity: critical}]}
  - {id: told, after: DriveLost, expect: IncidentReported, report: to_owner, within: 1 month, owed_by: owner}
rules:
  sanitise_before_release: true
  steps: [LeaseEnded, DriveDestroyed]
  minimum_method: {hdd: purge, my_number: destroy}
  destruction: {methods: [shred, melt], witness: owner, before_leaving: owner_site, particle: {hdd: H-4, tape: T-1}}
  transit: {seal: required, crew: 2}
  separate_people: [[operator, witness]]
  evidence: {DriveDestroyed: [photo_before]}
  working_hours: {days: [mon, tue], from: "08:30", to: "17:15", public_holidays: true}
  late_report: 48h
  custody: {attest_within: 90min}
  export: {approval: required}
  waiver: {second_person: required}
"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("instead_of", "written"),
    [
        ("policy: p", "policy: q"),
        ("version: 1", "version: 2"),
        ("Asia/Tokyo", "UTC"),
        ("calendar: JP", "calendar: weekdays"),
        ("reporting_grace: 24h", "reporting_grace: 0h"),
        ("reporting_grace: 24h", "reporting_grace: 24min"),
        ("id: arrival", "id: other"),
        ("expect: DriveDelivered", "expect: CustodyTransferred"),
        ("eta+4h", "eta-4h"),
        ("eta+4h", "eta"),
        ("eta+4h", "4h"),
        ("eta+4h", "eta+4d"),
        ("carrier, per: shipment", "carrier"),
        ("carrier, per: shipment", "lessor, per: shipment"),
        ("after: DriveDispatched, expect: DriveDelivered, within: eta+4h",
         "after: DriveReleased, expect: DriveReturned, within: 4h"),
        ("return_by-2h", "return_by+2h"),
        ("return_by-2h", "return_by"),
        ("severity: warning", "severity: critical, escalate: []"),
        ("after: 7d", "after: 8d"),
        ("10bd", "10d"),
        (", {after: 10bd, severity: critical}", ""),
        ("report: to_owner, ", ""),
        ("report: to_owner", "report: preliminary"),
        ("report: to_owner", "report: final"),
        ("1 month", "1 business day"),
        ("  sanitise_before_release: true\n", ""),
        ("[LeaseEnded, DriveDestroyed]", "[DriveWiped, DriveDestroyed]"),
        ("hdd: purge", "hdd: clear"),
        ("hdd: purge", "ssd: purge"),
        ("my_number", "secret"),
        ("[shred, melt]", "[shred]"),
        ("[shred, melt]", "[shred, crush]"),
        ("witness: owner", "witness: lessor"),
        ("before_leaving: owner_site", "before_leaving: lessor_site"),
        ("hdd: H-4", "hdd: H-5"),
        ("hdd: H-4", "hdd: H-3"),
        ("tape: T-1", "optical: O-1"),
        ("seal: required", "seal: optional"),
        ("crew: 2", "crew: 1"),
        ("[operator, witness]", "[operator, verifier]"),
        ("photo_before", "photo_after"),
        ("DriveDestroyed: [", "DriveWiped: ["),
        ("[mon, tue]", "[mon, wed]"),
        ("08:30", "09:30"),
        ("17:15", "17:30"),
        ("public_holidays: true", "public_holidays: false"),
        ("48h", "47h"),
        ("90min", "90s"),
        ("export: {approval: required}", "export: {approval: optional}"),
        ("second_person: required", "second_person: optional"),
    ],
)  # fmt: skip
def test_whatever_a_policy_asks_is_on_its_page(instead_of: str, written: str, language: str) -> None:
    assert instead_of in FULL
    changed = FULL.replace(instead_of, written, 1)
    if "severity: critical, escalate: []" in written:
        changed = FULL.replace("severity: warning,", "severity: critical").replace(
            "\n     escalate: [{after: 7d, severity: major}, {after: 10bd, severity: critical}]", ""
        )
    assert describe(read_policy(changed), language) != describe(read_policy(FULL), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_can_be_told_and_each_in_its_own_words(language: str) -> None:
    words = LANGUAGES[language]
    sample = read_policy(FULL).obligations[2]
    told = {
        words.obligation(replace(sample, after=after, expect=expect, report=""))
        for after in FactKind
        for expect in FactKind
    }
    assert len(told) == len(FactKind) ** 2


@pytest.mark.parametrize(
    ("within", "english", "japanese"),
    [
        ("return_by-2h", "2 hours before the time of return that the approval names at the latest",
         "承認で定められた返却時刻の2時間前までに"),
        ("return_by", "by the time of return that the approval names", "承認で定められた返却時刻までに"),
        ("return_by+1bd", "within 1 business day after the time of return that the approval names",
         "承認で定められた返却時刻から1営業日以内に"),
    ],
)  # fmt: skip
def test_a_time_that_the_fact_names_is_told_as_before_at_or_after_it(
    within: str, english: str, japanese: str
) -> None:
    policy = read_policy(FULL.replace("return_by-2h", within))
    start = "2. **back** — Once an export on a medium was approved, the drive must be received back "
    assert f"{start}{english}. The carrier answers for it." in describe(policy, "en")
    start = "2. **back** — 持ち出しの承認のあと、"
    assert f"{start}{japanese}、ドライブが返却され、受け取りが確認されなければなりません。" in describe(
        policy, "ja"
    )


def test_a_lot_is_told_from_a_shipment() -> None:
    released = "after: DriveReleased, expect: DriveReturned, within: 4d, owed_by: lessor, per: shipment"
    policy = read_policy(f"policy: p\nversion: 1\ntimezone: UTC\nobligations:\n  - {{id: a, {released}}}\n")
    assert "1. **a** — For each lot: Within 4 days after a drive left the owner," in describe(policy, "en")
    assert "1. **a** — ロットごとに、所有者からの引き渡しから4日以内に、" in describe(policy, "ja")
    assert "For each shipment: Once a drive was dispatched," in describe(read_policy(FULL), "en")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This policy asks that nothing follow by a day."),
        ("ja", "この規程は、期限のある義務を定めていません。"),
    ],
)
def test_a_policy_without_obligations_says_so(language: str, sentence: str) -> None:
    policy = read_policy("policy: p\nversion: 1\ntimezone: UTC\nrules: {late_report: 1h}\n")
    assert sentence in describe(policy, language).splitlines()


def test_another_language_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        describe(read_policy(FULL), "de")


if __name__ == "__main__":
    for ready in FILES:
        for code in LANGUAGES:
            (PAGES / f"{ready.stem}.{code}.md").write_text(page_of(ready, code), encoding="utf-8")
