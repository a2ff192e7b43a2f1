"""A flame graph shows each call as wide as it was seen often, below who called it."""

import xml.etree.ElementTree as ElementTree

import pytest

from bench.flame import flame_chart, read_stacks

STACKS = """run (a.py:1);judge (b.py:10) 30
run (a.py:2);judge (b.py:12);look (c.py:3) 50
run (a.py:1);<write> (d.py:9) 19
rare (e.py:1) 1
"""


def test_the_lines_of_a_function_are_one_call() -> None:
    root = read_stacks(STACKS)
    run = root.calls["run (a.py)"]
    assert (root.samples, run.samples) == (100, 99)
    assert {name: call.samples for name, call in run.calls.items()} == {
        "judge (b.py)": 80,
        "<write> (d.py)": 19,
    }
    assert run.calls["judge (b.py)"].calls["look (c.py)"].samples == 50


def test_each_call_is_as_wide_as_it_was_seen_and_stands_below_who_called_it() -> None:
    drawing = ElementTree.fromstring(flame_chart("where & when", read_stacks(STACKS)))
    svg = "{http://www.w3.org/2000/svg}"
    drawn = {}
    for group in drawing.iter(f"{svg}g"):
        rect = group.find(f"{svg}rect")
        assert rect is not None
        drawn[group.findtext(f"{svg}title")] = (float(rect.attrib["width"]), float(rect.attrib["y"]))
    assert set(drawn) == {
        "all: 100.0%",
        "run (a.py): 99.0%",
        "judge (b.py): 80.0%",
        "look (c.py): 50.0%",
        "<write> (d.py): 19.0%",
        "rare (e.py): 1.0%",
    }
    assert drawn["look (c.py): 50.0%"][0] == pytest.approx(600, abs=1)
    assert drawn["judge (b.py): 80.0%"][1] < drawn["look (c.py): 50.0%"][1]
