"""Every obligation of every ready policy, just inside and just outside each of its limits.

When it is due is asked elsewhere. Here: what is done at that very moment is in time and an instant later is not, what
was in time may be told until the grace is over and no longer, and from then on silence is a breach.
"""

from dataclasses import replace
from datetime import datetime

import pytest

import worlds
from mitodoke.lifecycle.facts import DriveDispatched, ExportApproved, Fact, IncidentReported
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.policy import Obligation, Policy
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import OVERDUE, Flag, FlagState, ObligationState, Owed, Resolution
from unit.policies.test_ready_policies import FILES, ready
from worlds import INSTANT, at, one_of_each, record

OPENED = at("05-01 10:00")
OWED = [
    pytest.param(policy, obligation, id=f"{policy.id}-{obligation.id}")
    for policy in (ready(file.stem) for file in FILES)
    for obligation in policy.obligations
]


def told(kind: FactKind, occurred: datetime, known: datetime, report: str = "") -> Fact:
    (fact,) = [fact for fact in one_of_each(occurred, known=known) if fact.kind is kind]
    match fact:
        case DriveDispatched():
            return replace(fact, eta=at("05-09 10:00"))
        case ExportApproved():
            return replace(fact, return_by=at("05-09 10:00"))
        case IncidentReported():
            return replace(fact, report=report or fact.report)
        case _:
            return fact


def agreed(policy: Policy, obligation: Obligation) -> Reference:
    alone = replace(policy, id="p", version=1, obligations=(obligation,))
    return worlds.reference(worlds.published(alone), worlds.registered())


def judged(policy: Policy, obligation: Obligation, as_of: datetime, *done: Fact) -> tuple[Owed, Flag | None]:
    """What is owed of it, and its breach, when it was opened on the first of May and this was done since."""
    held = record([told(obligation.after, OPENED, OPENED), *done])
    verdict = judge(held, agreed(policy, obligation), as_of)
    (debt,) = verdict.obligations
    breaches = [flag for flag in verdict.flags if flag.kind == OVERDUE]
    assert len(breaches) <= 1
    return debt, breaches[0] if breaches else None


@pytest.mark.parametrize(("policy", "obligation"), OWED)
def test_silence_is_no_breach_until_the_grace_is_over_and_one_from_then_on(
    policy: Policy, obligation: Obligation
) -> None:
    debt, _ = judged(policy, obligation, OPENED)
    assert debt.due_at > OPENED
    last = debt.due_at + policy.reporting_grace
    debt, breach = judged(policy, obligation, last)
    assert (debt.state, breach) == (ObligationState.PENDING, None)
    debt, breach = judged(policy, obligation, last + INSTANT)
    assert debt.state is ObligationState.OVERDUE
    assert breach is not None
    assert (breach.state, breach.severity) == (FlagState.OPEN, obligation.severity)
    assert (breach.raised_at, breach.evident_at) == (debt.due_at, last + INSTANT)


@pytest.mark.parametrize(("policy", "obligation"), OWED)
def test_what_is_done_at_the_last_moment_is_in_time_and_an_instant_later_is_late(
    policy: Policy, obligation: Obligation
) -> None:
    due_at = judged(policy, obligation, OPENED)[0].due_at
    last = due_at + policy.reporting_grace
    in_time = told(obligation.expect, due_at, last, obligation.report)
    debt, breach = judged(policy, obligation, last + INSTANT, in_time)
    assert (debt.state, debt.met_at, breach) == (ObligationState.MET, last, None)
    late = told(obligation.expect, due_at + INSTANT, last + INSTANT, obligation.report)
    debt, breach = judged(policy, obligation, last + INSTANT, late)
    assert debt.state is ObligationState.MET_LATE
    assert breach is not None
    assert (breach.state, breach.resolution) == (FlagState.RESOLVED, Resolution.MET_LATE)


@pytest.mark.parametrize(("policy", "obligation"), OWED)
def test_what_was_in_time_and_is_told_an_instant_after_the_grace_was_a_breach(
    policy: Policy, obligation: Obligation
) -> None:
    due_at = judged(policy, obligation, OPENED)[0].due_at
    too_late = due_at + policy.reporting_grace + INSTANT
    done = told(obligation.expect, due_at, too_late, obligation.report)
    debt, breach = judged(policy, obligation, too_late, done)
    assert (debt.state, debt.met_at) == (ObligationState.MET_LATE, too_late)
    assert breach is not None
    assert (breach.resolution, breach.resolved_at) == (Resolution.MET_LATE, too_late)
