"""A fact of whatever kind, told late, changes what it should, though the verdict before is at hand."""

from datetime import timedelta

import pytest

import worlds
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import CORRECTIONS, FactKind
from mitodoke.lifecycle.policy import CustodyRule, Rules
from mitodoke.lifecycle.record import fold
from worlds import STRANGER, at, destroyed, enrolled, one_of_each, policy, record, reference, registered

CONTRACTS = ("K-1", "K-2")
AGREED = reference(
    worlds.published(policy(rules=Rules(custody=CustodyRule(timedelta(hours=24))))),
    *(registered(contract) for contract in CONTRACTS),
)
LATE = {"occurred": "05-01", "known": "05-10", "by": STRANGER}


def test_a_drive_is_judged_fact_by_fact_as_it_is_all_at_once() -> None:
    """Whoever holds the verdict before asks only what is new; three contracts, so that the first is forgotten."""
    told = [
        enrolled("04-01", contract="K-1"),
        worlds.released("04-02", contract="K-1", to_party=worlds.LESSOR),
        worlds.returned("04-03", contract="K-1"),
        enrolled("04-04", contract="K-2"),
        worlds.transferred("04-05", contract="K-2", to_party=STRANGER),
        enrolled("04-06", contract="K-3"),
        worlds.dispatched("04-07", contract="K-3", by=worlds.SANITISER),
        worlds.transferred(
            "04-07 12:00", contract="K-3", by=STRANGER, from_party=STRANGER, to_party=worlds.LESSOR
        ),
        enrolled("04-08", contract="K-1", name="first again"),
        worlds.destroyed("04-09", contract="K-1"),
        worlds.released("04-10", contract="K-2", by=STRANGER),
        enrolled("04-11", contract="K-2", name="second again"),
    ]
    agreed = reference(
        worlds.published(policy(rules=Rules(custody=CustodyRule(timedelta(hours=24))))),
        *(registered(contract) for contract in (*CONTRACTS, "K-3")),
    )
    held, before = record(told[:1]), judge(record(told[:1]), agreed, told[0].known_at)
    for fact in told[1:]:
        held = fold(held, fact)
        before = judge(held, agreed, fact.known_at, before)
        assert before == judge(held, agreed, fact.known_at)
    assert {"alive_twice", "not_the_holder"} <= {flag.kind for flag in before.flags}


def test_every_kind_that_happens_to_a_drive_is_in_the_table() -> None:
    assert {fact.kind for fact in one_of_each("05-01")} == set(FactKind) - CORRECTIONS


@pytest.mark.parametrize(
    "late",
    [fact for contract in CONTRACTS for fact in one_of_each(**LATE, contract=contract)],
    ids=lambda f: f"{f.kind}-{f.contract}",
)
def test_a_fact_told_late_is_judged_as_if_nothing_had_been_judged_before(late: Fact) -> None:
    held = record(
        [
            enrolled("04-01", contract="K-1"),
            worlds.released("04-10", contract="K-1", to_party=worlds.DESTROYER),
            enrolled("05-04", contract="K-2"),
            destroyed("05-07", contract="K-2"),
        ]
    )
    before = judge(held, AGREED, at("05-08"))
    now = fold(held, late)
    assert judge(now, AGREED, at("05-10"), before) == judge(now, AGREED, at("05-10"))
