"""The simulated morning: where a formula says what must come out, it comes out."""

import dataclasses
from datetime import timedelta

import pytest

from bench.after_a_holiday import Morning, simulated

AT_ONCE = Morning(partners=200, within=0.0, recording=0.0)


def test_all_that_was_answered_becomes_visible() -> None:
    told = simulated(Morning(partners=50, within=5.0, workers=3))
    assert told.visible_after.total() == told.facts > 0
    assert told.last_visible >= told.last_answer
    assert (told.refused, told.gave_up) == (0, 0)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_backlog_takes_as_long_as_a_division_says(workers: int) -> None:
    told = simulated(dataclasses.replace(AT_ONCE, workers=workers))
    assert told.last_answer == 0
    assert told.last_visible == pytest.approx(told.facts / (5_160 * workers), rel=0.02)


def test_more_workers_than_the_database_takes_are_no_faster() -> None:
    told = [simulated(dataclasses.replace(AT_ONCE, workers=workers)) for workers in (6, 24)]
    assert [each.last_visible for each in told] == pytest.approx([told[0].facts / (5 * 5_160)] * 2, rel=0.05)


def test_who_finds_no_place_comes_again_after_the_delay() -> None:
    few = dataclasses.replace(Morning().limits, calls=1, retry_after=timedelta(seconds=7))
    told = simulated(Morning(partners=2, within=0.0, recorders=1, recording=1.0, limits=few), seed=3)
    assert told.refused > 0
    assert told.gave_up == 0
    assert max(told.answered_after) > 7


def test_patience_ends_by_attempts_and_by_time() -> None:
    few = dataclasses.replace(Morning().limits, calls=1)
    for patience in (
        dataclasses.replace(Morning().patience, attempts=1),
        dataclasses.replace(Morning().patience, in_all=0.5),
    ):
        told = simulated(
            Morning(partners=2, within=0.0, recorders=1, recording=1.0, limits=few, patience=patience)
        )
        assert told.gave_up == told.refused > 0


def test_the_same_seed_gives_the_same_morning() -> None:
    assert simulated(AT_ONCE) == simulated(AT_ONCE)
    assert simulated(AT_ONCE) != simulated(AT_ONCE, seed=1)
