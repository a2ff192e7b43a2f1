"""Policies that extend others: what they inherit, and each way to go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.policy import Policy, TransitRule
from mitodoke.policyfile import PolicyError, PolicyErrors, parents_in, read_policy, write_policy

PARENT = """\
policy: parent
version: 3
timezone: Asia/Tokyo
calendar: JP
reporting_grace: 24h
obligations:
  - {id: return, after: LeaseEnded, expect: DriveReturned, within: 30d, owed_by: lessor}
  - {id: destruction, after: DriveReturned, expect: DriveDestroyed, within: 10bd, owed_by: destroyer}
rules:
  steps: [LeaseEnded, DriveReturned, DriveDestroyed]
  transit: {seal: required, crew: 2}
  late_report: 48h
"""
HEAD = "policy: child\nversion: 1\nextends: parent@3\n"


def read(text: str, known: Mapping[str, str] | None = None) -> Policy:
    documents = {"parent@3": PARENT, **(known or {})}
    return read_policy(text, source="p.yaml", parents=lambda name, number: documents.get(f"{name}@{number}"))


def errors_of(text: str, known: Mapping[str, str] | None = None) -> tuple[PolicyError, ...]:
    with pytest.raises(PolicyErrors) as raised:
        read(text, known)
    return raised.value.errors


def the_error_of(text: str, known: Mapping[str, str] | None = None) -> PolicyError:
    errors = errors_of(text, known)
    assert len(errors) == 1, [error.describe("p.yaml") for error in errors]
    return errors[0]


def test_all_that_is_not_written_is_inherited() -> None:
    parent = read(PARENT)
    child = read(HEAD + "reporting_grace: 12h\n")
    assert (child.id, child.version) == ("child", 1)
    assert (child.timezone, child.calendar) == (parent.timezone, parent.calendar)
    assert child.reporting_grace == timedelta(hours=12)
    assert child.obligations == parent.obligations
    assert child.rules == parent.rules


def test_an_obligation_replaces_the_one_with_its_id_where_that_stood_and_others_follow() -> None:
    child = read(
        HEAD
        + "obligations:\n"
        + "  - {id: certificate, after: DriveDestroyed, expect: CertificateAccepted, within: 1d, owed_by: lessor}\n"
        + "  - {id: return, after: LeaseEnded, expect: DriveReturned, within: 10d, owed_by: owner}\n"
    )
    assert [(one.id, str(one.within), one.owed_by) for one in child.obligations] == [
        ("return", "10d", "owner"),
        ("destruction", "10bd", "destroyer"),
        ("certificate", "1d", "lessor"),
    ]


def test_a_rule_replaces_the_whole_rule_of_its_key_and_no_other() -> None:
    child = read(HEAD + "rules:\n  transit: {crew: 3}\n  custody: {attest_within: 24h}\n")
    assert child.rules.transit == TransitRule(seal_required=False, crew=3)
    assert child.rules.custody is not None
    assert child.rules.late_report == timedelta(hours=48)
    assert child.rules.steps == read(PARENT).rules.steps


def test_what_is_removed_is_gone() -> None:
    child = read(HEAD + "remove: [return, rules.transit, rules.steps]\n")
    assert [one.id for one in child.obligations] == ["destruction"]
    assert child.rules.transit is None
    assert child.rules.steps == ()
    assert child.rules.late_report == timedelta(hours=48)


def test_a_grandchild_has_what_its_line_has() -> None:
    middle = HEAD.replace("child", "middle") + "remove: [return]\n"
    child = read(HEAD.replace("parent@3", "middle@1") + "remove: [rules.late_report]\n", {"middle@1": middle})
    assert [one.id for one in child.obligations] == ["destruction"]
    assert child.rules.late_report is None
    assert child.rules.transit == TransitRule(seal_required=True, crew=2)


def test_what_is_written_down_in_full_is_the_same_policy_without_its_parent() -> None:
    child = read(HEAD + "remove: [return]\nrules: {waiver: {second_person: required}}\n")
    assert read_policy(write_policy(child)) == child


@pytest.mark.parametrize(
    # The place of the error is marked with a ^ before it.
    ("rest", "message", "suggestion"),
    [
        (
            "remove: [^retrun]\n",
            "'retrun' is not an obligation of parent@3, nor one",
            "Did you mean 'return'?",
        ),
        (
            "remove: [^rules.transport]\n",
            "'rules.transport' is not an obligation",
            "Did you mean 'rules.transit'?",
        ),
        # The parent has no such rule.
        (
            "remove: [^rules.evidence]\n",
            "'rules.evidence' is not an obligation of",
            "Known here: return, destr",
        ),
        ("remove: [return, ^return]\n", "'return' is removed twice", "once"),
        ("remove: ^[]\n", "'remove' is an empty list", "leave it out"),
        ("remove: ^return\n", "'remove' must be a list", ""),
        (
            "remove: [return]\nobligations:\n"
            "  - {id: ^return, after: LeaseEnded, expect: DriveReturned, within: 1d, owed_by: lessor}\n",
            "The obligation 'return' is removed, and written again",
            "take it out of 'remove'",
        ),
        (
            "obligations:\n"
            "  - {id: ^return, after: LeaseEnded, expect: DriveReturned, within: 30 days, owed_by: lessor}\n"
            "  - {id: x, after: DriveLost, expect: IncidentReported, within: 1d, owed_by: lessor}\n",
            "The obligation 'return' says what parent@3 says",
            "it is inherited",
        ),
        (
            "rules:\n  transit: ^{crew: 2, seal: required}\n  late_report: 1h\n",
            "'transit' says what parent@3 says",
            "it is inherited",
        ),
        # Against what is inherited.
        (
            "obligations:\n"
            "  - {id: again, after: DriveDestroyed, expect: ^DriveReturned, within: 1d, owed_by: lessor}\n",
            "DriveReturned can never rightly follow DriveDestroyed",
            "After it",
        ),
        (
            "remove: [rules.steps]\nobligations:\n"
            "  - {id: back, after: DriveReturned, expect: ^LeaseEnded, within: 1d, owed_by: lessor}\n",
            "The obligations go in a circle: DriveReturned → LeaseEnded → DriveReturned",
            "Take one of them out",
        ),
        (
            "obligations:\n"
            "  - {id: late, after: LeaseEnded, expect: DriveReturned, within: ^40d, owed_by: lessor}\n",
            "The obligation 'late', on line 5, is never due before 'return', inherited from parent@3,",
            "Keep one of them",
        ),
        (
            "obligations:\n"
            "  - {id: early, after: LeaseEnded, expect: DriveReturned, within: ^7d, owed_by: lessor}\n",
            "The obligation 'return', inherited from parent@3, is never due before 'early', on line 5,",
            "Write 'remove: [return]', or give this one the id 'return' to replace it",
        ),
        (
            "rules:\n  steps: ^[DriveReturned, LeaseEnded]\n",
            "The steps have DriveReturned before LeaseEnded, but the obligation 'return', inherited from parent@3,",
            "Change the order of the steps",
        ),
        (
            "remove: [return]\nobligations:\n"
            "  - {id: x, after: DriveReturned, expect: ^LeaseEnded, within: 1d, owed_by: lessor}\n",
            "The steps have LeaseEnded before DriveReturned, but the obligation 'x', on line 6, expects it after",
            "Change the order of the steps",
        ),
        (
            "remove: [return, destruction, rules.steps, rules.transit, rules.late_report]\n",
            "The policy asks for",
            "",
        ),
    ],
)
def test_what_is_wrong_with_what_is_inherited_is_told_at_its_place(
    rest: str, message: str, suggestion: str
) -> None:
    marked = HEAD + rest if "^" in rest else "^" + HEAD + rest
    error = the_error_of(marked.replace("^", ""))
    before = marked[: marked.index("^")]
    assert (error.line, error.column) == (before.count("\n") + 1, len(before) - before.rfind("\n")), error
    assert error.message.startswith(message), error
    assert suggestion in error.suggestion


@pytest.mark.parametrize(
    ("extends", "message", "suggestion"),
    [
        ("parent", "'parent' does not name a version of a policy", "@ and the number"),
        ("parent@0", "'parent@0' does not name a version of a policy", "@ and the number"),
        ("3", "'extends' must be a policy and its version, not the number 3", "quotes"),
        ("parent@4", "The policy parent@4 is not known here", "Publish it first"),
        ("child@1", "The policies extend each other in a circle: child@1 → child@1", "an earlier version"),
        ("parent@3", "The policy repeats parent@3 without a change", "use parent@3 itself"),
        (
            "bad@1",
            "The policy bad@1 cannot be extended, as it has errors; the first is on its line 3",
            "Mend",
        ),
        ("moved@1", "The document that is kept as moved@1 is version 3 of 'parent'", "Extend that one"),
        (
            "round@1",
            "The policy round@1 cannot be extended, as it has errors; the first is on its line 3: "
            "The policies extend each other in a circle: child@1 → round@1 → child@1",
            "Mend",
        ),
    ],
)
def test_a_parent_that_cannot_be_extended_is_told_where_it_is_named(
    extends: str, message: str, suggestion: str
) -> None:
    known = {
        "bad@1": "policy: bad\nversion: 1\ntimezone: Asia/Tokio\n",
        "moved@1": PARENT,
        "round@1": "policy: round\nversion: 1\nextends: child@1\n",
    }
    error = the_error_of(HEAD.replace("parent@3", extends), known)
    assert (error.line, error.column, error.path) == (3, 10, "extends")
    assert error.message.startswith(message)
    assert suggestion in error.suggestion


def test_no_more_than_sixteen_policies_extend_one_another() -> None:
    def line_of(length: int) -> dict[str, str]:
        return {
            f"p@{n}": f"policy: p\nversion: {n}\nextends: p@{n - 1}\nreporting_grace: {n}h\n"
            if n > 1
            else PARENT.replace("parent", "p").replace("version: 3", "version: 1")
            for n in range(1, length + 1)
        }

    line = line_of(17)
    assert read(line["p@16"], line).reporting_grace == timedelta(hours=16)
    assert "More than 16 policies extend one another" in the_error_of(line["p@17"], line).message


def test_nothing_is_removed_from_a_policy_that_extends_none() -> None:
    error = the_error_of(PARENT + "remove: [return]\n")
    assert (error.line, error.column) == (13, 9)
    assert error.message == "Nothing can be removed from a policy that extends no other"


def test_a_policy_that_extends_none_needs_its_time_zone() -> None:
    assert read(HEAD + "timezone: Europe/Berlin\n").timezone.key == "Europe/Berlin"
    error = the_error_of(PARENT.replace("timezone: Asia/Tokyo\n", ""))
    assert error.message == "The policy has no 'timezone'"


def test_without_known_policies_nothing_can_be_extended() -> None:
    with pytest.raises(PolicyErrors, match="parent@3 is not known here"):
        read_policy(HEAD)


def test_a_policy_that_grows_too_large_by_what_it_inherits_is_refused() -> None:
    evidence = ", ".join(f"{kind}: [{', '.join(f'p{n}' for n in range(110))}]" for kind in FactKind)
    classes = ", ".join(f"class-{n}: purge" for n in range(1_400))
    parent = PARENT.replace("  late_report: 48h\n", f"  evidence: {{{evidence}}}\n")
    child = HEAD + f"rules:\n  minimum_method: {{{classes}}}\n"
    assert read(parent)
    assert read(child)
    error = the_error_of(child, {"parent@3": parent})
    assert (error.line, error.path) == (3, "extends")
    assert error.message.endswith("the policy is larger than one may be")


def test_the_policies_of_a_folder_know_one_another(tmp_path: Path) -> None:
    (tmp_path / "any-name.yml").write_text("# first\n" + PARENT)
    (tmp_path / "other.yaml").write_text("policy: 'parent'\nversion: 4  # not 3\ntimezone: UTC\n")
    (tmp_path / "too-large.yaml").write_text(PARENT.replace("3", "5") + "#" * 300_000)
    (tmp_path / "no-policy.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.yaml").mkdir()
    parents = parents_in([tmp_path / "missing", tmp_path])
    assert read_policy(HEAD + "remove: [return]\n", parents=parents).obligations
    assert parents("parent", 4) == (tmp_path / "other.yaml").read_bytes()
    assert parents("parent", 5) is None
    assert parents("child", 1) is None
