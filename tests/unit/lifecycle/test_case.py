"""By what had happened at a moment, when was the first of it known?"""

import pytest

from mitodoke.lifecycle.case import Earliest
from worlds import at, enrolled

TOLD_LATE = enrolled("04-01", known="04-09", name="told late")
TOLD_AT_ONCE = enrolled("04-03", name="told at once")
TOLD_LATER = enrolled("04-05", known="04-07", name="told later")


@pytest.mark.parametrize(
    ("moment", "by", "before"),
    [
        ("03-31", None, None),
        ("04-01", "04-09", None),
        ("04-02", "04-09", "04-09"),
        ("04-03", "04-03", "04-09"),
        ("04-05", "04-03", "04-03"),
        ("05-01", "04-03", "04-03"),
    ],
)
def test_of_those_that_had_happened_the_one_known_first_counts(
    moment: str, by: str | None, before: str | None
) -> None:
    facts = Earliest((TOLD_LATE, TOLD_AT_ONCE, TOLD_LATER))
    assert facts.known_of_those_by(at(moment)) == (by and at(by))
    assert facts.known_of_those_before(at(moment)) == (before and at(before))


def test_the_first_is_the_one_that_happened_first() -> None:
    facts = Earliest((TOLD_LATE, TOLD_AT_ONCE))
    assert (len(facts), facts.first) == (2, at("04-01"))
    assert [facts.count_by(at(day)) for day in ("03-31", "04-01", "04-03")] == [0, 1, 2]
