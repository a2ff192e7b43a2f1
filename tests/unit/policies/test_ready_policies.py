"""The policies that are ready to be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from mitodoke.lifecycle.durations import Anchor, Duration, Unit
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import Obligation, Policy, SanitisationLevel, Severity, Site
from mitodoke.policyfile import parents_in, read_policy

POLICIES = Path(__file__).parents[3] / "deploy" / "policies"
FILES = sorted(POLICIES.glob("*.yaml"))


def ready(name: str) -> Policy:
    return read_policy((POLICIES / f"{name}.yaml").read_bytes(), parents=parents_in([POLICIES]))


def one(policy: Policy, obligation_id: str) -> Obligation:
    (found,) = [obligation for obligation in policy.obligations if obligation.id == obligation_id]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_is_good_names_its_schema_first_and_gives_its_sources(file: Path) -> None:
    text = file.read_text()
    assert read_policy(text, source=str(file), parents=parents_in([POLICIES]))
    assert text.splitlines()[0] == "# yaml-language-server: $schema=policy.schema.json"
    assert "# Sources" in text.splitlines()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_marks_what_is_chosen(file: Path) -> None:
    if file.stem in ("kanagawa-returns", "jp-prefecture-server-drives-v2"):
        pytest.skip("these two are the prefecture's own")
    assert any("Chosen here" in line for line in file.read_text().splitlines())


def test_the_names_of_the_files_are_those_of_the_policies() -> None:
    assert {file.stem for file in FILES} == {
        "jp-local-government-pcs",
        "jp-local-government-servers",
        "jp-my-number-systems",
        "jp-prefecture-server-drives-v2",
        "kanagawa-returns",
        "nist-800-88-office-equipment",
        "r2v3-naid-aaa-data-centre",
        "removable-media",
    }
    for file in FILES:
        if file.stem not in ("jp-prefecture-server-drives-v2", "kanagawa-returns"):
            assert ready(file.stem).id == file.stem


def test_my_number_drives_are_destroyed_in_the_building_before_the_owners_staff() -> None:
    policy = ready("jp-my-number-systems")
    destruction = policy.rules.destruction
    assert destruction is not None
    assert (destruction.witness, destruction.before_leaving) == (Role.OWNER, Site.OWNER)
    assert set(policy.rules.minimum_method.values()) == {SanitisationLevel.DESTROY}
    assert one(policy, "destruction").after is FactKind.LEASE_ENDED
    # Nothing is sent anywhere, so no return can be overdue for ever.
    assert not {FactKind.DRIVE_RETURNED, FactKind.DRIVE_DELIVERED} & {
        each.expect for each in policy.obligations
    }


def test_pcs_go_back_to_be_used_again_and_owe_no_destruction() -> None:
    policy = ready("jp-local-government-pcs")
    assert policy.rules.sanitise_before_release
    assert FactKind.DRIVE_DESTROYED not in {each.expect for each in policy.obligations}
    assert FactKind.DRIVE_DESTROYED not in policy.rules.steps


def test_a_lost_stick_is_told_of_within_an_hour_and_reported_within_5_and_30_days() -> None:
    policy = ready("removable-media")
    assert [
        (each.report, str(each.within), each.owed_by, each.severity)
        for each in policy.obligations
        if each.after is FactKind.DRIVE_LOST
    ] == [
        ("to_owner", "1h", Role.CARRIER, Severity.CRITICAL),
        ("preliminary", "5d", Role.OWNER, Severity.CRITICAL),
        ("final", "30d", Role.OWNER, Severity.CRITICAL),
    ]


def test_a_stick_is_erased_within_hours_of_its_use_and_back_by_the_time_of_its_approval() -> None:
    policy = ready("removable-media")
    assert policy.rules.export_approval
    assert policy.rules.transit is not None
    assert (policy.rules.transit.seal_required, policy.rules.transit.crew) == (True, 2)
    assert one(policy, "erasure").within == Duration(6, Unit.HOUR)
    assert one(policy, "back").within == Duration(0, Unit.HOUR, Anchor.RETURN_BY)
