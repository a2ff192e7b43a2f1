"""Every rule has its table, with the case just inside and the case just outside its limit.

These are two rows that differ in hardly anything, of which one raises the flag and the other does not.
"""

import importlib
from collections import defaultdict
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import combinations, zip_longest
from pathlib import Path

import pytest

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.reference import ReferenceFact
from worlds import Row, at

HERE = Path(__file__).parent
A_MINUTE = timedelta(minutes=1)
RULES = [rule.id for rule in CATALOGUE]


def tables() -> dict[str, list[list[Row]]]:
    """The tables of each rule: those in which some row expects its flag."""
    found: dict[str, list[list[Row]]] = defaultdict(list)
    for module in sorted(HERE.glob("test_findings_of_*.py")):
        for rows in vars(importlib.import_module(module.stem)).values():
            if isinstance(rows, list) and rows and isinstance(rows[0], Row):
                for kind in {flag.kind for row in rows for flag in row.flags}:
                    found[kind].append(rows)
    return found


TABLES = tables()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_rows_that_raise_its_flag_and_rows_that_do_not(rule: str) -> None:
    raised = [raises(row, rule) for rows in TABLES[rule] for row in rows]
    assert any(raised)
    assert not all(raised)


WITHOUT_A_LIMIT = {"suspect_serial", "sighted", "lost"}
"""They go by one number or one report alone."""


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in WITHOUT_A_LIMIT])
def test_a_rule_has_a_row_just_inside_and_one_just_outside_its_limit(rule: str) -> None:
    assert any(
        raises(one, rule) is not raises(other, rule) and near(one, other)
        for rows in TABLES[rule]
        for one, other in combinations(rows, 2)
    )


def raises(row: Row, rule: str) -> bool:
    return any(flag.kind == rule for flag in row.flags)


def near(one: Row, other: Row) -> bool:
    """Whether two rows are the same but for a minute, a person or a hair's breadth in one of their facts."""
    ours, theirs = told(one), told(other)
    if list(map(type, ours)) != list(map(type, theirs)):
        return False
    pairs = list(zip(ours, theirs, strict=True))
    apart = [pair for pair in pairs if not all(is_same(*pair, name) for name in names(pair[0]))]
    if not apart:
        return abs(at(one.as_of) - at(other.as_of)) <= A_MINUTE
    return len(apart) == 1 and all(is_close(*apart[0], name) for name in names(apart[0][0]))


def told(row: Row) -> list[Fact | ReferenceFact]:
    return [*sorted(row.given.facts, key=lambda fact: (fact.kind, fact.occurred_at)), *row.agreed]


def names(fact: Fact | ReferenceFact) -> list[str]:
    """Of what a fact says; its id is made of that."""
    return [field.name for field in fields(fact) if field.name != "event_id"]


def is_same(one: object, other: object, name: str) -> bool:
    return bool(getattr(one, name) == getattr(other, name))


def is_close(one: object, other: object, name: str) -> bool:
    match getattr(one, name), getattr(other, name):
        case datetime() as ours, datetime() as theirs:
            return abs(ours - theirs) <= A_MINUTE
        case float() as ours, float() as theirs:
            return abs(ours - theirs) <= 1
        case tuple() as ours, tuple() as theirs:
            return (
                abs(len(ours) - len(theirs)) <= 1 and sum(a != b for a, b in zip_longest(ours, theirs)) <= 1
            )
        case _:
            return is_same(one, other, name)
