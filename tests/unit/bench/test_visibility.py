"""From receipts and looks to seconds: a fact is visible at the first look that shows its offset."""

from bench.visibility import _lag_over_time, visible_after

LOOKS = [(10.0, {}), (10.5, {0: 5}), (11.0, {0: 5, 1: 3}), (12.0, {0: 20, 1: 9})]


def test_a_fact_is_visible_at_the_first_look_beyond_its_offset() -> None:
    assert visible_after([(10.2, 0, 4), (10.2, 0, 5), (10.2, 1, 2)], LOOKS) == [
        10.5 - 10.2,
        12.0 - 10.2,
        11.0 - 10.2,
    ]


def test_what_was_visible_before_the_answer_came_took_no_time() -> None:
    assert visible_after([(11.9, 0, 1)], LOOKS) == [0.0]


def test_lag_is_what_was_answered_and_is_not_yet_there() -> None:
    assert _lag_over_time([(10.2, 0, 4), (10.7, 1, 8)], LOOKS) == [(0.0, 0), (0.5, 0), (1.0, 6), (2.0, 0)]
