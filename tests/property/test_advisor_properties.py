"""What holds of every advisory, whatever was reported of the drive before.

MITODOKE_EXAMPLES=20000 looks at as many histories of each property, at random ones.
"""

import os

from hypothesis import given, settings

from histories import DAYS, START, History, histories
from mitodoke.chassis.advisor import advice
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.record import Record, standing
from mitodoke.lifecycle.reference import END
from worlds import DRIVE, record

EXAMPLES = os.environ.get("MITODOKE_EXAMPLES")
look = settings(max_examples=int(EXAMPLES or 60), derandomize=EXAMPLES is None, deadline=None)
"""The same examples every time, so that a test that passed passes again; or as many random ones as are asked for."""

AS_OF = START.replace(year=START.year + 1)
assert (AS_OF - START).days > DAYS


@look
@given(histories())
def test_what_a_stranger_is_told_is_the_same_whatever_others_reported(history: History) -> None:
    agreed = history.agreed
    for fact in history.facts:
        others = record(other for other in history.facts if other.event_id != fact.event_id)
        told = advice(others, fact, AS_OF, agreed, stranger=True)
        assert told == advice(Record(DRIVE), fact, AS_OF, agreed, stranger=True)


@look
@given(histories())
def test_what_a_stranger_is_told_is_so(history: History) -> None:
    agreed, everything = history.agreed, record(history.facts)
    taken_back = standing(everything, END).retracted
    wrong = {(flag.kind, flag.contract) for flag in judge(everything, agreed, AS_OF).flags}
    for fact in history.facts:
        if fact.event_id not in taken_back:
            told = advice(Record(DRIVE), fact, AS_OF, agreed, stranger=True)
            assert {(each.code, fact.contract) for each in told} <= wrong
