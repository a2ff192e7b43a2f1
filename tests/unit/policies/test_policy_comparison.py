"""What changes from one policy to another: given these two documents, these sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from mitodoke.lifecycle.policy import Policy
from mitodoke.policyfile import Direction, compare, parents_in, read_policy
from unit.policies.test_policy_writing import policies

POLICIES = Path(__file__).parents[3] / "deploy" / "policies"

HEAD = "policy: p\nversion: 1\ntimezone: Asia/Tokyo\ncalendar: JP\nreporting_grace: 24h\n"
RETURN = "id: return, after: LeaseEnded, expect: DriveReturned, within: 30d, owed_by: lessor"
RULES = """\
rules:
  sanitise_before_release: true
  steps: [LeaseEnded, DriveWiped, DriveDestroyed]
  minimum_method: {hdd: purge}
  destruction: {methods: [shred, crush], witness: owner, before_leaving: owner_site, particle: {hdd: H-4}}
  transit: {seal: required, crew: 2}
  separate_people: [[operator, witness]]
  evidence: {DriveDestroyed: [before, after]}
  working_hours: {days: [mon, tue], from: "08:30", to: "17:15"}
  late_report: 48h
  custody: {attest_within: 24h}
  export: {approval: required}
  waiver: {second_person: required}
"""
OLD = f"{HEAD}obligations:\n  - {{{RETURN}, escalate: [{{after: 7d, severity: critical}}]}}\n{RULES}"

R = "obligations.return"
METHODS = "rules.destruction.methods"
PAIR = "rules.separate_people.operator-witness"


def changes(new: str, language: str = "en") -> list[str]:
    return [change.sentence for change in compare(read_policy(OLD), read_policy(new), language)]


@pytest.mark.parametrize(
    ("instead_of", "written", "sentence"),
    [
        ("policy: p", "policy: q", "policy is q instead of p"),
        ("Asia/Tokyo", "UTC", "timezone is UTC instead of Asia/Tokyo"),
        ("calendar: JP", "calendar: weekdays", "calendar is weekdays instead of JP"),
        ("grace: 24h", "grace: 90min", "reporting_grace is 90min instead of 24h [stricter]"),
        ("grace: 24h", "grace: 25h", "reporting_grace is 25h instead of 24h [laxer]"),
        ("within: 30d", "within: 29d", "obligations.return.within is 29d instead of 30d [stricter]"),
        ("within: 30d", "within: 2 months", "obligations.return.within is 2 months instead of 30d [laxer]"),
        # A month is longer than thirty days, or shorter: it depends.
        ("within: 30d", "within: 1 month", "obligations.return.within is 1 month instead of 30d"),
        ("by: lessor", "by: carrier", "obligations.return.owed_by is carrier instead of lessor"),
        ("by: lessor", "by: lessor, severity: warning", f"{R}.severity is warning instead of major [laxer]"),
        ("after: 7d", "after: 3d", f"{R}.escalate is critical after 3d instead of critical after 7d [stricter]"),
        ("after: 7d", "after: 8d", f"{R}.escalate is critical after 8d instead of critical after 7d [laxer]"),
        (
            ", escalate: [{after: 7d, severity: critical}]",
            "",
            "obligations.return.escalate is gone; it was: critical after 7d [laxer]",
        ),
        ("  sanitise_before_release: true\n", "", "rules.sanitise_before_release is gone; it was: true [laxer]"),
        (
            "[LeaseEnded, DriveWiped, DriveDestroyed]",
            "[DriveWiped, DriveDestroyed]",
            "rules.steps is DriveWiped → DriveDestroyed instead of LeaseEnded → DriveWiped → DriveDestroyed",
        ),
        ("hdd: purge", "hdd: clear", "rules.minimum_method.hdd is clear instead of purge [laxer]"),
        ("hdd: purge", "hdd: destroy", "rules.minimum_method.hdd is destroy instead of purge [stricter]"),
        ("hdd: purge", "hdd: purge, tape: clear", "rules.minimum_method.tape is new: clear [stricter]"),
        ("[shred, crush]", "[shred]", "rules.destruction.methods is shred instead of shred, crush [stricter]"),
        (", crush]", ", crush, melt]", f"{METHODS} is shred, crush, melt instead of shred, crush [laxer]"),
        ("[shred, crush]", "[shred, melt]", "rules.destruction.methods is shred, melt instead of shred, crush"),
        ("witness: owner, ", "", "rules.destruction.witness is gone; it was: owner [laxer]"),
        ("owner_site", "lessor_site", "rules.destruction.before_leaving is lessor_site instead of owner_site"),
        ("hdd: H-4", "hdd: H-5", "rules.destruction.particle.hdd is H-5 instead of H-4 [stricter]"),
        ("hdd: H-4", "hdd: H-3", "rules.destruction.particle.hdd is H-3 instead of H-4 [laxer]"),
        ("seal: required, ", "", "rules.transit.seal is gone; it was: required [laxer]"),
        ("crew: 2", "crew: 3", "rules.transit.crew is 3 instead of 2 [stricter]"),
        ("[[operator, witness]]", "[]", f"{PAIR} is gone; it was: operator, witness [laxer]"),
        ("[before, after]", "[before]", "rules.evidence.DriveDestroyed is before instead of before, after [laxer]"),
        ("after]", "photo]", "rules.evidence.DriveDestroyed is before, photo instead of before, after"),
        (
            '"08:30"',
            '"09:00"',
            "rules.working_hours is mon tue 09:00-17:15 instead of mon tue 08:30-17:15 [stricter]",
        ),
        (
            "[mon, tue]",
            "[mon, tue, wed]",
            "rules.working_hours is mon tue wed 08:30-17:15 instead of mon tue 08:30-17:15 [laxer]",
        ),
        (
            "[mon, tue]",
            "[wed]",
            "rules.working_hours is wed 08:30-17:15 instead of mon tue 08:30-17:15",
        ),
        (
            '"17:15"',
            '"17:15", public_holidays: true',
            "rules.working_hours is mon tue 08:30-17:15, public holidays too instead of mon tue 08:30-17:15 [laxer]",
        ),
        ("48h", "24h", "rules.late_report is 24h instead of 48h [stricter]"),
        ("attest_within: 24h", "attest_within: 2h", "rules.custody.attest_within is 2h instead of 24h [stricter]"),
        ("approval: required", "approval: optional", "rules.export.approval is gone; it was: required [laxer]"),
        ("person: required", "person: optional", "rules.waiver.second_person is gone; it was: required [laxer]"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_one_sentence(instead_of: str, written: str, sentence: str) -> None:
    assert OLD.count(instead_of) == 1
    assert changes(OLD.replace(instead_of, written)) == [sentence]


def test_an_obligation_that_comes_or_goes_is_told_in_its_own_sentence() -> None:
    loss = (
        "id: loss, after: DriveLost, expect: IncidentReported, report: to_owner, within: 1h, owed_by: carrier"
    )
    added = OLD.replace("rules:", f"  - {{{loss}}}\nrules:")
    assert changes(added) == [
        "obligations.loss is new: Within 1 hour after a drive was lost, the incident must be reported to the owner. "
        "The carrier answers for it. A breach is rated major. [stricter]"
    ]
    (gone,) = compare(read_policy(added), read_policy(OLD), "ja")
    assert (gone.path, gone.after, gone.direction) == ("obligations.loss", None, Direction.LAXER)
    assert gone.sentence == (
        "obligations.loss を削除（削除前：ドライブの紛失から1時間以内に、事故を所有者に報告しなければなりません。"
        "運送業者がその責任を負います。違反の重大度は「重大」です。）［緩和］"
    )


def test_the_same_in_japanese() -> None:
    assert changes(OLD.replace("48h", "24h").replace("crew: 2", "crew: 1"), "ja") == [
        "rules.transit.crew を 2 から 1 に変更［緩和］",
        "rules.late_report を 48h から 24h に変更［厳格化］",
    ]


def test_a_new_version_that_asks_the_same_has_no_changes() -> None:
    assert changes(OLD.replace("version: 1", "version: 2")) == []
    assert changes(OLD.replace("30d", "30 days").replace("[shred, crush]", "[crush, shred]")) == []


@settings(max_examples=40)
@given(policies, policies)
def test_two_policies_differ_in_something_or_are_the_same_but_for_their_versions(
    old: Policy, new: Policy
) -> None:
    there, back = compare(old, new), compare(new, old)
    assert compare(old, old) == []
    assert {change.path for change in there} == {change.path for change in back}
    opposite = {
        Direction.STRICTER: Direction.LAXER,
        Direction.LAXER: Direction.STRICTER,
        Direction.OTHER: Direction.OTHER,
    }
    ways = {change.path: change.direction for change in back}
    for change in there:
        assert ways[change.path] is opposite[change.direction], change


def test_what_a_child_changes_is_what_differs_from_its_parent() -> None:
    parents = parents_in([POLICIES])
    parent, child = (
        read_policy((POLICIES / f"jp-local-government-{name}.yaml").read_bytes(), parents=parents)
        for name in ("servers", "pcs")
    )
    told = {change.path: change.direction for change in compare(parent, child)}
    assert told["obligations.return.within"] is Direction.LAXER
    assert told["obligations.destruction"] is Direction.LAXER
    assert told["rules.minimum_method.hdd"] is Direction.STRICTER
