"""The guide to policies says what the reader takes, and nothing of the language is missing from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mitodoke.lifecycle.durations import parse_duration
from mitodoke.lifecycle.kinds import CORRECTIONS, INCIDENT_REPORTS, FactKind, Role
from mitodoke.lifecycle.policy import MEDIA_TYPES, DestructionMethod, SanitisationLevel, Severity
from mitodoke.policyfile import obligations, read_policy, reader, rules

GUIDE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
NAMED = {re.findall(r"^policy: (\S+)", block, re.MULTILINE)[0]: block for block in BLOCKS}


@pytest.mark.parametrize("name", NAMED)
def test_every_example_is_a_good_policy(name: str) -> None:
    assert (
        read_policy(NAMED[name], source="docs/policies.md", parents=lambda parent, _: NAMED.get(parent)).id
        == name
    )


def test_each_block_is_an_example() -> None:
    assert len(BLOCKS) == len(NAMED) == 4


@pytest.mark.parametrize(
    "keys",
    [
        reader.KEYS,
        obligations.KEYS,
        obligations.ESCALATION_KEYS,
        rules.KEYS,
        rules.DESTRUCTION_KEYS,
        rules.TRANSIT_KEYS,
        rules.WORKING_HOURS_KEYS,
        rules.CUSTODY_KEYS,
        rules.EXPORT_KEYS,
        rules.WAIVER_KEYS,
    ],
)
def test_every_key_is_in_an_example(keys: tuple[str, ...]) -> None:
    written = set(re.findall(r"([a-z_]+):", "\n".join(BLOCKS)))
    assert set(keys) <= written


def test_every_word_of_the_language_is_named() -> None:
    words = {
        *(kind.value for kind in FactKind if kind not in CORRECTIONS),
        *(role.value for role in Role),
        *(method.value for method in DestructionMethod),
        *(level.value for level in SanitisationLevel),
        *(str(severity) for severity in Severity),
        *INCIDENT_REPORTS,
        *MEDIA_TYPES,
    }
    assert {word for word in words if not re.search(rf"\b{word}\b", GUIDE)} == set()


def test_every_duration_in_the_table_is_one() -> None:
    (table,) = re.findall(r"^\| `within` \|.*?(?=^$)", GUIDE, re.MULTILINE | re.DOTALL)
    written = [text for row in table.splitlines()[2:] for text in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(written) == 11
    for text in written:
        assert str(parse_duration(text)) == text


def test_every_ready_policy_that_is_named_is_there() -> None:
    folder = Path(__file__).parents[3] / "deploy" / "policies"
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", GUIDE, re.MULTILINE)
    for name in named:
        if name != "within":
            assert (folder / f"{name}.yaml").exists()
    assert len(named) == 7
