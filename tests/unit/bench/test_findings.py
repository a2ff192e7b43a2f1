"""What is said of measurements: medians, bars, spreads, exponents, and what was kept of earlier runs."""

import xml.etree.ElementTree as ElementTree
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench import kept
from bench.chart import bars_chart, curves_chart, reached
from bench.figures import Count, Curve, Figure, Finding, at_least, at_most, percentile, ratio
from bench.table import show

FAST = Figure("facts", "facts/s", (90.0, 110.0, 100.0), at_least(100))
SLOW = Figure("waiting", "ms", (30.0, 20.0, 70.0), at_most(25))
NO_BAR = Figure("reference", "facts/s", (200.0, 220.0, 400.0))
CURVE = Curve("time", "drives", "s", ((10, 2.0), (100, 20.0), (1000, 200.0)))
FINDING = Finding(
    "recording", "as it was", (FAST, SLOW, NO_BAR), (Count("facts", 3, 3),), (CURVE,), ("a note",)
)
MACHINE = {"date": "2026-11-24T10:00:00+00:00", "commit": "abc123"}


def test_a_bar_is_held_by_the_median_and_may_be_just_met() -> None:
    assert FAST.met is True
    assert SLOW.met is False
    assert NO_BAR.met is None
    assert Figure("nothing", "", (float("nan"),), at_least(1)).met is False
    assert Figure("nothing", "", (float("nan"),), at_most(1)).met is False


def test_a_ratio_is_taken_repeat_by_repeat() -> None:
    assert ratio("of it", FAST, NO_BAR).values == (0.45, 0.5, 0.25)
    with pytest.raises(ValueError, match="shorter"):
        ratio("of it", FAST, Figure("one", "", (1.0,)))


def test_an_exponent_is_the_slope_on_logarithmic_paper() -> None:
    assert CURVE.exponent == pytest.approx(1.0)
    assert Curve("flat", "x", "y", ((1, 5.0), (10, 5.0))).exponent == pytest.approx(0.0)
    assert Curve("square", "x", "y", ((1, 1.0), (10, 100.0))).exponent == pytest.approx(2.0)
    assert Curve("one", "x", "y", ((1, 1.0),)).exponent is None
    assert Curve("over time", "x", "y", ((0, 1.0), (1, 2.0)), logarithmic=False).exponent is None


def test_what_was_counted_otherwise_than_made_is_said() -> None:
    assert FINDING.miscounted() == []
    wrong = Finding("x", "x", (), (Count("facts", 2, 3),))
    assert "counted 2 facts, where 3 were made" in wrong.miscounted()[0]


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99
    assert percentile([5.0], 0.99) == 5
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2


def test_what_is_written_is_read_again_and_the_newest_counts(tmp_path: Path) -> None:
    kept.write([FINDING], MACHINE, tmp_path)
    newer = Finding("recording", "as it is", (Figure("facts", "facts/s", (150.0,)),))
    kept.write([newer], {"date": "2026-11-25T10:00:00+00:00", "commit": "def456+"}, tmp_path)
    last = kept.last(tmp_path)
    assert last["recording", "facts"] == (newer.figures[0], "def456+")
    assert last["recording", "waiting"] == (SLOW, "abc123")
    machine, findings = kept.read(min(tmp_path.glob("*.json")))
    assert (machine, findings) == (MACHINE, [FINDING])


def test_the_table_says_what_was_missed_and_what_it_was_before() -> None:
    said = StringIO()
    last = {("recording", "facts"): (Figure("facts", "facts/s", (50.0,)), "abc123")}
    show(Console(file=said, width=160), [FINDING], last, MACHINE)
    text = said.getvalue()
    assert "MISSED: waiting" in text
    assert "1 of 2 bars met" in text
    assert "50 (+100%, abc123)" in text
    assert "s ~ drives^1.00" in text
    assert "a note" in text


def test_charts_are_svg_that_says_what_it_shows() -> None:
    for drawn, words in (
        (bars_chart([FINDING]), ("recording: facts", "recording: waiting")),
        (curves_chart("a title", [CURVE]), ("a title", "exponent 1.00")),
        (curves_chart("over time", [Curve("MB", "s", "MB", ((0, 10), (5, 10)), False)]), ("MB",)),
    ):
        ElementTree.fromstring(drawn)
        for word in words:
            assert word in drawn


def test_how_far_a_figure_reaches_is_more_than_one_on_the_better_side() -> None:
    assert reached(Figure("", "", (200.0,), at_least(100))) == 2
    assert reached(Figure("", "", (50.0,), at_most(100))) == 2
    assert reached(Figure("", "", (200.0,), at_most(100))) == 0.5
