"""The catalogue of rules says what the code does."""

from pathlib import Path

import pytest

from mitodoke.cli.rules import Described, described, markdown
from mitodoke.lifecycle.findings.catalogue import CATALOGUE, EXAMPLES
from mitodoke.policyfile.schema import schema_text

ROOT = Path(__file__).parents[2]


def test_the_page_of_rules_is_what_the_code_gives() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == markdown(), "docs/rules.md is stale: run `mitodoke rules --markdown > docs/rules.md`"


def test_every_rule_has_an_id_of_its_own_and_an_example() -> None:
    ids = [rule.id for rule in CATALOGUE]
    assert len(set(ids)) == len(ids)
    assert EXAMPLES.keys() == set(ids)


@pytest.mark.parametrize("rule", described(), ids=lambda rule: rule.id)
def test_a_rule_is_said_in_a_sentence_and_its_key_is_one_that_policies_know(rule: Described) -> None:
    assert rule.sentence.endswith((".", ":")), rule
    for key in filter(None, rule.key.split(", ")):
        for word in key.split("."):
            assert f'"{word}"' in schema_text(), key
