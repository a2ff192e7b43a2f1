"""What holds of every judgement, whatever is reported of a drive and in whatever order.

MITODOKE_EXAMPLES=20000 looks at as many histories of each property, at random ones.
"""

import os
import random
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from histories import (
    DAYS,
    START,
    History,
    answered_by_parties_that_come_and_go,
    fact_by_fact,
    histories,
    in_a_rush,
    leased_again,
    moments,
    told_in_order,
)
from mitodoke.lifecycle.facts import Fact, FlagAcknowledged, FlagWaived
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.record import Cycle, Record, fold, standing
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import OVERDUE, FlagState, ObligationState, Verdict
from worlds import INSTANT, record

EXAMPLES = os.environ.get("MITODOKE_EXAMPLES")
look = settings(max_examples=int(EXAMPLES or 60), derandomize=EXAMPLES is None, deadline=None)
"""The same examples every time, so that a test that passed passes again; or as many random ones as are asked for."""

END = START + timedelta(days=DAYS + 60)


def judged(history: History, as_of: datetime) -> Verdict:
    return judge(record(history.facts), history.agreed, as_of)


def said(verdict: Verdict) -> tuple[object, object]:
    return verdict.obligations, verdict.flags


@look
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_the_same_facts_gives_the_same_record_and_verdict(
    history: History, chance: random.Random
) -> None:
    shuffled = list(history.facts)
    chance.shuffle(shuffled)
    assert record(shuffled) == record(history.facts)
    for moment in history.moments:
        assert judge(record(shuffled), history.agreed, moment) == judged(history, moment)


@look
@given(histories())
def test_the_facts_again_change_nothing(history: History) -> None:
    once = record(history.facts)
    again = once
    for fact in history.facts:
        again = fold(again, fact)
    assert again is once


@look
@given(histories())
def test_judging_twice_says_the_same(history: History) -> None:
    for moment in history.moments:
        assert judged(history, moment) == judged(history, moment)


@look
@given(histories() | in_a_rush() | answered_by_parties_that_come_and_go())
def test_what_the_verdict_before_spares_changes_nothing(history: History) -> None:
    def the_same(held: Record, agreed: Reference, as_of: datetime, before: Verdict | None) -> Verdict:
        spared, anew = judge(held, agreed, as_of, before), judge(held, agreed, as_of)
        assert spared == anew
        return spared

    fact_by_fact(history, the_same, END)


@look
@given(histories() | answered_by_parties_that_come_and_go())
def test_no_verdict_changes_between_turning_points(history: History) -> None:
    held, agreed = record(history.facts), history.agreed
    chance = random.Random(len(history.facts))
    verdict = judge(held, agreed, min(history.moments))
    while verdict.as_of < END:
        turns_at = verdict.turns_at
        assert turns_at is None or turns_at > verdict.as_of
        until = min(turns_at or END, END)
        between = [until - INSTANT]
        between += [verdict.as_of + (until - verdict.as_of) * chance.random() for _ in range(2)]
        for moment in between:
            if verdict.as_of <= moment < until:
                later = judge(held, agreed, moment)
                assert said(later) == said(verdict)
                assert later.turns_at == turns_at
        if turns_at is None:
            break
        verdict = judge(held, agreed, turns_at)


@look
@given(histories())
def test_the_ids_of_a_verdict_are_unique(history: History) -> None:
    verdict = judged(history, END)
    assert len({f.flag_id for f in verdict.flags}) == len(verdict.flags)
    keys = [(o.cycle, o.obligation, o.subject) for o in verdict.obligations]
    assert len(set(keys)) == len(keys)


@look
@given(leased_again())
def test_no_later_report_gives_a_cycle_another_name_unless_it_splits_it_or_joins_it(history: History) -> None:
    held, before = record(()), standing(record(()), START)
    for fact in sorted(history.facts, key=lambda fact: fact.recorded_at):
        held = fold(held, fact)
        now = standing(held, fact.recorded_at)
        were = {cycle.name: {c.name for c in before.cycles if _share(c, cycle)} for cycle in now.cycles}
        for name, names in were.items():
            joined = len(names) > 1
            split = any(names & others for other, others in were.items() if other != name)
            assert joined or split or names <= {name}
        before = now


def _share(one: Cycle, other: Cycle) -> bool:
    return not {fact.event_id for fact in one.facts}.isdisjoint(fact.event_id for fact in other.facts)


@look
@given(histories())
def test_the_times_of_a_flag_are_in_order(history: History) -> None:
    for moment in (*history.moments, END):
        for flag in judged(history, moment).flags:
            assert flag.raised_at <= flag.evident_at <= moment
            assert (flag.resolved_at is None) == (flag.resolution is None)
            assert (flag.state is FlagState.RESOLVED) == (flag.resolved_at is not None)
            if flag.resolved_at is not None:
                assert flag.evident_at <= flag.resolved_at <= moment


@look
@given(histories())
def test_every_breach_has_its_obligation_and_every_obligation_missed_its_breach(history: History) -> None:
    for moment in (*history.moments, END):
        verdict = judged(history, moment)
        missed = {
            (o.cycle, f"{o.obligation}/{o.subject}" if o.subject else o.obligation, o.due_at)
            for o in verdict.obligations
            if o.state in (ObligationState.MET_LATE, ObligationState.OVERDUE)
        }
        assert missed == {(f.cycle, f.subject, f.raised_at) for f in verdict.flags if f.kind == OVERDUE}


@look
@given(histories())
def test_what_becomes_known_later_does_not_matter_yet(history: History) -> None:
    for moment in history.moments:
        verdict = judged(history, moment)
        known = [f for f in history.facts if f.known_at <= moment]
        if known:
            agreed = History((), tuple(a for a in history.agreements if a.known_at <= moment), ()).agreed
            assert said(judge(record(known), agreed, moment)) == said(verdict)


@look
@given(histories())
def test_what_the_log_did_not_hold_yet_is_not_seen(history: History) -> None:
    for moment in history.moments:
        narrowed = history.agreed.read_through(moment)
        held = History((), tuple(a for a in history.agreements if a.recorded_at <= moment), ()).agreed
        assert judge(record(history.facts), narrowed, END) == judge(record(history.facts), held, END)


@look
@given(told_in_order())
def test_a_flag_is_in_every_verdict_from_when_it_is_evident_and_in_none_before(history: History) -> None:
    for flag in judged(history, END).flags:
        seen = {f.flag_id: f for f in judged(history, flag.evident_at + INSTANT).flags}
        assert flag.flag_id in seen
        assert seen[flag.flag_id].raised_at == flag.raised_at
        assert seen[flag.flag_id].evident_at == flag.evident_at
        before = {f.flag_id for f in judged(history, flag.evident_at - INSTANT).flags}
        assert flag.flag_id not in before


@look
@given(told_in_order(), moments())
def test_a_resolved_flag_was_open_until_it_was_resolved(history: History, moment: datetime) -> None:
    for flag in judged(history, END).flags:
        if flag.evident_at < moment:
            then = {f.flag_id: f for f in judged(history, moment).flags}[flag.flag_id]
            resolved = flag.resolved_at is not None and flag.resolved_at <= moment
            assert (then.state is FlagState.RESOLVED) == resolved


@look
@given(answered_by_parties_that_come_and_go(), st.randoms(use_true_random=False))
def test_what_is_said_of_a_flag_is_not_moved_by_when_its_reporter_claims_to_have_said_it(
    history: History, chance: random.Random
) -> None:
    def claimed(fact: Fact) -> Fact:
        if not isinstance(fact, FlagAcknowledged | FlagWaived) or fact.backfilled:
            return fact
        return replace(fact, occurred_at=START + (fact.recorded_at - START) * chance.random())

    backdated = tuple(map(claimed, history.facts))
    for moment in (*history.moments, END):
        assert said(judge(record(backdated), history.agreed, moment)) == said(judged(history, moment))
