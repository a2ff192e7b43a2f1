"""The JSON Schema that editors read says what the reader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from mitodoke.policyfile.schema import policy_schema, schema_text

POLICIES = Path(__file__).parents[3] / "deploy" / "policies"
SCHEMA = policy_schema()


def errors_of(text: str) -> list[str]:
    document = YAML(typ="safe", pure=True).load(text)
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_published_schema_is_the_one_that_the_code_writes() -> None:
    assert (POLICIES / "policy.schema.json").read_text(encoding="utf-8") == schema_text(), (
        "Write it anew: python -m mitodoke.policyfile.schema > deploy/policies/policy.schema.json"
    )


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("file", sorted(POLICIES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_ready_policy_is_good_by_it(file: Path) -> None:
    assert errors_of(file.read_text()) == []


def test_every_key_is_explained() -> None:
    def unexplained(schema: Any, path: str) -> list[str]:
        found = []
        for key, value in schema.get("properties", {}).items():
            if not value.get("description"):
                found.append(f"{path}.{key}")
            found += unexplained(value, f"{path}.{key}")
            found += unexplained(value.get("items", {}), f"{path}.{key}[]")
        return found

    assert unexplained(SCHEMA, "") == []


GOOD = """\
policy: p
version: 1
timezone: Asia/Tokyo
obligations:
  - {id: back, after: ExportApproved, expect: DriveReturned, within: return_by+2h, owed_by: carrier}
rules:
  destruction: {particle: {hdd: H-4}}
"""


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("version: 1", "version: 0"),
        ("version: 1", "version: '1'"),
        ("policy: p", "policy: P"),
        ("policy: p", "polcy: p"),
        ("timezone: Asia/Tokyo", "calendar: JP"),
        ("timezone: Asia/Tokyo", "timezone: Asia/Tokyo\nremove: [back]"),
        ("timezone: Asia/Tokyo", "extends: parent"),
        ("timezone: Asia/Tokyo", "timezone: Asia/Tokyo\nreporting_grace: 1d"),
        ("DriveReturned", "DriveReturnd"),
        ("DriveReturned", "FlagWaived"),
        ("return_by+2h", "30"),
        ("return_by+2h", "30m"),
        ("return_by+2h", "eta4h"),
        ("return_by+2h", "2h, escalate: [{after: 7d}]"),
        ("return_by+2h", "2h, escalate: []"),
        ("return_by+2h", "2h, report: full"),
        ("owed_by: carrier", "owed_by: driver"),
        (", owed_by: carrier", ""),
        ("hdd: H-4", "hdd: E-4"),
        ("hdd: H-4", "disk: H-4"),
        ("destruction: {particle: {hdd: H-4}}", "late_report: 2d"),
        ("destruction: {particle: {hdd: H-4}}", "custody: {}"),
        ("destruction: {particle: {hdd: H-4}}", "waiver: {second_person: true}"),
        ("destruction: {particle: {hdd: H-4}}", "export: required"),
    ],
)
def test_what_the_reader_refuses_by_itself_the_schema_refuses_too(good: str, bad: str) -> None:
    assert errors_of(GOOD) == []
    assert good in GOOD
    assert errors_of(GOOD.replace(good, bad)) != []


@pytest.mark.parametrize(
    "within", ["30d", "10 business days", "2 months", "90min", "eta", "eta - 2h", "return_by"]
)
def test_durations_are_good_as_the_reader_takes_them(within: str) -> None:
    assert errors_of(GOOD.replace("return_by+2h", within)) == []
